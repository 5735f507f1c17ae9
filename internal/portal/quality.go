package portal

import (
	"context"
	"slices"
	"time"

	"nelke/internal/catalogue"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// ServiceQuality are the figures of a service in a month, as DIN SPEC 66336 asks for them, or of a town as a whole. No figure is
// below five, so that none is about a person: what is smaller is nil, and so is what would give it away.
type ServiceQuality struct {
	Month              schedule.Date      // its first day
	Service            *catalogue.Service // nil: all of the town together
	Visits             *int
	PageViews          *int
	Pages              []PageViews
	Begun              *int
	Submitted          *int
	Abandoned          []AbandonedStep
	Refused            *int
	Booked             *int
	MeanProcessingDays *float64
	Satisfaction       *Satisfaction
	Suppressed         bool
}

// PageViews are the views of one kind of page.
type PageViews struct {
	Page  string
	Views *int
}

// AbandonedStep is how many left at a step.
type AbandonedStep struct {
	Step  string
	Count *int
}

// Satisfaction is what people said on a scale of five.
type Satisfaction struct {
	Count   int
	Mean    float64
	Ratings []RatingCount // from 1 to 5
}

// RatingCount is how many gave a rating.
type RatingCount struct {
	Rating int
	Count  *int
}

const (
	// fewest is the smallest figure that is shown.
	fewest = 5
	// maxMonths is how many months can be asked for at once.
	maxMonths = 24
)

// ServiceQuality returns the figures of a town, for each month that has a day from one to another: first those of the town as a
// whole, then those of its services in its order. Months are whole, whatever days are given: the difference of two spans would
// be the figures of single days. Figures of the present month are up to fifteen minutes old. It is nil where there is no such town.
//
// Problems: INVALID_INPUT.
func (p *Portal) ServiceQuality(ctx context.Context, of catalogue.MunicipalityKey, from, to schedule.Date) (_ []*ServiceQuality, err error) {
	defer problem.Wrap(&err, "ServiceQuality")

	t, err := p.Municipality(ctx, of)
	if err != nil || t == nil {
		return nil, err
	}
	months := monthsFrom(from, to)
	switch {
	case len(months) == 0:
		return nil, problem.Invalid(problem.RuleOrder, "to")
	case len(months) > maxMonths:
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleMonths, Max: maxMonths, Path: []string{"to"}}
	}
	all := []*ServiceQuality{}
	for _, first := range months {
		m, err := p.figuresOf(ctx, t, first)
		if err != nil {
			return nil, err
		}
		all = append(all, m.shown(t, first)...)
	}
	return all, nil
}

// QualityAge is how long an answer of ServiceQuality may be kept elsewhere.
const QualityAge = 15 * time.Minute

// monthsFrom returns the first days of the months from one day to another, at most one more than may be asked for.
func monthsFrom(from, to schedule.Date) (months []schedule.Date) {
	from.Day = 1
	for first := from; first.Compare(to) <= 0 && len(months) <= maxMonths; first = nextMonth(first) {
		months = append(months, first)
	}
	return months
}

// nextMonth returns the first day of the month after one.
func nextMonth(first schedule.Date) schedule.Date {
	next := first.AddDays(31)
	next.Day = 1
	return next
}

// shown returns the figures of a month as everybody may see them.
func (m month) shown(t *catalogue.Town, first schedule.Date) []*ServiceQuality {
	all := make([]*ServiceQuality, 0, len(t.Services)+1)
	raw := make([]*figures, 0, len(t.Services))
	all = append(all, m.known("").shown(first, nil))
	for _, s := range t.Services {
		f := m.known(s.ID)
		raw = append(raw, f)
		all = append(all, f.shown(first, s))
	}
	// These add up to the town's: what is left out of one may not follow from the others.
	for _, figure := range []struct {
		of func(*figures) int
		at func(*ServiceQuality) **int
	}{
		{func(f *figures) int { return f.Begun }, func(q *ServiceQuality) **int { return &q.Begun }},
		{func(f *figures) int { return f.Submitted }, func(q *ServiceQuality) **int { return &q.Submitted }},
		{func(f *figures) int { return f.Refused }, func(q *ServiceQuality) **int { return &q.Refused }},
	} {
		counts := make([]int, len(raw))
		for i, f := range raw {
			counts[i] = figure.of(f)
		}
		for i, cell := range shownCells(counts) {
			*figure.at(all[i+1]) = cell
			all[i+1].Suppressed = all[i+1].Suppressed || cell == nil
		}
	}
	return all
}

// shown leaves out what is below five, and what would give it away.
func (f *figures) shown(first schedule.Date, s *catalogue.Service) *ServiceQuality {
	q := &ServiceQuality{Month: first, Service: s, Satisfaction: shownRatings(f.Ratings)}
	pages, total := visitPages(), 0
	views := make([]int, len(pages))
	for i, page := range pages {
		views[i] = f.Views[page]
		total += views[i]
	}
	for i, cell := range shownCells(views) {
		q.Pages = append(q.Pages, PageViews{pages[i], cell})
	}
	single := shownEach(f.Visits, total, f.Begun, f.Submitted, f.Refused, f.Booked, f.Decided)
	q.Visits, q.PageViews, q.Begun, q.Submitted, q.Refused, q.Booked = single[0], single[1], single[2], single[3], single[4], single[5]
	if single[6] != nil {
		mean := f.Days / float64(f.Decided)
		q.MeanProcessingDays = &mean
	}
	for _, step := range leavingSteps() {
		q.Abandoned = append(q.Abandoned, AbandonedStep{step, shownEach(f.Abandoned[step])[0]})
	}
	q.Suppressed = q.Satisfaction == nil || q.leavesOut(single)
	return q
}

// leavesOut reports whether one of these figures, or one of the lists', is left out.
func (q *ServiceQuality) leavesOut(cells []*int) bool {
	for _, p := range q.Pages {
		cells = append(cells, p.Views)
	}
	for _, a := range q.Abandoned {
		cells = append(cells, a.Count)
	}
	if q.Satisfaction != nil {
		for _, r := range q.Satisfaction.Ratings {
			cells = append(cells, r.Count)
		}
	}
	return slices.Contains(cells, nil)
}

func shownRatings(ratings [5]int) *Satisfaction {
	count, sum := 0, 0
	for i, n := range ratings {
		count += n
		sum += n * (i + 1)
	}
	if count < fewest {
		return nil
	}
	s := &Satisfaction{Count: count, Mean: float64(sum) / float64(count)}
	for i, cell := range shownCells(ratings[:]) {
		s.Ratings = append(s.Ratings, RatingCount{i + 1, cell})
	}
	return s
}

// shownEach returns the figures that may be shown; nil for those below five.
func shownEach(counts ...int) []*int {
	cells := make([]*int, len(counts))
	for i := range counts {
		if counts[i] >= fewest {
			cells[i] = &counts[i]
		}
	}
	return cells
}

// shownCells is shownEach for figures whose sum is shown: what is left out of it adds up to nothing, or to five at least.
func shownCells(counts []int) []*int {
	cells, rest := shownEach(counts...), 0
	for i, cell := range cells {
		if cell == nil {
			rest += counts[i]
		}
	}
	for rest > 0 && rest < fewest {
		smallest := -1
		for i, cell := range cells {
			if cell != nil && (smallest < 0 || *cell < *cells[smallest]) {
				smallest = i
			}
		}
		if smallest < 0 {
			break
		}
		rest += counts[smallest]
		cells[smallest] = nil
	}
	return cells
}
