package portal

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"

	"nelke/ent"
	"nelke/ent/application"
	entpayment "nelke/ent/payment"
	"nelke/ent/paymentreport"
	"nelke/ent/predicate"
	"nelke/internal/identity"
	"nelke/internal/payment"
)

// What a provider says comes here, whichever way: as the answer to a call, by webhook, when the payer comes back, or by
// looking. All of them end in hear, the one place that changes the state of a payment by what somebody else says.

// SettlePayment does what the state of a payment calls for: order it, ask how it stands, give up waiting, refund it. It
// may be repeated at any time.
func (p *Portal) SettlePayment(ctx context.Context, id string) (err error) {
	defer wrap(&err, "SettlePayment(%s)", id)

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

// SettlePayments settles what is owed on payments: those that should have ended, those that paid for a draft which nobody
// submitted, and refunds, these once a day. Each has jobs of its own; this finds those whose provider was away for longer
// than the jobs had patience. Whoever has waited longest comes first, so that none that can't be settled keeps others
// from it.
func (p *Portal) SettlePayments(ctx context.Context) (err error) {
	defer wrap(&err, "SettlePayments")

	now, err := p.store.Now(ctx)
	if err != nil {
		return err
	}
	var owed []string
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
		owed = append(owed, ids...)
	}
	var errs []error
	for _, id := range owed {
		if ctx.Err() != nil {
			break // the next sweep begins with the rest
		}
		errs = append(errs, p.sweep(ctx, id, now))
	}
	return errors.Join(errs...)
}

// sweep settles one payment, and notes that its turn was.
func (p *Portal) sweep(ctx context.Context, id string, now time.Time) error {
	if err := p.write(ctx, func(ctx context.Context, tx *Tx) error {
		return tx.Payment.UpdateOneID(id).SetSweptAt(now).Exec(ctx)
	}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sweepPatience)
	defer cancel()
	return p.SettlePayment(ctx, id)
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
	return p.hear(ctx, pay.ID, paymentreport.ViaCALL, t)
}

// ask calls the provider about a payment that it knows, and hears the answer. Money that it can't give back stays due.
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
	return p.hear(ctx, pay.ID, paymentreport.ViaRECONCILIATION, t)
}

// expire gives up waiting for a payment.
func (p *Portal) expire(ctx context.Context, pay *ent.Payment) error {
	return p.onPaid(ctx, pay, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		if !slices.Contains(outcomes[entpayment.StatusEXPIRED], pay.Status) || pay.ExpiresAt.After(tx.now) {
			return nil
		}
		return tx.pay(ctx, f, pay, entpayment.StatusEXPIRED, func(next *ent.Payment) { next.EndedAt = &tx.now })
	})
}

// overdue makes the money of a draft that was never submitted due for refund, once the town's grace is over.
func (p *Portal) overdue(ctx context.Context, pay *ent.Payment) error {
	return p.onPaid(ctx, pay, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		if pay.Status != entpayment.StatusPAID || f.SubmittedAt != nil || tx.now.Before(f.service.graceOf(pay)) {
			return nil
		}
		return p.refund(ctx, tx, f, pay, entpayment.RefundReasonNOT_SUBMITTED)
	})
}

// graceOf is until when a paid draft may be submitted.
func (s *Service) graceOf(pay *ent.Payment) time.Time {
	return pay.PaidAt.Add(time.Duration(s.Town.GraceMinutes) * time.Minute)
}

// onPaid runs a write of the service itself on a payment, as it is behind the case's lock.
func (p *Portal) onPaid(ctx context.Context, pay *ent.Payment, work func(context.Context, *Tx, *file, *ent.Payment) error) error {
	app := pay.Edges.Application
	service, err := p.anyService(ctx, app.ServiceID)
	if err != nil || service == nil {
		return errors.Join(err, errServiceGone)
	}
	return p.write(identity.WithActor(ctx, identity.Actor{}), func(ctx context.Context, tx *Tx) error {
		f, err := tx.open(ctx, app.ID, app.CaseID, service)
		if err != nil || f == nil {
			return err
		}
		return work(ctx, tx, f, f.payment(pay.ID))
	})
}

// ErrNoPayment says that a provider speaks of a payment that isn't ours.
var ErrNoPayment = errors.New("no such payment")

