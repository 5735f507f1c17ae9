package portal

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"nelke/internal/cache"
	"nelke/internal/catalogue"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/store"
)

const (
	maxConcerns = 10
	maxMinutes  = 120 // together; 24 cells
)

// DateTime is an instant in RFC 3339 with the offset of its office's zone, already in quotes: formatting is most of the
// cost of an answer, so it is done once for many readers.
type DateTime string

// MarshalGQL writes the instant as it is.
func (d DateTime) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, string(d)) } // the executor's buffer never fails

// UnmarshalGQL refuses: instants of inputs are time.Time.
func (d *DateTime) UnmarshalGQL(any) error { return errors.New("never an input") }

// DateTimes are instants as JSON has them in a list, with commas between: many days are remembered, and what is one text is one
// thing to the garbage collector, however many instants it has.
type DateTimes string

// List returns the instants one by one.
func (d DateTimes) List() []DateTime {
	n := strings.Count(string(d), ",") + 1
	return d.appendTo(make([]DateTime, 0, n), n)
}

// appendTo appends the first instants, at most so many.
func (d DateTimes) appendTo(list []DateTime, most int) []DateTime {
	for rest := string(d); rest != "" && most > 0; most-- {
		var one string
		one, rest, _ = strings.Cut(rest, ",")
		list = append(list, DateTime(one))
	}
	return list
}

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
	Office *catalogue.Office `json:"-"`
	Days   []AvailabilityDay
	AsOf   time.Time
}

// AvailabilityDay are the free times of one day.
type AvailabilityDay struct {
	Date   schedule.Date
	Free   DateTimes
	Slots  []Slot         // with explain those that aren't offered too
	Reason problem.Reason // why nothing is free; empty when something is
}

// Starts are the free times one by one.
func (d *AvailabilityDay) Starts() []DateTime { return d.Free.List() }

// Slot is one start. Reason is empty for one that is offered.
type Slot struct {
	Start    DateTime
	End      DateTime
	Counters int
	Reason   problem.Reason
}

// Availability returns the free times of an office. Without From, from today on. Slots are filled where they are asked
// for: an answer of starts alone is several times cheaper.
func (p *Portal) Availability(ctx context.Context, in AvailabilityInput, slots bool) (_ *Availability, err error) {
	defer problem.Wrap(&err, "Availability(%s)", in.Office)

	ctx = cache.Strict(ctx)
	o, err := p.Office(ctx, in.Office)
	if err != nil || o == nil {
		return nil, err
	}
	if in.Days < 1 || in.Days > catalogue.MaxDays {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: catalogue.MaxDays, Path: []string{"input", "days"}}
	}
	concerns, services, err := checkConcerns(o.Town, in.Concerns, "input", "concerns")
	if err != nil {
		return nil, err
	}
	from := schedule.DateOf(p.clock(), o.Rules.Zone)
	if in.From != nil {
		from = *in.From
	}
	// What can't be booked for years isn't worth remembering, and far dates aren't worth computing.
	if d := from.Sub(schedule.DateOf(p.clock(), o.Rules.Zone)); d < -366 || d > 3660 {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: -366, Max: 3660, Path: []string{"input", "from"}}
	}
	request := schedule.Request{Services: services, Cells: minutesOf(concerns) / 5, Online: true}

	deps := make([]live.Key, 0, in.Days+1)
	deps = append(deps, live.Catalogue(o.MunicipalityID))
	for i := range in.Days {
		deps = append(deps, live.Slots(o.ID, from.AddDays(i).String()))
	}
	// The revision stands in the key: what was computed by older rules is never found by newer ones.
	key := make([]byte, 0, 256)
	key = append(key, "availability:"...)
	key = append(key, o.ID...)
	for _, n := range []int{o.Revision, request.Cells, in.Days} {
		key = strconv.AppendInt(append(key, ':'), int64(n), 10)
	}
	for _, is := range []bool{slots, in.Explain} {
		key = strconv.AppendBool(append(key, ':'), is)
	}
	key = from.Append(append(key, ':'))
	for _, id := range services {
		key = append(append(key, ':'), id...)
	}
	remembered, err := cache.Read(ctx, p.cache, string(key), deps, func(ctx context.Context) (*Availability, time.Time, error) {
		return p.readAvailability(ctx, o, request, from, in.Days, slots, in.Explain)
	})
	if err != nil || remembered == nil {
		return nil, err
	}
	answer := *remembered
	answer.Office = o
	return &answer, nil
}

// paper is what an answer is worked out on. It is used again, since it is larger than the answer.
type paper struct {
	busy []schedule.Allocation
	free schedule.Slots
}

