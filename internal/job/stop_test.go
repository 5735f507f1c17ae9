package job

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/store"
)

func TestStop(t *testing.T) {
	t.Parallel()

	t.Run("lets a running job end", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				h := newRecorder()
				release := make(chan struct{})
				h.do = func(ctx context.Context, call string) error {
					if call == "notice s k 1" {
						<-release
						return ctx.Err()
					}
					return nil
				}
				ctx, cancel := context.WithCancel(t.Context())
				c, err := New(s, Options{Workers: true, NoSweepers: true})
				require.NoError(t, err)
				require.NoError(t, c.Start(ctx, h))
				require.Error(t, c.Start(ctx, h), "once")
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
				})
				h.await(t, "notice s k 1")
				cancel() // the end of what Start was given isn't the end of the job
				stopped := make(chan error, 1)
				go func() { stopped <- c.Stop(t.Context()) }()
				close(release)
				require.NoError(t, <-stopped)
				require.Equal(t, uint64(1), c.Counts()[KindDeliverNotice].Done)
				require.NoError(t, c.Stop(t.Context()), "twice is no harm")
			})
		}
	})

	t.Run("cancels a job that takes too long, which stays owed", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				h := newRecorder()
				h.do = func(ctx context.Context, call string) error {
					if call == "notice s k 1" {
						<-ctx.Done()
						return ctx.Err()
					}
					return nil
				}
				c, err := New(s, Options{Workers: true, NoSweepers: true})
				require.NoError(t, err)
				require.NoError(t, c.Start(t.Context(), h))
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return c.DeliverNoticeAt(ctx, tx, "s", "k", "1", time.Time{})
				})
				h.await(t, "notice s k 1")
				now, cancel := context.WithCancel(t.Context())
				cancel()
				require.NoError(t, c.Stop(now))

				h.do = func(context.Context, string) error { return nil }
				require.NoError(t, c.Start(t.Context(), h))
				h.await(t, "notice s k 1")
				require.NoError(t, c.Stop(t.Context()))
			})
		}
	})

	t.Run("a process without workers has nothing to stop", func(t *testing.T) {
		t.Parallel()
		s := open(t, store.Config{DataDir: t.TempDir()})
		c, err := New(s, Options{})
		require.NoError(t, err)
		require.NoError(t, c.Start(t.Context(), newRecorder()))
		require.NoError(t, c.Stop(t.Context()))
	})
}

func TestNightly(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "now"), 0)
		next := nightly{hour: 3, minute: 10, zone: berlin}.Next(now)
		require.Equal(t, "03:10:00", next.In(berlin).Format("15:04:05"))
		require.True(t, next.After(now))
		require.LessOrEqual(t, next.Sub(now), 25*time.Hour) // the day on which clocks go back
	})
}
