package cache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nelke/internal/cache"
	"nelke/internal/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	monday  = live.Slots("office_1", "2026-11-23")
	tuesday = live.Slots("office_1", "2026-11-24")
	eight   = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
)

// clock stands still until pass moves it.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(eight.UnixNano())
	return c
}

func (c *clock) now() time.Time               { return time.Unix(0, c.ns.Load()) }
func (c *clock) pass(d time.Duration)         { c.ns.Add(int64(d)) }
func (c *clock) in(d time.Duration) time.Time { return c.now().Add(d) }

// source is a database of one number that counts how often it is read.
type source struct {
	value, reads atomic.Int64
	until        time.Time
}

func (s *source) fill(context.Context) (int64, time.Time, error) {
	s.reads.Add(1)
	return s.value.Load(), s.until, nil
}

// alone is a cache without Redis.
func alone(t *testing.T) (*cache.Cache, *live.Hub, *clock) {
	t.Helper()
	hub, clock := live.NewHub(), newClock()
	c := cache.New(cache.Config{Hub: hub, Now: clock.now})
	t.Cleanup(c.Close)
	return c, hub, clock
}

func read(t *testing.T, ctx context.Context, c *cache.Cache, s *source) int64 {
	t.Helper()
	v, err := cache.Read(ctx, c, "key", []live.Key{monday}, s.fill)
	require.NoError(t, err)
	return v
}

// younger returns a context whose reads accept only what was read less than d ago.
func younger(ctx context.Context, d time.Duration) context.Context {
	ctx, deps := cache.Collect(ctx)
	deps.Reset(d)
	return ctx
}

func TestRead(t *testing.T) {
	t.Parallel()

	t.Run("reads the database once while nothing changes", func(t *testing.T) {
		t.Parallel()
		c, hub, _ := alone(t)
		var s source
		s.value.Store(7)
		for range 10 {
			require.Equal(t, int64(7), read(t, t.Context(), c, &s))
			hub.Nudge(tuesday)
		}
		require.Equal(t, int64(1), s.reads.Load())
		require.Equal(t, uint64(9), c.Stats().Hits)
		require.Equal(t, uint64(1), c.Stats().Fills)
	})

	for name, change := range map[string]func(*live.Hub){
		"a nudge of a dependency": func(h *live.Hub) { h.Nudge(monday) },
		"a touch of everything":   func(h *live.Hub) { h.Touch() },
	} {
		t.Run("reads again after "+name, func(t *testing.T) {
			t.Parallel()
			c, hub, _ := alone(t)
			var s source
			read(t, t.Context(), c, &s)
			s.value.Store(1)
			change(hub)
			require.Equal(t, int64(1), read(t, t.Context(), c, &s))
		})
	}

	t.Run("reads again at validUntil, not before", func(t *testing.T) {
		t.Parallel()
		c, _, clock := alone(t)
		s := source{until: clock.in(3 * time.Second)}
		read(t, t.Context(), c, &s)
		s.value.Store(1)
		clock.pass(3*time.Second - 1)
		require.Zero(t, read(t, t.Context(), c, &s))
		clock.pass(1)
		require.Equal(t, int64(1), read(t, t.Context(), c, &s))
	})

	t.Run("reads again after ten seconds", func(t *testing.T) {
		t.Parallel()
		c, _, clock := alone(t)
		var s source
		read(t, t.Context(), c, &s)
		s.value.Store(1)
		clock.pass(10*time.Second - 1)
		require.Zero(t, read(t, t.Context(), c, &s))
		clock.pass(1)
		require.Equal(t, int64(1), read(t, t.Context(), c, &s))
	})

	t.Run("reads again sooner for a reader who asks for less age", func(t *testing.T) {
		t.Parallel()
		c, _, clock := alone(t)
		ctx := younger(t.Context(), 5*time.Second)
		var s source
		read(t, ctx, c, &s)
		s.value.Store(1)
		clock.pass(5*time.Second - 1)
		require.Zero(t, read(t, ctx, c, &s))
		clock.pass(1)
		require.Zero(t, read(t, t.Context(), c, &s), "another reader is content with it")
		require.Equal(t, int64(1), read(t, ctx, c, &s))
		require.Equal(t, int64(1), read(t, t.Context(), c, &s), "and now has the new one")
	})

	t.Run("doesn't keep an error", func(t *testing.T) {
		t.Parallel()
		c, _, _ := alone(t)
		down := errors.New("database is away")
		_, err := cache.Read(t.Context(), c, "key", []live.Key{monday},
			func(context.Context) (int64, time.Time, error) { return 0, time.Time{}, down })
		require.ErrorIs(t, err, down)
		require.EqualError(t, err, "cache: read key: database is away")
		read(t, t.Context(), c, new(source))
	})

	t.Run("doesn't serve what was nudged while it was read", func(t *testing.T) {
		t.Parallel()
		c, hub, _ := alone(t)
		var s source
		_, err := cache.Read(t.Context(), c, "key", []live.Key{monday}, func(ctx context.Context) (int64, time.Time, error) {
			old, until, err := s.fill(ctx)
			s.value.Store(1)
			hub.Nudge(monday)
			return old, until, err
		})
		require.NoError(t, err)
		require.Equal(t, int64(1), read(t, t.Context(), c, &s))
	})

	t.Run("keeps nil interfaces and pointers apart from nothing", func(t *testing.T) {
		t.Parallel()
		c, _, _ := alone(t)
		n := 0
		for range 2 {
			v, err := cache.Read(t.Context(), c, "key", nil, func(context.Context) (any, time.Time, error) {
				n++
				return nil, time.Time{}, nil
			})
			require.NoError(t, err)
			require.Nil(t, v)
		}
		require.Equal(t, 1, n)
	})

	t.Run("keeps within its bytes", func(t *testing.T) {
		t.Parallel()
		hub := live.NewHub()
		c := cache.New(cache.Config{Hub: hub, Bytes: 64 << 10})
		t.Cleanup(c.Close)
		for i := range 100 {
			_, err := cache.Read(t.Context(), c, fmt.Sprint(i), nil, func(context.Context) ([]byte, time.Time, error) {
				return make([]byte, 10<<10), time.Time{}, nil
			})
			require.NoError(t, err)
		}
		until(t, func() bool { n := c.Stats().Bytes; return 10<<10 < n && n <= 64<<10 })
	})

	t.Run("fails for a value that can't be JSON", func(t *testing.T) {
		t.Parallel()
		c, _, _ := alone(t)
		_, err := cache.Read(t.Context(), c, "key", nil, func(context.Context) (chan int, time.Time, error) {
			return make(chan int), time.Time{}, nil
		})
		require.ErrorContains(t, err, "json")
	})
}

