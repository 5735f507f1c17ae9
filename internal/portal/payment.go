package portal

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/casefile"
	entpayment "nelke/ent/payment"
	"nelke/ent/predicate"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/payment"
	"nelke/internal/schedule"
	"nelke/internal/town"
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

// outcomes lists, for each state of a payment, those it may be reached from. Success may come late: after we gave up too.
var outcomes = map[entpayment.Status][]entpayment.Status{ //nolint:gochecknoglobals // a table, never written
	entpayment.StatusPENDING:    {entpayment.StatusCREATED},
	entpayment.StatusFAILED:     {entpayment.StatusCREATED, entpayment.StatusPENDING},
	entpayment.StatusCANCELED:   {entpayment.StatusCREATED, entpayment.StatusPENDING},
	entpayment.StatusEXPIRED:    {entpayment.StatusCREATED, entpayment.StatusPENDING},
	entpayment.StatusPAID:       unpaid(),
	entpayment.StatusREFUND_DUE: append(unpaid(), entpayment.StatusPAID),
	entpayment.StatusREFUNDED:   append(unpaid(), entpayment.StatusPAID, entpayment.StatusREFUND_DUE),
}

// unpaid are the states in which no money is known of.
func unpaid() []entpayment.Status {
	return []entpayment.Status{
		entpayment.StatusCREATED, entpayment.StatusPENDING, entpayment.StatusFAILED, entpayment.StatusCANCELED, entpayment.StatusEXPIRED,
	}
}

