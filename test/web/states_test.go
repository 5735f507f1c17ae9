//go:build web

package web_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/reader"
	"nelke/test/suite"
)

// sites are the services that pages are shown of: one town alone; a region, in which Blomberg has two offices, a banner, and payments by the bank; and the
// pages in front of a graph that refuses everything.
type sites struct {
	town, region *suite.Process
	bank         *suite.Bank
	failing      map[string]string // address by what the graph does
}

// serveAll starts the sites, with options for each.
func serveAll(t *testing.T, options ...suite.Option) *sites {
	t.Helper()
	options = append([]suite.Option{func(c *server.Config) { c.PublicURL = "" }}, options...)
	s := &sites{bank: suite.NewBank(t)}
	s.town, s.region = suite.Serve(t, suite.SQLite(), options...), suite.Serve(t, suite.SQLite(), append(options, s.bank.Takes)...)
	for _, p := range []*suite.Process{s.town, s.region} {
		p.Config.PublicURL = p.URL // which tokens of staff are for, once the port is known
	}
	s.openRegion(t)
	s.failing = map[string]string{
		"too-many":    s.inFrontOf(t, http.StatusTooManyRequests, `{"errors": [{"message": "slower", "extensions": {"code": "RATE_LIMITED"}}]}`),
		"unavailable": s.inFrontOf(t, http.StatusServiceUnavailable, "no graph here"),
		"broken":      s.inFrontOf(t, http.StatusOK, `{"errors": [{"message": "broken", "extensions": {"code": "INTERNAL"}}]}`),
	}
	return s
}

// openRegion imports all towns, Blomberg with a second office, in which nothing is free.
func (s *sites) openRegion(t *testing.T) {
	t.Helper()
	const after = "# Pages that the town writes itself."
	town := suite.NewTown(t).Edit("", after, `  - slug: nebenstelle
    name: {de: Bürgerbüro Großenmarpe, en: Citizens' office Großenmarpe}
    address: {street: Mossenberger Straße, houseNumber: "7a", postalCode: "32825", city: Blomberg}
    phone: "+495235504123"
    stepMinutes: 15
    leadMinutes: 60
    horizonDays: 60
    holdMinutes: 10
    holdsPerCase: 2
    openingHours:
      - {weekday: THURSDAY, from: 14:00, to: 18:00}
    closures:
      - {from: 2026-11-01, to: 2027-12-31, reason: {de: Umbau, en: Building work}}
    counters:
      - slug: schalter-1
        label: {de: Schalter, en: Counter}
        services: [personalausweis, reisepass]

`+after)
	_, err := server.Import(t.Context(), s.region.Config, []string{filepath.Dir(town.File)})
	require.NoError(t, err)
	s.region.Clock.Advance(11 * time.Second) // what a process may remember
	id := s.region.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
	s.region.Staff("anna", "ADMIN@"+suite.ARS).Do(`mutation($in: SetBannerInput!) { setBanner(input: $in) { municipality { id } `+suite.Problems+` } }`, suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "municipality": id,
		"text": suite.Vars{"de": "Am Freitag ist das Bürgerbüro wegen einer Schulung geschlossen.", "en": "The citizens' office is closed on Friday for training."},
	}}).OK("setBanner.municipality.id")
}

// inFrontOf serves the pages in front of a graph that has one answer to everything, and returns their address.
func (s *sites) inFrontOf(t *testing.T, status int, answer string) string {
	t.Helper()
	graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer) // a client that went away is no concern of the test
	}))
	t.Cleanup(graph.Close)
	ready, ended := make(chan string, 1), make(chan error, 1)
	cfg := s.town.Config
	cfg.Addr, cfg.PublicURL, cfg.Town = "127.0.0.1:0", "", "blomberg"
	cfg.Options.Ready = func(addr string) { ready <- addr }
	ctx, stop := context.WithCancel(context.Background())
	go func() { ended <- server.RunPages(ctx, cfg, graph.URL) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	select {
	case addr := <-ready:
		return "http://" + addr
	case err := <-ended:
		ended <- err
		require.Fail(t, "the pages don't start", "%v", err)
		return ""
	}
}

// scene brings the sites into states, and returns the pages that show them in a language.
type scene struct {
	*sites
	t    *testing.T
	lang string
	at   string // the language's part of a path: "" or "/en"
}

func newScene(t *testing.T, s *sites, lang string) *scene {
	return &scene{sites: s, t: t, lang: lang, at: map[string]string{"de": "", "en": "/en"}[lang]}
}

// say returns the text of the language.
func (s *scene) say(de, en string) string { return map[string]string{"de": de, "en": en}[s.lang] }

