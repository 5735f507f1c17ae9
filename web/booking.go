package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"nelke/web/api"
	"nelke/web/view"
)

// held is the page on which a person says who comes, while the time is theirs.
func (v *visit) held() error {
	v.look = look{page: api.VisitPage_BOOK}
	a, err := v.heldAppointment(v.r.PathValue("id"))
	if err != nil || a == nil {
		return err
	}
	return v.askPerson(http.StatusOK, a, &view.Person{}, nil)
}

// heldAppointment returns a held appointment of the visitor. For one in another state it answers the request itself and returns nil.
func (v *visit) heldAppointment(id string) (*api.AppointmentWhole, error) {
	a, err := v.ownAppointment(id)
	if err != nil {
		return nil, err
	}
	switch a.Status {
	case api.AppointmentStatus_HELD:
		return a, nil
	case api.AppointmentStatus_EXPIRED:
		return nil, v.holdEnded(a)
	case api.AppointmentStatus_CANCELED:
		return nil, v.see("/termin")
	default:
		return nil, v.see("/vorgang/termin/" + id)
	}
}

func (v *visit) ownAppointment(id string) (*api.AppointmentWhole, error) {
	if v.caseKey() == "" {
		return nil, errNoCase
	}
	read, err := api.Appointment(v.r.Context(), v.own(), id)
	if err != nil {
		return nil, err
	}
	if read.Appointment == nil || read.Appointment.Office.Municipality.Slug != v.slug {
		return nil, errNotFound
	}
	return read.Appointment, nil
}

// holdEnded shows that the reservation has run out: what was typed is kept, and the nearest times stand beside it.
func (v *visit) holdEnded(a *api.AppointmentWhole) error {
	q, err := v.wants(view.ConcernsOf(a))
	if err != nil {
		return err
	}
	if q.office == nil || len(q.concerns) == 0 { // neither is offered any more
		return v.see("/termin")
	}
	calendar, err := v.calendar(q)
	if err != nil {
		return err
	}
	p := v.frame(v.t("Ihre Reservierung ist abgelaufen", "Your reservation has run out")).With(&q.town.TownFrame)
	t := v.timesOf(q, calendar, "", "")
	t.Typed = typedPerson(v.r.PostForm)
	t.Nearest(a.Start)
	return v.show(http.StatusGone, view.HoldEnded(p, t))
}

func (v *visit) askPerson(status int, a *api.AppointmentWhole, person *view.Person, faults []view.Fault) error {
	p, err := v.framed(v.t("Wer kommt zum Termin?", "Who is coming?"))
	if err != nil {
		return err
	}
	p.Faults = faults
	return v.show(status, view.AskPerson(p, a, person))
}

// framed returns the frame of a page with what the town says of itself.
func (v *visit) framed(title string) (*view.Page, error) {
	read, err := api.Town(v.r.Context(), v.public(), v.slug)
	if err != nil {
		return nil, err
	}
	if read.Municipality == nil {
		return nil, errNotFound
	}
	return v.frame(title).With(read.Municipality), nil
}

// typedPerson returns what a form says about the person; nil where it says nothing.
func typedPerson(form url.Values) *view.Person {
	if !form.Has("familyName") {
		return nil
	}
	return &view.Person{
		GivenName: form.Get("givenName"), FamilyName: form.Get("familyName"), Email: strings.TrimSpace(form.Get("email")),
		Phone: strings.TrimSpace(form.Get("phone")), Reminder: form.Get("reminder") != "",
	}
}

// takePerson takes what the person typed and shows it for a last look.
func (v *visit) takePerson() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	typed := typedPerson(v.r.PostForm)
	if typed == nil {
		typed = &view.Person{}
	}
	a, err := v.heldAppointment(v.r.PathValue("id"))
	if err != nil || a == nil {
		return err
	}
	if faults := v.personFaults(typed); len(faults) > 0 {
		return v.askPerson(http.StatusUnprocessableEntity, a, typed, faults)
	}
	if v.r.PostForm.Has("aendern") {
		return v.askPerson(http.StatusOK, a, typed, nil)
	}
	return v.check(a, typed)
}

func (v *visit) personFaults(p *view.Person) (faults []view.Fault) {
	if strings.TrimSpace(p.GivenName+p.FamilyName) == "" {
		faults = append(faults, view.Fault{Field: "familyName", Message: v.t("Bitte geben Sie einen Namen an.", "Please give a name.")})
	}
	if p.Reminder && p.Email == "" {
		faults = append(faults, view.Fault{Field: "email", Message: v.t("Für die Erinnerung brauchen wir Ihre E-Mail-Adresse.", "We need your e-mail address for the reminder.")})
	}
	return faults
}

