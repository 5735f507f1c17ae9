package pages_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/reader"
	"nelke/test/suite"
)

// step is a page of a story: what a person does there, and the heading of the page that follows.
type step struct {
	name string
	send func(b *reader.Reader) *http.Request
	then string
}

// applying are the steps of an application that is paid for, from the information to the confirmation.
func applying() (first string, steps []step) {
	return "/dienste/meldebescheinigung/antrag", []step{
		{"information", func(b *reader.Reader) *http.Request { return b.Request("Gelesen, weiter") }, "Datenschutzerklärung"},
		{"notice", func(b *reader.Reader) *http.Request { return b.Request("Zur Kenntnis genommen, weiter") }, "Ihre Person"},
		{"person", func(b *reader.Reader) *http.Request {
			return b.Fill("Familienname", "Mustermann").Fill("Vornamen", "Erika").Fill("Tag", "12").Fill("Monat", "8").Fill("Jahr", "1964").Request("Weiter")
		}, "Ihre Wohnung"},
		{"home", func(b *reader.Reader) *http.Request {
			return b.Fill("Straße", "Nederntor").Fill("Hausnummer", "14").Request("Weiter")
		}, "Bitte prüfen Sie Ihre Angaben"},
		{"check", func(b *reader.Reader) *http.Request { return b.Request("Alles richtig, weiter") }, "Wie möchten Sie bezahlen?"},
		{"payment", func(b *reader.Reader) *http.Request { return b.Choose("Kreditkarte").Request("Zur Bezahlseite") }, "Bezahlen"},
		{"provider", func(b *reader.Reader) *http.Request { return b.Request("Zahlung gelingt") }, "Bezahlt"},
		{"return", func(b *reader.Reader) *http.Request { return b.Linked("Weiter zum Absenden") }, "Antrag absenden"},
		{"send", func(b *reader.Reader) *http.Request { return b.Request("Jetzt verbindlich absenden") }, "Ihr Antrag ist eingegangen"},
	}
}

// booking are the steps of an appointment, from the free times to the confirmation.
func booking() (first string, steps []step) {
	return "/termin/zeiten?dienst=reisepass:1", []step{
		{"time", func(b *reader.Reader) *http.Request { return b.Request("Montag, 23. November, 8:30 Uhr") }, "Wer kommt zum Termin?"},
		{"person", func(b *reader.Reader) *http.Request { return b.Fill("Familienname", "Mustermann").Request("Weiter") }, "Bitte prüfen Sie Ihre Angaben"},
		{"check", func(b *reader.Reader) *http.Request { return b.Request("Termin verbindlich buchen") }, "Ihr Termin ist gebucht"},
	}
}

// fault is something that goes wrong while a page is sent. It leaves the browser on the page that follows.
type fault struct {
	name string
	send func(w *story, b *reader.Reader, s step)
}

// faults are what people and machines do at each step. Each notes the pages that the person sees.
func faults() []fault {
	return []fault{
		{"sent twice at once", func(w *story, b *reader.Reader, s step) {
			r := s.send(b)
			b.Do(b.Again(r))
			w.note(b)
			b.Do(r)
		}},
		{"reloaded before", func(w *story, b *reader.Reader, s step) {
			if s.name != "check" || !isBooking(b) { // that page answers a form: a browser sends the form again
				b.Get(b.URL.String())
				w.note(b)
			}
			b.Do(s.send(b))
		}},
		{"sent, then reloaded", func(w *story, b *reader.Reader, s step) {
			r := s.send(b)
			b.Do(b.Again(r))
			w.note(b)
			if b.URL.String() != r.URL.String() { // a redirect has led to a page with an address of its own
				b.Get(b.URL.String())
			}
		}},
		{"sent again from the page before, by the back button", func(w *story, b *reader.Reader, s step) {
			before := *b
			b.Do(s.send(b))
			w.note(b)
			after := *b
			b.Do(s.send(&before))
			w.note(b)
			if b.Heading() != s.then { // what was sent needn't be sent again
				*b = after
				b.Get(b.URL.String())
			}
		}},
		{"the key is lost, and typed in again", loseKey},
		{"the page is closed, and the case opened again", closePage},
		{"the service starts anew in between", func(w *story, b *reader.Reader, s step) {
			r := s.send(b)
			w.restart(b)
			b.Do(r)
		}},
	}
}

// loseKey sends a step without the key of the case, which is then typed in.
func loseKey(w *story, b *reader.Reader, s step) {
	if !w.hasKey(b) || s.name == "provider" {
		b.Do(s.send(b))
		return
	}
	page, r := b.URL.String(), s.send(b)
	key := b.Client.Jar.Cookies(b.URL)[0].Value
	b.Client.Jar, _ = cookiejar.New(nil)
	if r.Method == http.MethodPost {
		b.Do(r)
		w.note(b)
		require.Equal(b.T, http.StatusForbidden, b.Status)
		b.Shows("Dafür brauchen Sie den Schlüssel zu Ihrem Vorgang")
	}
	b.Visit("/vorgang").Fill("Schlüssel oder Link", key).Press("Öffnen").Shows("Mein Vorgang")
	w.note(b)
	b.Get(page)
	w.note(b)
	typeAgain(b, s)
	b.Do(s.send(b))
}

// closePage leaves the page of a step, the provider's included, and comes back by the case.
func closePage(w *story, b *reader.Reader, s step) {
	if !w.hasKey(b) {
		b.Do(s.send(b))
		return
	}
	b.Visit("/vorgang").Shows("Mein Vorgang")
	w.note(b)
	b.Follow(reader.Text(reader.Within(b.All("main")[0], "a")[0]))
	w.note(b)
	if s.name == "provider" {
		b.Shows("Die Bezahlung ist noch offen").Follow("Zur Bezahlseite")
		w.note(b)
	}
	typeAgain(b, s)
	if b.Heading() != s.then {
		b.Do(s.send(b))
	}
}

