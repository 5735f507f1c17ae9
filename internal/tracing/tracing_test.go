package tracing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// record makes a tracer whose spans can be looked at when they have ended.
func record() (*Tracer, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	return &Tracer{Tracer: sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder)).Tracer("test")}, recorder
}

func ended(r *tracetest.SpanRecorder) map[string]sdk.ReadOnlySpan {
	found := map[string]sdk.ReadOnlySpan{}
	for _, s := range r.Ended() {
		found[s.Name()] = s
	}
	return found
}

func TestSummary(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"SELECT `offices`.`id` FROM `offices` WHERE `offices`.`id` = ?":                      "SELECT offices",
		`SELECT DISTINCT "cases"."id" FROM "cases"`:                                          "SELECT cases",
		"INSERT INTO allocation (counter, cell) SELECT 1, 2 FROM other":                      "INSERT allocation",
		"INSERT INTO `events`(`id`) VALUES (?)":                                              "INSERT events",
		"update appointments SET status = 'BOOKED'":                                          "UPDATE appointments",
		"-- name: JobInsert :many\n-- more\nINSERT INTO river_job(a) VALUES ($1)":            "INSERT river_job",
		"WITH raw AS (SELECT 1 FROM x) INSERT INTO river_job (a) SELECT a FROM raw":          "INSERT river_job",
		"WITH due AS (SELECT id FROM x FOR UPDATE SKIP LOCKED) SELECT id FROM due":           "WITH",
		"WITH cells AS (UPDATE allocation SET n = 1 RETURNING n) SELECT count(*) FROM cells": "UPDATE allocation",
		"SELECT a FROM (SELECT b FROM inner_one) AS x":                                       "SELECT inner_one",
		"begin isolation level read committed":                                               "BEGIN",
		"COMMIT;":                                                                            "COMMIT", "": "SQL", "-- ping": "SQL", "FROM": "FROM",
	} {
		require.Equal(t, want, summary(text), text)
	}
	long := strings.Repeat("ä", maxStatement)
	require.True(t, strings.HasPrefix(long, strings.TrimSuffix(shortened(long), " …")))
	require.LessOrEqual(t, len(shortened(long)), maxStatement+4)
	require.Equal(t, "SELECT 1", shortened("SELECT 1"))
}

func TestNewSampler(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"": "ParentBased{root:AlwaysOnSampler", "always_on": "AlwaysOnSampler", "always_off": "AlwaysOffSampler", "traceidratio": "TraceIDRatioBased{0.25}",
		"parentbased_always_on": "ParentBased{root:AlwaysOnSampler", "parentbased_always_off": "ParentBased{root:AlwaysOffSampler",
		"parentbased_traceidratio": "ParentBased{root:TraceIDRatioBased{0.25}",
	} {
		s, err := NewSampler(name, "0.25")
		require.NoError(t, err, name)
		require.True(t, strings.HasPrefix(s.Description(), want), s.Description())
	}
	for _, arg := range []string{"x", "-0.1", "1.1", "NaN", "25%"} {
		_, err := NewSampler("traceidratio", arg)
		require.ErrorIs(t, err, ErrSamplerArg, arg)
	}
	_, err := NewSampler("jaeger_remote", "")
	require.ErrorIs(t, err, ErrSampler)
}

func TestOpenWithoutACollectorIsOff(t *testing.T) {
	t.Parallel()
	tracer, err := Open(t.Context(), Config{})
	require.NoError(t, err)
	require.Nil(t, tracer)
	tracer.Shutdown(t.Context())
	require.Equal(t, http.DefaultTransport, tracer.Transport(http.DefaultTransport), "nothing is put in between")
}

func TestLazily(t *testing.T) {
	t.Parallel()
	tracer, recorder := record()
	ctx, root := tracer.Begin(t.Context(), "root")
	leaf := func(ctx context.Context, name string) { tracer.Leaf(ctx, func() string { return name }).End() }

	silent, end := tracer.Lazily(ctx, "silent") // nothing happens in it
	inner, endInner := tracer.Lazily(silent, "inner")
	end()
	leaf(inner, "in inner")
	leaf(inner, "again in inner")
	endInner()

	late, end := tracer.Lazily(ctx, "late") // what is within it comes when it is over, as with nested fields
	end()
	leaf(late, "after late")

	busy, end := tracer.Lazily(ctx, "busy")
	nested, endNested := tracer.Lazily(busy, "nested")
	between, inside := tracer.Begin(nested, "real")
	leaf(between, "in real")
	inside.End()
	endNested()
	end()
	leaf(nested, "after nested")
	root.End()

	all := ended(recorder)
	parent := func(of, want string) {
		require.Equal(t, all[want].SpanContext().SpanID(), all[of].Parent().SpanID(), "%s is in %s", of, want)
	}
	require.NotContains(t, all, "silent")
	require.NotContains(t, all, "late")
	parent("inner", "root")
	parent("in inner", "inner")
	parent("again in inner", "inner")
	parent("after late", "root")
	parent("busy", "root")
	parent("nested", "busy")
	parent("real", "nested")
	parent("in real", "real")
	parent("after nested", "nested")
	require.False(t, all["inner"].StartTime().After(all["in inner"].StartTime()))
	require.Len(t, recorder.Ended(), 10)
	require.Len(t, recorder.Started(), 10, "what began has ended")
}

