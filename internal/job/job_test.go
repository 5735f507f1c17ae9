package job

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/stretchr/testify/require"

	"nelke/internal/store"
)

func TestOwe(t *testing.T) {
	t.Parallel()

	t.Run("a rollback leaves neither row nor job, a commit both", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				c, err := New(s, Options{})
				require.NoError(t, err)
				both := func(ctx context.Context, tx *store.Tx) error {
					at := time.Now()
					return errors.Join(
						tx.Notice.Create().SetSubject("s").SetKind("k").SetKey("key").SetAt(at).Exec(ctx),
						c.ExpireHoldAt(ctx, tx.SQL, "appointment_1", at.Add(time.Hour)),
						c.DeliverNoticeAt(ctx, tx.SQL, "appointment_1", "confirmation", "key", time.Time{}),
					)
				}
				boom := errors.New("boom")
				require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					require.NoError(t, both(ctx, tx))
					return boom
				}), boom)
				rows, err := s.Reader().Notice.Query().Count(t.Context())
				require.NoError(t, err)
				require.Zero(t, rows)
				require.Zero(t, jobs(t, s, KindExpireHold)+jobs(t, s, KindDeliverNotice))

				require.NoError(t, s.Write(t.Context(), both))
				rows, err = s.Reader().Notice.Query().Count(t.Context())
				require.NoError(t, err)
				require.Equal(t, 1, rows)
				require.Equal(t, 1, jobs(t, s, KindExpireHold))
				require.Equal(t, 1, jobs(t, s, KindDeliverNotice))
			})
		}
	})

	t.Run("what is due need not wait for a scheduler", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				clock := &testClock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
				c, err := New(s, Options{Clock: clock.Now})
				require.NoError(t, err)
				for at, state := range map[time.Time]string{
					{}:                             "available",
					clock.Now():                    "available",
					clock.Now().Add(-time.Hour):    "available",
					clock.Now().Add(1):             "scheduled",
					clock.Now().Add(4 * time.Hour): "scheduled",
				} {
					owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
						if err := c.DeliverNoticeAt(ctx, tx, "s", "k", at.String(), at); err != nil {
							return err
						}
						var is string
						err := tx.QueryRowContext(ctx, `SELECT state FROM river_job ORDER BY id DESC LIMIT 1`).Scan(&is)
						require.Equal(t, state, is, at)
						return err
					})
				}
			})
		}
	})

	t.Run("without sweepers no expiry is owed, and none done", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				with, err := New(s, Options{})
				require.NoError(t, err)
				h := newRecorder()
				c := start(t, s, Options{NoSweepers: true}, h)
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return errors.Join(
						c.ExpireHoldAt(ctx, tx, "appointment_1", time.Now()),
						with.ExpireHoldAt(ctx, tx, "appointment_2", time.Now()),
						c.DeliverNoticeAt(ctx, tx, "appointment_1", "confirmation", "1", time.Time{}),
					)
				})
				require.Equal(t, 1, jobs(t, s, KindExpireHold))
				came := h.await(t, "notice appointment_1 confirmation 1", "digest", "forget")
				require.NotContains(t, came, "expire appointment_1")
				require.NotContains(t, came, "expire appointment_2")
				require.NotContains(t, came, "sweep")
				require.Zero(t, jobs(t, s, KindSweepHolds))
			})
		}
	})
}

