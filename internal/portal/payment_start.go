package portal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/casefile"
	entpayment "nelke/ent/payment"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/town"
)

// StartPaymentInput begins to pay for an application.
type StartPaymentInput struct {
	IdempotencyKey string
	Application    string
	Method         string
	ReturnURL      *string
}

// maxPayments is how many attempts to pay one application may have.
const maxPayments = 20

// looks are when the provider is asked how a payment stands, after it was started, unless it reports by itself. The last
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
// PAYMENT_LIMIT, METHOD_NOT_OFFERED, INVALID_INPUT.
func (p *Portal) StartPayment(ctx context.Context, in StartPaymentInput) (_ *ent.Payment, err error) {
	defer problem.Wrap(&err, "StartPayment(%s)", in.Application)

	may, err := own(ctx)
	if err != nil {
		return nil, err
	}
	if in.ReturnURL != nil && !p.mayReturn(*in.ReturnURL) {
		return nil, problem.Invalid(problem.RuleReturn, "input", "returnUrl")
	}
	done, err := p.onFile(ctx, request{operation: "startPayment", key: in.IdempotencyKey, id: in.Application, input: in}, may, func(ctx context.Context, tx *Tx, f *file) (string, error) {
		if f.Status != application.StatusDRAFT {
			return "", problem.New(problem.WrongState, "input", "application")
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
			return "", problem.New(problem.PaymentUnderWay, "input", "application")
		case due == 0:
			return "", problem.New(problem.NothingDue, "input", "application")
		case len(f.payments) >= maxPayments:
			return "", &problem.Problem{Code: problem.PaymentLimit, Max: maxPayments, Path: []string{"input", "application"}}
		case !takes(f.service.Town, in.Method, f.service.Town.Today(tx.now)) || p.provider == nil:
			return "", problem.New(problem.MethodNotOffered, "input", "method")
		}
		pay, err := tx.Payment.Create().SetApplicationID(f.ID).SetCaseID(f.CaseID).SetMunicipalityID(f.MunicipalityID).
			SetCents(due).SetMethod(entpayment.Method(in.Method)).SetStatus(entpayment.StatusCREATED).SetReturnURL(value(in.ReturnURL)).
			SetAnswersRevision(f.Revision).SetPurpose(purpose(f.service.Name["de"], f.Reference)).
			SetCreatedAt(tx.now).SetExpiresAt(tx.now.Add(time.Duration(f.service.Town.PaymentMinutes) * time.Minute)).Save(ctx)
		if err != nil {
			return "", err
		}
		if err := tx.record(ctx, f.c, change{subject: pay.ID, action: "payment.created", after: "CREATED", left: pay}); err != nil {
			return "", err
		}
		tx.nudgePayment(f, pay)
		if err := tx.extendDraft(ctx, f, pay.ExpiresAt); err != nil {
			return "", err
		}
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

// takes reports whether the town can be paid by a method on a day. A method whose operator has stopped is refused also
// where a row says otherwise.
func takes(t *catalogue.Town, method string, day schedule.Date) bool {
	if last, ended := town.Method(method).EndedOn(); ended && day.String() > string(last) {
		return false
	}
	return slices.Contains(t.MethodsOn(day), method)
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
	defer problem.Wrap(&err, "CancelPayment(%s)", in.Payment)

	actor := identity.FromContext(ctx)
	switch actor.Kind {
	case identity.Anonymous:
		return nil, problem.New(problem.Unauthenticated)
	case identity.Staff:
		return nil, problem.New(problem.NotFound, "input", "payment")
	}
	visible := entpayment.HasApplicationWith(application.HasCaseWith(casefile.KeyHash(actor.CaseKeyHash)))
	return p.onPayment(ctx, request{operation: "cancelPayment", key: in.IdempotencyKey, id: in.Payment, input: in}, visible, func(ctx context.Context, tx *Tx, f *file, pay *ent.Payment) error {
		if err := tx.movePayment(ctx, f, pay, entpayment.StatusCANCELED, func(next *ent.Payment) { next.EndedAt = &tx.now }); err != nil {
			return err
		}
		return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, tx.now)
	})
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
