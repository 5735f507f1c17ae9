package cache_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/cache"
	"nelke/internal/live"
)

// renewed reads with a way to tell that nothing has changed, and counts how often it is asked for.
type renewed struct {
	source

	asked int
	same  func(context.Context, int64) (bool, error)
}

func (r *renewed) read(t *testing.T, c *cache.Cache) (int64, error) {
	t.Helper()
	return cache.Renew(t.Context(), c, "key", []live.Key{monday}, func(ctx context.Context, v int64) (bool, error) {
		r.asked++
		return r.same(ctx, v)
	}, r.fill)
}

func (r *renewed) must(t *testing.T, c *cache.Cache) int64 {
	t.Helper()
	v, err := r.read(t, c)
	require.NoError(t, err)
	return v
}

func TestRenew(t *testing.T) {
	t.Parallel()

	t.Run("asks whether a value is the same where only its age speaks against it", func(t *testing.T) {
		t.Parallel()
		c, hub, clock := alone(t)
		r := &renewed{}
		r.same = func(_ context.Context, v int64) (bool, error) { return v == r.value.Load(), nil }
		r.until = clock.in(time.Minute)
		r.must(t, c)
		for range 3 {
			clock.pass(9 * time.Second)
			r.must(t, c)
			clock.pass(time.Second)
			r.must(t, c)
		}
		require.Equal(t, 3, r.asked, "once every ten seconds")
		require.EqualValues(t, 1, r.reads.Load())

		r.value.Store(1)
		clock.pass(10 * time.Second)
		require.EqualValues(t, 1, r.must(t, c))
		require.Equal(t, 4, r.asked)
		require.EqualValues(t, 2, r.reads.Load())

		hub.Nudge(monday)
		r.must(t, c)
		require.Equal(t, 4, r.asked, "a nudge says enough")
		require.EqualValues(t, 3, r.reads.Load())

		clock.pass(20 * time.Second)
		r.must(t, c)
		require.Equal(t, 4, r.asked, "a minute is over")
		require.EqualValues(t, 4, r.reads.Load())
	})

	t.Run("gives the error of asking, and remembers nothing of it", func(t *testing.T) {
		t.Parallel()
		c, _, clock := alone(t)
		broken := errors.New("broken")
		r := &renewed{same: func(context.Context, int64) (bool, error) { return true, broken }}
		r.must(t, c)
		clock.pass(10 * time.Second)
		_, err := r.read(t, c)
		require.ErrorIs(t, err, broken)
		r.same = func(context.Context, int64) (bool, error) { return true, nil }
		r.must(t, c)
		require.Equal(t, 2, r.asked)
		require.EqualValues(t, 1, r.reads.Load())
	})

	t.Run("takes a value to be as old as what says that it is the same", func(t *testing.T) {
		t.Parallel()
		c, _, clock := alone(t)
		var version source
		r := &renewed{same: func(ctx context.Context, _ int64) (bool, error) {
			_, err := cache.Read(ctx, c, "version", nil, version.fill)
			return true, err
		}}
		r.must(t, c)
		clock.pass(6 * time.Second)
		_, err := cache.Read(t.Context(), c, "version", nil, version.fill)
		require.NoError(t, err)
		clock.pass(4 * time.Second)
		r.must(t, c) // by a version read four seconds ago
		clock.pass(5 * time.Second)
		r.must(t, c)
		require.Equal(t, 1, r.asked)
		clock.pass(time.Second)
		r.must(t, c)
		require.Equal(t, 2, r.asked)
		require.EqualValues(t, 2, version.reads.Load())
	})

	t.Run("keeps to the age that the reader accepts, also inside", func(t *testing.T) {
		t.Parallel()
		c, _, clock := alone(t)
		var version source
		r := &renewed{same: func(ctx context.Context, _ int64) (bool, error) {
			_, err := cache.Read(ctx, c, "version", nil, version.fill)
			return true, err
		}}
		r.must(t, c)
		_, err := cache.Read(t.Context(), c, "version", nil, version.fill)
		require.NoError(t, err)
		clock.pass(6 * time.Second)
		ctx, deps := cache.Collect(t.Context())
		deps.Reset(5 * time.Second)
		_, err = cache.Renew(ctx, c, "key", []live.Key{monday}, r.same, r.fill)
		require.NoError(t, err)
		require.EqualValues(t, 2, version.reads.Load(), "six seconds are too many for this one")
		require.EqualValues(t, 1, r.reads.Load())
	})

	t.Run("still depends on what was read to make the value", func(t *testing.T) {
		t.Parallel()
		c, hub, clock := alone(t)
		var inner, outer source
		get := func() {
			_, err := cache.Renew(t.Context(), c, "outer", []live.Key{monday}, func(context.Context, int64) (bool, error) { return true, nil },
				func(ctx context.Context) (int64, time.Time, error) {
					if _, err := cache.Read(ctx, c, "inner", []live.Key{tuesday}, inner.fill); err != nil {
						return 0, time.Time{}, err
					}
					return outer.fill(ctx)
				})
			require.NoError(t, err)
		}
		get()
		for range 3 {
			clock.pass(10 * time.Second)
			get()
		}
		require.EqualValues(t, 1, outer.reads.Load())
		hub.Nudge(tuesday)
		get()
		require.EqualValues(t, 2, outer.reads.Load())
	})
}

// fixture is a value that everything else is made of.
type fixture struct{ n int }

func (fixture) Pinned() {}

func TestPinnedValuesMakeRoomForNothing(t *testing.T) {
	t.Parallel()
	hub, clock := live.NewHub(), newClock()
	c := cache.New(cache.Config{Hub: hub, Now: clock.now, Bytes: 1 << 10})
	t.Cleanup(c.Close)
	reads := 0
	for range 3 {
		for n := range 1000 {
			v, err := cache.Read(t.Context(), c, fmt.Sprint(n), []live.Key{monday}, func(context.Context) (fixture, time.Time, error) {
				reads++
				return fixture{n}, time.Time{}, nil
			})
			require.NoError(t, err)
			require.Equal(t, n, v.n)
		}
	}
	require.Equal(t, 1000, reads)
	hub.Nudge(monday)
	_, err := cache.Read(t.Context(), c, "0", []live.Key{monday}, func(context.Context) (fixture, time.Time, error) {
		reads++
		return fixture{}, time.Time{}, nil
	})
	require.NoError(t, err)
	require.Equal(t, 1001, reads, "like all others, only while it is true")
}
