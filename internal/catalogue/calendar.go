package catalogue

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
	o.Rules = schedule.Rules{
		Step:    o.StepMinutes,
		Lead:    time.Duration(o.LeadMinutes) * time.Minute,
		Horizon: o.HorizonDays,
	}
	if o.Rules.Zone, err = time.LoadLocation(o.TimeZone); err != nil {
		return err
	}
	if o.Rules.Holidays, err = holidays(o.Holidays, o.Rules.Zone); err != nil {
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
		at[c.ID] = len(o.Rules.Counters)
		o.Rules.Counters = append(o.Rules.Counters, schedule.Counter{Number: c.Number, Services: services})
	}
	for _, row := range openings {
		rule := schedule.Rule{
			Weekday: time.Weekday(row.Weekday),
			From:    schedule.LocalTime(row.FromMinute), To: schedule.LocalTime(row.ToMinute),
			ValidFrom: Date(row.ValidFrom), ValidTo: Date(row.ValidTo),
		}
		i, own := at[row.CounterID]
		switch {
		case row.CounterID == "":
			o.Rules.Openings = append(o.Rules.Openings, rule)
		case own && row.Kind == openingrule.KindOPEN:
			o.Rules.Counters[i].Openings = append(o.Rules.Counters[i].Openings, rule)
		case own && row.Kind == openingrule.KindONLINE:
			o.Rules.Counters[i].Public = append(o.Rules.Counters[i].Public, rule)
		}
	}
	for i := range o.Rules.Counters {
		c := &o.Rules.Counters[i]
		c.Openings, c.Public = filled(c.Openings, o.Rules.Openings), filled(c.Public, schedule.WholeWeek())
	}
	for _, row := range o.Closures {
		c := schedule.Closure{From: Date(row.FromDate), To: Date(row.ToDate), Counter: number[row.CounterID]}
		if row.FromMinute != nil && row.ToMinute != nil {
			c.TimeFrom, c.TimeTo = schedule.LocalTime(*row.FromMinute), schedule.LocalTime(*row.ToMinute)
		}
		o.Rules.Closures = append(o.Rules.Closures, c)
	}
	for _, row := range o.Openings {
		for _, span := range row.Hours {
			o.Rules.Dated = append(o.Rules.Dated, schedule.Opening{
				From: Date(row.FromDate), To: Date(row.ToDate), TimeFrom: schedule.LocalTime(span.From), TimeTo: schedule.LocalTime(span.To),
				Counter: number[row.CounterID], Online: row.Online,
			})
		}
	}
	o.Calendar, err = schedule.NewCalendar(o.Rules, schedule.DateOf(now, o.Rules.Zone), o.HorizonDays+2)
	return err
}

// filled adds to a counter's own rules those that hold for it on the days of which its own say nothing, if it has any.
func filled(own, others []schedule.Rule) []schedule.Rule {
	if len(own) == 0 {
		return own
	}
	for _, gap := range schedule.Gaps(own) {
		for _, r := range others {
			if r.ValidFrom.Before(gap.From) {
				r.ValidFrom = gap.From
			}
			if !gap.To.IsZero() && (r.ValidTo.IsZero() || gap.To.Before(r.ValidTo)) {
				r.ValidTo = gap.To
			}
			if r.ValidTo.IsZero() || !r.ValidTo.Before(r.ValidFrom) {
				own = append(own, r)
			}
		}
	}
	return own
}

// Date reads a date as the catalogue's rows hold it, like 2026-11-22. What is empty, or no date, is the zero date, which doesn't bound:
// the importer and the writes let nothing else in.
func Date(s string) schedule.Date {
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

// CounterNumbered returns the counter of the office with that number, which its cells in the book have; nil where there is none.
func (o *Office) CounterNumbered(number int64) *ent.Counter {
	i := slices.IndexFunc(o.Counters, func(c *ent.Counter) bool { return c.Number == number })
	if i < 0 {
		return nil
	}
	return o.Counters[i]
}
