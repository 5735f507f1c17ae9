package web_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/web"
)

// graph is one of a town with an office, whose free times the test says.
type graph struct {
	t  *testing.T
	mu sync.Mutex

	first       string                 // what each subscriber is sent at once
	subscribers map[chan string]string // what each is sent then, and the address that it comes from
	asked       []string               // operations by GET, with whether they were answered by 304
}

// times is the answer with free times of one day.
func times(free ...string) string {
	starts := make([]string, len(free))
	for i, clock := range free {
		starts[i] = fmt.Sprintf("%q", "2026-11-23T"+clock+":00+01:00")
	}
	return `event: next` + "\n" + `data: {"data":{"availability":{"asOf":"2026-11-23T07:00:00+01:00","days":[{"date":"2026-11-23","starts":[` +
		strings.Join(starts, ",") + `],"reason":null}]}}}` + "\n\n"
}

func (g *graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var in struct{ OperationName string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		if in.OperationName == "TimesLive" {
			g.follow(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"data":{"countVisit":{"counted":true}}}`)
		return
	}
	answer := map[string]string{
		"OneOfTowns": `{"data":{"municipalities":{"nodes":[{"slug":"ort"}]}}}`,
		"Concerns": `{"data":{"municipality":{"slug":"ort","name":"Ort","timeZone":"Europe/Berlin","banner":null,"pages":[],
			"offices":[{"id":"office_1","slug":"amt","name":"Amt","address":{"street":"Markt","houseNumber":"1","postalCode":"1","city":"Ort"},
				"counters":[{"services":[{"slug":"pass"}]}]}],
			"services":{"nodes":[{"id":"service_1","slug":"pass","name":"Pass","appointmentMinutes":15,"maxQuantity":1}],"pageInfo":{"hasNextPage":false}}}}}`,
	}[r.URL.Query().Get("operationName")]
	w.Header().Set("Etag", `"1"`)
	w.Header().Set("Cache-Control", "public, max-age=2")
	known := r.Header.Get("If-None-Match") == `"1"`
	g.mu.Lock()
	g.asked = append(g.asked, fmt.Sprintf("%s %t", r.URL.Query().Get("operationName"), known))
	g.mu.Unlock()
	if known {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = io.WriteString(w, answer)
}

// follow sends what the test sends. An empty text cuts the stream.
func (g *graph) follow(w http.ResponseWriter, r *http.Request) {
	if r.RemoteAddr == "refused:1" {
		_, _ = io.WriteString(w, `{"errors":[{"message":"too many streams are open","extensions":{"code":"UNAVAILABLE"}}]}`)
		return
	}
	sent := make(chan string, 100)
	g.mu.Lock()
	g.subscribers[sent] = r.RemoteAddr
	first := g.first
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.subscribers, sent)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w).Flush
	_, _ = io.WriteString(w, first)
	_ = flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case text := <-sent:
			if text == "" {
				panic(http.ErrAbortHandler)
			}
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
			_ = flush()
		}
	}
}

// begins has subscribers begin with a text from now on.
func (g *graph) begins(text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.first = text
}

// says sends a text to all subscribers.
func (g *graph) says(text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for sent := range g.subscribers {
		sent <- text
	}
}

// waitFor returns when there are so many subscribers.
func (g *graph) waitFor(n int) {
	g.t.Helper()
	require.Eventually(g.t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return len(g.subscribers) == n
	}, 10*time.Second, time.Millisecond)
}

func newGraph(t *testing.T) *graph {
	t.Helper()
	return &graph{t: t, first: times("08:00", "08:15", "08:30"), subscribers: map[chan string]string{}}
}

// newSite returns the pages of a graph in the process.
func newSite(t *testing.T) (*web.Site, *graph) {
	t.Helper()
	g := newGraph(t)
	return siteOf(t, web.InProcess(g), "http://graph.test"), g
}

// eachCarrier runs a test with a graph in the process, and with one elsewhere.
func eachCarrier(t *testing.T, test func(t *testing.T, site *web.Site, g *graph)) {
	t.Helper()
	t.Run("in the process", func(t *testing.T) {
		t.Parallel()
		site, g := newSite(t)
		test(t, site, g)
	})
	t.Run("over the network", func(t *testing.T) {
		t.Parallel()
		g := newGraph(t)
		server := httptest.NewServer(g)
		t.Cleanup(server.Close)
		test(t, siteOf(t, web.OverNetwork(http.DefaultTransport), server.URL), g)
	})
}

func siteOf(t *testing.T, carrier http.RoundTripper, at string) *web.Site {
	t.Helper()
	site, err := web.New(web.Config{
		Graph: carrier, Endpoint: at + "/graphql", PublicURL: "http://town.test", Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Date(2026, time.November, 23, 6, 0, 0, 0, time.UTC) },
	})
	require.NoError(t, err)
	t.Cleanup(site.Stop)
	return site
}

// serve serves a site until the test has ended and what it has opened is closed, and returns its URL.
func serve(t *testing.T, site *web.Site) string {
	t.Helper()
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	return server.URL
}

// open opens the free times of a site's office, and returns the events that come.
func open(t *testing.T, url, query string) *events {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+query, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return &events{t, answer, bufio.NewReader(answer.Body)}
}

type events struct {
	t      *testing.T
	answer *http.Response
	in     *bufio.Reader
}

// next returns the next event; "" at the end of the stream.
func (e *events) next() string {
	e.t.Helper()
	var text strings.Builder
	for {
		line, err := e.in.ReadString('\n')
		if err != nil {
			require.Equal(e.t, io.EOF, err, "the answer isn't cut off")
			require.Empty(e.t, text.String())
			return ""
		}
		if line == "\n" {
			return text.String()
		}
		text.WriteString(line)
	}
}

// shown returns the times of the days in an event, by the clock of the office, and how many are said to be taken just now.
func shown(t *testing.T, event string) string {
	t.Helper()
	list := func(pattern string) (clocks string) {
		for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(event, -1) {
			at, err := time.Parse("200601021504", found[1])
			require.NoError(t, err)
			clocks += " " + at.Add(time.Hour).Format("1504")
		}
		return clocks
	}
	text := "free" + list(`<button [^>]*id="t(\d+)"`)
	if taken := list(`time--taken" id="t(\d+)"`); taken != "" {
		text += ", taken" + taken
	}
	if n := strings.Count(event, "data-announce"); n > 0 {
		text += fmt.Sprintf(", %d said", n)
	}
	return text
}

const (
	german  = "/termin/zeiten/live?dienst=pass"
	english = "/en/termin/zeiten/live?dienst=pass"
)

func TestEachReaderHasTheTimesAsTheyWereShownToHim(t *testing.T) {
	t.Parallel()
	eachCarrier(t, showsTimes)
}

func showsTimes(t *testing.T, site *web.Site, g *graph) {
	server := serve(t, site)
	one, other, foreign := open(t, server, german), open(t, server, german), open(t, server, english)
	first := one.next()
	require.Equal(t, "free 0800 0815 0830", shown(t, first))
	require.Equal(t, first, other.next())
	require.Contains(t, foreign.next(), "Next free times")
	g.waitFor(3)

	g.says(times("08:00", "08:30"))
	taken := one.next()
	require.Equal(t, "free 0800 0830, taken 0815, 1 said", shown(t, taken))
	require.Contains(t, taken, "wurde gerade vergeben")
	require.Equal(t, taken, other.next())
	require.Contains(t, foreign.next(), "has just been taken")

	late := open(t, server, german)
	require.Equal(t, first, late.next(), "it is what he begins with that counts")
	g.begins(times("08:00", "08:30"))
	require.Equal(t, "free 0800 0830", shown(t, open(t, server, german).next()), "nobody has shown him the other one")
	g.waitFor(5)
	g.says(times("08:00"))
	both := one.next()
	require.Equal(t, "free 0800, taken 0815 0830, 1 said", shown(t, both))
	require.Equal(t, both, other.next())
	require.Equal(t, "free 0800, taken 0815 0830, 2 said", shown(t, late.next()), "he has seen neither of them taken")

	g.says(times("08:00"))
	require.Equal(t, "free 0800, taken 0815 0830", shown(t, one.next()), "that they were taken is said once")
	g.says(times("08:00"))
	g.says(times("08:00", "08:30"))
	require.Equal(t, "free 0800 0830, taken 0815", shown(t, one.next()), "what is no news isn't sent")
}

// stuck is a browser that doesn't read.
type stuck struct {
	http.ResponseWriter
	written chan struct{} // gets a value where a write begins
	release chan struct{} // ends it once it is closed
}

func (s *stuck) Flush() {}

func (s *stuck) Write(b []byte) (int, error) {
	s.written <- struct{}{}
	<-s.release
	return len(b), nil
}

func TestAReaderWhoDoesntReadIsInNobodysWay(t *testing.T) {
	t.Parallel()
	site, g := newSite(t)
	server := serve(t, site)
	slow := &stuck{httptest.NewRecorder(), make(chan struct{}, 100), make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		site.ServeHTTP(slow, httptest.NewRequestWithContext(t.Context(), http.MethodGet, german, nil))
	}()
	<-slow.written
	quick := open(t, server, german)
	quick.next()
	g.waitFor(2)
	g.says(times("08:00", "08:30"))
	require.Equal(t, "free 0800 0830, taken 0815, 1 said", shown(t, quick.next()))
	g.says(times("08:30"))
	require.Equal(t, "free 0830, taken 0800 0815, 1 said", shown(t, quick.next()))
	require.Empty(t, slow.written, "the first event isn't read yet")
	close(slow.release)
	<-slow.written // what came meanwhile
	site.Stop()
	<-ended
}

func TestEachReaderIsTheGraphsOwnGuest(t *testing.T) {
	t.Parallel()
	site, g := newSite(t)
	server := serve(t, site)
	var all []*events
	for range 3 {
		all = append(all, open(t, server, german))
		all[len(all)-1].next()
	}
	g.waitFor(3)
	g.mu.Lock()
	var addresses []string
	for _, address := range g.subscribers {
		addresses = append(addresses, address)
	}
	g.mu.Unlock()
	slices.Sort(addresses)
	require.Len(t, slices.Compact(addresses), 3, "each connection has an address of its own, under which the graph limits it")

	_ = all[0].answer.Body.Close()
	g.waitFor(2) // his place is free

	refused := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, german, nil)
	r.RemoteAddr = "refused:1"
	site.ServeHTTP(refused, r)
	require.Equal(t, http.StatusServiceUnavailable, refused.Code, refused.Body.String())
}

