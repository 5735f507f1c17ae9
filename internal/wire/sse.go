package wire

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// SSE answers by server-sent events, as the "distinct connections mode" of the GraphQL over SSE protocol: one request,
// one operation, its responses as "next" events, then "complete". It takes those requests by POST and GET whose Accept
// prefers text/event-stream. GET is what a browser's EventSource and some gateways send; a mutation by it is 405.
//
// A stream that is ended by Streams, or whose reader is given up, breaks its connection (http.ErrAbortHandler).
//
// The request's context must not have a deadline for subscriptions, since they live in it.
//
// What is no GraphQL request is refused in JSON with its status. A document that isn't valid is, too, if the client
// accepts JSON beside the stream; otherwise it is a "next" event, as the protocol demands.
type SSE struct {
	// Streams end all streams at shutdown. May be nil.
	Streams *Streams
	// Places are what a stream counts for in Streams. May be nil.
	Places Places
	// Lapse ends a subscription once what entitled to it is over: its last event is an error with code UNAUTHENTICATED,
	// then complete. May be nil.
	Lapse Lapse
	// HTTP answers what doesn't become a stream.
	HTTP HTTP
	// KeepAlive is the pause between comments that keep proxies from closing a quiet stream. Default 12 s.
	KeepAlive time.Duration
	// WriteTimeout is how long a reader may take no bytes before the stream is given up. Default 10 s.
	WriteTimeout time.Duration
}

var _ graphql.Transport = SSE{}

// Supports POST and GET by those who prefer an event stream to JSON.
func (SSE) Supports(r *http.Request) bool {
	return (r.Method == http.MethodPost || r.Method == http.MethodGet) &&
		negotiate(r.Header, mediaJSON, mediaGraphQL, mediaEventStream) == mediaEventStream
}

// Do answers the request. It returns when the operation ended, the client left, or Streams were stopped.
func (t SSE) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	w.Header().Add("Vary", "Accept")
	media := negotiate(r.Header, mediaJSON, mediaGraphQL)
	params, err := t.HTTP.params(w, r)
	if err != nil {
		refuse(w, exec, cmp.Or(media, mediaJSON), err)
		return
	}
	operation, refusal := prepare(r.Context(), exec, params)
	if refusal != nil && media != "" {
		t.HTTP.write(w, media, refusal)
		return
	}
	if refusal == nil && r.Method == http.MethodGet && operation.Operation.Operation == ast.Mutation {
		w.Header().Set("Allow", "POST")
		refuse(w, exec, cmp.Or(media, mediaJSON), badRequestf(http.StatusMethodNotAllowed, "a mutation needs POST"))
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	var room *stream
	if refusal == nil && isSubscription(operation) {
		// Queries and mutations are not entered: http.Server.Shutdown awaits their answers as it does any other.
		entered, err := t.Streams.enter(t.Places.of(r), cancel)
		if err == nil && !entered.take(weight(params)) {
			entered.leave()
			err = errFull
		}
		if err != nil {
			t.HTTP.write(w, cmp.Or(media, mediaJSON), refused(exec, requestError(codeUnavailable, "%s", err.Error())))
			return
		}
		defer entered.leave()
		room = entered
	}
	events := t.begin(w, cancel)
	defer events.keepAlive.stop()
	if refusal != nil {
		_ = events.next(refusal)
		events.complete()
		return
	}
	if !isSubscription(operation) {
		if perform(ctx, exec, operation, events.next) {
			events.complete()
		}
		return
	}
	if t.follow(ctx, exec, operation, events, room) {
		events.complete()
		return
	}
	if r.Context().Err() == nil {
		// An orderly end without complete is taken for the subscription's own by some gateways. One that breaks is an error to
		// all of them, and browsers and graphql-sse come back by themselves.
		panic(http.ErrAbortHandler)
	}
}

// follow sends the subscription's states until it ends, the token does, or the network has no room for an answer. It
// returns whether the subscription is over, so that the client needn't come back.
func (t SSE) follow(ctx context.Context, exec graphql.GraphExecutor, operation *graphql.OperationContext, events *eventStream, room *stream) bool {
	within, end := t.Lapse.watch(ctx)
	longest := 0
	ended := perform(within, exec, operation, func(response *graphql.Response) error {
		payload := Encode(response)
		if more := copies*len(payload) - longest; more > 0 {
			if !room.take(more) {
				return errors.Join(errFull, events.next(refused(exec, full())))
			}
			longest += more
		}
		return events.send(payload)
	})
	if lapsed := end(); lapsed && !ended && ctx.Err() == nil {
		return events.next(refused(exec, requestError(codeLapsed, "The token is not valid, or no longer."))) == nil
	}
	return ended
}

// eventStream writes events, one at a time.
type eventStream struct {
	mu         sync.Mutex
	w          http.ResponseWriter
	controller *http.ResponseController
	timeout    time.Duration
	keepAlive  *beat
	fail       context.CancelFunc
}

func (t SSE) begin(w http.ResponseWriter, fail context.CancelFunc) *eventStream {
	header := w.Header()
	header.Set("Content-Type", mediaEventStream+"; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // or nginx holds events back
	w.WriteHeader(http.StatusOK)
	e := &eventStream{
		w: w, controller: http.NewResponseController(w), fail: fail,
		timeout: cmp.Or(t.WriteTimeout, defaultWriteTimeout),
	}
	_ = e.controller.SetReadDeadline(time.Time{}) // the server's read timeout is for the request, and would end the stream
	_ = e.write([]byte(":\n\n"))                  // the client learns at once that the stream is open
	pause := cmp.Or(t.KeepAlive, 12*time.Second)
	e.keepAlive = startBeat(pause, func() time.Duration {
		_ = e.write([]byte(":\n\n"))
		return pause
	})
	return e
}

func (e *eventStream) next(response *graphql.Response) error { return e.send(Encode(response)) }

func (e *eventStream) send(payload []byte) error {
	if bytes.ContainsAny(payload, "\n\r") { // white space between tokens, since strings escape it; here it would end the line
		payload = bytes.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return ' '
			}
			return r
		}, payload)
	}
	event := make([]byte, 0, len(payload)+24)
	event = append(event, "event: next\ndata: "...)
	event = append(event, payload...)
	return e.write(append(event, "\n\n"...))
}

// complete has an empty data field: without one, browsers don't dispatch the event.
func (e *eventStream) complete() { _ = e.write([]byte("event: complete\ndata:\n\n")) }

// write sends a whole event, or gives the stream up.
func (e *eventStream) write(event []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_ = e.controller.SetWriteDeadline(time.Now().Add(e.timeout)) // not every writer can, and tests' recorders can't
	_, err := e.w.Write(event)
	if err == nil {
		err = e.controller.Flush()
	}
	if err != nil {
		e.fail()
	}
	return err
}
