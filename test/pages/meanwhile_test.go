package pages_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/reader"
	"nelke/test/suite"
)

// TestWhatChangesWhileOneAppliesIsSaid changes information, privacy notice, price and opening of a service while a person applies for it.
func TestWhatChangesWhileOneAppliesIsSaid(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		imported := func(edit func(*suite.Town)) {
			town := suite.NewTown(t)
			edit(town)
			_, err := server.Import(t.Context(), p.Config, []string{town.File})
			require.NoError(t, err)
			p.Clock.Advance(11 * time.Second) // what a process may remember
		}
		first, steps := applying()
		b := reader.Open(t, p, first)
		for _, s := range steps[:5] { // up to paying
			b.Do(s.send(b))
		}
		draft := strings.TrimSuffix(b.Shows("Wie möchten Sie bezahlen?").Says("9,00 €").URL.Path, "/bezahlen")

		admin := p.Staff("anna", "ADMIN@"+suite.ARS)
		service := p.Filing("meldebescheinigung").Service
		admin.Do(`mutation($s: ID!, $k: UUID!) { setFee(input: {idempotencyKey: $k, service: $s, cents: 1100, validFrom: "2026-11-23", legalBasis: {de: "Satzung", en: "By-law"}}) { publicService { id } } }`,
			suite.Vars{"s": service, "k": suite.Key()}).OK("setFee.publicService.id")
		b.Choose("Kreditkarte").Press("Zur Bezahlseite").Shows("Wie möchten Sie bezahlen?").Says("Der Preis hat sich geändert").Says("11,00 €")
		require.Equal(t, http.StatusConflict, b.Status)
		b.Visit(draft + "/bezahlen").Says("11,00 €")

		const notice = "    en: {file: blomberg/notices/1.en.md}\n"
		renewed := func(town *suite.Town) {
			town.Edit("", notice, notice+"  - version: 2\n    validFrom: 2026-11-23\n    de: {file: blomberg/notices/1.de.md}\n"+notice)
		}
		imported(renewed)
		b.Choose("Kreditkarte").Press("Zur Bezahlseite").Shows("Datenschutzerklärung").Says("Fassung 2")
		b.Press("Zur Kenntnis genommen, weiter").Shows("Wie möchten Sie bezahlen?")

		open := func(open bool) {
			admin.Do(`mutation($in: SetServiceStateInput!) { setServiceState(input: $in) { publicService { open } } }`, suite.Vars{"in": suite.Vars{
				"idempotencyKey": suite.Key(), "service": service, "open": open,
			}}).OK("setServiceState.publicService.open")
		}
		open(false)
		b.Choose("Kreditkarte").Press("Zur Bezahlseite").Shows("Gerade nicht möglich").Says("Ihr Entwurf bleibt gespeichert.")
		closed := b.URL.Path
		open(true)
		b.Visit(closed).Shows("Wie möchten Sie bezahlen?").Choose("Kreditkarte").Press("Zur Bezahlseite").Press("Zahlung gelingt").Shows("Bezahlt").Says("11,00 €")
	})
}

// TestWhatIsHadInPersonAloneSaysSo asks to apply online for a passport.
func TestWhatIsHadInPersonAloneSaysSo(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/dienste/reisepass/antrag").Shows("Dafür müssen Sie vorbeikommen")
	b.Follow("Termin buchen").Shows("Für wie viele?")
}

// TestTheListMayBeFramed shows the list of services in a frame of the town's website, and nothing else.
func TestTheListMayBeFramed(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite(), func(c *server.Config) { c.Framers = []string{"https://www.blomberg.example"} })
	b := reader.Open(t, p, "/dienste?einbetten").Shows("Alle Dienste")
	require.Contains(t, b.Header.Get("Content-Security-Policy"), "frame-ancestors https://www.blomberg.example;")
	require.Empty(t, b.All("header"))
	for _, a := range reader.Within(b.All("main")[0], "a") {
		require.Equal(t, "_top", reader.Attr(a, "target"), reader.Text(a))
	}
	for _, path := range []string{"/dienste", "/", "/?einbetten", "/termin?einbetten", "/vorgang?einbetten"} {
		require.Contains(t, b.Visit(path).Header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
	}
	require.Equal(t, http.StatusOK, b.Status)
}
