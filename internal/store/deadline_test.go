package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/stretchr/testify/require"
)

// Whatever a transaction is doing when its caller's time is over, the error says so: what the driver makes of a connection
// that is taken away in the middle means nothing to anybody.
func TestTimeThatIsOverIsTheError(t *testing.T) {
	t.Parallel()
	for _, db := range []string{dialect.SQLite, dialect.Postgres} {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			s := migrated(t, db)
			require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
				for _, key := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
					if err := notice(ctx, tx, key); err != nil {
						return err
					}
				}
				return nil
			}))
			for range 500 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(3000))*time.Microsecond)
				err := s.Write(ctx, func(ctx context.Context, tx *Tx) error {
					for {
						if _, err := tx.Notice.Query().All(ctx); err != nil {
							return err
						}
						if _, err := tx.SQL.ExecContext(ctx, `UPDATE notices SET kind = 'l' WHERE key = '1'`); err != nil {
							return err
						}
						if _, err := tx.Now(ctx); err != nil {
							return err
						}
					}
				})
				cancel()
				require.True(t, errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled), err)
			}
		})
	}
}

func TestATransactionThatIsGoneSaysWhy(t *testing.T) {
	t.Parallel()
	s := migrated(t, dialect.SQLite)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Write(ctx, func(context.Context, *Tx) error {
		cancel()
		return sql.ErrTxDone // what a statement gets once the end of its context has rolled the transaction back
	})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, sql.ErrTxDone)
}

// Who waits for the database until the deadline gets the error that it didn't answer; who comes late doesn't.
func TestWaitingInVainIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, db := range []string{dialect.SQLite, dialect.Postgres} {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			s := migrated(t, db)
			require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *Tx) error { return notice(ctx, tx, "1") }))
			change := func(ctx context.Context, tx *Tx) error {
				_, err := tx.SQL.ExecContext(ctx, `UPDATE notices SET kind = 'l' WHERE key = '1'`)
				return err
			}
			held, release, done := make(chan struct{}), make(chan struct{}), make(chan error)
			go func() {
				done <- s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
					err := change(ctx, tx)
					close(held)
					<-release
					return err
				})
			}()
			<-held
			for _, wait := range []time.Duration{hanging / 10, hanging + hanging/10} {
				ctx, cancel := context.WithTimeout(t.Context(), wait)
				err := s.Write(ctx, change)
				cancel()
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, wait > hanging, Unavailable(err), err)
			}
			close(release)
			require.NoError(t, <-done)
		})
	}
}
