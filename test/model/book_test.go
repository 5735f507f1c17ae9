package model

import (
	"slices"
	"time"
)

// A plain model of the book: a list of appointments and the rules in words. It has no masks, cells, locks or
// epochs, so what it has in common with the service is the town's data alone.

// hours are stretches of the wall clock, in minutes since midnight, by weekday.
type hours map[time.Weekday][][2]int

// counter is one place where people are served.
type counter struct {
	slug, label string
	services    []string
	open        hours
	online      hours // nil: whenever it is open
}

// appointment is one line in the book.
type appointment struct {
	id       string
	owner    int // index of the case; staff books for nobody's
	service  string
	start    time.Time
	minutes  int
	counter  string // slug
	status   string // as the service has it; a hold that ran out stays HELD here
	called   string // slug of the counter that it was called to; empty: none, or taken back
	calls    int
	family   string // name of whom it is for; empty while held
	until    time.Time
	extended bool
}

const staff = -1

func (a *appointment) end() time.Time { return a.start.Add(time.Duration(a.minutes) * time.Minute) }

// book is everything that was promised to anybody.
type book struct {
	now          time.Time
	zone         *time.Location
	counters     []counter
	minutes      map[string]int // per service
	step, hold   time.Duration
	lead         time.Duration
	holdsPerCase int
	list         []*appointment
}

// blomberg is the town's Bürgerbüro as its own file describes it.
func blomberg(now time.Time, zone *time.Location) *book {
	am, pm := [2]int{8 * 60, 12*60 + 30}, [2]int{13*60 + 30, 16 * 60}
	office := hours{
		time.Monday: {am, pm}, time.Tuesday: {am, pm}, time.Wednesday: {am},
		time.Thursday: {am, {13*60 + 30, 18 * 60}}, time.Friday: {am},
	}
	mornings, public := hours{}, hours{}
	for day := time.Monday; day <= time.Friday; day++ {
		mornings[day], public[day] = [][2]int{am}, [][2]int{{9 * 60, 11*60 + 30}}
	}
	return &book{
		now: now, zone: zone,
		minutes: map[string]int{"personalausweis": 15, "gewerbe-anmelden": 20, "abholung-ausweis-pass": 10, "fundsache": 20},
		counters: []counter{
			{slug: "schalter-1", label: "Schalter 1", open: office, services: []string{"personalausweis", "abholung-ausweis-pass"}},
			{slug: "schalter-2", label: "Schalter 2", open: office, services: []string{"personalausweis", "gewerbe-anmelden", "abholung-ausweis-pass", "fundsache"}},
			{slug: "schalter-3", label: "Schnellschalter", open: mornings, online: public, services: []string{"abholung-ausweis-pass", "fundsache"}},
		},
		step: 15 * time.Minute, hold: 10 * time.Minute, lead: time.Hour, holdsPerCase: 2,
	}
}

// services in an order of their own, so that a test draws them the same each time.
func services() []string {
	return []string{"personalausweis", "gewerbe-anmelden", "abholung-ausweis-pass", "fundsache"}
}

// within reports whether a span lies in one stretch of the day.
func (h hours) within(start, end time.Time) bool {
	from := start.Hour()*60 + start.Minute()
	to := from + int(end.Sub(start).Minutes())
	return slices.ContainsFunc(h[start.Weekday()], func(s [2]int) bool { return s[0] <= from && to <= s[1] })
}

// stands reports whether an appointment has its time now.
func (b *book) stands(a *appointment) bool {
	return a.status != "CANCELED" && (a.status != "HELD" || a.until.After(b.now))
}

func (b *book) find(id string) *appointment {
	for _, a := range b.list {
		if a.id == id {
			return a
		}
	}
	return nil
}

// standing is every appointment that has its time now.
func (b *book) standing() (list []*appointment) {
	for _, a := range b.list {
		if b.stands(a) {
			list = append(list, a)
		}
	}
	return list
}

// serving are the counters that serve a service and are open for it in this span.
func (b *book) serving(service string, start, end time.Time, online bool) (able []counter) {
	for _, c := range b.counters {
		if !slices.Contains(c.services, service) || !c.open.within(start, end) {
			continue
		}
		if online && c.online != nil && !c.online.within(start, end) {
			continue
		}
		able = append(able, c)
	}
	return able
}

