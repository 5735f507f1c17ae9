package job

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"nelke/internal/store"
)

// What this package relies on in River, and what other versions of River do otherwise.
func TestQueue(t *testing.T) {
	t.Parallel()

	each := func(name string, test func(t *testing.T, s *store.Store)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, db := range []string{dialect.SQLite, dialect.Postgres} {
				t.Run(db, func(t *testing.T) {
					t.Parallel()
					test(t, migrated(t, db))
				})
			}
		})
	}

	each("an attempt that failed is logged as a warning, a job given up as an error", func(t *testing.T, s *store.Store) {
		var log lockedBuffer
		h := newRecorder()
		h.do = func(_ context.Context, call string) error {
			if call == "notice s k 1" || call == "sweep" { // a sweep has one attempt
				return errors.New("no room left")
			}
			return nil
		}
		c := start(t, s, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, h)
		owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
			return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
		})
		require.Eventually(t, func() bool { return strings.Count(log.String(), "no room left") >= 2 }, 10*time.Second, 5*time.Millisecond)
		for line := range strings.Lines(log.String()) {
			switch {
			case strings.Contains(line, "job_kind="+KindDeliverNotice):
				require.Contains(t, line, "level=WARN")
				require.Contains(t, line, "will be retried")
			case strings.Contains(line, "job_kind="+KindSweepHolds):
				require.Contains(t, line, "level=ERROR")
				require.Contains(t, line, "given up")
			default:
				require.Fail(t, "another record", line)
			}
		}
	})

	each("a job that runs is canceled within seconds, by another client", func(t *testing.T, s *store.Store) {
		h := newRecorder()
		ended := make(chan error, 1)
		h.do = func(ctx context.Context, call string) error {
			if call == "notice s k 1" {
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return ctx.Err()
			}
			return nil
		}
		c := start(t, s, Options{NoSweepers: true}, h)
		other, err := New(s, Options{})
		require.NoError(t, err)
		owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
			return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
		})
		h.await(t, "notice s k 1")
		id := only(t, s, KindDeliverNotice)
		_, err = other.insert.JobCancel(t.Context(), id)
		require.NoError(t, err)
		select {
		case err := <-ended:
			require.ErrorIs(t, err, rivertype.ErrJobCancelledRemotely)
		case <-time.After(10 * time.Second):
			require.Fail(t, "nothing canceled the job")
		}
		require.Eventually(t, func() bool { return row(t, other, id).State == rivertype.JobStateCancelled }, 10*time.Second, 5*time.Millisecond)
		require.Zero(t, c.Counts()[KindDeliverNotice], "neither done nor failed")
	})

	each("a stop that cancels a job costs it no attempt, also where it has only one", func(t *testing.T, s *store.Store) {
		var log lockedBuffer
		h := newRecorder()
		h.do = func(ctx context.Context, call string) error {
			if call == "notice s k 1" || call == "sweep" {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		c, err := New(s, Options{Workers: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, err)
		require.NoError(t, c.Start(t.Context(), h))
		owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
			return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
		})
		h.await(t, "notice s k 1", "sweep")
		over, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, c.Stop(over))

		for _, kind := range []string{KindDeliverNotice, KindSweepHolds} {
			job := row(t, c, only(t, s, kind))
			require.Equal(t, rivertype.JobStateAvailable, job.State, kind)
			require.Zero(t, job.Attempt, kind)
			require.Empty(t, job.Errors, kind)
			require.Zero(t, c.Counts()[kind], kind)
		}
		require.Empty(t, log.String(), "nothing is wrong")
		h.do = func(context.Context, string) error { return nil }
		require.NoError(t, c.Start(t.Context(), h))
		h.await(t, "notice s k 1", "sweep")
		require.NoError(t, c.Stop(t.Context()))
	})

	// The writer's pool stores a time.Time as an integer, which on SQLite is less than any text.
	t.Run("a failed job waits for its next attempt on the writer's pool of SQLite", func(t *testing.T) {
		t.Parallel()
		s := migrated(t, dialect.SQLite)
		require.Same(t, s.WriteDB(), s.JobDB())
		h := newRecorder()
		h.do = func(_ context.Context, call string) error {
			if call == "notice s k 1" {
				return errors.New("no connection to the mail server")
			}
			return nil
		}
		c := start(t, s, Options{NoSweepers: true}, h)
		owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
			return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
		})
		h.await(t, "notice s k 1", "digest")
		id := only(t, s, KindDeliverNotice)
		require.Eventually(t, func() bool { return c.Counts()[KindDigestHeads].Done == 1 }, 5*time.Second, 5*time.Millisecond)
		require.Eventually(t, func() bool { return c.Counts()[KindDeliverNotice].Failed >= 2 }, 20*time.Second, 5*time.Millisecond)
		require.Eventually(t, func() bool { return len(row(t, c, id).Errors) >= 2 }, 5*time.Second, 5*time.Millisecond)
		job := row(t, c, id)
		// The pauses are 1 and 16 s, each give or take a tenth.
		require.Greater(t, job.Errors[1].At.Sub(job.Errors[0].At), 900*time.Millisecond)
		require.Greater(t, job.ScheduledAt.Sub(job.Errors[1].At), 14*time.Second)
		for _, column := range []string{
			"scheduled_at FROM river_job", "attempted_at FROM river_job", "created_at FROM river_job", "finalized_at FROM river_job",
			"created_at FROM river_queue", "updated_at FROM river_queue", "elected_at FROM river_leader", "expires_at FROM river_leader",
		} {
			name, _, _ := strings.Cut(column, " ")
			require.Eventually(t, func() bool { // the last job may not be noted yet
				var kinds sql.NullString
				require.NoError(t, s.ReadDB().QueryRowContext(t.Context(), `SELECT group_concat(DISTINCT typeof(value)) FROM (SELECT `+
					strings.Replace(column, name, name+" AS value", 1)+` WHERE `+name+` IS NOT NULL)`).Scan(&kinds))
				return kinds.String == "text"
			}, 5*time.Second, 5*time.Millisecond, column)
		}
	})

	t.Run("jobs are worked while others write to SQLite without a pause", func(t *testing.T) {
		t.Parallel()
		s := migrated(t, dialect.SQLite)
		h := newRecorder()
		c := start(t, s, Options{NoSweepers: true}, h)
		ctx, enough := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() {
				for ctx.Err() == nil {
					_ = s.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
						_, err := tx.SQL.ExecContext(ctx, `UPDATE notices SET kind = kind`)
						return err
					})
				}
			})
		}
		for range 3 {
			owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
				return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
			})
			h.await(t, "notice s k 1")
		}
		enough()
		writers.Wait()
	})

	each("no notifications are written", func(t *testing.T, s *store.Store) {
		h := newRecorder()
		c := start(t, s, Options{}, h)
		owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
			return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
		})
		h.await(t, "notice s k 1", "sweep")
		if s.Dialect == dialect.SQLite {
			var n int
			require.NoError(t, s.ReadDB().QueryRowContext(t.Context(), `SELECT count(*) FROM river_notification`).Scan(&n))
			require.Zero(t, n)
		}
	})

	// Unique keys by the day are of other words in other versions, so that on the day of the change both kinds of rows are there.
	each("a daily job that an older River inserted today runs once more, and not twice", func(t *testing.T, s *store.Store) {
		_, err := s.JobDB().ExecContext(t.Context(), `INSERT INTO river_job (args, kind, max_attempts, priority, queue, state, attempt, created_at, scheduled_at, attempted_at, finalized_at, unique_key)
			VALUES ('{}', 'digest_heads', 25, 1, 'default', 'completed', 1, $1, $1, $1, $1, $2)`, asRiver(time.Now()), []byte("another key"))
		require.NoError(t, err)
		h := newRecorder()
		for range 3 {
			c, err := New(s, Options{Workers: true})
			require.NoError(t, err)
			require.NoError(t, c.Start(t.Context(), h))
			h.await(t, "sweep")
			require.NoError(t, c.Stop(t.Context()))
		}
		require.Equal(t, 2, jobs(t, s, KindDigestHeads))
	})

	each("jobs of an older version of the queue's tables are worked after the migration", func(t *testing.T, s *store.Store) {
		to(t, s, rivermigrate.DirectionDown, 6)
		_, err := s.JobDB().ExecContext(t.Context(), `INSERT INTO river_job (args, kind, max_attempts, priority, queue, state, created_at, scheduled_at, metadata)
			VALUES ('{"subject":"s","notice":"k","key":"1"}', 'deliver_notice', 25, 1, 'default', 'available', $1, $1, '{}')`, asRiver(time.Now().Add(-time.Minute))[:21])
		require.NoError(t, err)
		_, err = s.JobDB().ExecContext(t.Context(), `INSERT INTO river_queue (name, created_at, metadata, paused_at, updated_at) VALUES ('payments', $1, '{}', $1, $1)`, asRiver(time.Now()))
		require.NoError(t, err)
		require.NoError(t, s.Migrate(t.Context()))
		h := newRecorder()
		c := start(t, s, Options{}, h)
		h.await(t, "notice s k 1")
		queue, err := c.insert.QueueGet(t.Context(), queuePayments)
		require.NoError(t, err)
		require.NotNil(t, queue.PausedAt, "what an operator has paused stays so")
	})

	// The next build brings the queue's tables to River's newest version, and this one goes on beside it.
	each("the newest version of the queue's tables is taken as it is", func(t *testing.T, s *store.Store) {
		to(t, s, rivermigrate.DirectionUp, 8)
		n, err := s.Pending(t.Context())
		require.NoError(t, err)
		require.Zero(t, n)
		require.NoError(t, s.Migrate(t.Context()))
		h := newRecorder()
		c := start(t, s, Options{}, h)
		owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
			return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
		})
		h.await(t, "notice s k 1", "sweep", "digest")
	})
}

// to brings the queue's tables to a version.
func to(t *testing.T, s *store.Store, direction rivermigrate.Direction, version int) {
	t.Helper()
	var driver riverdriver.Driver[*sql.Tx] = riversqlite.New(s.WriteDB())
	if s.Dialect == dialect.Postgres {
		driver = riverdatabasesql.New(s.WriteDB())
	}
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	_, err = migrator.Migrate(t.Context(), direction, &rivermigrate.MigrateOpts{TargetVersion: version})
	require.NoError(t, err)
}

// only is the id of the only job of a kind.
func only(t *testing.T, s *store.Store, kind string) (id int64) {
	t.Helper()
	require.Equal(t, 1, jobs(t, s, kind))
	require.NoError(t, s.ReadDB().QueryRowContext(t.Context(), `SELECT id FROM river_job WHERE kind = $1`, kind).Scan(&id))
	return id
}

func row(t *testing.T, c *Client, id int64) *rivertype.JobRow {
	t.Helper()
	job, err := c.insert.JobGet(t.Context(), id)
	require.NoError(t, err)
	return job
}