// gate is a fill that waits to be let through.
type gate struct {
	entered chan context.Context
	open    chan struct{}
}

func newGate() gate { return gate{entered: make(chan context.Context, 10), open: make(chan struct{})} }

func (g gate) fill(ctx context.Context) (int64, time.Time, error) {
	g.entered <- ctx
	select {
	case <-g.open:
		return 7, time.Time{}, nil
	case <-ctx.Done():
		return 0, time.Time{}, ctx.Err()
	}
}

type result struct {
	value int64
	err   error
}

// enter waits for a fill to begin, and returns its context.
func (g gate) enter(t *testing.T) context.Context {
	t.Helper()
	select {
	case ctx := <-g.entered:
		return ctx
	case <-time.After(15 * time.Second):
		t.Fatal("no fill has begun")
		return nil
	}
}

func (g gate) read(ctx context.Context, c *cache.Cache) <-chan result {
	out := make(chan result, 1)
	go func() {
		v, err := cache.Read(ctx, c, "key", []live.Key{monday}, g.fill)
		out <- result{v, err}
	}()
	return out
}

func until(t *testing.T, cond func() bool) {
	t.Helper()
	require.Eventually(t, cond, 15*time.Second, time.Millisecond)
}

func TestFlight(t *testing.T) {
	t.Parallel()

	t.Run("many readers share one fill", func(t *testing.T) {
		t.Parallel()
		c, _, _ := alone(t)
		g := newGate()
		first := g.read(t.Context(), c)
		g.enter(t)
		var others []<-chan result
		for range 50 {
			others = append(others, g.read(t.Context(), c))
		}
		until(t, func() bool { return c.Stats().Joined == 50 })
		close(g.open)
		for _, out := range append(others, first) {
			require.Equal(t, result{value: 7}, <-out)
		}
		require.Equal(t, uint64(1), c.Stats().Fills)
	})

	t.Run("the first reader's cancelled context fails nobody else", func(t *testing.T) {
		t.Parallel()
		c, _, _ := alone(t)
		g := newGate()
		ctx, cancel := context.WithCancel(t.Context())
		first := g.read(ctx, c)
		g.enter(t)
		second := g.read(t.Context(), c)
		until(t, func() bool { return c.Stats().Joined == 1 })
		cancel()
		require.ErrorIs(t, (<-first).err, context.Canceled)
		close(g.open)
		require.Equal(t, result{value: 7}, <-second)
		require.Equal(t, uint64(1), c.Stats().Fills)
	})

	t.Run("ends when the last reader has left, and the next one begins anew", func(t *testing.T) {
		t.Parallel()
		c, _, _ := alone(t)
		g := newGate()
		ctx, cancel := context.WithCancel(t.Context())
		first, second := g.read(ctx, c), g.read(ctx, c)
		inside := g.enter(t)
		until(t, func() bool { return c.Stats().Joined == 1 })
		cancel()
		require.ErrorIs(t, (<-first).err, context.Canceled)
		require.ErrorIs(t, (<-second).err, context.Canceled)
		<-inside.Done()
		third := g.read(t.Context(), c)
		g.enter(t)
		close(g.open)
		require.Equal(t, result{value: 7}, <-third)
	})

	t.Run("a reader who comes after a nudge doesn't join what began before it", func(t *testing.T) {
		t.Parallel()
		c, hub, _ := alone(t)
		g := newGate()
		first := g.read(t.Context(), c)
		g.enter(t)
		hub.Nudge(monday)
		second := g.read(t.Context(), c)
		g.enter(t)
		close(g.open)
		require.Equal(t, int64(7), (<-first).value)
		require.Equal(t, int64(7), (<-second).value)
		require.Equal(t, uint64(2), c.Stats().Fills)
	})

	t.Run("a reader who asks for less age doesn't join what began before that", func(t *testing.T) {
		t.Parallel()
		c, _, clock := alone(t)
		g := newGate()
		first := g.read(t.Context(), c)
		g.enter(t)
		clock.pass(time.Second)
		second := g.read(younger(t.Context(), time.Second), c)
		g.enter(t)
		close(g.open)
		<-first
		<-second
		require.Equal(t, uint64(2), c.Stats().Fills)
	})

	t.Run("a context that has ended already starts nothing", func(t *testing.T) {
		t.Parallel()
		c, _, _ := alone(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := cache.Read(ctx, c, "key", nil, new(source).fill)
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, c.Stats().Fills)
	})

	t.Run("a panic and an exit in a fill are errors of its readers", func(t *testing.T) {
		t.Parallel()
		c, _, _ := alone(t)
		_, err := cache.Read(t.Context(), c, "key", nil, func(context.Context) (int64, time.Time, error) { panic("ouch") })
		var p *cache.PanicError
		require.ErrorAs(t, err, &p)
		require.Equal(t, "ouch", p.Value)
		require.Contains(t, string(p.Stack), "cache_test")
		_, err = cache.Read(t.Context(), c, "key", nil, func(context.Context) (int64, time.Time, error) {
			runtime.Goexit()
			return 0, time.Time{}, nil
		})
		require.ErrorContains(t, err, "ended its goroutine")
	})

	t.Run("a key in use for another type is refused, not converted", func(t *testing.T) {
		t.Parallel()
		c, _, _ := alone(t)
		g := newGate()
		first := g.read(t.Context(), c)
		g.enter(t)
		other := make(chan error, 1)
		go func() {
			_, err := cache.Read(t.Context(), c, "key", []live.Key{monday},
				func(context.Context) (string, time.Time, error) { return "", time.Time{}, nil })
			other <- err
		}()
		until(t, func() bool { return c.Stats().Joined == 1 })
		close(g.open)
		<-first
		require.ErrorContains(t, <-other, "another type than string")
	})
}

func BenchmarkReadHit(b *testing.B) {
	c := cache.New(cache.Config{Hub: live.NewHub()})
	defer c.Close()
	deps := []live.Key{monday, tuesday}
	var s source
	for b.Loop() {
		if _, err := cache.Read(b.Context(), c, "key", deps, s.fill); err != nil {
			b.Fatal(err)
		}
	}
}
