package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

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
	values := view.Chosen(q.concerns)
	if q.office != nil && len(q.town.Offices) > 1 {
		values.Set("buero", q.office.Slug)
	}
	return values
}

// wants reads the concerns and the office of an address or a form. Concerns that the town doesn't offer are left out; the office is nil
// where there are several and none is named.
func (v *visit) wants(form url.Values) (*wanted, error) {
	town, err := v.offered()
	if err != nil {
		return nil, err
	}
	q := &wanted{town: town}
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
				ID: s.Id, Slug: s.Slug, Name: s.Name, Minutes: view.Deref(s.AppointmentMinutes), Most: s.MaxQuantity, Quantity: min(max(quantity, 1), s.MaxQuantity),
			})
		}
	}
	q.office = officeOf(q, form.Get("buero"))
	return q, nil
}

// offered returns the town with its offices and all that a visit can be booked for.
func (v *visit) offered() (*api.ConcernsMunicipality, error) {
	return again(v, "offered "+v.slug, v.readOffered)
}

func (v *visit) readOffered() (town *api.ConcernsMunicipality, err error) {
	services, err := list(func(after *string) ([]api.ConcernChoice, api.PageEnd, error) {
		read, err := api.Concerns(v.r.Context(), v.public(), v.slug, after)
		if err != nil {
			return nil, api.PageEnd{}, err
		}
		if read.Municipality == nil {
			return nil, api.PageEnd{}, errNotFound
		}
		town = read.Municipality
		return town.Services.Nodes, town.Services.PageInfo, nil
	})
	if err != nil {
		return nil, err
	}
	town.Services.Nodes = services
	return town, nil
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
		return v.askConcerns(q, ""), nil
	})
}

// refusal returns why the graph has no times for a choice of concerns, in the visitor's language; "" for any other error.
func refusal(err error) string {
	var graph *GraphError
	if errors.As(err, &graph) && (graph.Code == "INVALID_INPUT" || graph.Code == "NO_APPOINTMENTS") {
		return graph.Message
	}
	return ""
}

func (v *visit) askConcerns(q *wanted, fault string) templ.Component {
	p := v.frame(v.t("Wofür brauchen Sie einen Termin?", "What do you need an appointment for?")).With(&q.town.TownFrame)
	p.Summary = v.t("Termin im Bürgerbüro buchen", "Book an appointment at the citizens' office")
	if fault != "" {
		p.Faults = []view.Fault{{Field: "dienst", Message: fault}}
	}
	return view.Concerns(p, q.town.Services.Nodes, q.concerns)
}

func (v *visit) chooseOne() string {
	return v.t("Bitte wählen Sie mindestens ein Anliegen.", "Please choose at least one concern.")
}

// concern is a booking's beginning from a link with the concern in it.
func (v *visit) concern() error {
	return v.redirect(v.url("/termin/anzahl") + "?" + url.Values{"dienst": {v.r.PathValue("service")}}.Encode())
}

// quantities asks for how many people or documents, where one of the concerns can be had more than once.
func (v *visit) quantities() error {
	v.look = look{page: api.VisitPage_BOOK}
	q, err := v.wants(v.r.URL.Query())
	if err != nil {
		return err
	}
	if len(q.concerns) == 0 {
		fault := ""
		if v.r.URL.Query().Has("gefragt") {
			fault = v.chooseOne()
		}
		return v.show(http.StatusOK, v.askConcerns(q, fault))
	}
	if !slices.ContainsFunc(q.concerns, func(c view.Concern) bool { return c.Most > 1 }) {
		return v.redirect(v.url("/termin/zeiten") + "?" + q.query().Encode())
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
		return v.show(http.StatusOK, v.askConcerns(q, v.chooseOne()))
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
	if message := refusal(err); message != "" {
		return v.show(http.StatusUnprocessableEntity, v.askConcerns(q, message))
	}
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
		Office: q.office.OfficePlace, Concerns: q.concerns, Query: query, Calendar: view.NewCalendar(calendar, from), Month: form == "monat", From: from,
		Zone: q.town.TimeZone, Action: "/termin/zeiten", Live: query.Encode() + "&ab=" + url.QueryEscape(from) + "&ansicht=" + url.QueryEscape(form),
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
	start, err := view.Instant(v.r.PostForm.Get("start"))
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
		a, err := v.heldAppointment(id)
		if err != nil || a == nil {
			return err
		}
		return v.check(a, typed)
	}
	return v.see("/reservierung/" + id)
}

// refusedTimes shows the free times again, with why the one that was chosen can't be had.
func (v *visit) refusedTimes(q *wanted, problem api.Problem, err error) error {
	if err != nil {
		return err
	}
	fault := view.Fault{Message: problem.GetMessage()}
	if problem.GetCode() == api.ProblemCode_HOLD_LIMIT { // the times that are held stand there
		fault.Link = v.url("/vorgang")
	}
	p := v.frame("")
	p.Faults = []view.Fault{fault}
	return v.showTimes(v.statusOf(problem), q, p, typedPerson(v.r.PostForm))
}

// statusOf returns the status of a page that shows a problem. It sets Retry-After where the graph says when to try again.
func (v *visit) statusOf(problem api.Problem) int {
	if limited, ok := problem.(*api.ProblemRateLimited); ok {
		v.w.Header().Set("Retry-After", strconv.Itoa(max(limited.RetryAfterSeconds, 1)))
	}
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

// haveCase opens a case under the key of the browser, or under the one that the form brought. A key that opens one already opens the
// same. It returns the problem that kept it.
func (v *visit) haveCase() (api.Problem, error) {
	had := v.caseKey()
	key := cmp.Or(had, v.r.PostForm.Get("case"))
	if !isCaseKey(key) {
		key = newCaseKey()
	}
	c := v.public()
	c.made = nil
	done, err := api.OpenCase(v.r.Context(), c, v.idempotencyKey(url.Values{"case": {key}}, "openCase"), v.slug, key, v.language())
	if err != nil {
		return nil, err
	}
	if len(done.OpenCase.Problems) > 0 {
		return done.OpenCase.Problems[0], nil
	}
	if key != had {
		v.remember(key, false)
	}
	return nil, nil
}