// blomberg returns a path of Blomberg's in the region.
func (s *scene) blomberg(path string) string { return "/blomberg" + s.at + path }

// as returns a browser that has the key of a case.
func (s *scene) as(c *suite.Client) *reader.Reader {
	b := reader.Open(s.t, c.Process, s.at+"/")
	b.Client.Jar.SetCookies(b.URL, []*http.Cookie{{Name: "vorgang-blomberg", Value: c.Token}})
	return b
}

// sent returns a press of the page's own button: it sends the form that an element is in, and waits for the summary of what is wrong.
func sent(of, before string) func(b *tab) {
	return func(b *tab) {
		eval[any](b, before+`; document.querySelector("`+of+`").form.requestSubmit(); undefined`)
		b.until(`document.readyState === "complete" && document.querySelector("[data-summary]")`)
	}
}

// posted returns what a page does that was left open: it sends a form of its own, and waits for a page with a heading.
func posted(path, heading string, fields map[string]string) func(b *tab) {
	script := `const form = document.createElement("form"); form.method = "post"; form.action = ` + quoted(path) + `;`
	for name, value := range fields {
		script += `{ const field = document.createElement("input"); field.name = ` + quoted(name) + `; field.value = ` + quoted(value) + `; form.append(field); }`
	}
	return func(b *tab) {
		eval[any](b, `(() => { `+script+` document.body.append(form); window.left = true; form.submit(); })()`)
		b.until(`!window.left`).shows(heading)
	}
}

// ended lets time pass: a reservation runs out, and somebody doesn't come.
func (s *scene) ended() []shown {
	p, place := s.town, s.town.Place()
	me, other := p.Case(), p.Case()
	starts := me.Starts(place, 1)
	held := me.Hold(place, starts[len(starts)-1], suite.Key()).OK("holdSlot.appointment.id").String()
	missed := other.Booked(place, starts[0]).Get("id").String()
	p.Clock.Set(me.Instant(starts[0]).Add(time.Minute))
	p.Clerk().On("recordNoShow", missed, suite.Key()).OK("recordNoShow.appointment.id")
	over, path := s.say("Ihre Reservierung ist abgelaufen", "Your reservation has run out"), s.at+"/reservierung/"+held
	return []shown{
		{name: "hold-ended", path: path, as: s.as(me)},
		{name: "hold-ended-typed", path: path, as: s.as(me), make: posted(path+"/buchen", over, map[string]string{"givenName": "Erika", "familyName": "Mustermann"})},
		{name: "appointment-expired", path: s.at + "/vorgang/termin/" + held, as: s.as(me)},
		{name: "appointment-no-show", path: s.at + "/vorgang/termin/" + missed, as: s.as(other)},
	}
}

// booking returns the states of a booking besides its steps.
func (s *scene) booking() []shown {
	p, place := s.town, s.town.Place()
	const times = "/termin/zeiten?dienst=personalausweis:1&ab=2026-11-24"
	extended := reader.Open(s.t, p, s.at+times).Press(s.say("Dienstag, 24. November, 11:00 Uhr", "Tuesday, 24 November, 11:00 am"))
	extended.Press(s.say("Mehr Zeit", "More time"))
	taken := "2026-11-24T" + s.say("14:00", "14:15") + ":00+01:00"
	for range 2 { // as many as there are counters
		p.Case().Hold(place, taken, suite.Key()).OK("holdSlot.appointment.id")
	}
	return []shown{
		{name: "concerns-fault", path: s.at + "/termin/anzahl?gefragt=1"},
		{name: "extended", path: strings.TrimSuffix(extended.URL.Path, "/verlaengern"), as: extended},
		{name: "times-taken", path: s.at + times, make: func(b *tab) {
			eval[any](b, `(() => { const time = document.querySelector("#tage button.time"); time.value = `+quoted(taken)+`; time.click(); })()`)
			b.until(`document.readyState === "complete" && document.querySelector("[data-summary]")`)
		}},
	}
}

