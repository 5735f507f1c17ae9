package store

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"nelke/internal/testbed"
)

// superuser is a connection to a database by whoever may change it.
func superuser(t *testing.T, at string) *sql.DB {
	t.Helper()
	u, err := url.Parse(os.Getenv(testbed.DatabaseVariable))
	require.NoError(t, err)
	own, err := url.Parse(at)
	require.NoError(t, err)
	u.Path = own.Path
	db, err := sql.Open("pgx", u.String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// reader makes new sessions of the database read-only, as those of a standby are, or not, and ends those there are.
func reader(t *testing.T, at string, on bool) {
	t.Helper()
	admin := superuser(t, at)
	name := "ALTER DATABASE " + databaseOf(t, at)
	if on {
		_, err := admin.ExecContext(t.Context(), name+" SET default_transaction_read_only = on")
		require.NoError(t, err)
		_, err = admin.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		require.NoError(t, err)
		return
	}
	_, err := admin.ExecContext(t.Context(), "SET default_transaction_read_only = off")
	require.NoError(t, err)
	_, err = admin.ExecContext(t.Context(), name+" RESET default_transaction_read_only")
	require.NoError(t, err)
}

func databaseOf(t *testing.T, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	require.NoError(t, err)
	return `"` + u.Path[1:] + `"`
}

func TestAConnectionThatReadsOnlyIsThrownAway(t *testing.T) {
	t.Parallel()
	cfg := config(t, dialect.Postgres)
	s := open(t, cfg)
	require.NoError(t, s.Migrate(t.Context()))
	note := func(key string) error {
		return s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
			return tx.Idempotency.Create().SetScope("test").SetKey(key).SetInputHash("").SetAt(time.Now()).Exec(ctx)
		})
	}
	require.NoError(t, note("before"))
	require.NoError(t, s.Writable(t.Context()))

	reader(t, cfg.DatabaseURL, true)
	read, write, jobs := shares(cfg.MaxConns)
	pools := map[*sql.DB]int{s.ReadDB(): read, s.WriteDB(): write, s.JobDB(): jobs}
	for range 2 { // all connections are open again, and read only: the first time finds those that were ended
		for db, n := range pools {
			conns := make([]*sql.Conn, 0, n)
			for range n {
				conn, err := db.Conn(t.Context())
				require.NoError(t, err)
				_, _ = conn.ExecContext(t.Context(), "SELECT 1")
				conns = append(conns, conn)
			}
			for _, conn := range conns {
				_ = conn.Close()
			}
		}
	}
	for db, n := range pools {
		require.Equal(t, n, db.Stats().OpenConnections)
	}
	err := note("meanwhile")
	require.True(t, Unavailable(err), "%v", err)
	require.Error(t, s.Writable(t.Context()))
	require.NoError(t, s.ReadDB().PingContext(t.Context()), "reads go on")

	reader(t, cfg.DatabaseURL, false)
	require.NoError(t, note("after"), "by the second try")
	require.Eventually(t, func() bool { // all at once: one that was opened to the reader would be among them
		writers, conns := 0, make([]*sql.Conn, 0, cfg.MaxConns)
		for db, n := range pools {
			for range n {
				conn, err := db.Conn(t.Context())
				require.NoError(t, err)
				conns = append(conns, conn)
				if !readOnlySession(t, conn) {
					writers++
				}
			}
		}
		for _, conn := range conns {
			require.NoError(t, conn.Close())
		}
		return writers == cfg.MaxConns
	}, 10*time.Second, 10*time.Millisecond)
	var all sync.WaitGroup
	for range 3 * cfg.MaxConns {
		all.Go(func() {
			if err := note(time.Now().String()); err != nil {
				t.Errorf("a write failed: %v", err)
			}
		})
	}
	all.Wait()
}

func readOnlySession(t *testing.T, conn *sql.Conn) bool {
	t.Helper()
	var only string
	require.NoError(t, conn.QueryRowContext(t.Context(), "SHOW default_transaction_read_only").Scan(&only))
	return only == "on"
}

// TestReadsOnConnectionsThatTheServerEndedAreSentAgain restarts the server right after several connections were used: no read
// that follows fails for one of them.
func TestReadsOnConnectionsThatTheServerEndedAreSentAgain(t *testing.T) {
	t.Parallel()
	const count = `SELECT count(*) FROM notices`
	for name, read := range map[string]func(context.Context, *Store, *int) error{
		"ent": func(ctx context.Context, s *Store, n *int) (err error) {
			*n, err = s.Reader().Notice.Query().Count(ctx)
			return err
		},
		"one row":  func(ctx context.Context, s *Store, n *int) error { return s.Row(ctx, count, nil, n) },
		"each row": func(ctx context.Context, s *Store, n *int) error { return s.Each(ctx, count, nil, []any{n}, func() {}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			readsAgain(t, read)
		})
	}
}

