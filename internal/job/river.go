package job

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"entgo.io/ent/dialect"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"nelke/internal/store"
)

// How River is asked to look for work. Nothing notifies it: a NOTIFY makes all commits of a PostgreSQL queue behind one
// lock, and on SQLite River writes a row with each insert and reads for such rows twenty times a second, on the one
// connection that writes. So a job that is due waits a second at most, and looking costs one small statement a second.
// A job that is inserted with a time less than five seconds ahead may be late by as much.
const (
	pollInterval  = time.Second
	fetchCooldown = 100 * time.Millisecond // after a full batch

	jobTimeout  = time.Minute
	rescueAfter = jobTimeout + 30*time.Second // a job whose process died, or could not note its end, is taken up by another

	forEver = 100 * 365 * 24 * time.Hour
)

func (c *Client) config() *river.Config {
	cfg := &river.Config{
		Logger:               slog.New(quiet{c.opts.Logger.Handler()}),
		PollOnly:             true,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    pollInterval,
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
	}
	if c.opts.Clock != nil {
		cfg.Test.Time = clock(c.opts.Clock)
		cfg.RetryPolicy = pauses{now: c.opts.Clock}
		// River's cleaners and its rescuer go by the machine's time whatever clock is set, and its rows by the clock: where that
		// is behind, a job that has just begun looks stuck, and one that has just ended looks days old.
		cfg.RescueStuckJobsAfter = forEver
		cfg.CancelledJobRetentionPeriod, cfg.CompletedJobRetentionPeriod, cfg.DiscardedJobRetentionPeriod = -1, -1, -1
	}
	return cfg
}

func (c *Client) driver() riverdriver.Driver[*sql.Tx] {
	if c.store.Dialect == dialect.Postgres {
		return driver{riverdatabasesql.New(c.store.JobDB())}
	}
	return driver{riversqlite.New(c.store.JobDB())}
}

// driver is River's driver without notifications, which keeps the rows of queues.
type driver struct{ riverdriver.Driver[*sql.Tx] }

// SupportsListenNotify makes River send no notifications: nothing listens.
func (driver) SupportsListenNotify() bool { return false }

// SupportsListener makes River's client look for the recurring jobs that it has inserted itself at once, rather than at its
// next poll: it expects no notification of them.
func (driver) SupportsListener() bool { return false }

func (d driver) GetExecutor() riverdriver.Executor { return executor{d.Driver.GetExecutor()} }

type executor struct{ riverdriver.Executor }

// QueueDeleteExpired deletes nothing. River would delete the row of a queue that no process has reported for a day by its
// own clock, and with it that the queue is paused; processes that have it paused would never learn that it was resumed.
// The queues are a few, and named in this package.
func (executor) QueueDeleteExpired(context.Context, *riverdriver.QueueDeleteExpiredParams) ([]string, error) {
	return nil, nil
}

// quiet passes on records from level Warn: River logs every round it makes. Of jobs that fail it logs at level Info, so
// [failures] does that.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }
func (q quiet) WithGroup(name string) slog.Handler   { return quiet{q.Handler.WithGroup(name)} }

// clock is a clock of ours as River asks for one.
type clock func() time.Time

func (c clock) Now() time.Time { return store.Micro(c()) }

func (c clock) NowOrNil() *time.Time {
	now := c.Now()
	return &now
}

// pauses are River's between two attempts, reckoned by a clock of ours.
type pauses struct {
	river.DefaultClientRetryPolicy
	now func() time.Time
}

// NextRetry implements river.ClientRetryPolicy.
func (p pauses) NextRetry(job *rivertype.JobRow) time.Time {
	return p.now().Add(time.Until(p.DefaultClientRetryPolicy.NextRetry(job)))
}
