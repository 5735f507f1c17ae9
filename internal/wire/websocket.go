package wire

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
)

// subprotocol is the only one spoken (github.com/enisdenjo/graphql-ws, PROTOCOL.md).
const subprotocol = "graphql-transport-ws"

const defaultWriteTimeout = 10 * time.Second

// The close codes of graphql-transport-ws.
const (
	closeBadRequest            = 4400
	closeUnauthorized          = 4401
	closeForbidden             = 4403
	closeSubprotocol           = 4406
	closeTimeout               = 4408
	closeSubscriberExists      = 4409
	closeTooManyInitialisation = 4429
)

// CloseError closes a WebSocket with this code and reason when Init returns it, in place of 4403. For an issuer that
// can't be reached, say, 1013 asks the client to try again later.
type CloseError struct {
	// Code is 1000 to 1014 or 3000 to 4999, as far as RFC 6455, section 7.4, lets it be sent.
	Code int
	// Reason is for the client to read. What exceeds 123 bytes is cut off.
	Reason string
}

// Error is the code and the reason.
func (e *CloseError) Error() string { return fmt.Sprintf("close %d: %s", e.Code, e.Reason) }

// WebSocket speaks graphql-transport-ws. Subscriptions, queries and mutations all work. The request's context must
// not have a deadline, since everything on the connection lives in it.
//
// Each connection is read by the goroutine of its request, and each operation has a goroutine; all have ended when Do
// returns. A reader who takes no bytes stops only its own connection: no response is asked for until the last one
// is written, and after WriteTimeout the connection is given up.
type WebSocket struct {
	// Streams close all connections at shutdown, with 1001. May be nil.
	Streams *Streams
	// Welcome decides by its Origin header whether the page that asks may connect; others get 403. nil: whoever asks.
	Welcome func(*http.Request) bool
	// Places are what a connection counts for in Streams. May be nil.
	Places Places
	// Transit weighs messages while they come, and answers to queries and mutations until they are written. May be nil.
	Transit *Transit
	// Init returns the context of all operations of the connection. The payload is that of connection_init, nil if
	// there was none; Authorization finds the token in it. An error closes the connection with 4403, or as a
	// *CloseError says; its text isn't shown. May be nil.
	Init func(ctx context.Context, payload map[string]any, header http.Header) (context.Context, error)
	// Check is asked before each operation, in the context that Init returned. ErrTryLater refuses the operation alone; any
	// other error ends the connection as an error of Init does, and as an end of Lapse. May be nil.
	Check func(ctx context.Context) error
	// Lapse ends the connection once what Init granted is over. May be nil.
	Lapse Lapse
	// InitTimeout is how long a client may take to send connection_init. Default 5 s.
	InitTimeout time.Duration
	// PingInterval is the pause between pings. A peer that sent nothing between two of them is gone. Default 15 s.
	PingInterval time.Duration
	// ReadTimeout is how long one message may take to come once it has begun, before the connection is closed with 4408. Default 15 s.
	ReadTimeout time.Duration
	// WriteTimeout is how long one message may take to be written. Default 10 s.
	WriteTimeout time.Duration
	// MaxOperations is how many operations may run on a connection at a time; a further one gets an error. Default 100.
	MaxOperations int
	// ReadLimit is how many bytes a message may have; a longer one closes the connection with 1009. Default 1 MiB.
	ReadLimit int64
}

var _ graphql.Transport = WebSocket{}

// Supports whatever asks for an upgrade to WebSocket.
func (WebSocket) Supports(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// Do upgrades the request, and returns when the connection is closed and all of its goroutines have ended.
func (t WebSocket) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if t.Streams.stopping() {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "going away", http.StatusServiceUnavailable)
		return
	}
	if t.Welcome != nil && !t.Welcome(r) {
		http.Error(w, "pages of this origin may not connect", http.StatusForbidden)
		return
	}
	places := t.Places.of(r)
	if !t.Streams.roomFor(places) {
		w.Header().Set("Retry-After", strconv.Itoa(fullRetry))
		http.Error(w, errFull.Error(), http.StatusServiceUnavailable)
		return
	}
	t.InitTimeout = cmp.Or(t.InitTimeout, 5*time.Second)
	t.PingInterval = cmp.Or(t.PingInterval, 15*time.Second)
	t.ReadTimeout = cmp.Or(t.ReadTimeout, bodyPatience)
	t.WriteTimeout = cmp.Or(t.WriteTimeout, defaultWriteTimeout)
	t.MaxOperations = cmp.Or(t.MaxOperations, 100)

	hijacked := &hijack{ResponseWriter: w}
	conn, err := websocket.Accept(hijacked, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol}, InsecureSkipVerify: true /* Welcome has looked */, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(cmp.Or(t.ReadLimit, defaultLimit))

	s := newSession(t, conn, hijacked.conn, r, exec)
	if conn.Subprotocol() == "" {
		s.close(closeSubprotocol, "Subprotocol not acceptable")
		return
	}
	entered, err := t.Streams.enter(places, s.drain)
	switch {
	case errors.Is(err, errFull):
		s.close(int(websocket.StatusTryAgainLater), err.Error())
		return
	case err != nil:
		s.close(int(websocket.StatusGoingAway), "going away")
		return
	}
	s.room = entered
	ctx, cancel := context.WithCancel(r.Context())
	pulse := startBeat(t.InitTimeout, s.tick)
	defer func() {
		cancel()
		_ = s.raw.Close() // unblocks whoever still writes
		pulse.stop()
		s.end()
		_ = conn.CloseNow()
		entered.leave()
	}()
	s.read(ctx)
}

// hijack remembers the connection below the WebSocket: deadlines on it cost less than a context for every write, and
// closing it frees whoever is stuck.
type hijack struct {
	http.ResponseWriter
	conn net.Conn
}

func (h *hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, buffers, err
}
