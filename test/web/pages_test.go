//go:build web

package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"nelke/test/reader"
	"nelke/test/suite"
)

// shown is one page in one state.
type shown struct {
	name string
	path string         // "" where the browser has the page already
	as   *reader.Reader // whose case it is; nil: nobody's
	make func(b *tab)   // what is done on the page after it is loaded; nil: nothing
}

// everyPage brings a service into all states that a person can see, and returns a page for each, in a language.
func everyPage(t *testing.T, p *suite.Process, lang string) []shown {
	t.Helper()
	at := map[string]string{"de": "", "en": "/en"}[lang]
	say := func(de, en string) string { return map[string]string{"de": de, "en": en}[lang] }
	hour := map[string]string{"de": "Dienstag, 24. November, 9 Uhr", "en": "Tuesday, 24 November, 10:00 am"}[lang]
	pages := []shown{
		{name: "start", path: at + "/"},
		{name: "services", path: at + "/dienste"},
		{name: "search", path: at + "/dienste?suche=perso"},
		{name: "search-nothing", path: at + "/dienste?suche=xyzzy"},
		{name: "service", path: at + "/dienste/fuehrungszeugnis"},
		{name: "privacy", path: at + "/datenschutz"},
		{name: "not-found", path: at + "/nirgends"},
		{name: "concerns", path: at + "/termin"},
		{name: "quantities", path: at + "/termin/anzahl?dienst=personalausweis"},
		{name: "times", path: at + "/termin/zeiten?dienst=personalausweis:1"},
		{name: "times-month", path: at + "/termin/zeiten?dienst=personalausweis:1&ansicht=monat"},
		{name: "key", path: at + "/vorgang"},
		{name: "information", path: at + "/dienste/meldebescheinigung/antrag"},
		{name: "signed-out", path: at + "/antrag/application_01m8pk0wc1e34b7pb58z64dfpj"},
	}
	held := reader.Open(t, p, at+"/termin/zeiten?dienst=personalausweis:1&ab=2026-11-24").Press(hour)
	pages = append(pages, shown{name: "person", path: held.URL.Path, as: held},
		shown{name: "person-faults", path: held.URL.Path, as: held, make: func(b *tab) {
			eval[any](b, `document.querySelector("form[novalidate]").requestSubmit()`)
			b.until(`document.querySelector("[data-summary]")`)
		}},
		shown{name: "check", path: held.URL.Path, as: held, make: func(b *tab) {
			eval[any](b, `document.getElementById("familyName").value = "Mustermann"; document.querySelector("form[novalidate]").requestSubmit()`)
			b.until(`document.querySelector(".kern-summary")`)
		}})
	booked := reader.Open(t, p, at+"/termin/zeiten?dienst=reisepass:1&ab=2026-11-24").Press(hour)
	booked.Fill(say("Familienname", "Family name"), "Mustermann").Press(say("Weiter", "Continue")).Press(say("Termin verbindlich buchen", "Book the appointment"))
	confirmation := booked.URL.Path
	pages = append(pages, shown{name: "booked", path: confirmation, as: booked}, shown{name: "move", path: confirmation + "/verschieben", as: booked},
		shown{name: "correct", path: confirmation + "/aendern", as: booked}, shown{name: "cancel", path: confirmation + "/absagen", as: booked},
		shown{name: "case", path: at + "/vorgang", as: booked}, shown{name: "resume-link", path: at + "/vorgang/schluessel", as: booked},
		shown{name: "my-data", path: at + "/vorgang/daten", as: booked})

	draft := reader.Open(t, p, at+"/dienste/geburtsurkunde/antrag").Press(say("Gelesen, weiter", "I have read this, continue"))
	pages = append(pages, shown{name: "notice", path: draft.URL.Path, as: draft})
	draft.Press(say("Zur Kenntnis genommen, weiter", "I have taken note, continue"))
	form := strings.TrimSuffix(draft.URL.Path, "/1")
	for i := 1; i <= 3; i++ {
		pages = append(pages, shown{name: fmt.Sprintf("form-%d", i), path: fmt.Sprintf("%s/%d", form, i), as: draft})
	}
	pages = append(pages, shown{name: "form-faults", path: form + "/1", as: draft, make: func(b *tab) {
		eval[any](b, `document.querySelector("form[novalidate]").requestSubmit()`)
		b.until(`document.querySelector("[data-summary]")`)
	}})

	paying := apply(t, p, at, say)
	application := strings.TrimSuffix(paying.URL.Path, "/bezahlen")
	pages = append(pages, shown{name: "check-answers", path: application + "/pruefen", as: paying}, shown{name: "pay", path: application + "/bezahlen", as: paying})
	sending := apply(t, p, at, say).Choose(say("Kreditkarte", "Credit card")).Press(say("Zur Bezahlseite", "To the payment page")).Press("Zahlung gelingt")
	pages = append(pages, shown{name: "paid", path: sending.URL.Path, as: sending}, shown{name: "send", path: strings.Replace(sending.URL.Path, "/bezahlung", "/absenden", 1), as: sending})
	sent := apply(t, p, at, say).Choose(say("Kreditkarte", "Credit card")).Press(say("Zur Bezahlseite", "To the payment page")).Press("Zahlung gelingt")
	sent.Follow(say("Weiter zum Absenden", "Continue to sending")).Press(say("Jetzt verbindlich absenden", "Send now"))
	return append(pages, shown{name: "sent", path: sent.URL.Path, as: sent}, shown{name: "copy", path: sent.URL.Path + "/kopie", as: sent},
		shown{name: "withdraw", path: sent.URL.Path + "/zurueckziehen", as: sent})
}

