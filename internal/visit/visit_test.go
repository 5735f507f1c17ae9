package visit_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"nelke/internal/testbed"
	"nelke/internal/visit"
)

const today, tomorrow = "2026-11-23", "2026-11-24"

// noon is an instant of today.
func noon() time.Time { return time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC) }

func cell(page string) visit.Cell {
	return visit.Cell{Municipality: "municipality_1", Service: "service_1", Page: page}
}

// each runs a test with days in memory and in Redis. made makes another counter of the same days.
func each(t *testing.T, run func(t *testing.T, made func(now func() time.Time) *visit.Counter, shared bool)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		run(t, func(now func() time.Time) *visit.Counter { return visit.NewCounter(nil, now) }, false)
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		client := connect(t, testbed.Redis(t))
		run(t, func(now func() time.Time) *visit.Counter {
			return visit.NewCounter(visit.NewInRedis(client, "test", now), now)
		}, true)
	})
}

func connect(t *testing.T, server *testbed.RedisServer) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(server.URL())
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestAVisitorCountsOnceADayInEachCell(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, made func(func() time.Time) *visit.Counter, _ bool) {
		ctx := t.Context()
		c := made(noon)
		c.View(ctx, today, "192.0.2.1", "Firefox", cell("START"), cell("ALL"))
		c.View(ctx, today, "192.0.2.1", "Firefox", cell("SERVICE"), cell("ALL"))
		c.View(ctx, today, "192.0.2.1", "Chromium", cell("START"), cell("ALL"))
		c.View(ctx, today, "192.0.2.2", "Firefox", cell("START"), cell("ALL"))
		require.Equal(t, []visit.Count{
			{Cell: cell("ALL"), Day: today, Views: 4, Visits: 3},
			{Cell: cell("SERVICE"), Day: today, Views: 1, Visits: 1},
			{Cell: cell("START"), Day: today, Views: 3, Visits: 3},
		}, c.Flush(ctx))
		require.Empty(t, c.Flush(ctx))

		c.View(ctx, today, "192.0.2.1", "Firefox", cell("START"))
		c.View(ctx, tomorrow, "192.0.2.1", "Firefox", cell("START"))
		c.Event(today, cell("REFUSED"))
		require.Equal(t, []visit.Count{
			{Cell: cell("REFUSED"), Day: today, Views: 1},
			{Cell: cell("START"), Day: today, Views: 1},
			{Cell: cell("START"), Day: tomorrow, Views: 1, Visits: 1},
		}, c.Flush(ctx))
	})
}

// What could not be written down is in the next counts, and nobody in it is counted anew.
func TestCountsThatCameBackAreCountedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, made func(func() time.Time) *visit.Counter, _ bool) {
		c := made(noon)
		c.View(t.Context(), today, "192.0.2.1", "Firefox", cell("START"))
		c.Restore(c.Flush(t.Context()))
		c.View(t.Context(), today, "192.0.2.1", "Firefox", cell("START"))
		require.Equal(t, []visit.Count{{Cell: cell("START"), Day: today, Views: 2, Visits: 1}}, c.Flush(t.Context()))
	})
}

// Two processes on one Redis know a visitor between them; each by itself doesn't.
func TestProcessesCountTogetherWhereTheyCan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, made func(func() time.Time) *visit.Counter, shared bool) {
		visits := 0
		for range 2 {
			c := made(noon)
			c.View(t.Context(), today, "192.0.2.1", "Firefox", cell("START"))
			visits += c.Flush(t.Context())[0].Visits
		}
		require.Equal(t, map[bool]int{true: 1, false: 2}[shared], visits)
	})
}

// When a day is over its salt is gone: the same visitor of the same day would be somebody else.
func TestADayIsForgottenWhenItIsOver(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := noon()
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	c := visit.NewCounter(nil, clock)
	visits := func() int {
		c.View(t.Context(), today, "192.0.2.1", "Firefox", cell("START"))
		return c.Flush(t.Context())[0].Visits
	}
	require.Equal(t, 1, visits())
	require.Equal(t, 0, visits())
	mu.Lock()
	now = time.Date(2026, time.November, 24, 2, 0, 0, 0, time.UTC)
	mu.Unlock()
	c.Flush(t.Context())
	require.Equal(t, 1, visits())
}

// Redis has neither addresses nor names of browsers, and nothing without an end.
func TestRedisForgetsByItself(t *testing.T) {
	t.Parallel()
	client := connect(t, testbed.Redis(t))
	c := visit.NewCounter(visit.NewInRedis(client, "test", noon), noon)
	c.View(t.Context(), today, "192.0.2.1", "Firefox", cell("START"))
	require.Len(t, c.Flush(t.Context()), 1)
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 2, "the salt, and one set")
	for _, key := range keys {
		left, err := client.TTL(t.Context(), key).Result()
		require.NoError(t, err)
		require.Positive(t, left)
		require.LessOrEqual(t, left, 14*time.Hour, "until two o'clock")
		dump, err := client.Dump(t.Context(), key).Result()
		require.NoError(t, err)
		require.False(t, strings.Contains(key+dump, "192.0.2.1") || strings.Contains(key+dump, "Firefox"))
	}
}

// away is a Redis that doesn't answer.
type away struct{}

var errAway = errors.New("away")

func (away) Salt(context.Context, string) ([]byte, error)                   { return nil, errAway }
func (away) Add(context.Context, string, string, []visit.Mark) (int, error) { return 0, errAway }
func (away) Forget()                                                        {}

func TestWithoutRedisEachCountsForItself(t *testing.T) {
	t.Parallel()
	c := visit.NewCounter(away{}, noon)
	for range 2 {
		c.View(t.Context(), today, "192.0.2.1", "Firefox", cell("START"))
	}
	require.Equal(t, []visit.Count{{Cell: cell("START"), Day: today, Views: 2, Visits: 1}}, c.Flush(t.Context()))
	c.View(t.Context(), today, "192.0.2.1", "Firefox", cell("START"))
	require.Zero(t, c.Flush(t.Context())[0].Visits)
}
