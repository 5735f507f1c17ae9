package cache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/cache"
	"nelke/internal/live"
)

// published is a value of the catalogue.
type published int64

func (published) Lasting() {}

var (
	errGone  = errors.New("the database has gone")
	errOther = errors.New("something else")
)

// outage is a database that answers, is away, or hangs.
type outage struct {
	err   error
	hangs bool
	until time.Time
}

func (o *outage) fill(ctx context.Context) (published, time.Time, error) {
	if o.hangs {
		<-ctx.Done()
		return 0, time.Time{}, ctx.Err()
	}
	return 7, o.until, o.err
}

func TestWhatIsPublishedOutlivesTheDatabase(t *testing.T) {
	t.Parallel()
	type reader struct {
		lenient bool
		deps    []live.Key
	}
	lenient := reader{lenient: true, deps: []live.Key{live.Catalogue("town")}}
	for name, c := range map[string]struct {
		who    reader
		then   func(o *outage, hub *live.Hub, clock *clock)
		served bool
	}{
		"for minutes":              {lenient, func(o *outage, _ *live.Hub, c *clock) { o.err = errGone; c.pass(9 * time.Minute) }, true},
		"not for a quarter hour":   {lenient, func(o *outage, _ *live.Hub, c *clock) { o.err = errGone; c.pass(10 * time.Minute) }, false},
		"while it hangs":           {lenient, func(o *outage, _ *live.Hub, c *clock) { o.hangs = true; c.pass(time.Minute) }, true},
		"not past its own end":     {lenient, func(o *outage, _ *live.Hub, c *clock) { o.err = errGone; c.pass(6 * time.Minute) }, false},
		"not when it has changed":  {lenient, func(o *outage, h *live.Hub, c *clock) { o.err = errGone; h.Nudge(live.Catalogue("town")) }, false},
		"not for another fault":    {lenient, func(o *outage, _ *live.Hub, c *clock) { o.err = errOther; c.pass(time.Minute) }, false},
		"not for any other reader": {reader{deps: lenient.deps}, func(o *outage, _ *live.Hub, c *clock) { o.err = errGone; c.pass(time.Minute) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub, clock := live.NewHub(), newClock()
			memory := cache.New(cache.Config{Hub: hub, Now: clock.now, Gone: func(err error) bool { return errors.Is(err, errGone) }})
			t.Cleanup(memory.Close)
			o := &outage{}
			if name == "not past its own end" {
				o.until = clock.in(5 * time.Minute)
			}
			ctx, deps := cache.Collect(t.Context())
			ctx = cache.RootField(ctx)
			cache.Public(ctx)
			var outlived cache.Outlived
			if c.who.lenient {
				ctx = cache.Lenient(ctx, &outlived)
			}
			get := func(ctx context.Context) (published, error) {
				return cache.Read(ctx, memory, "key", c.who.deps, o.fill)
			}
			read := clock.now()
			got, err := get(ctx)
			require.NoError(t, err)
			require.Equal(t, published(7), got)
			require.Zero(t, outlived.Since())
			require.True(t, deps.Keepable())
			require.Equal(t, c.who.lenient, deps.Lasts())

			c.then(o, hub, clock)
			got, err = get(ctx)
			if !c.served {
				require.Error(t, err)
				require.Zero(t, outlived.Since())
				return
			}
			require.NoError(t, err)
			require.Equal(t, published(7), got)
			require.True(t, read.Equal(outlived.Since()))
			require.False(t, deps.Keepable(), "nothing made of it is kept as if it were new")
			require.Equal(t, uint64(1), memory.Stats().Outlived)

			strict := cache.Strict(ctx)
			o.hangs, o.err = false, errGone
			_, err = get(strict)
			require.ErrorIs(t, err, errGone)
			require.False(t, deps.Lasts())
			_, err = cache.Read(ctx, memory, "made of it", nil, func(ctx context.Context) (int, time.Time, error) {
				v, err := get(ctx)
				return int(v), time.Time{}, err
			})
			require.ErrorIs(t, err, errGone, "what isn't published itself is made of what is true, or not at all")

			o.err = nil
			got, err = get(ctx)
			require.NoError(t, err)
			require.Equal(t, published(7), got)
		})
	}
}

func TestWholeAnswersOutliveTheDatabase(t *testing.T) {
	t.Parallel()
	hub, clock := live.NewHub(), newClock()
	c := cache.New(cache.Config{Hub: hub, Now: clock.now})
	t.Cleanup(c.Close)
	answers := cache.NewAnswers(hub, 1<<20, clock.now)
	offer := func(key string, within func(context.Context) context.Context) {
		for range 2 { // what is asked once isn't kept
			ctx, deps := cache.Collect(t.Context())
			ctx = cache.RootField(ctx)
			cache.Public(ctx)
			c.Depend(within(ctx), clock.in(9*time.Minute), live.Catalogue("town"))
			answers.Offer(key, cache.Answer{Body: []byte("{}")}, deps)
		}
	}
	var outlived cache.Outlived
	offer("catalogue", func(ctx context.Context) context.Context { return cache.Lenient(ctx, &outlived) })
	offer("free times", func(ctx context.Context) context.Context { return cache.Strict(cache.Lenient(ctx, &outlived)) })
	offer("feed", func(ctx context.Context) context.Context { return ctx })
	read := clock.now()
	clock.pass(8 * time.Minute)
	_, ok := answers.Get("catalogue")
	require.False(t, ok)
	answer, at, ok := answers.Outlive("catalogue")
	require.True(t, ok)
	require.True(t, answer.Lasting)
	require.True(t, read.Equal(at))
	for _, never := range []string{"free times", "feed", "unknown"} {
		_, _, ok = answers.Outlive(never)
		require.False(t, ok, never)
	}
	clock.pass(time.Minute)
	_, _, ok = answers.Outlive("catalogue")
	require.False(t, ok, "time alone has made it untrue")

	offer("catalogue", func(ctx context.Context) context.Context { return cache.Lenient(ctx, &outlived) })
	_, _, ok = answers.Outlive("catalogue")
	require.True(t, ok)
	hub.Nudge(live.Catalogue("town"))
	_, _, ok = answers.Outlive("catalogue")
	require.False(t, ok, "it has changed")
}
