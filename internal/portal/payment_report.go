package portal

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"nelke/ent"
	"nelke/ent/application"
	entpayment "nelke/ent/payment"
	"nelke/ent/paymentreport"
	"nelke/internal/payment"
	"nelke/internal/problem"
)

// What a provider says comes here, whichever way: as the answer to a call, by webhook, when the payer comes back, or by
// looking. All of them end in hear, the one place that changes the state of a payment by what somebody else says.

// ErrNoPayment says that a provider speaks of a payment that isn't ours.
var ErrNoPayment = errors.New("no such payment")

// PaymentReported applies a provider's webhook whose signature has been checked.
//
// Errors: ErrNoPayment.
func (p *Portal) PaymentReported(ctx context.Context, t payment.Transaction) (err error) {
	defer problem.Wrap(&err, "PaymentReported(%s)", t.Order)

	known, err := p.store.Reader().Payment.Query().Where(entpayment.IDIn(storable(t.Order)...)).Exist(ctx)
	if err != nil {
		return err
	}
	if !known {
		return p.unknown(ctx, t)
	}
	_, err = p.hear(ctx, t.Order, paymentreport.ViaWEBHOOK, t)
	return err
}

// PaymentReturned is the payer's browser coming back from the provider's page. That proves nothing, so the provider is
// asked; where it doesn't answer, a job will. It gives the page to go on to, empty where none was named.
//
// Errors: ErrNoPayment.
func (p *Portal) PaymentReturned(ctx context.Context, id string) (page string, err error) {
	defer problem.Wrap(&err, "PaymentReturned(%s)", id)

	pay, err := p.store.Reader().Payment.Query().Where(entpayment.IDIn(storable(id)...)).Only(ctx)
	if ent.IsNotFound(err) {
		return "", ErrNoPayment
	}
	if err != nil {
		return "", err
	}
	if pay.Status != entpayment.StatusPENDING || p.provider == nil {
		return pay.ReturnURL, nil
	}
	if _, asking := p.asking.LoadOrStore(id, struct{}{}); asking {
		return pay.ReturnURL, nil // whoever loads the page again and again asks once
	}
	defer p.asking.Delete(id)
	patient, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	t, err := p.provider.Get(patient, pay.TransactionID)
	if err != nil {
		p.log.WarnContext(ctx, "the payment provider doesn't answer; asked again later", "payment", id, "err", err)
		return pay.ReturnURL, nil
	}
	_, err = p.hear(ctx, id, paymentreport.ViaRETURN, t)
	return pay.ReturnURL, err
}

// hear records what a provider says of a payment, and moves the payment where that makes sense and changes something. The
// same said twice, late, or in another order leads to the same end. It returns false for what can't be true of the payment.
func (p *Portal) hear(ctx context.Context, id string, via paymentreport.Via, t payment.Transaction) (believed bool, err error) {
	pay, err := p.store.Reader().Payment.Query().Where(entpayment.ID(id)).WithApplication().Only(ctx)
	if err != nil {
		return false, err
	}
	refused := false
	err = p.onPaid(ctx, pay, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		outcome := paymentreport.OutcomeKNOWN
		refused = !sensible(pay, t)
		to, moves := pay.Status, false
		if refused {
			outcome = paymentreport.OutcomeREFUSED
		} else if to, moves = verdict(pay, t); moves {
			outcome = paymentreport.OutcomeAPPLIED
		}
		if err := tx.report(ctx, id, via, t, outcome); err != nil || !moves {
			return err
		}
		return p.apply(ctx, tx, f, pay, to, t)
	})
	if refused {
		p.log.ErrorContext(ctx, "the payment provider says what can't be", "payment", id, "via", via, "status", t.Status, "cents", t.Cents)
	}
	return !refused, err
}

// sensible reports whether a report can be about this payment at all. Nothing of it is believed otherwise.
func sensible(pay *ent.Payment, t payment.Transaction) bool {
	if t.Order != pay.ID || t.ID != pay.TransactionID && pay.TransactionID != "" || t.Currency != pay.Currency || len(t.ID) > 200 || !plain(t.ID) {
		return false
	}
	switch t.Status {
	case payment.Open:
		page, err := url.Parse(t.URL)
		return t.ID != "" && t.Cents == pay.Cents && (pay.TransactionID != "" ||
			err == nil && page.Host != "" && (page.Scheme == "https" || page.Scheme == "http") && len(t.URL) <= 5000 && plain(t.URL))
	case payment.Failed, payment.Canceled:
		return true
	case payment.Paid, payment.Refunded: // once it is known how much there is, it stays so
		return t.ID != "" && t.Cents > 0 && (pay.ReceivedCents == 0 || t.Cents == pay.ReceivedCents)
	default:
		return false
	}
}

