package portal

import (
	"context"
	"math"
	"slices"

	"nelke/internal/cache"
	"nelke/internal/catalogue"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// NextSlotsPlace is exactly one of an office, a town, and a region by the beginning of its towns' Regionalschlüssel: the graph refuses any other number.
type NextSlotsPlace struct {
	Office       *string
	Municipality *catalogue.MunicipalityKey
	Region       *string
}

// NextSlotsInput says where and for what: concerns by the ids of their services, or one kind of service, wherever it is.
type NextSlotsInput struct {
	Where    NextSlotsPlace
	Concerns []ConcernInput
	Kind     *ServiceKindKey
	Quantity int
	From     *schedule.Date
	Count    int
}

// OfficeSlots are the next free starts of one office; of a town without one, why there are none.
type OfficeSlots struct {
	Municipality *catalogue.Town
	Office       *catalogue.Office
	Service      *catalogue.Service // where a kind was asked for
	Starts       []DateTime
	Reason       problem.Reason // why there are none
}

// NextSlots returns the next free starts: Count for each office of a town, or Count in all of a region, the nearest first. A
// town or office that doesn't exist has no row; one that can't answer, or offers nothing online, says so in its row.
func (p *Portal) NextSlots(ctx context.Context, in NextSlotsInput) (_ []*OfficeSlots, err error) {
	defer problem.Wrap(&err, "NextSlots")

	ctx = cache.Strict(ctx)
	where := in.Where
	switch {
	case (in.Concerns != nil) == (in.Kind != nil), where.Region != nil && in.Kind == nil:
		return nil, problem.Invalid(problem.RuleOneOf, "input", "kind")
	case in.Count < 1 || in.Count > 20:
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: 20, Path: []string{"input", "count"}}
	case where.Region != nil:
		return p.regionSlots(ctx, in)
	}
	t, offices, err := p.officesIn(ctx, where)
	if err != nil || t == nil {
		return []*OfficeSlots{}, err
	}
	row := OfficeSlots{Municipality: t, Starts: []DateTime{}}
	if in.Kind != nil {
		if row.Service, err = p.ofKind(ctx, t, *in.Kind); err != nil {
			return nil, err
		}
		if row.Service == nil || row.Service.AppointmentMinutes == nil || len(offices) == 0 {
			row.Reason = problem.ReasonNotOffered
			return []*OfficeSlots{&row}, nil
		}
		in.Concerns = []ConcernInput{{Service: row.Service.ID, Quantity: in.Quantity}}
	}
	answer := make([]*OfficeSlots, len(offices))
	for i, o := range offices {
		from, left := horizon(o, p.clock(), in.From)
		s := &spot{OfficeSlots: &OfficeSlots{Municipality: t, Office: o, Service: row.Service, Starts: []DateTime{}}, concerns: in.Concerns, from: from, left: left}
		for s.left > 0 && len(s.Starts) < in.Count {
			if err := p.lookOn(ctx, s, in.Count); err != nil {
				return nil, err
			}
		}
		if len(s.Starts) == 0 && s.Reason == "" {
			s.Reason = problem.ReasonTooFar
		}
		answer[i] = s.OfficeSlots
	}
	return answer, nil
}

// officesIn are the offices of a place, and their town; none where there is no such place.
func (p *Portal) officesIn(ctx context.Context, where NextSlotsPlace) (*catalogue.Town, []*catalogue.Office, error) {
	if where.Office != nil {
		o, err := p.Office(ctx, *where.Office)
		if err != nil || o == nil {
			return nil, nil, err
		}
		return o.Town, []*catalogue.Office{o}, nil
	}
	m, err := p.Row(ctx, *where.Municipality)
	if err != nil || m == nil {
		return nil, nil, err
	}
	t, err := p.Town(ctx, m.ID)
	if err != nil || t == nil {
		return nil, nil, err
	}
	return t, t.Offices, nil
}

// weightier is the reason that says more about a run of days: FULL is worth telling where other days are just closed.
func weightier(a, b problem.Reason) problem.Reason {
	order := []problem.Reason{problem.ReasonNoQualifiedCounter, problem.ReasonFull, problem.ReasonTooSoon, problem.ReasonTooFar, problem.ReasonClosed, problem.ReasonHoliday}
	rank := func(r problem.Reason) int {
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
