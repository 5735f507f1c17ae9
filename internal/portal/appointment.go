package portal

import (
	"context"
	"errors"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/ent/idempotency"
	"nelke/ent/predicate"
	"nelke/ent/schema"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/schedule"
)

// appointmentMove is a step from one of some states to another.
type appointmentMove struct {
	to   appointment.Status
	from []appointment.Status
}

// appointmentMoves are the steps that change the state of an appointment, by the action of their event. What isn't here can't happen.
var appointmentMoves = map[string]appointmentMove{ //nolint:gochecknoglobals // a table, never written
	"appointment.booked":          {appointment.StatusBOOKED, []appointment.Status{appointment.StatusHELD}},
	"appointment.expired":         {appointment.StatusEXPIRED, []appointment.Status{appointment.StatusHELD}},
	"appointment.released":        {appointment.StatusCANCELED, []appointment.Status{appointment.StatusHELD}},
	"appointment.canceled":        {appointment.StatusCANCELED, []appointment.Status{appointment.StatusHELD, appointment.StatusBOOKED, appointment.StatusCHECKED_IN, appointment.StatusCALLED}},
	"appointment.checked_in":      {appointment.StatusCHECKED_IN, []appointment.Status{appointment.StatusBOOKED, appointment.StatusNO_SHOW}},
	"appointment.check_in_undone": {appointment.StatusBOOKED, []appointment.Status{appointment.StatusCHECKED_IN}},
	"appointment.called":          {appointment.StatusCALLED, []appointment.Status{appointment.StatusCHECKED_IN, appointment.StatusNO_SHOW, appointment.StatusCOMPLETED}},
	"appointment.called_again":    {appointment.StatusCALLED, []appointment.Status{appointment.StatusCALLED}},
	"appointment.call_undone":     {appointment.StatusCHECKED_IN, []appointment.Status{appointment.StatusCALLED}},
	"appointment.completed":       {appointment.StatusCOMPLETED, []appointment.Status{appointment.StatusCALLED}},
	"appointment.no_show":         {appointment.StatusNO_SHOW, []appointment.Status{appointment.StatusBOOKED, appointment.StatusCHECKED_IN, appointment.StatusCALLED}},
}

// advance takes a step if, and only if, the row is still in the state that was read and from which the step may be taken,
// and writes the event. Two at once: one wins, the other gets WRONG_STATE.
func (tx *Tx) advance(ctx context.Context, c *ent.CaseFile, a *ent.Appointment, action string, set func(*ent.Appointment)) error {
	if !slices.Contains(appointmentMoves[action].from, a.Status) {
		return refuse(WrongState, "input", "appointment")
	}
	return tx.change(ctx, c, a, appointmentMoves[action].to, action, set)
}

// change is advance for changes within a state as well. set says what else changes.
func (tx *Tx) change(ctx context.Context, c *ent.CaseFile, a *ent.Appointment, to appointment.Status, action string, set func(*ent.Appointment)) error {
	next := *a
	next.Status, next.Revision = to, a.Revision+1
	if to != appointment.StatusHELD {
		next.HeldUntil = nil
	}
	if set != nil {
		set(&next)
	}
	if err := tx.update(ctx, a, &next); err != nil {
		return err
	}
	if err := tx.record(ctx, c, change{
		subject: a.ID, action: action, before: a.Status.String(), after: to.String(), left: &next,
	}); err != nil {
		return err
	}
	tx.nudgeAppointment(a)
	if next.Day != a.Day {
		tx.nudgeAppointment(&next)
	}
	*a = next
	tx.written = a
	return nil
}

// update writes every column that can change, if the row is still as it was read.
func (tx *Tx) update(ctx context.Context, was, next *ent.Appointment) error {
	a := tx.Args()
	n, err := tx.exec(ctx, a, `UPDATE appointments SET status = `+a.Bind(next.Status.String())+`, revision = `+a.Bind(next.Revision)+
		`, held_until = `+a.Bind(next.HeldUntil)+`, extended = `+a.Bind(next.Extended)+
		`, starts_at = `+a.Bind(next.StartsAt)+`, ends_at = `+a.Bind(next.EndsAt)+`, day = `+a.Bind(next.Day)+
		`, counter_id = `+a.Bind(next.CounterID)+`, counter_number = `+a.Bind(next.CounterNumber)+`, called_counter_id = `+a.Bind(next.CalledCounterID)+
		`, given_name = `+a.Bind(next.GivenName)+`, family_name = `+a.Bind(next.FamilyName)+
		`, email = `+a.Bind(next.Email)+`, phone = `+a.Bind(next.Phone)+`, reminder = `+a.Bind(next.Reminder)+
		`, booked_at = `+a.Bind(next.BookedAt)+`, checked_in_at = `+a.Bind(next.CheckedInAt)+
		`, called_at = `+a.Bind(next.CalledAt)+`, calls = `+a.Bind(next.Calls)+`, ended_at = `+a.Bind(next.EndedAt)+
		` WHERE id = `+a.Bind(was.ID)+
		` AND status = `+a.Bind(was.Status.String())+
		` AND revision = `+a.Bind(was.Revision))
	if err != nil {
		return err
	}
	if n != 1 {
		return refuse(WrongState, "input", "appointment")
	}
	return nil
}