// free are the slugs of the counters at which a span can be had; except is an appointment that makes way.
func (b *book) free(service string, start time.Time, minutes int, online bool, except *appointment) (slugs []string) {
	end := start.Add(time.Duration(minutes) * time.Minute)
	for _, c := range b.serving(service, start, end, online) {
		taken := slices.ContainsFunc(b.list, func(a *appointment) bool {
			return a != except && a.counter == c.slug && b.stands(a) && a.start.Before(end) && start.Before(a.end())
		})
		if !taken {
			slugs = append(slugs, c.slug)
		}
	}
	return slugs
}

// refusal says why a span can't be had: "" if it can.
func (b *book) refusal(service string, start time.Time, minutes int, online bool, except *appointment) string {
	start = start.In(b.zone)
	grid, lead := 5*time.Minute, time.Duration(0)
	if online {
		grid, lead = b.step, b.lead
	}
	end := start.Add(time.Duration(minutes) * time.Minute)
	switch {
	case start.Before(b.now.Add(lead)), !start.Truncate(grid).Equal(start), len(b.serving(service, start, end, online)) == 0:
		return "SLOT_NOT_OFFERED"
	case len(b.free(service, start, minutes, online, except)) == 0:
		return "SLOT_TAKEN"
	default:
		return ""
	}
}

// starts are what is offered online for one of a service on a day.
func (b *book) starts(service string, day time.Time) []time.Time {
	list := []time.Time{}
	for at := day; at.Before(day.AddDate(0, 0, 1)); at = at.Add(b.step) {
		if b.refusal(service, at, b.minutes[service], true, nil) == "" {
			list = append(list, at)
		}
	}
	return list
}

// holds is how many times a case holds now.
func (b *book) holds(owner int) (n int) {
	for _, a := range b.list {
		if a.owner == owner && a.status == "HELD" && b.stands(a) {
			n++
		}
	}
	return n
}

// expiry is when a hold of now runs out: to the second, as it is shown.
func (b *book) expiry() time.Time { return b.now.Add(b.hold).Truncate(time.Second) }

// nextExpiry is when the next hold runs out; zero: there is none.
func (b *book) nextExpiry() (next time.Time) {
	for _, a := range b.list {
		if a.status == "HELD" && b.stands(a) && (next.IsZero() || a.until.Before(next)) {
			next = a.until
		}
	}
	return next
}

// refusalOfHold says why something can't be done with a hold by the holder of a case.
func (b *book) refusalOfHold(a *appointment, actor int) string {
	switch {
	case a == nil || a.owner != actor:
		return "NOT_FOUND"
	case a.status == "HELD" && !b.stands(a):
		return "HOLD_EXPIRED"
	case a.status != "HELD":
		return "WRONG_STATE"
	default:
		return ""
	}
}

// shown is the state as people see it.
func (b *book) shown(a *appointment) string {
	if a.status == "HELD" && !b.stands(a) {
		return "EXPIRED"
	}
	return a.status
}

// today reports whether an appointment is on the day of now.
func (b *book) today(a *appointment) bool {
	return a.start.In(b.zone).Format(time.DateOnly) == b.now.In(b.zone).Format(time.DateOnly)
}

// calling is whom a counter has called today; nil where it is free.
func (b *book) calling(slug string) *appointment {
	for _, a := range b.list {
		if a.status == "CALLED" && a.called == slug && b.today(a) {
			return a
		}
	}
	return nil
}

// waiting are those who may be called next to a counter: of those who wait for what it serves, the ones with the earliest start.
func (b *book) waiting(slug string) (first []*appointment) {
	i := slices.IndexFunc(b.counters, func(c counter) bool { return c.slug == slug })
	for _, a := range b.list {
		if a.status != "CHECKED_IN" || !b.today(a) || !slices.Contains(b.counters[i].services, a.service) {
			continue
		}
		if len(first) > 0 && a.start.Before(first[0].start) {
			first = nil
		}
		if len(first) == 0 || a.start.Equal(first[0].start) {
			first = append(first, a)
		}
	}
	return first
}
