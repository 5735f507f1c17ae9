package portal

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// Schedule is an office after a change of its hours, or as it is where the change was only tried.
type Schedule struct {
	Office       *catalogue.Office
	Appointments []*ent.Appointment      // in the change's way, by start; no more than maxInTheWay of them
	Count        int                     // how many there are in all
	StillClosed  []*catalogue.OpeningDay // days that the change would open, and something else keeps closed; no more than catalogue.MaxDays of them
}

const maxInTheWay = 200

// hoursChange is a change of when an office, or one counter of it, is open.
type hoursChange struct {
	operation, key, office string
	counter                *string
	input                  any
	dryRun                 bool
	named                  string        // field of the input that names the thing, if it isn't the office
	from                   schedule.Date // first day concerned
	field                  string        // of the input, in which it stands, not before today; empty: work looks at it
	to                     schedule.Date // last day concerned; zero: none
	opens                  bool          // is meant to open days

	work func(context.Context, *Tx, *catalogue.Office) (change, error)
	// open are the rules that an appointment must fit, as far as this change goes: zone, step and missing counters aside. nil:
	// nothing can be in its way.
	open func(*catalogue.Office) schedule.Rules
}

// errTried says that a change was tried and must not stay.
var errTried = errors.New("a dry run")

// changeHours runs an admin's write on the hours of an office. The office's exclusive lock comes before anything is read:
// each booking stands in the book by then, or waits and meets the new rules.
func (p *Portal) changeHours(ctx context.Context, c *hoursChange) (*Schedule, error) {
	known, err := p.Office(ctx, c.office)
	if err != nil {
		return nil, err
	}
	var m *ent.Municipality
	if known != nil {
		m = known.Town.Municipality
	}
	actor := identity.FromContext(ctx)
	if err := mayServe(actor, m, identity.Admin, "input", cmp.Or(c.named, "office")); err != nil {
		return nil, err
	}
	var found *Schedule
	_, err = p.once(ctx, request{operation: c.operation, key: c.key, id: c.office, input: c.input}, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.lockOffices(ctx, true, c.office); err != nil {
			return "", err
		}
		m, err := tx.lockTown(ctx, m.ID)
		if err != nil {
			return "", err
		}
		o, err := readOffice(ctx, tx.Client, m, c.office, tx.now)
		if err != nil {
			return "", err
		}
		if err := c.check(o, tx.now); err != nil {
			return "", err
		}
		ch, err := c.work(ctx, tx, o)
		if err != nil {
			return "", err
		}
		if err := tx.Office.UpdateOneID(o.ID).AddRevision(1).Exec(ctx); err != nil {
			return "", err
		}
		tx.nudge(live.Catalogue(m.ID))
		tx.nudge(c.days(o, tx.now)...)
		if err := tx.recordTown(ctx, m, ch); err != nil {
			return "", err
		}
		if !c.dryRun {
			return c.office, nil
		}
		if o, err = readOffice(ctx, tx.Client, m, c.office, tx.now); err != nil {
			return "", err
		}
		if found, err = c.inTheWay(ctx, tx.Client, o, tx.now); err != nil {
			return "", err
		}
		return "", errTried
	})
	if errors.Is(err, errTried) {
		found.Office, err = known, nil // the other one has hours that never came
	} else if err == nil {
		found, err = p.changed(ctx, c, m.ID)
	}
	if err != nil {
		return nil, err
	}
	return found, p.present(ctx, found.Appointments...)
}

// changed reads the office after its change, past everything remembered.
func (p *Portal) changed(ctx context.Context, c *hoursChange, municipality string) (*Schedule, error) {
	t, err := catalogue.ReadTown(ctx, p.store.Reader(), municipality, p.clock())
	if err != nil || t == nil {
		return &Schedule{}, err
	}
	return c.inTheWay(ctx, p.store.Reader(), t.Office(c.office), p.clock())
}

// check holds the change against the office as it is.
func (c *hoursChange) check(o *catalogue.Office, now time.Time) error {
	switch {
	case o == nil:
		return problem.New(problem.NotFound, "input", cmp.Or(c.named, "office"))
	case c.named == "" && c.counter != nil && !slices.ContainsFunc(o.ActiveCounters(), func(one *ent.Counter) bool { return one.ID == *c.counter }):
		return problem.New(problem.NotFound, "input", "counter")
	case c.field != "" && c.from.Before(schedule.DateOf(now, o.Rules.Zone)):
		return problem.Invalid(problem.RulePast, "input", c.field)
	default:
		return nil
	}
}

