package pages_test

import (
	"net/http"
	"net/http/cookiejar"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// step is a page of a story: what a person does there, and the heading of the page that follows.
type step struct {
	name string
	send func(b *reader) *http.Request
	then string
}

// applying are the steps of an application that is paid for, from the information to the confirmation.
func applying() (first string, steps []step) {
	return "/dienste/meldebescheinigung/antrag", []step{
		{"information", func(b *reader) *http.Request { return b.request("Gelesen, weiter") }, "Datenschutzerklärung"},
		{"notice", func(b *reader) *http.Request { return b.request("Zur Kenntnis genommen, weiter") }, "Ihre Person"},
		{"person", func(b *reader) *http.Request {
			return b.fill("Familienname", "Mustermann").fill("Vornamen", "Erika").fill("Tag", "12").fill("Monat", "8").fill("Jahr", "1964").request("Weiter")
		}, "Ihre Wohnung"},
		{"home", func(b *reader) *http.Request {
			return b.fill("Straße", "Nederntor").fill("Hausnummer", "14").request("Weiter")
		}, "Bitte prüfen Sie Ihre Angaben"},
		{"check", func(b *reader) *http.Request { return b.request("Alles richtig, weiter") }, "Wie möchten Sie bezahlen?"},
		{"payment", func(b *reader) *http.Request { return b.choose("Kreditkarte").request("Zur Bezahlseite") }, "Bezahlen"},
		{"provider", func(b *reader) *http.Request { return b.request("Zahlung gelingt") }, "Bezahlt"},
		{"return", func(b *reader) *http.Request { return b.linked("Weiter zum Absenden") }, "Antrag absenden"},
		{"send", func(b *reader) *http.Request { return b.request("Jetzt verbindlich absenden") }, "Ihr Antrag ist eingegangen"},
	}
}

// booking are the steps of an appointment, from the free times to the confirmation.
func booking() (first string, steps []step) {
	return "/termin/zeiten?dienst=reisepass:1", []step{
		{"time", func(b *reader) *http.Request { return b.request("Montag, 23. November, 8 Uhr 30") }, "Wer kommt zum Termin?"},
		{"person", func(b *reader) *http.Request { return b.fill("Familienname", "Mustermann").request("Weiter") }, "Bitte prüfen Sie Ihre Angaben"},
		{"check", func(b *reader) *http.Request { return b.request("Termin verbindlich buchen") }, "Ihr Termin ist gebucht"},
	}
}

// fault is something that goes wrong while a page is sent. It leaves the browser on the page that follows.
type fault struct {
	name string
	send func(w *story, b *reader, s step)
}

// faults are what people and machines do at each step.
func faults() []fault {
	return []fault{
		{"sent twice at once", func(_ *story, b *reader, s step) {
			r := s.send(b)
			b.do(b.again(r))
			b.do(r)
		}},
		{"reloaded before", func(_ *story, b *reader, s step) {
			if s.name != "check" || !isBooking(b) { // that page answers a form: a browser sends the form again
				b.get(b.url.String())
			}
			b.do(s.send(b))
		}},
		{"sent, then reloaded", func(_ *story, b *reader, s step) {
			r := s.send(b)
			b.do(b.again(r))
			if b.url.String() != r.URL.String() { // a redirect has led to a page with an address of its own
				b.get(b.url.String())
			}
		}},
		{"sent again from the page before, by the back button", func(_ *story, b *reader, s step) {
			before := *b
			b.do(s.send(b))
			after := *b
			b.do(s.send(&before))
			if b.heading() != s.then { // what was sent needn't be sent again
				*b = after
				b.get(b.url.String())
			}
		}},
		{"the key is lost, and typed in again", func(w *story, b *reader, s step) {
			if !w.hasKey(b) || s.name == "provider" {
				b.do(s.send(b))
				return
			}
			page, r := b.url.String(), s.send(b)
			key := b.client.Jar.Cookies(b.url)[0].Value
			b.client.Jar, _ = cookiejar.New(nil)
			if r.Method == http.MethodPost {
				b.do(r)
				require.Equal(b.t, http.StatusForbidden, b.status)
				b.shows("Dafür brauchen Sie den Schlüssel zu Ihrem Vorgang")
			}
			b.visit("/vorgang").fill("Schlüssel oder Link", key).press("Öffnen").shows("Mein Vorgang")
			b.get(page)
			if isBooking(b) && s.name == "check" {
				b.fill("Familienname", "Mustermann").press("Weiter")
			}
			b.do(s.send(b))
		}},
		{"the service starts anew in between", func(w *story, b *reader, s step) {
			r := s.send(b)
			w.restart(b)
			b.do(r)
		}},
	}
}

func isBooking(b *reader) bool {
	return len(b.url.Path) > 13 && b.url.Path[:13] == "/reservierung"
}

// story is a service on which a story is told, and started anew.
type story struct {
	t       *testing.T
	backend *suite.Backend
	process *suite.Process
}

func (w *story) hasKey(b *reader) bool { return len(b.client.Jar.Cookies(b.url)) > 0 }

// restart ends the service and starts it on the same data.
func (w *story) restart(b *reader) {
	require.NoError(w.t, w.process.Stop())
	w.process = w.process.Beside(w.backend)
	b.at(w.process)
}

// TestEachStepSurvivesEachFault tells both stories with one fault at one step, for each step and each fault. Nothing is lost, and nothing is there
// twice: at the end there is one application that was paid once, or one appointment.
func TestEachStepSurvivesEachFault(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		for name, tell := range map[string]func() (string, []step){"application": applying, "appointment": booking} {
			w := &story{t, backend, suite.Serve(t, backend)}
			first, steps := tell()
			for _, at := range steps {
				for _, f := range faults() {
					b := open(t, w.process, first)
					for _, s := range steps {
						if s.name == at.name {
							f.send(w, b, s)
						}
						if s.name != at.name {
							b.do(s.send(b))
						}
						require.Equal(t, s.then, b.heading(), "%s: %s at %s, after %s: %s", name, f.name, at.name, s.name, text(b.all("main")[0]))
					}
					w.once(b, name)
				}
			}
		}
	})
}

// once requires that the case has one application, paid once, or one appointment; and gives the appointment up.
func (w *story) once(b *reader, name string) {
	w.t.Helper()
	key := b.client.Jar.Cookies(b.url)[0].Value
	own := &suite.Client{Process: w.process, Token: key}
	c := own.For(w.t).Do(`{ viewer { case { applications { status payments { status } } appointments { id status } } } }`, nil).OK("viewer.case")
	if name == "application" {
		require.JSONEq(w.t, `[{"status": "SUBMITTED", "payments": [{"status": "PAID"}]}]`, c.Get("applications").Raw)
		return
	}
	require.Equal(w.t, `["BOOKED"]`, c.Get("appointments.#.status").Raw)
	b.follow("Absagen").press("Termin absagen").shows("Ihr Termin ist abgesagt")
}
