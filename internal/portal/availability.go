package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"nelke/ent"
	"nelke/ent/schema"
	"nelke/internal/cache"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/schedule"
	"nelke/internal/store"
)

const (
	maxConcerns = 10
	maxMinutes  = 120 // together; 24 cells
	maxDays     = 62
)

// wanted is a start at an office for concerns, checked against the catalogue.
type wanted struct {
	office   *Office
	start    time.Time
	concerns []schema.Concern
	services []string
	online   bool
}

func (w *wanted) end() time.Time {
	return w.start.Add(time.Duration(minutesOf(w.concerns)) * time.Minute)
}

func (w *wanted) day() schedule.Date { return schedule.DateOf(w.start, w.office.rules.Zone) }

func (w *wanted) request(now time.Time) schedule.Request {
	return schedule.Request{Services: w.services, Cells: minutesOf(w.concerns) / 5, Now: now, Online: w.online}
}

// want checks the concerns of a start.
func (p *Portal) want(ctx context.Context, officeID string, start time.Time, concerns []ConcernInput, online bool) (*wanted, error) {
	o, err := p.office(ctx, officeID)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, refuse(NotFound, "input", "office")
	}
	w := &wanted{office: o, start: store.Micro(start), online: online}
	w.concerns, w.services, err = o.Town.concerns(concerns, "input", "concerns")
	return w, err
}

// wantAgain is want for an appointment that is moved: its concerns stay as they were held, whatever they take today.
func (p *Portal) wantAgain(ctx context.Context, a *ent.Appointment, start time.Time) (*wanted, error) {
	o, err := p.office(ctx, a.OfficeID)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, refuse(NotFound, "input", "appointment")
	}
	online := identity.FromContext(ctx).Kind != identity.Staff
	w := &wanted{office: o, start: store.Micro(start), concerns: a.Concerns, online: online}
	for _, c := range a.Concerns {
		w.services = append(w.services, c.Service)
	}
	return w, nil
}

// refresh reads the office's rules anew, past everything remembered.
func (p *Portal) refresh(ctx context.Context, w *wanted) error {
	t, err := readTown(ctx, p.store.Reader(), w.office.MunicipalityID, p.clock())
	if err != nil {
		return err
	}
	if t != nil {
		if o := t.office(w.office.ID); o != nil {
			w.office = o
			return nil
		}
	}
	return refuse(NotFound, "input", "office")
}

// concerns checks what somebody wants to come for: 1 to 10 services that are offered as appointments and may go
// together, each once, within their quantities and two hours in all.
func (t *Town) concerns(in []ConcernInput, path ...string) (concerns []schema.Concern, services []string, err error) {
	if len(in) < 1 || len(in) > maxConcerns {
		return nil, nil, &Problem{Code: InvalidInput, Rule: RuleRange, Min: 1, Max: maxConcerns, Path: path}
	}
	minutes := 0
	for i, c := range in {
		at := append(slices.Clone(path), fmt.Sprint(i))
		s := t.services[c.Service]
		switch {
		case s == nil || !s.Active:
			return nil, nil, refuse(NotFound, append(at, "service")...)
		case s.AppointmentMinutes == nil || !slices.Contains(s.Channels, "APPOINTMENT"):
			return nil, nil, refuse(NoAppointments, append(at, "service")...)
		case c.Quantity < 1 || c.Quantity > s.MaxQuantity:
			return nil, nil, &Problem{Code: InvalidInput, Rule: RuleRange, Min: 1, Max: s.MaxQuantity, Path: append(at, "quantity")}
		case slices.Contains(services, s.ID):
			return nil, nil, invalid(RuleDuplicate, append(at, "service")...)
		case len(in) > 1 && !s.Combinable:
			return nil, nil, invalid(RuleCombinable, append(at, "service")...)
		}
		concern := schema.Concern{Service: s.ID, Quantity: c.Quantity, Minutes: *s.AppointmentMinutes * c.Quantity}
		minutes += concern.Minutes
		concerns, services = append(concerns, concern), append(services, s.ID)
	}
	if minutes > maxMinutes {
		return nil, nil, &Problem{Code: InvalidInput, Rule: RuleSpan, Max: maxMinutes, Path: path}
	}
	return concerns, services, nil
}