// days are the keys of the days concerned that can be booked by now.
func (c *hoursChange) days(o *catalogue.Office, now time.Time) (keys []live.Key) {
	last := schedule.DateOf(now, o.Rules.Zone).AddDays(o.HorizonDays)
	if !c.to.IsZero() && c.to.Before(last) {
		last = c.to
	}
	for day := c.first(o, now); !last.Before(day); day = day.AddDays(1) {
		keys = append(keys, live.Slots(o.ID, day.String()))
	}
	return keys
}

// span widens the days concerned so that these are among them.
func (c *hoursChange) span(from, to schedule.Date) {
	if from.Before(c.from) {
		c.from = from
	}
	if c.to.Before(to) {
		c.to = to
	}
}

// first is the first day concerned that isn't over.
func (c *hoursChange) first(o *catalogue.Office, now time.Time) schedule.Date {
	if today := schedule.DateOf(now, o.Rules.Zone); c.from.Before(today) {
		return today
	}
	return c.from
}

// stillClosed finds days that a change is meant to open, and that a public holiday or a closure keeps closed.
func (c *hoursChange) stillClosed(o *catalogue.Office, now time.Time) ([]*catalogue.OpeningDay, error) {
	if !c.opens {
		return nil, nil
	}
	hours, err := schedule.NewCalendar(schedule.Rules{Zone: o.Rules.Zone, Step: o.Rules.Step, Openings: o.Rules.Openings, Dated: o.Rules.Dated}, c.from, 0)
	if err != nil {
		return nil, err
	}
	number := int64(0)
	if i := slices.IndexFunc(o.Counters, func(one *ent.Counter) bool { return c.counter != nil && one.ID == *c.counter }); i >= 0 {
		number = o.Counters[i].Number
	}
	var closed []*catalogue.OpeningDay
	for i, day := 0, c.first(o, now); i < catalogue.MaxDays && day.Year <= 9999 && (c.to.IsZero() || !c.to.Before(day)); i, day = i+1, day.AddDays(1) {
		reason := schedule.Reason("")
		if number != 0 {
			reason = o.Calendar.Shut(number, day)
		} else if _, shut := hours.Open(day); shut == "" {
			_, reason = o.Calendar.Open(day)
		}
		if reason != "" {
			closed = append(closed, &catalogue.OpeningDay{Date: day, Reason: catalogue.ReasonOf(reason)})
		}
	}
	return closed, nil
}

// inTheWay finds what is held or booked and does not fit the office as it is after the change.
func (c *hoursChange) inTheWay(ctx context.Context, db *ent.Client, o *catalogue.Office, now time.Time) (*Schedule, error) {
	if o == nil {
		return &Schedule{Appointments: []*ent.Appointment{}}, nil // a repeat, and the office is no longer in use
	}
	still, err := c.stillClosed(o, now)
	if err != nil || c.open == nil {
		return &Schedule{Office: o, Appointments: []*ent.Appointment{}, StillClosed: still}, err
	}
	rules := c.open(o)
	rules.Zone, rules.Step = o.Rules.Zone, o.Rules.Step
	for _, one := range o.Counters { // those out of use have appointments too, and the office's hours
		if !slices.ContainsFunc(rules.Counters, func(r schedule.Counter) bool { return r.Number == one.Number }) {
			rules.Counters = append(rules.Counters, schedule.Counter{Number: one.Number})
		}
	}
	calendar, err := schedule.NewCalendar(rules, c.from, 0)
	if err != nil {
		return nil, err
	}
	query := db.Appointment.Query().Where(
		appointment.OfficeID(o.ID), appointment.DayGTE(c.from.String()), appointment.EndsAtGT(now),
		appointment.Or(appointment.StatusEQ(appointment.StatusBOOKED),
			appointment.And(appointment.StatusEQ(appointment.StatusHELD), appointment.HeldUntilGT(now))),
	).Order(appointment.ByStartsAt(), appointment.ByID())
	if !c.to.IsZero() {
		query.Where(appointment.DayLTE(c.to.String()))
	}
	if c.counter != nil {
		query.Where(appointment.CounterID(*c.counter))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(a *ent.Appointment) bool {
		return calendar.Covers(a.CounterNumber, a.StartsAt, int(cellsOf(a)))
	})
	return &Schedule{Office: o, Appointments: rows[:min(len(rows), maxInTheWay)], Count: len(rows), StillClosed: still}, nil
}

// readOffice reads an office with its rules, and nothing else of its town: others wait for the lock meanwhile. It is nil
// where the office is no longer in use.
func readOffice(ctx context.Context, db *ent.Client, m *ent.Municipality, id string, now time.Time) (*catalogue.Office, error) {
	t := &catalogue.Town{Municipality: m}
	if err := t.ReadOffices(ctx, db, now); err != nil {
		return nil, err
	}
	return t.Office(id), nil
}
