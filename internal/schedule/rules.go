package schedule

import (
	"errors"
	"fmt"
	"time"
)

// Rules say when one office can be booked, in the wall-clock time of its zone. A Calendar is made from them.
type Rules struct {
	Zone     *time.Location
	Openings []Rule    // opening hours; several of one weekday add up
	Breaks   []Rule    // taken out of every counter's hours, its own ones too
	Closures []Closure // taken out as well
	Dated    []Opening // hours of single dates, in place of Openings, Breaks and Holidays on them

	// Holidays reports whether the office is closed all day by public holiday. nil: none. Called while compiling only.
	Holidays func(Date) bool

	Step     int           // minutes between public starts: 5, 10, 15, 20, 30 or 60, counted from the full hour of the wall clock
	Lead     time.Duration // a public start is at least this far ahead
	Horizon  int           // public dates are today to today + Horizon, both included, in Zone
	Counters []Counter
}

// Rule is one stretch of a weekday, From included, To excluded, both multiples of five minutes. To may be 24:00.
type Rule struct {
	Weekday            time.Weekday
	From, To           LocalTime
	ValidFrom, ValidTo Date // both included; a zero Date doesn't bound
}

// Closure closes the office, or one counter, on every date of From to To, both included: all day, or daily in a time of day.
type Closure struct {
	From, To         Date
	TimeFrom, TimeTo LocalTime // both zero: all day
	Counter          int64     // zero: every counter
}

// Opening opens every counter, or one, on every date of From to To, both included, daily in a time of day, From included, To
// excluded. Weekly hours, breaks and public holidays don't count for that counter on that date; closures do. Several of one
// date add up. Those of a counter stand in place of those of every counter.
type Opening struct {
	From, To         Date
	TimeFrom, TimeTo LocalTime
	Counter          int64 // zero: every counter
	Online           bool  // can be booked online, whatever Counter.Public says
}

// Counter is one place where one person is served at a time.
type Counter struct {
	Number   int64    // names its allocations; unique in the office, not zero
	Services []string // ids of the services it can serve

	// Openings replace the office's opening hours for this counter. nil: the office's hold. Empty, not nil: never open.
	Openings []Rule
	// Public are the times at which the counter can be booked online; an online span lies in them as a whole.
	// nil: whenever it is open. Empty, not nil: never online.
	Public []Rule
}

// Check names everything that is wrong with the rules, one error a fault (errors.Join), each with its field.
func (r Rules) Check() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if r.Zone == nil {
		fault("zone: missing")
	}
	if r.Step < 5 || r.Step%5 != 0 || 60%r.Step != 0 {
		fault("step: %d minutes is not one of 5, 10, 15, 20, 30, 60", r.Step)
	}
	if r.Lead < 0 {
		fault("lead: %s is negative", r.Lead)
	}
	if r.Horizon < 0 {
		fault("horizon: %d days is negative", r.Horizon)
	}
	check := func(field string, rules []Rule) {
		for i, rule := range rules {
			if err := rule.check(); err != nil {
				fault("%s[%d]: %w", field, i, err)
			}
		}
	}
	check("openings", r.Openings)
	check("breaks", r.Breaks)
	for i, closure := range r.Closures {
		if err := closure.check(); err != nil {
			fault("closures[%d]: %w", i, err)
		}
	}
	for i, opening := range r.Dated {
		if err := opening.check(); err != nil {
			fault("dated[%d]: %w", i, err)
		}
	}
	seen := map[int64]bool{}
	for i, counter := range r.Counters {
		if counter.Number == 0 || seen[counter.Number] {
			fault("counters[%d]: number %d is zero or taken", i, counter.Number)
		}
		seen[counter.Number] = true
		check(fmt.Sprintf("counters[%d].openings", i), counter.Openings)
		check(fmt.Sprintf("counters[%d].public", i), counter.Public)
	}
	return errors.Join(errs...)
}

func (r Rule) check() error {
	if r.Weekday < time.Sunday || r.Weekday > time.Saturday {
		return fmt.Errorf("weekday %d doesn't exist", r.Weekday)
	}
	if !r.ValidFrom.IsZero() && !r.ValidTo.IsZero() && r.ValidTo.Before(r.ValidFrom) {
		return fmt.Errorf("valid from %s, but to %s", r.ValidFrom, r.ValidTo)
	}
	return checkTimes(r.From, r.To)
}

func (c Closure) check() error {
	if err := checkDates(c.From, c.To); err != nil {
		return err
	}
	if c.allDay() {
		return nil
	}
	return checkTimes(c.TimeFrom, c.TimeTo)
}

func (o Opening) check() error {
	if err := checkDates(o.From, o.To); err != nil {
		return err
	}
	return checkTimes(o.TimeFrom, o.TimeTo)
}

func checkDates(from, to Date) error {
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return fmt.Errorf("from %q to %q is no range of dates", from, to)
	}
	return nil
}

func checkTimes(from, to LocalTime) error {
	if from < 0 || to > dayEnd || from >= to {
		return fmt.Errorf("%s to %s is no stretch of a day", from, to)
	}
	if from%cellMinutes != 0 || to%cellMinutes != 0 {
		return fmt.Errorf("%s to %s is not in steps of five minutes", from, to)
	}
	return nil
}

// holds reports whether the rule is about this date.
func (r Rule) holds(d Date) bool {
	return r.Weekday == d.Weekday() &&
		(r.ValidFrom.IsZero() || !d.Before(r.ValidFrom)) &&
		(r.ValidTo.IsZero() || !r.ValidTo.Before(d))
}

func (c Closure) holds(d Date, counter int64) bool {
	return (c.Counter == 0 || c.Counter == counter) && !d.Before(c.From) && !c.To.Before(d)
}

func (c Closure) allDay() bool { return c.TimeFrom == 0 && c.TimeTo == 0 }

// dated are the openings that hold on a date for a counter: its own or, where it has none, those of every counter. Counter
// zero asks for the latter alone.
func (r *Rules) dated(d Date, counter int64) (own []Opening) {
	var all []Opening
	for _, o := range r.Dated {
		switch {
		case d.Before(o.From) || o.To.Before(d):
		case o.Counter == 0:
			all = append(all, o)
		case o.Counter == counter:
			own = append(own, o)
		}
	}
	if len(own) > 0 {
		return own
	}
	return all
}