// PaymentReported hears what a provider says by webhook, once its signature has been checked.
//
// Errors: ErrNoPayment.
func (p *Portal) PaymentReported(ctx context.Context, t payment.Transaction) (err error) {
	defer wrap(&err, "PaymentReported(%s)", t.Order)

	known, err := p.store.Reader().Payment.Query().Where(entpayment.IDIn(storable(t.Order)...)).Exist(ctx)
	if err != nil {
		return err
	}
	if !known {
		return ErrNoPayment
	}
	return p.hear(ctx, t.Order, paymentreport.ViaWEBHOOK, t)
}

// PaymentReturned is the payer's browser coming back from the provider's page. That proves nothing, so the provider is
// asked; where it doesn't answer, a job will. It gives the page to go on to, empty where none was named.
//
// Errors: ErrNoPayment.
func (p *Portal) PaymentReturned(ctx context.Context, id string) (page string, err error) {
	defer wrap(&err, "PaymentReturned(%s)", id)

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
	patient, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	t, err := p.provider.Get(patient, pay.TransactionID)
	if err != nil {
		p.log.WarnContext(ctx, "the payment provider doesn't answer; asked again later", "payment", id, "err", err)
		return pay.ReturnURL, nil
	}
	return pay.ReturnURL, p.hear(ctx, id, paymentreport.ViaRETURN, t)
}

// hear records what a provider says of a payment, and moves the payment where that makes sense and changes something. The
// same said twice, late, or in another order leads to the same end.
func (p *Portal) hear(ctx context.Context, id string, via paymentreport.Via, t payment.Transaction) error {
	pay, err := p.store.Reader().Payment.Query().Where(entpayment.ID(id)).WithApplication().Only(ctx)
	if err != nil {
		return err
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
	return err
}

// sensible tells whether a report can be about this payment at all. Nothing of it is believed otherwise.
func sensible(pay *ent.Payment, t payment.Transaction) bool {
	if t.Order != pay.ID || t.ID != pay.TransactionID && pay.TransactionID != "" || t.Currency != pay.Currency || !plain(t.ID, 200) {
		return false
	}
	switch t.Status {
	case payment.Open:
		page, err := url.Parse(t.URL)
		return t.ID != "" && t.Cents == pay.Cents && (pay.TransactionID != "" ||
			err == nil && page.Host != "" && (page.Scheme == "https" || page.Scheme == "http") && plain(t.URL, 5000))
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
	return to, slices.Contains(outcomes[to], pay.Status)
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
	if err := tx.pay(ctx, f, pay, to, func(next *ent.Payment) {
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
		if err := tx.outlast(ctx, f, f.service.graceOf(pay)); err != nil {
			return err
		}
		if other := f.paying(); other != nil {
			// Two pages were open and one was paid: the other one is closed.
			if err := tx.pay(ctx, f, other, entpayment.StatusCANCELED, func(next *ent.Payment) { next.EndedAt = &tx.now }); err != nil {
				return err
			}
			if err := p.jobs.SettlePaymentAt(ctx, tx.SQL, other.ID, tx.now); err != nil {
				return err
			}
		}
		return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, f.service.graceOf(pay))
	case entpayment.StatusREFUND_DUE:
		return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, tx.now)
	case entpayment.StatusREFUNDED:
		return p.oweNotice(ctx, tx, pay.ID, noticeRefunded, "")
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
	price, err := f.price(f.service.Town.today(pay.CreatedAt))
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

// plain tells whether a text of somebody else's can be kept and shown as it is: no control characters, and not without end.
func plain(s string, longest int) bool { return len(s) <= longest && shown(s) == s }

// shown is the part of a text of somebody else's that can be shown.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}

// printable keeps what somebody else said short, and free of what PostgreSQL takes in no text.
func printable(s string) string {
	quoted := strconv.QuoteToASCII(s)
	return fmt.Sprintf("%.60s", quoted[1:len(quoted)-1])
}

// purpose is what stands on the account statement: the reference, so that the office finds it, and the service's name, in
// at most 27 characters that every bank prints (XBezahldienste 1.2.0, PaymentRequest.purpose).
func purpose(service, reference string) string {
	plain := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ß", "ss").Replace(service)
	plain = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, plain)
	return strings.TrimSpace(fmt.Sprintf("%.27s", reference+" "+plain))
}
