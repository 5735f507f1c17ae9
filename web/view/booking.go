package view

import (
	"math"
	"net/url"
	"slices"
	"time"

	"nelke/web/api"
)

// Concern is one reason for a visit, and how often.
type Concern struct {
	ID, Slug, Name          string
	Minutes, Most, Quantity int
}

// Person is whom an appointment is for, as it was typed.
type Person struct {
	GivenName, FamilyName, Email, Phone string
	Reminder                            bool
}

// Input returns the person as the graph takes it.
func (p *Person) Input() api.PersonInput {
	return api.PersonInput{GivenName: p.GivenName, FamilyName: p.FamilyName, Email: OrNil(p.Email), Phone: OrNil(p.Phone)}
}

// OrNil returns nil for an empty text.
func OrNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// PersonOf returns the person of an appointment.
func PersonOf(a *api.AppointmentWhole) *Person {
	p := &Person{Reminder: a.Reminder}
	if a.Person != nil {
		p.GivenName, p.FamilyName = a.Person.GivenName, a.Person.FamilyName
		p.Email, p.Phone = Deref(a.Person.Email), Deref(a.Person.Phone)
	}
	return p
}

// Deref returns what p points to, the zero value for nil.
func Deref[T any](p *T) (zero T) {
	if p == nil {
		return zero
	}
	return *p
}

// FreeTimes are the times of an office that can be booked for some concerns.
type FreeTimes struct {
	Office   api.OfficePlace
	Concerns []Concern
	Query    url.Values // the concerns, as they stand in addresses
	Calendar *Calendar
	Month    bool   // whether the month is shown, rather than the days
	From     string // the first day that was asked for; "": none
	Zone     string
	Action   string // path to which a chosen time is sent
	Live     string // query of the live fragments' address
	Typed    *Person
	Moving   *api.AppointmentWhole // the appointment that is moved; nil for a new one
	Taken    []time.Time           // times that were free before and are no longer
	near     time.Duration         // how near a time was when it was still offered, in the states so far
}

// Calendar is what is free day by day, and where in it the page stands.
type Calendar struct {
	Days  []CalendarDay
	First int       // index of the first day shown
	AsOf  time.Time // when this was true
}

// CalendarDay is a day, its free times, and why there are none.
type CalendarDay struct {
	Date   time.Time
	Times  []Time
	Reason api.UnavailableReason
}

// Time is one start. One that was taken while the page was open is shown as such.
type Time struct {
	Start time.Time
	Taken bool
}

const (
	daysOnPage  = 7
	nextOnPage  = 6
	oneDay      = 24 * time.Hour
	daysOfMonth = 42 // six weeks, from Monday to Sunday
)

// NewCalendar reads an availability. from is the first day shown, such as 2026-12-08; the first with free times where it is none.
func NewCalendar(a *api.Calendar, from string) *Calendar {
	c := &Calendar{First: -1, AsOf: a.AsOf}
	for _, d := range a.Days {
		date, err := time.Parse(time.DateOnly, d.Date)
		if err != nil {
			continue
		}
		day := CalendarDay{Date: date}
		for _, start := range d.Starts {
			day.Times = append(day.Times, Time{Start: start})
		}
		if d.Reason != nil {
			day.Reason = *d.Reason
		}
		if d.Date == from || c.First < 0 && from == "" && len(day.Times) > 0 {
			c.First = len(c.Days)
		}
		c.Days = append(c.Days, day)
	}
	c.First = max(c.First, 0)
	return c
}

// Shown returns the days on the page.
func (c *Calendar) Shown() []CalendarDay {
	return c.Days[c.First:min(c.First+daysOnPage, len(c.Days))]
}

// Next returns the next free times of all days.
func (c *Calendar) Next() []Time {
	var next []Time
	for _, d := range c.Days {
		for _, t := range d.Times {
			if !t.Taken {
				next = append(next, t)
			}
			if len(next) == nextOnPage {
				return next
			}
		}
	}
	return next
}

// Earlier returns the first day of the page before this one, "" where there is none.
func (c *Calendar) Earlier() string { return c.dayAt(c.First-daysOnPage, c.First > 0) }

// Later returns the first day of the page after this one, "" where there is none.
func (c *Calendar) Later() string {
	return c.dayAt(c.First+daysOnPage, c.First+daysOnPage < len(c.Days))
}

func (c *Calendar) dayAt(i int, there bool) string {
	if !there || len(c.Days) == 0 {
		return ""
	}
	return c.Days[max(i, 0)].Date.Format(time.DateOnly)
}

// NextFree returns the first day after the page that has free times, "" where none has or the page itself has some.
func (c *Calendar) NextFree() string {
	if slices.ContainsFunc(c.Shown(), func(d CalendarDay) bool { return d.free() > 0 }) {
		return ""
	}
	for i := c.First + daysOnPage; i < len(c.Days); i++ {
		if c.Days[i].free() > 0 {
			return c.dayAt(i, true)
		}
	}
	return ""
}

