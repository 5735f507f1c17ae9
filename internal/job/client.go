// Package job runs what is due later: the expiry of a hold, a notice to a person, the nightly digest.
//
// A job is a row of River's, inserted in the transaction that enqueues it: if that rolls back, there is no job; once it
// is committed, nothing is forgotten. The workers are thin: each calls one operation of the portal ([Operations]).
// A job may run more than once (a process may die after the work and before the note of it), so each operation
// must find out for itself that it was done. No rule depends on a job running at all: an expired hold is nobody's
// whether or not it was swept.
package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"github.com/riverqueue/river"

	"nelke/internal/store"
	"nelke/internal/tracing"
)

// Operations is what the portal does when a job is due. Each must bear being repeated.
// An error makes River try again, after seconds at first and days at last (attempts to the fourth power, in seconds).
type Operations interface {
	// ExpireHold ends the hold if its time is over. Anything else in its place (booked, extended, gone) is no error.
	ExpireHold(ctx context.Context, appointment string) error
	// SweepHolds ends every hold whose time is over.
	SweepHolds(ctx context.Context) error
	// DeliverNotice records a message to the person about the subject (id of an appointment or application).
	// The key is that of [Client.DeliverNoticeAt]: one notice, however often it is asked for.
	DeliverNotice(ctx context.Context, subject, kind, key string) error
	// TendDraft warns of the end of a draft application, or ends it.
	TendDraft(ctx context.Context, application string) error
	// SettlePayment does what the state of a payment calls for: order, ask, give up, refund.
	SettlePayment(ctx context.Context, payment string) error
	// SettlePayments does the same for every payment that something is due on and whose own jobs are over.
	SettlePayments(ctx context.Context) error
	// TendDrafts ends every draft whose time is over and whose own jobs are lost.
	TendDrafts(ctx context.Context) error
	// SendWebhooks makes the call that is due to a partner's endpoint.
	SendWebhooks(ctx context.Context, endpoint string) error
	// TendWebhooks does the same for every endpoint whose own jobs are lost, and forgets old deliveries.
	TendWebhooks(ctx context.Context) error
	// DigestHeads writes the digest of all event chains of each municipality.
	DigestHeads(ctx context.Context) error
	// ForgetIdempotency removes idempotency rows that nobody will ask for again.
	ForgetIdempotency(ctx context.Context) error
	// ForgetFeedback deletes the messages of old feedback.
	ForgetFeedback(ctx context.Context) error
	// IndexNames indexes names of what was there before names were indexed.
	IndexNames(ctx context.Context) error
}

// Options of a Client.
type Options struct {
	// Workers: this process works jobs. Otherwise it only inserts them, and Start does nothing.
	Workers bool
	// NoSweepers: holds are neither expired nor swept by jobs, to prove that nothing but tidiness depends on it.
	NoSweepers bool
	// Logger gets failed attempts as warnings, panics and jobs that are given up as errors, and what River itself logs from
	// level Warn on. nil: nowhere.
	Logger *slog.Logger
	// Clock says when jobs are due, for tests. nil: the database's clock, and time.Now.
	Clock func() time.Time
	// Tracer gives each attempt at a job a trace of its own, linked to the one in which it was enqueued. nil: off.
	Tracer *tracing.Tracer
}

// Client inserts jobs, and works them between Start and Stop.
type Client struct {
	store  *store.Store
	opts   Options
	insert *river.Client[*sql.Tx]
	counts counts

	mu   sync.Mutex
	work *river.Client[*sql.Tx] // nil unless started
}

// New makes a client on the store, whose migrations must have run before Start. It starts nothing.
func New(s *store.Store, opts Options) (*Client, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Client{store: s, opts: opts}
	var err error
	if c.insert, err = river.NewClient(c.driver(), c.config()); err != nil {
		return nil, fmt.Errorf("job.New: %w", err)
	}
	return c, nil
}

// Start begins to work jobs with ops and returns. It goes on until Stop, whatever becomes of ctx.
// Without Options.Workers it does nothing.
func (c *Client) Start(ctx context.Context, ops Operations) error {
	if !c.opts.Workers {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.work != nil {
		return errors.New("job.Start: started already")
	}
	cfg := c.config()
	cfg.Workers = c.workers(ops)
	cfg.PeriodicJobs = c.periodic()
	cfg.ErrorHandler = failures{&c.counts, c.opts.Logger}
	cfg.Queues = queues()
	if c.store.Dialect == dialect.SQLite {
		cfg.Queues[river.QueueDefault] = river.QueueConfig{MaxWorkers: 2} // one writer: more would only stand in its way
	}
	work, err := river.NewClient(c.driver(), cfg)
	if err != nil {
		return fmt.Errorf("job.Start: %w", err)
	}
	if err := work.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("job.Start: %w", err)
	}
	c.work = work
	return nil
}

// queues are all there are. Jobs that wait for somebody outside keep no others from being worked.
func queues() map[string]river.QueueConfig {
	return map[string]river.QueueConfig{
		river.QueueDefault: {MaxWorkers: 10},
		queueWebhooks:      {MaxWorkers: callers},
		queuePayments:      {MaxWorkers: payers},
	}
}

// Queues are the names of all queues, sorted.
func Queues() []string { return slices.Sorted(maps.Keys(queues())) }

// How long jobs that didn't finish in time have left to notice that they are canceled.
const lastWords = 2 * time.Second

// Stop takes up no more jobs and waits until those that run are done, or until ctx ends: then they are canceled, which counts as no attempt, and
// are worked by whichever process starts next. Once it has returned nil, nothing of the client runs any more.
func (c *Client) Stop(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.work == nil {
		return nil
	}
	if err := c.work.Stop(ctx); err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		if err := c.work.StopAndCancel(hard); err != nil {
			return fmt.Errorf("job.Stop: %w", err)
		}
	}
	c.work = nil
	return nil
}
