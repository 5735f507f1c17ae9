// Package suite starts the whole service for tests and talks to it through its public door: GraphQL over HTTP,
// WebSocket and server-sent events. Each test gets a server of its own, with Blomberg imported and a clock to set, on
// SQLite and on PostgreSQL with Redis alike.
package suite

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/store"
	"nelke/internal/testbed"
	"nelke/server"
)

// ARS is Blomberg's Regionalschlüssel, and OtherARS that of a town in which nobody here serves.
const (
	ARS      = "057660016016"
	OtherARS = "057660044044"
)

// Start is when tests begin unless they say otherwise: a Monday morning before the office opens, in Blomberg.
func Start() time.Time {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return time.Date(2026, time.November, 23, 7, 0, 0, 0, zone)
}

// Backend is what a server keeps its data in.
type Backend struct {
	Name  string
	Redis *testbed.RedisServer // nil: none
	url   string               // of PostgreSQL; empty: SQLite
}

// Each runs a test on the embedded default and on PostgreSQL with Redis.
func Each(t *testing.T, test func(t *testing.T, b *Backend)) {
	t.Helper()
	for name, backend := range map[string]func(testing.TB) *Backend{
		"sqlite":   func(testing.TB) *Backend { return SQLite() },
		"postgres": Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, backend(t))
		})
	}
}

// Anew is another backend of the same kind, with nothing in it.
func (b *Backend) Anew(t testing.TB) *Backend {
	t.Helper()
	if b.url == "" {
		return SQLite()
	}
	return Postgres(t)
}

// SQLite is the embedded default.
func SQLite() *Backend { return &Backend{Name: "sqlite"} }

// Postgres is a fresh, migrated database and a Redis server of the test's own.
func Postgres(t testing.TB) *Backend {
	t.Helper()
	return &Backend{Name: "postgres", url: Database(t), Redis: testbed.Redis(t)}
}

// Database is the URL of a fresh, migrated PostgreSQL database.
func Database(t testing.TB) string {
	t.Helper()
	version, err := store.SchemaDigest("postgres")
	require.NoError(t, err)
	return testbed.Postgres(t, testbed.Template{
		Version: version,
		Prepare: func(ctx context.Context, url string) error {
			s, err := store.Open(ctx, store.Config{DatabaseURL: url})
			if err != nil {
				return err
			}
			defer s.Close()
			return s.Migrate(ctx)
		},
	})
}

// Process is one running server.
type Process struct {
	URL    string // http://127.0.0.1:port
	Clock  *Clock
	Config server.Config
	Log    *Log
	t      testing.TB
	stop   context.CancelFunc
	done   chan struct{}
	err    error
}

// Log collects what a server logs.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is all that was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Option changes how a process is configured.
type Option func(*server.Config)

// Serve starts a server on the backend, with a clock that stands at Start. It ends with the test.
func Serve(t testing.TB, b *Backend, options ...Option) *Process {
	t.Helper()
	return serve(t, b, NewClock(Start()), t.TempDir(), options...)
}

// Beside starts another process on the same data, with the same clock. On SQLite there can be only one.
func (p *Process) Beside(b *Backend, options ...Option) *Process {
	p.t.Helper()
	return serve(p.t, b, p.Clock, p.Config.Data, append([]Option{func(c *server.Config) { c.PublicURL = p.Config.PublicURL }}, options...)...)
}

func serve(t testing.TB, b *Backend, clock *Clock, folder string, options ...Option) *Process {
	t.Helper()
	cfg := server.Defaults()
	cfg.Addr = "127.0.0.1:0"
	cfg.PublicURL = "http://nelke.test"
	cfg.Data = folder
	cfg.DatabaseURL = b.url
	if b.Redis != nil {
		cfg.RedisURL = b.Redis.URL()
	}
	cfg.Demo = true
	cfg.PaymentSecret = "shared by all processes of one test"
	cfg.StopDelay = 0
	cfg.Unlimited() // tests of limits set those that they are about
	p := &Process{Clock: clock, Log: &Log{}, t: t, done: make(chan struct{})}
	ready := make(chan string, 1)
	cfg.Options = server.Options{
		Version:    "test",
		Clock:      clock.Now,
		ClockMoved: clock.Moved(),
		Ready:      func(addr string) { ready <- addr },
		Logger:     slog.New(slog.NewJSONHandler(p.Log, nil)),
		Welcome:    io.Discard,
	}
	for _, option := range options {
		option(&cfg)
	}
	p.Config = cfg
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	go func() {
		defer close(p.done)
		p.err = server.Run(ctx, cfg)
	}()
	select {
	case addr := <-ready:
		p.URL = "http://" + addr
	case <-p.done:
		t.Fatalf("the server ended before it was ready: %v\n%s", p.err, p.Log)
	case <-time.After(30 * time.Second):
		t.Fatalf("the server isn't ready after 30 s\n%s", p.Log)
	}
	t.Cleanup(func() {
		require.NoError(t, p.Stop())
		if t.Failed() && os.Getenv("NELKE_TEST_LOG") != "" {
			t.Logf("log of %s:\n%s", p.URL, p.Log)
		}
	})
	return p
}

// Test is the test that the process belongs to.
func (p *Process) Test() testing.TB { return p.t }

// Stop ends the server gracefully and gives its error.
func (p *Process) Stop() error {
	p.stop()
	<-p.done
	return p.err
}

// Token is a staff token with roles such as "CLERK@057660016016", valid for a day by the test's clock.
func (p *Process) Token(subject string, roles ...string) string {
	p.t.Helper()
	return p.tokenFor(24*time.Hour, subject, roles...)
}

func (p *Process) tokenFor(ttl time.Duration, subject string, roles ...string) string {
	p.t.Helper()
	token, err := server.Token(p.Config, subject, "Clerk "+subject, roles, ttl)
	require.NoError(p.t, err)
	return token
}
