package portal

import (
	"context"
	"errors"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"

	"nelke/ent"
	"nelke/ent/application"
	entpayment "nelke/ent/payment"
	"nelke/ent/paymentreport"
	"nelke/ent/predicate"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/payment"
	"nelke/internal/problem"
)

// SettlePayment does what the state of a payment calls for: order it, ask how it stands, give up waiting, refund it. It
// may be repeated at any time.
func (p *Portal) SettlePayment(ctx context.Context, id string) (err error) {
	defer problem.Wrap(&err, "SettlePayment(%s)", id)

	pay, err := p.store.Reader().Payment.Query().Where(entpayment.ID(id)).WithApplication().Only(ctx)
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil || p.provider == nil {
		return err
	}
	now, err := p.store.Now(ctx)
	if err != nil {
		return err
	}
	over := !pay.ExpiresAt.After(now)
	switch pay.Status {
	case entpayment.StatusCREATED:
		if over {
			return p.expire(ctx, pay)
		}
		return p.order(ctx, pay)
	case entpayment.StatusPENDING:
		err := p.ask(ctx, pay, p.provider.Get)
		if !over {
			return err
		}
		if err != nil && now.Before(pay.ExpiresAt.Add(time.Hour)) {
			return err // it may have been paid: ask again before giving up
		}
		if err := p.expire(ctx, pay); err != nil {
			return err
		}
		return p.ask(ctx, pay, p.provider.Cancel) // whoever has paid in between has paid
	case entpayment.StatusCANCELED, entpayment.StatusFAILED, entpayment.StatusEXPIRED:
		if pay.TransactionID == "" {
			return nil // the provider's page was never shown to anybody
		}
		return p.ask(ctx, pay, p.provider.Cancel)
	case entpayment.StatusPAID:
		if pay.Edges.Application.SubmittedAt == nil {
			return p.overdue(ctx, pay)
		}
	case entpayment.StatusREFUND_DUE:
		return p.ask(ctx, pay, p.provider.Refund)
	}
	return nil
}

const (
	sweepLimit    = 100             // of each group of payments, in one sweep
	sweepPatience = 5 * time.Second // with one of them
	refundPause   = 24 * time.Hour  // between two askings for the same refund
)

// SettlePayments settles payments that are due: those that should have ended, those that paid for a draft which nobody
// submitted, and refunds, these once a day. Each has jobs of its own; this finds those whose provider was away for longer
// than the jobs had patience. Whoever has waited longest comes first, so that none that can't be settled keeps others
// from it.
func (p *Portal) SettlePayments(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "SettlePayments")

	now, err := p.store.Now(ctx)
	if err != nil {
		return err
	}
	var due []string
	for _, group := range []predicate.Payment{
		entpayment.And(entpayment.StatusIn(entpayment.StatusCREATED, entpayment.StatusPENDING), entpayment.ExpiresAtLTE(now)),
		entpayment.And(entpayment.StatusEQ(entpayment.StatusPAID), entpayment.HasApplicationWith(application.SubmittedAtIsNil())),
		entpayment.And(entpayment.StatusEQ(entpayment.StatusREFUND_DUE),
			entpayment.Or(entpayment.SweptAtIsNil(), entpayment.SweptAtLTE(now.Add(-refundPause)))),
	} {
		ids, err := p.store.Reader().Payment.Query().Where(group).
			Order(entpayment.BySweptAt(sql.OrderNullsFirst()), entpayment.ByID()).Limit(sweepLimit).IDs(ctx)
		if err != nil {
			return err
		}
		due = append(due, ids...)
	}
	var errs []error
	for _, id := range due {
		if ctx.Err() != nil {
			break // the next sweep begins with the rest
		}
		err := p.sweep(ctx, id, now)
		errs = append(errs, err)
		if errors.Is(err, payment.ErrAway) {
			break // nobody else would be answered either
		}
	}
	return errors.Join(errs...) //nolint:forbidigo // each is of another payment, and only a log reads them
}

// sweep settles one payment, and notes that its turn was. A turn in which the provider wasn't called is none.
func (p *Portal) sweep(ctx context.Context, id string, now time.Time) error {
	var before *time.Time
	if err := p.write(ctx, func(ctx context.Context, tx *Tx) error {
		pay, err := tx.Payment.Get(ctx, id)
		if err != nil {
			return err
		}
		before = pay.SweptAt
		return tx.Payment.UpdateOneID(id).SetSweptAt(now).Exec(ctx)
	}); err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, sweepPatience)
	defer cancel()
	err := p.SettlePayment(patient, id)
	if !errors.Is(err, payment.ErrAway) {
		return err
	}
	if fault := p.write(ctx, func(ctx context.Context, tx *Tx) error {
		update := tx.Payment.UpdateOneID(id).SetNillableSweptAt(before)
		if before == nil {
			update.ClearSweptAt()
		}
		return update.Exec(ctx)
	}); fault != nil {
		return fault
	}
	return err
}

