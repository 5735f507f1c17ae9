package job

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"nelke/ent/migrations"
	"nelke/internal/store"
	"nelke/internal/testbed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// migrated is a new database with all its tables.
func migrated(t *testing.T, db string) *store.Store {
	t.Helper()
	cfg := store.Config{DataDir: t.TempDir()}
	if db == dialect.Postgres {
		version, err := migrations.Digest(dialect.Postgres)
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

// owe runs fn in a transaction.
func owe(t *testing.T, s *store.Store, fn func(ctx context.Context, tx *sql.Tx) error) {
	t.Helper()
	require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return fn(ctx, tx.SQL) }))
}

func jobs(t *testing.T, s *store.Store, kind string) (n int) {
	t.Helper()
	require.NoError(t, s.ReadDB().QueryRowContext(t.Context(), `SELECT count(*) FROM river_job WHERE kind = $1`, kind).Scan(&n))
	return n
}

// heart records what it is asked to do, and does what the test says.
type heart struct {
	calls chan string // unread calls block after 100
	do    func(ctx context.Context, call string) error
}

func newHeart() *heart {
	return &heart{calls: make(chan string, 100), do: func(context.Context, string) error { return nil }}
}

func (h *heart) called(ctx context.Context, call string) error {
	h.calls <- call
	return h.do(ctx, call)
}

func (h *heart) ExpireHold(ctx context.Context, a string) error { return h.called(ctx, "expire "+a) }
func (h *heart) SweepHolds(ctx context.Context) error           { return h.called(ctx, "sweep") }
func (h *heart) DeliverNotice(ctx context.Context, subject, kind, key string) error {
	return h.called(ctx, "notice "+subject+" "+kind+" "+key)
}

func (h *heart) TendDraft(ctx context.Context, a string) error { return h.called(ctx, "tend "+a) }

func (h *heart) SettlePayment(ctx context.Context, p string) error { return h.called(ctx, "settle "+p) }

func (h *heart) SettlePayments(ctx context.Context) error { return h.called(ctx, "settle all") }
func (h *heart) TendDrafts(ctx context.Context) error     { return h.called(ctx, "tend all") }

func (h *heart) SendWebhooks(ctx context.Context, e string) error { return h.called(ctx, "send "+e) }

func (h *heart) TendWebhooks(ctx context.Context) error { return h.called(ctx, "send all") }

func (h *heart) DigestHeads(ctx context.Context) error { return h.called(ctx, "digest") }

func (h *heart) ForgetIdempotency(ctx context.Context) error { return h.called(ctx, "forget") }
func (h *heart) IndexNames(ctx context.Context) error        { return h.called(ctx, "index names") }

// await reads calls until each of the wanted has come, and gives all that came.
func (h *heart) await(t *testing.T, wanted ...string) (came []string) {
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
						c.NoticeOwed(ctx, tx.SQL, "appointment_1", "confirmation", "key", time.Time{}),
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
						if err := c.NoticeOwed(ctx, tx, "s", "k", at.String(), at); err != nil {
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
				h := newHeart()
				c := start(t, s, Options{NoSweepers: true}, h)
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return errors.Join(
						c.ExpireHoldAt(ctx, tx, "appointment_1", time.Now()),
						with.ExpireHoldAt(ctx, tx, "appointment_2", time.Now()),
						c.NoticeOwed(ctx, tx, "appointment_1", "confirmation", "1", time.Time{}),
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
				h := newHeart()
				c := start(t, s, Options{Clock: clock.Now}, h)
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error {
					return errors.Join(
						c.ExpireHoldAt(ctx, tx, "appointment_1", clock.Now().Add(10*time.Minute)),
						c.NoticeOwed(ctx, tx, "appointment_1", "reminder", "1", clock.Now().Add(-time.Minute)),
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
				h := newHeart()
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
					return errors.Join(c.NoticeOwed(ctx, tx, "s", "k", "1", time.Time{}), c.ExpireHoldAt(ctx, tx, "appointment_1", time.Now()))
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
				h := newHeart()
				failed := false // one at a time: nothing else is owed
				h.do = func(_ context.Context, call string) error {
					if call == "notice s k 1" && !failed {
						failed = true
						return errors.New("no connection to the mail server")
					}
					return nil
				}
				c := start(t, s, Options{Clock: clock.Now}, h)
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error { return c.NoticeOwed(ctx, tx, "s", "k", "1", time.Time{}) })
				h.await(t, "notice s k 1")
				require.Eventually(t, func() bool { return c.Counts()[KindDeliverNotice].Failed == 1 }, 5*time.Second, 5*time.Millisecond)

				// The clock stands: it isn't done again, however often River looks. Another job shows that it looked.
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error { return c.NoticeOwed(ctx, tx, "s", "k", "2", time.Time{}) })
				require.NotContains(t, h.await(t, "notice s k 2"), "notice s k 1")
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error { return c.NoticeOwed(ctx, tx, "s", "k", "3", time.Time{}) })
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
				h := newHeart()
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
				h := newHeart()
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
			})
		}
	})
}

func TestStop(t *testing.T) {
	t.Parallel()

	t.Run("lets a running job end", func(t *testing.T) {
		t.Parallel()
		for _, db := range []string{dialect.SQLite, dialect.Postgres} {
			t.Run(db, func(t *testing.T) {
				t.Parallel()
				s := migrated(t, db)
				h := newHeart()
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
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error { return c.NoticeOwed(ctx, tx, "s", "k", "1", time.Time{}) })
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
				h := newHeart()
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
				owe(t, s, func(ctx context.Context, tx *sql.Tx) error { return c.NoticeOwed(ctx, tx, "s", "k", "1", time.Time{}) })
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
		require.NoError(t, c.Start(t.Context(), newHeart()))
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
