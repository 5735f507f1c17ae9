package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/cache"
	"nelke/internal/job"
	"nelke/internal/live"
	"nelke/internal/payment/gateway"
	"nelke/internal/portal"
	"nelke/internal/store"
	"nelke/server"
	"nelke/test/suite"
)

// The queues of jobs are paused, as an operator would pause them, before the service starts. What is due is then done by the
// test: when it wants, in whichever order it wants, twice if it wants, and without waiting for anybody to look.

// pause makes a database whose queues nobody works on.
func pause(t *testing.T, db *store.Store) {
	t.Helper()
	require.NoError(t, db.Migrate(t.Context()))
	now := suite.Start().UTC().Format("2006-01-02 15:04:05.000+00:00") // as both databases read it
	for _, queue := range job.Queues() {
		_, err := db.JobDB().ExecContext(t.Context(), `INSERT INTO river_queue (name, created_at, metadata, paused_at, updated_at) VALUES ($1, $2, '{}', $3, $4)`, queue, now, now, now)
		require.NoError(t, err)
	}
}

// resume lets the service work by itself again.
func resume(t *testing.T, db *store.Store) {
	t.Helper()
	_, err := db.JobDB().ExecContext(t.Context(), `UPDATE river_queue SET paused_at = NULL`)
	require.NoError(t, err)
}

// worker does what is due, by the operations that the service's own workers call.
type worker struct {
	db     *store.Store
	portal *portal.Portal
	hub    *live.Hub
	later  map[int64]time.Time // jobs that failed, and when they are tried again
	tries  map[int64]int
}

// task is a job that waits.
type task struct {
	id   int64
	kind string
	due  time.Time
	args struct{ Payment, Application, Subject, Notice, Key string }
}

// String is the task without what differs from run to run.
func (j task) String() string { return j.kind }

func newWorker(t *testing.T, p *suite.Process, db *store.Store, bank *bank) *worker {
	t.Helper()
	jobs, err := job.New(db, job.Options{Clock: p.Clock.Now})
	require.NoError(t, err)
	hub := live.NewHub()
	remembered := cache.New(cache.Config{Hub: hub, Now: p.Clock.Now})
	t.Cleanup(remembered.Close)
	calls := &http.Transport{}
	t.Cleanup(calls.CloseIdleConnections)
	return &worker{
		db: db, hub: hub, later: map[int64]time.Time{}, tries: map[int64]int{},
		portal: portal.New(portal.Options{
			Store: db, Hub: hub, Cache: remembered, Jobs: jobs, Clock: p.Clock.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
			Provider: gateway.NewClient(gateway.Options{
				URL: bank.URL, Secret: bank.Secret, NotifyURL: p.Config.PublicURL + "/payments/webhook", HTTP: &http.Client{Transport: calls},
			}),
			ReturnURL: func(payment string) string {
				return p.Config.PublicURL + server.ReturnPath(p.Config.PaymentSecret, payment)
			},
		}),
	}
}

// owed are the tasks about applications and payments, in the order in which they are due.
func (w *worker) owed(t require.TestingT) []task {
	rows, err := w.db.JobDB().QueryContext(context.Background(), `SELECT id, kind, scheduled_at, args ->> 'payment', args ->> 'application',
		args ->> 'subject', args ->> 'notice', args ->> 'key' FROM river_job
		WHERE kind IN ('settle_payment', 'tend_draft', 'deliver_notice') ORDER BY scheduled_at, id`)
	require.NoError(t, err)
	defer rows.Close()
	var list []task
	for rows.Next() {
		var j task
		var args [5]sql.NullString // those that a kind has
		require.NoError(t, rows.Scan(&j.id, &j.kind, &j.due, &args[0], &args[1], &args[2], &args[3], &args[4]))
		j.args.Payment, j.args.Application, j.args.Subject, j.args.Notice, j.args.Key = args[0].String, args[1].String, args[2].String, args[3].String, args[4].String
		if later, ok := w.later[j.id]; ok {
			j.due = later
		}
		list = append(list, j)
	}
	require.NoError(t, rows.Err())
	return list
}

// run does a task. It doesn't forget it: that is done.
func (w *worker) run(j task) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch j.kind {
	case job.KindSettlePayment:
		return w.portal.SettlePayment(ctx, j.args.Payment)
	case job.KindTendDraft:
		return w.portal.TendDraft(ctx, j.args.Application)
	case job.KindDeliverNotice:
		return w.portal.DeliverNotice(ctx, j.args.Subject, j.args.Notice, j.args.Key)
	default:
		return fmt.Errorf("nobody does %s", j.kind)
	}
}

// done forgets a task.
func (w *worker) done(t require.TestingT, j task) {
	_, err := w.db.JobDB().ExecContext(context.Background(), `DELETE FROM river_job WHERE id = $1`, j.id)
	require.NoError(t, err)
	delete(w.later, j.id)
	delete(w.tries, j.id)
}

// failed puts a task off, as the queue does: longer each time.
func (w *worker) failed(j task, now time.Time) {
	w.tries[j.id]++
	n := w.tries[j.id]
	w.later[j.id] = now.Add(time.Duration(n*n*n*n) * time.Second)
}

// clear forgets everything: what a run that failed has left.
func (w *worker) clear(t require.TestingT) {
	_, err := w.db.JobDB().ExecContext(context.Background(), `DELETE FROM river_job WHERE kind IN ('settle_payment', 'tend_draft', 'deliver_notice')`)
	require.NoError(t, err)
	clear(w.later)
	clear(w.tries)
}
