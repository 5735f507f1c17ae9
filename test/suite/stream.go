package suite

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// patience is how long a test waits for a message that must come.
const patience = 20 * time.Second

// Stream is one subscription over a WebSocket of its own.
type Stream struct {
	t    testing.TB
	conn *websocket.Conn
	ctx  context.Context
	stop context.CancelFunc
}

type frame struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// Subscribe starts a subscription over graphql-transport-ws, with the actor's token in connection_init.
func (c *Client) Subscribe(query string, vars Vars) *Stream {
	c.t.Helper()
	payload := Vars{}
	if c.Token != "" {
		payload["authorization"] = "Bearer " + c.Token
	}
	s := c.dial(payload)
	require.Equal(c.t, "connection_ack", s.read().Type)
	s.Also("1", query, vars)
	return s
}

// Refused begins a connection with a payload of connection_init that isn't taken, and gives the code with which it is closed.
func (p *Process) Refused(t testing.TB, payload Vars) websocket.StatusCode {
	t.Helper()
	return p.Anonymous().For(t).dial(payload).ClosedSilently()
}

// dial opens a connection and sends connection_init.
func (c *Client) dial(payload Vars) *Stream {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	header := http.Header{}
	if c.Accept != "" {
		header.Set("Accept-Language", c.Accept)
	}
	conn, response, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(c.Process.URL, "http")+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header,
	})
	require.NoError(c.t, err)
	if response.Body != nil {
		_ = response.Body.Close()
	}
	conn.SetReadLimit(4 << 20)
	s := &Stream{t: c.t, conn: conn, ctx: ctx, stop: cancel}
	c.t.Cleanup(s.Close)
	raw, err := json.Marshal(payload)
	require.NoError(c.t, err)
	require.NoError(c.t, wsjson.Write(ctx, conn, frame{Type: "connection_init", Payload: raw}))
	return s
}

func (s *Stream) read() frame {
	s.t.Helper()
	f, err := s.tryRead(patience)
	require.NoError(s.t, err)
	return f
}

func (s *Stream) tryRead(d time.Duration) (frame, error) {
	ctx, cancel := context.WithTimeout(s.ctx, d)
	defer cancel()
	for {
		var f frame
		if err := wsjson.Read(ctx, s.conn, &f); err != nil {
			return f, err
		}
		if f.Type == "ping" {
			if err := wsjson.Write(ctx, s.conn, frame{Type: "pong"}); err != nil {
				return f, err
			}
			continue
		}
		return f, nil
	}
}

// Next is the payload of the next message, which must be one with data and without errors.
func (s *Stream) Next() gjson.Result {
	s.t.Helper()
	f := s.read()
	require.Equal(s.t, "next", f.Type, string(f.Payload))
	payload := gjson.ParseBytes(f.Payload)
	require.False(s.t, payload.Get("errors").Exists(), payload.Raw)
	return payload
}

// Until reads messages until one fits, and gives it.
func (s *Stream) Until(fits func(gjson.Result) bool) gjson.Result {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if m := s.Next(); fits(m) {
			return m
		}
	}
	require.Fail(s.t, "no such message came")
	return gjson.Result{}
}

// Type is the type of the next message, with its payload.
func (s *Stream) Type() (string, gjson.Result) {
	s.t.Helper()
	f := s.read()
	return f.Type, gjson.ParseBytes(f.Payload)
}

// Ends waits for the subscription's end, by complete or with its connection, and fails the test where data comes before.
func (s *Stream) Ends() {
	s.t.Helper()
	f, err := s.tryRead(patience)
	require.False(s.t, err != nil && s.ctx.Err() != nil, "the stream was given up")
	if err == nil {
		require.Contains(s.t, []string{"complete", "error"}, f.Type, string(f.Payload))
		return
	}
	require.NotEqual(s.t, websocket.StatusCode(-1), websocket.CloseStatus(err), "it didn't end: %v", err)
}

// Closed waits for the connection's end and gives its close code.
func (s *Stream) Closed() websocket.StatusCode {
	s.t.Helper()
	for {
		if _, err := s.tryRead(patience); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

// Close ends the connection; closing again does nothing.
func (s *Stream) Close() {
	_ = s.conn.CloseNow()
	s.stop()
}

// Also sends another operation over the same connection.
func (s *Stream) Also(id, query string, vars Vars) {
	s.t.Helper()
	raw, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	require.NoError(s.t, err)
	_ = wsjson.Write(s.ctx, s.conn, frame{ID: id, Type: "subscribe", Payload: raw}) // a connection that is closed says so to who reads
}

// ClosedSilently is Closed, and fails the test where anything is said before.
func (s *Stream) ClosedSilently() websocket.StatusCode {
	s.t.Helper()
	f, err := s.tryRead(patience)
	require.Error(s.t, err, "%s %s", f.Type, f.Payload)
	return websocket.CloseStatus(err)
}
