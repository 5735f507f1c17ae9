// Package access_test holds the access table of the whole schema against the running service: table.txt says who may see
// and do what, and every line of it is asked for by everybody, of what is theirs and of what isn't, on the embedded
// default and on PostgreSQL with Redis alike.
package access_test

import (
	"database/sql"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/identity"
	"nelke/server"
	"nelke/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// world is a service with two towns and everything in them that the table speaks of.
type world struct {
	*suite.Process
	*observer
	bank      *suite.Bank
	database  *sql.DB
	here      *town
	elsewhere *town
	actors    map[byte]*suite.Client
	strangers []stranger
	workers   map[*town]*suite.Client // who has claimed what is claimed in a town
	ids       map[string]string       // of things, by name
	starts    map[*town][]string
	succeeded map[string]map[byte]bool // mutations that took place, by actor
	receiver  string                   // where webhooks go: nobody is there
	checks    int
	stuck     sync.Map // payments that the provider gives nothing back of
}

// stranger is somebody who has no letter, and sees nothing of a town, or of both.
type stranger struct {
	name  string
	staff bool  // a token, and no case key
	knows *town // nil: none
	*suite.Client
}

// town is what one needs to know to apply and book in it.
type town struct {
	name, id, ars string
	place         suite.Place // its service is one that can also be applied for
	paid, free    suite.Filing
	counters      []string
	other         string // a service that nobody here applies for
	form          string // its form
	closure       string // a closure of its office
	opening       string // an opening of it for a day
}

func newWorld(t *testing.T, b *suite.Backend) *world {
	t.Helper()
	folder := t.TempDir()
	cfg := b.Configuration(folder)
	_, err := server.Migrate(t.Context(), cfg, false)
	require.NoError(t, err)
	// An office with contact details, for something to read.
	suite.NewTown(t).Edit("", "    stepMinutes: 15\n", "    phone: \"+4952355040\"\n    email: rathaus@example.org\n    stepMinutes: 15\n").Import(cfg)
	suite.NewTown(t).Renamed("lemgo", suite.OtherARS, "05766044").Import(cfg)

	bank := suite.NewBank(t)
	// Sweepers would tidy up beside the test, and nothing but tidiness depends on them.
	p := suite.Serve(t, b, suite.In(folder), bank.Takes, func(c *server.Config) { c.Sweepers, c.OpeningsPerHour, c.WebhookLocal = false, openings, true })
	w := &world{
		Process: p, observer: newObserver(shape{readGraph(t), readTable(t)}), bank: bank, database: p.Database(),
		ids: map[string]string{}, starts: map[*town][]string{}, succeeded: map[string]map[byte]bool{},
	}
	w.here, w.elsewhere = w.town("here", "blomberg", suite.ARS), w.town("elsewhere", "lemgo", suite.OtherARS)
	w.workers = map[*town]*suite.Client{
		w.here: p.Staff("erna", "CLERK@"+suite.ARS), w.elsewhere: p.Staff("frida", "SUPERVISOR@"+suite.OtherARS, "ADMIN@"+suite.OtherARS),
	}
	w.actors = map[byte]*suite.Client{
		'N': p.Anonymous(), 'H': w.open(w.here), 'O': w.open(w.here), 'E': w.open(w.elsewhere),
		'C': p.Staff("karl", "CLERK@"+suite.ARS), 'S': p.Staff("susi", "SUPERVISOR@"+suite.ARS),
		'A': p.Staff("anna", "ADMIN@"+suite.ARS), 'F': p.Staff("fritz", "CLERK@"+suite.OtherARS),
	}
	neverOpened := *p.Anonymous()
	neverOpened.Token = identity.NewCaseKey()
	w.strangers = []stranger{
		{"staff without a role", true, nil, p.Staff("nora")},
		{"the holder of a key that opened nothing", false, nil, &neverOpened},
		{"an admin of the other town", true, w.elsewhere, w.workers[w.elsewhere]},
		{"an admin of a town that isn't here", true, nil, p.Staff("felix", "ADMIN@057660020020")},
	}
	w.furnish(t)
	w.partners(t) // after it, so that they get no webhook while everybody reads
	return w
}

// openings is how many cases may be opened from here: more than the test needs before it tries to open too many.
const openings = 60

// town reads what one needs to know of a town.
func (w *world) town(name, slug, ars string) *town {
	service := func(slug string) string {
		return `publicService(by: {slug: {municipality: $town, service: "` + slug + `"}}) { id }`
	}
	a := w.Anonymous().Do(`query($town: String!) {
		municipality(by: {slug: $town}) { id offices { id counters { id } closures { id } } privacyNotice { id } }
		paid: `+service("meldebescheinigung")+` free: `+service("abmeldung-ins-ausland")+`
		passport: `+service("reisepass")+` other: `+service("briefwahlantrag")+` form: publicService(by: {slug: {municipality: $town, service: "briefwahlantrag"}}) { form { id } }
	}`, suite.Vars{"town": slug})
	id := func(path string) string { return a.OK(path).String() }
	t := &town{name: name, id: id("municipality.id"), ars: ars, other: id("other.id"), form: id("form.form.id"), closure: id("municipality.offices.0.closures.0.id")}
	t.paid, t.free = w.Filing("meldebescheinigung"), w.Filing("abmeldung-ins-ausland")
	t.paid.Service, t.free.Service = id("paid.id"), id("free.id")
	t.paid.Notice, t.free.Notice = id("municipality.privacyNotice.id"), id("municipality.privacyNotice.id")
	t.place = suite.Place{Office: id("municipality.offices.0.id"), Notice: t.paid.Notice, Service: t.paid.Service, Other: id("passport.id")}
	for _, counter := range a.OK("municipality.offices.0.counters.#.id").Array() {
		t.counters = append(t.counters, counter.String())
	}
	return t
}

// open opens a case in a town.
func (w *world) open(in *town) *suite.Client {
	c := *w.Anonymous()
	c.Token = identity.NewCaseKey()
	c.Do(`mutation($in: OpenCaseInput!) { openCase(input: $in) { case { id } problems { code } } }`, suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "municipality": suite.Vars{"id": in.id}, "caseKey": c.Token,
	}}).OK("openCase.case.id")
	return &c
}

