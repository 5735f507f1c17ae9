package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// Streams are the WebSocket connections and server-sent event streams of a process that are open now, as far as there is room for
// them. It is also their orderly end, since http.Server.Shutdown neither closes nor awaits WebSockets:
//
//	server.RegisterOnShutdown(streams.Stop)
//	err := errors.Join(server.Shutdown(ctx), streams.Wait(ctx))
//
// The zero Streams isn't usable; a nil one counts nothing and never stops.
type Streams struct {
	mu sync.Mutex
	account
	open    map[*stream]struct{}
	stopped bool
	done    chan struct{} // closed when stopped and none is open
}

const (
	// streamBytes and operationBytes are about what an open stream and an operation on it take, apart from the request
	// and the last response.
	streamBytes    = 16 << 10
	operationBytes = 8 << 10
	// copies is how many there are of a request, and of the last response to it: the executor writes into a buffer that has grown
	// by doubling, and what is sent is kept.
	copies = 3
)

// stream is one that has room.
type stream struct {
	streams *Streams
	places  []Place
	stop    func()
	bytes   int64
}

// NewStreams makes an empty set of streams.
func NewStreams() *Streams {
	return &Streams{account: newAccount(Room{}), open: map[*stream]struct{}{}, done: make(chan struct{})}
}

// Limit sets the room there is. Call it before the first stream.
func (s *Streams) Limit(room Room) { s.room = room }

// Bytes is about what the open streams take in memory.
func (s *Streams) Bytes() int64 {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// Open is how many streams there are now.
func (s *Streams) Open() int {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// Stop makes every stream end, lets no new one begin, and returns at once. Subscriptions end where they are;
// queries and mutations under way are answered first. WebSockets are closed with 1001.
func (s *Streams) Stop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.stopped = true
	for stream := range s.open {
		stream.stop()
	}
	if len(s.open) == 0 {
		close(s.done)
	}
}

// Wait returns when all streams have ended after Stop, or with an error when the context ends first.
func (s *Streams) Wait(ctx context.Context) error {
	if s == nil {
		return nil
	}
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for %d open streams: %w", s.Open(), ctx.Err())
	}
}

func (s *Streams) stopping() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// errFull says that there is no room for another stream.
var errFull = errors.New("too many streams are open")

// errStopping says that no stream may begin any more.
var errStopping = errors.New("going away")

// enter counts a stream, for all of its places, until leave is called. Stop calls stop, at most once, never after leave has
// returned, and under a lock, so it must not block. With an error the stream must not begin.
func (s *Streams) enter(places []Place, stop func()) (*stream, error) {
	if s == nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, errStopping
	}
	if !s.another(places) {
		return nil, errFull
	}
	entered := &stream{streams: s, places: places, stop: stop}
	s.open[entered] = struct{}{}
	s.count(entered, 1, streamBytes)
	return entered, nil
}

// roomFor reports whether another stream has room, before it costs anything. enter says so for good.
func (s *Streams) roomFor(places []Place) bool {
	if s == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.another(places)
}

// another reports whether another stream has room. The lock is held.
func (s *Streams) another(places []Place) bool {
	if s.room.Streams > 0 && len(s.open) >= s.room.Streams {
		return false
	}
	for _, place := range places {
		if t := s.places[place.Name]; t != nil && s.room.PlaceStreams > 0 && t.streams >= s.room.PlaceStreams*place.Times {
			return false
		}
	}
	return s.fits(places, streamBytes)
}

// take weighs more bytes, or fewer, for a stream. It reports whether there is room; where there isn't, nothing is weighed.
func (e *stream) take(bytes int) bool {
	if e == nil {
		return true
	}
	e.streams.mu.Lock()
	defer e.streams.mu.Unlock()
	if bytes > 0 && !e.streams.fits(e.places, int64(bytes)) {
		return false
	}
	e.streams.count(e, 0, int64(bytes))
	return true
}

func (e *stream) leave() {
	if e == nil {
		return
	}
	s := e.streams
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, e)
	s.count(e, -1, -e.bytes)
	if s.stopped && len(s.open) == 0 {
		close(s.done)
	}
}

// count adds to what is taken. The lock is held.
func (s *Streams) count(e *stream, streams int, bytes int64) {
	e.bytes += bytes
	s.add(e.places, streams, bytes)
}

// weight is about what an operation takes beside its responses: parsed and as it came.
func weight(params *graphql.RawParams) int {
	return operationBytes + copies*(len(params.Query)+size(params.Variables)+size(params.Extensions))
}

// size is about what a value that was read from JSON takes.
func size(value any) int {
	n := 16
	switch v := value.(type) {
	case string:
		n += len(v)
	case json.Number:
		n += len(v)
	case []any:
		for _, element := range v {
			n += size(element)
		}
	case map[string]any:
		for name, element := range v {
			n += 32 + len(name) + size(element)
		}
	}
	return n
}

// full is the answer to an operation that there is no room for.
func full() *graphql.Response {
	response := requestError("RATE_LIMITED", "too much is subscribed to from your network just now")
	response.Errors[0].Extensions["retryAfterSeconds"] = fullRetry
	return response
}

// fullRetry is in how many seconds there may be room again.
const fullRetry = 10
