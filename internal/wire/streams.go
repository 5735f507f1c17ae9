package wire

import (
	"context"
	"fmt"
	"sync"
)

// Streams are the WebSocket connections and server-sent event streams of a process that are open now. Its one
// purpose is their orderly end, since http.Server.Shutdown neither closes nor awaits WebSockets:
//
//	server.RegisterOnShutdown(streams.Stop)
//	err := errors.Join(server.Shutdown(ctx), streams.Wait(ctx))
//
// The zero Streams isn't usable; a nil one counts nothing and never stops.
type Streams struct {
	mu      sync.Mutex
	open    map[*stream]struct{}
	stopped bool
	done    chan struct{} // closed when stopped and none is open
}

// stream is a key of its own, with what to call at the end.
type stream struct{ stop func() }

// NewStreams makes an empty set of streams.
func NewStreams() *Streams {
	return &Streams{open: map[*stream]struct{}{}, done: make(chan struct{})}
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

// Stop tells every stream to end, lets no new one begin, and returns at once. Subscriptions end where they are;
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

// enter counts a stream until leave is called. Stop calls stop, at most once, never after leave has returned, and
// under a lock, so it must not block. After Stop, ok is false and the stream must not begin.
func (s *Streams) enter(stop func()) (leave func(), ok bool) {
	if s == nil {
		return func() {}, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, false
	}
	entered := &stream{stop: stop}
	s.open[entered] = struct{}{}
	return func() { s.leave(entered) }, true
}

func (s *Streams) leave(entered *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, entered)
	if s.stopped && len(s.open) == 0 {
		close(s.done)
	}
}
