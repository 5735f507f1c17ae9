package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

const (
	// lightRequest is how many bytes of a request aren't weighed: about what a connection takes anyway.
	lightRequest = 4 << 10
	// bodyPatience is how long a message of a WebSocket may take once it has begun.
	bodyPatience = 15 * time.Second
)

// Transit is what has come to a process and isn't answered, and what is answered and isn't read, as far as there is room for
// it. What has come is weighed as it comes, whatever length was declared.
type Transit struct {
	origin Places

	mu sync.Mutex
	account
}

// NewTransit makes one with room for so much, of which each of the places that a request comes from has a share.
func NewTransit(room Room, places Places) *Transit {
	return &Transit{origin: places, account: newAccount(room)}
}

// Bytes is about what is on its way takes in memory.
func (t *Transit) Bytes() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes
}

// Full is that there is no room for what has come, or for the answer to it.
type Full struct{}

// Error returns the text for clients.
func (Full) Error() string { return "too much is on its way from or to your network just now" }

// Load is what one request and its answer, or one message of a WebSocket, take of a Transit. The zero Load, and nil, weigh
// nothing.
type Load struct {
	transit *Transit
	request *http.Request // says where it comes from, which is asked for what is weighed alone

	mu     sync.Mutex
	known  bool
	places []Place
	placed int64 // bytes that count for the places, too
	beyond int64 // bytes that count for the process alone
	full   bool
}

// Begin sets what the Load is of, before anything is weighed. A nil Transit weighs nothing.
func (l *Load) Begin(t *Transit, r *http.Request) { l.transit, l.request = t, r }

// Take weighs more bytes. It reports whether there is room; where there isn't, nothing is weighed.
func (l *Load) Take(bytes int64) bool { return l.take(bytes, false) }

func (l *Load) take(bytes int64, beyond bool) bool {
	if l == nil || l.transit == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.known {
		l.places, l.known = l.transit.origin.of(l.request), true
	}
	places, sum := l.places, &l.placed
	if beyond {
		places, sum = nil, &l.beyond
	}
	l.transit.mu.Lock()
	defer l.transit.mu.Unlock()
	if !l.transit.fits(places, bytes) {
		l.full = true
		return false
	}
	l.transit.add(places, 0, bytes)
	*sum += bytes
	return true
}

// Full reports whether something was refused for want of room.
func (l *Load) Full() bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full
}

// End gives back all that was weighed.
func (l *Load) End() {
	if l == nil || l.transit == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.placed == 0 && l.beyond == 0 {
		return
	}
	l.transit.mu.Lock()
	defer l.transit.mu.Unlock()
	l.transit.add(l.places, 0, -l.placed)
	l.transit.add(nil, 0, -l.beyond)
	l.placed, l.beyond = 0, 0
}

type loadKey struct{}

// WithLoad has what is executed in a context weighed for a Load.
func WithLoad(ctx context.Context, l *Load) context.Context {
	return context.WithValue(ctx, loadKey{}, l)
}

// LoadOf is the Load of a context; nil where there is none.
func LoadOf(ctx context.Context) *Load {
	l, _ := ctx.Value(loadKey{}).(*Load)
	return l
}

// Answer weighs an answer that grows from so many bytes to so many. One that is beyond what others may have counts for the
// process alone: no place needs to have room for it.
func (l *Load) Answer(from, to int64, beyond bool) bool { return l.take(copies*(to-from), beyond) }

// Body weighs what is read of a request's body. It fails with Full where that has no room, then and ever after.
func (l *Load) Body(r *http.Request) io.ReadCloser {
	if r.ContentLength >= 0 && r.ContentLength <= lightRequest {
		return r.Body
	}
	return &weighed{Reader: r.Body, Closer: r.Body, inflow: inflow{load: l}}
}

type weighed struct {
	io.Reader
	io.Closer
	inflow
	err error
}

func (w *weighed) Read(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.Reader.Read(b)
	if n > 0 && !w.came(n) {
		n, err = 0, Full{}
	}
	w.err = err
	return n, err
}

// inflow weighs what comes.
type inflow struct {
	load *Load
	seen int64
}

// came reports whether there is room for more bytes that have come.
func (i *inflow) came(n int) bool {
	i.seen += int64(n)
	if i.seen <= lightRequest {
		return true
	}
	return i.load.Take(copies * min(int64(n), i.seen-lightRequest))
}

// noRoom is the answer to a request that there is no room for.
func noRoom() *graphql.Response { return requestError(codeUnavailable, "%s", Full{}.Error()) }

func isFull(err error) bool { return errors.As(err, new(Full)) }