// nudgeAppointment wakes those who watch the appointment, its case, the board and the free times of its day.
func (tx *Tx) nudgeAppointment(a *ent.Appointment) {
	tx.nudge(live.Appointment(a.ID), live.Case(a.CaseID), live.Board(a.OfficeID, a.Day), live.Slots(a.OfficeID, a.Day))
}

// ConcernInput is a service and how often.
type ConcernInput struct {
	Service  string
	Quantity int
}

// repeated gives the outcome of an earlier write under the same key where this one is refused before it begins, for a
// reason that may have come since, such as a service that is no longer offered. Otherwise it stays refused.
func (p *Portal) repeated(ctx context.Context, operation, key string, input any, refused error) (*ent.Appointment, error) {
	if problem := (*Problem)(nil); !errors.As(refused, &problem) {
		return nil, refused
	}
	digest, err := inputHash(input)
	if err != nil {
		return nil, err
	}
	row, err := p.store.Reader().Idempotency.Query().Where(
		idempotency.Scope(operation+" "+identity.FromContext(ctx).Scope()), idempotency.Key(key), idempotency.InputHash(digest),
	).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	return p.reload(ctx, row.Outcome)
}

// outcome shows what a write left behind: as it wrote it, or, for a repeat, as it is by now.
func (p *Portal) outcome(ctx context.Context, d done) (*ent.Appointment, error) {
	a, ok := d.written.(*ent.Appointment)
	if !ok {
		return p.reload(ctx, d.id)
	}
	return a, p.present(ctx, a)
}

// reload reads an appointment after its write. The actor wrote it, so it may read it.
func (p *Portal) reload(ctx context.Context, id string) (*ent.Appointment, error) {
	a, err := p.store.Reader().Appointment.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return a, p.present(ctx, a)
}

// present shows appointments as people see them: times in the office's zone, and a hold that ran out as expired,
// whether or not anybody has swept it.
func (p *Portal) present(ctx context.Context, all ...*ent.Appointment) error {
	now := p.clock()
	for _, a := range all {
		o, err := p.office(ctx, a.OfficeID)
		if err != nil {
			return err
		}
		if o == nil {
			continue // the office has been closed for good; its appointments stay readable, in UTC
		}
		zone := o.rules.Zone
		a.StartsAt, a.EndsAt = a.StartsAt.In(zone), a.EndsAt.In(zone)
		if a.HeldUntil == nil {
			continue
		}
		if !a.HeldUntil.After(now) {
			a.Status, a.HeldUntil = appointment.StatusEXPIRED, nil
			continue
		}
		until := a.HeldUntil.In(zone)
		a.HeldUntil = &until
	}
	return nil
}

