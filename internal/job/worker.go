package job

import (
	"context"

	"github.com/riverqueue/river"
)

// What is stored with each job, as JSON: a field may be added, never renamed. It names things and has nothing about a person.
type (
	expireHold struct {
		Appointment string `json:"appointment"`
	}
	deliverNotice struct {
		Subject string `json:"subject"`
		Notice  string `json:"notice"`
		Key     string `json:"key"`
	}
	tendDraft struct {
		Application string `json:"application"`
	}
	settlePayment struct {
		Payment string `json:"payment"`
	}
	sendWebhooks struct {
		Endpoint string `json:"endpoint"`
	}
	settlePayments    struct{}
	tendWebhooks      struct{}
	tendDrafts        struct{}
	sweepHolds        struct{}
	digestHeads       struct{}
	forgetIdempotency struct{}
	forgetFeedback    struct{}
	indexNames        struct{}
)

// The kinds of jobs, as stored and as counted.
const (
	KindExpireHold        = "expire_hold"
	KindDeliverNotice     = "deliver_notice"
	KindTendDraft         = "tend_draft"
	KindSettlePayment     = "settle_payment"
	KindSettlePayments    = "settle_payments"
	KindSendWebhooks      = "send_webhooks"
	KindTendWebhooks      = "tend_webhooks"
	KindTendDrafts        = "tend_drafts"
	KindSweepHolds        = "sweep_holds"
	KindDigestHeads       = "digest_heads"
	KindForgetIdempotency = "forget_idempotency"
	KindForgetFeedback    = "forget_feedback"
	KindIndexNames        = "index_names"
)

func (expireHold) Kind() string        { return KindExpireHold }
func (deliverNotice) Kind() string     { return KindDeliverNotice }
func (tendDraft) Kind() string         { return KindTendDraft }
func (settlePayment) Kind() string     { return KindSettlePayment }
func (settlePayments) Kind() string    { return KindSettlePayments }
func (sendWebhooks) Kind() string      { return KindSendWebhooks }
func (tendWebhooks) Kind() string      { return KindTendWebhooks }
func (tendDrafts) Kind() string        { return KindTendDrafts }
func (sweepHolds) Kind() string        { return KindSweepHolds }
func (digestHeads) Kind() string       { return KindDigestHeads }
func (forgetIdempotency) Kind() string { return KindForgetIdempotency }
func (forgetFeedback) Kind() string    { return KindForgetFeedback }
func (indexNames) Kind() string        { return KindIndexNames }

// queueWebhooks is the queue of calls to partners: however slow these are, nothing else waits for them. callers calls are made
// at once, one at a time to an endpoint; a partner has ten endpoints at most, so that one alone can't have all of them wait.
const (
	queueWebhooks = "webhooks"
	callers       = 16
)

// queuePayments is the queue of whatever calls the payment provider. payers of its jobs run at once; they wait, and hold
// neither a connection nor the writer meanwhile.
const (
	queuePayments = "payments"
	payers        = 8
)

// InsertOpts puts calls into their own queue.
func (sendWebhooks) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueWebhooks} }

func (settlePayment) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queuePayments} }

func (settlePayments) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queuePayments} }

func (c *Client) workers(ops Operations) *river.Workers {
	w := river.NewWorkers()
	add(c, w, func(ctx context.Context, a expireHold) error { return ops.ExpireHold(ctx, a.Appointment) })
	add(c, w, func(ctx context.Context, a deliverNotice) error {
		return ops.DeliverNotice(ctx, a.Subject, a.Notice, a.Key)
	})
	add(c, w, func(ctx context.Context, a tendDraft) error { return ops.TendDraft(ctx, a.Application) })
	add(c, w, func(ctx context.Context, a settlePayment) error { return ops.SettlePayment(ctx, a.Payment) })
	add(c, w, func(ctx context.Context, a sendWebhooks) error { return ops.SendWebhooks(ctx, a.Endpoint) })
	add(c, w, func(ctx context.Context, _ tendWebhooks) error { return ops.TendWebhooks(ctx) })
	add(c, w, func(ctx context.Context, _ settlePayments) error { return ops.SettlePayments(ctx) })
	add(c, w, func(ctx context.Context, _ tendDrafts) error { return ops.TendDrafts(ctx) })
	add(c, w, func(ctx context.Context, _ sweepHolds) error { return ops.SweepHolds(ctx) })
	add(c, w, func(ctx context.Context, _ digestHeads) error { return ops.DigestHeads(ctx) })
	add(c, w, func(ctx context.Context, _ forgetIdempotency) error { return ops.ForgetIdempotency(ctx) })
	add(c, w, func(ctx context.Context, _ forgetFeedback) error { return ops.ForgetFeedback(ctx) })
	add(c, w, func(ctx context.Context, _ indexNames) error { return ops.IndexNames(ctx) })
	return w
}

func add[A river.JobArgs](c *Client, w *river.Workers, run func(context.Context, A) error) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[A]) error {
		if c.opts.NoSweepers && (j.Kind == KindExpireHold || j.Kind == KindSweepHolds) {
			return nil // inserted by a process that has them on
		}
		ctx, end := c.begin(ctx, j.JobRow)
		err := run(ctx, j.Args)
		end(err)
		if err == nil {
			c.counts.done(j.Kind)
		}
		return err
	}))
}
