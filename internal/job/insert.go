package job

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

// ExpireHoldAt enqueues, as part of the transaction, a job that ends the appointment's hold at the given instant.
// With Options.NoSweepers it enqueues nothing.
func (c *Client) ExpireHoldAt(ctx context.Context, tx *sql.Tx, appointment string, at time.Time) error {
	if c.opts.NoSweepers {
		return nil
	}
	return c.enqueue(ctx, tx, expireHold{Appointment: appointment}, at)
}

// DeliverNoticeAt enqueues, as part of the transaction, a notice of a kind about the subject (id of an appointment or application)
// at the given instant; the zero time, or one that has passed, is at once. The key names the notice for good:
// asking twice delivers one.
func (c *Client) DeliverNoticeAt(ctx context.Context, tx *sql.Tx, subject, kind, key string, at time.Time) error {
	return c.enqueue(ctx, tx, deliverNotice{Subject: subject, Notice: kind, Key: key}, at)
}

// TendDraftAt enqueues, as part of the transaction, a job that looks after a draft at the given instant.
func (c *Client) TendDraftAt(ctx context.Context, tx *sql.Tx, application string, at time.Time) error {
	return c.enqueue(ctx, tx, tendDraft{Application: application}, at)
}

// SettlePaymentAt enqueues, as part of the transaction, a job that tries to settle a payment at the given instant.
func (c *Client) SettlePaymentAt(ctx context.Context, tx *sql.Tx, payment string, at time.Time) error {
	return c.enqueue(ctx, tx, settlePayment{Payment: payment}, at)
}

// SendWebhooksAt enqueues, as part of the transaction, a job that sends an endpoint its webhooks at the given instant.
func (c *Client) SendWebhooksAt(ctx context.Context, tx *sql.Tx, endpoint string, at time.Time) error {
	return c.enqueue(ctx, tx, sendWebhooks{Endpoint: endpoint}, at)
}

func (c *Client) enqueue(ctx context.Context, tx *sql.Tx, args river.JobArgs, at time.Time) error {
	now := time.Now
	if c.opts.Clock != nil {
		now = c.opts.Clock
	}
	opts := &river.InsertOpts{Metadata: c.origin(ctx)}
	if at.After(now()) {
		opts.ScheduledAt = at // River would let a job with a time wait for its scheduler, even with a time that has passed
	}
	if _, err := c.insert.InsertTx(ctx, tx, args, opts); err != nil {
		return fmt.Errorf("job: enqueue %s: %w", args.Kind(), err)
	}
	return nil
}
