package schedule

import "slices"

// Hours is a stretch of a day by the wall clock, To excluded.
type Hours struct {
	From, To LocalTime
}

// Open returns the office's opening hours on a date, as they would be written on its door: dated openings of every counter, or
// else the weekly hours less breaks, and closures of the whole office taken out, ascending, apart from each other. The reason
// is empty when there are any.
func (c *Calendar) Open(d Date) ([]Hours, Reason) {
	dated := c.rules.dated(d, 0)
	if len(dated) == 0 && c.rules.Holidays != nil && c.rules.Holidays(d) {
		return nil, Holiday
	}
	var open [dayEnd / cellMinutes]bool
	paint := func(from, to LocalTime, value bool) {
		for i := from / cellMinutes; i < to/cellMinutes; i++ {
			open[i] = value
		}
	}
	for _, opening := range dated {
		paint(opening.TimeFrom, opening.TimeTo, true)
	}
	if len(dated) == 0 {
		for _, rule := range c.rules.Openings {
			if rule.holds(d) {
				paint(rule.From, rule.To, true)
			}
		}
		for _, rule := range c.rules.Breaks {
			if rule.holds(d) {
				paint(rule.From, rule.To, false)
			}
		}
	}
	for _, closure := range c.rules.Closures {
		switch {
		case closure.Counter != 0 || !closure.holds(d, 0):
		case closure.allDay():
			paint(0, dayEnd, false)
		default:
			paint(closure.TimeFrom, closure.TimeTo, false)
		}
	}
	var hours []Hours
	for i, on := range open {
		at := LocalTime(i) * cellMinutes
		switch {
		case !on:
		case len(hours) > 0 && hours[len(hours)-1].To == at:
			hours[len(hours)-1].To += cellMinutes
		default:
			hours = append(hours, Hours{From: at, To: at + cellMinutes})
		}
	}
	if len(hours) == 0 {
		return nil, Closed
	}
	return hours, ""
}

// Shut says why a counter is not open at any time of a date on which weekly or dated hours would have it open: HOLIDAY, or
// CLOSED by a closure. It is empty where the counter is open, and where no hours are.
func (c *Calendar) Shut(counter int64, d Date) Reason {
	i := slices.IndexFunc(c.rules.Counters, func(one Counter) bool { return one.Number == counter })
	if i < 0 {
		return ""
	}
	day := c.day(d, d.Sub(c.from), 0)
	switch m := &day.counters[i]; {
	case m.hours.First(0) < 0 || m.open.First(0) >= 0:
		return ""
	case m.holiday:
		return Holiday
	default:
		return Closed
	}
}
