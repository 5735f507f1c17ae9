package live_test

import (
	"context"
	"crypto/rand"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"nelke/internal/live"
	"nelke/internal/testbed"
)

// process is a hub with its relay, as each process of an installation has them.
type process struct {
	*live.Hub
	relay  *live.Relay
	client redis.UniversalClient
	stop   func() // cancels Run and waits for its end
}

// newProcess has its relay, which doesn't run yet.
func newProcess(t *testing.T, url string, cfg live.RelayConfig) *process {
	t.Helper()
	client, err := live.Open(url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	hub := live.NewHub()
	return &process{Hub: hub, relay: live.NewRelay(client, hub, cfg), client: client, stop: func() {}}
}

func (p *process) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.relay.Run(ctx) }()
	var stopped bool
	p.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.ErrorIs(t, <-done, context.Canceled)
		}
	}
	t.Cleanup(p.stop)
	until(t, func() bool { return p.relay.Heard() && p.relay.Settled() })
}

// two are two processes of one installation that hear each other.
func two(t *testing.T, url string) (a, b *process) {
	t.Helper()
	cfg := live.RelayConfig{Prefix: rand.Text()}
	a, b = newProcess(t, url, cfg), newProcess(t, url, cfg)
	a.run(t)
	b.run(t)
	return a, b
}

// shared is a Redis that other tests may use at the same time.
func shared(t *testing.T) string {
	t.Helper()
	if url := os.Getenv("NELKE_TEST_REDIS_URL"); url != "" {
		return url
	}
	return testbed.Redis(t).URL()
}

func until(t *testing.T, cond func() bool) {
	t.Helper()
	require.Eventually(t, cond, 15*time.Second, time.Millisecond)
}

func wakes(t *testing.T, w *live.Watch) {
	t.Helper()
	select {
	case <-w.C():
	case <-time.After(15 * time.Second):
		t.Fatal("nobody woke the watch")
	}
}

func TestRelay(t *testing.T) {
	t.Parallel()
	url := shared(t)

	t.Run("carries a nudge to the other process and wakes the own one once", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		here, there, back := a.Watch(monday), b.Watch(monday), a.Watch(tuesday)
		stamp := b.Stamp(monday)
		a.Nudge(monday)
		require.True(t, awake(here), "before Nudge returns")
		wakes(t, there)
		require.False(t, b.Holds(stamp))

		unchanged := a.Stamp(monday)
		b.Nudge(tuesday) // comes over the channel after a's own message
		wakes(t, back)
		require.False(t, awake(here))
		require.True(t, a.Holds(unchanged))
		until(t, func() bool { return a.relay.Settled(monday) }) // Redis' answer may come after the message
		require.Equal(t, live.Stats{Published: 1, Received: 1}, a.relay.Stats())
	})

	t.Run("keeps installations apart", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		other := newProcess(t, url, live.RelayConfig{Prefix: rand.Text()})
		other.run(t)
		stamp, w := other.Stamp(monday), b.Watch(monday)
		a.Nudge(monday)
		wakes(t, w)
		marker := `{"from":"x","keys":["marker"]}`
		require.NoError(t, other.client.Publish(t.Context(), other.relay.Name("live", "nudge"), marker).Err())
		until(t, func() bool { return other.relay.Stats().Received == 1 })
		require.True(t, other.Holds(stamp))
	})

	t.Run("is not settled from the nudge on until Redis has it", func(t *testing.T) {
		t.Parallel()
		p := newProcess(t, url, live.RelayConfig{Prefix: rand.Text()})
		require.True(t, p.relay.Settled(monday))
		p.Nudge(monday)
		require.False(t, p.relay.Settled(tuesday, monday))
		require.True(t, p.relay.Settled(tuesday))
		p.run(t)
		until(t, func() bool { return p.relay.Settled(monday) })
		n, err := p.client.Get(t.Context(), p.relay.Generation(monday)).Int64()
		require.NoError(t, err)
		require.Positive(t, n)
	})

	t.Run("is not settled before the epoch changes", func(t *testing.T) {
		t.Parallel()
		keys := make([]live.Key, 4000) // many, to make the moment long in which it could be
		for i := range keys {
			keys[i] = live.Case(strconv.Itoa(i))
		}
		for range 20 {
			p := newProcess(t, url, live.RelayConfig{Prefix: rand.Text()}) // never runs, so nothing ever settles
			before, ready, settled := p.Stamp(keys[0]), make(chan bool), make(chan bool)
			go func() {
				close(ready)
				for p.Holds(before) {
					runtime.Gosched()
				}
				settled <- p.relay.Settled(keys[0])
			}()
			<-ready
			p.Nudge(keys...)
			require.False(t, <-settled, "a reader could keep Redis' old value under the new epoch")
		}
	})

	t.Run("sends everything when too much waits", func(t *testing.T) {
		t.Parallel()
		cfg := live.RelayConfig{Prefix: rand.Text()}
		a, b := newProcess(t, url, cfg), newProcess(t, url, cfg)
		for i := range 5000 {
			a.Nudge(live.Case(strconv.Itoa(i)))
		}
		require.False(t, a.relay.Settled(monday), "monday is part of everything")
		b.run(t)
		w := b.Watch(monday)
		a.run(t)
		wakes(t, w)
		until(t, func() bool { return a.relay.Settled() })
		require.Equal(t, uint64(1), a.relay.Stats().Published)
	})

	t.Run("sends what waits when it is told to stop", func(t *testing.T) {
		t.Parallel()
		a, b := two(t, url)
		w := b.Watch(monday)
		a.Nudge(monday)
		a.stop()
		wakes(t, w)
	})

	t.Run("treats a message that it can't read as a change of everything", func(t *testing.T) {
		t.Parallel()
		a, _ := two(t, url)
		w := a.Watch(monday)
		require.NoError(t, a.client.Publish(t.Context(), a.relay.Name("live", "nudge"), "{").Err())
		wakes(t, w)
	})

	t.Run("hears for one second after the last message", func(t *testing.T) {
		t.Parallel()
		var clock atomic.Int64
		clock.Store(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC).UnixNano())
		p := newProcess(t, url, live.RelayConfig{
			Prefix: rand.Text(),
			Now:    func() time.Time { return time.Unix(0, clock.Load()) },
		})
		require.False(t, p.Heard(), "not subscribed yet")
		p.run(t)
		p.stop()
		clock.Add(int64(time.Second - 1))
		require.True(t, p.Heard())
		clock.Add(1)
		require.False(t, p.Heard())
	})
}

