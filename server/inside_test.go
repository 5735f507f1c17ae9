package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"nelke/graph"
	"nelke/internal/cache"
	"nelke/internal/live"
	"nelke/internal/testbed"
)

func TestLanguage(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"": "de", "de": "de", "en": "en", "en-GB,en;q=0.9,de;q=0.8": "en", "de-AT, en": "de", "de;q=0.2,en;q=0.9": "en", "de ;q=0.1, en": "en",
		"fr": "de", "fr,en;q=0.5": "en", "*": "de", "den": "de", "enm;q=1": "de", "en;q=0": "de", "en;q=0,de": "de", "nonsense;;;": "de",
		"fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5": "en", strings.Repeat("fr,", 1000) + "en": "de", "e": "de", "de_DE": "de",
	} {
		header := http.Header{}
		if accept != "" {
			header.Set("Accept-Language", accept)
		}
		require.Equal(t, want, newLanguages().of(header), accept)
	}
}

func TestRecovered(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	serve := func(h http.HandlerFunc) *httptest.ResponseRecorder {
		log.Reset()
		logger := slog.New(withRequest{slog.NewJSONHandler(&log, nil)})
		w := httptest.NewRecorder()
		chain(h, observe(logger, newMetrics()), recovered(logger)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql", nil))
		return w
	}

	w := serve(func(http.ResponseWriter, *http.Request) { panic("geheim") })
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Contains(t, w.Body.String(), `"INTERNAL"`)
	require.NotContains(t, w.Body.String(), "geheim")
	require.Contains(t, log.String(), "geheim")
	require.Contains(t, log.String(), "inside_test.go", "the stack")
	require.Contains(t, log.String(), `"status":500`)
	id := w.Header().Get("X-Request-Id")
	require.Equal(t, 2, strings.Count(log.String(), `"request":"`+id+`"`), "both lines name the request")

	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		serve(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic("geheim")
		})
	}, "an answer that had begun is cut")
	require.Contains(t, log.String(), `"msg":"request"`)
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	gone := &gqlerror.Error{Extensions: map[string]any{"code": "UNAVAILABLE"}}
	other := &gqlerror.Error{Extensions: map[string]any{"code": "INTERNAL"}}
	for name, c := range map[string]struct {
		data   string
		errors gqlerror.List
		want   int
	}{
		"all is well":             {`{"a":1}`, nil, 0},
		"nothing at all":          {`null`, gqlerror.List{gone}, 503},
		"no data":                 {``, gqlerror.List{gone}, 503},
		"every root is null":      {`{"a":null,"b":null}`, gqlerror.List{gone, gone}, 503},
		"entities, none there":    {`{"_entities":[null,null]}`, gqlerror.List{gone, gone}, 503},
		"entities, one there":     {`{"_entities":[null,{"id":"a"}]}`, gqlerror.List{gone}, 0},
		"an empty list":           {`{"a":null,"b":[]}`, gqlerror.List{gone}, 0},
		"one root is there":       {`{"a":null,"b":1}`, gqlerror.List{gone}, 0},
		"something else is amiss": {`{"a":null}`, gqlerror.List{gone, other}, 0},
		"only something else is":  {`null`, gqlerror.List{other}, 0},
	} {
		header := http.Header{}
		require.Equal(t, c.want, unavailable(header, &graphql.Response{Data: []byte(c.data), Errors: c.errors}), name)
		require.Equal(t, c.want != 0, header.Get("Retry-After") != "", name)
	}
}

// executor dispatches by its functions.
type executor struct {
	graphql.GraphExecutor
	dispatch func(context.Context) *graphql.Response
}

func (e executor) DispatchOperation(ctx context.Context, _ *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	return func(context.Context) *graphql.Response { return e.dispatch(ctx) }, ctx
}

func TestTracesThatAreOffAllocatesNothing(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	m := newMetrics()
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	allocations := func(h http.Handler) int {
		return int(testing.AllocsPerRun(200, func() { h.ServeHTTP(httptest.NewRecorder(), r) }))
	}
	bare := allocations(chain(answer, observe(log, m), recovered(log)))
	off := allocations(chain(answer, observe(log, m), traced(nil, nil), recovered(log), tracesFor(Config{TraceAnswers: "proxies"})))
	require.Equal(t, bare, off)
}