func TestALeafNeedsATraceThatIsRecorded(t *testing.T) {
	t.Parallel()
	tracer, recorder := record()
	require.Nil(t, tracer.Leaf(t.Context(), func() string { panic("nobody asks for a name") }))
	unsampled := &Tracer{Tracer: sdk.NewTracerProvider(sdk.WithSampler(sdk.NeverSample())).Tracer("test")}
	ctx, span := unsampled.Begin(t.Context(), "unsampled")
	require.False(t, span.IsRecording())
	require.Nil(t, tracer.Leaf(ctx, func() string { return "x" }))
	require.Empty(t, Traceparent(ctx))
	inner, end := tracer.Lazily(ctx, "x")
	require.Equal(t, ctx, inner)
	end()
	require.Empty(t, recorder.Started())
}

func TestApartAndLater(t *testing.T) {
	t.Parallel()
	tracer, recorder := record()
	ctx, origin := tracer.Begin(t.Context(), "origin")
	for name, apart := range map[string]context.Context{"apart": Apart(ctx, origin.SpanContext()), "later": Later(t.Context(), Traceparent(ctx))} {
		require.Nil(t, tracer.Leaf(apart, func() string { return "x" }), name)
		_, span := tracer.Begin(apart, name)
		span.End()
		got := ended(recorder)[name]
		require.NotEqual(t, origin.SpanContext().TraceID(), got.SpanContext().TraceID())
		require.False(t, got.Parent().IsValid())
		require.Len(t, got.Links(), 1)
		require.Equal(t, origin.SpanContext().SpanID(), got.Links()[0].SpanContext.SpanID())
	}
	for _, none := range []string{"", "nonsense", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"} {
		_, span := tracer.Begin(Later(t.Context(), none), "none")
		span.End()
		require.Empty(t, ended(recorder)["none"].Links(), none)
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	tracer, recorder := record()
	var heard http.Header
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard = r.Header
		if strings.HasSuffix(r.URL.Path, "fails") {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer provider.Close()
	client := &http.Client{Transport: tracer.Transport(&http.Transport{})}
	defer client.CloseIdleConnections()
	post := func(ctx context.Context, path string) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, provider.URL+path, strings.NewReader("{}"))
		require.NoError(t, err)
		answer, err := client.Do(r)
		require.Empty(t, r.Header.Get("Traceparent"), "the caller's request is as it was")
		if err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
		return err
	}
	require.NoError(t, post(t.Context(), "/transactions/kunigunde"))
	require.Empty(t, heard.Get("Traceparent"))
	require.Empty(t, recorder.Ended())

	ctx, span := tracer.Begin(t.Context(), "root")
	require.NoError(t, post(ctx, "/transactions/kunigunde?name=kunigunde"))
	call := recorder.Ended()[0]
	require.Equal(t, "POST", call.Name())
	require.Equal(t, trace.SpanKindClient, call.SpanKind())
	require.Equal(t, span.SpanContext().SpanID(), call.Parent().SpanID())
	require.Contains(t, heard.Get("Traceparent"), call.SpanContext().TraceID().String()+"-"+call.SpanContext().SpanID().String())
	require.NotContains(t, fmt.Sprint(call.Attributes()), "kunigunde")
	require.NoError(t, post(ctx, "/fails"))
	require.Contains(t, fmt.Sprint(recorder.Ended()[1].Attributes()), "Bad Gateway")
	client.Transport = tracer.Outward(client.Transport.(transport).next)
	require.NoError(t, post(ctx, "/strangers"))
	require.Empty(t, heard.Get("Traceparent"), "a stranger hears nothing of it")
	require.Equal(t, span.SpanContext().SpanID(), recorder.Ended()[2].Parent().SpanID())
	provider.Close()
	require.Error(t, post(ctx, "/kunigunde"))
	require.NotContains(t, fmt.Sprint(recorder.Ended()[3].Attributes(), recorder.Ended()[3].Status()), "kunigunde")
}

func TestClass(t *testing.T) {
	t.Parallel()
	require.Equal(t, "canceled", Class(fmt.Errorf("x: %w", context.Canceled)))
	require.Equal(t, "timeout", Class(fmt.Errorf("x: %w", context.DeadlineExceeded)))
	require.Equal(t, "*errors.errorString", Class(fmt.Errorf("kunigunde: %w", errors.New("kunigunde"))))
}

// away is a collector that takes nothing until it is back.
type away struct {
	sdk.SpanExporter
	back bool
}

func (a *away) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if a.back {
		return a.SpanExporter.ExportSpans(ctx, spans)
	}
	return errors.New("away")
}

func TestExporterTellsOnceOfEachFailure(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	to := &away{SpanExporter: tracetest.NewInMemoryExporter()}
	e := newExporter(to, slog.New(slog.NewTextHandler(&log, nil)))
	spans := tracetest.SpanStubs{{Name: "a"}, {Name: "b"}}.Snapshots()
	for range 3 {
		require.NoError(t, e.ExportSpans(t.Context(), spans))
	}
	to.back = true
	for range 2 {
		require.NoError(t, e.ExportSpans(t.Context(), spans))
	}
	require.Equal(t, 1, strings.Count(log.String(), "traces can't be delivered"))
	require.Equal(t, 1, strings.Count(log.String(), "delivered again"))
	require.EqualValues(t, 6, e.lost.Load())
	require.EqualValues(t, 4, e.delivered.Load())
	e.cut()
}
