package view

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"nelke/web/api"
)

// stamp names an instant in ids of elements.
func stamp(t time.Time) string { return t.UTC().Format("200601021504") }

func weekdayAt(i int) time.Weekday { return time.Weekday((i + 1) % 7) }

func chosenOf(chosen []Concern, slug string) bool {
	return slices.ContainsFunc(chosen, func(c Concern) bool { return c.Slug == slug })
}

// here returns the address of this page of times from another day on, or as a month.
func here(f *FreeTimes, day string, month bool) templ.SafeURL {
	query := url.Values{}
	for name, values := range f.Query {
		query[name] = values
	}
	if day != "" {
		query.Set("ab", day)
	}
	if month {
		query.Set("ansicht", "monat")
	}
	return templ.SafeURL("?" + query.Encode())
}

// Chosen returns concerns as they stand in addresses: dienst=personalausweis:2.
func Chosen(concerns []Concern) url.Values {
	query := url.Values{}
	for _, c := range concerns {
		query.Add("dienst", ConcernText(c.Slug, c.Quantity))
	}
	return query
}

// ConcernsOf returns an appointment's concerns and office as they stand in addresses.
func ConcernsOf(a *api.AppointmentWhole) url.Values {
	query := url.Values{"buero": {a.Office.Slug}}
	for _, c := range a.Concerns {
		query.Add("dienst", ConcernText(c.Service.Slug, c.Quantity))
	}
	return query
}

// beforeTimes returns the page before that of the free times: where a concern can be had more than once, that of the quantities.
func beforeTimes(p *Page, concerns []Concern) string {
	page := "/termin"
	if slices.ContainsFunc(concerns, func(c Concern) bool { return c.Most > 1 }) {
		page = "/termin/anzahl"
	}
	return p.URL(page) + "?" + Chosen(concerns).Encode()
}

// beforeDay returns what stands before the number in the name of a day: "Dienstag, ".
func beforeDay(p *Page, date time.Time) string {
	before, _, _ := strings.Cut(p.Day(date), number(date.Day()))
	return before
}

// afterDay returns what stands after the number in the name of a day, and what parts it from the times: ". Dezember, ".
func afterDay(p *Page, date time.Time) string {
	_, after, _ := strings.Cut(p.Day(date), number(date.Day()))
	return after + ", "
}

// freeTimes returns what stands after a number of free times.
func freeTimes(p *Page, n int) string {
	if n == 1 {
		return p.T(" freie Zeit", " free time")
	}
	return p.T(" freie Zeiten", " free times")
}

func name(t *Person) string { return strings.TrimSpace(t.GivenName + " " + t.FamilyName) }

func dash(p *Page, s string) string {
	if s == "" {
		return p.T("nicht angegeben", "not given")
	}
	return s
}

func yesNo(p *Page, yes bool) string {
	if yes {
		return p.T("ja", "yes")
	}
	return p.T("nein", "no")
}

// lower returns a language as HTML writes it.
func lower(l api.Language) string { return strings.ToLower(string(l)) }

// today reports whether a date is the present day in a zone.
func today(p *Page, zone string, date time.Time) bool {
	at, err := time.LoadLocation(zone)
	return err == nil && p.Now.In(at).Format(time.DateOnly) == date.Format(time.DateOnly)
}

// satisfaction returns the words for a rating from 1 to 5.
func satisfaction(p *Page, n int) string {
	return []string{
		p.T("sehr unzufrieden", "very dissatisfied"), p.T("unzufrieden", "dissatisfied"), p.T("teils, teils", "neither"), p.T("zufrieden", "satisfied"),
		p.T("sehr zufrieden", "very satisfied"),
	}[n-1]
}

func feedbackQuestion(p *Page, about string) string {
	if about == "barriere" {
		return p.T("Woran sind Sie gescheitert?", "What kept you from going on?")
	}
	return p.T("Was können wir besser machen?", "What can we do better?")
}
