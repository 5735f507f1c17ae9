package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/ent"
	"nelke/internal/testbed"
)

func notice(ctx context.Context, tx *Tx, key string) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	return tx.Notice.Create().SetSubject("s").SetKind("k").SetKey(key).SetAt(now).Exec(ctx)
}

func notices(t *testing.T, s *Store) int {
	t.Helper()
	n, err := s.Reader().Notice.Query().Count(t.Context())
	require.NoError(t, err)
	return n
}

func town(ctx context.Context, tx *Tx) (*ent.Municipality, error) {
	return tx.Municipality.Create().SetSlug("blomberg").SetArs("057660016016").SetAgs("05766016").SetName("Blomberg").
		SetTimeZone("Europe/Berlin").Save(ctx)
}

func TestWrite(t *testing.T) {
	t.Parallel()

	t.Run("commits", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *Tx) error { return notice(ctx, tx, "1") }))
				require.Equal(t, 1, notices(t, s))
			})
		}
	})

	t.Run("an error rolls back, and is the error", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				boom := errors.New("boom")
				err := s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
					require.NoError(t, notice(ctx, tx, "1"))
					return boom
				})
				require.Equal(t, boom, err)
				require.Zero(t, notices(t, s))
			})
		}
	})

	t.Run("a panic rolls back, goes on, and leaves the connection usable", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				require.PanicsWithValue(t, "boom", func() {
					_ = s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
						require.NoError(t, notice(ctx, tx, "1"))
						panic("boom")
					})
				})
				require.Zero(t, notices(t, s))
				require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *Tx) error { return notice(ctx, tx, "2") }))
			})
		}
	})

	t.Run("what ent would do in a transaction of its own joins ours", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				boom := errors.New("boom")
				err := s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
					blomberg, err := town(ctx, tx)
					require.NoError(t, err)
					_, err = blomberg.Update().SetName("Nelkenstadt").Save(ctx)
					require.NoError(t, err)
					n, err := tx.Municipality.Query().Count(ctx)
					require.NoError(t, err)
					require.Equal(t, 1, n)
					return boom
				})
				require.ErrorIs(t, err, boom)
				n, err := s.Reader().Municipality.Query().Count(t.Context())
				require.NoError(t, err)
				require.Zero(t, n)
			})
		}
	})

	t.Run("a caller who gives up before the commit has changed nothing", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				ctx, cancel := context.WithCancel(t.Context())
				err := s.Write(ctx, func(ctx context.Context, tx *Tx) error {
					require.NoError(t, notice(ctx, tx, "1"))
					cancel()
					return nil
				})
				require.ErrorIs(t, err, context.Canceled)
				require.NotErrorIs(t, err, ErrOutcomeUnknown)
				require.Zero(t, notices(t, s))
			})
		}
	})

	t.Run("a failed statement that fn passes over is no commit", func(t *testing.T) {
		t.Parallel()
		s := open(t, Config{DatabaseURL: postgres(t), MaxConns: 2})
		err := s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
			require.NoError(t, notice(ctx, tx, "1"))
			require.Error(t, notice(ctx, tx, "1"))
			return nil
		})
		require.ErrorIs(t, err, pgx.ErrTxCommitRollback)
		require.NotErrorIs(t, err, ErrOutcomeUnknown)
		require.Zero(t, notices(t, s))
	})

	t.Run("a serialization failure is repeated three times", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				tries := 0
				err := s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
					tries++
					require.NoError(t, notice(ctx, tx, "1")) // unique: only the rollback makes the next one possible
					return fmt.Errorf("update: %w", &pgconn.PgError{Code: "40001"})
				})
				require.Error(t, err)
				require.Equal(t, 4, tries)

				tries = 0
				require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
					if tries++; tries < 3 {
						return &pgconn.PgError{Code: "40P01"}
					}
					return notice(ctx, tx, "1")
				}))
				require.Equal(t, 3, tries)
			})
		}
	})

	t.Run("two that deadlock both succeed", func(t *testing.T) {
		t.Parallel()
		s := open(t, Config{DatabaseURL: postgres(t), MaxConns: 8})
		var met, both sync.WaitGroup
		met.Add(2)
		errs := make(chan error, 2)
		for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
			first := true
			both.Go(func() {
				errs <- s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
					if _, err := LockOffices(ctx, tx, []string{order[0]}, true); err != nil {
						return err
					}
					if first {
						first = false
						met.Done()
						met.Wait()
					}
					_, err := LockOffices(ctx, tx, []string{order[1]}, true)
					return err
				})
			})
		}
		both.Wait()
		require.NoError(t, <-errs)
		require.NoError(t, <-errs)
	})

	t.Run("a connection that is cut before the answer leaves the outcome unknown", func(t *testing.T) {
		t.Parallel()
		server := testbed.OwnPostgres(t)
		s := open(t, Config{DatabaseURL: server.URL(), MaxConns: 4})
		require.NoError(t, s.Migrate(t.Context()))
		err := s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
			require.NoError(t, notice(ctx, tx, "1"))
			server.Kill()
			return nil
		})
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		require.True(t, Unavailable(err))

		require.True(t, Unavailable(s.Ping(t.Context())))
		_, err = s.Reader().Notice.Query().Count(t.Context())
		require.True(t, Unavailable(err))

		server.Restart()
		require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *Tx) error { return notice(ctx, tx, "1") }))
	})
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, db := range []string{dialect.SQLite, dialect.Postgres} {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			s := migrated(t, db)
			require.NoError(t, s.Read(t.Context(), func(ctx context.Context, tx *Tx) error {
				before, err := tx.Notice.Query().Count(ctx)
				require.NoError(t, err)
				// The writer comes through while we read, and doesn't change what we see.
				require.NoError(t, s.Write(ctx, func(ctx context.Context, tx *Tx) error { return notice(ctx, tx, "1") }))
				after, err := tx.Notice.Query().Count(ctx)
				require.NoError(t, err)
				require.Equal(t, before, after)
				require.Error(t, notice(ctx, tx, "2"), "no writes here")
				return nil
			}))
			require.NoError(t, s.Write(t.Context(), func(ctx context.Context, _ *Tx) error {
				// We read while a writer is under way.
				return s.Read(ctx, func(ctx context.Context, tx *Tx) error {
					n, err := tx.Notice.Query().Count(ctx)
					require.Equal(t, 1, n)
					return err
				})
			}))
		})
	}
}

