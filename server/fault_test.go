package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"nelke/internal/identity"
	"nelke/internal/testbed"
	"nelke/server"
)

func TestPostgreSQL(t *testing.T) {
	t.Parallel()

	t.Run("away: 503 with Retry-After for queries and mutations, and well again by itself", func(t *testing.T) {
		t.Parallel()
		database := testbed.OwnPostgres(t)
		s := start(t, func(cfg *server.Config) { cfg.DatabaseURL = database.URL() })
		key := identity.NewCaseKey()
		const viewer = `{ viewer { case { id } } }`
		require.Contains(t, s.graph(openCase, openCaseInput(key)).body, `"case_`)
		require.Contains(t, s.graph(viewer, nil, "Authorization", "Bearer "+key).body, `"case_`)

		database.Kill()
		for _, got := range []answer{
			s.graph(viewer, nil, "Authorization", "Bearer "+key),
			s.graph(viewer, nil, "Authorization", "Bearer "+key, "Accept", "application/graphql-response+json"),
			s.graph(openCase, openCaseInput(identity.NewCaseKey())),
		} {
			require.Equal(t, http.StatusServiceUnavailable, got.status, got.body)
			require.NotEmpty(t, got.header.Get("Retry-After"))
			require.Equal(t, "UNAVAILABLE", firstCode(t, got))
			require.NotContains(t, strings.ToLower(got.body), "sql")
			require.NotContains(t, got.body, "127.0.0.1")
		}
		export := s.do(http.MethodGet, "/export/xzufi.xml", "")
		require.Equal(t, http.StatusServiceUnavailable, export.status, export.body)
		require.NotEmpty(t, export.header.Get("Retry-After"))
		require.Equal(t, "private, no-store", export.header.Get("Cache-Control"))
		require.Equal(t, "UNAVAILABLE", firstCode(t, export))
		ready := s.do(http.MethodGet, "/readyz", "")
		require.Equal(t, http.StatusServiceUnavailable, ready.status)
		require.Contains(t, ready.body, `"database":"not reached"`)
		require.Equal(t, http.StatusOK, s.do(http.MethodGet, "/livez", "").status)

		database.Restart()
		require.Eventually(t, func() bool { return s.do(http.MethodGet, "/readyz", "").status == http.StatusOK }, patience, 20*time.Millisecond)
		require.Contains(t, s.graph(viewer, nil, "Authorization", "Bearer "+key).body, `"case_`)
		require.Equal(t, http.StatusOK, s.do(http.MethodGet, "/export/xzufi.xml", "").status)
	})

	t.Run("hanging: the same, within the time that an operation has", func(t *testing.T) {
		t.Parallel()
		database := testbed.OwnPostgres(t)
		s := start(t, func(cfg *server.Config) { cfg.DatabaseURL = database.URL() })
		key := identity.NewCaseKey()
		const viewer = `{ viewer { case { id } } }`
		const queue = `{ workQueue(input: { municipality: { ars: "` + ars + `" } }) { nodes { id } } }`
		require.Contains(t, s.graph(openCase, openCaseInput(key)).body, `"case_`)
		require.Contains(t, s.graph(viewer, nil, "Authorization", "Bearer "+key).body, `"case_`)
		page := s.do(http.MethodGet, "/sandbox/pay/sandbox_"+strings.Repeat("a", 26), "")
		require.Equal(t, http.StatusNotFound, page.status)
		clerk := "Bearer " + s.token("CLERK@"+ars)

		database.Pause()
		partner := "Bearer nelke_partner_" + strings.Repeat("A", 43)
		const modern = "application/graphql-response+json"
		asked := map[string]func() answer{
			"viewer":         func() answer { return s.graph(viewer, nil, "Authorization", "Bearer "+key) },
			"viewer, modern": func() answer { return s.graph(viewer, nil, "Authorization", "Bearer "+key, "Accept", modern) },
			"openCase":       func() answer { return s.graph(openCase, openCaseInput(identity.NewCaseKey())) },
			"two fields": func() answer {
				return s.graph(`{ a: viewer { case { id } } b: changes { cursor } }`, nil, "Authorization", "Bearer "+key)
			},
			"work of staff":           func() answer { return s.graph(queue, nil, "Authorization", clerk) },
			"the feed":                func() answer { return s.graph(`{ changes { cursor } }`, nil) },
			"a partner's key":         func() answer { return s.graph(`{ __typename }`, nil, "Authorization", partner) },
			"a partner's key, modern": func() answer { return s.graph(`{ __typename }`, nil, "Authorization", partner, "Accept", modern) },
			"a partner's key by event stream": func() answer {
				return s.graph(`{ __typename }`, nil, "Authorization", partner, "Accept", "text/event-stream")
			},
			"the page of a payment": func() answer { return s.do(http.MethodGet, "/sandbox/pay/sandbox_"+strings.Repeat("a", 26), "") },
			"the export":            func() answer { return s.do(http.MethodGet, "/export/xzufi.xml", "") },
			"the probe":             func() answer { return s.do(http.MethodGet, "/readyz", "") },
		}
		var all sync.WaitGroup
		for name, ask := range asked {
			all.Go(func() {
				begun := time.Now()
				got := ask()
				if took := time.Since(begun); took > 12*time.Second {
					t.Errorf("%s took %s", name, took)
				}
				t.Log(name, time.Since(begun).Round(time.Millisecond), got.status)
				if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
					t.Errorf("%s: %d %s", name, got.status, got.body)
				}
				if strings.HasPrefix(got.body, "{") && name != "the probe" && firstCode(t, got) != "UNAVAILABLE" {
					t.Errorf("%s: %s", name, got.body)
				}
			})
		}
		all.Go(func() {
			begun := time.Now()
			got := s.graph(`subscription { workQueue(input: { municipality: { ars: "`+ars+`" } }) { nodes { id } } }`, nil, "Authorization", clerk, "Accept", "text/event-stream")
			if !strings.Contains(got.body, "UNAVAILABLE") || time.Since(begun) > 12*time.Second {
				t.Errorf("an event stream: %s after %s", got.body, time.Since(begun))
			}
		})
		all.Go(func() {
			begun := time.Now()
			conn := s.dial(t.Context(), map[string]any{"authorization": partner})
			defer conn.CloseNow()
			_, _, err := conn.Read(t.Context())
			if websocket.CloseStatus(err) != websocket.StatusTryAgainLater || time.Since(begun) > 12*time.Second {
				t.Errorf("by WebSocket: %v after %s", err, time.Since(begun))
			}
		})
		all.Wait()

		database.Resume()
		require.Eventually(t, func() bool { return s.do(http.MethodGet, "/readyz", "").status == http.StatusOK }, patience, 20*time.Millisecond)
		require.Contains(t, s.graph(viewer, nil, "Authorization", "Bearer "+key).body, `"case_`)
	})

	t.Run("not migrated: the service says what to do, and does nothing itself", func(t *testing.T) {
		t.Parallel()
		cfg := testConfig(t, nil)
		cfg.DatabaseURL, cfg.Demo = testbed.Postgres(t), false
		err := server.Run(t.Context(), cfg)
		require.ErrorContains(t, err, "run nelke migrate")
		n, err := server.Migrate(t.Context(), cfg, true)
		require.NoError(t, err)
		require.Positive(t, n)
		applied, err := server.Migrate(t.Context(), cfg, false)
		require.NoError(t, err)
		require.Equal(t, n, applied)
		n, err = server.Migrate(t.Context(), cfg, true)
		require.NoError(t, err)
		require.Zero(t, n)
		s := start(t, func(c *server.Config) { c.DatabaseURL, c.Demo = cfg.DatabaseURL, false })
		require.Contains(t, s.do(http.MethodGet, "/readyz", "").body, `"issuer":"off"`)
		require.JSONEq(t, `{"data":{"municipalities":{"totalCount":0}}}`, s.graph(`{ municipalities { totalCount } }`, nil).body)
		require.Equal(t, http.StatusNotFound, s.do(http.MethodGet, "/export/xzufi.xml", "").status, "there is no town yet")
		require.Equal(t, http.StatusNotFound, s.do(http.MethodGet, "/demo/oidc/jwks", "").status)
	})
}

