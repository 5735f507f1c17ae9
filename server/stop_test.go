package server_test

import (
	"bufio"
	"context"
	"database/sql"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"

	"nelke/internal/identity"
	"nelke/server"
)

const openCase = `mutation($i: OpenCaseInput!) { openCase(input: $i) { case { id } problems { code message } } }`

func openCaseInput(key string) map[string]any {
	return map[string]any{"i": map[string]any{
		"idempotencyKey": "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b14", "municipality": map[string]any{"slug": "blomberg"}, "caseKey": key,
	}}
}

func TestStop(t *testing.T) {
	t.Parallel()

	t.Run("what was accepted is answered, and the next client is sent elsewhere", func(t *testing.T) {
		t.Parallel()
		s := start(t, func(cfg *server.Config) { cfg.StopDelay = 2 * time.Second })
		s.graph(services, nil) // the directory is read: the mutation gets as far as the lock

		// Somebody else has the file's write lock, so the mutation waits.
		db, err := sql.Open("sqlite", filepath.Join(s.cfg.Data, "nelke.db"))
		require.NoError(t, err)
		defer func() { require.NoError(t, db.Close()) }()
		lock, err := db.Conn(t.Context())
		require.NoError(t, err)
		defer func() { require.NoError(t, lock.Close()) }()
		_, err = lock.ExecContext(t.Context(), "PRAGMA busy_timeout = 10000") // the server's first jobs write, too
		require.NoError(t, err)
		_, err = lock.ExecContext(t.Context(), "BEGIN IMMEDIATE")
		require.NoError(t, err)

		answered := make(chan answer, 1)
		key := identity.NewCaseKey()
		go func() { answered <- s.graph(openCase, openCaseInput(key)) }()
		require.Eventually(t, func() bool {
			return strings.Contains(s.do(http.MethodGet, "/metrics", "").body, `go_sql_in_use_connections{db_name="write"} 1`)
		}, patience, 5*time.Millisecond)

		s.cancel()
		require.Eventually(t, func() bool {
			got := s.do(http.MethodGet, "/readyz", "")
			return got.status == http.StatusServiceUnavailable && strings.Contains(got.body, "stopping")
		}, patience, 5*time.Millisecond)
		require.Equal(t, http.StatusOK, s.graph(services, nil).status, "it is only unready yet")
		require.Empty(t, answered)
		_, err = lock.ExecContext(t.Context(), "ROLLBACK")
		require.NoError(t, err)
		got := <-answered
		require.Equal(t, http.StatusOK, got.status)
		require.Contains(t, got.body, `"case_`)
		s.stop()
		_, err = new(net.Dialer).DialContext(t.Context(), "tcp", s.cfg.Addr)
		require.Error(t, err)
	})

	t.Run("WebSockets are closed with 1001, event streams break", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		conn := s.dial(ctx, map[string]any{})
		next := s.subscribe(ctx, conn, "s", `subscription { publicServices { totalCount } }`)
		require.Contains(t, next, "totalCount")

		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql",
			strings.NewReader(`{"query":"subscription { publicServices { totalCount } }"}`))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "text/event-stream")
		stream, err := s.web.Do(request)
		require.NoError(t, err)
		defer func() { _ = stream.Body.Close() }()
		events := bufio.NewReader(stream.Body)
		for line := ""; !strings.HasPrefix(line, "data: {"); {
			line, err = events.ReadString('\n')
			require.NoError(t, err)
		}
		require.Contains(t, s.do(http.MethodGet, "/metrics", "").body, "nelke_subscriptions_open 2")

		begun := time.Now()
		s.cancel()
		_, err = io.ReadAll(events)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a gateway takes an orderly end for that of the subscription")
		for err = nil; err == nil; {
			_, _, err = conn.Read(ctx)
		}
		require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
		s.stop()
		require.Less(t, time.Since(begun), 10*time.Second)
	})

	t.Run("a request that never comes to its end is cut off in time", func(t *testing.T) {
		t.Parallel()
		s := start(t, func(cfg *server.Config) { cfg.StopTimeout = 2 * time.Second })
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.cfg.Addr)
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close()) }()
		_, err = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: nelke\r\nContent-Type: application/json\r\n"+
			"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n")
		require.NoError(t, err)
		line, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
		require.Contains(t, line, "100 Continue", "the handler reads the body")

		begun := time.Now()
		s.cancel()
		err = <-s.ended
		s.ended <- nil // as it should be here
		require.ErrorContains(t, err, "stop after")
		require.Less(t, time.Since(begun), 5*time.Second)
	})
}

// dial opens a WebSocket and initialises it.
func (s *service) dial(ctx context.Context, payload map[string]any) *websocket.Conn {
	s.t.Helper()
	conn, _, err := websocket.Dial(ctx, s.url+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: s.web})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.CloseNow() })
	require.NoError(s.t, wsjson.Write(ctx, conn, map[string]any{"type": "connection_init", "payload": payload}))
	return conn
}

// subscribe waits for the acknowledgement, and gives the first state.
func (s *service) subscribe(ctx context.Context, conn *websocket.Conn, id, query string) string {
	s.t.Helper()
	_, ack, err := conn.Read(ctx)
	require.NoError(s.t, err)
	require.JSONEq(s.t, `{"type":"connection_ack"}`, string(ack))
	require.NoError(s.t, wsjson.Write(ctx, conn, map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{"query": query}}))
	_, next, err := conn.Read(ctx)
	require.NoError(s.t, err)
	return string(next)
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *server.Config) { cfg.Origins = []string{"https://town.example"} })

	t.Run("takes the token of connection_init", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		conn := s.dial(ctx, map[string]any{"Authorization": "Bearer " + s.token("CLERK@"+ars)})
		require.Contains(t, s.subscribe(ctx, conn, "q", `{ viewer { kind } }`), "STAFF")
	})
	t.Run("is closed with 4403 for a token that proves nothing", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		conn := s.dial(ctx, map[string]any{"authorization": "Bearer nonsense"})
		_, _, err := conn.Read(ctx)
		require.Equal(t, websocket.StatusCode(4403), websocket.CloseStatus(err))
	})
	t.Run("is for pages of configured origins", func(t *testing.T) {
		t.Parallel()
		for origin, ok := range map[string]bool{"https://town.example": true, "https://evil.example": false} {
			conn, _, err := websocket.Dial(t.Context(), s.url+"/graphql", &websocket.DialOptions{
				Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: s.web, HTTPHeader: http.Header{"Origin": {origin}},
			})
			require.Equal(t, ok, err == nil, origin)
			if err == nil {
				require.NoError(t, conn.CloseNow())
			}
		}
	})
}
