package cache

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

const (
	// Outlives is how long what was published is served after it was read, while the database can't be asked again: the
	// stale-if-error of RFC 5861.
	Outlives = 10 * time.Minute
	// lenience is how long such a reader waits for the database, where there is something else to serve.
	lenience = 3 * time.Second
)

// Lasting is a value that may outlive the database, for readers whose context says so (Lenient): something published, never
// a person's, and nothing that a booking goes by. What has been nudged, and what time alone has made untrue, is never served.
type Lasting interface {
	// Lasting marks the type. It is never called.
	Lasting()
}

// Outlived notes of one answer that it was made of something that couldn't be read anew. The zero value is ready.
type Outlived struct{ at atomic.Int64 }

// Since is when the oldest such thing was read; zero: there was none.
func (o *Outlived) Since() time.Time {
	if at := o.at.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

func (o *Outlived) note(at time.Time) {
	for ns := at.UnixNano(); ; {
		was := o.at.Load()
		if was != 0 && was <= ns || o.at.CompareAndSwap(was, ns) {
			return
		}
	}
}

type outlivedKey struct{}

// Lenient returns a context in which reads of Lasting values may be served though they can't be read anew, which is noted in
// o. The root field that it is for may be kept for as long.
func Lenient(ctx context.Context, o *Outlived) context.Context {
	if mark, ok := ctx.Value(rootKey{}).(*root); ok {
		mark.lasting.Store(true)
	}
	return context.WithValue(ctx, outlivedKey{}, o)
}

// Strict takes Lenient back, for what an answer holds beside what was published, and notes that the answer must not outlive
// the database.
func Strict(ctx context.Context) context.Context {
	if d := depsOf(ctx); d != nil {
		d.mu.Lock()
		d.strict = true
		d.mu.Unlock()
	}
	return strictly(ctx)
}

// strictly is Strict without a note: what a fill reads must be true, or the fill fails and its own value may outlive.
func strictly(ctx context.Context) context.Context {
	if outlivedOf(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, outlivedKey{}, (*Outlived)(nil))
}

func outlivedOf(ctx context.Context) *Outlived {
	o, _ := ctx.Value(outlivedKey{}).(*Outlived)
	return o
}

// Lasts reports whether the answer may outlive the database.
func (d *Deps) Lasts() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, root := range d.roots {
		if !root.lasting.Load() {
			return false
		}
	}
	return !d.strict
}

// outliving returns what is remembered under key if it may be served to a lenient reader of such a value; nil: nothing may.
func (c *Cache) outliving(ctx context.Context, key string, pinned, lasting bool) *entry {
	if !lasting || outlivedOf(ctx) == nil {
		return nil
	}
	if e := c.recall(key, pinned); e != nil && e.holds(c.hub, c.now(), Outlives) {
		return e
	}
	return nil
}

// excuses reports whether a failed read is a reason to serve what is remembered: the database has gone, or takes its time.
func (c *Cache) excuses(ctx context.Context, err error) bool {
	return ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || c.gone != nil && c.gone(err))
}

// Outlive returns the answer kept under key though it is too old, where it was made of nothing but what was published, and when
// that was read. It is for whoever failed to make it anew because the database has gone.
func (a *Answers) Outlive(key string) (answer Answer, at time.Time, ok bool) {
	k, ok := a.memory.GetIfPresent(key)
	if !ok || !k.answer.Lasting || !k.holds(a.hub, a.now(), Outlives) {
		return Answer{}, time.Time{}, false
	}
	return k.answer, k.readAt, true
}
