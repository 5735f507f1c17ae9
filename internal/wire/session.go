package wire

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
)

// closeGrace is how long a peer has to answer a close frame. It is short, so that a shutdown isn't held up by peers
// that are gone.
const closeGrace = 2 * time.Second

// hangUpGrace is how long a client may take to read why its message isn't read to the end, as net/http does for a body.
const hangUpGrace = 500 * time.Millisecond

// session is one WebSocket connection.
type session struct {
	config WebSocket
	conn   *websocket.Conn
	raw    net.Conn // below conn
	header http.Header
	asked  *http.Request // what the connection began as
	exec   graphql.GraphExecutor
	room   *stream // what it takes of Streams; set before the first message

	initialised atomic.Bool // connection_init has come
	ready       atomic.Bool // connection_ack has gone out
	heard       atomic.Bool // something came since the last ping
	pinged      bool        // only tick reads and writes it

	writing sync.Mutex // held while a message is written

	mu         sync.Mutex
	operations map[string]*operation // those whose id is taken
	count      int                   // those that run, also when their id is free again
	draining   bool                  // no new operation may begin
	ended      bool                  // no new goroutine may begin

	running sync.WaitGroup // every goroutine of the session, but not that of its request
	answers sync.WaitGroup // operations that end with an answer: all but subscriptions
}

func newSession(
	config WebSocket, conn *websocket.Conn, raw net.Conn, asked *http.Request, exec graphql.GraphExecutor,
) *session {
	return &session{
		config: config, conn: conn, raw: raw, header: asked.Header, asked: asked, exec: exec, operations: map[string]*operation{},
	}
}

// message is what client and server send each other.
type message struct {
	ID      *string
	Type    string
	Payload json.RawMessage
}

// read handles messages, one after another, until the connection ends.
func (s *session) read(ctx context.Context) {
	for {
		var err error
		if ctx, err = s.one(ctx); err == nil {
			continue
		}
		if isFull(err) {
			s.hangUp(int(websocket.StatusTryAgainLater), Full{}.Error())
		}
		if end := (*CloseError)(nil); errors.As(err, &end) {
			s.close(end.Code, end.Reason)
		}
		return // gone, or closed by us, or too big, which conn has answered with 1009
	}
}

// one reads and handles a message. It returns the context for the next one.
//
// Errors: *CloseError and Full where the connection is still to be closed.
func (s *session) one(ctx context.Context) (context.Context, error) {
	kind, from, err := s.conn.Reader(ctx)
	if err != nil {
		return ctx, err
	}
	var load Load // of what has come, until it is handled: then it is an operation, which is weighed as such
	load.Begin(s.config.Transit, s.asked)
	defer load.End()
	data, err := s.receive(from, &load)
	if err != nil {
		return ctx, err
	}
	s.heard.Store(true)
	next, err := s.handle(ctx, kind, data)
	if end := (*CloseError)(nil); err != nil && !errors.As(err, &end) {
		err = &CloseError{Code: closeBadRequest, Reason: "Invalid message: " + err.Error()}
	}
	return next, err
}

// receive reads a message that has begun. Its memory grows with what comes.
func (s *session) receive(from io.Reader, load *Load) ([]byte, error) {
	_ = s.raw.SetReadDeadline(time.Now().Add(s.config.ReadTimeout))
	coming := inflow{load: load}
	data := make([]byte, 0, 512)
	for {
		n, err := from.Read(data[len(data):min(cap(data), len(data)+firstRead)]) // it waits until it has as much as that
		data = data[:len(data)+n]
		switch {
		case errors.Is(err, io.EOF):
			_ = s.raw.SetReadDeadline(time.Time{})
			return data, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, &CloseError{Code: closeTimeout, Reason: "Message timeout"}
		case err != nil:
			return nil, err
		case !coming.came(n):
			return nil, Full{}
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, 512)
		}
	}
}

// handle does what one message asks for. It returns the context for the next one, and as an error how to close the
// connection; an error that is no *CloseError means 4400.
func (s *session) handle(ctx context.Context, kind websocket.MessageType, data []byte) (context.Context, error) {
	if kind == websocket.MessageText && !utf8.Valid(data) {
		return ctx, &CloseError{Code: int(websocket.StatusInvalidFramePayloadData), Reason: "not UTF-8"} // RFC 6455, section 8.1
	}
	var m message
	if kind != websocket.MessageText || decodeMembers(data, map[string]any{"id": &m.ID, "type": &m.Type, "payload": &m.Payload}) != nil {
		return ctx, errors.New("not a JSON object in a text frame")
	}
	switch m.Type {
	case "connection_init":
		return s.init(ctx, m)
	case "ping":
		if _, err := m.object(); err != nil {
			return ctx, err
		}
		_ = s.send(ctx, nil, "pong", m.Payload) // a failed write has closed the connection
		return ctx, nil
	case "pong":
		_, err := m.object()
		return ctx, err
	case "subscribe":
		if !s.ready.Load() {
			return ctx, &CloseError{Code: closeUnauthorized, Reason: "Unauthorized"}
		}
		return ctx, s.subscribe(ctx, m)
	case "complete":
		if m.ID == nil || *m.ID == "" {
			return ctx, errors.New("complete needs an id")
		}
		s.complete(*m.ID)
		return ctx, nil
	default:
		return ctx, errors.New("unknown type")
	}
}