func readsAgain(t *testing.T, read func(context.Context, *Store, *int) error) {
	t.Helper()
	server := testbed.OwnPostgres(t)
	s := open(t, Config{DatabaseURL: server.URL(), MaxConns: 12})
	require.NoError(t, s.Migrate(t.Context()))
	for range 3 {
		var held []*sql.Conn
		for range 3 {
			conn, err := s.read.Conn(t.Context())
			require.NoError(t, err)
			held = append(held, conn)
		}
		server.Kill()
		server.Restart()
		for _, conn := range held {
			require.NoError(t, conn.Close()) // the pool has it back as one that was used just now
		}
		n := 0
		require.NoError(t, read(t.Context(), s, &n))
	}
}

// TestConnectionsThatTheServerEndedAreReplaced restarts the server right after all connections were used: no transaction that begins then fails for it.
func TestConnectionsThatTheServerEndedAreReplaced(t *testing.T) {
	t.Parallel()
	server := testbed.OwnPostgres(t)
	s := open(t, Config{DatabaseURL: server.URL(), MaxConns: 12})
	require.NoError(t, s.Migrate(t.Context()))
	type transaction func(context.Context, func(context.Context, *Tx) error) error
	// atOnce runs n transactions, none of which ends before all have begun.
	atOnce := func(n int, run transaction) {
		begun, met := make(chan struct{}, n), make(chan struct{})
		errs := make(chan error, n)
		for range n {
			go func() {
				errs <- run(t.Context(), func(context.Context, *Tx) error {
					begun <- struct{}{}
					<-met
					return nil
				})
			}()
		}
		for range n {
			select {
			case <-begun:
			case err := <-errs:
				close(met)
				require.NoError(t, err)
				return
			}
		}
		close(met)
		for range n {
			require.NoError(t, <-errs)
		}
	}
	read, write, _ := shares(12)
	for range 3 {
		atOnce(write, s.Write)
		atOnce(read, s.Read)
		server.Restart()
	}
	atOnce(write, s.Write)
	atOnce(read, s.Read)
}

// TestACallerWhoHangsUpCostsOneConnection has a statement given up while it runs: the connections beside it stay.
func TestACallerWhoHangsUpCostsOneConnection(t *testing.T) {
	t.Parallel()
	s := open(t, config(t, dialect.Postgres))
	require.NoError(t, s.Migrate(t.Context()))
	beside, err := s.ReadDB().Conn(t.Context())
	require.NoError(t, err)
	backend := func() (pid int) {
		require.NoError(t, beside.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
		return pid
	}
	before := backend()

	ctx, hangUp := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer hangUp()
	_, err = s.ReadDB().ExecContext(ctx, "SELECT pg_sleep(20)")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Eventually(t, func() bool { // the server has been asked to end the statement, and has answered
		var asleep int
		require.NoError(t, s.WriteDB().QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep(20)%'`).Scan(&asleep))
		return asleep == 0
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, beside.Close()) // back into the pool
	beside, err = s.ReadDB().Conn(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, backend())
	require.NoError(t, beside.Close())
}

func TestWhatMakesAConnectionUseless(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"25006": true, "08006": true, "08P01": true, "57P01": true, "57P05": true, "26000": true, "XX000": true,
		"57014": false, "23505": false, "40001": false, "53100": false, "42703": false, "25P02": false, "55P03": false,
	} {
		require.Equal(t, want, useless(code), code)
	}
}

func TestAnotherVersionsSchemaDoesNotFit(t *testing.T) {
	t.Parallel()
	s := migrated(t, dialect.Postgres)
	require.NoError(t, s.Fits())
	_, err := s.ReadDB().ExecContext(t.Context(), "SELECT 1/0")
	require.Error(t, err)
	require.NoError(t, s.Fits(), "a statement that fails for its values says nothing about the schema")
	_, err = s.WriteDB().ExecContext(t.Context(), "ALTER TABLE public_services RENAME COLUMN slug TO former")
	require.NoError(t, err)
	_, err = s.Reader().PublicService.Query().All(t.Context())
	require.Error(t, err)
	require.ErrorContains(t, s.Fits(), "42703")
	s.vitals.misfitT = s.vitals.misfitT.Add(-misfit)
	require.NoError(t, s.Fits())
}

func TestWritableOnAFullDisk(t *testing.T) {
	t.Parallel()
	s := migrated(t, dialect.SQLite)
	require.NoError(t, s.Writable(t.Context()))
	s.vitals.wrote = time.Time{}
	require.NoError(t, s.Writable(t.Context()), "its row is there already")

	// SQLite says of a file that may not grow what it says of a full disk.
	var pages int
	require.NoError(t, s.WriteDB().QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	_, err := s.WriteDB().ExecContext(t.Context(), "PRAGMA max_page_count = 1") // the file's present size
	require.NoError(t, err)
	var full error
	for i := 0; i < 10_000 && full == nil; i++ {
		full = s.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
			return tx.Idempotency.Create().SetScope("test").SetKey(time.Now().String()).SetInputHash(string(make([]byte, 5000))).SetAt(time.Now()).Exec(ctx)
		})
	}
	require.ErrorContains(t, full, "full")
	require.ErrorContains(t, s.Writable(t.Context()), "full", "until a write works")
	_, err = s.WriteDB().ExecContext(t.Context(), "PRAGMA max_page_count = 1000000")
	require.NoError(t, err)
	require.NoError(t, s.Writable(t.Context()))
}

func TestABusyWriterIsNoFault(t *testing.T) {
	t.Parallel()
	s := migrated(t, dialect.SQLite)
	busy, err := s.WriteDB().Conn(t.Context())
	require.NoError(t, err)
	defer busy.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.NoError(t, s.Writable(ctx))
}

func TestSQLiteWaitsForAnotherWritersLock(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]int{0: 5_000, time.Minute: 60_000} {
		cfg := config(t, dialect.SQLite)
		cfg.LockWait = wait
		milliseconds := 0
		require.NoError(t, open(t, cfg).WriteDB().QueryRow("PRAGMA busy_timeout").Scan(&milliseconds))
		require.Equal(t, want, milliseconds)
	}
}

