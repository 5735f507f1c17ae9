package portal

import (
	"context"
	"errors"
	"strconv"

	"nelke/ent"
	entpayment "nelke/ent/payment"
	"nelke/internal/identity"
	"nelke/internal/problem"
)

// RefundPaymentInput gives money back.
type RefundPaymentInput struct {
	IdempotencyKey string
	Payment        string
}

// RefundPayment returns what was paid back to the person, whole. Asked for one that is REFUND_DUE already, it makes the
// provider be asked once more. Role SUPERVISOR.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, WRONG_STATE.
func (p *Portal) RefundPayment(ctx context.Context, in RefundPaymentInput) (_ *ent.Payment, err error) {
	defer problem.Wrap(&err, "RefundPayment(%s)", in.Payment)

	return p.onRefund(ctx, request{operation: "refundPayment", key: in.IdempotencyKey, id: in.Payment, input: in}, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		switch pay.Status {
		case entpayment.StatusPAID:
			return p.refund(ctx, tx, f, pay, entpayment.RefundReasonSTAFF)
		case entpayment.StatusREFUND_DUE:
			return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, tx.now)
		}
		return problem.New(problem.WrongState, "input", "payment")
	})
}

// onRefund is onPayment for a supervisor of the town.
func (p *Portal) onRefund(ctx context.Context, r request, work func(context.Context, *Tx, *file, *ent.Payment) error) (*ent.Payment, error) {
	visible, err := p.seesPayments(ctx)
	switch actor := identity.FromContext(ctx); {
	case actor.Kind == identity.Anonymous:
		return nil, problem.New(problem.Unauthenticated)
	case actor.Kind != identity.Staff || errors.Is(err, errNobody):
		return nil, problem.New(problem.NotFound, "input", "payment")
	case err != nil:
		return nil, err
	}
	return p.onPayment(ctx, r, visible, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		if err := mayServe(tx.actor, f.service.Town.Municipality, identity.Supervisor, "input", "payment"); err != nil {
			return err
		}
		return work(ctx, tx, f, pay)
	})
}

// RecordRefundInput notes a refund by hand.
type RecordRefundInput struct {
	IdempotencyKey string
	Payment        string
	Note           string
}

// RecordRefund notes that money that was due for refund has gone back by hand, where the provider gives none, and how. The
// provider isn't asked any more. Role SUPERVISOR.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, WRONG_STATE, INVALID_INPUT.
func (p *Portal) RecordRefund(ctx context.Context, in RecordRefundInput) (_ *ent.Payment, err error) {
	defer problem.Wrap(&err, "RecordRefund(%s)", in.Payment)

	if in.Note, err = cleanLine(in.Note, 1, 200, "input", "note"); err != nil {
		return nil, err
	}
	return p.onRefund(ctx, request{operation: "recordRefund", key: in.IdempotencyKey, id: in.Payment, input: in}, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		if pay.Status != entpayment.StatusREFUND_DUE {
			return problem.New(problem.WrongState, "input", "payment")
		}
		note := in.Note
		if err := tx.movePayment(ctx, f, pay, entpayment.StatusREFUNDED, func(next *ent.Payment) {
			next.RefundNote, next.RefundedCents, next.EndedAt = &note, next.ReceivedCents, &tx.now
		}); err != nil {
			return err
		}
		return p.enqueueNotice(ctx, tx, pay.ID, noticeRefunded, strconv.Itoa(pay.Revision))
	})
}

// UndoRecordRefund takes RecordRefund back, where the money has not gone back: it is due again, and the provider is asked.
// Role SUPERVISOR.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, WRONG_STATE.
func (p *Portal) UndoRecordRefund(ctx context.Context, in PaymentInput) (_ *ent.Payment, err error) {
	defer problem.Wrap(&err, "UndoRecordRefund(%s)", in.Payment)

	return p.onRefund(ctx, request{operation: "undoRecordRefund", key: in.IdempotencyKey, id: in.Payment, input: in}, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		if pay.Status != entpayment.StatusREFUNDED || pay.RefundNote == nil {
			return problem.New(problem.WrongState, "input", "payment")
		}
		if err := tx.movePayment(ctx, f, pay, entpayment.StatusREFUND_DUE, func(next *ent.Payment) { next.RefundNote, next.RefundedCents = nil, 0 }); err != nil {
			return err
		}
		return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, tx.now)
	})
}

// refund makes what was paid due for refund, and enqueues the asking for it.
func (p *Portal) refund(ctx context.Context, tx *Tx, f *file, pay *ent.Payment, reason entpayment.RefundReason) error {
	if err := tx.movePayment(ctx, f, pay, entpayment.StatusREFUND_DUE, func(next *ent.Payment) { next.RefundReason = &reason }); err != nil {
		return err
	}
	return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, tx.now)
}
