//go:build federation

package federation

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/identity"
	"nelke/server"
	"nelke/test/reader"
	"nelke/test/suite"
)

// Where people have the pages, and where their payments lead them. nearby is the only proxy that Nelke believes: the tests' own
// address, which the pages and the gateway have, too. Visitors come from others.
const (
	pagesURL = "http://buergerservice.test"
	nearby   = "127.0.0.1/32"
	visitor  = "127.0.0.20"
)

// TestPages has the pages for citizens in front of Hive Gateway, as nelke web --graph serves them, and looks at them without script.
func TestPages(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		r := newRegion(t, b, func(c *server.Config) {
			c.Proxies, c.Origins, c.Options.VisitsEvery = []string{nearby}, []string{pagesURL}, 10*time.Millisecond
		})
		g := r.hive(t, r.compose(t, "guild"), "hive.config.js")
		s := r.pages(t, g)
		gateways.check(t, g.name, "nelke web: an appointment, from the start page to the confirmation", func(t *testing.T) { appointmentPages(t, s) })
		gateways.check(t, g.name, "nelke web: an application, paid for, to its confirmation", func(t *testing.T) { applicationPages(t, s) })
		gateways.check(t, g.name, "nelke web: a time that somebody else takes is gone from an open page", func(t *testing.T) { livePages(t, r, s) })
		gateways.check(t, g.name, "nelke web: limits count the visitor's network, not that of the pages", func(t *testing.T) { limitedPages(t, g, s) })
		gateways.check(t, g.name, "nelke web: two browsers of a network are two visitors", func(t *testing.T) { countedPages(t, r, s) })
		gateways.check(t, g.name, "nelke web: Nelke away, or the gateway, is a page of 503 in the visitor's language", func(t *testing.T) { awayPages(t, r, g, s) })
	})
}

// site is the pages.
type site struct {
	*suite.Process
	hosts map[string]string // addresses by names
}

// pages runs what the command nelke web runs, in front of a gateway.
func (r *region) pages(t *testing.T, g gateway) site {
	t.Helper()
	p := suite.Remote(t, "")
	p.Log, p.Config = &suite.Log{}, server.Defaults()
	p.Config.Addr, p.Config.PublicURL = "127.0.0.1:0", pagesURL
	ready, ended := make(chan string, 1), make(chan error, 1)
	p.Config.Options = server.Options{
		Clock: r.nelke.Clock.Now, Logger: slog.New(slog.NewJSONHandler(p.Log, nil)), Ready: func(addr string) { ready <- addr },
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer close(ended)
		ended <- server.RunPages(ctx, p.Config, g.URL+"/graphql")
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
		if t.Failed() {
			t.Logf("log of the pages:\n%s", p.Log)
		}
	})
	select {
	case addr := <-ready:
		p.URL = "http://" + addr
		return site{p, map[string]string{"buergerservice.test:80": addr, "nelke.test:80": strings.TrimPrefix(r.nelke.URL, "http://")}}
	case err := <-ended:
		require.Fail(t, "the pages ended", "%v", err)
	case <-time.After(patience):
		require.Fail(t, "the pages aren't ready")
	}
	return site{}
}

// from is a browser at an address of this machine. It finds the pages and Nelke by their names.
func (s site) from(t *testing.T, address string) *reader.Reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, name string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, s.hosts[name])
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &reader.Reader{T: t, Process: s.Process, Client: &http.Client{Jar: jar, Transport: transport}}
}

