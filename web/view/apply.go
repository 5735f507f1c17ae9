package view

import (
	"nelke/web/api"
	"nelke/web/form"
)

// Draft is a draft with its form and the answers so far.
type Draft struct {
	Application *api.ApplicationWhole
	Form        *form.Form
	Answers     form.Answers
}

// Unanswered returns the first section of which nothing is answered yet, else the first of all.
func (d *Draft) Unanswered() int {
	for i, s := range d.Form.Sections() {
		if d.Form.Empty(i, d.Answers) {
			continue
		}
		answered := false
		for _, name := range s.Fields {
			_, has := d.Answers[name]
			answered = answered || has
		}
		if !answered {
			return i
		}
	}
	return 0
}

// shown returns the sections that have something to ask for the answers as they are, by their number from 1.
func (d *Draft) shown() []int {
	var all []int
	for i := range d.Form.Sections() {
		if !d.Form.Empty(i, d.Answers) {
			all = append(all, i+1)
		}
	}
	return all
}

// charged reports whether there is something to pay, or was.
func (d *Draft) charged() bool { return d.Application.Due.Cents > 0 || d.Application.Payment != nil }

// steps returns how many pages an application has: information, notice, the sections, the check page, paying, sending.
func (d *Draft) steps() int {
	n := 2 + len(d.shown()) + 2
	if d.charged() {
		n++
	}
	return n
}

// stepOf returns the number of a section's page.
func (d *Draft) stepOf(section int) int {
	n := 3
	for _, s := range d.shown() {
		if s-1 < section {
			n++
		}
	}
	return n
}

// checkStep is the number of the check page; paying and sending follow it.
func (d *Draft) checkStep() int { return 3 + len(d.shown()) }

// before returns the page before a section's.
func (d *Draft) before(section int) string {
	path := "/antrag/" + d.Application.Id
	last := 0
	for _, s := range d.shown() {
		if s-1 < section {
			last = s
		}
	}
	if last == 0 {
		return path + "/datenschutz"
	}
	return path + "/angaben/" + number(last)
}

// Info is what must be read before applying.
type Info struct {
	Name      string
	Sections  []api.InformationSection
	Documents []string
	Fee       *api.Amount
}

// InformationOf returns what must be read about a service.
func InformationOf(s *api.ServiceWhole) Info {
	i := Info{Name: s.Name, Sections: s.Information, Documents: s.Documents}
	if s.Fee != nil && s.Fee.Amount.Cents > 0 {
		i.Fee = &s.Fee.Amount
	}
	return i
}

// InformationOfDraft returns what must be read about the service of a draft.
func InformationOfDraft(d *Draft) Info {
	s := d.Application.Service
	i := Info{Name: s.Name, Sections: s.Information, Documents: s.Documents}
	if d.Application.Due.Cents > 0 {
		i.Fee = &d.Application.Due
	}
	return i
}

// ApplicationTitle returns the heading of an application's page.
func (p *Page) ApplicationTitle(a *api.ApplicationWhole) string {
	switch a.Status {
	case api.ApplicationStatus_SUBMITTED:
		return p.T("Ihr Antrag ist eingegangen", "We have received your application")
	case api.ApplicationStatus_IN_PROGRESS:
		return p.T("Ihr Antrag wird bearbeitet", "Your application is being worked on")
	case api.ApplicationStatus_WAITING_FOR_APPLICANT:
		return p.T("Wir haben eine Frage an Sie", "We have a question for you")
	case api.ApplicationStatus_COMPLETED:
		return p.T("Ihr Antrag ist erledigt", "Your application is done")
	case api.ApplicationStatus_REJECTED:
		return p.T("Ihr Antrag wurde abgelehnt", "Your application was turned down")
	case api.ApplicationStatus_WITHDRAWN:
		return p.T("Sie haben den Antrag zurückgezogen", "You have withdrawn the application")
	case api.ApplicationStatus_EXPIRED:
		return p.T("Der Entwurf ist abgelaufen", "The draft has expired")
	default:
		return p.T("Ihr Antrag", "Your application")
	}
}

// Asked returns the id of the question that waits for an answer; "" where none does.
func Asked(a *api.ApplicationWhole) string {
	if q := open(a); q != nil {
		return q.Id
	}
	return ""
}

// open returns the question that waits for an answer; nil where none does.
func open(a *api.ApplicationWhole) *api.Question {
	for i := range a.Requests {
		if q := &a.Requests[i]; q.AnsweredAt == nil && q.WithdrawnAt == nil {
			return q
		}
	}
	return nil
}

// withdrawable reports whether the person may still end an application.
func withdrawable(a *api.ApplicationWhole) bool {
	switch a.Status {
	case api.ApplicationStatus_SUBMITTED, api.ApplicationStatus_IN_PROGRESS, api.ApplicationStatus_WAITING_FOR_APPLICANT:
		return true
	}
	return false
}

// PaymentTitle returns the heading of the page of a payment.
func (p *Page) PaymentTitle(s api.PaymentStatus) string {
	switch s {
	case api.PaymentStatus_PAID:
		return p.T("Bezahlt", "Paid")
	case api.PaymentStatus_CREATED:
		return p.T("Wir verbinden Sie mit der Bezahlseite", "Connecting you to the payment page")
	case api.PaymentStatus_PENDING:
		return p.T("Die Bezahlung ist noch offen", "The payment is not completed yet")
	case api.PaymentStatus_REFUND_DUE, api.PaymentStatus_REFUNDED:
		return p.T("Ihr Geld geht zurück", "Your money will be refunded")
	default:
		return p.T("Die Bezahlung hat nicht geklappt", "The payment did not work")
	}
}

// timeline returns the states that an application goes through, with when it reached each.
func timeline(p *Page, a *api.ApplicationWhole) []stage {
	stages := []stage{{p.T("Begonnen", "Begun"), p.At(a.StartedAt), true}}
	if a.SubmittedAt != nil {
		stages = append(stages, stage{p.T("Eingegangen", "Received"), p.At(*a.SubmittedAt), true})
	}
	switch {
	case a.EndedAt != nil:
		stages = append(stages, stage{p.ApplicationTitle(a), p.At(*a.EndedAt), true})
	case a.Status == api.ApplicationStatus_IN_PROGRESS || a.Status == api.ApplicationStatus_WAITING_FOR_APPLICANT:
		stages = append(stages, stage{p.ApplicationTitle(a), "", true})
	}
	if a.EndedAt == nil && a.Deadline != nil {
		stages = append(stages, stage{p.T("Fertig", "Done"), p.T("voraussichtlich bis ", "expected by ") + p.ShortDate(*a.Deadline), false})
	}
	return stages
}

type stage struct {
	Name, When string
	Reached    bool
}

// missing reports whether answers are still missing.
func missing(d *Draft) bool {
	for _, s := range d.Application.OpenSteps {
		if s == api.ApplicationStep_ANSWER {
			return true
		}
	}
	return false
}

// bookedUnder returns what follows an amount: the reference under which the town has booked it; "" without one.
func bookedUnder(p *Page, reference *string) string {
	if reference == nil {
		return ""
	}
	return ", " + p.T("Kassenzeichen ", "reference ") + *reference
}

// tracking returns what follows the day of dispatch: the number under which the post finds it; "" without one.
func tracking(p *Page, number *string) string {
	if number == nil {
		return ""
	}
	return ", " + p.T("Sendungsnummer ", "tracking number ") + *number
}