func TestWork(t *testing.T) {
	t.Parallel()

	t.Run("what is due is done, what isn't waits for its time", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				clock := &testClock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
				h := newRecorder()
				c := start(t, s, Options{Clock: clock.Now}, h)
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return errors.Join(
						c.ExpireHoldAt(ctx, tx, "appointment_1", clock.Now().Add(10*time.Minute)),
						c.DeliverNoticeAt(ctx, tx, "appointment_1", "reminder", "1", clock.Now().Add(-time.Minute)),
					)
				})
				came := h.await(t, "notice appointment_1 reminder 1", "sweep", "digest", "forget")
				require.NotContains(t, came, "expire appointment_1")
				clock.advance(10*time.Minute + time.Second)
				h.await(t, "expire appointment_1")
			})
		}
	})

	t.Run("jobs that wait for the payment provider keep no others waiting", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				h := newRecorder()
				release := make(chan struct{})
				h.do = func(ctx context.Context, call string) error {
					if strings.HasPrefix(call, "settle") {
						select {
						case <-release:
						case <-ctx.Done():
						}
					}
					return nil
				}
				c := start(t, s, Options{}, h)
				t.Cleanup(func() { close(release) })
				owe(t, s, func(ctx context.Context, tx *sql.Tx) (err error) {
					for n := range 3 * payers {
						err = errors.Join(err, c.SettlePaymentAt(ctx, tx, strconv.Itoa(n), time.Time{}))
					}
					return err
				})
				for waiting := 0; waiting < payers; { // as many as there can be
					if call := <-h.calls; strings.HasPrefix(call, "settle") {
						waiting++
					}
				}
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return errors.Join(c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{}), c.ExpireHoldAt(ctx, tx, "appointment_1", time.Now()))
				})
				h.await(t, "notice s k 1", "expire appointment_1")
			})
		}
	})

	t.Run("a failed job is done again, after a while", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				clock := &testClock{now: time.Now()} // River reckons the pause from the time of the process
				h := newRecorder()
				failed := false // one at a time: no other job waits
				h.do = func(_ context.Context, call string) error {
					if call == "notice s k 1" && !failed {
						failed = true
						return errors.New("no connection to the mail server")
					}
					return nil
				}
				c := start(t, s, Options{Clock: clock.Now}, h)
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
				})
				h.await(t, "notice s k 1")
				require.Eventually(t, func() bool { return c.Counts()[KindDeliverNotice].Failed == 1 }, 5*time.Second, 5*time.Millisecond)

				// The clock stands: it isn't done again, however often River looks. Another job shows that it looked.
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return c.DeliverNoticeAt(ctx, tx, "s", "k", "2", time.Time{})
				})
				require.NotContains(t, h.await(t, "notice s k 2"), "notice s k 1")
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return c.DeliverNoticeAt(ctx, tx, "s", "k", "3", time.Time{})
				})
				require.NotContains(t, h.await(t, "notice s k 3"), "notice s k 1")

				clock.advance(time.Minute)
				h.await(t, "notice s k 1")
				require.Eventually(t, func() bool { return c.Counts()[KindDeliverNotice] == Count{Done: 3, Failed: 1} }, 5*time.Second, 5*time.Millisecond)
			})
		}
	})

	t.Run("a job given up is counted and logged", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				var log lockedBuffer
				h := newRecorder()
				h.do = func(_ context.Context, call string) error {
					if call == "sweep" {
						panic("out of cells")
					}
					return nil
				}
				c := start(t, s, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, h)
				require.Eventually(t, func() bool { return c.Counts()[KindSweepHolds] == Count{Failed: 1, GivenUp: 1} }, 10*time.Second, 5*time.Millisecond)
				require.Contains(t, log.String(), "level=ERROR")
				require.Contains(t, log.String(), KindSweepHolds)
				require.NotContains(t, log.String(), "level=INFO")
			})
		}
	})

	t.Run("the daily jobs run once a day, however often the process starts", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				h := newRecorder()
				opts := Options{Workers: true}
				for range 2 {
					c, err := New(s, opts)
					require.NoError(t, err)
					require.NoError(t, c.Start(t.Context(), h))
					h.await(t, "sweep") // asked for in one go with the others
					require.NoError(t, c.Stop(t.Context()))
				}
				require.Equal(t, 1, jobs(t, s, KindDigestHeads))
				require.Equal(t, 1, jobs(t, s, KindForgetIdempotency))
				require.Equal(t, 1, jobs(t, s, KindForgetFeedback))
			})
		}
	})
}
