package portal

import (
	"fmt"
	"slices"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/de"

	"nelke/ent"
	"nelke/ent/openingrule"
	"nelke/internal/schedule"
)

// compile turns the office's rows into its calendar, from today to the end of the horizon.
func (o *Office) compile(openings []*ent.OpeningRule, now time.Time) (err error) {
	o.rules = schedule.Rules{
		Step:    o.StepMinutes,
		Lead:    time.Duration(o.LeadMinutes) * time.Minute,
		Horizon: o.HorizonDays,
	}
	if o.rules.Zone, err = time.LoadLocation(o.TimeZone); err != nil {
		return err
	}
	if o.rules.Holidays, err = holidays(o.Holidays, o.rules.Zone); err != nil {
		return err
	}
	number := map[string]int64{}
	at := map[string]int{}
	for _, c := range o.Counters {
		number[c.ID] = c.Number
		services := c.Services
		if !c.Active {
			continue
		}
		at[c.ID] = len(o.rules.Counters)
		o.rules.Counters = append(o.rules.Counters, schedule.Counter{Number: c.Number, Services: services})
	}
	for _, row := range openings {
		rule := schedule.Rule{
			Weekday: time.Weekday(row.Weekday),
			From:    schedule.LocalTime(row.FromMinute), To: schedule.LocalTime(row.ToMinute),
			ValidFrom: date(row.ValidFrom), ValidTo: date(row.ValidTo),
		}
		i, own := at[row.CounterID]
		switch {
		case row.CounterID == "":
			o.rules.Openings = append(o.rules.Openings, rule)
		case own && row.Kind == openingrule.KindOPEN:
			o.rules.Counters[i].Openings = append(o.rules.Counters[i].Openings, rule)
		case own && row.Kind == openingrule.KindONLINE:
			o.rules.Counters[i].Public = append(o.rules.Counters[i].Public, rule)
		}
	}
	for i := range o.rules.Counters {
		c := &o.rules.Counters[i]
		c.Openings, c.Public = filled(c.Openings, o.rules.Openings), filled(c.Public, wholeWeek())
	}
	for _, row := range o.Closures {
		c := schedule.Closure{From: date(row.FromDate), To: date(row.ToDate), Counter: number[row.CounterID]}
		if row.FromMinute != nil && row.ToMinute != nil {
			c.TimeFrom, c.TimeTo = schedule.LocalTime(*row.FromMinute), schedule.LocalTime(*row.ToMinute)
		}
		o.rules.Closures = append(o.rules.Closures, c)
	}
	for _, row := range o.Openings {
		for _, span := range row.Hours {
			o.rules.Dated = append(o.rules.Dated, schedule.Opening{
				From: date(row.FromDate), To: date(row.ToDate), TimeFrom: schedule.LocalTime(span.From), TimeTo: schedule.LocalTime(span.To),
				Counter: number[row.CounterID], Online: row.Online,
			})
		}
	}
	o.Calendar, err = schedule.NewCalendar(o.rules, schedule.DateOf(now, o.rules.Zone), o.HorizonDays+2)
	return err
}

// filled adds to a counter's own rules those that hold for it on the days of which its own say nothing, if it has any.
func filled(own, others []schedule.Rule) []schedule.Rule {
	if len(own) == 0 {
		return own
	}
	for _, gap := range gaps(own) {
		for _, r := range others {
			if r.ValidFrom.Before(gap.from) {
				r.ValidFrom = gap.from
			}
			if !gap.to.IsZero() && (r.ValidTo.IsZero() || gap.to.Before(r.ValidTo)) {
				r.ValidTo = gap.to
			}
			if r.ValidTo.IsZero() || !r.ValidTo.Before(r.ValidFrom) {
				own = append(own, r)
			}
		}
	}
	return own
}

// gap is a span of days, both included; a zero date doesn't bound.
type gap struct{ from, to schedule.Date }

// gaps are the days on which none of some weekly rules is valid, whatever the weekday.
func gaps(rules []schedule.Rule) (free []gap) {
	rules = slices.Clone(rules)
	slices.SortFunc(rules, func(a, b schedule.Rule) int { return a.ValidFrom.Compare(b.ValidFrom) })
	next := schedule.Date{} // the first day that isn't known to be covered; zero: none is
	for _, r := range rules {
		if next.Before(r.ValidFrom) {
			free = append(free, gap{next, r.ValidFrom.AddDays(-1)})
		}
		if r.ValidTo.IsZero() {
			return free
		}
		if after := r.ValidTo.AddDays(1); next.Before(after) {
			next = after
		}
	}
	return append(free, gap{from: next})
}

// date reads a date that the database holds; empty is none. The importer and the writes let nothing else in.
func date(s string) schedule.Date {
	if s == "" {
		return schedule.Date{}
	}
	d, err := schedule.ParseDate(s)
	if err != nil {
		return schedule.Date{}
	}
	return d
}

// holidays are the public holidays of a region.
func holidays(region string, zone *time.Location) (func(schedule.Date) bool, error) {
	var list []*cal.Holiday
	switch region {
	case "":
		return func(schedule.Date) bool { return false }, nil
	case "DE-NW":
		list = de.HolidaysNW
	default:
		return nil, fmt.Errorf("holidays of %q are unknown", region)
	}
	calendar := &cal.Calendar{}
	calendar.AddHoliday(list...)
	return func(d schedule.Date) bool {
		actual, _, _ := calendar.IsHoliday(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, zone))
		return actual
	}, nil
}

// counter returns a counter of the office by the number of its cells.
func (o *Office) counter(number int64) *ent.Counter {
	i := slices.IndexFunc(o.Counters, func(c *ent.Counter) bool { return c.Number == number })
	if i < 0 {
		return nil
	}
	return o.Counters[i]
}
