package pages_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// TestAnAppointmentIsBookedWithoutScript tells the announcement's story of a visit from the start page to the confirmation: concern,
// time, data, check, send.
func TestAnAppointmentIsBookedWithoutScript(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		b := open(t, p, "/").shows("Bürgerservice Blomberg")
		b.follow("Termin buchen").shows("Wofür brauchen Sie einen Termin?")
		b.press("Weiter").shows("Wofür brauchen Sie einen Termin?")
		require.Equal(t, []string{"Bitte wählen Sie mindestens ein Anliegen."}, b.errors())
		b.choose("Personalausweis beantragen").press("Weiter").shows("Für wie viele?")
		b.fill("Personalausweis beantragen", "2").press("Weiter").shows("Wann passt es Ihnen?").says("Personalausweis beantragen × 2")

		b.press("Montag, 23. November, 8 Uhr 30").shows("Wer kommt zum Termin?").says("Montag, 23. November 2026, 8:30 Uhr")
		b.press("Weiter").shows("Wer kommt zum Termin?")
		require.Equal(t, http.StatusUnprocessableEntity, b.status)
		require.Equal(t, []string{"Bitte geben Sie einen Namen an."}, b.errors())
		require.Equal(t, "Fehler: Wer kommt zum Termin? – Bürgerservice Blomberg", text(b.all("title")[0]))
		b.fill("Vorname", "Erika").fill("Familienname", "Mustermann").fill("E-Mail-Adresse", "erika@example.org").choose("Ich möchte per E-Mail").press("Weiter")
		b.shows("Bitte prüfen Sie Ihre Angaben").says("Erika Mustermann").says("erika@example.org")
		b.press("Ändern: Name").shows("Wer kommt zum Termin?").fill("Vorname", "Erika Maria").press("Weiter").says("Erika Maria Mustermann")

		book := b.request("Termin verbindlich buchen")
		b.do(b.again(book))
		b.shows("Ihr Termin ist gebucht").says("Montag, 23. November 2026, 8:30 Uhr").says("Sie werden per E-Mail erinnert.")
		confirmation := b.url.Path
		b.do(book) // a double click
		b.shows("Ihr Termin ist gebucht")
		require.Equal(t, confirmation, b.url.Path)
		require.Len(t, within(b.visit("/vorgang").doc, "h2"), 2, "one appointment, and what can be done with the case")

		b.get(b.process.Config.PublicURL + confirmation).follow("Verschieben").shows("Auf wann möchten Sie verschieben?")
		b.press("Montag, 23. November, 11 Uhr").shows("Ihr Termin ist gebucht").says("11:00 Uhr")
		b.follow("Absagen").shows("Termin absagen?").press("Termin absagen").shows("Ihr Termin ist abgesagt")
	})
}

// TestAnApplicationIsPaidForAndSentWithoutScript tells the announcement's other story: information, confirmation, privacy notice, data, check,
// payment, sending; then the office asks a question, and completes it.
func TestAnApplicationIsPaidForAndSentWithoutScript(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		b := open(t, p, "/dienste?suche=meldebescheinigung").follow("Meldebescheinigung").shows("Meldebescheinigung").says("9,00 €")
		b.follow("Online beantragen").shows("Meldebescheinigung").says("Das kostet 9,00 €")
		begin := b.request("Gelesen, weiter")
		b.do(b.again(begin))
		draft := b.url.Path
		b.do(begin)
		require.Equal(t, draft, b.url.Path, "a double click begins one draft")
		b.shows("Datenschutzerklärung").press("Zur Kenntnis genommen, weiter").shows("Ihre Person")

		b.press("Weiter").shows("Ihre Person")
		require.Equal(t, http.StatusUnprocessableEntity, b.status)
		b.fill("Familienname", "Mustermann").fill("Vornamen", "Erika").fill("Tag", "31").fill("Monat", "2").fill("Jahr", "1964").press("Weiter").shows("Ihre Person")
		require.Equal(t, http.StatusUnprocessableEntity, b.status)
		b.fill("Tag", "12").fill("Monat", "8").press("Weiter")
		require.Equal(t, http.StatusOK, b.status, "%v", b.errors())
		b.fill("Straße", "Nederntor").fill("Hausnummer", "14").press("Weiter").shows("Bitte prüfen Sie Ihre Angaben")
		//REV b.says("Mustermann").says("12. August 1964").says("Nederntor")

		b.press("Alles richtig, weiter").shows("Wie möchten Sie bezahlen?").says("9,00 €")
		b.choose("Kreditkarte").press("Zur Bezahlseite")
		require.Contains(t, b.url.Path, "/sandbox/pay/")
		b.press("Zahlung gelingt").shows("Bezahlt").follow("Weiter zum Absenden").shows("Antrag absenden").says("Bezahlt: 9,00 €")
		send := b.request("Jetzt verbindlich absenden")
		b.do(b.again(send))
		b.shows("Ihr Antrag ist eingegangen")
		b.do(send)
		b.shows("Ihr Antrag ist eingegangen").follow("Kopie Ihres Antrags ansehen und drucken").shows("Kopie Ihres Antrags") //REV .says("12. August 1964")
	})
}