func appointmentPages(t *testing.T, s site) {
	b := s.from(t, visitor).Visit("/").Shows("Bürgerservice Blomberg").Follow("Termin buchen").Shows("Wofür brauchen Sie einen Termin?")
	b.Choose("Personalausweis beantragen").Press("Weiter").Fill("Personalausweis beantragen", "2").Press("Weiter").Shows("Wann passt es Ihnen?")
	b.Press("Montag, 23. November, 8:30 Uhr").Shows("Wer kommt zum Termin?").Says("Montag, 23. November 2026, 8:30 Uhr")
	b.Press("Weiter").Shows("Wer kommt zum Termin?")
	require.Equal(t, http.StatusUnprocessableEntity, b.Status)
	require.Equal(t, []string{"Bitte geben Sie einen Namen an."}, b.Errors())
	b.Fill("Vorname", "Erika").Fill("Familienname", "Mustermann").Fill("E-Mail-Adresse", "erika@example.org").Press("Weiter").Shows("Bitte prüfen Sie Ihre Angaben")

	book := b.Request("Termin verbindlich buchen")
	b.Do(b.Again(book))
	b.Shows("Ihr Termin ist gebucht").Says("Montag, 23. November 2026, 8:30 Uhr").Says("Personalausweis beantragen × 2")
	confirmation := b.URL.String()
	b.Do(book) // a double click
	require.Equal(t, confirmation, b.Shows("Ihr Termin ist gebucht").URL.String())
	b.Follow("Verschieben").Press("Montag, 23. November, 11:00 Uhr").Shows("Ihr Termin ist gebucht").Says("11:00 Uhr")
	require.Equal(t, http.StatusForbidden, s.from(t, visitor).Get(confirmation).Status, "without the key")
}

func applicationPages(t *testing.T, s site) {
	b := s.from(t, visitor).Visit("/dienste?suche=meldebescheinigung").Follow("Meldebescheinigung").Follow("Online beantragen").Says("Das kostet 9,00 €")
	b.Press("Gelesen, weiter").Press("Zur Kenntnis genommen, weiter").Shows("Ihre Person")
	b.Fill("Familienname", "Mustermann").Fill("Vornamen", "Erika").Fill("Tag", "31").Fill("Monat", "2").Fill("Jahr", "1964").Press("Weiter").Shows("Ihre Person")
	require.Equal(t, http.StatusUnprocessableEntity, b.Status)
	b.Fill("Tag", "12").Fill("Monat", "8").Press("Weiter").Fill("Straße", "Nederntor").Fill("Hausnummer", "14").Press("Weiter")
	b.Shows("Bitte prüfen Sie Ihre Angaben").Says("12. August 1964").Press("Alles richtig, weiter").Choose("Kreditkarte").Press("Zur Bezahlseite")
	require.Equal(t, "nelke.test", b.URL.Host)
	b.Press("Zahlung gelingt").Shows("Bezahlt")
	require.Equal(t, "buergerservice.test", b.URL.Host)
	b.Follow("Weiter zum Absenden").Says("Bezahlt: 9,00 €").Press("Jetzt verbindlich absenden").Shows("Ihr Antrag ist eingegangen")
}

// livePages takes a time at all counters while a page with it is open. The page is in English, and so is what is sent.
func livePages(t *testing.T, r *region, s site) {
	b := s.from(t, visitor).Visit("/en/termin/zeiten?dienst=personalausweis:1").Shows("When does it suit you?")
	open := s.follow(t, b)
	start := r.nelke.Anonymous().Starts(r.place, 1)[2]
	offered := `value="` + start + `"`
	require.Contains(t, open.next(), offered)
	for range 2 { // counters
		r.nelke.Case().Hold(r.place, start, suite.Key()).OK("holdSlot.appointment")
	}
	now := open.next()
	for strings.Contains(now, offered) {
		now = open.next()
	}
	require.Contains(t, now, " has just been taken.")
	open.close()
	ended(t, r)
}

// limitedPages has a network open as many cases as it may, the last of them by the pages.
func limitedPages(t *testing.T, g gateway, s site) {
	const crowd, other, times = "127.0.0.21", "127.0.0.22", "/termin/zeiten?dienst=reisepass:1"
	for range openings - 1 {
		require.NotEmpty(t, open(t, g, identity.NewCaseKey(), crowd).Get("data.openCase.case.id").String())
	}
	first := s.from(t, crowd).Visit(times)
	first.Press("Dienstag, 24. November, 8:30 Uhr").Shows("Wer kommt zum Termin?")
	b := s.from(t, crowd).Visit(times)
	hold := b.Request("Dienstag, 24. November, 9:00 Uhr")
	claiming := b.Again(hold)
	claiming.Header.Set("X-Forwarded-For", other) // what a visitor claims stands before the address that the pages append
	for _, r := range []*http.Request{hold, claiming} {
		b.Do(r)
		require.Equal(t, http.StatusTooManyRequests, b.Status, reader.Text(b.Doc))
		b.Shows("Wann passt es Ihnen?")
	}
	s.from(t, other).Visit(times).Press("Dienstag, 24. November, 9:00 Uhr").Shows("Wer kommt zum Termin?")
}

