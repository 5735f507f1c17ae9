package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// window is one subscription over a WebSocket of its own (graphql-transport-ws): what a person sees who leaves a page
// open. T is the shape of its data. It keeps every state that was sent, since what must never be shown matters too.
type window[T any] struct {
	conn  *websocket.Conn
	ended chan struct{} // closed when nothing more will come

	mu     sync.Mutex
	states []state[T]
	err    error
	came   chan struct{} // holds one when something came
	seen   int           // index of the state that await gave last
	closed bool
}

// state is one message.
type state[T any] struct {
	Data T
	At   time.Time // of arrival
}

// frame is a message of graphql-transport-ws.
type frame struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// open subscribes. A token goes into connection_init, as browsers have to do it.
func open[T any](ctx context.Context, c *client, d document, v vars) (_ *window[T], err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, answer, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(c.At.URL, "http")+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"},
		HTTPHeader:   http.Header{"Accept-Language": {c.Language}},
		HTTPClient:   c.http,
	})
	if err != nil {
		return nil, err
	}
	if answer.Body != nil {
		_ = answer.Body.Close()
	}
	conn.SetReadLimit(1 << 20)
	defer func() {
		if err != nil {
			err = errors.Join(err, conn.CloseNow())
		}
	}()
	hello := frame{Type: "connection_init"}
	if c.Token != "" {
		if hello.Payload, err = json.Marshal(map[string]string{"authorization": "Bearer " + c.Token}); err != nil {
			return nil, err
		}
	}
	subscribe := frame{ID: "1", Type: "subscribe"}
	if subscribe.Payload, err = json.Marshal(request{d, v}); err != nil {
		return nil, err
	}
	if err := wsjson.Write(ctx, conn, hello); err != nil {
		return nil, err
	}
	var ack frame
	if err := wsjson.Read(ctx, conn, &ack); err != nil || ack.Type != "connection_ack" {
		return nil, errors.Join(fmt.Errorf("wanted connection_ack, got %q", ack.Type), err)
	}
	if err := wsjson.Write(ctx, conn, subscribe); err != nil {
		return nil, err
	}
	w := &window[T]{conn: conn, ended: make(chan struct{}), came: make(chan struct{}, 1)}
	go w.read()
	return w, nil
}

// read gathers states until the connection or the subscription ends. close ends it.
func (w *window[T]) read() {
	defer close(w.ended)
	for {
		var f frame
		err := wsjson.Read(context.Background(), w.conn, &f)
		arrived := time.Now()
		var data T
		switch {
		case err != nil:
		case f.Type == "ping":
			err = wsjson.Write(context.Background(), w.conn, frame{Type: "pong"})
		case f.Type == "next":
			var r response
			if err = json.Unmarshal(f.Payload, &r); err == nil {
				err = r.into(&data)
			}
		case f.Type == "complete":
			err = errComplete
		default:
			err = fmt.Errorf("message %q: %s", f.Type, f.Payload)
		}
		w.mu.Lock()
		if w.err = err; err == nil && f.Type == "next" {
			w.states = append(w.states, state[T]{data, arrived})
		}
		w.mu.Unlock()
		select {
		case w.came <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

var errComplete = errors.New("the subscription completed")

// await returns the first state, from the one it gave last on, that fits.
func (w *window[T]) await(ctx context.Context, fits func(T) bool) (state[T], error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		w.mu.Lock()
		for i := w.seen; i < len(w.states); i++ {
			if found := w.states[i]; fits(found.Data) {
				w.seen = i
				w.mu.Unlock()
				return found, nil
			}
		}
		err := w.err
		var last string
		if n := len(w.states); n > 0 {
			shown, _ := json.Marshal(w.states[n-1].Data)
			last = fmt.Sprintf("; it shows %s", shown)
		}
		w.mu.Unlock()
		if err != nil {
			return state[T]{}, fmt.Errorf("%w%s", err, last)
		}
		select {
		case <-w.came:
		case <-ctx.Done():
			return state[T]{}, fmt.Errorf("nothing of the kind within %s%s", patience, last)
		}
	}
}

// all are the states that came so far.
func (w *window[T]) all() []state[T] {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]state[T](nil), w.states...)
}

// close closes the window, once. The error says that it had ended before, or didn't end in order.
func (w *window[T]) close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	err := w.conn.Close(websocket.StatusNormalClosure, "")
	<-w.ended
	if err != nil {
		return fmt.Errorf("close a window: %w", err)
	}
	return nil
}