func TestTheEndReachesAll(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		last string
	}{
		"by itself":        {"event: complete\ndata:\n\n", "event: end\ndata: \n"},
		"cut":              {"", ""},
		"with an error":    {`event: next` + "\n" + `data: {"errors":[{"message":"gone","extensions":{"code":"INTERNAL"}}]}` + "\n\n", ""},
		"with no sense":    {"event: next\ndata: {\n\n", ""},
		"with nothing now": {"event: next\ndata: {\"data\":{\"availability\":null}}\n\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachCarrier(t, func(t *testing.T, site *web.Site, g *graph) {
				server := serve(t, site)
				all := []*events{open(t, server, german), open(t, server, german), open(t, server, english)}
				for _, one := range all {
					require.NotEmpty(t, one.next())
				}
				g.waitFor(3)
				g.says(c.text)
				for _, one := range all {
					require.Equal(t, c.last, one.next())
					require.Empty(t, one.next())
				}
				g.waitFor(0)
			})
		})
	}
}

func TestCommentsKeepThePagesStreamAlive(t *testing.T) {
	t.Parallel()
	site, g := newSite(t)
	server := serve(t, site)
	one := open(t, server, german)
	one.next()
	g.waitFor(1)
	g.says(":\n\n")
	require.Equal(t, ":\n", one.next())
}

// TestWhatIsReadOfTheTownIsKept counts how often the graph is asked for what each visit of the free times needs.
func TestWhatIsReadOfTheTownIsKept(t *testing.T) {
	t.Parallel()
	site, g := newSite(t)
	server := serve(t, site)
	for range 3 {
		open(t, server, german).next()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Equal(t, []string{"OneOfTowns false", "Concerns false", "Concerns true", "Concerns true"}, g.asked)
}