// Appointment gives an appointment that the actor may see; nil for any other.
func (p *Portal) Appointment(ctx context.Context, id string) (_ *ent.Appointment, err error) {
	defer wrap(&err, "Appointment(%s)", id)

	found, err := p.Appointments(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// Appointments is Appointment for many, in the order of the ids.
func (p *Portal) Appointments(ctx context.Context, ids []string) (_ []*ent.Appointment, err error) {
	defer wrap(&err, "Appointments(%d)", len(ids))

	found := make([]*ent.Appointment, len(ids))
	visible, err := p.seesAppointments(ctx)
	if err != nil {
		return found, unlessNobody(err)
	}
	for _, id := range ids {
		p.depend(ctx, time.Time{}, live.Appointment(id))
	}
	rows, err := p.store.Reader().Appointment.Query().Where(withID[predicate.Appointment](ctx, appointment.FieldID, ids...), visible).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.present(ctx, rows...); err != nil {
		return nil, err
	}
	for _, a := range rows {
		if a.HeldUntil != nil {
			p.depend(ctx, *a.HeldUntil, live.Appointment(a.ID))
		}
		for i, id := range ids {
			if id == a.ID {
				found[i] = a
			}
		}
	}
	return found, nil
}

func unlessNobody(err error) error {
	if errors.Is(err, errNobody) {
		return nil
	}
	return err
}

// onAppointment runs a write on an appointment that the actor may see: idempotency, the office's lock (shared), the
// case's row, then work.
func (p *Portal) onAppointment(ctx context.Context, operation, key, id string, input any, may predicate.Appointment, work func(context.Context, *Tx, *ent.CaseFile, *ent.Appointment) error) (done, error) {
	return p.behind(ctx, false, operation, key, id, input, may, work)
}

// behind is onAppointment with the office's exclusive lock, if wished.
func (p *Portal) behind(ctx context.Context, exclusive bool, operation, key, id string, input any, may predicate.Appointment, work func(context.Context, *Tx, *ent.CaseFile, *ent.Appointment) error) (done, error) {
	found, err := p.store.Reader().Appointment.Query().Where(withID[predicate.Appointment](ctx, appointment.FieldID, id), may).
		Select(appointment.FieldID, appointment.FieldCaseID, appointment.FieldOfficeID).Only(ctx)
	if ent.IsNotFound(err) {
		return done{}, refuse(NotFound, "input", "appointment")
	}
	if err != nil {
		return done{}, err
	}
	return p.onceOn(ctx, found.CaseID, operation, identity.FromContext(ctx).Scope(), key, id, input, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.lockOffices(ctx, exclusive, found.OfficeID); err != nil {
			return "", err
		}
		c, err := tx.lockCase(ctx, casefile.ID(found.CaseID))
		if err != nil {
			return "", err
		}
		a, err := tx.Appointment.Query().Where(appointment.ID(id), may).Only(ctx)
		if ent.IsNotFound(err) || c == nil {
			return "", refuse(NotFound, "input", "appointment")
		}
		if err != nil {
			return "", err
		}
		return id, work(ctx, tx, c, a)
	})
}

// BookAppointmentInput makes a held time an appointment.
type BookAppointmentInput struct {
	IdempotencyKey string
	Appointment    string
	PrivacyNotice  *string
	Person         PersonInput
	Reminder       bool
}

// BookAppointment makes a held time an appointment for a person. The current privacy notice comes before the data.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, HOLD_EXPIRED, NOTICE_NOT_ACKNOWLEDGED, INVALID_INPUT.
func (p *Portal) BookAppointment(ctx context.Context, in BookAppointmentInput) (_ *ent.Appointment, err error) {
	defer wrap(&err, "BookAppointment(%s)", in.Appointment)

	if err := in.Person.clean(in.Reminder); err != nil {
		return nil, err
	}
	return p.ownHold(ctx, "bookAppointment", in.IdempotencyKey, in.Appointment, in, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		if err := p.acknowledge(ctx, tx, c, in.PrivacyNotice); err != nil {
			return err
		}
		if err := tx.advance(ctx, c, a, "appointment.booked", func(next *ent.Appointment) {
			next.BookedAt = &tx.now
			next.Reminder = in.Reminder
			in.Person.set(next)
		}); err != nil {
			return err
		}
		if err := tx.keep(ctx, a.ID, cellsOf(a), nil); err != nil {
			return err
		}
		if err := tx.indexAppointment(ctx, nil, a); err != nil {
			return err
		}
		return p.owe(ctx, tx, a, "appointment.booked")
	})
}

// owe enqueues the notices that a booked or moved appointment calls for: a confirmation at once and, if the person
// wants it, a reminder on the day before.
func (p *Portal) owe(ctx context.Context, tx *Tx, a *ent.Appointment, kind string) error {
	if a.Email == "" {
		return nil
	}
	if err := p.jobs.NoticeOwed(ctx, tx.SQL, a.ID, kind, noticeKey(a, kind), tx.now); err != nil {
		return err
	}
	if remind := a.StartsAt.Add(-24 * time.Hour); a.Reminder && remind.After(tx.now) && kind != "appointment.canceled" {
		return p.jobs.NoticeOwed(ctx, tx.SQL, a.ID, noticeReminder, noticeKey(a, noticeReminder), remind)
	}
	return nil
}

// RescheduleAppointmentInput moves an appointment.
type RescheduleAppointmentInput struct {
	IdempotencyKey string
	Appointment    string
	Start          time.Time
}

