package pages_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/reader"
	"nelke/test/suite"
)

// TestListsEndWhereTheyEnd shows a town with more services than the graph gives at once.
func TestListsEndWhereTheyEnd(t *testing.T) {
	t.Parallel()
	town := suite.NewTown(t)
	raw, err := os.ReadFile(town.File)
	require.NoError(t, err)
	text := string(raw)
	begin := strings.Index(text, "\n  - slug: fundsache\n")
	one := text[begin : begin+1+strings.Index(text[begin+1:], "\n  - slug: ")]
	one = regexp.MustCompile(`(?m)^    (kind|leikaKey|words):.*\n(      .*\n)*`).ReplaceAllString(one, "")
	var more, served strings.Builder
	for i := range 101 {
		slug, name := fmt.Sprintf("dienst-%03d", i), fmt.Sprintf("    name: {de: Dienst Nummer %03d, en: Service number %03d}", i, i)
		more.WriteString(regexp.MustCompile(`(?m)^    name: .*$`).ReplaceAllString(strings.Replace(one, "fundsache", slug, 1), name))
		served.WriteString("          - " + slug + "\n")
	}
	text = strings.Replace(text[:begin]+more.String()+text[begin:], "          - personalausweis\n", served.String()+"          - personalausweis\n", 1)
	require.NoError(t, os.WriteFile(town.File, []byte(text), 0o600))

	p := suite.Serve(t, suite.SQLite(), func(c *server.Config) { c.Town = "blomberg" })
	_, err = server.Import(t.Context(), p.Config, []string{town.File})
	require.NoError(t, err)
	p.Clock.Advance(11 * time.Second) // what a process may remember
	b := reader.Open(t, p, "/dienste").Says("Dienst Nummer 000").Says("Dienst Nummer 100")
	require.Len(t, b.All("h1"), 1)
	b.Visit("/termin").Choose("Dienst Nummer 100 20 Minuten").Press("Weiter").Shows("Wann passt es Ihnen?").Says("Dienst Nummer 100")
}

// TestTheCopyOfOnesDataIsWhole downloads a case with an application that was paid for, and an appointment.
func TestTheCopyOfOnesDataIsWhole(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		first, steps := applying()
		b := reader.Open(t, p, first)
		for _, s := range steps {
			b.Do(s.send(b))
		}
		b.Shows("Ihr Antrag ist eingegangen")
		b.Visit("/termin/zeiten?dienst=reisepass:1").Press("Montag, 23. November, 8:30 Uhr").Fill("Familienname", "Mustermann").Press("Weiter")
		b.Press("Termin verbindlich buchen").Shows("Ihr Termin ist gebucht").Visit("/vorgang").Follow("Meine Daten ansehen und herunterladen")

		answer, err := b.Client.Do(b.Linked("Als JSON herunterladen"))
		require.NoError(t, err)
		defer answer.Body.Close()
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Contains(t, answer.Header.Get("Content-Disposition"), "attachment")
		raw, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		var data struct {
			Applications []struct {
				Answers  map[string]any
				Payments []struct{ Status string }
			}
			Appointments []struct{ Person struct{ FamilyName string } }
			Events       []struct{ Action string }
		}
		require.NoError(t, json.Unmarshal(raw, &data))
		require.Len(t, data.Applications, 1)
		require.NotEmpty(t, data.Applications[0].Answers)
		require.Equal(t, "PAID", data.Applications[0].Payments[0].Status)
		require.Equal(t, "Mustermann", data.Appointments[0].Person.FamilyName)
		var actions []string
		for _, e := range data.Events {
			actions = append(actions, e.Action)
		}
		require.Subset(t, actions, []string{"case.opened", "application.submitted", "appointment.booked"})
	})
}

// TestWhatIsMissingIsShownWhereItIs leaves a section out, and is led from the check page to the field that is missing.
func TestWhatIsMissingIsShownWhereItIs(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/dienste/meldebescheinigung/antrag").Press("Gelesen, weiter").Press("Zur Kenntnis genommen, weiter").Shows("Ihre Person")
	b.Fill("Familienname", "Mustermann").Fill("Vornamen", "Erika").Fill("Tag", "12").Fill("Monat", "8").Fill("Jahr", "1964").Press("Weiter").Shows("Ihre Wohnung")
	check := strings.TrimSuffix(b.URL.Path, "/angaben/2") + "/pruefen"
	b.Visit(check).Says("Es fehlen noch Angaben").Press("Fehlende Angaben ergänzen").Shows("Ihre Wohnung")
	require.Equal(t, http.StatusUnprocessableEntity, b.Status)
	require.NotEmpty(t, b.Errors())
	b.Fill("Straße", "Nederntor").Fill("Hausnummer", "14").Press("Weiter").Shows("Bitte prüfen Sie Ihre Angaben")
	b.Press("Alles richtig, weiter").Shows("Wie möchten Sie bezahlen?")
}

// TestAnotherTimeKeepsWhatWasTyped gives a reserved time back from the check page.
func TestAnotherTimeKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/termin/zeiten?dienst=reisepass:2").Press("Montag, 23. November, 8:30 Uhr").Fill("Familienname", "Mustermann").Press("Weiter")
	b.Shows("Bitte prüfen Sie Ihre Angaben").Press("Andere Zeit wählen").Shows("Wann passt es Ihnen?").Says("× 2")
	b.Press("Montag, 23. November, 9:00 Uhr").Shows("Bitte prüfen Sie Ihre Angaben").Says("Mustermann")
	b.Press("Andere Zeit wählen").Follow("Monat zeigen").Shows("Wann passt es Ihnen?").Says("× 2")
	b.Follow("Zurück").Shows("Für wie viele?").Press("Weiter").Says("× 2")
}

// TestMoreTimesThanMayBeHeldLeadToThose holds three times.
func TestMoreTimesThanMayBeHeldLeadToThose(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/termin/zeiten?dienst=reisepass:1")
	for _, hour := range []string{"8:30 Uhr", "9:00 Uhr", "9:30 Uhr"} {
		b.Visit("/termin/zeiten?dienst=reisepass:1&ab=2026-11-24").Press("Dienstag, 24. November, " + hour)
	}
	b.Shows("Wann passt es Ihnen?")
	require.Equal(t, http.StatusConflict, b.Status)
	require.Equal(t, "Dienstag, 24. November", reader.Text(b.All("h3")[0]), "the page stays at the day")
	for _, a := range b.All("a") {
		if strings.Contains(reader.Text(a), "geben Sie") {
			b.Follow(reader.Text(a)).Shows("Mein Vorgang").Says("reserviert")
			return
		}
	}
	t.Fatal("no link to the times that are held")
}

// TestACancelledAppointmentLeadsToANewOne cancels an appointment.
func TestACancelledAppointmentLeadsToANewOne(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/termin/zeiten?dienst=reisepass:1").Press("Montag, 23. November, 8:30 Uhr").Fill("Familienname", "Mustermann").Press("Weiter")
	b.Press("Termin verbindlich buchen").Follow("Absagen").Press("Termin absagen").Shows("Ihr Termin ist abgesagt")
	b.Follow("Neuen Termin buchen").Shows("Wofür brauchen Sie einen Termin?").Press("Weiter").Shows("Für wie viele?").Says("Reisepass beantragen")
}
