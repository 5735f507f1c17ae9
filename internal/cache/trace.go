package cache

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nelke/internal/live"
)

type (
	maxAgeKey struct{}
	traceKey  struct{}
	rootKey   struct{}
)

// WithMaxAge returns a context whose reads accept only what was read from the database less than d ago. A watcher
// that looks every ten seconds with a d of five thus shows within fifteen what a lost nudge kept from it.
func WithMaxAge(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, maxAgeKey{}, d)
}

func readersLimit(ctx context.Context) time.Duration {
	if t := traceOf(ctx); t != nil {
		if d := t.maxAge.Load(); d > 0 {
			return time.Duration(d)
		}
	}
	if d, ok := ctx.Value(maxAgeKey{}).(time.Duration); ok {
		return d
	}
	return math.MaxInt64
}

// Trace is what an answer was made of: the keys it depends on with their stamps from before they were read, the
// instant at which time alone makes it untrue, and whether it may be kept at all.
type Trace struct {
	mu         sync.Mutex
	stamps     map[live.Key]live.Stamp
	readAt     time.Time
	validUntil time.Time
	spoiled    bool
	private    bool
	strict     bool // it must not outlive the database
	roots      []*root
	maxAge     atomic.Int64 // what reads under this trace accept; 0: no bound of its own
}

// root is what is known of a root field of the answer.
type root struct {
	public  atomic.Bool // the same for everybody
	lasting atomic.Bool // may outlive the database
}

// Reset empties the trace for another reading in the same context, as a subscription makes them. Its reads accept only
// what was read from the database less than maxAge ago; zero: whatever holds.
func (t *Trace) Reset(maxAge time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.stamps)
	t.readAt, t.validUntil, t.spoiled = time.Time{}, time.Time{}, false
	t.maxAge.Store(int64(maxAge))
}

// Depend notes a reading that isn't remembered: what it depends on, and the instant at which time alone makes it untrue
// (zero: never). Call it before reading. Without a trace in the context it does nothing.
func (c *Cache) Depend(ctx context.Context, validUntil time.Time, keys ...live.Key) {
	t := traceOf(ctx)
	if t == nil {
		return
	}
	l := lease{keys: keys, stamps: make([]live.Stamp, len(keys)), readAt: c.now(), validUntil: validUntil}
	for i, k := range keys {
		l.stamps[i] = c.hub.Stamp(k)
	}
	t.add(&l)
}

// Collect returns a context in which every Read, RootField, Public and Private is noted in the trace.
func Collect(ctx context.Context) (context.Context, *Trace) {
	t := new(Trace)
	return context.WithValue(ctx, traceKey{}, t), t
}

func traceOf(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

// RootField returns the context for one root field of the answer. The answer is private until each root field is
// marked by Public in the context that it got here.
func RootField(ctx context.Context) context.Context {
	t := traceOf(ctx)
	if t == nil {
		return ctx
	}
	mark := new(root)
	t.mu.Lock()
	t.roots = append(t.roots, mark)
	t.mu.Unlock()
	return context.WithValue(ctx, rootKey{}, mark)
}

// Public marks the root field of this context as public: the same for everybody, and made of nothing but the request
// and what came by Read. Call it outside of fills: a fill runs for one of its readers only.
func Public(ctx context.Context) {
	if mark, ok := ctx.Value(rootKey{}).(*root); ok {
		mark.public.Store(true)
	}
}

// Private marks the whole answer as one that must not be kept, whatever its root fields say.
func Private(ctx context.Context) {
	if t := traceOf(ctx); t != nil {
		t.mu.Lock()
		t.private = true
		t.mu.Unlock()
	}
}

// Keepable reports whether the answer may be kept: it has root fields, each is public, nothing was private, every read
// succeeded, and nothing it read twice changed in between.
func (t *Trace) Keepable() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.private || t.spoiled || len(t.roots) == 0 {
		return false
	}
	for _, mark := range t.roots {
		if !mark.public.Load() {
			return false
		}
	}
	return true
}

// ValidUntil is the instant at which time alone makes the answer untrue; zero: never.
func (t *Trace) ValidUntil() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.validUntil
}

// Fixed says that the answer was made of nothing that changes.
func (t *Trace) Fixed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.readAt.IsZero()
}

// Keys are what the answer depends on, in no order.
func (t *Trace) Keys() []live.Key {
	l, _ := t.lease()
	return l.keys
}

// add notes a read. It does nothing on a nil trace, and neither does spoil.
func (t *Trace) add(l *lease) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stamps == nil && len(l.keys) > 0 {
		t.stamps = make(map[live.Key]live.Stamp, len(l.keys))
	}
	for i, k := range l.keys {
		if was, ok := t.stamps[k]; ok && was != l.stamps[i] {
			t.spoiled = true // nudged between two reads: one half of the answer is old
		}
		t.stamps[k] = l.stamps[i]
	}
	t.readAt = earlier(t.readAt, l.readAt)
	t.validUntil = earlier(t.validUntil, l.validUntil)
}

// spoil notes that the answer must not be kept, for a reason that isn't privacy.
func (t *Trace) spoil() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spoiled = true
}

// lease is the condition under which the answer is true; ok is false if there is none.
func (t *Trace) lease() (l lease, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l = lease{readAt: t.readAt, validUntil: t.validUntil}
	l.keys, l.stamps = slices.Grow(l.keys, len(t.stamps)), slices.Grow(l.stamps, len(t.stamps))
	for k, s := range t.stamps {
		l.keys = append(l.keys, k)
		l.stamps = append(l.stamps, s)
	}
	return l, !t.spoiled
}

// extend adds to l, which a fill runs under, what the fill's own reads depended on; it says whether there were any.
func (t *Trace) extend(l *lease) bool {
	in, _ := t.lease()
	if in.readAt.IsZero() && len(in.keys) == 0 {
		return false
	}
	l.keys = slices.Concat(l.keys, in.keys)
	l.stamps = slices.Concat(l.stamps, in.stamps)
	l.readAt = earlier(l.readAt, in.readAt)
	l.validUntil = earlier(l.validUntil, in.validUntil)
	return true
}

// unfit reports whether what was made under t must not be shared.
func (t *Trace) unfit() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.spoiled || t.private
}
