package view

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"nelke/web/api"
)

//nolint:gochecknoglobals // names, never changed
var (
	weekdayNames = map[string][]string{
		"de": {"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
		"en": {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
	}
	monthNames = map[string][]string{
		"de": {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
		"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	}
)

// Date returns a day in words: "Dienstag, 8. Dezember 2026".
func (p *Page) Date(t time.Time) string {
	return p.Day(t) + " " + strconv.Itoa(t.Year())
}

// Day returns a day without its year: "Dienstag, 8. Dezember".
func (p *Page) Day(t time.Time) string {
	day, month := weekdayNames[p.Lang][t.Weekday()], monthNames[p.Lang][t.Month()-1]
	if p.Lang == "en" {
		return fmt.Sprintf("%s, %d %s", day, t.Day(), month)
	}
	return fmt.Sprintf("%s, %d. %s", day, t.Day(), month)
}

// ShortDate returns a date without its weekday: "8. Dezember 2026".
func (p *Page) ShortDate(t time.Time) string {
	_, date, _ := strings.Cut(p.Date(t), ", ")
	return date
}

// Month returns a month: "Dezember 2026".
func (p *Page) Month(t time.Time) string {
	return monthNames[p.Lang][t.Month()-1] + " " + strconv.Itoa(t.Year())
}

// Weekday returns the name of a day of the week.
func (p *Page) Weekday(d time.Weekday) string { return weekdayNames[p.Lang][d] }

// Clock returns a time of day as it is written: "9:20 Uhr", "9:20 am", on one line.
func (p *Page) Clock(t time.Time) string {
	return p.T(strings.TrimPrefix(t.Format("15:04"), "0")+"\u00a0Uhr", t.Format("3:04\u00a0pm"))
}

// Spoken returns a time in full, as the name of a button: "Dienstag, 8. Dezember, 9:20 Uhr". What the button shows is part of it, so that whoever speaks
// to the browser can say what they see.
func (p *Page) Spoken(t time.Time) string {
	return p.Day(t) + ", " + strings.ReplaceAll(p.Clock(t), "\u00a0", " ")
}

// At returns a day and a time: "Dienstag, 8. Dezember 2026, 9:20 Uhr".
func (p *Page) At(t time.Time) string { return p.Date(t) + ", " + p.Clock(t) }

// DateOf returns a date of the graph, such as 2026-12-08, in words; the text itself where it is none.
func (p *Page) DateOf(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return p.ShortDate(t)
}

// Money returns an amount: "9,00 €".
func (p *Page) Money(m api.Amount) string {
	whole := fmt.Sprintf("%d.%02d", m.Cents/100, m.Cents%100)
	if p.Lang == "en" {
		if m.Currency == "EUR" {
			return "€" + whole
		}
		return whole + " " + m.Currency
	}
	whole = strings.Replace(whole, ".", ",", 1)
	if m.Currency == "EUR" {
		return whole + "\u00a0€"
	}
	return whole + "\u00a0" + m.Currency
}

// Phone returns a phone number as people read it: +4952355040 is 05235 5040 only where the area code is known, so the number stays
// whole, with a space after the country's code.
func Phone(number string) string {
	if strings.HasPrefix(number, "+49") {
		return "+49 " + number[3:]
	}
	return number
}

//nolint:gochecknoglobals // never changed, and safe for concurrent use
var markdown = goldmark.New(goldmark.WithExtensions(extension.Linkify))

// heading finds the headings of rendered Markdown.
var heading = regexp.MustCompile(`(</?h)([1-6])`)

// Markdown renders a text of the town. HTML in it is left out. Its highest headings get a level, below that of what stands above the text.
func Markdown(text string, level int) templ.Component {
	var out strings.Builder
	if err := markdown.Convert([]byte(text), &out); err != nil {
		return templ.Raw("<p>" + html.EscapeString(text) + "</p>")
	}
	highest := 6
	for _, found := range heading.FindAllStringSubmatch(out.String(), -1) {
		highest = min(highest, int(found[2][0]-'0'))
	}
	return templ.Raw(heading.ReplaceAllStringFunc(out.String(), func(tag string) string {
		n := int(tag[len(tag)-1]-'0') - highest + level
		return tag[:len(tag)-1] + strconv.Itoa(min(n, 6))
	}))
}

// Method returns the name of a way to pay.
func (p *Page) Method(m api.PaymentMethod) string {
	switch m {
	case api.PaymentMethod_CREDIT_CARD:
		return p.T("Kreditkarte", "Credit card")
	case api.PaymentMethod_PAYPAL:
		return "PayPal"
	case api.PaymentMethod_WERO:
		return "Wero"
	case api.PaymentMethod_GIROPAY:
		return "giropay"
	case api.PaymentMethod_PAYDIREKT:
		return "paydirekt"
	}
	return string(m)
}

// Reason returns why a day or a time isn't offered, as a sentence.
func (p *Page) Reason(reason api.UnavailableReason) string {
	switch reason {
	case api.UnavailableReason_CLOSED:
		return p.T("Geschlossen", "Closed")
	case api.UnavailableReason_HOLIDAY:
		return p.T("Feiertag", "Public holiday")
	case api.UnavailableReason_FULL:
		return p.T("Alle Termine vergeben", "Fully booked")
	case api.UnavailableReason_TOO_SOON:
		return p.T("Online nicht mehr buchbar", "Too late to book online")
	case api.UnavailableReason_TOO_FAR:
		return p.T("Noch nicht freigegeben", "Not open for booking yet")
	case api.UnavailableReason_NO_QUALIFIED_COUNTER:
		return p.T("Kein Schalter bedient alle Anliegen zusammen", "No counter serves all the concerns together")
	default:
		return p.T("Nicht verfügbar", "Not available")
	}
}
