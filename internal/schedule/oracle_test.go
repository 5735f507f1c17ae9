package schedule_test

import (
	"fmt"
	"slices"
	"time"

	"nelke/internal/schedule"
)

// oracle answers by walking every minute of a day on its wall clock. It is slow and obvious, and takes nothing but types and reasons
// from the package under test.
type oracle struct {
	rules schedule.Rules
	req   schedule.Request
	busy  map[schedule.Allocation]bool
}

// minute is one minute of one local day, with what each counter does in it.
type minute struct {
	at                  time.Time
	hours, open, public []bool
}

func label(t time.Time) string { return t.Format("2006-01-02") }

func dateLabel(d schedule.Date) string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// day walks the minutes of two days and keeps those whose wall clock shows this date.
func (o oracle) day(date string) (day []minute) {
	noon, err := time.Parse("2006-01-02 15:04", date+" 12:00")
	if err != nil {
		panic(err)
	}
	for at := noon.Add(-36 * time.Hour); at.Before(noon.Add(36 * time.Hour)); at = at.Add(time.Minute) {
		local := at.In(o.rules.Zone)
		if label(local) != date {
			continue
		}
		m := minute{at: local}
		for _, counter := range o.rules.Counters {
			openings := o.rules.Openings
			if counter.Openings != nil {
				openings = counter.Openings
			}
			hours := inAny(openings, local)
			open := hours && !inAny(o.rules.Breaks, local) && !o.closed(counter.Number, local) && !o.holiday(local)
			public := open && (counter.Public == nil || inAny(counter.Public, local))
			if some, inOne, online := o.dated(counter.Number, local); some {
				hours = inOne
				open = hours && !o.closed(counter.Number, local)
				public = open && online
			}
			m.hours = append(m.hours, hours)
			m.open = append(m.open, open)
			m.public = append(m.public, public)
		}
		day = append(day, m)
	}
	return day
}

func clockMinute(t time.Time) int { return t.Hour()*60 + t.Minute() }

func inAny(rules []schedule.Rule, t time.Time) bool {
	return slices.ContainsFunc(rules, func(r schedule.Rule) bool {
		return r.Weekday == t.Weekday() && clockMinute(t) >= int(r.From) && clockMinute(t) < int(r.To) &&
			(r.ValidFrom == schedule.Date{} || dateLabel(r.ValidFrom) <= label(t)) &&
			(r.ValidTo == schedule.Date{} || dateLabel(r.ValidTo) >= label(t))
	})
}

func (o oracle) closed(counter int64, t time.Time) bool {
	return slices.ContainsFunc(o.rules.Closures, func(c schedule.Closure) bool {
		allDay := c.TimeFrom == 0 && c.TimeTo == 0
		return (c.Counter == 0 || c.Counter == counter) && dateLabel(c.From) <= label(t) && label(t) <= dateLabel(c.To) &&
			(allDay || clockMinute(t) >= int(c.TimeFrom) && clockMinute(t) < int(c.TimeTo))
	})
}

func (o oracle) holiday(t time.Time) bool {
	return o.rules.Holidays(schedule.Date{Year: t.Year(), Month: t.Month(), Day: t.Day()})
}

// dated reports whether a counter has dated openings on the day of a minute, whether the minute is in one of them, and whether
// in one that can be booked online.
func (o oracle) dated(counter int64, t time.Time) (some, inOne, online bool) {
	for _, of := range []int64{counter, 0} {
		for _, d := range o.rules.Dated {
			if d.Counter == of && dateLabel(d.From) <= label(t) && label(t) <= dateLabel(d.To) {
				some = true
				if clockMinute(t) >= int(d.TimeFrom) && clockMinute(t) < int(d.TimeTo) {
					inOne, online = true, online || d.Online
				}
			}
		}
		if some {
			return some, inOne, online
		}
	}
	return some, inOne, online
}

// shut reports whether it is a public holiday for every qualified counter.
func (o oracle) shut(t time.Time) bool {
	for _, i := range o.qualified() {
		if some, _, _ := o.dated(o.rules.Counters[i].Number, t); some {
			return false
		}
	}
	return o.holiday(t)
}

