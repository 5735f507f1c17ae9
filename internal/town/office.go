package town

import (
	"fmt"
	"slices"
)

// cell is the grain of the appointment book in minutes: every time of an office is a multiple of it.
const cell = 5

func (l *loader) offices(t *Town) {
	slugs := unique{}
	served := map[string]bool{}
	for i, o := range t.Offices {
		at := fmt.Sprintf("offices[%d]", i)
		l.slug(o.Slug, at+".slug")
		l.once(slugs, o.Slug, at+".slug")
		l.office(o, at)
		l.counters(o, t.Services, at, served)
	}
	for i, s := range t.Services {
		if s.Bookable() && !served[s.Slug] {
			l.fault(fmt.Sprintf("services[%d].appointmentMinutes", i), "no counter serves %q", s.Slug)
		}
	}
}

func (l *loader) office(o Office, at string) {
	l.digits(o.Address.PostalCode, 5, at+".address.postalCode")
	if o.Phone != "" && !phoneForm.MatchString(o.Phone) {
		l.fault(at+".phone", "%q is no telephone number like +495235123", o.Phone)
	}
	if o.Email != "" && !mailForm.MatchString(o.Email) {
		l.fault(at+".email", "%q is no e-mail address", o.Email)
	}
	if o.StepMinutes < cell || o.StepMinutes%cell != 0 || 60%o.StepMinutes != 0 {
		l.fault(at+".stepMinutes", "%d is none of 5, 10, 15, 20, 30, 60: starts repeat every hour, in cells of five minutes", o.StepMinutes)
	}
	l.within(o.LeadMinutes, 0, 7*24*60, at+".leadMinutes")
	l.within(o.HorizonDays, 1, 366, at+".horizonDays")
	l.within(o.HoldMinutes, 1, 60, at+".holdMinutes")
	l.within(o.HoldsPerCase, 1, 10, at+".holdsPerCase")
	if len(o.OpeningHours) == 0 {
		l.fault(at+".openingHours", "there must be at least one")
	}
	l.hours(o.OpeningHours, nil, at+".openingHours")
	for i, c := range o.Closures {
		here := fmt.Sprintf("%s.closures[%d]", at, i)
		l.span(c.From, c.To, here+".to")
		if c.Hours != nil {
			l.clocks(c.Hours.From, c.Hours.To, here+".hours")
		}
		if i > 0 && c.From <= o.Closures[i-1].To {
			l.fault(here+".from", "must be after %s, when the closure before ends", o.Closures[i-1].To)
		}
	}
	l.sources(o.Source, o, at)
}

func (l *loader) counters(o Office, services []Service, at string, served map[string]bool) {
	if len(o.Counters) == 0 {
		l.fault(at+".counters", "there must be at least one")
	}
	slugs := unique{}
	for i, c := range o.Counters {
		here := fmt.Sprintf("%s.counters[%d]", at, i)
		l.slug(c.Slug, here+".slug")
		l.once(slugs, c.Slug, here+".slug")
		if len(c.Services) == 0 {
			l.fault(here+".services", "there must be at least one")
		}
		mine := unique{}
		for j, slug := range c.Services {
			field := fmt.Sprintf("%s.services[%d]", here, j)
			l.once(mine, slug, field)
			served[slug] = true
			if k := slices.IndexFunc(services, func(s Service) bool { return s.Slug == slug }); k < 0 {
				l.fault(field, "there is no service %q", slug)
			} else if !services[k].Bookable() {
				l.fault(field, "%q has no appointments", slug)
			}
		}
		open := o.OpeningHours
		l.hours(c.Hours, open, here+".hours")
		if len(c.Hours) > 0 {
			open = c.Hours
		}
		l.hours(c.PublicHours, open, here+".publicHours")
	}
}

// hours checks spans by themselves, against each other, and against the hours that must contain them, if any.
func (l *loader) hours(spans, around []Hours, field string) {
	for i, h := range spans {
		at := fmt.Sprintf("%s[%d]", field, i)
		if !l.clocks(h.From, h.To, at) {
			continue
		}
		if b := h.Break; b != nil && l.clocks(b.From, b.To, at+".break") && (b.From <= h.From || b.To >= h.To) {
			l.fault(at+".break", "%s to %s is not inside %s to %s", b.From, b.To, h.From, h.To)
		}
		for j, other := range spans[:i] {
			if h.Weekday == other.Weekday && h.From < other.To && other.From < h.To {
				l.fault(at, "overlaps with %s[%d] on %s", field, j, h.Weekday)
			}
		}
		inside := func(o Hours) bool { return o.Weekday == h.Weekday && o.From <= h.From && h.To <= o.To }
		if around != nil && !slices.ContainsFunc(around, inside) {
			l.fault(at, "%s, %s to %s, is not inside one span of the hours around it", h.Weekday, h.From, h.To)
		}
	}
}

// clocks checks two times of one day.
func (l *loader) clocks(from, to Clock, at string) bool {
	ok := true
	for name, c := range map[string]Clock{".from": from, ".to": to} {
		if c%cell != 0 {
			l.fault(at+name, "%s is no multiple of five minutes", c)
			ok = false
		}
	}
	if ok && to <= from {
		l.fault(at+".to", "%s is not after %s", to, from)
		ok = false
	}
	return ok
}

func (l *loader) within(n, low, high int, field string) {
	if n < low || n > high {
		l.fault(field, "%d is not between %d and %d", n, low, high)
	}
}