// DateTime is an instant in RFC 3339 with the offset of its office's zone, already in quotes: formatting is most of the
// cost of an answer, so it is done once for many readers.
type DateTime string

// MarshalGQL writes the instant as it is.
func (d DateTime) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, string(d)) } // the executor's buffer never fails

// UnmarshalGQL refuses: instants of inputs are time.Time.
func (d *DateTime) UnmarshalGQL(any) error { return errors.New("never an input") }

// AvailabilityInput says where, for what, and when.
type AvailabilityInput struct {
	Office   string
	Concerns []ConcernInput
	From     *schedule.Date
	Days     int
	Explain  bool
}

// Availability are the free times of an office.
type Availability struct {
	Office *Office `json:"-"`
	Days   []AvailabilityDay
	AsOf   time.Time
}

// AvailabilityDay are the free times of one day.
type AvailabilityDay struct {
	Date   schedule.Date
	Starts []DateTime
	Slots  []Slot // with explain those that aren't offered too
	Reason Reason // why nothing is free; empty when something is
}

// Slot is one start. Reason is empty for one that is offered.
type Slot struct {
	Start    DateTime
	End      DateTime
	Counters int
	Reason   Reason
}

// Availability gives the free times of an office. Without From, from today on. Slots are filled where they are asked
// for: an answer of starts alone is several times cheaper.
func (p *Portal) Availability(ctx context.Context, in AvailabilityInput, slots bool) (_ *Availability, err error) {
	defer wrap(&err, "Availability(%s)", in.Office)

	o, err := p.office(ctx, in.Office)
	if err != nil || o == nil {
		return nil, err
	}
	if in.Days < 1 || in.Days > maxDays {
		return nil, &Problem{Code: InvalidInput, Rule: RuleRange, Min: 1, Max: maxDays, Path: []string{"input", "days"}}
	}
	concerns, services, err := o.Town.concerns(in.Concerns, "input", "concerns")
	if err != nil {
		return nil, err
	}
	from := schedule.DateOf(p.clock(), o.rules.Zone)
	if in.From != nil {
		from = *in.From
	}
	// What can't be booked for years isn't worth remembering, and far dates aren't worth computing.
	if d := from.Sub(schedule.DateOf(p.clock(), o.rules.Zone)); d < -366 || d > 3660 {
		return nil, &Problem{Code: InvalidInput, Rule: RuleRange, Min: -366, Max: 3660, Path: []string{"input", "from"}}
	}
	request := schedule.Request{Services: services, Cells: minutesOf(concerns) / 5, Online: true}

	deps := make([]live.Key, 0, in.Days+1)
	deps = append(deps, live.Catalogue(o.MunicipalityID))
	for i := range in.Days {
		deps = append(deps, live.Slots(o.ID, from.AddDays(i).String()))
	}
	// The revision stands in the key: what was computed by older rules is never found by newer ones.
	key := fmt.Sprintf("availability:%s:%d:%d:%s:%d:%t:%t:%s", o.ID, o.Revision, request.Cells, from, in.Days, slots, in.Explain, strings.Join(services, ","))
	remembered, err := cache.Read(ctx, p.cache, key, deps, func(ctx context.Context) (*Availability, time.Time, error) {
		return p.readAvailability(ctx, o, request, from, in.Days, slots, in.Explain)
	})
	if err != nil || remembered == nil {
		return nil, err
	}
	answer := *remembered
	answer.Office = o
	return &answer, nil
}

