package job

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nelke/internal/store"
	"nelke/internal/testbed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// migrated is a new database with all its tables.
func migrated(t *testing.T, db string) *store.Store {
	t.Helper()
	cfg := store.Config{DataDir: t.TempDir()}
	if db == dialect.Postgres {
		version, err := store.SchemaDigest(dialect.Postgres)
		require.NoError(t, err)
		cfg = store.Config{MaxConns: 8, DatabaseURL: testbed.Postgres(t, testbed.Template{
			Version: "job " + version,
			Prepare: func(ctx context.Context, url string) error {
				s, err := store.Open(ctx, store.Config{DatabaseURL: url})
				if err != nil {
					return err
				}
				return errors.Join(s.Migrate(ctx), s.Close())
			},
		})}
	}
	s := open(t, cfg)
	require.NoError(t, s.Migrate(t.Context())) // PostgreSQL is a copy that has them
	return s
}

func open(t *testing.T, cfg store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// start starts a client that ends with the test.
func start(t *testing.T, s *store.Store, opts Options, ops Operations) *Client {
	t.Helper()
	opts.Workers = true
	c, err := New(s, opts)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), ops))
	t.Cleanup(func() { require.NoError(t, c.Stop(context.WithoutCancel(t.Context()))) })
	return c
}

// owe runs fn, which enqueues a job, in a transaction.
func owe(t *testing.T, s *store.Store, fn func(ctx context.Context, tx *sql.Tx) error) {
	t.Helper()
	require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return fn(ctx, tx.SQL) }))
}

// asRiver is an instant as both databases read it. On SQLite it compares with those that River writes, as text.
func asRiver(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05.000+00:00") }

func jobs(t *testing.T, s *store.Store, kind string) (n int) {
	t.Helper()
	require.NoError(t, s.ReadDB().QueryRowContext(t.Context(), `SELECT count(*) FROM river_job WHERE kind = $1`, kind).Scan(&n))
	return n
}

// recorder records what it is asked to do, and does what the test says.
type recorder struct {
	calls chan string // unread calls block after 100
	do    func(ctx context.Context, call string) error
}

func newRecorder() *recorder {
	return &recorder{calls: make(chan string, 100), do: func(context.Context, string) error { return nil }}
}

func (h *recorder) called(ctx context.Context, call string) error {
	h.calls <- call
	return h.do(ctx, call)
}

func (h *recorder) ExpireHold(ctx context.Context, a string) error { return h.called(ctx, "expire "+a) }

func (h *recorder) SweepHolds(ctx context.Context) error { return h.called(ctx, "sweep") }

func (h *recorder) DeliverNotice(ctx context.Context, subject, kind, key string) error {
	return h.called(ctx, "notice "+subject+" "+kind+" "+key)
}

func (h *recorder) TendDraft(ctx context.Context, a string) error { return h.called(ctx, "tend "+a) }

func (h *recorder) SettlePayment(ctx context.Context, p string) error {
	return h.called(ctx, "settle "+p)
}

func (h *recorder) SettlePayments(ctx context.Context) error { return h.called(ctx, "settle all") }

func (h *recorder) TendDrafts(ctx context.Context) error { return h.called(ctx, "tend all") }

func (h *recorder) SendWebhooks(ctx context.Context, e string) error { return h.called(ctx, "send "+e) }

func (h *recorder) TendWebhooks(ctx context.Context) error { return h.called(ctx, "send all") }

func (h *recorder) DigestHeads(ctx context.Context) error { return h.called(ctx, "digest") }

func (h *recorder) ForgetIdempotency(ctx context.Context) error { return h.called(ctx, "forget") }

func (h *recorder) ForgetFeedback(ctx context.Context) error { return h.called(ctx, "forget feedback") }

func (h *recorder) IndexNames(ctx context.Context) error { return h.called(ctx, "index names") }

// await reads calls until each of the wanted has come, and gives all that came.
func (h *recorder) await(t *testing.T, wanted ...string) (came []string) {
	t.Helper()
	missing := map[string]bool{}
	for _, w := range wanted {
		missing[w] = true
	}
	for deadline := time.After(20 * time.Second); len(missing) > 0; {
		select {
		case call := <-h.calls:
			came = append(came, call)
			delete(missing, call)
		case <-deadline:
			require.Failf(t, "nobody called", "%v; came: %v", missing, came)
		}
	}
	return came
}

// testClock is moved by hand.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
