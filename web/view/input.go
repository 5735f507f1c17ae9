package view

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Input is a line of text in a form.
type Input struct {
	ID, Label, Hint, Value string
	Type                   string // "text" unless given
	Complete               string // of HTML's autocomplete; "off" unless given
	Mode                   string // of HTML's inputmode
	Max                    int    // characters; 0: not said
	Optional               bool
}

func (f Input) kind() string     { return cmp.Or(f.Type, "text") }
func (f Input) complete() string { return cmp.Or(f.Complete, "off") }

func (f Input) describedBy(p *Page) string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if p.FaultOf(f.ID) != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

func number(n int) string { return strconv.Itoa(n) }

// titled sets the title of a page that has none.
func (p *Page) titled(title string) *Page {
	if p.Title == "" {
		p.Title = title
	}
	return p
}

func (f Failure) title(p *Page) string {
	switch f.Kind {
	case NotFound:
		return p.T("Diese Seite gibt es nicht", "There is no such page")
	case SignedOut:
		return p.T("Dafür brauchen Sie den Schlüssel zu Ihrem Vorgang", "You need the key of your case for this")
	case Forged:
		return p.T("Das Formular kam nicht von dieser Website", "The form did not come from this website")
	case TooMany:
		return p.T("Zu viele Anfragen", "Too many requests")
	case Unavailable:
		return p.T("Gerade nicht erreichbar", "Not available just now")
	default:
		return p.T("Das hat nicht geklappt", "Something went wrong")
	}
}

func (f Failure) text(p *Page) string {
	switch f.Kind {
	case NotFound:
		return p.T("Vielleicht ist die Adresse unvollständig, oder die Seite wurde verschoben.", "The address may be incomplete, or the page has moved.")
	case SignedOut:
		return p.T("Ihr Browser hat den Schlüssel nicht, oder er gilt nicht mehr. Ihre Angaben sind nicht verloren: Öffnen Sie Ihren Vorgang mit dem Link oder dem Schlüssel, den Sie sich notiert haben.",
			"Your browser doesn't have the key, or it is no longer valid. Nothing that you entered is lost: open your case with the link or the key that you have noted.")
	case Forged:
		return p.T("Zu Ihrem Schutz nehmen wir nur Formulare von dieser Website an. Bitte füllen Sie es hier noch einmal aus.",
			"For your protection we take forms of this website only. Please fill it in again here.")
	case TooMany:
		return p.T(fmt.Sprintf("Aus Ihrem Netz kamen gerade sehr viele Anfragen. Bitte versuchen Sie es in %d Sekunden noch einmal.", f.RetryAfter)+f.again(p),
			fmt.Sprintf("Very many requests came from your network just now. Please try again in %d seconds.", f.RetryAfter)+f.again(p))
	case Unavailable:
		return p.T("Der Dienst antwortet gerade nicht. Bitte versuchen Sie es gleich noch einmal."+f.again(p),
			"The service doesn't answer just now. Please try again in a moment."+f.again(p))
	default:
		return p.T("Der Fehler liegt bei uns und wurde vermerkt."+f.again(p),
			"The mistake is ours and has been noted."+f.again(p))
	}
}

// summaryTitle returns the heading of the summary of faults.
func (p *Page) summaryTitle() string {
	for _, f := range p.Faults {
		if f.Field != "" {
			return p.T("Bitte prüfen Sie Ihre Angaben", "Please check what you entered")
		}
	}
	return p.T("Das ging nicht", "That did not work")
}

// again says how to send a form once more that didn't come through.
func (f Failure) again(p *Page) string {
	if !f.Sent {
		return ""
	}
	return p.T(" Wenn Sie diese Seite neu laden, wird Ihr Formular noch einmal gesendet, mit dem, was Sie eingegeben haben.",
		" If you reload this page, your form is sent once more, with what you entered.")
}

// withError returns what describes a group of fields: its hint, and its error where it has one.
func withError(hint, id, message string) string {
	if message == "" {
		return hint
	}
	return hint + " " + id
}
