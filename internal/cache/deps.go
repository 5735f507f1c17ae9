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
	depsKey struct{}
	rootKey struct{}
)

// readersLimit returns the age at which the reads of a context accept nothing any more.
func readersLimit(ctx context.Context) time.Duration {
	if d := depsOf(ctx); d != nil {
		if age := d.maxAge.Load(); age > 0 {
			return time.Duration(age)
		}
	}
	return math.MaxInt64
}

// Deps are the dependencies of an answer: the keys that it was read under, with their stamps from before they were read, the
// instant at which time alone makes it untrue, and whether it may be kept at all. It is safe for concurrent use.
type Deps struct {
	mu         sync.Mutex
	stamps     map[live.Key]live.Stamp
	readAt     time.Time
	validUntil time.Time
	spoiled    bool
	private    bool
	strict     bool // it must not outlive the database
	roots      []*root
	maxAge     atomic.Int64 // the age that reads accept; 0: no bound of its own
}

// root is what is known of a root field of the answer.
type root struct {
	public  atomic.Bool // the same for everybody
	lasting atomic.Bool // may outlive the database
}

// Reset empties d for another reading in the same context, as a subscription makes them. Its reads accept only
// what was read from the database less than maxAge ago; zero: whatever holds.
func (d *Deps) Reset(maxAge time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.stamps)
	d.readAt, d.validUntil, d.spoiled = time.Time{}, time.Time{}, false
	d.maxAge.Store(int64(maxAge))
}

// Depend notes a reading that isn't remembered: what it depends on, and the instant at which time alone makes it untrue
// (zero: never). Call it before reading. In a context without Deps it does nothing.
func (c *Cache) Depend(ctx context.Context, validUntil time.Time, keys ...live.Key) {
	d := depsOf(ctx)
	if d == nil {
		return
	}
	l := lease{keys: keys, stamps: make([]live.Stamp, len(keys)), readAt: c.now(), validUntil: validUntil}
	for i, k := range keys {
		l.stamps[i] = c.hub.Stamp(k)
	}
	d.add(&l)
}

// Collect returns a context in which every Read, RootField, Public and Private is noted in the Deps.
func Collect(ctx context.Context) (context.Context, *Deps) {
	d := new(Deps)
	return context.WithValue(ctx, depsKey{}, d), d
}

func depsOf(ctx context.Context) *Deps {
	d, _ := ctx.Value(depsKey{}).(*Deps)
	return d
}

// RootField returns the context for one root field of the answer. The answer is private until each root field is
// marked by Public in the context that it got here.
func RootField(ctx context.Context) context.Context {
	d := depsOf(ctx)
	if d == nil {
		return ctx
	}
	mark := new(root)
	d.mu.Lock()
	d.roots = append(d.roots, mark)
	d.mu.Unlock()
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
	if d := depsOf(ctx); d != nil {
		d.mu.Lock()
		d.private = true
		d.mu.Unlock()
	}
}

// Keepable reports whether the answer may be kept: it has root fields, each is public, nothing was private, every read
// succeeded, and nothing it read twice changed in between.
func (d *Deps) Keepable() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.private || d.spoiled || len(d.roots) == 0 {
		return false
	}
	for _, mark := range d.roots {
		if !mark.public.Load() {
			return false
		}
	}
	return true
}

// ValidUntil is the instant at which time alone makes the answer untrue; zero: never.
func (d *Deps) ValidUntil() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.validUntil
}

// Fixed says that the answer was made of nothing that changes.
func (d *Deps) Fixed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.readAt.IsZero()
}

// Keys are what the answer depends on, in no order.
func (d *Deps) Keys() []live.Key {
	l, _ := d.lease()
	return l.keys
}

// add notes a read. It does nothing on a nil Deps, and neither does spoil.
func (d *Deps) add(l *lease) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stamps == nil && len(l.keys) > 0 {
		d.stamps = make(map[live.Key]live.Stamp, len(l.keys))
	}
	for i, k := range l.keys {
		if was, ok := d.stamps[k]; ok && was != l.stamps[i] {
			d.spoiled = true // nudged between two reads: one half of the answer is old
		}
		d.stamps[k] = l.stamps[i]
	}
	d.readAt = earlier(d.readAt, l.readAt)
	d.validUntil = earlier(d.validUntil, l.validUntil)
}

// spoil notes that the answer must not be kept, for a reason that isn't privacy.
func (d *Deps) spoil() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.spoiled = true
}

// lease is the condition under which the answer is true; ok is false if there is none.
func (d *Deps) lease() (l lease, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l = lease{readAt: d.readAt, validUntil: d.validUntil}
	l.keys, l.stamps = slices.Grow(l.keys, len(d.stamps)), slices.Grow(l.stamps, len(d.stamps))
	for k, s := range d.stamps {
		l.keys = append(l.keys, k)
		l.stamps = append(l.stamps, s)
	}
	return l, !d.spoiled
}

// extend adds to l, which a fill runs under, what the fill's own reads depended on; it says whether there were any.
func (d *Deps) extend(l *lease) bool {
	in, _ := d.lease()
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
func (d *Deps) unfit() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.spoiled || d.private
}
