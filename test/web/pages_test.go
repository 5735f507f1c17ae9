//go:build web

package web_test

import (
	"cmp"
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
	path string
	on   string         // address of the service; "" for the one of the tab
	as   *reader.Reader // whose case it is; nil: nobody's
	make func(b *tab)   // what is done on the page after it is loaded; nil: nothing
}

// everyPage brings services into all states that a person can see, and returns a page for each, in a language.
func everyPage(t *testing.T, all *sites, lang string) []shown {
	t.Helper()
	s := newScene(t, all, lang)
	pages := s.ended() // first: what follows holds times and begins payments, which end by the clock
	for _, more := range []func() []shown{
		s.offered, s.booked, s.filledIn, s.booking, s.visit, s.drafts, s.applied, s.payments, s.abroad, s.said, s.failures,
	} {
		pages = append(pages, more()...)
	}
	return pages
}

// offered returns the pages that everybody sees.
func (s *scene) offered() []shown {
	at := s.at
	return []shown{
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
}

// booked returns the steps of a booking, and what can be done with an appointment and a case.
func (s *scene) booked() []shown {
	t, p, at, say := s.t, s.town, s.at, s.say
	hour := say("Dienstag, 24. November, 9:00 Uhr", "Tuesday, 24 November, 10:00 am")
	held := reader.Open(t, p, at+"/termin/zeiten?dienst=personalausweis:1&ab=2026-11-24").Press(hour)
	pages := []shown{
		{name: "person", path: held.URL.Path, as: held},
		{name: "person-faults", path: held.URL.Path, as: held, make: func(b *tab) {
			eval[any](b, `document.querySelector("form[novalidate]").requestSubmit()`)
			b.until(`document.querySelector("[data-summary]")`)
		}},
		{name: "check", path: held.URL.Path, as: held, make: func(b *tab) {
			eval[any](b, `document.getElementById("familyName").value = "Mustermann"; document.querySelector("form[novalidate]").requestSubmit()`)
			b.until(`document.querySelector(".kern-summary")`)
		}},
	}
	booked := reader.Open(t, p, at+"/termin/zeiten?dienst=reisepass:1&ab=2026-11-24").Press(hour)
	booked.Fill(say("Familienname", "Family name"), "Mustermann").Press(say("Weiter", "Continue")).Press(say("Termin verbindlich buchen", "Book the appointment"))
	confirmation := booked.URL.Path
	return append(pages, shown{name: "booked", path: confirmation, as: booked}, shown{name: "move", path: confirmation + "/verschieben", as: booked},
		shown{name: "correct", path: confirmation + "/aendern", as: booked}, shown{name: "cancel", path: confirmation + "/absagen", as: booked},
		shown{name: "case", path: at + "/vorgang", as: booked}, shown{name: "resume-link", path: at + "/vorgang/schluessel", as: booked},
		shown{name: "my-data", path: at + "/vorgang/daten", as: booked})
}

// filledIn returns the steps of an application.
func (s *scene) filledIn() []shown {
	t, p, at, say := s.t, s.town, s.at, s.say
	draft := reader.Open(t, p, at+"/dienste/geburtsurkunde/antrag").Press(say("Gelesen, weiter", "I have read this, continue"))
	pages := []shown{{name: "notice", path: draft.URL.Path, as: draft}}
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
	b.do(chromedp.Navigate(cmp.Or(page.on, b.base) + page.path))
	b.until(`document.readyState === "complete"`)
	if page.make != nil {
		page.make(b)
	}
}

// TestNoPageHasABarrierThatAxeFinds runs axe-core over every page and state: in light, in dark, and in forced colours, in German and English.
func TestNoPageHasABarrierThatAxeFinds(t *testing.T) { //nolint:paralleltest // one after the other, for a quiet machine
	s := serveAll(t)
	var found []string
	for _, lang := range []string{"de", "en"} {
		b := open(t, s.town)
		pages := everyPage(t, s, lang)
		for _, page := range pages {
			b.look(page)
			for i, media := range medias(lang) {
				b.media(media)
				for _, fault := range b.axe(i > 0 && !long()) {
					found = append(found, fmt.Sprintf("%s in %s, %s: %s: %s", page.name, lang, media, page.path, fault))
				}
			}
		}
		t.Logf("%s: %d pages", lang, len(pages))
	}
	require.Empty(t, strings.Join(found, "\n"))
}

// axe returns what axe-core finds wrong with the page; colours asks for the rules alone whose outcome colours decide, for a page that has passed the others.
func (b *tab) axe(colours bool) []string {
	b.t.Helper()
	if colours {
		return b.axeRun(`{runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}}`)
	}
	// The rule of WCAG 2.5.3 is one that axe calls experimental, and leaves out unless it is named.
	return b.axeRun(`{runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], rules: {"label-content-name-mismatch": {enabled: true}}}`)
}

// axeRun runs axe-core with options, and returns each violation with some of its places.
func (b *tab) axeRun(options string) []string {
	b.t.Helper()
	if !eval[bool](b, `"axe" in window`) {
		script, err := os.ReadFile("node_modules/axe-core/axe.min.js")
		require.NoError(b.t, err, "make test/web installs it")
		eval[any](b, string(script)+"; undefined")
	}
	return eval[[]string](b, `axe.run(document, {...`+options+`, resultTypes: ["violations"]})
		.then(r => r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary).join(" | ")))`)
}

// medias are what pages are shown for: English ones, which differ in their words alone, by light only unless the proofs are long.
func medias(lang string) []string {
	all := []string{"prefers-color-scheme: light", "prefers-color-scheme: dark", "forced-colors: active"}
	if lang == "en" && !long() {
		return all[:1]
	}
	return all
}

// TestEveryPageFitsANarrowWindow shows each page 320 pixels wide, and with text of twice the size, without scrolling sideways, and wherever the keyboard's
// focus can be, it is seen.
func TestEveryPageFitsANarrowWindow(t *testing.T) { //nolint:paralleltest // one after the other, for a quiet machine
	s := serveAll(t)
	b := open(t, s.town)
	var found []string
	for _, page := range everyPage(t, s, "de") {
		b.window(320, 800).look(page)
		if width := eval[int](b, `document.scrollingElement.scrollWidth`); width > 320 {
			found = append(found, fmt.Sprintf("%s is %d pixels wide: %s", page.name, width, eval[string](b, widest)))
		}
		for _, element := range b.unseen() {
			found = append(found, fmt.Sprintf("%s: the focus isn't seen on %s", page.name, element))
		}
		b.window(640, 800)
		eval[any](b, `document.documentElement.style.fontSize = "200%"; undefined`)
		if width := eval[int](b, `document.scrollingElement.scrollWidth`); width > 640 {
			found = append(found, fmt.Sprintf("%s with text of twice the size is %d pixels wide: %s", page.name, width, eval[string](b, widest)))
		}
	}
	require.Empty(t, strings.Join(found, "\n"))
}

// unseen gives the focus to everything that the keyboard reaches, and returns what then has no line around it, around its box or around its card.
func (b *tab) unseen() []string {
	b.t.Helper()
	b.press("\t") // from a keyboard: with a mouse the line isn't shown
	return eval[[]string](b, `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
		.filter(e => !e.disabled && e.checkVisibility())
		.filter(e => {
			e.focus();
			const styles = [getComputedStyle(e), getComputedStyle(e.parentElement), getComputedStyle(e, "::after")], box = e.getBoundingClientRect();
			const line = styles.some(s => s.outlineStyle === "solid" && s.outlineColor !== "rgba(0, 0, 0, 0)" && parseFloat(s.outlineWidth) >= 2);
			return document.activeElement !== e || !line || box.width === 0 || box.height === 0 || box.right <= 0 || box.left >= innerWidth;
		}).map(e => e.outerHTML.slice(0, 200))`)
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
	s := serveAll(t)
	for _, lang := range []string{"de", "en"} {
		b := open(t, s.town)
		for _, page := range everyPage(t, s, lang) {
			for name, width := range map[string]int64{"phone": 390, "desktop": 1280} {
				b.window(width, 900).media("prefers-color-scheme: light").look(page)
				picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s-%s.png", page.name, lang, name)), picture, 0o600))
			}
		}
	}
}

// seconds is a duration that JavaScript measured in milliseconds.
func seconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
