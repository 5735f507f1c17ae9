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

// public makes an answer of one public root field that reads s.
func public(t *testing.T, c *cache.Cache, s *source) *cache.Deps {
	t.Helper()
	ctx, deps := cache.Collect(t.Context())
	root := cache.RootField(ctx)
	cache.Public(root)
	read(t, root, c, s)
	return deps
}

func TestDeps(t *testing.T) {
	t.Parallel()

	t.Run("has the keys and the earliest end of all reads, from memory too", func(t *testing.T) {
		t.Parallel()
		c, _, clock := alone(t)
		a, b := source{until: clock.in(time.Hour)}, source{until: clock.in(time.Minute)}
		for range 2 {
			ctx, deps := cache.Collect(t.Context())
			for name, s := range map[string]*source{"a": &a, "b": &b} {
				_, err := cache.Read(ctx, c, name, []live.Key{monday, live.Case(name)}, s.fill)
				require.NoError(t, err)
			}
			require.ElementsMatch(t, []live.Key{monday, live.Case("a"), live.Case("b")}, deps.Keys())
			require.True(t, b.until.Equal(deps.ValidUntil()))
			require.True(t, c.Holds(deps))
		}
		require.Equal(t, uint64(2), c.Stats().Hits)
	})

	t.Run("stops holding with a nudge of any of its keys", func(t *testing.T) {
		t.Parallel()
		c, hub, _ := alone(t)
		deps := public(t, c, new(source))
		hub.Nudge(tuesday)
		require.True(t, c.Holds(deps))
		hub.Nudge(monday)
		require.False(t, c.Holds(deps))
	})

	t.Run("a value made of values depends on all that those depend on", func(t *testing.T) {
		t.Parallel()
		c, hub, clock := alone(t)
		s := source{until: clock.in(time.Minute)}
		outer := func(ctx context.Context) (int64, time.Time, error) {
			v, err := cache.Read(ctx, c, "inner", []live.Key{tuesday}, s.fill)
			return v, time.Time{}, err
		}
		get := func() (int64, *cache.Deps) {
			ctx, deps := cache.Collect(t.Context())
			v, err := cache.Read(ctx, c, "outer", []live.Key{monday}, outer)
			require.NoError(t, err)
			return v, deps
		}
		_, deps := get()
		require.ElementsMatch(t, []live.Key{monday, tuesday}, deps.Keys())
		require.True(t, s.until.Equal(deps.ValidUntil()))
		s.value.Store(1)
		hub.Nudge(tuesday)
		v, _ := get()
		require.Equal(t, int64(1), v)
	})

	keepable := map[string]struct {
		want bool
		do   func(t *testing.T, ctx context.Context)
	}{
		"no root field": {false, func(_ *testing.T, ctx context.Context) { cache.Public(ctx) }},
		"a public root field": {true, func(_ *testing.T, ctx context.Context) {
			cache.Public(cache.RootField(ctx))
		}},
		"one of two root fields public, twice": {false, func(_ *testing.T, ctx context.Context) {
			root := cache.RootField(ctx)
			cache.RootField(ctx)
			cache.Public(root)
			cache.Public(root)
		}},
		"public, but something private": {false, func(_ *testing.T, ctx context.Context) {
			root := cache.RootField(ctx)
			cache.Public(root)
			cache.Private(root)
		}},
		"public, but something private in a fill": {false, func(t *testing.T, ctx context.Context) {
			c, _, _ := alone(t)
			root := cache.RootField(ctx)
			cache.Public(root)
			_, err := cache.Read(root, c, "key", nil, func(ctx context.Context) (int, time.Time, error) {
				cache.Private(ctx)
				return 1, time.Time{}, nil
			})
			require.NoError(t, err)
		}},
		"public, but a read failed": {false, func(t *testing.T, ctx context.Context) {
			c, _, _ := alone(t)
			root := cache.RootField(ctx)
			cache.Public(root)
			_, err := cache.Read(root, c, "key", nil, func(context.Context) (int, time.Time, error) {
				return 0, time.Time{}, errors.New("database is away")
			})
			require.Error(t, err)
		}},
		"public, but nudged between two reads": {false, func(t *testing.T, ctx context.Context) {
			c, hub, _ := alone(t)
			root := cache.RootField(ctx)
			cache.Public(root)
			read(t, root, c, new(source))
			hub.Nudge(monday)
			read(t, root, c, new(source))
		}},
	}
	for name, tt := range keepable {
		t.Run(fmt.Sprintf("keepable with %s: %t", name, tt.want), func(t *testing.T) {
			t.Parallel()
			ctx, deps := cache.Collect(t.Context())
			tt.do(t, ctx)
			require.Equal(t, tt.want, deps.Keepable())
		})
	}

	t.Run("marks outside of a collected context do nothing", func(t *testing.T) {
		t.Parallel()
		ctx := cache.RootField(t.Context())
		cache.Public(ctx)
		cache.Private(ctx)
	})
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	page := cache.Answer{Body: []byte(`{"data":{}}`), ContentType: "application/json", ETag: `"1"`}

	kept := func(t *testing.T, s *source) (*cache.Answers, *live.Hub, *clock) {
		t.Helper()
		c, hub, clock := alone(t)
		answers := cache.NewAnswers(hub, 1<<20, clock.now)
		require.False(t, answers.Offer("q", page, public(t, c, s)), "the first time")
		_, ok := answers.Get("q")
		require.False(t, ok)
		require.True(t, answers.Offer("q", page, public(t, c, s)), "the second time")
		got, ok := answers.Get("q")
		require.True(t, ok)
		require.Equal(t, page.Body, got.Body)
		require.True(t, s.until.Equal(got.ValidUntil))
		_, ok = answers.Get("other")
		require.False(t, ok)
		return answers, hub, clock
	}
	gone := func(t *testing.T, a *cache.Answers) {
		t.Helper()
		_, ok := a.Get("q")
		require.False(t, ok)
	}

	t.Run("are served until a nudge of what they were made of", func(t *testing.T) {
		t.Parallel()
		a, hub, _ := kept(t, new(source))
		hub.Nudge(tuesday)
		_, ok := a.Get("q")
		require.True(t, ok)
		hub.Nudge(monday)
		gone(t, a)
	})
	t.Run("are served until validUntil", func(t *testing.T) {
		t.Parallel()
		a, _, clock := kept(t, &source{until: eight.Add(time.Second)})
		clock.pass(time.Second - 1)
		_, ok := a.Get("q")
		require.True(t, ok)
		clock.pass(1)
		gone(t, a)
	})
	t.Run("are served until ten seconds after the oldest thing in them was read", func(t *testing.T) {
		t.Parallel()
		c, hub, clock := alone(t)
		answers := cache.NewAnswers(hub, 1<<20, clock.now)
		var s source
		answers.Offer("q", page, public(t, c, &s))
		clock.pass(9 * time.Second)
		require.True(t, answers.Offer("q", page, public(t, c, &s)), "made of what memory had")
		clock.pass(time.Second)
		gone(t, answers)
	})
	t.Run("aren't kept when nudged while they were made", func(t *testing.T) {
		t.Parallel()
		c, hub, clock := alone(t)
		answers := cache.NewAnswers(hub, 1<<20, clock.now)
		for range 2 {
			deps := public(t, c, new(source))
			hub.Nudge(monday)
			require.False(t, answers.Offer("q", page, deps))
		}
		gone(t, answers)
	})
	t.Run("aren't kept when private", func(t *testing.T) {
		t.Parallel()
		answers := cache.NewAnswers(live.NewHub(), 1<<20, nil)
		for range 3 {
			ctx, deps := cache.Collect(t.Context())
			cache.RootField(ctx)
			require.False(t, answers.Offer("q", page, deps))
		}
	})
	t.Run("stay within their bytes", func(t *testing.T) {
		t.Parallel()
		c, hub, clock := alone(t)
		answers := cache.NewAnswers(hub, 64<<10, clock.now)
		big := cache.Answer{Body: make([]byte, 10<<10)}
		for i := range 100 {
			key := fmt.Sprint(i)
			answers.Offer(key, big, public(t, c, new(source)))
			answers.Offer(key, big, public(t, c, new(source)))
		}
		until(t, func() bool { n := answers.Bytes(); return 10<<10 < n && n <= 64<<10 })
	})
}

