package portal

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"nelke/ent"
	"nelke/internal/cache"
	"nelke/internal/catalogue"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// ServiceKindKey names what a service is, in whichever town, by exactly one of its keys.
type ServiceKindKey struct {
	Slug     *string
	LeikaKey *string
}

// Where the time of a request goes that asks a whole region. A town that isn't ready within its share is left out of the
// rest, and says so in its row.
const (
	townShare   = 1500 * time.Millisecond
	regionShare = 6 * time.Second // of all towns together, of the ten that a request has
	abreast     = 16              // towns that are asked at a time
)

// stretch is how many days of an office are looked at in one go.
const stretch = 14

// spot is an office that a search goes through, a stretch of days after the other.
type spot struct {
	*OfficeSlots
	concerns []ConcernInput
	from     schedule.Date // of the next stretch
	left     int           // days of the horizon
}

// regionSlots looks for the nearest free starts of one kind of service in all towns of a region: count of them in all. It
// looks at the same stretch of days everywhere, and goes on to the next one only while there are too few.
func (p *Portal) regionSlots(ctx context.Context, in NextSlotsInput) ([]*OfficeSlots, error) {
	towns, err := p.Rows(ctx, *in.Where.Region)
	if err != nil {
		return nil, err
	}
	all, cancel := context.WithTimeout(ctx, regionShare)
	defer cancel()
	found := make([][]*spot, len(towns))
	late, err := onTime(all, ctx, len(towns), func(ctx context.Context, i int) (err error) {
		found[i], err = p.spots(ctx, towns[i].ID, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows := []*OfficeSlots{}
	var open []*spot
	for i, m := range towns {
		if late[i] {
			rows = append(rows, &OfficeSlots{Municipality: nameOnly(m), Starts: []DateTime{}, Reason: problem.ReasonTimeout})
		}
		for _, s := range found[i] {
			rows = append(rows, s.OfficeSlots)
			if s.Reason == "" {
				open = append(open, s)
			}
		}
	}
	if slices.Contains(late, true) {
		cache.Private(ctx) // the next one may be luckier
	}
	if err := p.search(all, ctx, open, in.Count); err != nil {
		return nil, err
	}
	nearest(rows, in.Count)
	return rows, nil
}

// nameOnly is a town of which nothing is there but its line of the directory.
func nameOnly(m *ent.Municipality) *catalogue.Town {
	zone, err := time.LoadLocation(m.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	return &catalogue.Town{Municipality: m, Zone: zone}
}

// spots are the offices of a town that the kind of service can be had at; one row without any where there are none.
func (p *Portal) spots(ctx context.Context, municipality string, in NextSlotsInput) ([]*spot, error) {
	t, err := p.Town(ctx, municipality)
	if err != nil || t == nil {
		return nil, err
	}
	s, err := p.ofKind(ctx, t, *in.Kind)
	if err != nil {
		return nil, err
	}
	if s == nil || s.AppointmentMinutes == nil || len(t.Offices) == 0 {
		return []*spot{{OfficeSlots: &OfficeSlots{Municipality: t, Service: s, Starts: []DateTime{}, Reason: problem.ReasonNotOffered}}}, nil
	}
	spots := make([]*spot, len(t.Offices))
	for i, o := range t.Offices {
		from, left := horizon(o, p.clock(), in.From)
		spots[i] = &spot{
			OfficeSlots: &OfficeSlots{Municipality: t, Office: o, Service: s, Starts: []DateTime{}},
			concerns:    []ConcernInput{{Service: s.ID, Quantity: in.Quantity}}, from: from, left: left,
		}
		if left <= 0 {
			spots[i].Reason = problem.ReasonTooFar
		}
	}
	return spots, nil
}

// ofKind is the town's service of a kind; nil where it offers none. A town may know the LeiKa key itself.
func (p *Portal) ofKind(ctx context.Context, t *catalogue.Town, key ServiceKindKey) (*catalogue.Service, error) {
	for _, s := range t.Services {
		if key.Slug != nil {
			if s.Kind == *key.Slug {
				return s, nil
			}
			continue
		}
		kind, err := p.KindOf(ctx, s)
		if err != nil {
			return nil, err
		}
		if s.LeikaKey != nil && *s.LeikaKey == *key.LeikaKey || kind != nil && kind.LeikaKey != nil && *kind.LeikaKey == *key.LeikaKey {
			return s, nil
		}
	}
	return nil, nil
}

// horizon is the first day that can be asked for, and how many days there are from it on.
func horizon(o *catalogue.Office, now time.Time, wanted *schedule.Date) (from schedule.Date, days int) {
	today := schedule.DateOf(now, o.Rules.Zone)
	from = today
	if wanted != nil && today.Before(*wanted) {
		from = *wanted
	}
	return from, o.HorizonDays - from.Sub(today) + 1
}

// search goes through the stretches until there are count starts, or no days any more.
func (p *Portal) search(all, ctx context.Context, spots []*spot, count int) error {
	open := slices.Clone(spots)
	for len(open) > 0 && starts(spots) < count {
		late, err := onTime(all, ctx, len(open), func(ctx context.Context, i int) error { return p.lookOn(ctx, open[i], count) })
		if err != nil {
			return err
		}
		if slices.Contains(late, true) {
			cache.Private(ctx)
		}
		var rest []*spot
		for i, s := range open {
			switch {
			case late[i]:
				s.Starts, s.Reason = []DateTime{}, problem.ReasonTimeout
			case s.left > 0:
				rest = append(rest, s)
			case len(s.Starts) == 0 && s.Reason == "":
				s.Reason = problem.ReasonTooFar
			}
		}
		open = rest
	}
	for _, s := range open { // there was enough elsewhere before anything was found here
		if len(s.Starts) == 0 {
			s.Reason = problem.ReasonLater
		}
	}
	return nil
}

func starts(spots []*spot) (n int) {
	for _, s := range spots {
		n += len(s.Starts)
	}
	return n
}

// lookOn adds what is free at an office in its next stretch of days, up to count.
func (p *Portal) lookOn(ctx context.Context, s *spot, count int) error {
	free, err := p.Availability(ctx, AvailabilityInput{Office: s.Office.ID, Concerns: s.concerns, From: &s.from, Days: min(s.left, stretch)}, false)
	if err != nil || free == nil {
		return err
	}
	for _, day := range free.Days {
		s.Starts = day.Free.appendTo(s.Starts, count-len(s.Starts))
		s.Reason = weightier(s.Reason, day.Reason)
	}
	s.from, s.left = s.from.AddDays(stretch), s.left-stretch
	if len(s.Starts) > 0 {
		s.Reason = ""
	}
	return nil
}

// nearest keeps the count earliest starts of all rows, and sorts the rows by their first one; those without come last, by
// town.
func nearest(rows []*OfficeSlots, count int) {
	var all []DateTime
	for _, r := range rows {
		all = append(all, r.Starts...)
	}
	slices.SortFunc(all, compareInstants)
	if len(all) > count {
		last := all[count-1]
		left := count
		for _, start := range all[:count] {
			if compareInstants(start, last) < 0 {
				left--
			}
		}
		for _, r := range rows { // of those that begin together at the end, the first rows keep theirs
			kept := slices.DeleteFunc(slices.Clone(r.Starts), func(s DateTime) bool { return compareInstants(s, last) > 0 })
			if n := len(kept); n > 0 && compareInstants(kept[n-1], last) == 0 {
				if left == 0 {
					kept = kept[:n-1]
				} else {
					left--
				}
			}
			if len(kept) == 0 && len(r.Starts) > 0 {
				r.Reason = problem.ReasonLater
			}
			r.Starts = kept
		}
	}
	slices.SortStableFunc(rows, func(a, b *OfficeSlots) int {
		if len(a.Starts) == 0 || len(b.Starts) == 0 {
			return cmp.Or(cmp.Compare(len(b.Starts), 0)-cmp.Compare(len(a.Starts), 0), cmp.Compare(a.Municipality.Slug, b.Municipality.Slug))
		}
		return cmp.Or(compareInstants(a.Starts[0], b.Starts[0]), cmp.Compare(a.Municipality.Slug, b.Municipality.Slug))
	})
}

// compareInstants compares shown instants. Towns of a region have one offset at a time, so mostly the text decides.
func compareInstants(a, b DateTime) int {
	if len(a) == len(b) && len(a) > 7 && a[len(a)-7:] == b[len(b)-7:] {
		return cmp.Compare(a, b)
	}
	x, _ := time.Parse(`"`+time.RFC3339+`"`, string(a)) // we wrote them
	y, _ := time.Parse(`"`+time.RFC3339+`"`, string(b))
	return x.Compare(y)
}

// onTime does the n parts of something, some at a time, each within its share, and all within the time of the first context.
// It reports which weren't ready. Other errors, and the end of the second context, which is the caller's, end it.
func onTime(all, caller context.Context, n int, part func(ctx context.Context, i int) error) (late []bool, err error) {
	late = make([]bool, n)
	errs := make([]error, n)
	turn := make(chan struct{}, abreast)
	var running sync.WaitGroup
	for i := range n {
		turn <- struct{}{}
		running.Go(func() {
			defer func() { <-turn }()
			ctx, cancel := context.WithTimeout(all, townShare)
			defer cancel()
			errs[i] = part(ctx, i)
		})
	}
	running.Wait()
	for i, err := range errs {
		if late[i] = errors.Is(err, context.DeadlineExceeded) && caller.Err() == nil; !late[i] && err != nil {
			return nil, err
		}
	}
	return late, nil
}