// object is the payload of a message that may have one: an object, or nil.
func (m message) object() (object map[string]any, err error) {
	if len(m.Payload) > 0 {
		if err := decodeJSON(m.Payload, &object); err != nil {
			return nil, errors.New("payload must be an object")
		}
	}
	return object, nil
}

func (s *session) init(ctx context.Context, m message) (context.Context, error) {
	if s.initialised.Swap(true) {
		return ctx, &CloseError{Code: closeTooManyInitialisation, Reason: "Too many initialisation requests"}
	}
	payload, err := m.object()
	if err != nil {
		return ctx, err
	}
	if s.config.Init != nil {
		granted, err := s.config.Init(ctx, payload, s.header)
		if err != nil {
			return ctx, closing(err)
		}
		ctx = granted
	}
	if s.config.Lapse != nil {
		s.running.Go(func() { // before end: this is the goroutine that calls it
			if err := s.config.Lapse(ctx); err != nil {
				s.leave(closing(err))
			}
		})
	}
	s.ready.Store(true)
	_ = s.send(ctx, nil, "connection_ack", nil)
	return ctx, nil
}

// closing is how to close the connection of whom nothing is granted, or not any more.
func closing(err error) *CloseError {
	end := &CloseError{Code: closeForbidden, Reason: "Forbidden"}
	errors.As(err, &end)
	return end
}

// tick is called when the time for connection_init is over, and from then on for every ping.
func (s *session) tick() time.Duration {
	switch {
	case !s.initialised.Load():
		s.close(closeTimeout, "Connection initialisation timeout")
	case !s.ready.Load(): // Init takes its time
	case s.pinged && !s.heard.Load():
		_ = s.raw.Close() // a peer that is gone answers no close frame
	default:
		s.heard.Store(false)
		s.pinged = true
		_ = s.write([]byte(`{"type":"ping"}`))
	}
	return s.config.PingInterval
}

// drain ends the session at shutdown.
func (s *session) drain() {
	s.leave(&CloseError{Code: int(websocket.StatusGoingAway), Reason: "going away"})
}

// leave ends subscriptions now, without a word, and closes the connection as soon as queries and mutations under way are
// answered. It doesn't block. The first call says how the connection is closed.
func (s *session) leave(end *CloseError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.draining {
		return
	}
	s.draining = true
	for _, o := range s.operations {
		if o.streaming {
			o.cancel()
		}
	}
	s.running.Go(func() {
		s.answers.Wait()
		s.close(end.Code, end.Reason)
	})
}

// end waits for every goroutine of the session. The connection must be closed.
func (s *session) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.running.Wait()
}

// send writes a message, unless the context has ended: after a client's complete, nothing more comes for its id.
func (s *session) send(ctx context.Context, quotedID []byte, kind string, payload []byte) error {
	text := make([]byte, 0, len(quotedID)+len(kind)+len(payload)+32)
	text = append(text, `{"type":"`...)
	text = append(text, kind...)
	text = append(text, '"')
	if quotedID != nil {
		text = append(text, `,"id":`...)
		text = append(text, quotedID...)
	}
	if payload != nil {
		text = append(text, `,"payload":`...)
		text = append(text, payload...)
	}
	text = append(text, '}')

	s.writing.Lock()
	defer s.writing.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.writeLocked(text)
}

func (s *session) write(text []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.writeLocked(text)
}

// writeLocked writes a message in time or gives the connection up. The context has no end on purpose: the deadline
// below is cheaper, and half a message must not be left behind because a subscription ended.
func (s *session) writeLocked(text []byte) error {
	_ = s.raw.SetWriteDeadline(time.Now().Add(s.config.WriteTimeout))
	err := s.conn.Write(context.Background(), websocket.MessageText, text)
	if err != nil {
		_ = s.raw.Close()
		return fmt.Errorf("write message: %w", err)
	}
	_ = s.raw.SetWriteDeadline(time.Time{}) // conn's own control frames have timeouts of their own
	return nil
}

// hangUp sends a close frame and closes the connection without reading the rest of a message, of which there may be much. It waits a
// moment in between: where bytes come after the close, the kernel resets the connection, and the client loses the frame.
func (s *session) hangUp(code int, reason string) {
	s.writing.Lock()
	defer s.writing.Unlock()
	frame := binary.BigEndian.AppendUint16([]byte{0x88, byte(2 + len(reason))}, uint16(code)) //nolint:gosec // both are ours (RFC 6455, section 5.5.1)
	_ = s.raw.SetWriteDeadline(time.Now().Add(hangUpGrace))
	if _, err := s.raw.Write(append(frame, reason...)); err == nil {
		if half, ok := s.raw.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		time.Sleep(hangUpGrace) //nolint:forbidigo // nothing shows that the client has read
	}
	_ = s.raw.Close()
}

// close says why and closes the connection, with or without an answer of the peer.
func (s *session) close(code int, reason string) {
	refusedBy(s.exec, code)
	if len(reason) > 123 { // RFC 6455, section 5.5: a control frame has 125 bytes, the code takes two
		reason = strings.ToValidUTF8(reason[:123], "")
	}
	impatience := time.AfterFunc(closeGrace, func() { _ = s.raw.Close() })
	defer impatience.Stop()
	_ = s.conn.Close(websocket.StatusCode(code), reason)
	_ = s.raw.Close()
}
