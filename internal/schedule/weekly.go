package schedule

import (
	"slices"
	"time"
)

// WholeWeek returns rules that open every hour there is: Sunday to Saturday, 0:00 to 24:00, valid on all dates.
func WholeWeek() (rules []Rule) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		rules = append(rules, Rule{Weekday: day, From: 0, To: 24 * 60})
	}
	return rules
}

// Gap is a span of days, both included; a zero date doesn't bound.
type Gap struct{ From, To Date }

// Gaps returns the spans of days on which none of some weekly rules is valid, whatever the weekday, ascending.
func Gaps(rules []Rule) (free []Gap) {
	rules = slices.Clone(rules)
	slices.SortFunc(rules, func(a, b Rule) int { return a.ValidFrom.Compare(b.ValidFrom) })
	next := Date{} // the first day that isn't known to be covered; zero: none is
	for _, r := range rules {
		if next.Before(r.ValidFrom) {
			free = append(free, Gap{next, r.ValidFrom.AddDays(-1)})
		}
		if r.ValidTo.IsZero() {
			return free
		}
		if after := r.ValidTo.AddDays(1); next.Before(after) {
			next = after
		}
	}
	return append(free, Gap{From: next})
}
