package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"nelke/web/api"
	"nelke/web/view"
)

// daysShown is how many days the times of an office are read for: as many as the graph gives at once.
const daysShown = 62

// wanted is what a visit is for, and where.
type wanted struct {
	town     *api.ConcernsMunicipality
	office   *api.OfficeChoice
	concerns []view.Concern
}

// inputs returns the concerns as the graph takes them.
func (q *wanted) inputs() []api.ConcernInput {
	all := make([]api.ConcernInput, len(q.concerns))
	for i, c := range q.concerns {
		all[i] = api.ConcernInput{Service: c.ID, Quantity: c.Quantity}
	}
	return all
}

// query returns the concerns as they stand in addresses: dienst=personalausweis:2.
func (q *wanted) query() url.Values {
	values := url.Values{}
	for _, c := range q.concerns {
		values.Add("dienst", view.ConcernText(c.Slug, c.Quantity))
	}
	if q.office != nil && len(q.town.Offices) > 1 {
		values.Set("buero", q.office.Slug)
	}
	return values
}

// wants reads the concerns and the office of an address or a form. Concerns that the town doesn't offer are left out; the office is nil
// where there are several and none is named.
func (v *visit) wants(form url.Values) (*wanted, error) {
	read, err := api.Concerns(v.r.Context(), v.public(), v.slug)
	if err != nil {
		return nil, err
	}
	if read.Municipality == nil {
		return nil, errNotFound
	}
	q := &wanted{town: read.Municipality}
	for _, text := range form["dienst"] {
		slug, count, _ := strings.Cut(text, ":")
		for _, s := range q.town.Services.Nodes {
			if s.Slug != slug || slices.ContainsFunc(q.concerns, func(c view.Concern) bool { return c.Slug == slug }) {
				continue
			}
			quantity, err := strconv.Atoi(form.Get("anzahl-" + slug))
			if err != nil {
				quantity, err = strconv.Atoi(count)
			}
			if err != nil {
				quantity = 1
			}
			q.concerns = append(q.concerns, view.Concern{
				ID: s.Id, Slug: s.Slug, Name: s.Name, Minutes: value(s.AppointmentMinutes), Most: s.MaxQuantity, Quantity: min(max(quantity, 1), s.MaxQuantity),
			})
		}
	}
	q.office = officeOf(q, form.Get("buero"))
	return q, nil
}

// officeOf returns the office with a slug, or the only one that serves all the concerns.
func officeOf(q *wanted, slug string) *api.OfficeChoice {
	var serving []*api.OfficeChoice
	for i := range q.town.Offices {
		o := &q.town.Offices[i]
		if o.Slug == slug {
			return o
		}
		if serves(o, q.concerns) {
			serving = append(serving, o)
		}
	}
	if len(serving) == 1 || len(q.town.Offices) == 1 {
		return append(serving, &q.town.Offices[0])[0]
	}
	return nil
}

// serves reports whether one counter of an office serves all the concerns.
func serves(o *api.OfficeChoice, concerns []view.Concern) bool {
	return slices.ContainsFunc(o.Counters, func(c api.OfficeChoiceCountersCounter) bool {
		for _, concern := range concerns {
			if !slices.ContainsFunc(c.Services, func(s api.OfficeChoiceCountersCounterServicesPublicService) bool { return s.Slug == concern.Slug }) {
				return false
			}
		}
		return true
	})
}

// concerns is the first question of a booking: what for?
func (v *visit) concerns() error {
	v.look = look{page: api.VisitPage_BOOK}
	return v.publish(func() (templ.Component, error) {
		q, err := v.wants(v.r.URL.Query())
		if err != nil {
			return nil, err
		}
		return v.askConcerns(q, false), nil
	})
}

func (v *visit) askConcerns(q *wanted, none bool) templ.Component {
	p := v.frame(v.t("Wofür brauchen Sie einen Termin?", "What do you need an appointment for?")).With(&q.town.TownFrame)
	p.Summary = v.t("Termin im Bürgerbüro buchen", "Book an appointment at the citizens' office")
	if none {
		p.Faults = []view.Fault{{Field: "dienst", Message: v.t("Bitte wählen Sie mindestens ein Anliegen.", "Please choose at least one concern.")}}
	}
	return view.Concerns(p, q.town.Services.Nodes, q.concerns)
}

// concern is a booking's beginning from a link with the concern in it.
func (v *visit) concern() error {
	v.w.Header().Set("Cache-Control", "no-store")
	http.Redirect(v.w, v.r, v.url("/termin/anzahl")+"?"+url.Values{"dienst": {v.r.PathValue("service")}}.Encode(), http.StatusFound)
	return nil
}

