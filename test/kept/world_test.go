package kept_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nelke/data"
	"nelke/internal/identity"
	"nelke/server"
	"nelke/test/suite"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		http.DefaultClient.CloseIdleConnections()
		os.Exit(code)
	}))
}

// patience is how long another process may take to hear of a change. Its own process never takes any time.
const (
	patience = 20 * time.Second
	pause    = 10 * time.Millisecond
)

// world is a town with all that is public in it, at one process on SQLite, at two on PostgreSQL with Redis.
type world struct {
	t        *testing.T
	backend  *suite.Backend
	replicas []*suite.Process
	admin    *suite.Client
	person   *suite.Client
	place    suite.Place
	counter  string
	form     string
	service  string // of the form
	n        int    // writes so far
	imports  int    // of them, of towns
	closures int    // of them, of days
	free     []string
}

func newWorld(t *testing.T, b *suite.Backend) *world {
	t.Helper()
	// What is kept goes by its age. A process that notices a moved clock would look at everything again, a moment later.
	byAge := func(c *server.Config) { c.Options.ClockMoved = nil }
	p := suite.Serve(t, b, byAge)
	w := &world{t: t, backend: b, replicas: []*suite.Process{p}, admin: p.Staff("anna", "ADMIN@"+suite.ARS), person: p.Case(), place: p.Place()}
	if b.Redis != nil {
		w.replicas = append(w.replicas, p.Beside(b, byAge))
	}
	a := p.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { offices { counters { id } } }
		publicService(by: {slug: {municipality: "blomberg", service: "meldebescheinigung"}}) { id form { id } }
		publicServices(first: 100, filter: {free: true}) { nodes { id } } }`, nil)
	w.counter = a.OK("municipality.offices.0.counters.0.id").String()
	w.form, w.service = a.OK("publicService.form.id").String(), a.OK("publicService.id").String()
	for _, s := range a.OK("publicServices.nodes").Array() {
		w.free = append(w.free, s.Get("id").String())
	}
	w.wait()
	return w
}

// wait makes sure that what was nudged so far has been heard everywhere: a third process's word would come too late for a
// test that counts.
func (w *world) wait() {
	w.t.Helper()
	for _, p := range w.replicas[1:] {
		require.Eventually(w.t, func() bool { return metric(w.t, p, "nelke_relay_heard") == 1 }, patience, pause)
	}
}

// write does one of the writes of the table, each time another one of its kind.
func (w *world) write(name string) {
	w.t.Helper()
	w.n++
	mutate := func(mutation, input, result string, in suite.Vars) {
		w.t.Helper()
		in["idempotencyKey"] = suite.Key()
		a := w.admin.Do(`mutation($in: `+input+`!) { `+mutation+`(input: $in) { `+result+` problems { code message path } } }`, suite.Vars{"in": in})
		a.OK(mutation)
	}
	switch name {
	case "setServiceState":
		text := fmt.Sprintf("Stand %d", w.n)
		mutate(name, "SetServiceStateInput", "publicService { id }", suite.Vars{"service": w.service, "open": w.n%2 == 0, "message": suite.Vars{"de": text, "en": text}})
	case "setFee":
		service := w.free[0]
		w.free = w.free[1:]
		mutate(name, "SetFeeInput", "publicService { id }", suite.Vars{"service": service, "cents": 100 + w.n, "validFrom": "2026-11-23", "legalBasis": suite.Vars{"de": "Satzung", "en": "By-law"}})
	case "setPaymentMethods":
		mutate(name, "SetPaymentMethodsInput", "municipality { id }", suite.Vars{
			"municipality": w.municipality(), "methods": []suite.Vars{{"method": "CREDIT_CARD", "validFrom": fmt.Sprintf("2025-01-%02d", w.n%28+1)}},
		})
	case "setBanner":
		text := fmt.Sprintf("Wartung %d", w.n)
		mutate(name, "SetBannerInput", "municipality { id }", suite.Vars{"municipality": w.municipality(), "text": suite.Vars{"de": text, "en": text}})
	case "addClosure": // of a working day in the next weeks, another one each time
		day := suite.Start().AddDate(0, 0, 7+w.closures/5*7+w.closures%5).Format("2006-01-02")
		w.closures++
		mutate(name, "AddClosureInput", "office { id }", suite.Vars{"office": w.place.Office, "from": day, "to": day, "reason": suite.Vars{"de": "Ausflug", "en": "Outing"}})
	case "setOpeningHours":
		var hours []suite.Vars
		for _, day := range []string{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"} {
			hours = append(hours, suite.Vars{"weekday": day, "from": "08:00", "to": fmt.Sprintf("%02d:%02d", 18+w.n/12%5, w.n%12*5)})
		}
		mutate(name, "SetOpeningHoursInput", "office { id }", suite.Vars{"office": w.place.Office, "validFrom": "2026-11-23", "hours": hours})
	case "holdSlot": // of the first start, at all counters: then it is gone
		starts := w.person.Starts(w.place, 60)
		require.NotEmpty(w.t, starts)
		for slices.Contains(w.person.Starts(w.place, 60), starts[0]) {
			held := w.person.Hold(w.place, starts[0], suite.Key()).OK("holdSlot.appointment.id").String()
			w.person.Book(w.place, held, suite.Key()).OK("bookAppointment.appointment.id") // so that another one can be held
		}
	case "import": // of a town that isn't there yet
		towns, err := filepath.Glob(filepath.Join(w.towns(), "lippe", "*.yaml"))
		require.NoError(w.t, err)
		towns = slices.DeleteFunc(towns, func(file string) bool { return strings.HasSuffix(file, "blomberg.yaml") })
		require.Less(w.t, w.imports, len(towns), "no towns left")
		done, err := server.Import(w.t.Context(), w.replicas[0].Config, towns[w.imports:w.imports+1])
		require.NoError(w.t, err)
		require.True(w.t, done[0].Changed)
		w.imports++
		w.replicas[0].Clock.Advance(time.Minute) // on SQLite nothing nudges for what another process did
	default:
		w.t.Fatalf("no write %s", name)
	}
}

func (w *world) towns() string {
	folder := w.t.TempDir()
	require.NoError(w.t, os.CopyFS(folder, data.Towns))
	return folder
}

func (w *world) municipality() string {
	return w.admin.Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
}

// answer is what somebody without credentials gets.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a document by a method. Headers come in pairs.
func ask(t testing.TB, p *suite.Process, method, document string, headers ...string) answer {
	t.Helper()
	return send(t, p, method, map[string]any{"query": document}, headers...)
}

// send sends the parts of a request: query, variables, extensions.
func send(t testing.TB, p *suite.Process, method string, parts map[string]any, headers ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	address, body := p.URL+"/graphql", []byte(nil)
	if method == http.MethodGet {
		values := url.Values{}
		for name, part := range parts {
			text, ok := part.(string)
			if !ok {
				raw, err := json.Marshal(part)
				require.NoError(t, err)
				text = string(raw)
			}
			values.Set(name, text)
		}
		address += "?" + values.Encode()
	} else {
		var err error
		body, err = json.Marshal(parts)
		require.NoError(t, err)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	require.NoError(t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	if response.StatusCode != http.StatusNotModified {
		require.Equal(t, int64(len(raw)), response.ContentLength, "however long, and however it came about")
	}
	return answer{response.StatusCode, response.Header, string(raw)}
}

func metric(t testing.TB, p *suite.Process, name string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/metrics", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	for line := range strings.SplitSeq(string(raw), "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err)
			return int(n)
		}
	}
	require.Fail(t, "no metric "+name)
	return 0
}

// hits are the answers that came from memory.
func hits(t testing.TB, p *suite.Process) int {
	t.Helper()
	return metric(t, p, "nelke_answers_hits_total")
}

// fills are those that went there.
func fills(t testing.TB, p *suite.Process) int {
	t.Helper()
	return metric(t, p, "nelke_answers_fills_total")
}

// credentials are ways to be somebody.
func (w *world) credentials() map[string][]string {
	return map[string][]string{
		"a case key": {"Authorization", "Bearer " + identity.NewCaseKey()}, "a clerk": {"Authorization", "Bearer " + w.replicas[0].Clerk().Token}, "a cookie": {"Cookie", "a=b"},
	}
}
