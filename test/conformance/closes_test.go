//go:build conformance

package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// TestCloses has the reference client break the protocol, in all the manners for which it has a code. Which of them are
// final is the client's to say: those it doesn't retry, however much it may.
func TestCloses(t *testing.T) {
	t.Parallel()
	const forGood, unlessRetried = 5, 0
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newTown(t, b)
		for _, c := range []struct {
			row, manner string
			retries     int
			code        int64
			reason      string
		}{
			{"no subprotocol: 4406, for good", "names no subprotocol", forGood, 4406, "Subprotocol not acceptable"},
			{"subscribe before connection_init: 4401, for good", "subscribes before it initialises", forGood, 4401, "Unauthorized"},
			{"connection_init twice: 4429, for good", "initialises twice", forGood, 4429, "Too many initialisation requests"},
			{"no connection_init within five seconds: 4408", "never initialises", unlessRetried, 4408, "Connection initialisation timeout"},
			{"a message that is no JSON: 4400, for good", "speaks no JSON", forGood, 4400, "Invalid message: not a JSON object in a text frame"},
		} {
			sockets.check(t, b.Name, c.row, func(t *testing.T) {
				s := w.socket(t, options{"manner": c.manner, "retryAttempts": c.retries, "retry": true})
				s.subscribe("free", live, w.tomorrow())
				e := s.expect("error", "free")
				require.Equal(t, c.code, e.Get("code").Int(), e.Raw)
				require.Equal(t, c.reason, e.Get("reason").String())
				require.Equal(t, 1, s.count("connecting"))
				w.unheard(t)
			})
		}
		sockets.check(t, b.Name, "another subprotocol: none is agreed on, and the client fails", func(t *testing.T) {
			s := w.socket(t, options{"manner": "names another subprotocol"})
			s.subscribe("free", live, w.tomorrow())
			require.Equal(t, "Server sent no subprotocol", s.expect("error", "free").Get("message").String())
		})
		sockets.check(t, b.Name, "an id that is taken: 4409, for good, and all operations of the connection end", func(t *testing.T) {
			s := w.socket(t, options{"oneId": "1", "retryAttempts": 5, "retry": true})
			s.subscribe("first", live, w.tomorrow())
			s.next("first")
			s.subscribe("second", live, w.tomorrow())
			for range 2 {
				e := s.hearOf("error")
				require.EqualValues(t, 4409, e.Get("code").Int(), e.Raw)
				require.Equal(t, "Subscriber for 1 already exists", e.Get("reason").String())
			}
			require.Equal(t, 1, s.count("connecting"))
			w.unheard(t)
		})
	})
}

// TestPings waits for what the server does by itself.
func TestPings(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newTown(t, b)
		answering, mute := w.socket(t, nil), w.socket(t, options{"manner": "answers no ping", "retry": true})
		for _, c := range []*client{answering, mute} {
			c.subscribe("free", live, w.tomorrow())
			c.next("free")
		}
		sockets.check(t, b.Name, "server's ping: who answers stays, and who doesn't is cut off after fifteen seconds, and connects again", func(t *testing.T) {
			require.True(t, mute.await("ping").Get("received").Bool())
			require.EqualValues(t, 1006, mute.await("closed").Get("code").Int())
			require.True(t, mute.await("connected").Get("again").Bool())
			data := mute.next("free")

			require.True(t, answering.await("ping").Get("received").Bool())
			require.True(t, answering.await("ping").Get("received").Bool())
			w.follow(answering, "free", data)
			require.Equal(t, 1, answering.count("connecting"))
		})
	})
}
