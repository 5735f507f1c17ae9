package pages_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/reader"
	"nelke/test/suite"
)

// TestAnybodySaysHowItWas gives feedback without a case, and finds it among what staff read.
func TestAnybodySaysHowItWas(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		b := reader.Open(t, p, "/").Follow("Barriere melden").Shows("Ihre Rückmeldung").Press("Absenden").Shows("Ihre Rückmeldung")
		require.Equal(t, http.StatusUnprocessableEntity, b.Status)
		send := b.Choose("unzufrieden").Fill("Woran sind Sie gescheitert?", "Die Schrift ist klein.").Request("Absenden")
		b.Do(b.Again(send))
		b.Shows("Danke für Ihre Rückmeldung")
		b.Do(send)
		given := p.Clerk().Do(`{ feedback(municipality: {slug: "blomberg"}) { nodes { about satisfaction message } } }`, nil).OK("feedback.nodes")
		require.JSONEq(t, `[{"about": "ACCESSIBILITY", "satisfaction": 2, "message": "Die Schrift ist klein."}]`, given.Raw, "once")
	})
}

// TestWhatATownSaysOfItself shows its own pages, in the language that they are written in, and what it says on top of all.
func TestWhatATownSaysOfItself(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/leichte-sprache")
	require.Equal(t, http.StatusOK, b.Status)
	require.Equal(t, "de", reader.Attr(b.Visit("/en/leichte-sprache").All("h1")[0], "lang"))
	for _, path := range []string{"/impressum", "/barrierefreiheit", "/kontakt", "/gebaerdensprache", "/datenschutz"} {
		require.Equal(t, http.StatusOK, b.Visit(path).Status, path)
	}
	admin := p.Staff("anna", "ADMIN@"+suite.ARS)
	town := admin.Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
	admin.Do(`mutation($m: ID!, $k: UUID!) { setBanner(input: {idempotencyKey: $k, municipality: $m, text: {de: "Am Samstag sind wir nicht erreichbar.", en: "We can't be reached on Saturday."}}) { problems { message } } }`,
		suite.Vars{"m": town, "k": suite.Key()}).Clean()
	b.Visit("/dienste").Says("Am Samstag sind wir nicht erreichbar.")
	b.Visit("/en/termin").Says("We can't be reached on Saturday.")
}