// typeAgain fills in who comes to an appointment, which is kept nowhere before it is booked.
func typeAgain(b *reader.Reader, s step) {
	if isBooking(b) && s.name == "check" {
		b.Fill("Familienname", "Mustermann").Press("Weiter")
	}
}

// faultsOn returns all faults on SQLite, and in the long form of the proof; otherwise those alone in which the database has a part.
func faultsOn(backend *suite.Backend) []fault {
	all := faults()
	if backend.Name == "sqlite" || os.Getenv("NELKE_PROOFS") == "long" {
		return all
	}
	return slices.DeleteFunc(all, func(f fault) bool {
		return f.name != "sent twice at once" && f.name != "the service starts anew in between"
	})
}

func isBooking(b *reader.Reader) bool { return strings.HasPrefix(b.URL.Path, "/reservierung/") }

// story is a service on which a story takes place, and which is started anew.
type story struct {
	t       *testing.T
	backend *suite.Backend
	process *suite.Process
	seen    []string // headings of the pages that followed the fault
}

// note records the page that the person sees.
func (w *story) note(b *reader.Reader) {
	if at := b.Heading(); len(w.seen) == 0 || w.seen[len(w.seen)-1] != at {
		w.seen = append(w.seen, at)
	}
}

func (w *story) hasKey(b *reader.Reader) bool { return len(b.Client.Jar.Cookies(b.URL)) > 0 }

// restart ends the service and starts it on the same data.
func (w *story) restart(b *reader.Reader) {
	require.NoError(w.t, w.process.Stop())
	w.process = w.process.Beside(w.backend)
	b.At(w.process)
}

var update = flag.Bool("update", false, "write docs/faults.md anew")

// whatIsSeen is the beginning of docs/faults.md.
const whatIsSeen = `# What a person sees when something goes wrong

Both stories of the pages, with one fault at one step. Nothing is lost, and nothing is there twice: at the end there is one application that was
paid once, or one appointment. Written by ` + "`go test ./test/pages -run EachFault -update`" + `, and held to it by that test.

| story | step | fault | pages that follow |
|---|---|---|---|
`

// TestEachStepSurvivesEachFault goes through both stories with one fault at one step, for each step and each fault. Nothing is lost, and nothing is there
// twice: at the end there is one application that was paid once, or one appointment.
func TestEachStepSurvivesEachFault(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		page := whatIsSeen
		for _, name := range []string{"application", "appointment"} {
			w := &story{t: t, backend: backend, process: suite.Serve(t, backend)}
			first, steps := map[string]func() (string, []step){"application": applying, "appointment": booking}[name]()
			for _, at := range steps {
				for _, f := range faultsOn(backend) {
					b := reader.Open(t, w.process, first)
					for _, s := range steps {
						if s.name == at.name {
							w.seen = nil
							f.send(w, b, s)
							w.note(b)
							page += fmt.Sprintf("| %s | %s | %s | %s |\n", name, at.name, f.name, strings.Join(w.seen, " → "))
						} else {
							b.Do(s.send(b))
						}
						require.Equal(t, s.then, b.Heading(), "%s: %s at %s, after %s: %s", name, f.name, at.name, s.name, reader.Text(b.All("main")[0]))
					}
					w.once(b, name)
				}
			}
		}
		if backend.Name != "sqlite" { // where not all faults are tried
			return
		}
		const file = "../../docs/faults.md"
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(page), 0o600))
		}
		there, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(there), page)
	})
}

// once requires that the case has one application, paid once, or one appointment; and gives the appointment up.
func (w *story) once(b *reader.Reader, name string) {
	w.t.Helper()
	key := b.Client.Jar.Cookies(b.URL)[0].Value
	own := &suite.Client{Process: w.process, Token: key}
	c := own.For(w.t).Do(`{ viewer { case { applications { status payments { status } } appointments { id status } } } }`, nil).OK("viewer.case")
	if name == "application" {
		require.JSONEq(w.t, `[{"status": "SUBMITTED", "payments": [{"status": "PAID"}]}]`, c.Get("applications").Raw)
		return
	}
	require.Equal(w.t, `["BOOKED"]`, c.Get("appointments.#.status").Raw)
	b.Follow("Absagen").Press("Termin absagen").Shows("Ihr Termin ist abgesagt")
}

// TestAnotherWindowWasFaster saves a page of a form in two windows. The second one is shown again, with what was typed there, and saved once the person
// sends it again.
func TestAnotherWindowWasFaster(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		one := reader.Open(t, p, "/dienste/meldebescheinigung/antrag").Press("Gelesen, weiter").Press("Zur Kenntnis genommen, weiter").Shows("Ihre Person")
		window := *one
		other := (&window).Visit(one.URL.Path).Shows("Ihre Person")
		fill := func(b *reader.Reader, name string) *reader.Reader {
			return b.Fill("Familienname", name).Fill("Vornamen", "Erika").Fill("Tag", "12").Fill("Monat", "8").Fill("Jahr", "1964").Press("Weiter")
		}
		fill(other, "Schulze").Shows("Ihre Wohnung")
		fill(one, "Meier").Shows("Ihre Person")
		require.Equal(t, http.StatusConflict, one.Status)
		require.Equal(t, "Meier", reader.Attr(one.Labelled("Familienname"), "value"))
		one.Press("Weiter").Shows("Ihre Wohnung").Visit(other.URL.Path[:len(other.URL.Path)-len("angaben/2")] + "pruefen").Says("Meier")
	})
}
