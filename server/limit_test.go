package server

import (
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"nelke/internal/live"
	"nelke/internal/portal"
	"nelke/internal/testbed"
)

// TestARateIsKeptAndItsWaitIsTrue counts in Redis and without it.
func TestARateIsKeptAndItsWaitIsTrue(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]func(*testing.T) redis.UniversalClient{
		"in memory": func(*testing.T) redis.UniversalClient { return nil },
		"in Redis": func(t *testing.T) redis.UniversalClient {
			t.Helper()
			client, err := live.Open(testbed.Redis(t).URL())
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, client.Close()) })
			return client
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLimits(client(t), "nelke", time.Now)
			l.patience = 5 * time.Second
			bookings, holds := l.per("bookings", 24*time.Hour, 2), l.per("holds", time.Minute, 1)
			require.Nil(t, l.per("nothing", time.Hour, 0))
			take := func(r portal.Limiter, key string, times int) time.Duration {
				wait, err := r.Take(t.Context(), key, times)
				require.NoError(t, err)
				return wait
			}
			full := func(r portal.Limiter, key string, times int) time.Duration {
				wait, err := r.Full(t.Context(), key, times)
				require.NoError(t, err)
				return wait
			}
			require.Zero(t, full(bookings, "a", 1))
			require.Zero(t, take(bookings, "a", 1))
			require.Zero(t, take(bookings, "a", 1))
			require.Positive(t, full(bookings, "a", 1))
			require.Zero(t, full(bookings, "a", 2))
			require.Zero(t, take(bookings, "b", 1), "each key for itself")
			require.Zero(t, take(holds, "a", 1), "each limit for itself")

			begun := time.Now()
			wait := take(bookings, "a", 1)
			require.Greater(t, wait, 23*time.Hour)
			require.LessOrEqual(t, wait, 24*time.Hour+time.Second)
			wait = take(holds, "a", 1)
			require.LessOrEqual(t, wait, time.Minute+time.Second)
			require.False(t, begun.Add(wait).Before(begun.Add(time.Minute-2*time.Second)), "%s", wait)
		})
	}
}

// Nobody who waits as long as the refusal says is refused once more: the end is known to the second, cut off.
func TestTheWaitIsNeverTooShort(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := newLimits(nil, "nelke", func() time.Time { return now })
	r := l.per("short", 2*time.Second, 1)
	begun := time.Now()
	_, err := r.Take(t.Context(), "a", 1)
	require.NoError(t, err)
	wait, err := r.Take(t.Context(), "a", 1)
	require.NoError(t, err)
	require.Positive(t, wait)
	require.False(t, now.Add(wait).Before(begun.Add(2*time.Second)), "%s", wait)
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	proxies, exempt := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, exempt{[]netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/28"), netip.MustParsePrefix("2001:db8:7::/48"), netip.MustParsePrefix("192.0.2.9/30"), netip.MustParsePrefix("192.0.0.0/16"),
	}, 100}
	for _, c := range []struct {
		remote, forwarded string
		parts             string
	}{
		{"198.51.100.1:1234", "", "[{198.51.100.1 1}]"},
		{"198.51.100.1:1234", "192.0.2.1", "[{198.51.100.1 1}]"}, // no proxy of ours: a stranger's word
		{"10.1.1.1:1234", "192.0.2.1", "[{192.0.2.0/28 100}]"},
		{"10.1.1.1:1234", "192.0.2.11", "[{192.0.2.8/30 100}]"},
		{"10.1.1.1:1234", "192.0.2.17", "[{192.0.0.0/16 100}]"},
		{"10.1.1.1:1234", "192.1.2.17", "[{192.1.2.17 1}]"},
		{"[2001:db8:1:2:3::4]:99", "", "[{2001:db8:1:2::/64 1} {2001:db8:1::/56 2} {2001:db8:1::/48 8}]"},
		{"[2001:db8:7:2:3::4]:99", "", "[{2001:db8:7::/48 100}]"},
		{"[::ffff:198.51.100.1]:99", "", "[{198.51.100.1 1}]"},
		{"@", "", "[{unknown 1}]"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/graphql", nil)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-For", c.forwarded)
		n := networkOf(r, proxies, exempt)
		require.Equal(t, c.parts, fmt.Sprint(n.Parts), "%+v", c)
		require.False(t, n.Exempt, "%+v", c)
		without := exempt
		without.times = 0
		require.Equal(t, strings.Contains(c.parts, " 100}"), networkOf(r, proxies, without).Exempt, "0 is any number: %+v", c)
	}
}

func TestLimitsOfAConfiguration(t *testing.T) {
	t.Parallel()
	cfg := Defaults()
	require.NoError(t, cfg.Check())
	require.NotNil(t, cfg.limits(nil).Bookings)
	cfg.HoldsPerHour, cfg.ExemptTimes, cfg.ExemptNetworks = -1, -1, []string{"library"}
	err := cfg.Check()
	require.ErrorContains(t, err, "NELKE_HOLDS_PER_HOUR must be from 0")
	require.ErrorContains(t, err, "NELKE_EXEMPT_TIMES must be from 0")
	require.ErrorContains(t, err, `"library" is none`)
	cfg = Defaults()
	cfg.Unlimited()
	require.NoError(t, cfg.Check())
	require.Nil(t, cfg.limits(nil).Bookings)
}