// visit returns the states of an appointment on its day.
func (s *scene) visit() []shown {
	p, place, clerk := s.town, s.town.Place(), s.town.Clerk()
	counters := p.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { offices { counters { id } } } }`, nil).OK("municipality.offices.0.counters.#.id").Array()
	var pages []shown
	desk := counters[map[string]int{"de": 0, "en": 1}[s.lang]].String() // where somebody stays who was called
	for i, name := range []string{"completed", "called", "cancelled", "first", "waiting"} {
		me := p.Case()
		id := me.Booked(place, me.Starts(place, 1)[i]).Get("id").String()
		if name == "cancelled" {
			me.On("cancelAppointment", id, suite.Key()).OK("cancelAppointment.appointment.id")
		} else {
			clerk.On("checkIn", id, suite.Key()).OK("checkIn.appointment.id")
		}
		if name == "called" || name == "completed" {
			clerk.CallAppointment(id, desk, suite.Key()).OK("callAppointment.appointment.id")
		}
		if name == "completed" {
			clerk.On("completeAppointment", id, suite.Key()).OK("completeAppointment.appointment.id")
		}
		pages = append(pages, shown{name: "appointment-" + name, path: s.at + "/vorgang/termin/" + id, as: s.as(me)})
	}
	return pages
}

// drafts returns the states in which a draft waits, and the page of a service that is closed online.
func (s *scene) drafts() []shown {
	p := s.town
	me, closed := p.Case(), p.Filing("eheurkunde")
	state := func(open bool) {
		p.Staff("anna", "ADMIN@"+suite.ARS).Do(`mutation($in: SetServiceStateInput!) { setServiceState(input: $in) { publicService { id } `+suite.Problems+` } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "service": closed.Service, "open": open,
			"message": suite.Vars{"de": "Das Standesamt zieht um. Ab 7. Dezember geht es wieder.", "en": "The registry office is moving. It opens again on 7 December."},
		}}).OK("setServiceState.publicService.id")
	}
	state(true)
	waiting := me.Draft(closed)
	state(false)
	information := me.Mutate("startApplication", suite.Vars{"service": p.Filing("uebermittlungssperre").Service}).OK("startApplication.application.id").String()
	return []shown{
		{name: "service-closed", path: s.at + "/dienste/eheurkunde"},
		{name: "draft-waiting", path: s.at + "/antrag/" + waiting + "/warten", as: s.as(me)},
		{name: "draft-information", path: s.at + "/antrag/" + information + "/informationen", as: s.as(me)},
	}
}

// applied returns the states of an application after it was sent.
func (s *scene) applied() []shown {
	p, clerk, free := s.town, s.town.Clerk(), s.town.Filing("abmeldung-ins-ausland")
	work := map[string]func(me *suite.Client, id string){
		"in-progress": func(*suite.Client, string) {},
		"question": func(_ *suite.Client, id string) {
			clerk.Mutate("requestInformation", suite.Vars{"application": id, "question": "An welchem Tag sind Sie ausgezogen? In Ihrem Antrag steht der 31. November."}).OK("requestInformation.application.id")
		},
		"answered": func(me *suite.Client, id string) {
			clerk.Mutate("requestInformation", suite.Vars{"application": id, "question": "An welchem Tag sind Sie ausgezogen?"}).OK("requestInformation.application.id")
			me.Mutate("answerRequest", suite.Vars{"application": id, "message": "Am 30. November, gegen Mittag.\nDen Schlüssel hat die Nachbarin."}).OK("answerRequest.application.id")
		},
		"completed": func(_ *suite.Client, id string) {
			clerk.Mutate("completeApplication", suite.Vars{"application": id, "dispatch": suite.Vars{"trackingNumber": "RR123456785DE"}}).OK("completeApplication.application.id")
		},
		"rejected": func(_ *suite.Client, id string) {
			clerk.Mutate("rejectApplication", suite.Vars{"application": id, "reason": "Sie sind in Blomberg nicht gemeldet. Bitte wenden Sie sich an Ihre Meldebehörde."}).OK("rejectApplication.application.id")
		},
		"withdrawn": func(me *suite.Client, id string) {
			me.Mutate("withdrawApplication", suite.Vars{"application": id}).OK("withdrawApplication.application.id")
		},
	}
	var pages []shown
	for _, name := range []string{"in-progress", "question", "answered", "completed", "rejected", "withdrawn"} {
		me := p.Case()
		id := me.Submitted(free).Get("id").String()
		clerk.Mutate("claimApplication", suite.Vars{"application": id}).OK("claimApplication.application.id")
		work[name](me, id)
		page := shown{name: "application-" + name, path: s.at + "/vorgang/antrag/" + id, as: s.as(me)}
		pages = append(pages, page)
		if name == "question" {
			pages = append(pages, shown{name: "application-question-fault", path: page.path, as: page.as, make: sent("#message", "")},
				shown{name: "case-question", path: s.at + "/vorgang", as: page.as})
		}
	}
	return pages
}

