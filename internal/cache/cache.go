// Package cache remembers what was read from the database: in memory first, in Redis second, and never longer than it
// is true.
//
// What is remembered is served only while nobody has nudged what it depends on (package live), time alone has not
// made it untrue, and it is younger than ten seconds, or than one second while Redis isn't heard. Redis is the second
// level: it saves the other processes a read, it is asked with a short deadline, and without it everything still
// works. Nothing remembered decides a booking.
//
// Three layers use it. Read remembers one value. Collect gathers what a whole answer was made of. Answers keeps
// finished public answers as bytes, under the same conditions.
package cache

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"nelke/internal/live"
)

// Config of a Cache.
type Config struct {
	// Hub has the stamps of what changed. Required.
	Hub *live.Hub
	// Relay is the hub's relay, whose Redis becomes the second level. Nil: memory only.
	Relay *live.Relay
	// Bytes bounds what is held in memory, but for what is pinned. 32 MiB when zero.
	Bytes uint64
	// Version keeps values of programs apart that encode them differently and share one Redis: the build's revision.
	Version string
	// Gone reports whether an error says that the database can't be asked just now. Nil: none does.
	Gone func(error) bool
	// Late says more of the error of a reader whose context ended while it waited for a fill from an instant on. Nil: nothing.
	Late func(ctx context.Context, begun time.Time, err error) error
	// Now is the clock. time.Now when nil.
	Now func() time.Time
}

// Cache remembers values of any type by key. Make one per process with New, read it with Read, end it with Close.
type Cache struct {
	hub    *live.Hub
	second *second // nil: memory only
	now    func() time.Time
	gone   func(error) bool
	late   func(context.Context, time.Time, error) error
	memory *otter.Cache[string, *entry]
	pinned sync.Map // by key; *entry

	mu      sync.Mutex
	flights map[string]*flight // the latest of each key
	running sync.WaitGroup

	hits, joined, fills, secondHits, outlived atomic.Uint64
}

// New returns an empty cache.
func New(cfg Config) *Cache {
	c := &Cache{hub: cfg.Hub, now: cfg.Now, gone: cfg.Gone, late: cfg.Late, flights: map[string]*flight{}}
	if c.now == nil {
		c.now = time.Now //nolint:forbidigo // the default
	}
	if c.late == nil {
		c.late = func(_ context.Context, _ time.Time, err error) error { return err }
	}
	if cfg.Bytes == 0 {
		cfg.Bytes = 32 << 20
	}
	if cfg.Relay != nil {
		c.second = &second{relay: cfg.Relay, version: cfg.Version, circuit: circuit{now: c.now}}
	}
	c.memory = otter.Must(&otter.Options[string, *entry]{
		MaximumWeight: cfg.Bytes,
		Weigher:       func(_ string, e *entry) uint32 { return e.weight },
	})
	return c
}

// Close waits for the reads that still run. Call it when nobody reads any more.
func (c *Cache) Close() { c.running.Wait() }

// entry is a value in memory.
type entry struct {
	lease
	value  any
	weight uint32
}

func newEntry(key string, l lease, value any, bytes int) *entry {
	return &entry{lease: l, value: value, weight: weight(key, &l, bytes)}
}

// weight is what an entry takes in memory, roughly: its content and what we keep beside it.
func weight(key string, l *lease, bytes int) uint32 {
	return uint32(min(bytes+len(key)+40*len(l.keys)+256, math.MaxUint32))
}

// Weigher is a value that reports its size in bytes and stays in this process: it is never made JSON, and Redis is
// neither asked for it nor given it. Others weigh as much as their JSON, which then is made at each fill, even where no
// Redis wants it. Let the method work on the zero value too.
type Weigher interface {
	// Weight returns the size in bytes, about.
	Weight() int
}

// Pinned is a value that stays in this process, as a Weigher does, and in memory however full that is: one of those that
// everything else is made of, and whose number the data bounds. Were they to make room for each other, who asks for all of
// them in turn would find none.
type Pinned interface {
	// Pinned marks the type. It is never called.
	Pinned()
}

// Sizer is a value that reports its size in bytes, and travels to Redis like any other.
type Sizer interface {
	// Size returns the size in bytes, about.
	Size() int
}

// Read returns the value of key, from memory, from Redis or by fill, whichever is first to have it.
//
// The key names the value, its type and everything of the request that it depends on; if the reader's rights are part
// of that, they belong into the key, because whoever asks with the same key gets the same value. Deps are what must
// not have changed. They depend on the key alone and are fixed before fill runs: what fill discovers is too late to
// be watched.
//
// T goes to Redis as JSON and must come back from it equal. In memory T itself is kept and handed to everybody, so
// nobody may change it. Fill also returns the instant from which time alone makes the value untrue, zero if there is
// none. Its errors are returned and not remembered.
//
// Readers of one key and the same state of its deps share one fill, which runs for as long as any of them waits: a
// reader whose context ends gets its error, the others get the value. Fill's context has the values of the reader
// that came first, no deadline of its own, and ends when the last reader is gone. Fill may Read: the outer value then
// also depends on all that the inner ones do, and stays out of Redis.
func Read[T any](ctx context.Context, c *Cache, key string, deps []live.Key,
	fill func(context.Context) (value T, validUntil time.Time, err error),
) (T, error) {
	return Renew(ctx, c, key, deps, nil, fill)
}