// readAvailability computes the answer from the database, and until when time alone leaves it true: the first hold in
// it to expire, the next start to become too soon, the next local midnight.
func (p *Portal) readAvailability(ctx context.Context, o *Office, req schedule.Request, from schedule.Date, days int, slots, explain bool) (*Availability, time.Time, error) {
	req.Now = p.clock()
	lo, hi := o.Calendar.Cells(from, days)
	busy, until, err := p.taken(ctx, o.Calendar.Qualified(nil, req.Services), lo, hi, req.Now)
	if err != nil {
		return nil, time.Time{}, err
	}
	var free schedule.Slots
	o.Calendar.Fill(&free, req, from, days, busy)
	if at := free.Until(); !at.IsZero() && (until.IsZero() || at.Before(until)) {
		until = at
	}
	answer := &Availability{Days: make([]AvailabilityDay, len(free.Days)), AsOf: store.Micro(req.Now).In(o.rules.Zone)}
	length := time.Duration(req.Cells) * 5 * time.Minute
	for i := range free.Days {
		d := &free.Days[i]
		day := AvailabilityDay{Date: d.Date, Reason: reasonOf(d.Reason), Starts: make([]DateTime, len(d.Starts))}
		for j, start := range d.Starts {
			day.Starts[j] = dateTime(d.At(start))
			if slots && !explain {
				at := d.At(start)
				day.Slots = append(day.Slots, Slot{Start: day.Starts[j], End: dateTime(at.Add(length)), Counters: d.Counters(start)})
			}
		}
		if slots && explain {
			for _, s := range d.Explain(nil) {
				day.Slots = append(day.Slots, Slot{
					Start: dateTime(s.Start), End: dateTime(s.Start.Add(length)), Counters: s.Counters, Reason: reasonOf(s.Reason),
				})
			}
		}
		answer.Days[i] = day
	}
	return answer, until, nil
}

func dateTime(t time.Time) DateTime { return DateTime(t.Format(`"` + time.RFC3339 + `"`)) }

// taken reads the cells of counters that are held or booked now, and when the first hold among them runs out.
func (p *Portal) taken(ctx context.Context, counters []int64, lo, hi int64, now time.Time) (busy []schedule.Allocation, until time.Time, err error) {
	defer wrap(&err, "taken")

	a := p.store.Args()
	rows, err := p.store.ReadDB().QueryContext(ctx, `SELECT counter, cell, held_until FROM allocation
		WHERE counter `+store.In(a, counters)+` AND cell >= `+a.Bind(lo)+` AND cell < `+a.Bind(hi)+`
		AND (held_until IS NULL OR held_until > `+a.Bind(now)+`)`, a.List()...)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer rows.Close()
	for rows.Next() {
		var cell schedule.Allocation
		var held *time.Time
		if err := rows.Scan(&cell.Counter, &cell.Cell, &held); err != nil {
			return nil, time.Time{}, err
		}
		busy = append(busy, cell)
		if held != nil && (until.IsZero() || held.Before(until)) {
			until = *held
		}
	}
	return busy, until, rows.Err()
}

const (
	alternatives = 5
	nearDays     = 7 // how far around a wanted start its alternatives are looked for
)

// nearest gives the free starts closest to a wanted one, read from the database itself.
func (p *Portal) nearest(ctx context.Context, w *wanted) ([]time.Time, error) {
	now := p.clock()
	today := schedule.DateOf(now, w.office.rules.Zone)
	from := w.day().AddDays(-nearDays)
	if last := today.AddDays(w.office.HorizonDays - 2*nearDays); last.Before(from) {
		from = last
	}
	if from.Before(today) {
		from = today
	}
	lo, hi := w.office.Calendar.Cells(from, 2*nearDays+1)
	busy, _, err := p.taken(ctx, w.office.Calendar.Qualified(nil, w.services), lo, hi, now)
	if err != nil {
		return nil, err
	}
	var free schedule.Slots
	w.office.Calendar.Fill(&free, w.request(now), from, 2*nearDays+1, busy)
	starts := []time.Time{}
	for _, s := range free.Nearest(w.start, alternatives) {
		starts = append(starts, s.Start)
	}
	return starts, nil
}

// NextSlotsPlace is exactly one of an office and a town.
type NextSlotsPlace struct {
	Office       *string
	Municipality *MunicipalityKey
}

// NextSlotsInput says where and for what.
type NextSlotsInput struct {
	Where    NextSlotsPlace
	Concerns []ConcernInput
	From     *schedule.Date
	Count    int
}

// OfficeSlots are the next free starts of one office.
type OfficeSlots struct {
	Office *Office
	Starts []DateTime
	Reason Reason // why there are none
}

