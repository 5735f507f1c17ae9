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
		c.Openings, c.Public = since(c.Openings, o.rules.Openings), since(c.Public, wholeWeek())
	}
	for _, row := range o.Closures {
		c := schedule.Closure{From: date(row.FromDate), To: date(row.ToDate), Counter: number[row.CounterID]}
		if row.FromMinute != nil && row.ToMinute != nil {
			c.TimeFrom, c.TimeTo = schedule.LocalTime(*row.FromMinute), schedule.LocalTime(*row.ToMinute)
		}
		o.rules.Closures = append(o.rules.Closures, c)
	}
	o.Calendar, err = schedule.NewCalendar(o.rules, schedule.DateOf(now, o.rules.Zone), o.HorizonDays+2)
	return err
}

// since adds to a counter's own rules, where all of them begin on some day, the rules that hold for it until then.
func since(own, before []schedule.Rule) []schedule.Rule {
	if len(own) == 0 {
		return own
	}
	last := own[0].ValidFrom
	for _, r := range own {
		if r.ValidFrom.Before(last) {
			last = r.ValidFrom
		}
	}
	if last.IsZero() {
		return own
	}
	last = last.AddDays(-1)
	for _, r := range before {
		if last.Before(r.ValidFrom) {
			continue
		}
		if r.ValidTo.IsZero() || last.Before(r.ValidTo) {
			r.ValidTo = last
		}
		own = append(own, r)
	}
	return own
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

// counter gives a counter of the office by the number of its cells.
func (o *Office) counter(number int64) *ent.Counter {
	i := slices.IndexFunc(o.Counters, func(c *ent.Counter) bool { return c.Number == number })
	if i < 0 {
		return nil
	}
	return o.Counters[i]
}