// verdict is the state that a report leads to, and whether that is another one.
func verdict(pay *ent.Payment, t payment.Transaction) (entpayment.Status, bool) {
	to := map[payment.Status]entpayment.Status{
		payment.Open: entpayment.StatusPENDING, payment.Paid: entpayment.StatusPAID, payment.Failed: entpayment.StatusFAILED,
		payment.Canceled: entpayment.StatusCANCELED, payment.Refunded: entpayment.StatusREFUNDED,
	}[t.Status]
	return to, slices.Contains(paymentMoves[to], pay.Status)
}

// apply moves a payment by a report that was believed. A success that the application can't take any more passes on to
// REFUND_DUE.
func (p *Portal) apply(ctx context.Context, tx *Tx, f *file, pay *ent.Payment, to entpayment.Status, t payment.Transaction) error {
	reason := entpayment.RefundReason("")
	if to == entpayment.StatusPAID {
		var err error
		if reason, err = f.tooLate(pay, t); err != nil {
			return err
		}
		if reason != "" {
			to = entpayment.StatusREFUND_DUE
		}
	}
	if to == entpayment.StatusREFUNDED && pay.RefundReason == nil {
		reason = entpayment.RefundReasonPROVIDER
	}
	if err := tx.movePayment(ctx, f, pay, to, func(next *ent.Payment) {
		next.TransactionID, next.Reference = t.ID, fmt.Sprintf("%.60s", shown(t.Reference))
		if t.ID == "" {
			next.TransactionID = pay.TransactionID
		}
		if reason != "" {
			next.RefundReason = &reason
		}
		switch to {
		case entpayment.StatusPENDING:
			next.RedirectURL = t.URL
			return
		case entpayment.StatusPAID, entpayment.StatusREFUND_DUE:
			next.ReceivedCents, next.PaidAt = t.Cents, &tx.now
		case entpayment.StatusREFUNDED:
			if next.PaidAt == nil {
				next.ReceivedCents, next.PaidAt = t.Cents, &tx.now
			}
			next.RefundedCents = next.ReceivedCents
		}
		next.EndedAt = &tx.now
	}); err != nil {
		return err
	}
	switch to {
	case entpayment.StatusPAID:
		if err := tx.extendDraft(ctx, f, graceOf(f.service, pay)); err != nil {
			return err
		}
		if other := f.paying(); other != nil {
			// Two pages were open and one was paid: the other one is closed.
			if err := tx.movePayment(ctx, f, other, entpayment.StatusCANCELED, func(next *ent.Payment) { next.EndedAt = &tx.now }); err != nil {
				return err
			}
			if err := p.jobs.SettlePaymentAt(ctx, tx.SQL, other.ID, tx.now); err != nil {
				return err
			}
		}
		return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, graceOf(f.service, pay))
	case entpayment.StatusREFUND_DUE:
		return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, tx.now)
	case entpayment.StatusREFUNDED:
		return p.enqueueNotice(ctx, tx, pay.ID, noticeRefunded, "")
	}
	return nil
}

// tooLate says why the application can't take the money of a payment; empty if it can: it is a draft still, nothing else
// has paid for it, and its answers are those that the payment was started for. Where they were changed since, they must
// cost the same by the price of that day.
func (f *file) tooLate(pay *ent.Payment, t payment.Transaction) (entpayment.RefundReason, error) {
	switch {
	case t.Cents != pay.Cents:
		return entpayment.RefundReasonOTHER_AMOUNT, nil
	case f.Status != application.StatusDRAFT, f.paid() != nil:
		return entpayment.RefundReasonLATE, nil
	case f.Revision == pay.AnswersRevision:
		return "", nil
	}
	price, err := f.price(f.service.Town.Today(pay.CreatedAt))
	if err != nil || price == pay.Cents {
		return "", err
	}
	return entpayment.RefundReasonLATE, nil
}

// report records what was said. The same said again the same way is there already.
func (tx *Tx) report(ctx context.Context, id string, via paymentreport.Via, t payment.Transaction, outcome paymentreport.Outcome) error {
	a := tx.Args()
	_, err := tx.exec(ctx, a, `INSERT INTO payment_reports (payment_id, via, transaction_id, said, cents, outcome, at) VALUES (`+
		a.Bind(id)+`, `+a.Bind(via.String())+`, `+a.Bind(printable(t.ID))+`, `+a.Bind(printable(string(t.Status)))+`, `+
		a.Bind(t.Cents)+`, `+a.Bind(outcome.String())+`, `+a.Bind(tx.now)+`) ON CONFLICT DO NOTHING`)
	return err
}

// printable keeps what somebody else said short, and free of what PostgreSQL takes in no text.
func printable(s string) string {
	quoted := strconv.QuoteToASCII(s)
	return fmt.Sprintf("%.60s", quoted[1:len(quoted)-1])
}