// MonthOf is a month as a table: weeks of seven days, of which some belong to other months.
type MonthOf struct {
	First time.Time
	Weeks [][]MonthDay
}

// MonthDay is a cell of a month.
type MonthDay struct {
	Date   time.Time
	In     bool // whether it is a day of this month
	Free   int
	Known  bool // whether the office's times of that day are known
	Reason api.UnavailableReason
}

// Months returns the months that the calendar reaches into.
func (c *Calendar) Months() []MonthOf {
	var months []MonthOf
	for i := 0; i < len(c.Days); {
		first := c.Days[i].Date.AddDate(0, 0, 1-c.Days[i].Date.Day())
		months = append(months, c.month(first))
		next := first.AddDate(0, 1, 0)
		for i < len(c.Days) && c.Days[i].Date.Before(next) {
			i++
		}
	}
	return months
}

func (c *Calendar) month(first time.Time) MonthOf {
	m := MonthOf{First: first}
	monday := first.AddDate(0, 0, -(int(first.Weekday())+6)%7)
	for w := range daysOfMonth / 7 {
		week := make([]MonthDay, 7)
		for i := range week {
			week[i] = c.cell(monday.AddDate(0, 0, 7*w+i), first.Month())
		}
		if w > 0 && !week[0].In {
			break
		}
		if slices.ContainsFunc(week, func(d MonthDay) bool { return d.In && d.Known }) { // weeks that are over have nothing to say
			m.Weeks = append(m.Weeks, week)
		}
	}
	return m
}

func (c *Calendar) cell(date time.Time, month time.Month) MonthDay {
	cell := MonthDay{Date: date, In: date.Month() == month}
	i := int(date.Sub(c.Days[0].Date) / oneDay)
	if date.Before(c.Days[0].Date) || i >= len(c.Days) {
		return cell
	}
	cell.Known, cell.Reason, cell.Free = true, c.Days[i].Reason, c.Days[i].free()
	return cell
}

// nearest returns how far ahead the first time that can be chosen lies; very far where there is none.
func (c *Calendar) nearest() time.Duration {
	for _, d := range c.Days {
		for _, t := range d.Times {
			if !t.Taken {
				return t.Start.Sub(c.AsOf)
			}
		}
	}
	return math.MaxInt64
}

// free returns how many times of a day can be chosen.
func (d CalendarDay) free() int {
	n := 0
	for _, t := range d.Times {
		if !t.Taken {
			n++
		}
	}
	return n
}

// FirstDay returns the first day shown, such as 2026-12-08.
func (c *Calendar) FirstDay() string { return c.dayAt(c.First, true) }

// Since marks the times that were free in an earlier state and are no longer, so that they stay where they were.
func (f *FreeTimes) Since(before *FreeTimes) {
	if before == nil {
		return
	}
	// What lies no nearer than something that was offered before hasn't come too near: somebody has it.
	if f.near = before.Calendar.nearest(); before.near != 0 {
		f.near = min(f.near, before.near)
	}
	was := map[time.Time][]Time{}
	for _, d := range before.Calendar.Days {
		was[d.Date] = d.Times
	}
	for i := range f.Calendar.Days {
		d := &f.Calendar.Days[i]
		for _, t := range was[d.Date] {
			if slices.ContainsFunc(d.Times, func(now Time) bool { return now.Start.Equal(t.Start) }) || !t.Taken && t.Start.Sub(f.Calendar.AsOf) < f.near {
				continue
			}
			if !t.Taken {
				f.Taken = append(f.Taken, t.Start)
			}
			d.Times = append(d.Times, Time{Start: t.Start, Taken: true})
		}
		slices.SortFunc(d.Times, func(a, b Time) int { return a.Start.Compare(b.Start) })
	}
}

// Nearest keeps those times alone that are nearest to an instant.
func (f *FreeTimes) Nearest(at time.Time) {
	var all []Time
	for _, d := range f.Calendar.Days {
		all = append(all, d.Times...)
	}
	slices.SortStableFunc(all, func(a, b Time) int {
		return int(a.Start.Sub(at).Abs()/time.Second) - int(b.Start.Sub(at).Abs()/time.Second)
	})
	all = all[:min(len(all), nextOnPage)]
	slices.SortFunc(all, func(a, b Time) int { return a.Start.Compare(b.Start) })
	f.Calendar = &Calendar{Days: []CalendarDay{{Times: all}}}
}

// ConcernText returns a concern as it stands in addresses: personalausweis:2.
func ConcernText(slug string, quantity int) string { return slug + ":" + number(quantity) }

// Instant reads an instant as the pages' forms carry it.
func Instant(text string) (time.Time, error) { return time.Parse(time.RFC3339, text) }