// qualified are the indices of the counters that serve everything.
func (o oracle) qualified() (counters []int) {
	for i, counter := range o.rules.Counters {
		all := true
		for _, service := range o.req.Services {
			all = all && slices.Contains(counter.Services, service)
		}
		if all {
			counters = append(counters, i)
		}
	}
	return counters
}

func (o oracle) onGrid(t time.Time) bool {
	if o.req.Online {
		return t.Second() == 0 && t.Nanosecond() == 0 && t.Minute()%o.rules.Step == 0
	}
	return t.Second() == 0 && t.Nanosecond() == 0 && t.Minute()%5 == 0
}

func (o oracle) tooFar(t time.Time) bool {
	today := o.req.Now.In(o.rules.Zone)
	last := time.Date(today.Year(), today.Month(), today.Day()+o.rules.Horizon, 12, 0, 0, 0, time.UTC)
	return o.req.Online && label(t) > label(last)
}

func (o oracle) tooSoon(t time.Time) bool {
	if o.req.Online {
		return t.Before(o.req.Now.Add(o.rules.Lead))
	}
	return t.Before(o.req.Now)
}

func (o oracle) taken(counter int, t time.Time) bool {
	return o.busy[schedule.Allocation{Counter: o.rules.Counters[counter].Number, Cell: t.Unix() / 300}]
}

// opens reports whether the counter may be used in that minute by this request.
func (o oracle) opens(m minute, counter int) bool {
	if o.req.Online {
		return m.public[counter]
	}
	return m.open[counter]
}

// verdict says which counters are free from the i-th minute of the day on, or why none is.
func (o oracle) verdict(day []minute, i int) (free []int, reason schedule.Reason) {
	if o.tooFar(day[i].at) {
		return nil, schedule.TooFar
	}
	if o.shut(day[i].at) {
		return nil, schedule.Holiday
	}
	fits := false
	for _, counter := range o.qualified() {
		open, untaken := true, true
		for j := i; j < i+5*o.req.Cells; j++ {
			open = open && j < len(day) && o.opens(day[j], counter)
			untaken = untaken && j < len(day) && !o.taken(counter, day[j].at)
		}
		fits = fits || open
		if open && untaken {
			free = append(free, counter)
		}
	}
	switch {
	case !fits:
		return nil, schedule.Closed
	case o.tooSoon(day[i].at):
		return nil, schedule.TooSoon
	case len(free) == 0:
		return nil, schedule.Full
	}
	return free, ""
}

// best are the numbers of the free counters whose free run is left in the fewest pieces, and then shortest.
func (o oracle) best(day []minute, i int, free []int) (best []int64) {
	least := [2]int{3, 0}
	for _, counter := range free {
		usable := func(j int) bool {
			return j >= 0 && j < len(day) && day[j].open[counter] && !o.taken(counter, day[j].at)
		}
		before, after := 0, 0
		for usable(i - 1 - before) {
			before++
		}
		for usable(i + 5*o.req.Cells + after) {
			after++
		}
		damage := [2]int{0, before + after}
		if before > 0 {
			damage[0]++
		}
		if after > 0 {
			damage[0]++
		}
		if slices.Compare(damage[:], least[:]) < 0 {
			best, least = nil, damage
		}
		if damage == least {
			best = append(best, o.rules.Counters[counter].Number)
		}
	}
	return best
}

// dayReason sums the verdicts of a whole day up.
func (o oracle) dayReason(day []minute) schedule.Reason {
	if len(o.qualified()) == 0 {
		return schedule.NoQualifiedCounter
	}
	found := map[schedule.Reason]bool{}
	for i := range day {
		if o.onGrid(day[i].at) {
			_, reason := o.verdict(day, i)
			found[reason] = true
		}
	}
	for _, reason := range []schedule.Reason{"", schedule.TooFar, schedule.Holiday, schedule.Full, schedule.TooSoon} {
		if found[reason] {
			return reason
		}
	}
	return schedule.Closed
}

// explain returns the verdict on every start of the grid in somebody's opening hours.
func (o oracle) explain(day []minute) (slots []schedule.Slot) {
	for i, m := range day {
		inHours := slices.ContainsFunc(o.qualified(), func(counter int) bool { return m.hours[counter] })
		if inHours && o.onGrid(m.at) {
			free, reason := o.verdict(day, i)
			slots = append(slots, schedule.Slot{Start: m.at, Counters: len(free), Reason: reason})
		}
	}
	return slots
}