// call names a thing by the id that stands in an answer.
func (w *world) call(name, id string) string {
	w.ids[name], w.names[id] = id, name
	return id
}

// furnish makes the things of the table.
func (w *world) furnish(t *testing.T) {
	t.Helper()
	h, o, e, clerk := w.actors['H'], w.actors['O'], w.actors['E'], w.workers[w.here]
	for name, c := range map[string]*suite.Client{"case": h, "lone": o, "away": e} {
		w.mutate(c, "setContact", w.input("setContact", w.home(name), ""))
		w.call(name, c.Do(`{ viewer { case { id } } }`, nil).OK("viewer.case.id").String())
	}

	paid, payment := w.bought(h, w.here)
	w.call("sent", paid)
	w.call("paid", payment)
	w.mutate(h, "submitApplication", suite.Vars{"application": paid})
	w.mutate(clerk, "claimApplication", suite.Vars{"application": paid})
	w.mutate(clerk, "requestInformation", suite.Vars{"application": paid, "question": "Für wen?"})
	w.mutate(h, "answerRequest", suite.Vars{"application": paid, "message": "Für mich.", "answers": w.here.paid.Accepted[1]})
	w.mutate(clerk, "requestInformation", suite.Vars{"application": paid, "question": "Sicher?"})
	w.mutate(clerk, "withdrawInformationRequest", suite.Vars{"application": paid})
	done := w.call("done", h.Submitted(w.here.free).Get("id").String())
	w.mutate(clerk, "claimApplication", suite.Vars{"application": done})
	for _, again := range []bool{true, false} {
		w.mutate(clerk, "completeApplication", suite.Vars{"application": done, "dispatch": suite.Vars{"trackingNumber": "RR 1234 5678 9DE"}})
		if again {
			w.mutate(w.actors['S'], "reopenApplication", w.input("reopenApplication", w.here, done))
		}
	}
	turned := w.call("turned", h.Submitted(w.here.free).Get("id").String())
	w.mutate(clerk, "claimApplication", suite.Vars{"application": turned})
	for _, again := range []bool{true, false} {
		w.mutate(clerk, "rejectApplication", suite.Vars{"application": turned, "reason": "Sie wohnen noch hier."})
		if again {
			w.mutate(w.actors['S'], "reopenApplication", w.input("reopenApplication", w.here, turned))
		}
	}

	other := w.here.place
	other.Service = other.Other
	w.call("hold", h.Hold(other, "2026-11-23T11:00:00+01:00", suite.Key()).OK("holdSlot.appointment.id").String())
	w.call("booked", w.visit(h, w.here.place, "2026-11-23T10:00:00+01:00"))
	called := w.call("called", w.visit(h, other, "2026-11-23T09:00:00+01:00"))
	clerk.On("checkIn", called, suite.Key()).OK("checkIn.appointment.id")
	require.Equal(t, called, clerk.CallNext(w.here.counters[0], suite.Key()).OK("callNext.appointment.id").String())
	walkin := w.mutate(clerk, "bookAppointmentFor", suite.Vars{
		"office": other.Office, "start": "2026-11-23T14:00:00+01:00", "concerns": []suite.Vars{{"service": other.Service}}, "channel": "PHONE", "person": somebody(),
	}).Get("appointment.id").String()
	w.call("walkin", walkin)
	w.call("desk", clerk.Do(`query($id: ID!) { appointment(id: $id) { case { id } } }`, suite.Vars{"id": walkin}).OK("appointment.case.id").String())

	before := w.whatStaffSee(t)
	w.unsent(t)
	for what, after := range w.whatStaffSee(t) {
		require.Empty(t, differs(before[what], after), "drafts and what belongs to them leave no trace for staff: %s", what)
	}

	awayPaid, payment := w.bought(e, w.elsewhere)
	w.call("away-sent", awayPaid)
	w.call("away-paid", payment)
	w.mutate(e, "submitApplication", suite.Vars{"application": awayPaid})
	w.mutate(w.workers[w.elsewhere], "claimApplication", suite.Vars{"application": awayPaid})
	w.call("away-draft", e.Reviewed(w.elsewhere.paid, w.elsewhere.paid.Accepted[0]))
	w.call("away-open", w.pay(e, w.ids["away-draft"]))
	w.call("away-visit", w.visit(e, w.elsewhere.place, "2026-11-23T10:00:00+01:00"))
	w.mutate(w.workers[w.elsewhere], "checkIn", suite.Vars{"appointment": w.ids["away-visit"]})

	today := w.input("setFee", w.here, w.here.other)
	today["validFrom"] = "2026-11-23"
	w.mutate(w.actors['A'], "setFee", today)
	for _, mutation := range []string{"setFee", "setServiceState", "setPaymentMethods", "setBanner", "addClosure"} { // for something to read
		w.mutate(w.actors['A'], mutation, w.input(mutation, w.here, w.here.target(mutation)))
	}
	for _, in := range []*town{w.here, w.elsewhere} {
		w.mutate(w.actors['N'], "giveFeedback", w.input("giveFeedback", in, in.id))
	}
	for in, admin := range map[*town]*suite.Client{w.here: w.actors['A'], w.elsewhere: w.workers[w.elsewhere]} {
		w.mutate(admin, "addOpening", suite.Vars{
			"office": in.place.Office, "counter": in.counters[2], "from": "2026-12-26", "to": "2026-12-26", "hours": []suite.Vars{{"from": "09:00", "to": "12:00"}},
			"reason": suite.Vars{"de": "Inventur", "en": "Stocktaking"},
		})
		in.opening = w.Anonymous().Do(`query($id: ID!) { node(id: $id) { ... on Office { openings { id } } } }`, suite.Vars{"id": in.place.Office}).OK("node.openings.0.id").String()
	}
}