func TestReaderRefusesWritesOnSQLite(t *testing.T) {
	t.Parallel()
	s := open(t, Config{DataDir: t.TempDir()})
	require.NoError(t, s.Migrate(t.Context()))
	_, err := s.Reader().Notice.Delete().Exec(t.Context())
	require.ErrorContains(t, err, "readonly")
}

func TestLockOffices(t *testing.T) {
	t.Parallel()

	t.Run("bookings run side by side, a change of rules waits for them", func(t *testing.T) {
		t.Parallel()
		s := open(t, Config{DatabaseURL: postgres(t), MaxConns: 8})
		done := make(chan error, 1)
		require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
			_, err := LockOffices(ctx, tx, []string{"office_1"}, false)
			require.NoError(t, err)
			require.NoError(t, s.Write(ctx, func(ctx context.Context, tx *Tx) error {
				_, err := LockOffices(ctx, tx, []string{"office_1"}, false)
				return err
			}))
			require.NoError(t, s.Write(ctx, func(ctx context.Context, tx *Tx) error {
				_, err := LockOffices(ctx, tx, []string{"office_2"}, true) // another office
				return err
			}))
			go func() {
				done <- s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
					now, err := LockOffices(ctx, tx, []string{"office_3", "office_1"}, true)
					if err != nil {
						return err
					}
					committed, err := tx.Notice.Query().Only(ctx)
					if err == nil && !now.After(committed.At) {
						err = fmt.Errorf("the lock was had at %s, before what it waited for happened at %s", now, committed.At)
					}
					return err
				})
			}()
			for waiting := 0; waiting == 0; {
				require.NoError(t, s.ReadDB().QueryRowContext(ctx, `SELECT count(*) FROM pg_locks
					WHERE locktype = 'advisory' AND NOT granted
					AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting))
			}
			return notice(ctx, tx, "1")
		}))
		require.NoError(t, <-done)
	})

	t.Run("every order of the same offices is one order of keys", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			ids := rapid.SliceOf(rapid.StringMatching(`office_[0-9a-z]{4}`)).Draw(t, "ids")
			shuffled := rapid.Permutation(ids).Draw(t, "shuffled")
			keys := lockKeys(ids)
			require.Equal(t, keys, lockKeys(append(shuffled, ids...)))
			require.IsIncreasing(t, append([]int64{-1 << 63}, keys...))
		})
	})
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		&pgconn.PgError{Code: "57P01"}:                      true, // shut down by an administrator
		&pgconn.PgError{Code: "57P03"}:                      true, // starting up
		&pgconn.PgError{Code: "53300"}:                      true, // too many connections
		&pgconn.PgError{Code: "53100"}:                      true, // disk full
		&pgconn.PgError{Code: "25006"}:                      true, // a standby
		&pgconn.PgError{Code: "08006"}:                      true,
		&pgconn.PgError{Code: "55P03"}:                      true,  // a lock that somebody held too long
		&pgconn.PgError{Code: "23505"}:                      false, // a unique violation
		&pgconn.PgError{Code: "57014"}:                      false, // the statement was canceled
		fmt.Errorf("query: %w", driver.ErrBadConn):          true,
		fmt.Errorf("query: %w", io.ErrUnexpectedEOF):        true,
		fmt.Errorf("commit: %w", ErrOutcomeUnknown):         true,
		fmt.Errorf("query: %w", sql.ErrNoRows):              false,
		fmt.Errorf("query: %w", context.DeadlineExceeded):   false,
		fmt.Errorf("query: %w", context.Canceled):           false,
		errors.New("connection refused, says someone else"): false,
	} {
		require.Equal(t, want, Unavailable(err), "%v", err)
	}
	require.False(t, Unavailable(nil))

	t.Run("a locked SQLite file", func(t *testing.T) {
		t.Parallel()
		s := open(t, Config{DataDir: t.TempDir()})
		require.NoError(t, s.Migrate(t.Context()))
		path, err := s.sqlitePath()
		require.NoError(t, err)
		other, err := openFile(path, nil, 1, "_txlock=immediate") // without patience
		require.NoError(t, err)
		defer func() { require.NoError(t, other.Close()) }()
		require.NoError(t, s.Write(t.Context(), func(ctx context.Context, _ *Tx) error {
			_, err := other.BeginTx(ctx, nil)
			require.Error(t, err)
			require.True(t, Unavailable(err))
			return nil
		}))
	})

	t.Run("a constraint of SQLite is an error of the caller's", func(t *testing.T) {
		t.Parallel()
		s := open(t, Config{DataDir: t.TempDir()})
		require.NoError(t, s.Migrate(t.Context()))
		err := s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
			return errors.Join(notice(ctx, tx, "1"), notice(ctx, tx, "1"))
		})
		require.True(t, ent.IsConstraintError(err))
		require.False(t, Unavailable(err))
	})
}
