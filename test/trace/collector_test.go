package trace

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"nelke/server"
	"nelke/test/suite"
)

// collector takes spans by OTLP over HTTP, as a real one does.
type collector struct {
	t    testing.TB
	http *httptest.Server

	mu       sync.Mutex
	requests []*collectorpb.ExportTraceServiceRequest
}

func collect(t testing.TB) *collector {
	t.Helper()
	c := &collector{t: t}
	c.http = httptest.NewServer(http.HandlerFunc(c.take))
	t.Cleanup(c.http.Close)
	return c
}

func (c *collector) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	request := &collectorpb.ExportTraceServiceRequest{}
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, request) != nil {
		c.t.Errorf("no export of traces: %s %s, %d bytes, %v", r.URL.Path, r.Header.Get("Content-Type"), len(body), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, request)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// to sends a process's traces to the collector.
func (c *collector) to(cfg *server.Config) { cfg.TraceEndpoint = c.http.URL }

// after stops the process, which delivers the rest, and gives all spans.
func (c *collector) after(p *suite.Process) spans {
	c.t.Helper()
	require.NoError(c.t, p.Stop())
	c.mu.Lock()
	defer c.mu.Unlock()
	var all spans
	for _, request := range c.requests {
		for _, resource := range request.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, s := range scope.Spans {
					all = append(all, span{s})
				}
			}
		}
	}
	return all
}

// text is everything that came, readable.
func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, request := range c.requests {
		b.WriteString(prototext.Format(request))
	}
	return b.String()
}

type span struct{ *tracepb.Span }

// attribute returns the text of an attribute; empty where there is none.
func (s span) attribute(key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			if text := a.Value.GetStringValue(); text != "" {
				return text
			}
			return strings.TrimSpace(prototext.MarshalOptions{}.Format(a.Value))
		}
	}
	return ""
}

type spans []span

func (all spans) named(name string) (found spans) {
	for _, s := range all {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

func (all spans) with(key, value string) (found spans) {
	for _, s := range all {
		if strings.Contains(s.attribute(key), value) {
			found = append(found, s)
		}
	}
	return found
}

// of returns the spans of one trace.
func (all spans) of(trace []byte) (found spans) {
	for _, s := range all {
		if string(s.TraceId) == string(trace) {
			found = append(found, s)
		}
	}
	return found
}

// way returns the names from the trace's root to the span.
func (all spans) way(s span) (names []string) {
	names = []string{s.Name}
	for len(s.ParentSpanId) > 0 {
		i := slices.IndexFunc(all, func(other span) bool { return string(other.SpanId) == string(s.ParentSpanId) })
		if i < 0 {
			return append([]string{"?"}, names...)
		}
		s = all[i]
		names = append([]string{s.Name}, names...)
	}
	return names
}

// ways are the ways of all spans, each once.
func (all spans) ways() (found []string) {
	for _, s := range all {
		found = append(found, strings.Join(all.way(s), " > "))
	}
	slices.Sort(found)
	return slices.Compact(found)
}
