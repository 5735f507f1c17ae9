package cache_test

import (
	"context"
	crand "crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/cache"
	"nelke/internal/live"
)

func (*local) Weight() int { return 100 }

func TestSecondLevel(t *testing.T) {
	t.Parallel()
	url := shared(t)

	t.Run("spares the other process the read, and says how old and how long true the value is", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		s := source{until: time.Now().Add(time.Hour)}
		s.value.Store(7)
		read(t, t.Context(), a.Cache, &s)
		a.stored(t)
		ctx, deps := cache.Collect(t.Context())
		require.Equal(t, int64(7), read(t, ctx, b.Cache, &s))
		require.Equal(t, int64(1), s.reads.Load())
		require.Equal(t, uint64(1), b.Stats().SecondHits)
		require.True(t, s.until.Equal(deps.ValidUntil()))
		require.Equal(t, int64(7), read(t, t.Context(), b.Cache, &s))
		require.Equal(t, uint64(1), b.Stats().Hits)

		require.Equal(t, int64(1), s.reads.Load())
	})

	t.Run("doesn't serve what is older than the reader accepts, counted from the first reading", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		var s source
		read(t, t.Context(), a.Cache, &s)
		a.stored(t)
		until(t, func() bool {
			left, err := a.client.PTTL(t.Context(), a.relay.Name("value", ":key")).Result()
			return err == nil && left < 9800*time.Millisecond
		})
		s.value.Store(1)
		young := younger(t.Context(), 200*time.Millisecond)
		require.Equal(t, int64(1), read(t, young, b.Cache, &s))
	})

	t.Run("is left alone for a second after three failures in a row", func(t *testing.T) {
		t.Parallel()
		p := newProcess(t, url, crand.Text(), "").run(t)
		clock := newClock()
		c := cache.New(cache.Config{Hub: p.hub, Relay: p.relay, Now: clock.now})
		t.Cleanup(c.Close)
		broken := p.relay.Name("value", ":key")
		require.NoError(t, p.client.LPush(t.Context(), broken, "not a string").Err())
		var s source
		counts := func(reads int) (failed, skipped uint64) {
			for range reads {
				read(t, younger(t.Context(), 1), c, &s)
				clock.pass(1) // too old then
			}
			return c.Stats().Failed, c.Stats().Skipped
		}
		failed, skipped := counts(5)
		require.Equal(t, []uint64{3, 2}, []uint64{failed, skipped})
		clock.pass(time.Second)
		failed, skipped = counts(2)
		require.Equal(t, []uint64{4, 3}, []uint64{failed, skipped}, "one try a second")
		require.NoError(t, p.client.Del(t.Context(), broken).Err())
		clock.pass(time.Second)
		failed, skipped = counts(10)
		require.Equal(t, []uint64{4, 3}, []uint64{failed, skipped}, "it works again")
		c.Close()
	})

	t.Run("doesn't serve what time alone has made untrue", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		s := source{until: time.Now().Add(300 * time.Millisecond)}
		read(t, t.Context(), a.Cache, &s)
		a.stored(t)
		s.value.Store(1)
		until(t, func() bool { return time.Now().After(s.until) })
		require.Equal(t, int64(1), read(t, t.Context(), b.Cache, &s))
	})

	t.Run("serves nothing from before a nudge", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		var s source
		read(t, t.Context(), a.Cache, &s)
		a.stored(t)
		s.value.Store(1)
		b.nudge(t, a, monday)
		require.Equal(t, int64(1), read(t, t.Context(), a.Cache, &s))
		require.Equal(t, int64(1), read(t, t.Context(), b.Cache, &s))
	})

	t.Run("takes no value that was read before a nudge and comes after it", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		third := a.sibling(t, "").run(t)
		var s source
		entered, open, done := make(chan bool), make(chan bool), make(chan error, 1)
		go func() {
			_, err := cache.Read(t.Context(), a.Cache, "key", []live.Key{monday}, func(ctx context.Context) (int64, time.Time, error) {
				old, until, err := s.fill(ctx)
				entered <- true
				<-open
				return old, until, err
			})
			done <- err
		}()
		<-entered
		s.value.Store(1)
		b.nudge(t, a, monday)
		cold := b.cold(t)
		require.Equal(t, int64(1), read(t, t.Context(), cold, &s))
		cold.Close() // it has stored the new value
		close(open)
		require.NoError(t, <-done)
		a.Close() // it has tried to store the old one
		require.Equal(t, int64(1), read(t, t.Context(), third.Cache, &s))
		require.Equal(t, uint64(1), third.Stats().SecondHits, "the old one hasn't pushed out the new one")
	})

	t.Run("isn't asked about what we nudged until Redis knows of it", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		var s source
		read(t, t.Context(), a.Cache, &s)
		a.stored(t)
		read(t, t.Context(), b.Cache, &s)
		// A batch that can't be sent: the type of one generation is wrong, so the script fails, again and again.
		require.NoError(t, b.client.LPush(t.Context(), b.relay.Generation(tuesday), "x").Err())
		s.value.Store(1)
		b.hub.Nudge(tuesday, monday)
		require.Equal(t, int64(1), read(t, t.Context(), b.Cache, &s), "its own nudge, at once")
		require.Equal(t, uint64(1), b.Stats().Skipped)
		require.NoError(t, b.client.Del(t.Context(), b.relay.Generation(tuesday)).Err())
		until(t, func() bool { return b.relay.Settled(monday, tuesday) })
		until(t, func() bool { return a.relay.Stats().Received > 0 })
		require.Equal(t, int64(1), read(t, t.Context(), a.Cache, &s))
	})

	t.Run("brings no value back when generations are lost", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		var s source
		read(t, t.Context(), a.Cache, &s)
		a.stored(t)
		for range 3 {
			require.NoError(t, a.client.Del(t.Context(), a.relay.Generation(monday)).Err())
			s.value.Add(1)
			b.nudge(t, a, monday)
			cold := b.cold(t)
			require.Equal(t, s.value.Load(), read(t, t.Context(), cold, &s))
			cold.Close()
		}
		s.value.Add(1)
		require.NoError(t, a.client.Del(t.Context(), a.relay.Generation(monday)).Err())
		require.Equal(t, s.value.Load(), read(t, t.Context(), b.cold(t), &s), "lost, and not nudged")
	})

	t.Run("has no part in values that know their weight", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		for _, p := range []*process{a, b, a} {
			v, err := cache.Read(t.Context(), p.Cache, "key", []live.Key{monday},
				func(context.Context) (*local, time.Time, error) {
					return &local{done: make(chan int)}, time.Time{}, nil
				})
			require.NoError(t, err)
			require.NotNil(t, v.done, "it never was JSON")
		}
		a.Close()
		require.Equal(t, uint64(1), a.Stats().Hits)
		require.Zero(t, a.client.Exists(t.Context(), a.relay.Name("value", ":key")).Val())
	})

	t.Run("keeps values of other versions apart", func(t *testing.T) {
		t.Parallel()
		a, _ := two(t, url)
		next := a.sibling(t, "2").run(t)
		var s source
		read(t, t.Context(), a.Cache, &s)
		a.stored(t)
		read(t, t.Context(), next.Cache, &s)
		require.Equal(t, int64(2), s.reads.Load())
	})

	t.Run("doesn't get a value made of other values", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		var s source
		outer := func(p *process) int64 {
			v, err := cache.Read(t.Context(), p.Cache, "outer", []live.Key{tuesday}, func(ctx context.Context) (int64, time.Time, error) {
				v, err := cache.Read(ctx, p.Cache, "key", []live.Key{monday}, s.fill)
				return v, time.Time{}, err
			})
			require.NoError(t, err)
			return v
		}
		outer(a)
		s.value.Store(1)
		b.nudge(t, a, monday)
		require.Equal(t, int64(1), outer(b))
		require.Equal(t, int64(1), outer(a))
	})
}