func TestRedis(t *testing.T) {
	t.Parallel()

	t.Run("away at the start and later: slower, and ready all the time", func(t *testing.T) {
		t.Parallel()
		redis := testbed.Redis(t)
		redis.Kill()
		s := start(t, func(cfg *server.Config) { cfg.RedisURL = redis.URL(); cfg.OpeningsPerHour = 1 })
		ready := func(state string) bool {
			got := s.do(http.MethodGet, "/readyz", "")
			require.Equal(t, http.StatusOK, got.status)
			return strings.Contains(got.body, `"redis":"`+state+`"`)
		}
		require.True(t, ready("not heard"))
		require.Contains(t, s.open(), `"case_`)
		require.Contains(t, s.open(), "RATE_LIMITED", "each process counts for itself")

		redis.Restart()
		require.Eventually(t, func() bool { return ready("heard") }, patience, 10*time.Millisecond)
		require.Eventually(t, func() bool { return strings.Contains(s.open(), `"case_`) }, patience, 10*time.Millisecond, "Redis has not counted yet")
		require.Contains(t, s.open(), "RATE_LIMITED")

		redis.Pause()
		begun := time.Now()
		require.Contains(t, s.open(), "RATE_LIMITED")
		require.Less(t, time.Since(begun), 5*time.Second)
		redis.Resume()
	})
}