func TestSkew(t *testing.T) {
	t.Parallel()
	ahead := 15 * time.Minute
	process := func() time.Time { return time.Now().Add(ahead) }
	cfg := config(t, dialect.Postgres)
	cfg.Process = process
	s := open(t, cfg)
	require.InDelta(t, -15*time.Minute, s.Skew(), float64(time.Second), "measured at connecting")
	now, err := s.Now(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, now, s.Clock(), time.Second)
	ahead = -time.Hour
	require.NoError(t, s.MeasureSkew(t.Context()))
	require.InDelta(t, time.Hour, s.Skew(), float64(time.Second))

	lite := migrated(t, dialect.SQLite)
	require.NoError(t, lite.MeasureSkew(t.Context()))
	require.Zero(t, lite.Skew(), "one clock rules")
}

func TestAMoreExactMeasurementStays(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &skew{process: func() time.Time { return now }}
	measure := func(takes, ahead time.Duration) time.Duration {
		require.NoError(t, s.measure(func() (time.Time, error) {
			now = now.Add(takes)
			return now.Add(-takes / 2).Add(ahead), nil
		}))
		return s.ahead
	}
	require.Equal(t, 10*time.Millisecond, measure(2*time.Millisecond, 10*time.Millisecond))
	require.Equal(t, 10*time.Millisecond, measure(200*time.Millisecond, 90*time.Millisecond), "it agrees with the one before, which is more exact")
	require.Equal(t, 9*time.Millisecond, measure(time.Millisecond, 9*time.Millisecond), "it is more exact")
	require.Equal(t, time.Second, measure(200*time.Millisecond, time.Second), "it contradicts the one before")
	now = now.Add(time.Hour)
	require.Equal(t, 990*time.Millisecond, measure(500*time.Millisecond, 990*time.Millisecond), "the one before is old")
}

// TestWhatTheServerRefusesRenewsNoConnections: a server that is short of something isn't helped by new connections.
func TestWhatTheServerRefusesRenewsNoConnections(t *testing.T) {
	t.Parallel()
	for code, lost := range map[string]bool{"57P01": true, "08006": true, "53200": false, "53100": false, "58030": false, "25006": false} {
		require.Equal(t, lost, connectionLost(fmt.Errorf("query: %w", &pgconn.PgError{Code: code})), code)
	}
	require.True(t, connectionLost(io.ErrUnexpectedEOF))
	require.False(t, connectionLost(&pgconn.ConnectError{}))
	require.False(t, connectionLost(nil))
}