// countedPages looks at a page that no other test looks at.
func countedPages(t *testing.T, r *region, s site) {
	const path = "/datenschutz"
	var id string
	for _, browser := range []string{"Mozilla/5.0 (one)", "Mozilla/5.0 (other)", "Mozilla/5.0 (one)"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, pagesURL+path, nil)
		require.NoError(t, err)
		request.Header.Set("User-Agent", browser)
		b := s.from(t, visitor)
		b.Do(request)
		require.Equal(t, http.StatusOK, b.Status)
		id = b.Header.Get("X-Request-Id")
		require.NotEmpty(t, id)
	}
	require.Eventually(t, func() bool { return strings.Contains(r.nelke.Log.String(), id) }, patience, 20*time.Millisecond, "the page's request in Nelke's log")
	db := r.nelke.Database()
	var views, visits int
	require.Eventually(t, func() bool {
		row := db.QueryRowContext(t.Context(), `SELECT coalesce(sum(views), 0), coalesce(sum(visits), 0) FROM visit_counts WHERE service_id = '' AND page = 'OTHER'`)
		require.NoError(t, row.Scan(&views, &visits))
		return views >= 3
	}, patience, 20*time.Millisecond)
	require.Equal(t, []int{3, 2}, []int{views, visits})
}

// awayPages ends Nelke, and then the gateway as well. The live part of an open page breaks, and doesn't end for good.
func awayPages(t *testing.T, r *region, g gateway, s site) {
	b := s.from(t, visitor).Visit("/en/termin/zeiten?dienst=personalausweis:1").Shows("When does it suit you?")
	times := b.URL.Path + "?" + b.URL.RawQuery
	page := s.follow(t, b)
	page.next()
	require.NoError(t, r.nelke.Stop())
	page.breaks()

	away := func(what string) {
		for path, heading := range map[string]string{
			"/": "Gerade nicht erreichbar", "/en": "Not available just now", times: "Not available just now", "/dienste/reisepass": "Gerade nicht erreichbar",
			"/en/termin/zeiten/live?dienst=personalausweis:1": "Not available just now",
		} {
			b := s.from(t, visitor).Visit(path)
			require.Equal(t, http.StatusServiceUnavailable, b.Status, "%s: %s", what, path)
			require.Equal(t, "text/html; charset=utf-8", b.Header.Get("Content-Type"))
			require.NotEmpty(t, b.Header.Get("Retry-After"))
			b.Shows(heading)
		}
	}
	away("Nelke")
	g.program.Kill()
	away("the gateway")
}

// fragments are what a page is sent while it is open.
type fragments struct {
	t     *testing.T
	close context.CancelFunc
	lines *bufio.Reader
}

// follow opens the live part of the page that a browser shows.
func (s site) follow(t *testing.T, b *reader.Reader) *fragments {
	t.Helper()
	var path string
	for _, form := range b.All("form") {
		if live := reader.Attr(form, "data-live"); live != "" {
			path = live
		}
	}
	require.NotEmpty(t, path, "a live part")
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, pagesURL+path, nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "text/event-stream")
	answer, err := b.Client.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "text/event-stream; charset=utf-8", answer.Header.Get("Content-Type"))
	return &fragments{t, cancel, bufio.NewReaderSize(answer.Body, 1<<20)}
}

// event returns the next one's name, empty for a fragment, and its data.
func (f *fragments) event() (name, data string, err error) {
	timer := time.AfterFunc(patience, f.close)
	defer timer.Stop()
	for {
		line, err := f.lines.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" && (name != "" || data != "") {
			return name, data, nil
		}
		if text, found := strings.CutPrefix(line, "event: "); found {
			name = text
		}
		if text, found := strings.CutPrefix(line, "data: "); found {
			data += text + "\n"
		}
	}
}

func (f *fragments) next() string {
	f.t.Helper()
	name, data, err := f.event()
	require.NoError(f.t, err)
	require.Empty(f.t, name)
	return data
}

// breaks waits for the connection's end. A browser comes back after that, but not after an event that says "end".
func (f *fragments) breaks() {
	f.t.Helper()
	name, data, err := f.event()
	for err == nil {
		require.Empty(f.t, name, data)
		name, data, err = f.event()
	}
	require.ErrorIs(f.t, err, io.EOF)
}
