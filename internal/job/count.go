package job

import (
	"context"
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

// counts is River's error handler, too.
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

func (c *counts) failed(job *rivertype.JobRow) *river.ErrorHandlerResult {
	c.add(job.Kind, func(n *Count) {
		n.Failed++
		if job.Attempt >= job.MaxAttempts {
			n.GivenUp++
		}
	})
	return nil // River goes on as it would
}

// HandleError implements river.ErrorHandler. River logs the error itself.
func (c *counts) HandleError(_ context.Context, job *rivertype.JobRow, _ error) *river.ErrorHandlerResult {
	return c.failed(job)
}

// HandlePanic implements river.ErrorHandler.
func (c *counts) HandlePanic(_ context.Context, job *rivertype.JobRow, _ any, _ string) *river.ErrorHandlerResult {
	return c.failed(job)
}