// NextSlots gives the next free starts of one office, or of every office of a town. A town or office that doesn't exist
// has no row.
func (p *Portal) NextSlots(ctx context.Context, in NextSlotsInput) (_ []*OfficeSlots, err error) {
	defer wrap(&err, "NextSlots")

	if !exactlyOne(in.Where.Office != nil, in.Where.Municipality != nil) {
		return nil, invalid(RuleOneOf, "input", "where")
	}
	if in.Count < 1 || in.Count > 20 {
		return nil, &Problem{Code: InvalidInput, Rule: RuleRange, Min: 1, Max: 20, Path: []string{"input", "count"}}
	}
	var offices []*Office
	if in.Where.Office != nil {
		o, err := p.office(ctx, *in.Where.Office)
		if err != nil {
			return nil, err
		}
		if o != nil {
			offices = append(offices, o)
		}
	} else {
		m, err := p.municipality(ctx, *in.Where.Municipality, "input", "where", "municipality")
		if err != nil || m == nil {
			return []*OfficeSlots{}, err
		}
		t, err := p.town(ctx, m.ID)
		if err != nil || t == nil {
			return []*OfficeSlots{}, err
		}
		offices = t.Offices
	}
	answer := make([]*OfficeSlots, len(offices))
	for i, o := range offices {
		if answer[i], err = p.nextSlots(ctx, o, in); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// nextSlots looks through the office's horizon, a stretch of days at a time, and stops when it has enough.
func (p *Portal) nextSlots(ctx context.Context, o *Office, in NextSlotsInput) (*OfficeSlots, error) {
	today := schedule.DateOf(p.clock(), o.rules.Zone)
	from := today
	if in.From != nil && today.Before(*in.From) {
		from = *in.From
	}
	answer := &OfficeSlots{Office: o, Starts: []DateTime{}}
	const stretch = 14
	for left := o.HorizonDays - from.Sub(today) + 1; left > 0 && len(answer.Starts) < in.Count; left -= stretch {
		free, err := p.Availability(ctx, AvailabilityInput{Office: o.ID, Concerns: in.Concerns, From: &from, Days: min(left, stretch)}, false)
		if err != nil || free == nil {
			return answer, err
		}
		for _, day := range free.Days {
			n := min(len(day.Starts), in.Count-len(answer.Starts))
			answer.Starts = append(answer.Starts, day.Starts[:n]...)
			answer.Reason = weightier(answer.Reason, day.Reason)
		}
		from = from.AddDays(stretch)
	}
	switch {
	case len(answer.Starts) > 0:
		answer.Reason = ""
	case answer.Reason == "":
		answer.Reason = ReasonTooFar
	}
	return answer, nil
}

// weightier is the reason that says more about a run of days: FULL is worth telling where other days are just closed.
func weightier(a, b Reason) Reason {
	order := []Reason{ReasonNoQualifiedCounter, ReasonFull, ReasonTooSoon, ReasonTooFar, ReasonClosed, ReasonHoliday}
	rank := func(r Reason) int {
		if i := slices.Index(order, r); i >= 0 {
			return i
		}
		return math.MaxInt
	}
	if rank(a) <= rank(b) {
		return a
	}
	return b
}

// OpeningDay is one day's opening hours.
type OpeningDay struct {
	Date   schedule.Date
	Hours  []OpeningSpan
	Reason Reason // why it is closed; empty when open
}

// OpeningSpan is one open span of a day, wall clock.
type OpeningSpan struct {
	From, To schedule.LocalTime
}

// OpeningHours gives an office's opening hours, breaks and closures taken out.
func (p *Portal) OpeningHours(o *Office, from schedule.Date, days int) (_ []*OpeningDay, err error) {
	defer wrap(&err, "OpeningHours(%s)", o.ID)

	if days < 1 || days > maxDays {
		return nil, &Problem{Code: InvalidInput, Rule: RuleRange, Min: 1, Max: maxDays, Path: []string{"days"}}
	}
	hours := make([]*OpeningDay, days)
	for i := range hours {
		hours[i] = &OpeningDay{Date: from.AddDays(i)}
		open, reason := o.Calendar.Open(hours[i].Date)
		hours[i].Reason = reasonOf(reason)
		for _, s := range open {
			hours[i].Hours = append(hours[i].Hours, OpeningSpan{From: s.From, To: s.To})
		}
	}
	return hours, nil
}