// RescheduleAppointment moves an appointment to another start at its office. The old time is kept until the new one is
// had; refused, nothing moves.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, SLOT_TAKEN, SLOT_NOT_OFFERED.
func (p *Portal) RescheduleAppointment(ctx context.Context, in RescheduleAppointmentInput) (_ *ent.Appointment, err error) {
	defer wrap(&err, "RescheduleAppointment(%s, %s)", in.Appointment, in.Start)

	visible, err := p.seesAppointments(ctx)
	if err != nil {
		return nil, unseen(ctx, err)
	}
	old, err := p.store.Reader().Appointment.Query().Where(withID[predicate.Appointment](ctx, appointment.FieldID, in.Appointment), visible).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, refuse(NotFound, "input", "appointment")
	}
	if err != nil {
		return nil, err
	}
	w, err := p.wantAgain(ctx, old, in.Start)
	if err != nil {
		return p.repeated(ctx, "rescheduleAppointment", in.IdempotencyKey, in, err)
	}
	return p.book(ctx, w, func() (done, error) {
		return p.onAppointment(ctx, "rescheduleAppointment", in.IdempotencyKey, in.Appointment, in, visible, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
			if a.Status != appointment.StatusBOOKED || !a.StartsAt.After(tx.now) {
				return refuse(WrongState, "input", "appointment")
			}
			counter, err := tx.choose(ctx, p, w, a.ID)
			if err != nil {
				return err
			}
			from, to := spanAt(a.CounterNumber, a.StartsAt, a.EndsAt), spanAt(counter.Number, w.start, w.end())
			if err := tx.change(ctx, c, a, appointment.StatusBOOKED, "appointment.rescheduled", func(next *ent.Appointment) {
				next.StartsAt, next.EndsAt, next.Day = w.start, w.end(), w.day().String()
				next.CounterID, next.CounterNumber = counter.ID, counter.Number
			}); err != nil {
				return err
			}
			if err := tx.move(ctx, a.ID, from, to); err != nil {
				return err
			}
			return p.owe(ctx, tx, a, "appointment.rescheduled")
		})
	})
}

// unseen is the problem of somebody who can see no appointment at all.
func unseen(ctx context.Context, err error) error {
	switch {
	case unlessNobody(err) != nil:
		return err
	case identity.FromContext(ctx).Kind == identity.Anonymous:
		return refuse(Unauthenticated)
	default:
		return refuse(NotFound, "input", "appointment")
	}
}

// CancelAppointmentInput gives an appointment up.
type CancelAppointmentInput struct {
	IdempotencyKey string
	Appointment    string
}

// CancelAppointment gives an appointment up; its time is free at once. The person may do so while it is booked and hasn't
// ended; the staff while it hasn't come to an end of its own, a time that is held included.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) CancelAppointment(ctx context.Context, in CancelAppointmentInput) (_ *ent.Appointment, err error) {
	defer wrap(&err, "CancelAppointment(%s)", in.Appointment)

	visible, err := p.seesAppointments(ctx)
	if err != nil {
		return nil, unseen(ctx, err)
	}
	staff := identity.FromContext(ctx).Kind == identity.Staff
	done, err := p.onAppointment(ctx, "cancelAppointment", in.IdempotencyKey, in.Appointment, in, visible, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		over := !a.EndsAt.After(tx.now)
		if !staff && (a.Status != appointment.StatusBOOKED || over) || a.HeldUntil != nil && !a.HeldUntil.After(tx.now) {
			return refuse(WrongState, "input", "appointment")
		}
		if err := tx.advance(ctx, c, a, "appointment.canceled", ended(tx)); err != nil {
			return err
		}
		if err := tx.free(ctx, a.ID); err != nil || over {
			return err
		}
		return p.owe(ctx, tx, a, "appointment.canceled")
	})
	if err != nil {
		return nil, err
	}
	return p.outcome(ctx, done)
}

// minutesOf is how long concerns take together.
func minutesOf(concerns []schema.Concern) (minutes int) {
	for _, c := range concerns {
		minutes += c.Minutes
	}
	return minutes
}

func codeOf(r schedule.Reason) Code {
	if r == schedule.Full {
		return SlotTaken
	}
	return SlotNotOffered
}

func reasonOf(r schedule.Reason) Reason {
	if r == schedule.Past {
		return ReasonTooSoon
	}
	return Reason(r)
}

// ConcernService gives the service of a concern, also one that is no longer offered.
func (p *Portal) ConcernService(ctx context.Context, id string) (_ *Service, err error) {
	defer wrap(&err, "ConcernService(%s)", id)
	return p.anyService(ctx, id)
}