// readAvailability computes the answer from the database, and until when time alone leaves it true: the first hold in
// it to expire, the next start to become too soon, the next local midnight.
func (p *Portal) readAvailability(ctx context.Context, o *catalogue.Office, req schedule.Request, from schedule.Date, days int, slots, explain bool) (*Availability, time.Time, error) {
	req.Now = p.clock()
	lo, hi := o.Calendar.Cells(from, days)
	paper, _ := p.papers.Get().(*paper)
	defer p.papers.Put(paper) // the answer has nothing of it
	busy, until, err := p.taken(ctx, paper.busy[:0], o.Calendar.Qualified(nil, req.Services), lo, hi, req.Now)
	if err != nil {
		return nil, time.Time{}, err
	}
	paper.busy = busy
	free := &paper.free
	o.Calendar.Fill(free, req, from, days, busy)
	if at := free.Until(); !at.IsZero() && (until.IsZero() || at.Before(until)) {
		until = at
	}
	answer := &Availability{Days: make([]AvailabilityDay, len(free.Days)), AsOf: store.Micro(req.Now).In(o.Rules.Zone)}
	length := time.Duration(req.Cells) * 5 * time.Minute
	for i := range free.Days {
		d := &free.Days[i]
		day := AvailabilityDay{Date: d.Date, Reason: catalogue.ReasonOf(d.Reason), Free: dateTimes(d, 0)}
		switch {
		case slots && explain:
			for _, s := range d.Explain(nil) {
				day.Slots = append(day.Slots, Slot{
					Start: dateTime(s.Start), End: dateTime(s.Start.Add(length)), Counters: s.Counters, Reason: catalogue.ReasonOf(s.Reason),
				})
			}
		case slots && len(d.Starts) > 0:
			day.Slots = make([]Slot, len(d.Starts))
			starts, ends := day.Free.List(), dateTimes(d, length).List()
			for j, start := range d.Starts {
				day.Slots[j] = Slot{Start: starts[j], End: ends[j], Counters: d.Counters(start)}
			}
		}
		answer.Days[i] = day
	}
	return answer, until, nil
}

// dateTimes formats a day's starts, or what comes so long after them. Where all have one date and one offset, only hours and
// minutes differ.
func dateTimes(d *schedule.Day, after time.Duration) DateTimes {
	if len(d.Starts) == 0 {
		return ""
	}
	first, last := d.At(d.Starts[0]).Add(after), d.At(d.Starts[len(d.Starts)-1]).Add(after)
	_, early := first.Zone()
	_, late := last.Zone()
	alike := early == late && first.YearDay() == last.YearDay()
	const hour = len(`"2006-01-02T`)
	one := []byte(dateTime(first))
	base := first.Hour()*60 + first.Minute() - 5*int(d.Starts[0])
	var text strings.Builder
	text.Grow((len(one) + 1) * len(d.Starts))
	for i, start := range d.Starts {
		if i > 0 {
			_ = text.WriteByte(',') // a Builder never fails
		}
		if alike {
			minute := base + 5*int(start)
			one[hour], one[hour+1] = byte('0'+minute/600), byte('0'+minute/60%10)
			one[hour+3], one[hour+4] = byte('0'+minute%60/10), byte('0'+minute%10)
		} else {
			one = append(one[:0], dateTime(d.At(start).Add(after))...)
		}
		_, _ = text.Write(one)
	}
	return DateTimes(text.String())
}

// Size is roughly what the answer takes in memory.
func (a *Availability) Size() int {
	n := 64
	for i := range a.Days {
		n += 96 + len(a.Days[i].Free) + 112*len(a.Days[i].Slots)
	}
	return n
}

func dateTime(t time.Time) DateTime { return DateTime(t.Format(`"` + time.RFC3339 + `"`)) }

// taken appends the cells of counters that are held or booked now, and says when the first hold among them runs out.
func (p *Portal) taken(ctx context.Context, dst []schedule.Allocation, counters []int64, lo, hi int64, now time.Time) (busy []schedule.Allocation, until time.Time, err error) {
	defer problem.Wrap(&err, "taken")

	a := p.store.Args()
	query := `SELECT counter, cell, held_until FROM allocation
		WHERE counter ` + store.In(a, counters) + ` AND cell >= ` + a.Bind(lo) + ` AND cell < ` + a.Bind(hi) + `
		AND (held_until IS NULL OR held_until > ` + a.Bind(now) + `)`
	busy = dst
	var cell schedule.Allocation
	var held *time.Time
	err = p.store.Each(ctx, query, a.List(), []any{&cell.Counter, &cell.Cell, &held}, func() {
		busy = append(busy, cell)
		if held != nil && (until.IsZero() || held.Before(until)) {
			until = *held
		}
	})
	return busy, until, err
}

const (
	alternatives = 5
	nearDays     = 7 // how far around a wanted start its alternatives are looked for
)
