package job

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Count is what became of the jobs of one kind in this process since it started.
type Count struct {
	Done    uint64 // attempts that ended well
	Failed  uint64 // attempts that ended in an error or a panic
	GivenUp uint64 // of these, the last attempts: nobody will try again
}

// Counts are the counts by kind, for metrics. Kinds that didn't occur are missing.
func (c *Client) Counts() map[string]Count { return c.counts.all() }

type counts struct {
	mu     sync.Mutex
	byKind map[string]Count
}

func (c *counts) all() map[string]Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]Count, len(c.byKind))
	for kind, n := range c.byKind {
		all[kind] = n
	}
	return all
}

func (c *counts) add(kind string, change func(*Count)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKind == nil {
		c.byKind = map[string]Count{}
	}
	n := c.byKind[kind]
	change(&n)
	c.byKind[kind] = n
}

func (c *counts) done(kind string) { c.add(kind, func(n *Count) { n.Done++ }) }

func (c *counts) failed(job *rivertype.JobRow) {
	c.add(job.Kind, func(n *Count) {
		n.Failed++
		if last(job) {
			n.GivenUp++
		}
	})
}

// last reports whether the attempt is the job's last one.
func last(job *rivertype.JobRow) bool { return job.Attempt >= job.MaxAttempts }

// failures counts and logs attempts that fail. River leaves out those that it cancels itself as it stops: these are made
// again and don't count as attempts.
type failures struct {
	counts *counts
	log    *slog.Logger
}

// HandleError implements river.ErrorHandler.
func (f failures) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	f.counts.failed(job)
	level, message := slog.LevelWarn, "job failed; it will be retried"
	if last(job) {
		level, message = slog.LevelError, "job given up"
	}
	f.log.LogAttrs(ctx, level, message, append(about(job), slog.String("error", err.Error()))...)
	return nil // River goes on as it would
}

// HandlePanic implements river.ErrorHandler. The trace is in the job's row.
func (f failures) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, _ string) *river.ErrorHandlerResult {
	f.counts.failed(job)
	message := "job panicked; it will be retried"
	if last(job) {
		message = "job panicked and is given up"
	}
	f.log.LogAttrs(ctx, slog.LevelError, message, append(about(job), slog.String("error", fmt.Sprint(value)))...)
	return nil
}

func about(job *rivertype.JobRow) []slog.Attr {
	return []slog.Attr{slog.Int64("job_id", job.ID), slog.String("job_kind", job.Kind), slog.Int("attempt", job.Attempt)}
}
