package town

import (
	"fmt"
	"slices"

	"nelke/internal/normal"
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
	if _, fault := normal.Email(o.Email); o.Email != "" && fault != normal.EmailFine {
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
	l.openings(o.Openings, at+".openings")
	l.sources(o.Source, o, at)
}

func (l *loader) openings(openings []Opening, at string) {
	for i, o := range openings {
		here := fmt.Sprintf("%s[%d]", at, i)
		l.span(o.From, o.To, here+".to")
		if i > 0 && o.From <= openings[i-1].To {
			l.fault(here+".from", "must be after %s, when the opening before ends", openings[i-1].To)
		}
		if len(o.Hours) == 0 {
			l.fault(here+".hours", "there must be at least one")
		}
		for j, h := range o.Hours {
			field := fmt.Sprintf("%s.hours[%d]", here, j)
			l.clocks(h.From, h.To, field)
			if j > 0 && h.From < o.Hours[j-1].To {
				l.fault(field+".from", "must not be before %s, when the hours before end", o.Hours[j-1].To)
			}
		}
	}
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
	for _, f := range CheckHours(spans, around) {
		at := fmt.Sprintf("%s[%d]", field, f.Index)
		if f.Field != "" {
			at += "." + f.Field
		}
		if f.Rule == RuleOverlap {
			l.fault(at, "overlaps with %s[%d] on %s", field, f.Other, spans[f.Index].Weekday)
			continue
		}
		l.fault(at, "%s", f.Message)
	}
}

// clocks checks two times of one day.
func (l *loader) clocks(from, to Clock, at string) {
	for _, f := range (Span{from, to}).check() {
		l.fault(at+"."+f.Field, "%s", f.Message)
	}
}

func (l *loader) within(n, low, high int, field string) {
	if n < low || n > high {
		l.fault(field, "%d is not between %d and %d", n, low, high)
	}
}
