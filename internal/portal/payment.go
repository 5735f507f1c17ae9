package portal

import (
	"context"
	"slices"
	"time"

	"nelke/ent"
	entpayment "nelke/ent/payment"
	"nelke/ent/predicate"
	"nelke/internal/live"
	"nelke/internal/payment"
	"nelke/internal/problem"
)

// Provider takes money. It is never called inside a transaction, and may answer nonsense, late, twice or not at all.
type Provider interface {
	// Create asks for a transaction; the same order again is the same one.
	Create(ctx context.Context, o payment.Order) (payment.Transaction, error)
	// Get says how a transaction stands.
	Get(ctx context.Context, transaction string) (payment.Transaction, error)
	// Cancel ends a transaction that is open, and says how it stands then.
	Cancel(ctx context.Context, transaction string) (payment.Transaction, error)
	// Refund gives back all that was paid, once, however often it is asked for.
	Refund(ctx context.Context, transaction string) (payment.Transaction, error)
}

// paymentMoves lists, for each state of a payment, those it may be reached from. Money may arrive late: also after the payment
// has failed, was canceled or expired.
var paymentMoves = map[entpayment.Status][]entpayment.Status{ //nolint:gochecknoglobals // a table, never written
	entpayment.StatusPENDING:    {entpayment.StatusCREATED},
	entpayment.StatusFAILED:     {entpayment.StatusCREATED, entpayment.StatusPENDING},
	entpayment.StatusCANCELED:   {entpayment.StatusCREATED, entpayment.StatusPENDING},
	entpayment.StatusEXPIRED:    {entpayment.StatusCREATED, entpayment.StatusPENDING},
	entpayment.StatusPAID:       unpaid(),
	entpayment.StatusREFUND_DUE: append(unpaid(), entpayment.StatusPAID, entpayment.StatusREFUNDED), // the last where a refund by hand was none
	entpayment.StatusREFUNDED:   append(unpaid(), entpayment.StatusPAID, entpayment.StatusREFUND_DUE),
}

// unpaid are the states in which no money is known of.
func unpaid() []entpayment.Status {
	return []entpayment.Status{
		entpayment.StatusCREATED, entpayment.StatusPENDING, entpayment.StatusFAILED, entpayment.StatusCANCELED, entpayment.StatusEXPIRED,
	}
}

// movePayment changes a payment's state, if paymentMoves leads there from the state that was read and the row is still as it was
// read. It records one event for each state on the way, since money that comes too late has been paid and is due for refund.
func (tx *Tx) movePayment(ctx context.Context, f *file, pay *ent.Payment, to entpayment.Status, set func(*ent.Payment)) error {
	if !slices.Contains(paymentMoves[to], pay.Status) {
		return problem.New(problem.WrongState, "input", "payment")
	}
	next := *pay
	next.Status, next.Revision = to, pay.Revision+1
	if set != nil {
		set(&next)
	}
	guards := []column{{"status", pay.Status.String()}, {"revision", pay.Revision}}
	if err := tx.save(ctx, entpayment.Table, pay.ID, paymentColumns(&next), guards); err != nil {
		return err
	}
	before := pay.Status
	for _, state := range way(pay.Status, to) {
		if err := tx.record(ctx, f.c, change{
			subject: pay.ID, action: actions[state], before: before.String(), after: state.String(), left: &next,
		}); err != nil {
			return err
		}
		before = state
	}
	*pay = next
	tx.nudgePayment(f, pay)
	tx.written = pay
	return nil
}

// paymentColumns returns the columns of a payment that can change.
func paymentColumns(p *ent.Payment) []column {
	return []column{
		{"status", p.Status.String()},
		{"revision", p.Revision},
		{"transaction_id", p.TransactionID},
		{"redirect_url", p.RedirectURL},
		{"reference", p.Reference},
		{"received_cents", p.ReceivedCents},
		{"refunded_cents", p.RefundedCents},
		{"refund_reason", textOf(p.RefundReason)},
		{"refund_note", p.RefundNote},
		{"paid_at", p.PaidAt},
		{"ended_at", p.EndedAt},
	}
}

// nudgePayment wakes those who watch a payment, and the application and case it belongs to.
func (tx *Tx) nudgePayment(f *file, pay *ent.Payment) {
	tx.nudge(live.Payment(pay.ID))
	tx.nudgeApplication(f.Application)
}

