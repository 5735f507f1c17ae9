package cache_test

import (
	"context"
	crand "crypto/rand"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/cache"
	"nelke/internal/live"
	"nelke/internal/testbed"
)

// Writers change numbers and nudge, here and there, while slow readers fill both caches. After a nudge got through,
// nobody may get the number from before it: not from memory, and not from Redis.
func TestNobodyReadsStaleAfterANudge(t *testing.T) {
	t.Parallel()
	a, b := two(t, shared(t))
	both := []*process{a, b}
	const numbers, rounds = 5, 100
	var table [numbers]atomic.Int64

	get := func(ctx context.Context, c *cache.Cache, n int, slow bool) (int64, error) {
		return cache.Read(ctx, c, strconv.Itoa(n), []live.Key{live.Case(strconv.Itoa(n))},
			func(ctx context.Context) (int64, time.Time, error) {
				v := table[n].Load()
				if slow { // the database has answered, the answer is on its way
					pause(ctx, 3*time.Millisecond)
				}
				return v, time.Time{}, ctx.Err()
			})
	}

	ctx, cancel := context.WithCancel(t.Context())
	var readers, writers sync.WaitGroup
	for i := range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				_, _ = get(ctx, both[i%2].Cache, rand.IntN(numbers), true)
				pause(ctx, time.Millisecond)
			}
		})
	}
	var checks, stale, second atomic.Int64
	check := func(c *cache.Cache, n int, now int64) {
		checks.Add(1)
		if v, err := get(t.Context(), c, n, false); err != nil || v < now {
			stale.Add(1)
		}
	}
	for n := range numbers {
		writers.Go(func() {
			key := live.Case(strconv.Itoa(n))
			for range rounds {
				i := rand.IntN(2)
				writer, other := both[i], both[1-i]
				heard := other.hub.Stamp(key)
				now := table[n].Add(1)
				writer.hub.Nudge(key)
				check(writer.Cache, n, now) // at once
				for t.Context().Err() == nil && (!writer.relay.Settled(key) || other.hub.Holds(heard)) {
					pause(t.Context(), 100*time.Microsecond)
				}
				check(writer.Cache, n, now)
				check(other.Cache, n, now)
				pause(t.Context(), 5*time.Millisecond) // what slow readers have begun before comes in
				cold := other.cold(t)
				check(cold, n, now) // only Redis can have it
				cold.Close()
				second.Add(int64(cold.Stats().SecondHits))
			}
		})
	}
	writers.Wait()
	cancel()
	readers.Wait()
	require.Equal(t, int64(numbers*rounds*4), checks.Load())
	require.Zero(t, stale.Load(), "stale of %d", checks.Load())
	t.Logf("%d checks, %d of them answered by Redis, %+v, %+v", checks.Load(), second.Load(), a.Stats(), b.Stats())
	require.Positive(t, second.Load(), "otherwise the second level wasn't tried")
}

// pause lets up to d pass: the latency of a database, or the leisure of a reader.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(rand.N(d)):
	case <-ctx.Done():
	}
}

func TestRedisGone(t *testing.T) {
	t.Parallel()

	t.Run("killed and restarted: nothing from before is served, and the second level works again", func(t *testing.T) {
		t.Parallel()
		server := testbed.Redis(t)
		a, b := two(t, server.URL())
		var s source
		read(t, t.Context(), a.Cache, &s)
		read(t, t.Context(), b.Cache, &s)
		server.Kill()
		until(t, func() bool { return !a.relay.Heard() && !b.relay.Heard() })
		s.value.Store(1)
		a.hub.Nudge(monday)
		require.Equal(t, int64(1), read(t, t.Context(), a.Cache, &s), "the writer's process knows")
		server.Restart()
		until(t, func() bool { return a.connected() && b.connected() })
		require.Equal(t, int64(1), read(t, t.Context(), b.Cache, &s))

		s.value.Store(2)
		b.nudge(t, a, monday)
		until(t, func() bool { return a.connected() && b.connected() })
		require.Equal(t, int64(2), read(t, t.Context(), a.Cache, &s))
		require.Equal(t, int64(2), read(t, t.Context(), b.Cache, &s))
		a.stored(t)
	})

	t.Run("frozen: reads are answered, the age limit is a second, and only the first readers wait", func(t *testing.T) {
		t.Parallel()
		server := testbed.Redis(t)
		a, _ := two(t, server.URL())
		var s source
		read(t, t.Context(), a.Cache, &s)
		filled := time.Now()
		server.Pause()
		s.value.Store(1) // by another process, whose nudge can't reach us

		var slowest, total time.Duration
		for i := range 200 {
			begin := time.Now()
			_, err := cache.Read(t.Context(), a.Cache, "other"+strconv.Itoa(i), []live.Key{tuesday}, s.fill)
			require.NoError(t, err)
			slowest = max(slowest, time.Since(begin))
			total += time.Since(begin)
		}
		require.Less(t, slowest, time.Second)
		require.Less(t, total, 5*time.Second, "fifty milliseconds each would be ten seconds")
		require.GreaterOrEqual(t, a.Stats().Failed, uint64(1))

		until(t, func() bool { return !a.relay.Heard() })
		require.Less(t, time.Since(filled), 3*time.Second)
		until(t, func() bool { return read(t, t.Context(), a.Cache, &s) == 1 })
		require.Less(t, time.Since(filled), 3*time.Second, "with Redis it would be ten")
		t.Logf("slowest read %v, 200 reads %v, stale for %v, %+v", slowest, total, time.Since(filled), a.Stats())
		server.Resume()
		until(t, a.connected)
	})

	t.Run("never there: reads work, and nothing waits", func(t *testing.T) {
		t.Parallel()
		p := newProcess(t, "unix:///nowhere/redis.sock", crand.Text(), "")
		var s source
		require.Zero(t, read(t, t.Context(), p.Cache, &s))
		require.Equal(t, uint64(1), p.Stats().Skipped)
	})
}
