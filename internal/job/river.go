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

	"nelke/internal/store"
)

// How River is asked to look for work. Nobody notifies it: a NOTIFY makes all commits of a PostgreSQL queue behind one
// lock, and SQLite has none. So a job that is due waits a second at most, and looking costs one small statement a second.
// A job that is inserted with a time less than five seconds ahead may be late by as much.
const (
	pollInterval  = time.Second
	fetchCooldown = 100 * time.Millisecond // after a full batch

	jobTimeout  = time.Minute
	rescueAfter = 5 * time.Minute // a job whose process died is taken up by another
)

func (c *Client) config() *river.Config {
	cfg := &river.Config{
		Logger:               c.opts.Logger,
		PollOnly:             true,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    pollInterval,
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
	}
	if c.opts.Clock != nil {
		cfg.Test.Time = clock(c.opts.Clock)
	}
	return cfg
}

func (c *Client) driver() riverdriver.Driver[*sql.Tx] {
	if c.store.Dialect == dialect.Postgres {
		return silent{riverdatabasesql.New(c.store.JobDB())}
	}
	return riversqlite.New(c.store.JobDB())
}

// silent is River's driver without NOTIFY, which nobody would hear: this driver can't listen.
type silent struct{ *riverdatabasesql.Driver }

func (silent) SupportsListenNotify() bool { return false }

// quiet passes on records from level Warn: River tells of every round it makes.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }
func (q quiet) WithGroup(name string) slog.Handler   { return quiet{q.Handler.WithGroup(name)} }

// clock is a clock of ours as River asks for one.
type clock func() time.Time

func (c clock) NowUTC() time.Time { return store.Micro(c()) }

func (c clock) NowUTCOrNil() *time.Time {
	now := c.NowUTC()
	return &now
}