// apply fills in an application up to its payment.
func apply(t *testing.T, p *suite.Process, at string, say func(de, en string) string) *reader.Reader {
	t.Helper()
	next := say("Weiter", "Continue")
	b := reader.Open(t, p, at+"/dienste/meldebescheinigung/antrag").Press(say("Gelesen, weiter", "I have read this, continue"))
	b.Press(say("Zur Kenntnis genommen, weiter", "I have taken note, continue"))
	b.Fill(say("Familienname", "Family name"), "Mustermann").Fill(say("Vornamen", "Given names"), "Erika")
	b.Fill(say("Tag", "Day"), "12").Fill(say("Monat", "Month"), "8").Fill(say("Jahr", "Year"), "1964").Press(next)
	b.Fill(say("Straße", "Street"), "Nederntor").Fill(say("Hausnummer", "House number"), "14").Press(next)
	return b.Press(say("Alles richtig, weiter", "All correct, continue")).Shows(say("Wie möchten Sie bezahlen?", "How do you want to pay?"))
}

// look loads a page into a tab.
func (b *tab) look(page shown) {
	b.t.Helper()
	b.do(chromedp.Navigate("about:blank"))
	b.clear()
	if page.as != nil {
		b.signIn(page.as)
	}
	b.visit(page.path).until(`document.readyState === "complete"`)
	if page.make != nil {
		page.make(b)
	}
}

// TestNoPageHasABarrierThatAxeFinds runs axe-core over every page and state: in light, in dark, and in forced colours, in German and English.
func TestNoPageHasABarrierThatAxeFinds(t *testing.T) { //nolint:paralleltest // one after the other, for a quiet machine
	p := serve(t, suite.SQLite())
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	require.NoError(t, err, "make test/web installs it")
	for _, lang := range []string{"de", "en"} {
		b := open(t, p)
		pages := everyPage(t, p, lang)
		for _, page := range pages {
			b.look(page)
			eval[any](b, string(axe)+"; undefined")
			for _, media := range medias(lang) {
				b.media(media)
				found := eval[[]string](b, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]})
					.then(r => r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary).join(" | ")))`)
				require.Empty(t, found, "%s in %s, %s: %s", page.name, lang, media, page.path)
			}
		}
		t.Logf("%s: %d pages", lang, len(pages))
	}
}

// medias are what pages are shown for: English ones, which differ in their words alone, by light only unless the proofs are long.
func medias(lang string) []string {
	all := []string{"prefers-color-scheme: light", "prefers-color-scheme: dark", "forced-colors: active"}
	if lang == "en" && !long() {
		return all[:1]
	}
	return all
}

// TestEveryPageFitsANarrowWindow shows each page 320 pixels wide, and with text of twice the size, without scrolling sideways.
func TestEveryPageFitsANarrowWindow(t *testing.T) { //nolint:paralleltest // one after the other, for a quiet machine
	p := serve(t, suite.SQLite())
	b := open(t, p)
	for _, page := range everyPage(t, p, "de") {
		b.window(320, 800).look(page)
		require.LessOrEqual(t, eval[int](b, `document.scrollingElement.scrollWidth`), 320, "%s is wider than the window: %s", page.name, eval[string](b, widest))
		b.window(640, 800)
		eval[any](b, `document.documentElement.style.fontSize = "200%"; undefined`)
		require.LessOrEqual(t, eval[int](b, `document.scrollingElement.scrollWidth`), 640, "%s with text of twice the size: %s", page.name, eval[string](b, widest))
	}
}

// widest names the element that reaches furthest to the right.
const widest = `[...document.querySelectorAll("main *")].map(e => [e.getBoundingClientRect().right, e.outerHTML.slice(0, 200)]).sort((a, b) => b[0] - a[0])[0].join(" ")`

// TestScreens writes a picture of every page, phone and desktop, into the folder of NELKE_SCREENS.
func TestScreens(t *testing.T) { //nolint:paralleltest // one after the other, for a quiet machine
	folder := os.Getenv("NELKE_SCREENS")
	if folder == "" {
		return // make web/screens names one
	}
	require.NoError(t, os.MkdirAll(folder, 0o755))
	p := serve(t, suite.SQLite())
	for _, lang := range []string{"de", "en"} {
		b := open(t, p)
		for _, page := range everyPage(t, p, lang) {
			for name, width := range map[string]int64{"phone": 390, "desktop": 1280} {
				b.window(width, 900).media("prefers-color-scheme: light").look(page)
				picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(90))
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s-%s.png", page.name, lang, name)), picture, 0o600))
			}
		}
	}
}

// seconds is a duration that JavaScript measured in milliseconds.
func seconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
