package pages_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
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
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(now.Load().status)
		_, _ = io.WriteString(w, now.Load().body)
	}))
	t.Cleanup(gateway.Close)
	ready := make(chan string, 1)
	cfg := server.Defaults()
	cfg.Addr, cfg.PublicURL = "127.0.0.1:0", "http://nelke.test"
	cfg.Options.Logger, cfg.Options.Ready = slog.New(slog.DiscardHandler), func(addr string) { ready <- addr }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.RunPages(ctx, cfg, gateway.URL+"/graphql") }()
	p := &suite.Process{URL: "http://" + <-ready, Config: cfg}

	coded := func(code string) string {
		return `{"data": null, "errors": [{"message": "Unexpected error.", "extensions": {"code": "` + code + `"}}]}`
	}
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
	stop()
	require.NoError(t, <-ended)
}