// pay moves a payment, if it is in a state that may lead there and still as it was read, and writes the events: one for
// each state on the way, since money that comes too late has been paid and is due for refund.
func (tx *Tx) pay(ctx context.Context, f *file, pay *ent.Payment, to entpayment.Status, set func(*ent.Payment)) error {
	if !slices.Contains(outcomes[to], pay.Status) {
		return refuse(WrongState, "input", "payment")
	}
	next := *pay
	next.Status, next.Revision = to, pay.Revision+1
	if set != nil {
		set(&next)
	}
	a := tx.Args()
	n, err := tx.exec(ctx, a, `UPDATE payments SET status = `+a.Bind(next.Status.String())+`, revision = `+a.Bind(next.Revision)+
		`, transaction_id = `+a.Bind(next.TransactionID)+`, redirect_url = `+a.Bind(next.RedirectURL)+`, reference = `+a.Bind(next.Reference)+
		`, received_cents = `+a.Bind(next.ReceivedCents)+`, refunded_cents = `+a.Bind(next.RefundedCents)+
		`, refund_reason = `+a.Bind(textOf(next.RefundReason))+`, paid_at = `+a.Bind(next.PaidAt)+`, ended_at = `+a.Bind(next.EndedAt)+
		` WHERE id = `+a.Bind(pay.ID)+` AND status = `+a.Bind(pay.Status.String())+` AND revision = `+a.Bind(pay.Revision))
	if err != nil {
		return err
	}
	if n != 1 {
		return refuse(WrongState, "input", "payment")
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
	if end < 0 {
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

// StartPaymentInput begins to pay for an application.
type StartPaymentInput struct {
	IdempotencyKey string
	Application    string
	Method         string
	ReturnURL      *string
}

// looks are when the provider is asked how a payment stands, after it was started, unless it tells by itself. The last
// two come after we gave up: a success that is reported to nobody must not get lost.
func looks(pay *ent.Payment) []time.Time {
	return []time.Time{
		pay.CreatedAt.Add(time.Minute), pay.CreatedAt.Add(5 * time.Minute), pay.CreatedAt.Add(15 * time.Minute),
		pay.ExpiresAt, pay.ExpiresAt.Add(time.Hour), pay.ExpiresAt.Add(24 * time.Hour),
	}
}

// StartPayment begins to pay for a reviewed application: the price of this day, frozen from here on. The page to pay on
// is the payment's redirectUrl; where the provider doesn't answer at once, the payment stays CREATED and gets it later.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, that of an open step before PAY, NOTHING_DUE, PAYMENT_UNDER_WAY,
// METHOD_NOT_OFFERED, INVALID_INPUT.
func (p *Portal) StartPayment(ctx context.Context, in StartPaymentInput) (_ *ent.Payment, err error) {
	defer wrap(&err, "StartPayment(%s)", in.Application)

	may, err := own(ctx)
	if err != nil {
		return nil, err
	}
	if in.ReturnURL != nil && !p.mayReturn(*in.ReturnURL) {
		return nil, invalid(RuleReturn, "input", "returnUrl")
	}
	done, err := p.onFile(ctx, "startPayment", in.IdempotencyKey, in.Application, "application", in, may, func(ctx context.Context, tx *Tx, f *file) (string, error) {
		if f.Status != application.StatusDRAFT {
			return "", refuse(WrongState, "input", "application")
		}
		if err := p.ready(f, tx.now, StepReview); err != nil {
			return "", err
		}
		due, err := f.due(tx.now)
		if err != nil {
			return "", err
		}
		switch {
		case f.paying() != nil || f.paid() != nil:
			return "", refuse(PaymentUnderWay, "input", "application")
		case due == 0:
			return "", refuse(NothingDue, "input", "application")
		case !f.service.Town.takes(in.Method, f.service.Town.today(tx.now)) || p.provider == nil:
			return "", refuse(MethodNotOffered, "input", "method")
		}
		pay, err := tx.Payment.Create().SetApplicationID(f.ID).SetCaseID(f.CaseID).SetMunicipalityID(f.MunicipalityID).
			SetCents(due).SetMethod(entpayment.Method(in.Method)).SetStatus(entpayment.StatusCREATED).SetReturnURL(value(in.ReturnURL)).
			SetCreatedAt(tx.now).SetExpiresAt(tx.now.Add(time.Duration(f.service.Town.PaymentMinutes) * time.Minute)).Save(ctx)
		if err != nil {
			return "", err
		}
		if err := tx.record(ctx, f.c, change{subject: pay.ID, action: "payment.created", after: "CREATED", left: pay}); err != nil {
			return "", err
		}
		tx.nudgePayment(f, pay)
		for _, at := range looks(pay) {
			if err := p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, at); err != nil {
				return "", err
			}
		}
		return pay.ID, nil
	})
	if err != nil {
		return nil, err
	}
	// The order goes out after the commit: a process that dies before has a payment that its job will order, and one that
	// dies behind it orders the same thing once more.
	patient, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := p.SettlePayment(patient, done.id); err != nil {
		p.log.WarnContext(ctx, "the payment provider doesn't answer; asked again later", "payment", done.id, "err", err)
	}
	return p.paymentOf(ctx, done.id)
}

// callTimeout is how long a person waits for the provider before the order is left to a job.
const callTimeout = 5 * time.Second

// takes tells whether the town can be paid by a method on a day. A method whose operator has stopped is refused also
// where a row says otherwise.
func (t *Town) takes(method string, day schedule.Date) bool {
	if last, ended := town.Method(method).EndedOn(); ended && day.String() > string(last) {
		return false
	}
	return slices.Contains(t.methodsOn(day), method)
}

// mayReturn tells whether the payer's browser may be sent to an address: a page of those that may call this service.
func (p *Portal) mayReturn(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(address) > 2000 {
		return false
	}
	return slices.Contains(p.pages, "*") || slices.Contains(p.pages, u.Scheme+"://"+u.Host)
}

// PaymentInput names a payment.
type PaymentInput struct {
	IdempotencyKey string
	Payment        string
}

// CancelPayment gives a payment up that isn't paid. Should the money be on its way already, it counts when it comes.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) CancelPayment(ctx context.Context, in PaymentInput) (_ *ent.Payment, err error) {
	defer wrap(&err, "CancelPayment(%s)", in.Payment)

	actor := identity.FromContext(ctx)
	switch actor.Kind {
	case identity.Anonymous:
		return nil, refuse(Unauthenticated)
	case identity.Staff:
		return nil, refuse(NotFound, "input", "payment")
	}
	visible := entpayment.HasApplicationWith(application.HasCaseWith(casefile.KeyHash(actor.CaseKeyHash)))
	return p.onPayment(ctx, "cancelPayment", in.IdempotencyKey, in.Payment, in, visible, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		if err := tx.pay(ctx, f, pay, entpayment.StatusCANCELED, func(next *ent.Payment) { next.EndedAt = &tx.now }); err != nil {
			return err
		}
		return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, tx.now)
	})
}

// RefundPaymentInput gives money back.
type RefundPaymentInput struct {
	IdempotencyKey string
	Payment        string
}

