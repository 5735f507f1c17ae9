package pages_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/reader"
	"nelke/test/suite"
)

func importRegion(t *testing.T, p *suite.Process) {
	t.Helper()
	_, err := server.Import(t.Context(), p.Config, []string{filepath.Dir(suite.NewTown(t).File)})
	require.NoError(t, err)
	p.Clock.Advance(11 * time.Second) // what a process may remember
}

// TestAddressesBeginWithTheTownWhereThereAreSeveral chooses a town first, and stays in it.
func TestAddressesBeginWithTheTownWhereThereAreSeveral(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	importRegion(t, p)

	b := reader.Open(t, p, "/").Shows("Bürgerservice").Fill("Wofür", "Personalausweis").Press("Zeigen")
	b.Follow("Blomberg: Montag, 23. November 2026, 8:15 Uhr").Shows("Für wie viele?")
	b.Visit("/").Follow("Blomberg").Shows("Bürgerservice Blomberg")
	require.Equal(t, "/blomberg", b.URL.Path)
	b.Follow("Termin buchen")
	require.Equal(t, "/blomberg/termin", b.URL.Path)
	b.Choose("Reisepass beantragen").Press("Weiter").Press("Weiter").Shows("Wann passt es Ihnen?").Follow("English").Shows("When does it suit you?")
	require.Equal(t, "/blomberg/en/termin/zeiten", b.URL.Path)
	b.Press("Monday, 23 November, 8:30 am").Shows("Who is coming?")
	require.True(t, strings.HasPrefix(b.URL.Path, "/blomberg/en/reservierung/"), b.URL)
	held := strings.TrimPrefix(b.URL.Path, "/blomberg")

	require.Equal(t, http.StatusForbidden, b.Visit("/detmold"+held).Status, "a case belongs to one town")
	require.Equal(t, http.StatusNotFound, b.Visit("/nirgendwo/termin").Status)
	require.Equal(t, http.StatusNotFound, b.Visit("/termin").Status)
	b.Visit("/en").Shows("Citizen services").Follow("Detmold").Shows("Citizen services of Detmold")
	require.Equal(t, "/detmold/en", b.URL.Path)
}

// TestATownHasItsOwnHostName shows one town at the root of its host name, and another by configuration.
func TestATownHasItsOwnHostName(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite(), func(c *server.Config) { c.TownHosts = []string{"service.example.org=lemgo"} })
	importRegion(t, p)
	reader.Open(t, p, "/").Get("http://service.example.org/").Shows("Bürgerservice Lemgo").Get("http://service.example.org/blomberg/termin")
	b := reader.Open(t, p, "/").Get("http://service.example.org/dienste").Shows("Alle Dienste")
	require.NotContains(t, reader.Text(b.Doc), "Andere Stadt")

	ready := make(chan string, 1)
	cfg := p.Config
	cfg.Addr, cfg.Town, cfg.TownHosts = "127.0.0.1:0", "detmold", nil
	cfg.Options.Ready = func(addr string) { ready <- addr }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.RunPages(ctx, cfg, p.URL+"/graphql") }()
	alone := &suite.Process{URL: "http://" + <-ready, Config: cfg}
	reader.Open(t, alone, "/").Shows("Bürgerservice Detmold")
	stop()
	require.NoError(t, <-ended)
}

// TestAPageOfNobodyElse is kept by no cache, and one that is the same for everybody only as long as the graph's answers hold.
func TestAPageOfNobodyElse(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/dienste/reisepass")
	require.Equal(t, "private, no-cache", b.Header.Get("Cache-Control"))
	first := b.Header.Get("Etag")
	require.NotEmpty(t, first)
	require.Equal(t, first, b.Visit("/dienste/reisepass").Header.Get("Etag"))
	admin := p.Staff("anna", "ADMIN@"+suite.ARS)
	service := admin.Do(`{ publicService(by: {slug: {municipality: "blomberg", service: "reisepass"}}) { id } }`, nil).OK("publicService.id").String()
	admin.Do(`mutation($s: ID!, $k: UUID!) { setFee(input: {idempotencyKey: $k, service: $s, cents: 7100, validFrom: "2026-11-23", legalBasis: {de: "Satzung", en: "By-law"}}) { publicService { id } } }`,
		suite.Vars{"s": service, "k": suite.Key()}).OK("setFee.publicService.id")
	b.Visit("/dienste/reisepass").Says("71,00 €")
	require.NotEqual(t, first, b.Header.Get("Etag"))

	b.Visit("/termin/zeiten?dienst=reisepass").Press("Montag, 23. November, 8:30 Uhr").Shows("Wer kommt zum Termin?")
	require.Equal(t, "no-store", b.Header.Get("Cache-Control"))
	require.Equal(t, "no-store", b.Visit("/").Header.Get("Cache-Control"), "for who has a case")
	policy := b.Header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "frame-ancestors 'none'")
	require.NotContains(t, policy, "unsafe")
}