// quantities asks for how many people or documents, where one of the concerns can be had more than once.
func (v *visit) quantities() error {
	v.look = look{page: api.VisitPage_BOOK}
	q, err := v.wants(v.r.URL.Query())
	if err != nil {
		return err
	}
	if len(q.concerns) == 0 {
		return v.show(http.StatusOK, v.askConcerns(q, v.r.URL.Query().Has("gefragt")))
	}
	if !slices.ContainsFunc(q.concerns, func(c view.Concern) bool { return c.Most > 1 }) {
		v.w.Header().Set("Cache-Control", "no-store")
		http.Redirect(v.w, v.r, v.url("/termin/zeiten")+"?"+q.query().Encode(), http.StatusFound)
		return nil
	}
	p := v.frame(v.t("Für wie viele?", "For how many?")).With(&q.town.TownFrame)
	return v.show(http.StatusOK, view.Quantities(p, q.concerns))
}

// times is the page of free times.
func (v *visit) times() error {
	v.look = look{page: api.VisitPage_BOOK}
	q, err := v.wants(v.r.URL.Query())
	if err != nil {
		return err
	}
	if len(q.concerns) == 0 {
		return v.show(http.StatusOK, v.askConcerns(q, true))
	}
	return v.showTimes(http.StatusOK, q, nil, nil)
}

// showTimes shows the free times, after a problem where there was one; typed is what the person has entered already.
func (v *visit) showTimes(status int, q *wanted, p *view.Page, typed *view.Person) error {
	if p == nil {
		p = v.frame("")
	}
	p.Town, p.Title = &q.town.TownFrame, v.t("Wann passt es Ihnen?", "When does it suit you?")
	if q.office == nil {
		return v.show(status, view.Offices(p, q.town.Offices, q.query()))
	}
	calendar, err := v.calendar(q)
	if err != nil {
		return err
	}
	t := v.timesOf(q, calendar, v.r.FormValue("ab"), v.r.FormValue("ansicht"))
	t.Typed = typed
	return v.show(status, view.Times(p, t))
}

func (v *visit) calendar(q *wanted) (*api.Calendar, error) {
	read, err := api.Times(v.r.Context(), v.public(), q.office.Id, q.inputs(), nil, daysShown)
	if err != nil {
		return nil, err
	}
	if read.Availability == nil {
		return nil, &GraphError{Code: "UNAVAILABLE", Message: "no availability"}
	}
	return read.Availability, nil
}

func (v *visit) timesOf(q *wanted, calendar *api.Calendar, from, form string) *view.FreeTimes {
	query := q.query()
	return &view.FreeTimes{
		Office: q.office.OfficePlace, Concerns: q.concerns, Query: query, Calendar: view.NewCalendar(calendar, from), Month: form == "monat",
		Zone: q.town.TimeZone, Action: "/termin/zeiten", Live: "/termin/zeiten/live?" + query.Encode() + "&ab=" + url.QueryEscape(from) + "&ansicht=" + url.QueryEscape(form),
	}
}

// hold reserves a time, and opens a case for the person who has none.
func (v *visit) hold() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	q, err := v.wants(v.r.PostForm)
	if err != nil {
		return err
	}
	start, err := time.Parse(time.RFC3339, v.r.PostForm.Get("start"))
	if err != nil || q.office == nil || len(q.concerns) == 0 {
		return v.showTimes(http.StatusUnprocessableEntity, q, nil, nil)
	}
	if problem, err := v.haveCase(); err != nil || problem != nil {
		return v.refusedTimes(q, problem, err)
	}
	key := v.idempotencyKey(url.Values{"key": v.r.PostForm["key"], "start": v.r.PostForm["start"], "dienst": v.r.PostForm["dienst"]}, "holdSlot")
	done, err := api.HoldSlot(v.r.Context(), v.own(), key, q.office.Id, start, q.inputs())
	if err != nil {
		return err
	}
	if len(done.HoldSlot.Problems) > 0 {
		return v.refusedTimes(q, done.HoldSlot.Problems[0], nil)
	}
	id := done.HoldSlot.Appointment.Id
	if typed := typedPerson(v.r.PostForm); typed != nil {
		return v.checkOf(id, typed)
	}
	return v.see("/reservierung/" + id)
}

// refusedTimes shows the free times again, with why the one that was chosen can't be had.
func (v *visit) refusedTimes(q *wanted, problem api.Problem, err error) error {
	if err != nil {
		return err
	}
	p := v.frame("")
	p.Faults = []view.Fault{{Message: problem.GetMessage()}}
	return v.showTimes(statusOf(problem), q, p, typedPerson(v.r.PostForm))
}

