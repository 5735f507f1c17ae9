package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"

	"nelke/internal/identity"
)

// counted is what a counter of /metrics says.
func (s *service) counted(metric, code string) (n int) {
	s.t.Helper()
	for line := range strings.Lines(s.do(http.MethodGet, "/metrics", "").body) {
		if _, err := fmt.Sscanf(line, metric+`{code="`+code+`"} %d`, &n); err == nil {
			return n
		}
	}
	return 0
}

func TestErrorsAndProblemsAreCountedByCode(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := identity.NewCaseKey()
	s.graph(openCase, openCaseInput(key))
	cancel := func() {
		got := s.graph(`mutation { cancelAppointment(input: {idempotencyKey: "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11", appointment: "appointment_x"}) { problems { code } } }`,
			nil, "Authorization", "Bearer "+key)
		require.Contains(t, got.body, "NOT_FOUND")
	}
	for name, c := range map[string]struct {
		metric, code string
		do           func()
	}{
		"a problem of a mutation":            {"nelke_problems_total", "NOT_FOUND", cancel},
		"a document that isn't one":          {"nelke_errors_total", "GRAPHQL_PARSE_FAILED", func() { s.graph(`{ viewer `, nil) }},
		"one that asks for what isn't there": {"nelke_errors_total", "GRAPHQL_VALIDATION_FAILED", func() { s.graph(`{ nothing }`, nil) }},
		"a body that is no request": {"nelke_errors_total", "BAD_REQUEST", func() {
			s.do(http.MethodPost, "/graphql", `{"query":`, "Content-Type", "application/json")
		}},
		"a subscription without a stream": {"nelke_errors_total", "SUBSCRIPTION_NEEDS_STREAM", func() {
			s.graph(`subscription { appointment(id: "appointment_x") { id } }`, nil)
		}},
		"a token that proves nothing": {"nelke_errors_total", "UNAUTHENTICATED", func() {
			s.graph(`{ viewer { kind } }`, nil, "Authorization", "Bearer nonsense")
		}},
		"an export of nowhere": {"nelke_errors_total", "INVALID_INPUT", func() { s.do(http.MethodGet, "/export/xzufi.xml?ars=x", "") }},
		"a document by event stream": {"nelke_errors_total", "GRAPHQL_VALIDATION_FAILED", func() {
			s.graph(`{ nothing }`, nil, "Accept", "text/event-stream")
		}},
		"a document by WebSocket": {"nelke_errors_total", "PERSISTED_QUERY_NOT_FOUND", func() {
			s.over(func(conn *websocket.Conn) {
				require.NoError(t, wsjson.Write(t.Context(), conn, map[string]any{"type": "subscribe", "id": "1", "payload": map[string]any{
					"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": strings.Repeat("ab", 32)}},
				}}))
				var got struct{ Type string }
				require.NoError(t, wsjson.Read(t.Context(), conn, &got))
				require.Equal(t, "error", got.Type)
			})
		}},
		"a message of no protocol": {"nelke_errors_total", "WEBSOCKET_4400", func() {
			s.over(func(conn *websocket.Conn) {
				require.NoError(t, wsjson.Write(t.Context(), conn, map[string]any{"type": "nonsense"}))
				_, _, err := conn.Read(t.Context())
				require.Error(t, err)
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.counted(c.metric, c.code)
			c.do()
			require.Equal(t, before+1, s.counted(c.metric, c.code))
		})
	}
}

// over hands on a WebSocket that was acknowledged.
func (s *service) over(use func(*websocket.Conn)) {
	s.t.Helper()
	conn := s.dial(s.t.Context(), map[string]any{})
	defer conn.CloseNow()
	var ack struct{ Type string }
	require.NoError(s.t, wsjson.Read(s.t.Context(), conn, &ack))
	require.Equal(s.t, "connection_ack", ack.Type)
	use(conn)
}
