package payment

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// ErrAway is returned by a Guard while it makes no calls, because the provider left the last ones unanswered.
var ErrAway = errors.New("the payment provider doesn't answer, and is asked again later")

const (
	callLimit = 5 * time.Second  // of one call
	hangs     = 3                // calls in a row without an answer, after which the provider isn't called
	awayFor   = 10 * time.Second // how long it isn't
)

// GuardOptions of a Guard.
type GuardOptions struct {
	// Timeout bounds each call. 0: five seconds.
	Timeout time.Duration
	// Log gets a warning when the provider is left alone. nil: nowhere.
	Log *slog.Logger
	// Now is the time by which a pause ends. nil: time.Now.
	Now func() time.Time
}

// Guard is a Provider whose calls end in time. After three calls in a row that had no answer in time it makes none for ten
// seconds: each caller gets ErrAway at once. Then a single call is made, and its end decides for the others. An answer of
// any kind, also a failure, is an answer. It is safe for concurrent use.
type Guard struct {
	provider Provider
	timeout  time.Duration
	log      *slog.Logger
	now      func() time.Time

	mu      sync.Mutex
	silent  int // calls without an answer since the last one that had one
	until   time.Time
	probing bool
}

// NewGuard makes a Guard.
func NewGuard(p Provider, o GuardOptions) *Guard {
	g := &Guard{provider: p, timeout: o.Timeout, log: o.Log, now: o.Now}
	if g.timeout == 0 {
		g.timeout = callLimit
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if g.now == nil {
		g.now = time.Now
	}
	return g
}

// Create implements Provider.
func (g *Guard) Create(ctx context.Context, o Order) (Transaction, error) {
	return g.call(ctx, func(ctx context.Context) (Transaction, error) { return g.provider.Create(ctx, o) })
}

// Get implements Provider.
func (g *Guard) Get(ctx context.Context, transaction string) (Transaction, error) {
	return g.call(ctx, func(ctx context.Context) (Transaction, error) { return g.provider.Get(ctx, transaction) })
}

// Cancel implements Provider.
func (g *Guard) Cancel(ctx context.Context, transaction string) (Transaction, error) {
	return g.call(ctx, func(ctx context.Context) (Transaction, error) { return g.provider.Cancel(ctx, transaction) })
}

// Refund implements Provider.
func (g *Guard) Refund(ctx context.Context, transaction string) (Transaction, error) {
	return g.call(ctx, func(ctx context.Context) (Transaction, error) { return g.provider.Refund(ctx, transaction) })
}

// Report implements Provider. It isn't guarded, since it makes no call.
func (g *Guard) Report(header http.Header, body []byte, now time.Time) (Transaction, error) {
	return g.provider.Report(header, body, now)
}

func (g *Guard) call(ctx context.Context, call func(context.Context) (Transaction, error)) (t Transaction, err error) {
	if !g.begin() {
		return Transaction{}, ErrAway
	}
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	ended := false
	defer func() { g.end(ctx, ended, err) }()
	t, err = call(ctx)
	ended = true
	return t, err
}

// begin reports whether a call may be made now.
func (g *Guard) begin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.silent < hangs {
		return true
	}
	if g.probing || g.now().Before(g.until) {
		return false
	}
	g.probing = true
	return true
}

// end notes how a call ended. One that its caller canceled, or that panicked, says nothing of the provider.
func (g *Guard) end(ctx context.Context, ended bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probing = false
	switch {
	case !ended, err != nil && errors.Is(ctx.Err(), context.Canceled):
	case err != nil && ctx.Err() != nil:
		g.silent++
		if g.silent >= hangs {
			g.until = g.now().Add(awayFor)
			g.log.WarnContext(ctx, "the payment provider doesn't answer and is left alone for a while", "calls", g.silent)
		}
	default:
		g.silent = 0
	}
}