// partners makes a partner in each town, with webhooks of offices, of which none changes: what it is sent is a ping, which nobody
// takes. A third one may do nothing.
func (w *world) partners(t *testing.T) {
	t.Helper()
	w.receiver = "http://127.0.0.1:1/"
	for letter, in := range map[byte]*town{'P': w.here, 'Q': w.elsewhere, 0: w.elsewhere} {
		admin := w.Staff("anna", "ADMIN@"+in.ars)
		id := w.mutate(admin, "addPartner", w.input("addPartner", in, in.id)).Get("partner.id").String()
		c := *w.Anonymous()
		c.Token = identity.NewPartnerKey()
		w.mutate(admin, "addPartnerKey", suite.Vars{"partner": id, "label": "Server", "key": c.Token})
		if letter == 0 {
			w.strangers = append(w.strangers, stranger{"a partner that may manage no webhooks", true, nil, &c})
			c.Do(`{ viewer { kind } }`, nil).OK("viewer")
			continue
		}
		prefix := map[byte]string{'P': "", 'Q': "away-"}[letter]
		w.actors[letter] = &c
		w.call(prefix+"partner", id)
		w.call(prefix+"key", w.mutate(admin, "addPartnerKey", w.input("addPartnerKey", in, id)).Get("partnerKey.id").String())
		w.mutate(admin, "updatePartner", w.input("updatePartner", in, id))
		endpoint := w.call(prefix+"endpoint", w.mutate(admin, "addWebhookEndpoint", w.input("addWebhookEndpoint", in, id)).Get("webhookEndpoint.id").String())
		w.mutate(admin, "updateWebhookEndpoint", w.input("updateWebhookEndpoint", in, endpoint))
		w.mutate(&c, "pingWebhook", suite.Vars{"endpoint": endpoint})
	}
	require.Eventually(t, func() bool {
		var tried int
		require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id WHERE d.fault <> '' AND e.busy_until IS NULL`).Scan(&tried))
		return tried == 2
	}, 20*time.Second, 20*time.Millisecond)
}

// unsent makes what was never submitted: in the case, and in the lone one, where there is nothing else.
func (w *world) unsent(t *testing.T) {
	t.Helper()
	h, o := w.actors['H'], w.actors['O']
	draft := w.call("draft", h.Reviewed(w.here.paid, w.here.paid.Accepted[0]))
	w.call("canceled", w.pay(h, draft))
	w.mutate(h, "cancelPayment", suite.Vars{"payment": w.ids["canceled"]})
	w.call("pending", w.pay(h, draft))
	undone, refunded := w.bought(h, w.here)
	w.call("undone", undone)
	w.call("refunded", refunded)
	w.mutate(h, "withdrawApplication", suite.Vars{"application": undone})

	w.call("begun", o.Reviewed(w.here.paid, w.here.paid.Accepted[0]))
	w.call("open", w.pay(o, w.ids["begun"]))
	gone, due := w.bought(o, w.here)
	w.call("gone", gone)
	w.call("due", due)
	w.stuck.Store(due, true)
	w.bank.Misbehave(func(call string, d suite.Deal) *suite.Reply {
		if _, stuck := w.stuck.Load(d.Order); stuck && call == "refund" {
			return &suite.Reply{Status: http.StatusConflict}
		}
		return nil
	}, nil)
	w.mutate(o, "withdrawApplication", suite.Vars{"application": gone})
	for payment, status := range map[string]string{refunded: "REFUNDED", due: "REFUND_DUE"} {
		c := h
		if payment == due {
			c = o
		}
		require.Eventually(t, func() bool { return c.Payment(payment).Get("status").String() == status }, 20*time.Second, 20*time.Millisecond)
	}
}

// bought is a reviewed application that has been paid for, with its payment.
func (w *world) bought(c *suite.Client, in *town) (application, payment string) {
	application = c.Reviewed(in.paid, in.paid.Accepted[0])
	payment = w.pay(c, application)
	w.bank.Paid(w.Process, payment)
	return application, payment
}

// pay begins to pay for an application.
func (w *world) pay(c *suite.Client, application string) string {
	return c.Mutate("startPayment", suite.Vars{"application": application, "method": "CREDIT_CARD"}).OK("startPayment.payment.id").String()
}

// visit books a time.
func (w *world) visit(c *suite.Client, place suite.Place, start string) string {
	held := c.Hold(place, start, suite.Key()).OK("holdSlot.appointment.id").String()
	return w.mutate(c, "bookAppointment", suite.Vars{
		"appointment": held, "privacyNotice": place.Notice, "person": somebody(), "reminder": true,
	}).Get("appointment.id").String()
}

// home is the town of a thing.
func (w *world) home(thing string) *town {
	if len(thing) > 3 && thing[:4] == "away" || thing == "elsewhere" {
		return w.elsewhere
	}
	return w.here
}

// next is a start at a town's office that nobody has taken yet.
func (w *world) next(in *town) string {
	if w.starts[in] == nil {
		place := in.place
		place.Service = place.Other
		w.starts[in] = w.Anonymous().Starts(place, 5)
	}
	start := w.starts[in][0]
	w.starts[in] = w.starts[in][1:]
	return start
}

// somebody is whom to book for.
func somebody() suite.Vars {
	p := suite.Erika()
	p["phone"] = "+4952355040"
	return p
}