// Renew is Read for a value that can be checked without reading it again. Where it is remembered
// and nothing but its age speaks against it, same is asked first; if it says yes, the value is as good as one that was read
// just now, or as old as what same itself Read. Same's errors are returned, as fill's.
func Renew[T any](ctx context.Context, c *Cache, key string, deps []live.Key,
	same func(context.Context, T) (bool, error), fill func(context.Context) (value T, validUntil time.Time, err error),
) (T, error) {
	var none T
	_, pinned := any(none).(Pinned)
	limit := min(trusted(c.hub), readersLimit(ctx))
	if e := c.recall(key, pinned); e != nil && e.holds(c.hub, c.now(), limit) {
		if v, ok := e.value.(box[T]); ok {
			c.hits.Add(1)
			depsOf(ctx).add(&e.lease)
			return v.it, nil
		}
	}
	_, lasting := any(none).(Lasting)
	old := c.outliving(ctx, key, pinned, lasting)
	within := ctx
	if old != nil {
		short, cancel := context.WithTimeout(ctx, lenience)
		defer cancel()
		within = short
	}
	f, err := c.load(within, key, deps, limit, boxing[T](func(ctx context.Context) (any, time.Time, error) {
		if e := c.recall(key, pinned); same != nil && e != nil && e.holds(c.hub, c.now(), math.MaxInt64) {
			v, ok := e.value.(box[T])
			var err error
			if ok {
				ok, err = same(ctx, v.it)
			}
			if ok || err != nil {
				nested := len(deps) // what the value's own fill Read stands behind
				depsOf(ctx).add(&lease{keys: e.keys[nested:], stamps: e.stamps[nested:]})
				return v, e.validUntil, err
			}
		}
		v, until, err := fill(ctx)
		return box[T]{v}, until, err
	}))
	if err != nil {
		depsOf(ctx).spoil()
		if old != nil && c.excuses(ctx, err) {
			if v, ok := old.value.(box[T]); ok {
				c.outlived.Add(1)
				depsOf(ctx).add(&old.lease)
				outlivedOf(ctx).note(old.readAt)
				return v.it, nil
			}
		}
		return none, fmt.Errorf("cache: read %s: %w", key, err)
	}
	v, ok := f.entry.value.(box[T])
	if !ok {
		return none, fmt.Errorf("cache: read %s: the key is in use for another type than %T", key, none)
	}
	depsOf(ctx).add(&f.entry.lease)
	if f.spoiled {
		depsOf(ctx).spoil()
	}
	return v.it, nil
}

// boxing returns the loader of a value of type T, which its fill returns as a box.
func boxing[T any](fill func(context.Context) (any, time.Time, error)) loader {
	var none T
	_, weighed := any(none).(Weigher)
	_, pinned := any(none).(Pinned)
	return loader{
		local: weighed || pinned, pinned: pinned, fill: fill,
		encode: func(v any) ([]byte, error) { return json.Marshal(v.(box[T]).it) },
		decode: func(b []byte) (any, error) {
			var v box[T]
			err := json.Unmarshal(b, &v.it)
			return v, err
		},
		weigh: func(v any) int {
			switch w := any(v.(box[T]).it).(type) {
			case Weigher:
				return w.Weight()
			case Sizer:
				return w.Size()
			}
			return 0
		},
	}
}

// recall returns what is in memory, whether or not it holds; nil if there is nothing.
func (c *Cache) recall(key string, pinned bool) *entry {
	if pinned {
		e, _ := c.pinned.Load(key)
		known, _ := e.(*entry)
		return known
	}
	e, _ := c.memory.GetIfPresent(key)
	return e
}

// remember puts an entry into memory.
func (c *Cache) remember(key string, pinned bool, e *entry) {
	if pinned {
		c.pinned.Store(key, e)
		return
	}
	c.memory.Set(key, e)
}

// box keeps a T that is an interface apart from its content.
type box[T any] struct{ it T }

// Stats are counts since the start, but for Bytes.
type Stats struct {
	Hits       uint64 // served from memory
	Joined     uint64 // served by a fill that another reader had begun
	SecondHits uint64 // served from Redis
	Outlived   uint64 // served from memory because the database couldn't be asked
	Fills      uint64 // read from the database, or found to be the same there; failures included
	Failed     uint64 // requests that Redis didn't answer in time, or answered with nonsense
	Skipped    uint64 // requests not made: Redis isn't heard, keeps failing, or doesn't know our own nudges yet
	Bytes      uint64 // held in memory now, but for what is pinned
}

// Stats returns the counts so far.
func (c *Cache) Stats() Stats {
	s := Stats{
		Hits: c.hits.Load(), Joined: c.joined.Load(), SecondHits: c.secondHits.Load(), Fills: c.fills.Load(),
		Outlived: c.outlived.Load(), Bytes: c.memory.WeightedSize(),
	}
	if c.second != nil {
		s.Failed, s.Skipped = c.second.failed.Load(), c.second.skipped.Load()
	}
	return s
}

// Holds reports whether an answer with these dependencies would be the same if made now. A watcher opens its Watch of
// Deps.Keys first and calls Holds then, so that it misses nothing between the reading and the watch.
func (c *Cache) Holds(d *Deps) bool {
	l, ok := d.lease()
	if l.readAt.IsZero() {
		return ok // it read nothing that could change
	}
	return ok && l.holds(c.hub, c.now(), trusted(c.hub))
}