// open opens a case with a key and an idempotency key of its own.
func (s *service) open(headers ...string) string {
	s.t.Helper()
	key := identity.NewCaseKey()
	hash := identity.HashCaseKey(key)
	input := openCaseInput(key)
	input["i"].(map[string]any)["idempotencyKey"] = fmt.Sprintf("%s-%s-4%s-8%s-%s", hash[:8], hash[8:12], hash[12:15], hash[15:18], hash[18:30])
	return s.graph(openCase, input, headers...).body
}

func TestOpeningsAreLimitedPerNetwork(t *testing.T) {
	t.Parallel()

	t.Run("behind a proxy of ours, by what it says", func(t *testing.T) {
		t.Parallel()
		s := start(t, func(cfg *server.Config) { cfg.OpeningsPerHour, cfg.Proxies = 1, []string{"127.0.0.0/8", "10.0.0.0/8"} })
		for _, step := range []struct {
			forwarded string
			open      bool
		}{
			{"192.0.2.1", true},
			{"192.0.2.1", false},
			{"192.0.2.2", true},
			{"198.51.100.7, 192.0.2.2", false}, // the beginning is a stranger's word
			{"192.0.2.2, 10.1.2.3", false},     // through two proxies
			{"192.0.2.3:4711", true},
			{"192.0.2.3", false}, // with a port
			{"2001:db8:1:2::1", true},
			{"2001:db8:1:2:ffff::2", false},
			{"2001:db8:1:3::1", true}, // a /64 is one network
			{"[2001:db8:1:3::9]:80", false},
			{"2001:db8:1:4::1", false}, // a /56 is one household, and may do as much as two networks
			{"2001:db8:1:100::1", true},
			{"2001:db8:1:100::1", false}, // what is refused isn't counted against the neighbours
			{"2001:db8:1:100::1", false},
			{"2001:db8:1:100::1", false},
			{"2001:db8:1:200::1", true},
			{"2001:db8:1:300::1", true},
			{"2001:db8:1:400::1", true},
			{"2001:db8:1:500::1", true},
			{"2001:db8:1:600::1", true},
			{"2001:db8:1:700::1", false}, // a /48 may do as much as eight
			{"2001:db8:2:700::1", true},
			{"::ffff:192.0.2.1", false},
			{"nonsense", true},
			{"", false}, // then the proxy itself
		} {
			got := s.open("X-Forwarded-For", step.forwarded)
			require.Equal(t, step.open, strings.Contains(got, `"case_`), "%q: %s", step.forwarded, got)
			require.Equal(t, !step.open, strings.Contains(got, "RATE_LIMITED"), "%q: %s", step.forwarded, got)
		}
	})

	t.Run("behind nobody's proxy, whatever is said", func(t *testing.T) {
		t.Parallel()
		s := start(t, func(cfg *server.Config) { cfg.OpeningsPerHour = 1 })
		require.Contains(t, s.open("X-Forwarded-For", "192.0.2.1"), `"case_`)
		require.Contains(t, s.open("X-Forwarded-For", "192.0.2.2"), "RATE_LIMITED")
	})
}

func TestIssuerAway(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token("CLERK@" + ars)
	away := start(t, func(cfg *server.Config) { cfg.Demo, cfg.Issuer = false, "http://127.0.0.1:1/issuer" })
	got := away.graph(`{ viewer { kind } }`, nil, "Authorization", "Bearer "+token)
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.NotEmpty(t, got.header.Get("Retry-After"))
	require.Equal(t, "UNAVAILABLE", firstCode(t, got))
	require.Equal(t, http.StatusOK, away.graph(`{ viewer { kind } }`, nil).status, "whoever sends no token isn't concerned")
	require.Equal(t, http.StatusOK, away.do(http.MethodGet, "/readyz", "").status)
}
