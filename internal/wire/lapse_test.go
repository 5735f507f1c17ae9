package wire_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"nelke/internal/wire"
)

// until is a Lapse that the closing of a channel ends.
func until(over <-chan struct{}) wire.Lapse {
	return func(ctx context.Context) error {
		select {
		case <-over:
			return errors.New("secret detail")
		case <-ctx.Done():
			return nil
		}
	}
}

func TestWebSocketLapse(t *testing.T) {
	t.Parallel()
	forbidden := websocket.CloseError{Code: 4403, Reason: "Forbidden"}

	t.Run("ends subscriptions without complete, so that the client comes back", func(t *testing.T) {
		t.Parallel()
		over := make(chan struct{})
		town := setup(t, config{socket: wire.WebSocket{Lapse: until(over)}})
		c := town.connect(t)
		c.subscribe("1", "subscription{ticks}")
		c.expect("next", "1", `{"data":{"ticks":1}}`)
		require.Equal(t, "ticks", receive(t, town.begun))
		close(over)
		require.Equal(t, forbidden, c.closed())
		require.Equal(t, "ticks", receive(t, town.ended))
	})
	t.Run("answers the mutation under way first", func(t *testing.T) {
		t.Parallel()
		over := make(chan struct{})
		town := setup(t, config{socket: wire.WebSocket{Lapse: until(over)}})
		c := town.connect(t)
		c.subscribe("s", "subscription{ticks}")
		c.expect("next", "s", `{"data":{"ticks":1}}`)
		require.Equal(t, "ticks", receive(t, town.begun))
		c.subscribe("m", "mutation{slowly}")
		require.Equal(t, "slowly", receive(t, town.begun))
		close(over)
		require.Equal(t, "ticks", receive(t, town.ended))
		close(town.release)
		c.expect("next", "m", `{"data":{"slowly":"late"}}`)
		c.expect("complete", "m", "")
		require.Equal(t, forbidden, c.closed())
	})
}

func TestWebSocketCheck(t *testing.T) {
	t.Parallel()
	var outcome atomic.Pointer[error]
	town := setup(t, config{socket: wire.WebSocket{Check: func(context.Context) error {
		if err := outcome.Load(); err != nil {
			return *err
		}
		return nil
	}}})
	c := town.connect(t)
	c.subscribe("1", "mutation{set}")
	c.expect("next", "1", `{"data":{"set":"done"}}`)
	c.expect("complete", "1", "")

	outcome.Store(&[]error{wire.ErrTryLater}[0])
	c.subscribe("2", "mutation{set}")
	m := c.next()
	require.Equal(t, "error", m.Type)
	require.Contains(t, string(m.Payload), "UNAVAILABLE")

	outcome.Store(nil)
	c.subscribe("2", "mutation{slowly}")
	require.Equal(t, "slowly", receive(t, town.begun))
	outcome.Store(&[]error{errors.New("secret detail")}[0])
	c.subscribe("3", "mutation{set}")
	c.send(`{"type":"ping"}`)
	c.expect("pong", "", "") // the third was read before
	close(town.release)
	c.expect("next", "2", `{"data":{"slowly":"late"}}`)
	c.expect("complete", "2", "")
	require.Equal(t, websocket.CloseError{Code: 4403, Reason: "Forbidden"}, c.closed())
	require.EqualValues(t, 1, town.sets.Load())
}

func TestSSELapse(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	town := setup(t, config{events: wire.SSE{Lapse: until(over)}})
	_, lines := town.listen(t, "subscription{ticks}")
	require.Equal(t, "ticks", receive(t, town.begun))
	close(over)
	var text strings.Builder
	_, err := lines.WriteTo(&text)
	require.NoError(t, err)
	require.Regexp(t, `(?s)"ticks":1}}\n\nevent: next\ndata: {"errors":\[{"message":"The token is not valid, or no longer.","extensions":{"code":"UNAUTHENTICATED"}}\][^\n]*}\n\nevent: complete\ndata:\n\n$`, text.String())
}
