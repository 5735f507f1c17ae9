package testbed

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/peterldowns/pgtestdb"
)

// DatabaseVariable names the environment variable with the URL of the PostgreSQL server that tests share:
// a superuser, and a database to connect to. `script/services run` sets it.
const DatabaseVariable = "NELKE_TEST_DATABASE_URL"

// Template prepares a database once per server; each test then gets a copy of it, in some 50 ms.
type Template struct {
	// Version distinguishes the template from others, say a hash of the migrations. The same version is the same content:
	// a server that outlives the test run has the template still.
	Version string
	// Prepare fills the empty database at the URL, and leaves no connection to it open.
	Prepare func(ctx context.Context, url string) error
}

// Postgres returns the URL of a database that is this test's alone, on the server that the tests share: empty, or a copy
// of the template where one is given. Its user owns it and is no superuser. It is dropped at the end, with whatever
// connections are left; after a failure it stays for a look, and goes with the server.
func Postgres(tb testing.TB, template ...Template) string {
	tb.Helper()
	beyondShort(tb)
	server := os.Getenv(DatabaseVariable)
	if server == "" {
		Missing(tb, DatabaseVariable+" is unset: script/services run -- go test …")
	}
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatalf("%s: %v", DatabaseVariable, err)
	}
	password, _ := u.User.Password()
	var migrator pgtestdb.Migrator = pgtestdb.NoopMigrator{}
	if len(template) > 0 {
		migrator = templateMigrator(template[0])
	}
	return pgtestdb.Custom(tb, pgtestdb.Config{
		DriverName: "pgx",
		Host:       u.Hostname(),
		Port:       u.Port(),
		User:       u.User.Username(),
		Password:   password,
		Database:   strings.TrimPrefix(u.Path, "/"),
		Options:    u.RawQuery,
		// A test that fails half-way leaves connections; they must not fail the tests after it.
		ForceTerminateConnections: true,
	}, migrator).URL()
}

// templateMigrator is a Template as pgtestdb asks for it.
type templateMigrator Template

func (t templateMigrator) Hash() (string, error) { return t.Version, nil }

func (t templateMigrator) Migrate(ctx context.Context, _ *sql.DB, conf pgtestdb.Config) error {
	return t.Prepare(ctx, conf.URL())
}

// PostgresServer is a PostgreSQL of one test, for those that take it away. Its methods are for the test's own
// goroutine: they end the test when they fail.
type PostgresServer struct {
	tb   testing.TB
	addr string
	dir  string
	as   *syscall.Credential // nil: as we are
	proc *process

	paused bool
}

// OwnPostgres starts a PostgreSQL that ends with the test: an empty cluster, about a second.
func OwnPostgres(tb testing.TB) *PostgresServer {
	tb.Helper()
	beyondShort(tb)
	if postgresProgram("postgres") == "" {
		Missing(tb, "PostgreSQL's server programs are missing: make deps")
	}
	// Not tb.TempDir, which only its owner may enter: as root we run PostgreSQL as somebody else.
	dir, err := os.MkdirTemp("", "nelke-postgres-") //nolint:usetesting // see above
	if err != nil {
		tb.Fatalf("OwnPostgres: %v", err)
	}
	s := &PostgresServer{tb: tb, dir: dir, as: postgresUser(tb)}
	tb.Cleanup(func() {
		s.Kill()
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("OwnPostgres: %v", err)
		}
	})
	if s.as != nil {
		if err := os.Chown(dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			tb.Fatalf("OwnPostgres: %v", err)
		}
	}
	initdb := s.command("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C",
		"--pgdata="+s.data())
	if out, err := initdb.CombinedOutput(); err != nil {
		tb.Fatalf("OwnPostgres: initdb: %v\n%s", err, out)
	}
	for range startTries {
		s.addr = FreeAddr(tb)
		if s.proc, err = s.start(); err == nil {
			return s
		}
	}
	tb.Fatalf("OwnPostgres: %v", err)
	return nil
}

func (s *PostgresServer) start() (*process, error) {
	_, port, _ := strings.Cut(s.addr, ":")
	// Without fsync, since only a power cut would lose what the kernel has. synchronous_commit stays on: a
	// killed server must still know what it confirmed.
	cmd := s.command("postgres", "-D", s.data(), "-p", port, "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories="+s.dir, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "lc_messages=C")
	return startProcess(cmd, "database system is ready to accept connections")
}

// URL is the superuser's, for the database postgres, and stays the same over restarts.
func (s *PostgresServer) URL() string {
	return "postgres://postgres@" + s.addr + "/postgres?sslmode=disable"
}

// Kill ends the server as a crash does: by PostgreSQL's immediate shutdown, which cuts every connection, writes no
// checkpoint, and leaves the log to be replayed at the next start. A paused one goes on for it. (SIGKILL would orphan the server's own
// processes, and they would be in the way of that start.)
func (s *PostgresServer) Kill() {
	s.tb.Helper()
	if s.proc == nil {
		return
	}
	if s.paused {
		s.Resume()
	}
	err := s.proc.stop(syscall.SIGQUIT)
	s.proc = nil
	if err != nil {
		s.tb.Fatalf("Kill: %v", err)
	}
}

// Restart starts the server on the same data at the same URL, and returns when it takes connections.
// One that still runs is killed first.
func (s *PostgresServer) Restart() {
	s.tb.Helper()
	s.Kill()
	proc, err := s.start()
	if err != nil {
		s.tb.Fatalf("Restart: %v", err)
	}
	s.proc = proc
}

// Pause stops the server and all its processes in their tracks: connections stay open, and nothing is answered until Resume.
func (s *PostgresServer) Pause() { s.tb.Helper(); s.signal("Pause", syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *PostgresServer) Resume() { s.tb.Helper(); s.signal("Resume", syscall.SIGCONT) }

// signal sends a signal to the server first, which then begins no more processes, and to those that it has.
func (s *PostgresServer) signal(name string, sig syscall.Signal) {
	s.tb.Helper()
	if s.proc == nil {
		s.tb.Fatalf("%s: the server doesn't run", name)
	}
	server := s.proc.cmd.Process
	if err := server.Signal(sig); err != nil {
		s.tb.Fatalf("%s: %v", name, err)
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		s.tb.Fatalf("%s: /proc isn't there: %v", name, err)
	}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(stat), ") ") // behind its name: state, parent
		if fields := strings.Fields(after); len(fields) < 2 || fields[1] != strconv.Itoa(server.Pid) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			s.tb.Fatalf("%s: %v", name, err)
		}
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			s.tb.Fatalf("%s: %v", name, err)
		}
	}
	s.paused = sig == syscall.SIGSTOP
}

func (s *PostgresServer) data() string { return filepath.Join(s.dir, "data") }

func (s *PostgresServer) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(postgresProgram(program), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	return cmd
}

// postgresUser is who PostgreSQL's programs run as: they refuse root.
func postgresUser(tb testing.TB) *syscall.Credential {
	tb.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		Missing(tb, "there is no user postgres to run PostgreSQL as: make deps")
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		tb.Fatalf("user postgres has the ids %q, %q", u.Uid, u.Gid)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// postgresProgram finds a server program of the newest PostgreSQL: Debian keeps them off the PATH. Empty: there is none.
func postgresProgram(name string) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // the pattern is well-formed
	if len(found) > 0 {
		return slices.Max(found)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}
