package pages_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/reader"
	"nelke/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// TestAnAppointmentIsBookedWithoutScript goes through the announcement's story of a visit from the start page to the confirmation: concern,
// time, data, check, send.
func TestAnAppointmentIsBookedWithoutScript(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		b := reader.Open(t, p, "/").Shows("Bürgerservice Blomberg")
		b.Follow("Termin buchen").Shows("Wofür brauchen Sie einen Termin?")
		b.Press("Weiter").Shows("Wofür brauchen Sie einen Termin?")
		require.Equal(t, []string{"Bitte wählen Sie mindestens ein Anliegen."}, b.Errors())
		b.Choose("Personalausweis beantragen").Press("Weiter").Shows("Für wie viele?")
		b.Fill("Personalausweis beantragen", "2").Press("Weiter").Shows("Wann passt es Ihnen?").Says("Personalausweis beantragen × 2")

		b.Press("Montag, 23. November, 8:30 Uhr").Shows("Wer kommt zum Termin?").Says("Montag, 23. November 2026, 8:30 Uhr")
		b.Press("Weiter").Shows("Wer kommt zum Termin?")
		require.Equal(t, http.StatusUnprocessableEntity, b.Status)
		require.Equal(t, []string{"Bitte geben Sie einen Namen an."}, b.Errors())
		require.Equal(t, "Fehler: Wer kommt zum Termin? – Bürgerservice Blomberg", reader.Text(b.All("title")[0]))
		b.Fill("Vorname", "Erika").Fill("Familienname", "Mustermann").Fill("E-Mail-Adresse", "erika@example.org").Choose("Ich möchte per E-Mail").Press("Weiter")
		b.Shows("Bitte prüfen Sie Ihre Angaben").Says("Erika Mustermann").Says("erika@example.org")
		b.Press("Ändern: Name").Shows("Wer kommt zum Termin?").Fill("Vorname", "Erika Maria").Press("Weiter").Says("Erika Maria Mustermann")

		book := b.Request("Termin verbindlich buchen")
		b.Do(b.Again(book))
		b.Shows("Ihr Termin ist gebucht").Says("Montag, 23. November 2026, 8:30 Uhr").Says("Sie werden per E-Mail erinnert.")
		confirmation := b.URL.Path
		b.Do(book) // a double click
		b.Shows("Ihr Termin ist gebucht")
		require.Equal(t, confirmation, b.URL.Path)
		require.Len(t, reader.Within(b.Visit("/vorgang").Doc, "h2"), 2, "one appointment, and what can be done with the case")

		b.Get(b.Process.Config.PublicURL + confirmation).Follow("Verschieben").Shows("Auf wann möchten Sie verschieben?")
		b.Press("Montag, 23. November, 11:00 Uhr").Shows("Ihr Termin ist gebucht").Says("11:00 Uhr")
		b.Follow("Absagen").Shows("Termin absagen?").Press("Termin absagen").Shows("Ihr Termin ist abgesagt")
	})
}

// TestAnApplicationIsPaidForAndSentWithoutScript goes through the announcement's other story: information, confirmation, privacy notice, data, check,
// payment, sending; then the office asks a question, and completes it.
func TestAnApplicationIsPaidForAndSentWithoutScript(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		b := reader.Open(t, p, "/dienste?suche=meldebescheinigung").Follow("Meldebescheinigung").Shows("Meldebescheinigung").Says("9,00 €")
		b.Follow("Online beantragen").Shows("Meldebescheinigung").Says("Das kostet 9,00 €")
		begin := b.Request("Gelesen, weiter")
		b.Do(b.Again(begin))
		draft := b.URL.Path
		b.Do(begin)
		require.Equal(t, draft, b.URL.Path, "a double click begins one draft")
		b.Shows("Datenschutzerklärung").Press("Zur Kenntnis genommen, weiter").Shows("Ihre Person")

		b.Press("Weiter").Shows("Ihre Person")
		require.Equal(t, http.StatusUnprocessableEntity, b.Status)
		b.Fill("Familienname", "Mustermann").Fill("Vornamen", "Erika").Fill("Tag", "31").Fill("Monat", "2").Fill("Jahr", "1964").Press("Weiter").Shows("Ihre Person")
		require.Equal(t, http.StatusUnprocessableEntity, b.Status)
		b.Fill("Tag", "12").Fill("Monat", "8").Press("Weiter")
		require.Equal(t, http.StatusOK, b.Status, "%v", b.Errors())
		b.Fill("Straße", "Nederntor").Fill("Hausnummer", "14").Press("Weiter").Shows("Bitte prüfen Sie Ihre Angaben")
		b.Says("Mustermann").Says("12. August 1964").Says("Nederntor")

		b.Press("Alles richtig, weiter").Shows("Wie möchten Sie bezahlen?").Says("9,00 €")
		b.Choose("Kreditkarte").Press("Zur Bezahlseite")
		require.Contains(t, b.URL.Path, "/sandbox/pay/")
		b.Press("Zahlung gelingt").Shows("Bezahlt").Follow("Weiter zum Absenden").Shows("Antrag absenden").Says("Bezahlt: 9,00 €")
		send := b.Request("Jetzt verbindlich absenden")
		b.Do(b.Again(send))
		b.Shows("Ihr Antrag ist eingegangen")
		b.Do(send)
		b.Shows("Ihr Antrag ist eingegangen").Follow("Kopie Ihres Antrags ansehen und drucken").Shows("Kopie Ihres Antrags").Says("12. August 1964")
	})
}
