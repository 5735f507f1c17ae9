package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nelke/ent/migrations"
	"nelke/internal/testbed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// migrated is a new database with all its tables.
func migrated(t *testing.T, db string) *Store {
	t.Helper()
	s := open(t, config(t, db))
	require.NoError(t, s.Migrate(t.Context())) // PostgreSQL is a copy that has them
	return s
}

func config(t *testing.T, db string) Config {
	t.Helper()
	if db == dialect.Postgres {
		return Config{DatabaseURL: postgres(t), MaxConns: 8}
	}
	return Config{DataDir: t.TempDir()}
}

func open(t *testing.T, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func postgres(t *testing.T) string {
	t.Helper()
	version, err := SchemaDigest(dialect.Postgres)
	require.NoError(t, err)
	return testbed.Postgres(t, testbed.Template{Version: "store " + version, Prepare: func(ctx context.Context, url string) error {
		s, err := Open(ctx, Config{DatabaseURL: url})
		if err != nil {
			return err
		}
		return errors.Join(s.Migrate(ctx), s.Close())
	}})
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	for _, db := range []string{dialect.SQLite, dialect.Postgres} {
		t.Run(db+" has all tables after five processes began at once", func(t *testing.T) {
			t.Parallel()
			cfg := Config{DataDir: t.TempDir()}
			if db == dialect.Postgres {
				cfg = Config{DatabaseURL: testbed.Postgres(t), MaxConns: 4} // an empty one
			}
			first := open(t, cfg)
			n, err := first.Pending(t.Context())
			require.NoError(t, err)
			require.Greater(t, n, 2) // ours and the job queue's

			var all sync.WaitGroup
			errs := make(chan error, 5)
			for range 5 {
				s := open(t, cfg)
				all.Go(func() { errs <- s.Migrate(t.Context()) })
			}
			all.Wait()
			for range 5 {
				require.NoError(t, <-errs)
			}

			n, err = first.Pending(t.Context())
			require.NoError(t, err)
			require.Zero(t, n)
			for _, table := range []string{"appointments", "allocation", "river_job"} {
				var rows int
				require.NoError(t, first.ReadDB().QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&rows), table)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()

	t.Run("an unreachable server is unavailable", func(t *testing.T) {
		t.Parallel()
		_, err := Open(t.Context(), Config{DatabaseURL: "postgres://nelke:secret@" + testbed.FreeAddr(t) + "/nelke"})
		require.Error(t, err)
		require.True(t, Unavailable(err))
		require.NotContains(t, err.Error(), "secret")
	})

	t.Run("a malformed address is refused, and its password not told", func(t *testing.T) {
		t.Parallel()
		_, err := Open(t.Context(), Config{DatabaseURL: "postgres://nelke:secret@host:port/nelke"})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	})

	t.Run("a folder name with odd letters is a folder name", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir() + "/50% Bürger?büro#1"
		s := open(t, Config{DataDir: dir})
		require.NoError(t, s.Migrate(t.Context()))
		require.FileExists(t, dir+"/nelke.db")
	})
}

func TestInstants(t *testing.T) {
	t.Parallel()
	for _, db := range []string{dialect.SQLite, dialect.Postgres} {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			s := migrated(t, db)
			ctx := t.Context()
			var exact []time.Time
			for i, at := range []time.Time{
				time.Date(2026, 11, 23, 9, 5, 0, 123456789, time.FixedZone("", 3600)),
				time.Date(2026, 11, 23, 9, 5, 0, 0, time.UTC),
				time.Date(1999, 12, 31, 23, 59, 59, 999999999, time.UTC), // an integer that other units could mean, too
				time.Date(1969, 7, 20, 20, 17, 40, 1000, time.UTC),
			} {
				key := fmt.Sprint(i)
				require.NoError(t, s.Write(ctx, func(ctx context.Context, tx *Tx) error {
					return tx.Idempotency.Create().SetScope("test").SetKey(key).SetInputHash("").SetAt(at).Exec(ctx)
				}))
				exact = append(exact, Micro(at))
			}

			rows, err := s.Reader().Idempotency.Query().All(ctx)
			require.NoError(t, err)
			for i, row := range rows {
				require.Equal(t, exact[i], row.At, "the same microsecond, in UTC")
			}

			for i, at := range exact {
				for step, want := range map[time.Duration][3]int{ // earlier, equal, later than the stored one
					-time.Microsecond: {1, 0, 0},
					0:                 {0, 1, 0},
					time.Microsecond:  {0, 0, 1},
				} {
					a := s.Args()
					p := a.Bind(at.Add(step))
					key := a.Bind(fmt.Sprint(i))
					var less, equal, more int
					err := s.ReadDB().QueryRowContext(ctx, `SELECT sum(CASE WHEN `+p+` < at THEN 1 ELSE 0 END),
					sum(CASE WHEN `+p+` = at THEN 1 ELSE 0 END), sum(CASE WHEN `+p+` > at THEN 1 ELSE 0 END)
					FROM idempotencies WHERE "key" = `+key, a.List()...).Scan(&less, &equal, &more)
					require.NoError(t, err)
					require.Equal(t, want, [3]int{less, equal, more}, "%s %s", at, step)
				}
			}

			var last, none Instant
			require.NoError(t, s.ReadDB().QueryRowContext(ctx, `SELECT max(at) FROM idempotencies`).Scan(&last))
			require.Equal(t, Instant{Time: exact[1], Valid: true}, last)
			require.NoError(t, s.ReadDB().QueryRowContext(ctx, `SELECT max(at) FROM idempotencies WHERE scope = 'none'`).Scan(&none))
			require.False(t, none.Valid)
			require.Error(t, none.Scan("09:05"))
		})
	}
}

func TestNow(t *testing.T) {
	t.Parallel()

	t.Run("postgres gives its own clock, which moves on within a transaction", func(t *testing.T) {
		t.Parallel()
		s := open(t, Config{DatabaseURL: postgres(t), MaxConns: 2})
		require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
			require.Equal(t, "clock_timestamp()", tx.Args().Now())
			first, err := tx.Now(ctx)
			require.NoError(t, err)
			second, err := tx.Now(ctx)
			require.NoError(t, err)
			require.True(t, second.After(first))
			require.Equal(t, time.UTC, second.Location())
			return nil
		}))
	})

	for _, db := range []string{dialect.SQLite, dialect.Postgres} {
		t.Run(db+" takes the configured clock everywhere", func(t *testing.T) {
			t.Parallel()
			cfg := config(t, db)
			at := time.Date(2024, 6, 1, 8, 0, 0, 1999, time.UTC)
			cfg.Clock = func() time.Time { return at }
			s := open(t, cfg)
			require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
				now, err := LockOffices(ctx, tx, []string{"office_1"}, true)
				require.NoError(t, err)
				require.Equal(t, Micro(at), now)

				a := tx.Args()
				var same Instant
				require.NoError(t, tx.SQL.QueryRowContext(ctx, `SELECT `+a.Now()+` WHERE `+a.Now()+` < `+a.Bind(at.Add(time.Microsecond)), a.List()...).Scan(&same))
				require.Equal(t, Micro(at), same.Time)
				require.Len(t, a.List(), 2)
				return nil
			}))
		})
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	for _, db := range []string{dialect.SQLite, dialect.Postgres} {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			s := migrated(t, db)
			count := func(a *Args, in string) (n int) {
				err := s.ReadDB().QueryRowContext(t.Context(), `SELECT count(*) FROM allocation WHERE `+in, a.List()...).Scan(&n)
				require.NoError(t, err)
				return n
			}
			_, err := s.WriteDB().ExecContext(t.Context(), `INSERT INTO allocation VALUES (1, 10, 'a', NULL), (2, 10, 'b', NULL), (3, 10, 'c"\', NULL)`)
			require.NoError(t, err)

			a := s.Args()
			require.Equal(t, 2, count(a, "counter "+In(a, []int64{1, 3, 9})))
			a = s.Args()
			require.Equal(t, 2, count(a, "appointment_id "+In(a, []string{`c"\`, "a"})))
			a = s.Args()
			require.Equal(t, 0, count(a, "counter "+In(a, []int64{})))
			a = s.Args()
			require.Equal(t, 3, count(a, "NOT counter "+In[int64](a, nil)))
		})
	}
}

func TestConnectionsAreShared(t *testing.T) {
	t.Parallel()
	for n, want := range map[int][3]int{1: {1, 1, 1}, 3: {1, 1, 1}, 8: {4, 3, 1}, 12: {5, 5, 2}, 48: {20, 20, 8}} {
		read, write, jobs := shares(n)
		require.Equal(t, want, [3]int{read, write, jobs}, n)
	}
}

func TestSchemaDigestIsOfTheQueueToo(t *testing.T) {
	t.Parallel()
	for _, db := range []string{dialect.SQLite, dialect.Postgres} {
		ours, err := migrations.Digest(db)
		require.NoError(t, err)
		all, err := SchemaDigest(db)
		require.NoError(t, err)
		require.NotEqual(t, ours, all)
		again, err := SchemaDigest(db)
		require.NoError(t, err)
		require.Equal(t, all, again)
	}
	_, err := SchemaDigest("mysql")
	require.Error(t, err)
}
