package view

import (
	"encoding/base64"
	"slices"
	"strings"

	"rsc.io/qr"

	"nelke/web/api"
)

// application is a line of a case with where it leads.
type application struct{ *api.ApplicationLine }

// path returns the page of an application: the next step of a draft, else what became of it.
func (a application) path() string {
	if a.Status == api.ApplicationStatus_DRAFT {
		return "/antrag/" + a.Id
	}
	return "/vorgang/antrag/" + a.Id
}

// asked reports whether a question of the office waits for an answer.
func (a application) asked() bool {
	return slices.ContainsFunc(a.Requests, func(r api.ApplicationLineRequestsInformationRequest) bool {
		return r.AnsweredAt == nil && r.WithdrawnAt == nil
	})
}

func applications(c *api.CaseWhole) []application {
	var all []application
	for i := range c.ApplicationConnection.Nodes {
		all = append(all, application{&c.ApplicationConnection.Nodes[i]})
	}
	return all
}

// appointments returns those that are or were booked, and those that are held.
func appointments(c *api.CaseWhole) []api.AppointmentLine {
	return slices.DeleteFunc(slices.Clone(c.AppointmentConnection.Nodes), func(a api.AppointmentLine) bool {
		return a.Status == api.AppointmentStatus_EXPIRED
	})
}

// concernNames returns what an appointment is for, on one line.
func concernNames(a api.AppointmentLine) string {
	var names []string
	for _, c := range a.Concerns {
		names = append(names, c.Service.Name)
	}
	return strings.Join(names, ", ")
}

// over reports whether an appointment has come to nothing.
func over(a *api.AppointmentWhole) bool {
	switch a.Status {
	case api.AppointmentStatus_CANCELED, api.AppointmentStatus_NO_SHOW, api.AppointmentStatus_EXPIRED:
		return true
	}
	return false
}

// documents returns what to bring to an appointment, each once.
func documents(a *api.AppointmentWhole) []string {
	var all []string
	for _, c := range a.Concerns {
		for _, d := range c.Service.Documents {
			if !slices.Contains(all, d) {
				all = append(all, d)
			}
		}
	}
	return all
}

// qrCode returns a QR code as an image in an address; "" where the text is too long for one.
func qrCode(text string) string {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return ""
	}
	code.Scale = 4
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG())
}

// AppointmentTitle returns the heading of an appointment's page.
func (p *Page) AppointmentTitle(a *api.AppointmentWhole) string {
	switch a.Status {
	case api.AppointmentStatus_BOOKED:
		return p.T("Ihr Termin ist gebucht", "Your appointment is booked")
	case api.AppointmentStatus_CHECKED_IN:
		return p.T("Sie sind angemeldet. Bitte warten Sie kurz", "You have checked in. Please wait a moment")
	case api.AppointmentStatus_CALLED:
		return p.T("Bitte kommen Sie jetzt", "Please come now")
	case api.AppointmentStatus_COMPLETED:
		return p.T("Ihr Termin ist erledigt", "Your appointment is over")
	case api.AppointmentStatus_NO_SHOW:
		return p.T("Sie waren nicht beim Termin", "You did not come to the appointment")
	case api.AppointmentStatus_CANCELED:
		return p.T("Ihr Termin ist abgesagt", "Your appointment is cancelled")
	case api.AppointmentStatus_EXPIRED:
		return p.T("Ihre Reservierung ist abgelaufen", "Your reservation has run out")
	default:
		return p.T("Ihre Reservierung", "Your reservation")
	}
}

// AppointmentStatus returns the state of an appointment in a word or two.
func (p *Page) AppointmentStatus(s api.AppointmentStatus) string {
	switch s {
	case api.AppointmentStatus_HELD:
		return p.T("reserviert", "reserved")
	case api.AppointmentStatus_BOOKED:
		return p.T("gebucht", "booked")
	case api.AppointmentStatus_CHECKED_IN:
		return p.T("angemeldet", "checked in")
	case api.AppointmentStatus_CALLED:
		return p.T("aufgerufen", "called")
	case api.AppointmentStatus_COMPLETED:
		return p.T("erledigt", "done")
	case api.AppointmentStatus_CANCELED:
		return p.T("abgesagt", "cancelled")
	case api.AppointmentStatus_NO_SHOW:
		return p.T("nicht erschienen", "did not come")
	default:
		return p.T("abgelaufen", "expired")
	}
}

// ApplicationStatus returns the state of an application in a word or two.
func (p *Page) ApplicationStatus(s api.ApplicationStatus) string {
	switch s {
	case api.ApplicationStatus_DRAFT:
		return p.T("Entwurf", "draft")
	case api.ApplicationStatus_SUBMITTED:
		return p.T("eingegangen", "received")
	case api.ApplicationStatus_IN_PROGRESS:
		return p.T("in Bearbeitung", "being worked on")
	case api.ApplicationStatus_WAITING_FOR_APPLICANT:
		return p.T("Rückfrage an Sie", "question for you")
	case api.ApplicationStatus_COMPLETED:
		return p.T("erledigt", "done")
	case api.ApplicationStatus_REJECTED:
		return p.T("abgelehnt", "turned down")
	case api.ApplicationStatus_WITHDRAWN:
		return p.T("zurückgezogen", "withdrawn")
	default:
		return p.T("abgelaufen", "expired")
	}
}