// order sends the order to the provider.
func (p *Portal) order(ctx context.Context, pay *ent.Payment) error {
	t, err := p.provider.Create(ctx, payment.Order{
		ID: pay.ID, Cents: pay.Cents, Currency: pay.Currency, Method: pay.Method.String(),
		Purpose: pay.Purpose, ReturnURL: p.returnURL(pay.ID),
	})
	if errors.Is(err, payment.ErrRefused) {
		t = payment.Transaction{Order: pay.ID, Status: payment.Failed, Cents: pay.Cents, Currency: pay.Currency}
	} else if err != nil {
		return err
	}
	return p.answered(ctx, pay, paymentreport.ViaCALL, t)
}

// ask calls the provider about a payment that has a transaction there, and applies the answer. Money that can't be given back stays due.
func (p *Portal) ask(ctx context.Context, pay *ent.Payment, call func(context.Context, string) (payment.Transaction, error)) error {
	t, err := call(ctx, pay.TransactionID)
	switch {
	case errors.Is(err, payment.ErrNoRefund):
		p.log.WarnContext(ctx, "the payment provider gives no refund: somebody has to", "payment", pay.ID)
		return nil
	case errors.Is(err, payment.ErrUnknown):
		p.log.ErrorContext(ctx, "the payment provider has forgotten a transaction", "payment", pay.ID)
		return nil
	case err != nil:
		return err
	}
	return p.answered(ctx, pay, paymentreport.ViaRECONCILIATION, t)
}

// errNonsense says that a provider's answer can't be about the payment that it was asked about.
var errNonsense = errors.New("the payment provider says what can't be")

// answered applies a provider's answer to a call. An implausible one is returned as an error, so that the job asks again: otherwise
// money that lies at the provider would stay unknown.
func (p *Portal) answered(ctx context.Context, pay *ent.Payment, via paymentreport.Via, t payment.Transaction) error {
	believed, err := p.hear(ctx, pay.ID, via, t)
	if err == nil && !believed {
		err = errNonsense
	}
	return err
}

// expire gives up waiting for a payment.
func (p *Portal) expire(ctx context.Context, pay *ent.Payment) error {
	return p.onPaid(ctx, pay, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		if !slices.Contains(paymentMoves[entpayment.StatusEXPIRED], pay.Status) || pay.ExpiresAt.After(tx.now) {
			return nil
		}
		return tx.movePayment(ctx, f, pay, entpayment.StatusEXPIRED, func(next *ent.Payment) { next.EndedAt = &tx.now })
	})
}

// overdue makes the money of a draft that was never submitted due for refund, once the town's grace is over.
func (p *Portal) overdue(ctx context.Context, pay *ent.Payment) error {
	return p.onPaid(ctx, pay, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		if pay.Status != entpayment.StatusPAID || f.SubmittedAt != nil || tx.now.Before(graceOf(f.service, pay)) {
			return nil
		}
		return p.refund(ctx, tx, f, pay, entpayment.RefundReasonNOT_SUBMITTED)
	})
}

// graceOf is until when a paid draft may be submitted.
func graceOf(s *catalogue.Service, pay *ent.Payment) time.Time {
	return pay.PaidAt.Add(time.Duration(s.Town.GraceMinutes) * time.Minute)
}

// onPaid runs a write of the service itself on a payment, as it is behind the case's lock.
func (p *Portal) onPaid(ctx context.Context, pay *ent.Payment, work func(context.Context, *Tx, *file, *ent.Payment) error) error {
	app := pay.Edges.Application
	service, err := p.AnyService(ctx, app.ServiceID)
	if err != nil {
		return err
	}
	if service == nil {
		return errServiceGone
	}
	return p.writeOn(identity.WithActor(ctx, identity.Actor{}), app.CaseID, func(ctx context.Context, tx *Tx) error {
		f, err := tx.open(ctx, app.ID, app.CaseID, service)
		if err != nil || f == nil {
			return err
		}
		return work(ctx, tx, f, f.payment(pay.ID))
	})
}