// What most requests are isn't weighed, and costs nothing but to see so.
//
//nolint:paralleltest // it counts allocations
func TestSmallRequestsAreWeighedForNothing(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	m := newMetrics()
	text := strings.Repeat(" ", lightAnswer)
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if room(w, r, len(text)) {
			w.WriteHeader(http.StatusNoContent)
		}
	})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ __typename }"}`))
	allocations := func(h http.Handler) int {
		return int(testing.AllocsPerRun(200, func() { h.ServeHTTP(httptest.NewRecorder(), r) }))
	}
	bare := allocations(chain(answer, observe(log, m), recovered(log)))
	require.Equal(t, bare, allocations(chain(answer, observe(log, m), recovered(log), weighed(transitOf(Defaults())))))
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	for kind, want := range map[ast.Operation]bool{ast.Query: true, ast.Mutation: true, ast.Subscription: false} {
		has := false
		o := observed{executor{dispatch: func(ctx context.Context) *graphql.Response {
			end, ok := ctx.Deadline()
			has = ok
			require.True(t, !ok || time.Until(end) <= operationLimit)
			return nil
		}}, newMetrics(), graph.NewNames(time.Now)}
		ctx, cancel := context.WithCancel(t.Context())
		next, inner := o.DispatchOperation(ctx, &graphql.OperationContext{Operation: &ast.OperationDefinition{Operation: kind}})
		next(inner)
		require.Equal(t, want, has, kind)
		require.Equal(t, want, errors.Is(inner.Err(), context.Canceled), "nothing is left of what has one answer")
		cancel()
	}
}

func TestOpeningsAreForgottenAfterAnHour(t *testing.T) {
	t.Parallel()
	now := time.Now()
	o := newLimits(nil, "x", func() time.Time { return now }).per("openings", time.Hour, 2)
	take := func(network string) bool {
		wait, err := o.Take(t.Context(), network, 1)
		require.NoError(t, err)
		require.LessOrEqual(t, wait, time.Hour+time.Second)
		return wait == 0
	}
	require.True(t, take("a"))
	require.True(t, take("a"))
	require.False(t, take("a"))
	require.True(t, take("b"))
	now = now.Add(time.Hour)
	require.True(t, take("a"))
}

func TestOpeningsAreCountedByAllProcessesTogether(t *testing.T) {
	t.Parallel()
	url := testbed.Redis(t).URL()
	process := func() func(string) bool {
		client, err := live.Open(url)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, client.Close()) })
		l := newLimits(client, "x", time.Now)
		l.patience = 10 * time.Second // a busy machine isn't what this is about
		o := l.per("openings", time.Hour, 2)
		return func(network string) bool {
			wait, err := o.Take(t.Context(), network, 1)
			require.NoError(t, err)
			return wait == 0
		}
	}
	a, b := process(), process()
	require.True(t, a("net"))
	require.True(t, b("net"))
	require.False(t, a("net"))
	require.False(t, b("net"))
	require.True(t, b("other"))
}

// TestKeptAnswersOutliveTheDatabase asks for an answer that can't be made anew, of which nothing but the whole is remembered.
func TestKeptAnswersOutliveTheDatabase(t *testing.T) {
	t.Parallel()
	hub, now := live.NewHub(), time.Now()
	clock := func() time.Time { return now }
	memory := cache.New(cache.Config{Hub: hub, Now: clock})
	t.Cleanup(memory.Close)
	gone := false
	h := cacheAnswers(cache.NewAnswers(hub, 1<<20, clock), clock, newMetrics())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if gone {
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		ctx := cache.RootField(r.Context())
		cache.Public(ctx)
		memory.Depend(cache.Lenient(ctx, new(cache.Outlived)), time.Time{}, live.Catalogue("town"))
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"data":{"a":"<b>"},"extensions":{"x":1}}`)
	}))
	ask := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql?query=x", nil))
		return w
	}
	ask()
	require.Contains(t, ask().Header().Get("Cache-Control"), "stale-if-error=600")
	gone, now = true, now.Add(time.Minute)
	w := ask()
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "60", w.Header().Get("Age"))
	require.Empty(t, w.Header().Get("Retry-After"))
	require.Equal(t, "private, no-store", w.Header().Get("Cache-Control"))
	require.Regexp(t, `^{"data":{"a":"<b>"},"extensions":{"stale":{"asOf":"[^"]+","seconds":60},"x":1}}$`, w.Body.String())
	hub.Nudge(live.Catalogue("town"))
	require.Equal(t, http.StatusServiceUnavailable, ask().Code)
}

func TestADocumentThatSpellsOutWhatItWritesIsNotKept(t *testing.T) {
	t.Parallel()
	documents := newPersisted(nil, "x", slog.New(slog.DiscardHandler))
	for document, kept := range map[string]bool{
		`mutation($i: SetContactInput!) { setContact(input: $i) { problems { code } } }`:                             true,
		`mutation { setContact(input: {person: {familyName: "Muster"}}) { problems { code } } }`:                     false,
		"mutation { setContact(input: {person: {familyName: \"\"\"Muster\"\"\"}}) { problems { code } } }":           false,
		`query A { viewer { kind } } mutation B { setContact(input: {familyName: "Muster"}) { problems { code } } }`: false,
		`{ municipality(by: {slug: "blomberg"}) { name } }`:                                                          true,
		`mutation { releaseHold(input: {first: 5, kind: ONLINE}) { problems { code } } }`:                            true,
	} {
		documents.Add(t.Context(), hashOf(document), document)
		_, ok := documents.Get(t.Context(), hashOf(document))
		require.Equal(t, kept, ok, document)
	}
}
