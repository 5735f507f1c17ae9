package cache_test

import (
	"context"
	crand "crypto/rand"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"nelke/internal/cache"
	"nelke/internal/live"
	"nelke/internal/testbed"
)

// process is what each process of an installation has.
type process struct {
	*cache.Cache
	hub    *live.Hub
	relay  *live.Relay
	client redis.UniversalClient

	url, prefix string
}

// newProcess has its relay, which doesn't run yet.
func newProcess(t *testing.T, url, prefix, version string) *process {
	t.Helper()
	client, err := live.Open(url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	p := &process{hub: live.NewHub(), client: client, url: url, prefix: prefix}
	p.relay = live.NewRelay(client, p.hub, live.RelayConfig{Prefix: prefix})
	p.Cache = cache.New(cache.Config{Hub: p.hub, Relay: p.relay, Version: version})
	t.Cleanup(p.Close)
	return p
}

// sibling is one more process of the same installation.
func (p *process) sibling(t *testing.T, version string) *process {
	t.Helper()
	return newProcess(t, p.url, p.prefix, version)
}

func (p *process) run(t *testing.T) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.relay.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
	until(t, p.connected)
	return p
}

// cold is a cache of the same process that has nothing in memory. Once closed, it has stored what it read.
func (p *process) cold(t *testing.T) *cache.Cache {
	c := cache.New(cache.Config{Hub: p.hub, Relay: p.relay})
	t.Cleanup(c.Close)
	return c
}

func (p *process) connected() bool { return p.relay.Heard() && p.relay.Settled() }

// nudge returns when the nudge got through: Redis has it, and the other process has heard it.
func (p *process) nudge(t *testing.T, other *process, k live.Key) {
	t.Helper()
	received := other.relay.Stats().Received
	p.hub.Nudge(k)
	until(t, func() bool { return p.relay.Settled(k) && other.relay.Stats().Received > received })
}

// stored waits for the value of "key" to be in Redis, where it goes after its readers have it.
func (p *process) stored(t *testing.T) {
	t.Helper()
	until(t, func() bool {
		n, err := p.client.Exists(t.Context(), p.relay.Name("value", ":key")).Result()
		return err == nil && n == 1
	})
}

// local is a value that can't leave its process.
type local struct{ done chan int }

func (*local) Weight() int { return 100 }

// shared is a Redis that other tests may use at the same time.
func shared(t *testing.T) string {
	t.Helper()
	if url := os.Getenv("NELKE_TEST_REDIS_URL"); url != "" {
		return url
	}
	return testbed.Redis(t).URL()
}

func two(t *testing.T, url string) (a, b *process) {
	t.Helper()
	prefix := crand.Text() // another run may use the same Redis
	return newProcess(t, url, prefix, "").run(t), newProcess(t, url, prefix, "").run(t)
}

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
		ctx, trace := cache.Collect(t.Context())
		require.Equal(t, int64(7), read(t, ctx, b.Cache, &s))
		require.Equal(t, int64(1), s.reads.Load())
		require.Equal(t, uint64(1), b.Stats().SecondHits)
		require.True(t, s.until.Equal(trace.ValidUntil()))
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
		young := cache.WithMaxAge(t.Context(), 200*time.Millisecond)
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
				read(t, cache.WithMaxAge(t.Context(), 0), c, &s)
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
