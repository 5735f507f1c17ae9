package schedule

// Hours is a stretch of a day by the wall clock, To excluded.
type Hours struct {
	From, To LocalTime
}

// Open gives the office's opening hours on a date, as they would be written on its door: breaks and closures of the whole
// office taken out, ascending, apart from each other. The reason is empty when there are any.
func (c *Calendar) Open(d Date) ([]Hours, Reason) {
	if c.rules.Holidays != nil && c.rules.Holidays(d) {
		return nil, Holiday
	}
	var open [dayEnd / cellMinutes]bool
	paint := func(from, to LocalTime, value bool) {
		for i := from / cellMinutes; i < to/cellMinutes; i++ {
			open[i] = value
		}
	}
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