func (v *visit) check(a *api.AppointmentWhole, typed *view.Person) error {
	p, err := v.framed(v.t("Bitte prüfen Sie Ihre Angaben", "Please check your details"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, view.CheckBooking(p, a, typed))
}

// book makes the reservation an appointment.
func (v *visit) book() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	id := v.r.PathValue("id")
	a, err := v.ownAppointment(id)
	if err != nil {
		return err
	}
	typed := typedPerson(v.r.PostForm)
	switch {
	case a.Status == api.AppointmentStatus_BOOKED:
		return v.see("/vorgang/termin/" + id)
	case a.Status == api.AppointmentStatus_EXPIRED:
		return v.holdEnded(a)
	case typed == nil:
		return v.see("/reservierung/" + id)
	}
	done, err := api.BookAppointment(v.r.Context(), v.own(), v.idempotencyKey(v.r.PostForm, "bookAppointment"), id,
		v.r.PostForm.Get("notice"), typed.Input(), typed.Reminder)
	if err != nil {
		return err
	}
	problems := done.BookAppointment.Problems
	if len(problems) == 0 {
		return v.see("/vorgang/termin/" + id)
	}
	if problems[0].GetCode() == api.ProblemCode_HOLD_EXPIRED {
		return v.holdEnded(a)
	}
	return v.askPerson(v.statusOf(problems[0]), a, typed, personProblems(problems))
}

// personProblems places the graph's problems beside the fields of the person.
func personProblems(problems []api.Problem) (faults []view.Fault) {
	for _, problem := range problems {
		f := view.Fault{Message: problem.GetMessage()}
		if path := problem.GetPath(); len(path) > 0 {
			switch name := path[len(path)-1]; name {
			case "givenName", "familyName", "email", "phone":
				f.Field = name
			case "person":
				f.Field = "familyName"
			}
		}
		faults = append(faults, f)
	}
	return faults
}

// extend keeps a held time longer, and shows the page again with what was typed.
func (v *visit) extend() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	id := v.r.PathValue("id")
	if v.caseKey() == "" {
		return errNoCase
	}
	done, err := api.ExtendHold(v.r.Context(), v.own(), v.idempotencyKey(v.r.PostForm, "extendHold"), id)
	if err != nil {
		return err
	}
	a, err := v.heldAppointment(id)
	if err != nil || a == nil {
		return err
	}
	typed := cmp.Or(typedPerson(v.r.PostForm), &view.Person{})
	if problems := done.ExtendHold.Problems; len(problems) > 0 {
		return v.askPerson(v.statusOf(problems[0]), a, typed, []view.Fault{{Message: problems[0].GetMessage()}})
	}
	if v.r.PostForm.Get("seite") == "pruefen" {
		return v.check(a, typed)
	}
	return v.askPerson(http.StatusOK, a, typed, nil)
}

// release gives a held time back and shows the free times, with what was typed. A problem is shown on the page of the reservation.
func (v *visit) release() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	if v.caseKey() == "" {
		return errNoCase
	}
	id := v.r.PathValue("id")
	done, err := api.ReleaseHold(v.r.Context(), v.own(), v.idempotencyKey(v.r.PostForm, "releaseHold"), id)
	if err != nil {
		return err
	}
	typed := typedPerson(v.r.PostForm)
	if problems := done.ReleaseHold.Problems; len(problems) > 0 {
		a, err := v.heldAppointment(id)
		if err != nil || a == nil {
			return err
		}
		return v.askPerson(v.statusOf(problems[0]), a, cmp.Or(typed, &view.Person{}), []view.Fault{{Message: problems[0].GetMessage()}})
	}
	a, err := v.ownAppointment(id)
	if err != nil {
		return err
	}
	if typed == nil || *typed == (view.Person{}) {
		return v.redirect(v.url("/termin/zeiten") + "?" + view.ConcernsOf(a).Encode())
	}
	q, err := v.wants(view.ConcernsOf(a))
	if err != nil {
		return err
	}
	return v.showTimes(http.StatusOK, q, nil, typed)
}

// released is where the links of the free times lead that were shown as the answer to a release.
func (v *visit) released() error {
	if v.r.URL.Query().Has("dienst") {
		return v.redirect(v.url("/termin/zeiten") + "?" + v.r.URL.RawQuery)
	}
	return v.see("/reservierung/" + v.r.PathValue("id"))
}
