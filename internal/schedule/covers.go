package schedule

import (
	"slices"
	"time"
)

// Covers reports whether a counter is open for the whole of a span of cells from this instant on, for staff: rules alone
// decide, whatever is booked. A counter that the rules don't name is never open.
func (c *Calendar) Covers(counter int64, start time.Time, cells int) bool {
	i := slices.IndexFunc(c.rules.Counters, func(one Counter) bool { return one.Number == counter })
	if i < 0 {
		return false
	}
	date := DateOf(start, c.rules.Zone)
	day := c.day(date, date.Sub(c.from), 0)
	open := day.counters[i].open
	open.Runs(max(1, cells))
	return open.Has(int(CellOf(start.Unix()) - day.first))
}
