package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"nelke/internal/live"
)

// loader is a fill without its type.
type loader struct {
	local  bool // not for Redis
	pinned bool
	fill   func(context.Context) (value any, validUntil time.Time, err error)
	encode func(any) ([]byte, error)
	decode func([]byte) (any, error)
	weigh  func(any) int // in bytes; 0: unknown
}

// flight is one fill and all who wait for it.
type flight struct {
	keys    []live.Key
	stamps  []live.Stamp
	limit   time.Duration // the age that it accepts from Redis
	started time.Time
	cancel  context.CancelFunc
	waiting int // guarded by Cache.mu

	done    chan struct{} // closed when all below is final
	entry   *entry
	spoiled bool // the value is right, and nothing made of it may be kept
	err     error
}

// load joins the flight of this key, or begins one, and waits for it or for ctx.
func (c *Cache) load(ctx context.Context, key string, deps []live.Key, limit time.Duration, with loader) (*flight, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	begun := time.Now() //nolint:forbidigo // how long it waits, in real time also in tests
	f := c.join(ctx, key, deps, limit, with)
	select {
	case <-f.done:
		return f, f.err
	case <-ctx.Done():
		c.leave(key, f)
		return nil, c.late(ctx, begun, ctx.Err()) // f isn't final yet
	}
}

// join counts the caller into a flight that began under the present stamps, is younger than the caller's limit, and
// accepts no older values from Redis than the caller does. If there is none, it starts one.
func (c *Cache) join(ctx context.Context, key string, deps []live.Key, limit time.Duration, load loader) *flight {
	stamps := make([]live.Stamp, len(deps))
	for i, k := range deps {
		stamps[i] = c.hub.Stamp(k)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if f := c.flights[key]; f != nil && f.limit <= limit && now.Sub(f.started) < limit && slices.Equal(f.stamps, stamps) {
		f.waiting++
		c.joined.Add(1)
		return f
	}
	// Not the first reader's context: were it cancelled, every reader of the flight would fail with it.
	fctx, cancel := context.WithCancel(context.WithoutCancel(strictly(ctx)))
	f := &flight{
		keys: slices.Clone(deps), stamps: stamps, limit: limit, started: now,
		cancel: cancel, waiting: 1, done: make(chan struct{}),
	}
	c.flights[key] = f
	c.running.Go(func() {
		defer cancel()
		c.run(fctx, key, f, load)
	})
	return f
}

// leave counts a reader out. The last one ends the fill, and nobody joins it any more.
func (c *Cache) leave(key string, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		c.finish(key, f)
	}
}

// finish removes f from the flights that can be joined; the caller holds the lock.
func (c *Cache) finish(key string, f *flight) {
	if c.flights[key] == f {
		delete(c.flights, key)
	}
}

// run gets the value, wakes those who wait, and only then stores it in Redis.
func (c *Cache) run(ctx context.Context, key string, f *flight, load loader) {
	var found *redisValue
	if c.second != nil && !load.local {
		found = c.second.get(ctx, c.hub, key, f.keys)
	}
	encoded := c.obtain(ctx, found, key, f, load)
	if found != nil && encoded != nil {
		c.second.put(context.WithoutCancel(ctx), found, f.entry.validUntil, encoded) // ctx ends when nobody waits
	}
}

// obtain takes the value that was found in Redis or reads it from the database, remembers it and ends the flight, in this order: whoever
// comes just after the end finds it in memory. It returns what Redis should have, if anything.
func (c *Cache) obtain(ctx context.Context, found *redisValue, key string, f *flight, load loader) []byte {
	defer func() {
		if f.err == nil && !f.spoiled && f.entry.holds(c.hub, c.now(), maxAge) {
			c.remember(key, load.pinned, f.entry)
		}
		c.mu.Lock()
		c.finish(key, f)
		c.mu.Unlock()
		close(f.done)
	}()
	if f.entry = c.fromRedis(found, key, f, load); f.entry != nil {
		c.secondHits.Add(1)
		return nil
	}
	c.fills.Add(1)
	return c.fill(ctx, key, f, load)
}

// fromRedis makes an entry of what Redis had; nil if that was nothing, or nothing fit to serve. The stamps are from
// before Redis was asked, its generations from when it answered: a nudge in between voids the entry.
func (c *Cache) fromRedis(found *redisValue, key string, f *flight, load loader) *entry {
	if found == nil || found.payload == nil {
		return nil
	}
	l := lease{keys: f.keys, stamps: f.stamps, readAt: f.started.Add(-found.age), validUntil: found.validUntil}
	if !l.holds(c.hub, c.now(), f.limit) {
		return nil
	}
	value, err := load.decode(found.payload)
	if err != nil {
		c.second.failed.Add(1)
		return nil
	}
	return newEntry(key, l, value, cmp.Or(load.weigh(value), len(found.payload)))
}

// fill reads the database into f. It returns the value's JSON if that may go to Redis.
func (c *Cache) fill(ctx context.Context, key string, f *flight, load loader) (encoded []byte) {
	f.err = errors.New("fill ended its goroutine") // until it returns
	defer func() {
		// In this goroutine a panic would end the process, not one request.
		if p := recover(); p != nil {
			f.err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	ctx, inner := Collect(ctx)
	inner.maxAge.Store(int64(f.limit)) // what the fill Reads is no older than its own value may be
	value, until, err := load.fill(ctx)
	if err != nil {
		f.err = err
		return nil
	}
	size := load.weigh(value)
	if !load.local && (size == 0 || c.second != nil) {
		if encoded, err = load.encode(value); err != nil {
			f.err = err
			return nil
		}
	}
	l := lease{keys: f.keys, stamps: f.stamps, readAt: f.started, validUntil: until}
	nested := inner.extend(&l)
	f.spoiled = inner.unfit()
	f.entry = newEntry(key, l, value, cmp.Or(size, len(encoded)))
	f.err = nil
	if nested || f.spoiled || c.second == nil {
		return nil // Redis compares the generations of f.keys only
	}
	return encoded
}

// PanicError is a fill's panic, for those who waited for it. Its text is for logs.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("fill panicked: %v\n%s", e.Value, e.Stack) }
