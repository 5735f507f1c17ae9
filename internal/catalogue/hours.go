package catalogue

import (
	"slices"

	"nelke/ent"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// MaxDays is how many days of one office an answer has at most.
const MaxDays = 62

// OpeningDay is one day's opening hours.
type OpeningDay struct {
	Date   schedule.Date
	Hours  []OpeningSpan
	Reason problem.Reason // why it is closed; empty when open
}

// OpeningSpan is one open span of a day, wall clock.
type OpeningSpan struct {
	From, To schedule.LocalTime
}

// OpeningHours returns an office's opening hours, breaks and closures taken out.
func (r *Reader) OpeningHours(o *Office, from schedule.Date, days int) (_ []*OpeningDay, err error) {
	defer problem.Wrap(&err, "OpeningHours(%s)", o.ID)

	if days < 1 || days > MaxDays {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: MaxDays, Path: []string{"days"}}
	}
	hours := make([]*OpeningDay, days)
	for i := range hours {
		hours[i] = &OpeningDay{Date: from.AddDays(i)}
		open, reason := o.Calendar.Open(hours[i].Date)
		hours[i].Reason = ReasonOf(reason)
		for _, s := range open {
			hours[i].Hours = append(hours[i].Hours, OpeningSpan{From: s.From, To: s.To})
		}
	}
	return hours, nil
}

// Openings are the openings of an office for given days that are not over yet, by their first day.
func (r *Reader) Openings(o *Office) []*ent.Opening {
	today := schedule.DateOf(r.clock(), o.Rules.Zone).String()
	return slices.DeleteFunc(slices.Clone(o.Openings), func(row *ent.Opening) bool { return row.ToDate < today })
}

// OpeningHoursOf are the hours of each day of an opening.
func OpeningHoursOf(row *ent.Opening) []OpeningSpan {
	spans := make([]OpeningSpan, len(row.Hours))
	for i, span := range row.Hours {
		spans[i] = OpeningSpan{From: schedule.LocalTime(span.From), To: schedule.LocalTime(span.To)}
	}
	return spans
}

// Closures are the closures of an office that are not over yet, by their first day.
func (r *Reader) Closures(o *Office) []*ent.Closure {
	today := schedule.DateOf(r.clock(), o.Rules.Zone).String()
	return slices.DeleteFunc(slices.Clone(o.Closures), func(c *ent.Closure) bool { return c.ToDate < today })
}

// ClosedHours are the hours of each day in which a closure closes; nil: all day.
func ClosedHours(c *ent.Closure) *OpeningSpan {
	if c.FromMinute == nil || c.ToMinute == nil {
		return nil
	}
	return &OpeningSpan{From: schedule.LocalTime(*c.FromMinute), To: schedule.LocalTime(*c.ToMinute)}
}

// ReasonOf returns the reason that the graph shows for one of the schedule.
func ReasonOf(r schedule.Reason) problem.Reason {
	if r == schedule.Past {
		return problem.ReasonTooSoon
	}
	return problem.Reason(r)
}