// TestPagesThatAreKeptHaveNoKeys follows all links of a visitor without a case. A page that others are served, too, holds neither a case key
// nor an idempotency key, which all of them would share.
func TestPagesThatAreKeptHaveNoKeys(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/")
	var kept, other int
	crawl(b, func() {
		if b.Header.Get("Cache-Control") != "private, no-cache" {
			other++
			return
		}
		kept++
		for _, in := range b.All("input") {
			require.NotContains(t, []string{"key", "case"}, reader.Attr(in, "name"), b.URL)
		}
	})
	require.Greater(t, kept, 30)
	require.Positive(t, other)
}

// TestFormsOfOtherPagesAreRefused holds forms to where they come from.
func TestFormsOfOtherPagesAreRefused(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/termin/zeiten?dienst=reisepass").Press("Montag, 23. November, 8:30 Uhr").Shows("Wer kommt zum Termin?")
	for name, change := range map[string]func(h http.Header){
		"another origin":           func(h http.Header) { h.Set("Origin", "https://evil.example") },
		"no origin at all":         func(h http.Header) { h.Del("Origin") },
		"a browser that says so":   func(h http.Header) { h.Set("Sec-Fetch-Site", "cross-site"); h.Del("Origin") },
		"a page without an origin": func(h http.Header) { h.Set("Origin", "null") },
	} {
		r := b.Request("Andere Zeit wählen")
		change(r.Header)
		before := *b
		b.Do(r)
		require.Equal(t, http.StatusForbidden, b.Status, name)
		b.Shows("Das Formular kam nicht von dieser Website")
		*b = before
	}
	b.Press("Andere Zeit wählen").Shows("Wann passt es Ihnen?")
}

// TestTheCaseKeyIsInTheCookieAlone looks for it in addresses and pages, and closes the case.
func TestTheCaseKeyIsInTheCookieAlone(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite(), func(c *server.Config) { c.PublicURL = "https://nelke.test" })
	b := reader.Open(t, p, "/termin/zeiten?dienst=reisepass")
	b.Press("Montag, 23. November, 8:30 Uhr").Shows("Wer kommt zum Termin?")
	cookies := b.Client.Jar.Cookies(b.URL)
	require.Len(t, cookies, 1)
	require.Equal(t, "__Host-vorgang-blomberg", cookies[0].Name)
	key := cookies[0].Value
	require.NotContains(t, reader.Text(b.Doc), key)
	require.NotContains(t, b.URL.String(), key)
	b.Visit("/vorgang/schluessel").Says(key)

	b.Visit("/vorgang").Press("In diesem Browser schließen").Shows("Bürgerservice Blomberg")
	require.Empty(t, b.Client.Jar.Cookies(b.URL))
	b.Visit("/vorgang").Shows("Vorgang öffnen").Fill("Schlüssel oder Link", "falsch").Press("Öffnen").Shows("Vorgang öffnen")
	require.Equal(t, http.StatusUnprocessableEntity, b.Status)
	b.Fill("Schlüssel oder Link", "https://nelke.test/vorgang#k="+key).Press("Öffnen").Shows("Mein Vorgang").Says("reserviert")
}

// TestAddressesThatMakeNoSenseAreNotFound asks for pages that nothing leads to, without and with a case. None is a fault of the service.
func TestAddressesThatMakeNoSenseAreNotFound(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	long := strings.Repeat("a", 3000)
	anybody := reader.Open(t, p, "/")
	holder := reader.Open(t, p, "/termin/zeiten?dienst=reisepass:1").Press("Montag, 23. November, 8:30 Uhr").Shows("Wer kommt zum Termin?")
	for _, path := range []string{
		"/dienste/" + long, "/dienste/%00", "/dienste/a%2Fb", "/dienste/%C3%28", "/dienste/x/antrag", "/dienste?suche=" + long, "/dienste?suche=%C3%28%00",
		"/termin/" + long, "/termin?dienst=" + long, "/termin/anzahl?dienst=%00", "/termin/zeiten?dienst=reisepass:-1", "/termin/zeiten?dienst=reisepass:99999999999999999999",
		"/termin/zeiten?dienst=reisepass&buero=" + long, "/termin/zeiten?dienst=reisepass&ab=" + long, "/termin/zeiten?dienst=reisepass&ab=9999-99-99&ansicht=monat",
		"/termin/zeiten/live?dienst=nichts", "/reservierung/" + long, "/reservierung/%00", "/antrag/x", "/antrag/" + long, "/antrag/x/angaben/99999999999999999999", "/vorgang/termin/" + long,
		"/vorgang/antrag/%C3%28", "/vorgang/antrag/x/kopie", "/rueckmeldung?zu=" + long, "/?art=" + long, "/en/" + long, "/" + long, "/%C3%28", "/static/" + long,
	} {
		for _, b := range []*reader.Reader{anybody, holder} {
			assert.Less(t, b.Visit(path).Status, http.StatusInternalServerError, "%.60s", path)
		}
	}
}
