package portal_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/cache"
	"nelke/internal/job"
	"nelke/internal/live"
	"nelke/internal/portal"
	"nelke/internal/store"
	"nelke/test/suite"
)

// night is the database of a service whose nightly work the test does itself. asked, where set, runs each time the clock is read
// in that.
type night struct {
	*world
	db     *store.Store
	portal *portal.Portal
	asked  func()
}

func newNight(t *testing.T, b *suite.Backend) *night {
	t.Helper()
	n := &night{world: newWorld(t, b)}
	require.NoError(t, n.Stop()) // what the service does by itself would be in the way
	clock := func() time.Time {
		if n.asked != nil {
			n.asked()
		}
		return n.Clock.Now()
	}
	var err error
	n.db, err = store.Open(t.Context(), store.Config{DatabaseURL: n.Config.DatabaseURL, DataDir: n.Config.Data, Clock: clock})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.db.Close()) })
	for _, table := range []string{"head_digests", "digest_runs"} { // what the service has done at its start, or left half done
		_, err := n.db.WriteDB().ExecContext(t.Context(), "DELETE FROM "+table)
		require.NoError(t, err)
	}
	jobs, err := job.New(n.db, job.Options{Clock: n.Clock.Now})
	require.NoError(t, err)
	hub := live.NewHub()
	remembered := cache.New(cache.Config{Hub: hub, Now: n.Clock.Now})
	t.Cleanup(remembered.Close)
	n.portal = portal.New(portal.Options{Store: n.db, Hub: hub, Cache: remembered, Jobs: jobs, Clock: n.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	return n
}

// many runs an INSERT … SELECT that reads i from 1 to count from a table called numbers.
func (n *night) many(t *testing.T, count int, insert string, args ...any) {
	t.Helper()
	_, err := n.db.WriteDB().ExecContext(t.Context(), fmt.Sprintf(`WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < %d) `, count)+insert, args...)
	require.NoError(t, err)
}

func (n *night) count(t *testing.T, query string, args ...any) (count int) {
	t.Helper()
	require.NoError(t, n.db.ReadDB().QueryRowContext(t.Context(), query, args...).Scan(&count))
	return count
}

// remembered makes that many idempotency rows of a month ago.
func (n *night) remembered(t *testing.T, count int) {
	t.Helper()
	if n.Config.DatabaseURL != "" {
		_, err := n.db.WriteDB().ExecContext(t.Context(), `INSERT INTO idempotencies (scope, key, input_hash, at) SELECT 'old', 'key ' || i, '', $1 FROM generate_series(1, $2) AS i`,
			n.Clock.Now().AddDate(0, -1, 0), count)
		require.NoError(t, err)
		return
	}
	n.many(t, count, `INSERT INTO idempotencies (scope, key, input_hash, at) SELECT 'old', 'key ' || i, '', $1 FROM numbers`, n.Clock.Now().AddDate(0, -1, 0))
}

const oldKeys = `SELECT count(*) FROM idempotencies WHERE scope = 'old'`

func TestANightlyRunThatIsInterruptedGoesOn(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		n := newNight(t, b)
		n.remembered(t, 5500)
		fresh := n.count(t, `SELECT count(*) FROM idempotencies WHERE scope <> 'old'`)
		require.Positive(t, fresh)

		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		slices := 0
		n.asked = func() { // once before each slice
			if slices++; slices == 4 {
				interrupt()
			}
		}
		require.ErrorIs(t, n.portal.ForgetIdempotency(ctx), context.Canceled)
		require.Equal(t, 2500, n.count(t, oldKeys), "three slices are done")
		n.asked = nil
		require.NoError(t, n.portal.ForgetIdempotency(t.Context()))
		require.Zero(t, n.count(t, oldKeys))
		require.Equal(t, fresh, n.count(t, `SELECT count(*) FROM idempotencies`))
	})
}

func TestNobodyWaitsForNightlyWork(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		n := newNight(t, b)
		n.remembered(t, 100_000)
		var over atomic.Bool
		ended := make(chan error, 1)
		begun := time.Now()
		go func() {
			err := n.portal.ForgetIdempotency(t.Context())
			over.Store(true)
			ended <- err
		}()
		slowest, writes := time.Duration(0), 0
		for ; !over.Load(); writes++ {
			asked := time.Now()
			require.NoError(t, n.db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				return tx.Notice.Create().SetSubject("beside").SetKind("beside").SetKey(suite.Key()).SetAt(n.Clock.Now()).Exec(ctx)
			}))
			slowest = max(slowest, time.Since(asked))
		}
		require.NoError(t, <-ended)
		took := time.Since(begun)
		t.Log("100,000 rows in", took, "beside", writes, "writes, the slowest", slowest)
		require.Less(t, slowest, took/5, "in one piece it would be all of it")
		require.Greater(t, writes, 50)
		require.Zero(t, n.count(t, oldKeys))
	})
}

func TestOldDeliveriesAndFormerSecretsAreForgotten(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		n := newNight(t, b)
		now := n.Clock.Now()
		exec := func(query string, args ...any) {
			_, err := n.db.WriteDB().ExecContext(t.Context(), query, args...)
			require.NoError(t, err)
		}
		exec(`INSERT INTO partners (id, municipality_id, name, scopes, status, created_at) VALUES ('partner_1', $1, 'Portal', '[]', 'ACTIVE', $2)`, n.town(t), now)
		for id, until := range map[string]time.Time{"endpoint_over": now, "endpoint_valid": now.Add(time.Hour)} {
			exec(`INSERT INTO webhook_endpoints (id, partner_id, municipality_id, url, types, secret, former_secret, former_secret_until, status, position, created_at)
				VALUES ($1, 'partner_1', $2, 'https://example.org', '[]', 'sealed', 'sealed before', $3, 'PAUSED', 0, $4)`, id, n.town(t), until, now)
		}
		for _, old := range []struct {
			status string
			days   int
			fault  string
		}{{"DELIVERED", 31, ""}, {"DELIVERED", 29, ""}, {"DEAD", 91, "timeout"}, {"DEAD", 89, "timeout"}} {
			n.many(t, 1100, `INSERT INTO webhook_deliveries (id, endpoint_id, changes, position, status, fault, created_at, ended_at)
				SELECT 'delivery_`+old.status+fmt.Sprint(old.days)+`_' || i, 'endpoint_over', '[]', 1, $1, $2, $3, $3 FROM numbers`, old.status, old.fault, now.AddDate(0, 0, -old.days))
		}
		require.NoError(t, n.portal.TendWebhooks(t.Context()))
		require.Equal(t, 1100, n.count(t, `SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'`))
		require.Equal(t, 1100, n.count(t, `SELECT count(*) FROM webhook_deliveries WHERE status = 'DEAD'`))
		require.Equal(t, 1, n.count(t, `SELECT count(*) FROM webhook_endpoints WHERE id = 'endpoint_over' AND former_secret = '' AND former_secret_until IS NULL`))
		require.Equal(t, 1, n.count(t, `SELECT count(*) FROM webhook_endpoints WHERE id = 'endpoint_valid' AND former_secret = 'sealed before'`))
	})
}
