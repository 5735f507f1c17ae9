package job

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"
)

func TestMaintenance(t *testing.T) {
	t.Parallel()

	t.Run("a paused queue stays paused, however long nobody reported it", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				c, err := New(s, Options{})
				require.NoError(t, err)
				then := asRiver(time.Now().AddDate(0, -1, 0))
				_, err = s.JobDB().ExecContext(t.Context(), `INSERT INTO river_queue (name, created_at, metadata, paused_at, updated_at)
					VALUES ('default', $1, '{}', $2, $3)`, then, then, then)
				require.NoError(t, err)
				_, err = c.driver().GetExecutor().QueueDeleteExpired(t.Context(), &riverdriver.QueueDeleteExpiredParams{Max: 10, UpdatedAtHorizon: time.Now()})
				require.NoError(t, err)
				queue, err := c.insert.QueueGet(t.Context(), "default")
				require.NoError(t, err)
				require.NotNil(t, queue.PausedAt)
			})
		}
	})

	t.Run("a job whose process died is done within two minutes", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				died := asRiver(time.Now().Add(-2*time.Minute - time.Second))
				_, err := s.JobDB().ExecContext(t.Context(), `INSERT INTO river_job (args, kind, max_attempts, priority, queue, state, attempt, attempted_at, created_at, scheduled_at)
					VALUES ('{"subject":"s","notice":"k","key":"1"}', 'deliver_notice', 25, 1, 'default', 'running', 1, $1, $2, $3)`, died, died, died)
				require.NoError(t, err)
				h := newRecorder()
				start(t, s, Options{}, h)
				h.await(t, "notice s k 1")
			})
		}
	})

	// River cleans up and rescues by the machine's time. A test's clock may be behind it by months.
	t.Run("nothing that goes by a clock of its own is cleaned up or rescued by another", func(t *testing.T) {
		t.Parallel()
		s := migrated(t, dialect.SQLite)
		clock := &testClock{now: time.Now().AddDate(0, -1, 0)}
		c, err := New(s, Options{Clock: clock.Now})
		require.NoError(t, err)
		cfg := c.config()
		for _, kept := range []time.Duration{cfg.CancelledJobRetentionPeriod, cfg.CompletedJobRetentionPeriod, cfg.DiscardedJobRetentionPeriod} {
			require.EqualValues(t, -1, kept, "kept for ever")
		}
		require.Greater(t, cfg.RescueStuckJobsAfter, 50*365*24*time.Hour)
		require.Less(t, cfg.RetryPolicy.NextRetry(&rivertype.JobRow{}).Sub(clock.Now()), time.Minute)
		require.Positive(t, cfg.RetryPolicy.NextRetry(&rivertype.JobRow{}).Sub(clock.Now()))
	})

	t.Run("a queue is resumed under a clock of its own, months behind", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				clock := &testClock{now: time.Now().AddDate(0, -1, 0)}
				then := asRiver(clock.Now())
				_, err := s.JobDB().ExecContext(t.Context(), `INSERT INTO river_queue (name, created_at, metadata, paused_at, updated_at)
					VALUES ('default', $1, '{}', $2, $3)`, then, then, then)
				require.NoError(t, err)
				h := newRecorder()
				c := start(t, s, Options{Clock: clock.Now}, h)
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
				})
				require.Eventually(t, func() bool { return jobs(t, s, KindSweepHolds) > 0 }, 20*time.Second, 5*time.Millisecond, "led")
				_, err = s.JobDB().ExecContext(t.Context(), `UPDATE river_queue SET paused_at = NULL`)
				require.NoError(t, err)
				h.await(t, "notice s k 1")
			})
		}
	})
}