// RefundPayment gives what was paid back to the person, whole. Asked for one that is REFUND_DUE already, it makes the
// provider be asked once more. Role SUPERVISOR.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, WRONG_STATE.
func (p *Portal) RefundPayment(ctx context.Context, in RefundPaymentInput) (_ *ent.Payment, err error) {
	defer wrap(&err, "RefundPayment(%s)", in.Payment)

	visible, err := p.seesPayments(ctx)
	switch actor := identity.FromContext(ctx); {
	case actor.Kind == identity.Anonymous:
		return nil, refuse(Unauthenticated)
	case actor.Kind != identity.Staff || errors.Is(err, errNobody):
		return nil, refuse(NotFound, "input", "payment")
	case err != nil:
		return nil, err
	}
	return p.onPayment(ctx, "refundPayment", in.IdempotencyKey, in.Payment, in, visible, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		if err := mayServe(identity.FromContext(ctx), f.service.Town.Municipality, identity.Supervisor, "input", "payment"); err != nil {
			return err
		}
		if pay.Status == entpayment.StatusREFUND_DUE {
			return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, tx.now)
		}
		return p.refund(ctx, tx, f, pay, entpayment.RefundReasonSTAFF)
	})
}

// refund makes what was paid due for refund, and owes the asking for it.
func (p *Portal) refund(ctx context.Context, tx *Tx, f *file, pay *ent.Payment, reason entpayment.RefundReason) error {
	if err := tx.pay(ctx, f, pay, entpayment.StatusREFUND_DUE, func(next *ent.Payment) { next.RefundReason = &reason }); err != nil {
		return err
	}
	return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, tx.now)
}

// onPayment runs a write on a payment that the actor may see.
func (p *Portal) onPayment(ctx context.Context, operation, key, id string, input any, may predicate.Payment, work func(context.Context, *Tx, *file, *ent.Payment) error) (*ent.Payment, error) {
	found, err := p.store.Reader().Payment.Query().Where(entpayment.IDIn(storable(id)...), may).WithApplication().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, refuse(NotFound, "input", "payment")
	}
	if err != nil {
		return nil, err
	}
	service, err := p.anyService(ctx, found.Edges.Application.ServiceID)
	if err != nil || service == nil {
		return nil, errors.Join(err, errServiceGone)
	}
	done, err := p.once(ctx, operation, identity.FromContext(ctx).Scope(), key, id, input, func(ctx context.Context, tx *Tx) (string, error) {
		f, err := tx.open(ctx, found.ApplicationID, found.CaseID, service)
		if err != nil || f == nil {
			return "", errors.Join(err, refuse(NotFound, "input", "payment"))
		}
		return id, work(ctx, tx, f, f.payment(id))
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

// Payment gives a payment that the actor may see; nil for any other.
func (p *Portal) Payment(ctx context.Context, id string) (_ *ent.Payment, err error) {
	defer wrap(&err, "Payment(%s)", id)

	found, err := p.Payments(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// Payments is Payment for many, in the order of the ids.
func (p *Portal) Payments(ctx context.Context, ids []string) (_ []*ent.Payment, err error) {
	defer wrap(&err, "Payments(%d)", len(ids))

	found := make([]*ent.Payment, len(ids))
	visible, err := p.seesPayments(ctx)
	if err != nil {
		return found, unlessNobody(err)
	}
	for _, id := range ids {
		p.depend(ctx, time.Time{}, live.Payment(id))
	}
	rows, err := p.store.Reader().Payment.Query().Where(entpayment.IDIn(storable(ids...)...), visible).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.presentPayments(ctx, rows...); err != nil {
		return nil, err
	}
	byID := map[string]*ent.Payment{}
	for _, pay := range rows {
		byID[pay.ID] = pay
	}
	for i, id := range ids {
		found[i] = byID[id]
	}
	return found, nil
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
		t, err := p.town(ctx, pay.MunicipalityID)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		pay.CreatedAt, pay.ExpiresAt = pay.CreatedAt.In(t.Zone), pay.ExpiresAt.In(t.Zone)
		for _, at := range []**time.Time{&pay.PaidAt, &pay.EndedAt} {
			if *at != nil {
				local := (*at).In(t.Zone)
				*at = &local
			}
		}
	}
	return nil
}