// statusOf returns the status of a page that shows a problem.
func statusOf(problem api.Problem) int {
	switch problem.GetCode() {
	case api.ProblemCode_RATE_LIMITED:
		return http.StatusTooManyRequests
	case api.ProblemCode_NOT_FOUND:
		return http.StatusNotFound
	case api.ProblemCode_INVALID_INPUT, api.ProblemCode_ANSWERS_INVALID:
		return http.StatusUnprocessableEntity
	default:
		return http.StatusConflict
	}
}

// haveCase opens a case under the key that the form brought, unless the browser has one. It returns the problem that kept it.
func (v *visit) haveCase() (api.Problem, error) {
	if v.caseKey() != "" {
		return nil, nil
	}
	key := v.r.PostForm.Get("case")
	if !caseKeyForm.MatchString(key) {
		key = newCaseKey()
	}
	c := v.public()
	c.made = nil
	language := api.Language_DE
	if v.lang == "en" {
		language = api.Language_EN
	}
	done, err := api.OpenCase(v.r.Context(), c, v.idempotencyKey(url.Values{"case": {key}}, "openCase"), v.slug, key, language)
	if err != nil {
		return nil, err
	}
	if len(done.OpenCase.Problems) > 0 {
		return done.OpenCase.Problems[0], nil
	}
	v.remember(key, false)
	return nil, nil
}

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
	q, err := v.wants(concernsOf(a))
	if err != nil {
		return err
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

func (v *visit) checkOf(id string, typed *view.Person) error {
	a, err := v.heldAppointment(id)
	if err != nil || a == nil {
		return err
	}
	return v.check(a, typed)
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
		a.Office.Municipality.PrivacyNotice.Id, typed.Input(), typed.Reminder)
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
	return v.askPerson(statusOf(problems[0]), a, typed, personProblems(problems))
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

// extend keeps a held time longer.
func (v *visit) extend() error {
	return v.writeHeld("extendHold", func(ctx context.Context, key, id string) ([]api.Problem, error) {
		done, err := api.ExtendHold(ctx, v.own(), key, id)
		if err != nil {
			return nil, err
		}
		return done.ExtendHold.Problems, nil
	}, "/reservierung/"+v.r.PathValue("id"))
}

// release gives a held time back.
func (v *visit) release() error {
	return v.writeHeld("releaseHold", func(ctx context.Context, key, id string) ([]api.Problem, error) {
		done, err := api.ReleaseHold(ctx, v.own(), key, id)
		if err != nil {
			return nil, err
		}
		return done.ReleaseHold.Problems, nil
	}, "/termin")
}

// writeHeld runs a write on a held appointment and goes on to a page. A problem is shown on the page of the reservation.
func (v *visit) writeHeld(name string, write func(ctx context.Context, key, id string) ([]api.Problem, error), then string) error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	if v.caseKey() == "" {
		return errNoCase
	}
	id := v.r.PathValue("id")
	problems, err := write(v.r.Context(), v.idempotencyKey(v.r.PostForm, name), id)
	if err != nil {
		return err
	}
	if len(problems) == 0 {
		return v.see(then)
	}
	a, err := v.heldAppointment(id)
	if err != nil || a == nil {
		return err
	}
	return v.askPerson(statusOf(problems[0]), a, &view.Person{}, []view.Fault{{Message: problems[0].GetMessage()}})
}

// timesLive sends the days anew whenever a time is taken or comes free.
func (v *visit) timesLive() error {
	q, err := v.wants(v.r.URL.Query())
	if err != nil {
		return err
	}
	if q.office == nil || len(q.concerns) == 0 {
		return errNotFound
	}
	from, form := v.r.URL.Query().Get("ab"), v.r.URL.Query().Get("ansicht")
	stream := v.stream()
	var before *view.FreeTimes
	variables := map[string]any{"office": q.office.Id, "concerns": q.inputs(), "days": daysShown}
	err = follow(v.r.Context(), v.public(), "TimesLive", api.TimesLive_Operation, variables, stream, func(state *api.TimesLiveResponse) error {
		if state.Availability == nil {
			return errors.New("no availability")
		}
		now := v.timesOf(q, state.Availability, from, form)
		now.Since(before)
		before = now
		return stream.send(view.TimesFragment(v.frame(""), now))
	})
	return stream.end(err)
}

func value[T any](p *T) (none T) {
	if p == nil {
		return none
	}
	return *p
}