func TestRelayWithoutRedis(t *testing.T) {
	t.Parallel()

	t.Run("killed and restarted: what was nudged meanwhile arrives, and everything is read again", func(t *testing.T) {
		t.Parallel()
		server := testbed.Redis(t)
		a, b := two(t, server.URL())
		server.Kill()
		until(t, func() bool { return !a.Heard() && !b.Heard() })
		w, other := b.Watch(monday), b.Stamp(tuesday)
		a.Nudge(monday)
		server.Restart()
		wakes(t, w)
		until(t, func() bool { return a.Heard() && b.Heard() && a.relay.Settled() && b.relay.Settled() })
		require.False(t, b.Holds(other), "a nudge of it may have been lost")
		require.Positive(t, b.relay.Stats().Reconnects)
		require.Positive(t, a.relay.Stats().Failed)

		until(t, func() bool { return a.relay.Stats().Published == 1 })
		for awake(w) { // the wakes of the reconnect
		}
		received := b.relay.Stats().Received
		a.Nudge(monday)
		until(t, func() bool { return b.relay.Stats().Received > received })
		wakes(t, w)
	})

	t.Run("connection cut: the silent reconnect is noticed", func(t *testing.T) {
		t.Parallel()
		server := testbed.Redis(t)
		a, b := two(t, server.URL())
		w, stamp := b.Watch(monday), b.Stamp(tuesday)
		require.NoError(t, a.client.Do(t.Context(), "client", "kill", "type", "pubsub").Err())
		wakes(t, w)
		require.False(t, b.Holds(stamp))
	})

	t.Run("frozen: not heard after a second, Nudge doesn't wait, all arrives after the thaw", func(t *testing.T) {
		t.Parallel()
		server := testbed.Redis(t)
		a, b := two(t, server.URL())
		w := b.Watch(monday)
		server.Pause()
		frozen := time.Now()
		a.Nudge(monday)
		require.Less(t, time.Since(frozen), 100*time.Millisecond)
		until(t, func() bool { return !a.Heard() && !b.Heard() })
		require.Less(t, time.Since(frozen), 1500*time.Millisecond)
		require.False(t, a.relay.Settled(monday))
		server.Resume()
		wakes(t, w)
		until(t, func() bool { return a.Heard() && b.Heard() && a.relay.Settled() })
	})

	t.Run("heard, and takes no writes: it is noticed, and so is the end of it", func(t *testing.T) {
		t.Parallel()
		server := testbed.Redis(t)
		a, _ := two(t, server.URL())
		until(t, a.relay.Takes)
		require.NoError(t, a.client.ConfigSet(t.Context(), "min-replicas-to-write", "1").Err())
		until(t, func() bool { return !a.relay.Takes() })
		require.True(t, a.relay.Heard())
		require.NoError(t, a.client.ConfigSet(t.Context(), "min-replicas-to-write", "0").Err())
		until(t, a.relay.Takes)
	})

	t.Run("frozen: stops within three seconds", func(t *testing.T) {
		t.Parallel()
		server := testbed.Redis(t)
		a, _ := two(t, server.URL())
		server.Pause()
		a.Nudge(monday)
		until(t, func() bool { return !a.Heard() })
		start := time.Now()
		a.stop()
		require.Less(t, time.Since(start), 3*time.Second)
	})
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]any{
		"redis://localhost:1/2":                              &redis.Client{},
		"unix:///run/redis.sock":                             &redis.Client{},
		"redis://localhost:1?addr=localhost:2":               &redis.ClusterClient{},
		"redis://localhost:1?master_name=m&addr=localhost:2": &redis.Client{},
	} {
		client, err := live.Open(url)
		require.NoError(t, err, url)
		require.IsType(t, want, client, url)
		require.NoError(t, client.Close())
	}
	cluster, err := live.Open("redis://localhost:1?addr=localhost:2")
	require.NoError(t, err)
	defer cluster.Close()
	require.Equal(t, time.Second, cluster.(*redis.ClusterClient).Options().ClusterStateReloadInterval, "or it is deaf for a minute after a failover")
	for _, url := range []string{"", "localhost:6379", "http://x:geheim@y", "redis://x:geheim@y\x7f", "redis://x:geheim@y?no=1"} {
		_, err := live.Open(url)
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), "geheim")
	}
}
