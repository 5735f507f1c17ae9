package pages_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
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

	b := open(t, p, "/").shows("Bürgerservice").follow("Blomberg").shows("Bürgerservice Blomberg")
	require.Equal(t, "/blomberg", b.url.Path)
	b.follow("Termin buchen")
	require.Equal(t, "/blomberg/termin", b.url.Path)
	b.choose("Reisepass beantragen").press("Weiter").press("Weiter").shows("Wann passt es Ihnen?").follow("English").shows("When does it suit you?")
	require.Equal(t, "/blomberg/en/termin/zeiten", b.url.Path)
	b.press("Monday, 23 November, 8:30 am").shows("Who is coming?")
	require.True(t, strings.HasPrefix(b.url.Path, "/blomberg/en/reservierung/"), b.url)
	held := strings.TrimPrefix(b.url.Path, "/blomberg")

	require.Equal(t, http.StatusForbidden, b.visit("/detmold"+held).status, "a case belongs to one town")
	require.Equal(t, http.StatusNotFound, b.visit("/nirgendwo/termin").status)
	require.Equal(t, http.StatusNotFound, b.visit("/termin").status)
	b.visit("/en").shows("Citizen services").follow("Detmold").shows("Citizen services of Detmold")
	require.Equal(t, "/detmold/en", b.url.Path)
}

// TestATownHasItsOwnHostName shows one town at the root of its host name, and another by configuration.
func TestATownHasItsOwnHostName(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite(), func(c *server.Config) { c.TownHosts = []string{"service.example.org=lemgo"} })
	importRegion(t, p)
	open(t, p, "/").get("http://service.example.org/").shows("Bürgerservice Lemgo").get("http://service.example.org/blomberg/termin")
	b := open(t, p, "/").get("http://service.example.org/dienste").shows("Alle Dienste")
	require.NotContains(t, text(b.doc), "Andere Stadt")

	ready := make(chan string, 1)
	cfg := p.Config
	cfg.Addr, cfg.Town, cfg.TownHosts = "127.0.0.1:0", "detmold", nil
	cfg.Options.Ready = func(addr string) { ready <- addr }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.RunPages(ctx, cfg, p.URL+"/graphql") }()
	alone := &suite.Process{URL: "http://" + <-ready, Config: cfg}
	open(t, alone, "/").shows("Bürgerservice Detmold")
	stop()
	require.NoError(t, <-ended)
}

// TestAPageOfNobodyElse is kept by no cache, and one that is the same for everybody only as long as the graph's answers hold.
func TestAPageOfNobodyElse(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := open(t, p, "/dienste/reisepass")
	require.Equal(t, "private, no-cache", b.header.Get("Cache-Control"))
	first := b.header.Get("Etag")
	require.NotEmpty(t, first)
	require.Equal(t, first, b.visit("/dienste/reisepass").header.Get("Etag"))
	admin := p.Staff("anna", "ADMIN@"+suite.ARS)
	service := admin.Do(`{ publicService(by: {slug: {municipality: "blomberg", service: "reisepass"}}) { id } }`, nil).OK("publicService.id").String()
	admin.Do(`mutation($s: ID!, $k: UUID!) { setFee(input: {idempotencyKey: $k, service: $s, cents: 7100, validFrom: "2026-11-23", legalBasis: {de: "Satzung", en: "By-law"}}) { publicService { id } } }`,
		suite.Vars{"s": service, "k": suite.Key()}).OK("setFee.publicService.id")
	b.visit("/dienste/reisepass").says("71,00 €")
	require.NotEqual(t, first, b.header.Get("Etag"))

	b.visit("/termin/zeiten?dienst=reisepass").press("Montag, 23. November, 8 Uhr 30").shows("Wer kommt zum Termin?")
	require.Equal(t, "no-store", b.header.Get("Cache-Control"))
	require.Equal(t, "no-store", b.visit("/").header.Get("Cache-Control"), "whose frame leads to the case")
	policy := b.header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "frame-ancestors 'none'")
	require.NotContains(t, policy, "unsafe")
}

// TestFormsOfOtherPagesAreRefused holds forms to where they come from.
func TestFormsOfOtherPagesAreRefused(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := open(t, p, "/termin/zeiten?dienst=reisepass").press("Montag, 23. November, 8 Uhr 30").shows("Wer kommt zum Termin?")
	for name, change := range map[string]func(h http.Header){
		"another origin":           func(h http.Header) { h.Set("Origin", "https://evil.example") },
		"no origin at all":         func(h http.Header) { h.Del("Origin") },
		"a browser that says so":   func(h http.Header) { h.Set("Sec-Fetch-Site", "cross-site"); h.Del("Origin") },
		"a page without an origin": func(h http.Header) { h.Set("Origin", "null") },
	} {
		r := b.request("Andere Zeit wählen")
		change(r.Header)
		before := *b
		b.do(r)
		require.Equal(t, http.StatusForbidden, b.status, name)
		b.shows("Das Formular kam nicht von dieser Website")
		*b = before
	}
	b.press("Andere Zeit wählen").shows("Wofür brauchen Sie einen Termin?")
}

// TestTheCaseKeyIsInTheCookieAlone looks for it in addresses and pages, and closes the case.
func TestTheCaseKeyIsInTheCookieAlone(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite(), func(c *server.Config) { c.PublicURL = "https://nelke.test" })
	b := open(t, p, "/termin/zeiten?dienst=reisepass")
	b.press("Montag, 23. November, 8 Uhr 30").shows("Wer kommt zum Termin?")
	cookies := b.client.Jar.Cookies(b.url)
	require.Len(t, cookies, 1)
	require.Equal(t, "__Host-vorgang-blomberg", cookies[0].Name)
	key := cookies[0].Value
	require.NotContains(t, text(b.doc), key)
	require.NotContains(t, b.url.String(), key)
	b.visit("/vorgang/schluessel").says(key)

	b.visit("/vorgang").press("In diesem Browser schließen").shows("Bürgerservice Blomberg")
	require.Empty(t, b.client.Jar.Cookies(b.url))
	b.visit("/vorgang").shows("Vorgang öffnen").fill("Schlüssel oder Link", "falsch").press("Öffnen").shows("Vorgang öffnen")
	require.Equal(t, http.StatusUnprocessableEntity, b.status)
	b.fill("Schlüssel oder Link", "https://nelke.test/vorgang#k="+key).press("Öffnen").shows("Mein Vorgang").says("reserviert")
}