// Not parallel, since it counts allocations.
func TestAnswersGetAllocatesNothing(t *testing.T) {
	answers := monthlong(t)
	require.Zero(t, testing.AllocsPerRun(1000, func() { answers.Get("q") }))
}

// monthlong keeps an answer that depends on 28 days.
func monthlong(t testing.TB) *cache.Answers {
	hub := live.NewHub()
	c := cache.New(cache.Config{Hub: hub})
	t.Cleanup(c.Close)
	answers := cache.NewAnswers(hub, 1<<20, nil)
	var days []live.Key
	for i := range 28 {
		days = append(days, live.Slots("office_1", eight.AddDate(0, 0, i).Format(time.DateOnly)))
	}
	for range 2 {
		ctx, deps := cache.Collect(t.Context())
		root := cache.RootField(ctx)
		cache.Public(root)
		_, err := cache.Read(root, c, "key", days, new(source).fill)
		require.NoError(t, err)
		answers.Offer("q", cache.Answer{Body: make([]byte, 1000)}, deps)
	}
	_, ok := answers.Get("q")
	require.True(t, ok)
	return answers
}

func BenchmarkAnswersGet(b *testing.B) {
	answers := monthlong(b)
	b.ReportAllocs()
	for b.Loop() {
		answers.Get("q")
	}
}
