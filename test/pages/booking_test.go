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

// TestWhatWasTypedOutlivesTheReservation asks for more time, lets the reservation run out, and takes another time: what was typed stays all along.
func TestWhatWasTypedOutlivesTheReservation(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend)
		b := reader.Open(t, p, "/termin/zeiten?dienst=reisepass:1").Press("Montag, 23. November, 8:30 Uhr").Shows("Wer kommt zum Termin?")
		b.Fill("Familienname", "Mustermann").Press("Mehr Zeit").Shows("Wer kommt zum Termin?")
		require.Equal(t, "Mustermann", reader.Attr(b.Labelled("Familienname"), "value"))
		b.Press("Weiter").Shows("Bitte prüfen Sie Ihre Angaben")
		p.Clock.Advance(21 * time.Minute)
		b.Press("Termin verbindlich buchen").Shows("Ihre Reservierung ist abgelaufen").Says("Was Sie eingegeben haben, ist noch da.")
		require.Equal(t, http.StatusGone, b.Status)
		b.Press("Montag, 23. November, 8:30 Uhr").Shows("Bitte prüfen Sie Ihre Angaben").Says("Mustermann")
		b.Press("Termin verbindlich buchen").Shows("Ihr Termin ist gebucht")
	})
}

// TestConcernsThatTakeTooLongTogetherAreSaidSo chooses more than two hours.
func TestConcernsThatTakeTooLongTogetherAreSaidSo(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/termin/zeiten?dienst=verlust-personalausweis:5&dienst=verlust-reisepass:5").Shows("Wofür brauchen Sie einen Termin?")
	require.Equal(t, http.StatusUnprocessableEntity, b.Status)
	require.NotEmpty(t, b.Errors())
}

// TestTheFragmentsOfAMoveLeadToTheMove looks at the links of the page on which an appointment is moved: they are the same in its live part.
func TestTheFragmentsOfAMoveLeadToTheMove(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/termin/zeiten?dienst=reisepass:1").Press("Montag, 23. November, 8:30 Uhr").Fill("Familienname", "Mustermann").Press("Weiter")
	b.Press("Termin verbindlich buchen").Follow("Verschieben").Shows("Auf wann möchten Sie verschieben?")
	for _, a := range b.All("a") {
		if label := reader.Text(a); label == "Spätere Tage" || label == "Monat zeigen" {
			require.True(t, strings.HasPrefix(reader.Attr(a, "href"), "?"), "relative to the page, in a fragment as well")
		}
	}
	b.Follow("Spätere Tage").Shows("Auf wann möchten Sie verschieben?")
}

// TestNoLinkLeadsToAnotherHost asks for addresses that browsers take for those of another host.
func TestNoLinkLeadsToAnotherHost(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	for _, path := range []string{"/en/%2Fevil.example/login", "/%2Fevil.example", "/en/%5Cevil.example", "/en//evil.example"} {
		b := reader.Open(t, p, path)
		for _, a := range b.All("a") {
			to, err := b.URL.Parse(reader.Attr(a, "href"))
			require.NoError(t, err)
			require.NotContains(t, to.Host, "evil", path)
			require.NotContains(t, reader.Attr(a, "href"), `\`, path)
		}
	}
}

// TestAKeyThatOpensNothingIsInNobodysWay begins with a cookie whose case is gone, and with a key that was mistyped.
func TestAKeyThatOpensNothingIsInNobodysWay(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/vorgang")
	b.Client.Jar.SetCookies(b.URL, []*http.Cookie{{Name: "vorgang-blomberg", Value: strings.Repeat("A", 43), Path: "/"}})
	b.Visit("/dienste/meldebescheinigung/antrag").Press("Gelesen, weiter").Shows("Datenschutzerklärung")
	b.Visit("/vorgang").Shows("Mein Vorgang").Fill("Schlüssel oder Link", strings.Repeat("A", 42)+"B").Press("Öffnen").Shows("Vorgang öffnen")
	require.Equal(t, http.StatusUnprocessableEntity, b.Status)
	b.Visit("/vorgang").Shows("Mein Vorgang")
}

// TestATownOfItsOwnHostSendsPayersBackThere pays on the host name of a town.
func TestATownOfItsOwnHostSendsPayersBackThere(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite(), func(c *server.Config) { c.TownHosts = []string{"service.example.org=blomberg"} })
	b := reader.Open(t, p, "/").Get("http://service.example.org/dienste/meldebescheinigung/antrag").Press("Gelesen, weiter").Press("Zur Kenntnis genommen, weiter")
	fillForm(b, p.Filing("meldebescheinigung").Accepted[0].(map[string]any), words(false))
	b.Press("Alles richtig, weiter").Choose("Kreditkarte").Press("Zur Bezahlseite").Press("Zahlung gelingt").Shows("Bezahlt")
	require.Equal(t, "service.example.org", b.URL.Host)
	b.Visit("/vorgang/schluessel")
	b.Get("http://service.example.org/vorgang/schluessel").Says("http://service.example.org/vorgang#k=")
}

// TestAPageKeptForOneTownIsntShownForAnother imports a region after pages of its first town were kept.
func TestAPageKeptForOneTownIsntShownForAnother(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	reader.Open(t, p, "/").Visit("/").Shows("Bürgerservice Blomberg")
	importRegion(t, p)
	reader.Open(t, p, "/").Shows("Bürgerservice")
}
