package wire_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"nelke/internal/wire"
)

func TestWebSocketPing(t *testing.T) {
	t.Parallel()
	t.Run("a ping gets its payload back", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{}).dial(t, nil)
		c.send(`{"type":"ping","payload":{"n":1}}`) // also before connection_init
		c.expect("pong", "", `{"n":1}`)
	})
	t.Run("a peer that answers pings stays", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{socket: wire.WebSocket{InitTimeout: 500 * time.Millisecond, PingInterval: time.Second}}).connect(t)
		for range 2 {
			c.expect("ping", "", "")
			c.send(`{"type":"pong"}`)
		}
	})
	t.Run("a peer that doesn't is dropped", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{socket: wire.WebSocket{InitTimeout: 500 * time.Millisecond, PingInterval: 20 * time.Millisecond}})
		c := town.connect(t)
		c.subscribe("1", "subscription{ticks}")
		require.Equal(t, "ticks", receive(t, town.ended))
	})
}

func TestWebSocketWelcome(t *testing.T) {
	t.Parallel()
	town := setup(t, config{socket: wire.WebSocket{Welcome: func(r *http.Request) bool { return r.Header.Get("Origin") != "https://evil.example" }}})
	for origin, welcome := range map[string]bool{"": true, "https://portal.example.org": true, "https://evil.example": false} {
		t.Run(origin, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			if origin != "" {
				header.Set("Origin", origin)
			}
			conn, response, err := websocket.Dial(t.Context(), town.URL, &websocket.DialOptions{
				Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header,
			})
			if welcome {
				require.NoError(t, err)
				require.NoError(t, conn.CloseNow())
				return
			}
			require.Error(t, err)
			require.Equal(t, http.StatusForbidden, response.StatusCode)
		})
	}
}

func TestWebSocketSlowReader(t *testing.T) {
	t.Parallel()
	t.Run("is asked for no more than it reads, given up in time, and nobody else waits", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{socket: wire.WebSocket{WriteTimeout: time.Second}})
		stuck, lively := town.connect(t), town.connect(t)
		stuck.subscribe("1", "subscription{big}") // and never reads: a megabyte each
		lively.subscribe("1", "subscription{count(to:50)}")
		for n := range 50 {
			lively.expect("next", "1", fmt.Sprintf(`{"data":{"count":%d}}`, n+1))
		}
		require.Eventually(t, func() bool { return town.streams.Open() == 1 }, patience, time.Millisecond)
		require.Less(t, town.asked.Load(), int64(100)) // what the kernel's buffers took, and one
	})
}

func TestWebSocketStop(t *testing.T) {
	t.Parallel()
	t.Run("closes fifty subscribers with 1001", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{})
		var clients []*client
		for range 50 {
			c := town.connect(t)
			c.subscribe("1", "subscription{ticks}")
			c.expect("next", "1", `{"data":{"ticks":1}}`)
			clients = append(clients, c)
		}
		require.Equal(t, 50, town.streams.Open())
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		town.streams.Stop()
		for _, c := range clients {
			m, err := c.tryNext()
			require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err), m) // and no complete before it
		}
		require.NoError(t, town.streams.Wait(ctx))

		response, _ := town.do(t, http.MethodGet, "", "", http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}})
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	})
	t.Run("answers the mutation under way first", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{})
		c := town.connect(t)
		c.subscribe("m", "mutation{slowly}")
		require.Equal(t, "slowly", receive(t, town.begun))
		town.streams.Stop()
		c.subscribe("late", "{hello}")
		m := c.next()
		require.Equal(t, "error", m.Type)
		require.Contains(t, string(m.Payload), "UNAVAILABLE")
		close(town.release)
		c.expect("next", "m", `{"data":{"slowly":"late"}}`)
		c.expect("complete", "m", "")
		require.Equal(t, websocket.StatusGoingAway, c.closed().Code)
	})
	t.Run("doesn't wait for peers that are gone", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{})
		c := town.connect(t) // reads no more, so it answers no close frame
		c.subscribe("1", "subscription{ticks}")
		receive(t, town.begun)
		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
		defer cancel()
		town.streams.Stop()
		require.NoError(t, town.streams.Wait(ctx))
	})
	t.Run("Wait gives up with its context", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{})
		town.connect(t)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.ErrorIs(t, town.streams.Wait(ctx), context.Canceled)
	})
}

func FuzzWebSocketMessages(f *testing.F) {
	f.Add(`{"type":"connection_init","payload":{"a":1}}`, `{"type":"subscribe","id":"1","payload":{"query":"{hello}"}}`, `{"type":"complete","id":"1"}`)
	f.Add(`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"subscription{count(to:2)}","variables":{}}}`, `{"type":"ping"}`)
	f.Add(`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"{...on"}}`, `{"type":"pong","payload":{}}`)
	f.Add("\xff", `{"type":`, `[]`)
	f.Fuzz(func(t *testing.T, first, second, third string) {
		town := setup(t, config{})
		c := town.dial(t, nil)
		for _, text := range []string{first, second, third} {
			if c.Write(t.Context(), websocket.MessageText, []byte(text)) != nil {
				break // closed by now
			}
		}
		_ = c.Close(websocket.StatusNormalClosure, "") // answered after all messages before it
	})
}