// actions are the names of the events, by the state that they lead to.
var actions = map[entpayment.Status]string{ //nolint:gochecknoglobals // a table, never written
	entpayment.StatusPENDING: "payment.pending", entpayment.StatusPAID: "payment.paid", entpayment.StatusFAILED: "payment.failed",
	entpayment.StatusCANCELED: "payment.canceled", entpayment.StatusEXPIRED: "payment.expired",
	entpayment.StatusREFUND_DUE: "payment.refund_due", entpayment.StatusREFUNDED: "payment.refunded",
}

// way is the states that a payment passes from one to another.
func way(from, to entpayment.Status) []entpayment.Status {
	states := []entpayment.Status{entpayment.StatusPAID, entpayment.StatusREFUND_DUE, entpayment.StatusREFUNDED}
	end := slices.Index(states, to)
	if end <= slices.Index(states, from) { // no money, or a refund that was none
		return []entpayment.Status{to}
	}
	return states[slices.Index(states, from)+1 : end+1]
}

func textOf(r *entpayment.RefundReason) *string {
	if r == nil {
		return nil
	}
	s := r.String()
	return &s
}

// onPayment runs a write on a payment that the actor may see.
func (p *Portal) onPayment(ctx context.Context, r request, may predicate.Payment, work func(context.Context, *Tx, *file, *ent.Payment) error) (*ent.Payment, error) {
	found, err := p.store.Reader().Payment.Query().Where(withID[predicate.Payment](ctx, entpayment.FieldID, r.id), may).WithApplication().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, problem.New(problem.NotFound, "input", "payment")
	}
	if err != nil {
		return nil, err
	}
	service, err := p.AnyService(ctx, found.Edges.Application.ServiceID)
	if err != nil {
		return nil, err
	}
	if service == nil {
		return nil, errServiceGone
	}
	done, err := p.once(ctx, r.onCase(found.CaseID), func(ctx context.Context, tx *Tx) (string, error) {
		f, err := tx.open(ctx, found.ApplicationID, found.CaseID, service)
		if err != nil {
			return "", err
		}
		if f == nil {
			return "", problem.New(problem.NotFound, "input", "payment")
		}
		return r.id, work(ctx, tx, f, f.payment(r.id))
	})
	if err != nil {
		return nil, err
	}
	return p.paymentOf(ctx, done.id)
}

// payment is one of the application's payments.
func (f *file) payment(id string) *ent.Payment {
	return f.payments[slices.IndexFunc(f.payments, func(p *ent.Payment) bool { return p.ID == id })]
}

// Payment returns a payment that the actor may see; nil for any other.
func (p *Portal) Payment(ctx context.Context, id string) (_ *ent.Payment, err error) {
	defer problem.Wrap(&err, "Payment(%s)", id)

	found, err := p.Payments(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// Payments is Payment for many, in the order of the ids.
func (p *Portal) Payments(ctx context.Context, ids []string) (_ []*ent.Payment, err error) {
	defer problem.Wrap(&err, "Payments(%d)", len(ids))

	visible, err := p.seesPayments(ctx)
	if err != nil {
		return make([]*ent.Payment, len(ids)), unlessNobody(err)
	}
	for _, id := range ids {
		p.depend(ctx, time.Time{}, live.Payment(id))
	}
	rows, err := p.store.Reader().Payment.Query().Where(withID[predicate.Payment](ctx, entpayment.FieldID, ids...), visible).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.presentPayments(ctx, rows...); err != nil {
		return nil, err
	}
	return inOrder(ids, rows, func(pay *ent.Payment) string { return pay.ID }), nil
}

// paymentOf reads a payment after its write. The actor wrote it, so it may read it.
func (p *Portal) paymentOf(ctx context.Context, id string) (*ent.Payment, error) {
	pay, err := p.store.Reader().Payment.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return pay, p.presentPayments(ctx, pay)
}

// presentPayments shows the instants of payments in the zone of their town.
func (p *Portal) presentPayments(ctx context.Context, all ...*ent.Payment) error {
	for _, pay := range all {
		t, err := p.Town(ctx, pay.MunicipalityID)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		inZone(t.Zone, &pay.CreatedAt, &pay.ExpiresAt)
		inZoneIfSet(t.Zone, &pay.PaidAt, &pay.EndedAt)
	}
	return nil
}
