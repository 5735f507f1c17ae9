package wire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// client is the other end of a WebSocket.
type client struct {
	*websocket.Conn
	t *testing.T
}

type received struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

// dial connects without a connection_init.
func (w *town) dial(t *testing.T, options *websocket.DialOptions) *client {
	t.Helper()
	if options == nil {
		options = &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, w.URL, options)
	require.NoError(t, err)
	conn.SetReadLimit(4 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &client{Conn: conn, t: t}
}

// connect dials and has its connection acknowledged.
func (w *town) connect(t *testing.T) *client {
	t.Helper()
	c := w.dial(t, nil)
	c.send(`{"type":"connection_init"}`)
	require.Equal(t, received{Type: "connection_ack"}, c.next())
	return c
}

func (c *client) send(text string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(c.t, c.Write(ctx, websocket.MessageText, []byte(text)))
}

func (c *client) subscribe(id, query string) {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":{"query":%q}}`, id, query))
}

func (c *client) tryNext() (m received, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, data, err := c.Read(ctx)
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	return m, err
}

func (c *client) next() received {
	c.t.Helper()
	m, err := c.tryNext()
	require.NoError(c.t, err)
	return m
}

func (c *client) expect(kind, id, payload string) {
	c.t.Helper()
	m := c.next()
	require.Equal(c.t, [3]string{kind, id, payload}, [3]string{m.Type, m.ID, string(m.Payload)})
}

// closed reads until the connection is closed, and returns how.
func (c *client) closed() websocket.CloseError {
	c.t.Helper()
	for {
		if _, err := c.tryNext(); err != nil {
			var end websocket.CloseError
			require.ErrorAs(c.t, err, &end)
			return end
		}
	}
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}
