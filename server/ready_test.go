package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/testbed"
	"nelke/server"
)

// readiness is the status of /readyz and what it says of a part.
func (s *service) readiness(part string) (int, string) {
	s.t.Helper()
	got := s.do(http.MethodGet, "/readyz", "")
	return got.status, gjson.Get(got.body, "parts."+part).String()
}

// superuser runs statements on a PostgreSQL of the test's own.
func superuser(t *testing.T, db *testbed.PostgresServer, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.URL())
	require.NoError(t, err)
	defer conn.Close(t.Context())
	for _, s := range statements {
		_, err := conn.Exec(t.Context(), s)
		require.NoError(t, err, s)
	}
}

const endOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`

func TestReadiness(t *testing.T) {
	t.Parallel()

	t.Run("a server that only reads: unready until it writes again, and then no write fails", func(t *testing.T) {
		t.Parallel()
		db := testbed.OwnPostgres(t)
		s := start(t, func(cfg *server.Config) { cfg.DatabaseURL = db.URL(); cfg.Unlimited() })
		status, _ := s.readiness("database")
		require.Equal(t, http.StatusOK, status)
		superuser(t, db, `ALTER DATABASE postgres SET default_transaction_read_only = on`, endOthers)
		require.Eventually(t, func() bool { // the first may meet a connection that was ended
			refused := strings.Contains(s.open(), "UNAVAILABLE")
			status, says := s.readiness("database")
			return refused && status == http.StatusServiceUnavailable && says == "takes no writes"
		}, patience, 10*time.Millisecond)
		require.Contains(t, s.graph(`{ viewer { case { id } } }`, nil, "Authorization", "Bearer "+identity.NewCaseKey()).body, `"data"`, "reads go on")

		superuser(t, db, `SET default_transaction_read_only = off`, `ALTER DATABASE postgres RESET default_transaction_read_only`)
		require.Eventually(t, func() bool {
			var all sync.WaitGroup
			var failed atomic.Int32
			for range 60 {
				all.Go(func() {
					if !strings.Contains(s.open(), `"case_`) {
						failed.Add(1)
					}
				})
			}
			all.Wait()
			return failed.Load() == 0
		}, patience, 10*time.Millisecond)
		status, _ = s.readiness("database")
		require.Equal(t, http.StatusOK, status)
	})

	t.Run("a schema of another version: unready once a statement has met it", func(t *testing.T) {
		t.Parallel()
		db := testbed.OwnPostgres(t)
		s := start(t, func(cfg *server.Config) { cfg.DatabaseURL = db.URL() })
		superuser(t, db, `ALTER TABLE cases RENAME COLUMN language TO former`)
		require.Contains(t, s.graph(`{ viewer { case { id } } }`, nil, "Authorization", "Bearer "+identity.NewCaseKey()).body, "INTERNAL")
		status, says := s.readiness("database")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Equal(t, "of another version", says)
	})

	t.Run("a Redis that takes no writes is named, and nothing to be unready for", func(t *testing.T) {
		t.Parallel()
		redis := testbed.Redis(t)
		s := start(t, func(cfg *server.Config) { cfg.RedisURL = redis.URL() })
		says := func(want string) func() bool {
			return func() bool {
				status, got := s.readiness("redis")
				require.Equal(t, http.StatusOK, status)
				return got == want
			}
		}
		require.Eventually(t, says("heard"), patience, 10*time.Millisecond)
		setRedis(t, redis, "min-replicas-to-write", "1")
		require.Eventually(t, says("heard, takes no writes"), patience, 10*time.Millisecond)
		require.Contains(t, s.do(http.MethodGet, "/metrics", "").body, "nelke_relay_takes_writes 0")
		setRedis(t, redis, "min-replicas-to-write", "0")
		require.Eventually(t, says("heard"), patience, 10*time.Millisecond)
	})
}

// TestTwoClocks has a process whose clock is a quarter of an hour ahead of PostgreSQL's.
func TestTwoClocks(t *testing.T) {
	t.Parallel()
	ahead := func(t *testing.T) func(*server.Config) {
		t.Helper()
		database := testbed.Postgres(t)
		return func(cfg *server.Config) {
			cfg.DatabaseURL = database
			cfg.Options.ProcessClock = func() time.Time { return time.Now().Add(15 * time.Minute) }
		}
	}

	t.Run("readings go by the database's", func(t *testing.T) {
		t.Parallel()
		s := start(t, ahead(t), func(cfg *server.Config) { cfg.ClockLimit = time.Hour })
		status, _ := s.readiness("database")
		require.Equal(t, http.StatusOK, status)
		_, clock := s.readiness("clock")
		require.Regexp(t, `^database ahead by -(15m0|14m59)`, clock)
		require.Contains(t, s.do(http.MethodGet, "/metrics", "").body, "nelke_database_clock_ahead_seconds -")

		town := s.graph(`{ municipality(by: {slug: "blomberg"}) { offices { id } } publicService(by: {slug: {municipality: "blomberg", service: "personalausweis"}}) { id } }`, nil).body
		office, service := gjson.Get(town, "data.municipality.offices.0.id").String(), gjson.Get(town, "data.publicService.id").String()
		free := func() []gjson.Result {
			got := s.graph(`query($in: AvailabilityInput!) { availability(input: $in) { days { starts } } }`, map[string]any{"in": map[string]any{
				"office": office, "concerns": []map[string]any{{"service": service}}, "days": 14,
			}}).body
			return gjson.Get(got, "data.availability.days.#.starts|@flatten").Array()
		}
		starts := free()
		require.NotEmpty(t, starts)
		start := starts[len(starts)-1].String()
		for range 2 { // both counters
			key := identity.NewCaseKey()
			opened := s.graph(openCase, openCaseInput(key)).body
			require.Contains(t, opened, `"case_`)
			held := s.graph(`mutation($in: HoldSlotInput!) { holdSlot(input: $in) { appointment { status heldUntil heldForSeconds } problems { code } } }`, map[string]any{"in": map[string]any{
				"idempotencyKey": "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11", "office": office, "start": start, "concerns": []map[string]any{{"service": service}},
			}}, "Authorization", "Bearer "+key).body
			a := gjson.Get(held, "data.holdSlot.appointment")
			require.Equal(t, "HELD", a.Get("status").String(), held)
			require.NotEmpty(t, a.Get("heldUntil").String(), held)
			require.Positive(t, a.Get("heldForSeconds").Int(), held)
		}
		for _, other := range free() {
			require.NotEqual(t, start, other.String(), "both counters are held")
		}
	})

	t.Run("too far apart: unready, and said in the log", func(t *testing.T) {
		t.Parallel()
		s := start(t, ahead(t))
		status, says := s.readiness("database")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Equal(t, "clock too far away", says)
		require.Eventually(t, func() bool {
			for line := range strings.Lines(s.log.String()) {
				var entry struct{ Level, Msg string }
				if json.Unmarshal([]byte(line), &entry) == nil && entry.Level == "ERROR" && strings.Contains(entry.Msg, "clocks") {
					return true
				}
			}
			return false
		}, patience, 10*time.Millisecond)
	})
}

func setRedis(t *testing.T, redis *testbed.RedisServer, name, value string) {
	t.Helper()
	client, err := live.Open(redis.URL())
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.ConfigSet(t.Context(), name, value).Err())
}
