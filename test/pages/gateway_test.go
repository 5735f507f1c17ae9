package pages_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/reader"
	"nelke/test/suite"
)

// TestAGatewayThatDoesNotReachTheGraph is a page that says to come back, in the language of the address. What the graph itself failed at isn't.
func TestAGatewayThatDoesNotReachTheGraph(t *testing.T) {
	t.Parallel()
	type answer struct {
		status int
		body   string
	}
	var now atomic.Pointer[answer]
	p := inFrontOf(t, "", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(now.Load().status)
		_, _ = io.WriteString(w, now.Load().body)
	})
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   int
		de, en string
	}{
		{"Hive's mask", http.StatusOK, coded("INTERNAL_SERVER_ERROR"), http.StatusServiceUnavailable, "Gerade nicht erreichbar", "Not available just now"},
		{"Apollo's word", http.StatusOK, coded("SUBREQUEST_HTTP_ERROR"), http.StatusServiceUnavailable, "Gerade nicht erreichbar", "Not available just now"},
		{"no answer in time", http.StatusGatewayTimeout, coded("GATEWAY_TIMEOUT"), http.StatusServiceUnavailable, "Gerade nicht erreichbar", "Not available just now"},
		{"a status alone", http.StatusBadGateway, `{"errors": [{"message": "Bad Gateway"}]}`, http.StatusServiceUnavailable, "Gerade nicht erreichbar", "Not available just now"},
		{"a proxy's page", http.StatusBadGateway, `<html>Bad Gateway</html>`, http.StatusServiceUnavailable, "Gerade nicht erreichbar", "Not available just now"},
		{"a fault of the graph", http.StatusOK, coded("INTERNAL"), http.StatusInternalServerError, "Das hat nicht geklappt", "Something went wrong"},
		{"another schema", http.StatusBadRequest, coded("GRAPHQL_VALIDATION_FAILED"), http.StatusInternalServerError, "Das hat nicht geklappt", "Something went wrong"},
	} {
		now.Store(&answer{c.status, c.body})
		for path, heading := range map[string]string{"/": c.de, "/termin": c.de, "/blomberg/termin": c.de, "/en": c.en, "/en/termin": c.en, "/blomberg/en/termin": c.en} {
			b := reader.Open(t, p, path).Shows(heading)
			require.Equal(t, c.want, b.Status, "%s: %s", c.name, path)
			require.Equal(t, c.want == http.StatusServiceUnavailable, b.Header.Get("Retry-After") != "", "%s: %s", c.name, path)
		}
	}
}

// TestLivePartsEndWhereTheGatewayHasNone asks a gateway without subscriptions: browsers needn't ask again.
func TestLivePartsEndWhereTheGatewayHasNone(t *testing.T) {
	t.Parallel()
	p := inFrontOf(t, "blomberg", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, coded("GRAPHQL_VALIDATION_FAILED"))
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/vorgang/termin/appointment_x/live", nil)
	require.NoError(t, err)
	r.AddCookie(&http.Cookie{Name: "vorgang-blomberg", Value: strings.Repeat("A", 43)})
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), "event: end\n")
}

// inFrontOf serves the pages of a town, or of all, in front of a gateway.
func inFrontOf(t *testing.T, town string, gateway http.HandlerFunc) *suite.Process {
	t.Helper()
	graph := httptest.NewServer(gateway)
	t.Cleanup(graph.Close)
	ready := make(chan string, 1)
	cfg := server.Defaults()
	cfg.Addr, cfg.PublicURL, cfg.Town = "127.0.0.1:0", "http://nelke.test", town
	cfg.Options.Logger, cfg.Options.Ready = slog.New(slog.DiscardHandler), func(addr string) { ready <- addr }
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server.RunPages(ctx, cfg, graph.URL+"/graphql") }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return &suite.Process{URL: "http://" + <-ready, Config: cfg}
}

// coded is an answer without data.
func coded(code string) string {
	return `{"data": null, "errors": [{"message": "Unexpected error.", "extensions": {"code": "` + code + `"}}]}`
}
