//go:build web

package web_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// TestTheStoriesByKeyboard goes through both stories of the announcement from the town's start page to the confirmation by keyboard alone, with a focus
// that is seen wherever it goes, in a window of a desktop and of a phone.
func TestTheStoriesByKeyboard(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, backend *suite.Backend) {
		p := serve(t, backend)
		for i, width := range []int64{1280, 360} {
			b := open(t, p).window(width, 800)
			b.visit("/").shows("Bürgerservice Blomberg").enter("Termin buchen").shows("Wofür brauchen Sie einen Termin?")
			b.tick("Personalausweis beantragen").enter("Weiter").shows("Für wie viele?").enter("Weiter").shows("Wann passt es Ihnen?")
			b.enter([]string{"Montag, 23. November, 9:00 Uhr", "Montag, 23. November, 9:15 Uhr"}[i]).shows("Wer kommt zum Termin?")
			b.write("Vorname", "Erika").enter("Weiter").shows("Bitte prüfen Sie Ihre Angaben").enter("Ändern: Name").shows("Wer kommt zum Termin?")
			b.write("Familienname", "Mustermann").enter("Weiter").shows("Bitte prüfen Sie Ihre Angaben").enter("Termin verbindlich buchen").shows("Ihr Termin ist gebucht")

			b.visit("/").shows("Bürgerservice Blomberg").write("Was möchten Sie erledigen?", "meldebescheinigung").press("\r").shows("Suche: meldebescheinigung")
			b.enter("Meldebescheinigung").shows("Meldebescheinigung").enter("Online beantragen").until(`location.pathname.endsWith("/antrag") && document.readyState === "complete"`).enter("Gelesen, weiter")
			b.shows("Ihre Person").enter("Weiter").until(`document.title.startsWith("Fehler: ")`)
			require.Contains(t, eval[string](b, `document.activeElement.innerText`), "Bitte prüfen Sie Ihre Angaben", "the summary of errors has the focus")
			b.write("Familienname", "Mustermann").write("Vornamen", "Erika").write("Tag", "12").write("Monat", "8").write("Jahr", "1964").enter("Weiter")
			b.shows("Ihre Wohnung").write("Straße", "Nederntor").write("Hausnummer", fmt.Sprint(14+i)).enter("Weiter").shows("Bitte prüfen Sie Ihre Angaben")
			b.enter("Alles richtig, weiter").shows("Wie möchten Sie bezahlen?").enter("Zur Bezahlseite").until(`document.querySelector("button[value=success]")`)
			eval[any](b, `document.querySelector("button[value=success]").click()`) // the sandbox's page isn't ours to prove here
			b.shows("Bezahlt").enter("Weiter zum Absenden").shows("Antrag absenden").enter("Jetzt verbindlich absenden").shows("Ihr Antrag ist eingegangen")
		}
	})
}

// TestATimeThatSomebodyTakesFades opens the calendar in one browser and takes a time in another.
func TestATimeThatSomebodyTakesFades(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, backend *suite.Backend) {
		p := serve(t, backend)
		mine, theirs := open(t, p), open(t, p)
		const times = "/termin/zeiten?dienst=reisepass:1"
		mine.visit(times).shows("Wann passt es Ihnen?")
		theirs.visit(times).shows("Wann passt es Ihnen?")
		first := eval[string](mine, `document.querySelector("#tage button.time").innerText`)
		spoken := eval[string](mine, `document.querySelector("#tage button.time").getAttribute("aria-label")`)
		for range 2 { // as many as there are counters
			taker := open(t, p)
			taker.visit(times).shows("Wann passt es Ihnen?")
			eval[any](taker, `document.querySelector("#tage button.time").click()`)
			taker.shows("Wer kommt zum Termin?")
		}
		mine.until(`document.querySelector(".time--taken .time__clock")?.innerText === ` + quoted(first))
		mine.until(`document.getElementById("live").innerText.includes(` + quoted(spoken+" wurde gerade vergeben.") + `)`)
		theirs.until(`document.querySelectorAll(".time--taken").length === 1`)
	})
}
