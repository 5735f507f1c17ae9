package testbed

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMissingFailsUnderCIAndSkipsElsewhere(t *testing.T) {
	t.Parallel()
	for ci, want := range map[bool]string{true: "failed", false: "skipped"} {
		tb := &recorder{TB: t}
		missing(tb, "no moon", ci)
		require.Equal(t, want, tb.outcome)
		require.Contains(t, tb.text, "no moon")
	}
}

// recorder notes how a test would have ended.
type recorder struct {
	testing.TB
	outcome, text string
}

func (r *recorder) Skip(args ...any) {
	if r.outcome == "" {
		r.outcome, r.text = "skipped", args[0].(string)
	}
}

func (r *recorder) Fatalf(_ string, args ...any) { r.outcome, r.text = "failed", args[0].(string) }

func TestFreeAddrLiesBelowTheEphemeralPorts(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", FreeAddr(t))
	require.NoError(t, err)
	defer l.Close()
	require.Less(t, l.Addr().(*net.TCPAddr).Port, 32768)
}

func TestStartProcess(t *testing.T) {
	t.Parallel()

	t.Run("one that ends too early reports what it wrote", func(t *testing.T) {
		t.Parallel()
		_, err := startProcess(exec.Command("sh", "-c", "echo out of cake >&2; exit 1"), "ready")
		require.ErrorContains(t, err, "out of cake")
	})
	t.Run("one that ignores the signal is killed", func(t *testing.T) {
		t.Parallel()
		p, err := startProcess(exec.Command("sh", "-c", "trap '' QUIT; echo ready; exec sleep 100"), "ready")
		require.NoError(t, err)
		p.patience = 100 * time.Millisecond
		require.ErrorContains(t, p.stop(syscall.SIGQUIT), "didn't end")
		requireGone(t, p.cmd.Process.Pid)
	})
	t.Run("only the end of a long output is kept", func(t *testing.T) {
		t.Parallel()
		p, err := startProcess(exec.Command("sh", "-c", "head -c 1000000 /dev/zero; echo ready; exec sleep 100"), "ready")
		require.NoError(t, err)
		require.NoError(t, p.stop(syscall.SIGKILL))
		require.LessOrEqual(t, len(p.output.String()), 3*outputKept)
		require.Contains(t, p.output.String(), "ready")
	})
}

func TestRedis(t *testing.T) {
	t.Parallel()
	beyondShort(t)
	var pid int
	t.Run("killed, restarted, paused, resumed", func(t *testing.T) {
		s := Redis(t)
		url := s.URL()
		client := redisClient(t, url)
		require.NoError(t, client.Set(t.Context(), "k", "v", 0).Err())

		s.Kill()
		require.Error(t, client.Get(t.Context(), "k").Err())

		s.Restart()
		require.Equal(t, url, s.URL())
		require.ErrorIs(t, redisClient(t, url).Get(t.Context(), "k").Err(), redis.Nil)

		client = redisClient(t, url)
		require.NoError(t, client.Set(t.Context(), "k", "v", 0).Err())
		s.Pause()
		err := client.Get(t.Context(), "k").Err()
		var timeout net.Error
		require.True(t, errors.As(err, &timeout) && timeout.Timeout(), "got %v", err)
		s.Resume()
		require.Equal(t, "v", redisClient(t, url).Get(t.Context(), "k").Val())

		s.Pause()
		pid = s.proc.cmd.Process.Pid
	})
	requireGone(t, pid)
}

// redisClient tries once and waits half a second, so that a dead server shows.
func redisClient(t *testing.T, url string) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(url)
	require.NoError(t, err)
	opts.MaxRetries = -1
	opts.ReadTimeout = 500 * time.Millisecond
	client := redis.NewClient(opts)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestOwnPostgres(t *testing.T) {
	t.Parallel()
	beyondShort(t)
	var pid int
	var dir string
	t.Run("what it confirmed outlives the kill", func(t *testing.T) {
		s := OwnPostgres(t)
		url := s.URL()
		conn := connect(t, url)
		_, err := conn.Exec(t.Context(), "CREATE TABLE x AS SELECT 7 AS n")
		require.NoError(t, err)

		s.Kill()
		require.Error(t, conn.Ping(t.Context()))
		_, err = pgx.Connect(t.Context(), url)
		require.ErrorIs(t, err, syscall.ECONNREFUSED)

		s.Restart()
		require.Equal(t, url, s.URL())
		require.Equal(t, 7, one[int](t, connect(t, url), "SELECT n FROM x"))

		s.Restart()
		require.Equal(t, 7, one[int](t, connect(t, url), "SELECT n FROM x"))
		pid, dir = s.proc.cmd.Process.Pid, s.dir
	})
	requireGone(t, pid)
	require.NoDirExists(t, dir)
}

func TestPostgres(t *testing.T) {
	t.Parallel()

	t.Run("two tests have two empty databases", func(t *testing.T) {
		t.Parallel()
		a, b := Postgres(t), Postgres(t)
		require.NotEqual(t, a, b)
		_, err := connect(t, a).Exec(t.Context(), "CREATE TABLE x ()")
		require.NoError(t, err)
		_, err = connect(t, b).Exec(t.Context(), "CREATE TABLE x ()")
		require.NoError(t, err)
	})
	t.Run("a template is prepared once and copied", func(t *testing.T) {
		t.Parallel()
		var prepared atomic.Int32
		template := Template{
			Version: t.Name() + time.Now().String(), // the server may be one that keeps templates of earlier runs
			Prepare: func(ctx context.Context, url string) error {
				prepared.Add(1)
				conn, err := pgx.Connect(ctx, url)
				if err != nil {
					return err
				}
				_, err = conn.Exec(ctx, "CREATE TABLE x AS SELECT 7 AS n")
				return errors.Join(err, conn.Close(ctx))
			},
		}
		a, b := connect(t, Postgres(t, template)), connect(t, Postgres(t, template))
		_, err := a.Exec(t.Context(), "DELETE FROM x")
		require.NoError(t, err)
		require.Equal(t, 7, one[int](t, b, "SELECT n FROM x"))
		require.EqualValues(t, 1, prepared.Load())
	})
	t.Run("the database goes with its test, open connections or not", func(t *testing.T) {
		t.Parallel()
		outerT, outer := t, connect(t, Postgres(t))
		var name string
		t.Run("inner", func(t *testing.T) {
			conn := connect(t, Postgres(t))
			name = one[string](t, conn, "SELECT current_database()")
			leaked, err := pgx.Connect(t.Context(), conn.Config().ConnString())
			require.NoError(t, err)
			outerT.Cleanup(func() { _ = leaked.Close(context.Background()) })
		})
		require.NotEmpty(t, name)
		require.Zero(t, one[int](t, outer, "SELECT count(*) FROM pg_database WHERE datname = '"+name+"'"))
	})
	t.Run("its user is no superuser", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "off", one[string](t, connect(t, Postgres(t)), "SHOW is_superuser"))
	})
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func one[T any](t *testing.T, conn *pgx.Conn, query string) (v T) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&v))
	return v
}

// requireGone asserts that no process has the id, not even a zombie.
func requireGone(t *testing.T, pid int) {
	t.Helper()
	require.Positive(t, pid)
	require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
}
