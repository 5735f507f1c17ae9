package cache_test

import (
	"context"
	crand "crypto/rand"
	"os"
	"testing"

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