// payments returns the states of a payment besides the one that is paid.
func (s *scene) payments() []shown {
	card, toPay := s.say("Kreditkarte", "Credit card"), s.say("Zur Bezahlseite", "To the payment page")
	begun := func() (*reader.Reader, string) {
		b := apply(s.t, s.town, s.at, s.say)
		path := strings.TrimSuffix(b.URL.Path, "/bezahlen")
		return b.Choose(card).Press(toPay), path
	}
	pending, pendingPath := begun()
	failed, failedPath := begun()
	failed.Press("Zahlung schlägt fehl")
	unpaid := apply(s.t, s.town, s.at, s.say)
	return []shown{
		{name: "pay-fault", path: unpaid.URL.Path, as: unpaid, make: sent("[name=method]", `document.querySelector("[name=method]").checked = false`)},
		{name: "payment-pending", path: pendingPath + "/bezahlung", as: pending},
		{name: "payment-failed", path: failedPath + "/bezahlung", as: failed},
	}
}

// abroad returns the states that a town has within a region.
func (s *scene) abroad() []shown {
	p, me := s.region, s.region.Case()
	filing := p.Filing("meldebescheinigung")
	reviewed := func() string { return me.Reviewed(filing, filing.Accepted[0]) }
	pay := func(id string) gjson.Result {
		return me.Mutate("startPayment", suite.Vars{"application": id, "method": "CREDIT_CARD"}).OK("startPayment.payment")
	}
	forgotten := reviewed()
	over := me.Instant(me.Application(forgotten).Get("expiresAt").String())
	p.Clock.Set(over.Add(-25 * time.Hour)) // for a day what was paid waits to be sent
	unsent := reviewed()
	s.bank.Misbehave(nil, nil)
	s.bank.Paid(p, pay(unsent).Get("id").String())
	p.Clock.Set(over)
	require.Eventually(s.t, func() bool {
		return strings.HasPrefix(me.Application(unsent).Get("payment.status").String(), "REFUND")
	}, 30*time.Second, 10*time.Millisecond)
	s.bank.Misbehave(func(string, suite.Deal) *suite.Reply { return &suite.Reply{Status: http.StatusServiceUnavailable} }, nil)
	begun := reviewed()
	require.Equal(s.t, "CREATED", pay(begun).Get("status").String())
	times := s.blomberg("/termin/zeiten?dienst=reisepass:1")
	return []shown{
		{name: "application-expired", path: s.blomberg("/vorgang/antrag/" + forgotten), as: s.as(me), on: s.region.URL},
		{name: "payment-refund", path: s.blomberg("/antrag/" + unsent + "/bezahlung"), as: s.as(me), on: s.region.URL},
		{name: "payment-created", path: s.blomberg("/antrag/" + begun + "/bezahlung"), as: s.as(me), on: s.region.URL},
		{name: "towns", path: s.at + "/", on: s.region.URL},
		{name: "towns-times", path: s.at + "/?art=passport", on: s.region.URL},
		{name: "banner", path: s.blomberg(""), on: s.region.URL},
		{name: "offices", path: times, on: s.region.URL},
		{name: "times-none", path: times + "&buero=nebenstelle", on: s.region.URL},
		{name: "times-none-month", path: times + "&buero=nebenstelle&ansicht=monat", on: s.region.URL},
	}
}

// said returns what the town says of itself, and what people say to it.
func (s *scene) said() []shown {
	me := s.as(s.town.Case())
	pages := []shown{
		{name: "feedback", path: s.at + "/rueckmeldung?zu=termin"},
		{name: "feedback-fault", path: s.at + "/rueckmeldung?zu=barriere", make: sent("#text", "")},
		{name: "thanks", path: s.at + "/rueckmeldung/danke"},
		{name: "key-fault", path: s.at + "/vorgang", make: sent("#schluessel", `document.getElementById("schluessel").value = "falsch"`)},
		{name: "case-empty", path: s.at + "/vorgang", as: me},
		{name: "embedded", path: s.at + "/dienste?einbetten=1"},
	}
	for _, path := range []string{"impressum", "barrierefreiheit", "leichte-sprache", "gebaerdensprache", "kontakt"} {
		pages = append(pages, shown{name: path, path: s.at + "/" + path})
	}
	return pages
}

// failures returns the pages that say why another one can't be shown.
func (s *scene) failures() []shown {
	pages := []shown{{name: "forged", path: s.at + "/", make: func(b *tab) {
		action := b.base + s.at + "/termin/zeiten"
		b.do(chromedp.Navigate("about:blank")) // a page without an origin
		posted(action, s.say("Das Formular kam nicht von dieser Website", "The form did not come from this website"), nil)(b)
	}}}
	for name, address := range s.failing {
		pages = append(pages, shown{name: name, path: s.at + "/termin", on: address})
	}
	return append(pages, shown{
		name: "unavailable-sent", path: s.at + "/termin", on: s.failing["unavailable"],
		make: posted(s.at+"/rueckmeldung", s.say("Gerade nicht erreichbar", "Not available just now"), map[string]string{"text": "Danke"}),
	})
}
