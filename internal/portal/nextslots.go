package portal

import (
	"context"
	"math"
	"slices"

	"nelke/internal/schedule"
)

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
