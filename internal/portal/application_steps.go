package portal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/payment"
	"nelke/internal/catalogue"
	"nelke/internal/form"
	"nelke/internal/problem"
)

// Step is one thing that stands between a draft and its submission.
type Step string

// The steps, in the order in which a person takes them. Nobody takes the first two: they are the town's.
const (
	StepOpening     Step = "AWAIT_OPENING"
	StepTrust       Step = "PROVE_IDENTITY"
	StepInformation Step = "CONFIRM_INFORMATION"
	StepPrivacy     Step = "ACKNOWLEDGE_PRIVACY"
	StepAnswer      Step = "ANSWER"
	StepReview      Step = "REVIEW"
	StepPay         Step = "PAY"
)

// refused is the problem of somebody who goes on although a step stands open.
func (s Step) refused() *problem.Problem {
	code := map[Step]problem.Code{
		StepOpening: problem.ServiceClosed, StepTrust: problem.TrustRequired, StepInformation: problem.InformationNotConfirmed,
		StepPrivacy: problem.NoticeNotAcknowledged, StepAnswer: problem.AnswersInvalid, StepReview: problem.NotReviewed, StepPay: problem.FeeUnpaid,
	}[s]
	return problem.New(code, "input", "application")
}

// steps are the open steps of a draft at an instant: empty exactly if it can be submitted then. What is read of the case
// is the notice that was acknowledged last.
func (p *Portal) steps(f *file, now time.Time) ([]Step, error) {
	var open []Step
	stand := func(s Step, closed bool) {
		if !closed {
			open = append(open, s)
		}
	}
	stand(StepOpening, f.service.Active && f.service.OpenAt(now))
	stand(StepTrust, !f.service.DemandsTrust())
	stand(StepInformation, f.InformationHash == informationHash(f.service.Information))
	stand(StepPrivacy, f.service.Town.NoticeInForce(f.c.NoticeID, f.c.Language, now) != nil)
	faults, err := p.faults(f.Application, f.service, now)
	if err != nil {
		return nil, err
	}
	stand(StepAnswer, f.Answers != "" && len(faults) == 0)
	stand(StepReview, f.Revision > 0 && f.ReviewedRevision == f.Revision)
	due, err := f.due(now)
	if err != nil {
		return nil, err
	}
	stand(StepPay, due == 0 || f.paid() != nil)
	return open, nil
}

// ready refuses to go on past a step while that one, or one before it, is open. The town's own come last here: a draft can
// be filled in before its service opens.
func (p *Portal) ready(f *file, now time.Time, upTo Step) error {
	open, err := p.steps(f, now)
	if err != nil {
		return err
	}
	order := []Step{StepInformation, StepPrivacy, StepAnswer, StepReview, StepPay}
	for _, s := range order[:slices.Index(order, upTo)+1] {
		if !slices.Contains(open, s) {
			continue
		}
		refusal := s.refused()
		if s == StepAnswer {
			if refusal.Faults, err = p.faults(f.Application, f.service, now); err != nil {
				return err
			}
		}
		return refusal
	}
	if upTo != StepReview && upTo != StepPay {
		return nil
	}
	for _, s := range []Step{StepOpening, StepTrust} {
		if slices.Contains(open, s) {
			return s.refused()
		}
	}
	return nil
}

// schema is the compiled form of an application. Forms never change, so each is compiled once.
func (p *Portal) schema(s *catalogue.Service, id string) (*form.Schema, error) {
	if known, ok := p.forms.Load(id); ok {
		return known.(*form.Schema), nil
	}
	f := s.FormByID(id)
	if f == nil {
		return nil, fmt.Errorf("form %s: not one of service %s", id, s.ID)
	}
	compiled, err := form.Compile(f.Schema)
	if err != nil {
		return nil, fmt.Errorf("form %s: %w", id, err)
	}
	p.forms.Store(id, compiled)
	return compiled, nil
}

// faults are what is wrong with the answers of an application at an instant.
func (p *Portal) faults(a *ent.Application, s *catalogue.Service, now time.Time) ([]form.Fault, error) {
	if a.Answers == "" {
		return nil, nil
	}
	schema, err := p.schema(s, a.FormID)
	if err != nil {
		return nil, err
	}
	_, faults := schema.Accept([]byte(a.Answers), false, s.Town.Today(now))
	return faults, nil
}

// SaveAnswersInput fills the form.
type SaveAnswersInput struct {
	IdempotencyKey string
	Application    string
	Revision       int
	Answers        json.RawMessage
	Incomplete     bool
}

// SaveAnswers keeps the answers of a draft, whole, if the form accepts them. Revision is that of the answers which the
// person had before them: a second tab doesn't overwrite the first. Incomplete lets required answers be missing still.
// It opens the review anew.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, INFORMATION_NOT_CONFIRMED, NOTICE_NOT_ACKNOWLEDGED, STALE_REVISION,
// ANSWERS_INVALID.
func (p *Portal) SaveAnswers(ctx context.Context, in SaveAnswersInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "SaveAnswers(%s)", in.Application)

	var refused *catalogue.Service
	a, err := p.onDraft(ctx, request{operation: "saveAnswers", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		if err := p.ready(f, tx.now, StepPrivacy); err != nil {
			return err
		}
		if f.paying() != nil || f.paid() != nil {
			return problem.New(problem.WrongState, "input", "application")
		}
		if in.Revision != f.Revision {
			return problem.New(problem.StaleRevision, "input", "revision")
		}
		schema, err := p.schema(f.service, f.FormID)
		if err != nil {
			return err
		}
		answers, faults := schema.Accept(in.Answers, in.Incomplete, f.service.Town.Today(tx.now))
		if len(faults) > 0 {
			if slices.ContainsFunc(faults, wrong) {
				refused = f.service
			}
			return &problem.Problem{Code: problem.AnswersInvalid, Path: []string{"input", "answers"}, Faults: faults}
		}
		ends := tx.now.Add(draftLife)
		return tx.saveApplication(ctx, f, f.Status, "application.answered", func(next *ent.Application) {
			next.Answers, next.Revision = answers, f.Revision+1
			next.EditedAt, next.ExpiresAt = tx.now, &ends
		})
	})
	if err != nil && refused != nil {
		p.countRefused(refused)
	}
	return a, err
}

// ReviewApplicationInput looks a draft over.
type ReviewApplicationInput struct {
	IdempotencyKey string
	Application    string
	Revision       int
}

// ReviewApplication notes that the person has looked over what they are about to declare (OZG § 9a): the answers of that
// revision.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, STALE_REVISION, INFORMATION_NOT_CONFIRMED, NOTICE_NOT_ACKNOWLEDGED,
// ANSWERS_INVALID.
func (p *Portal) ReviewApplication(ctx context.Context, in ReviewApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "ReviewApplication(%s)", in.Application)

	return p.onDraft(ctx, request{operation: "reviewApplication", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		if in.Revision != f.Revision {
			return problem.New(problem.StaleRevision, "input", "revision")
		}
		if err := p.ready(f, tx.now, StepAnswer); err != nil {
			return err
		}
		return tx.saveApplication(ctx, f, f.Status, "application.reviewed", func(next *ent.Application) { next.ReviewedRevision = f.Revision })
	})
}

// paid is the payment that paid for the application; nil where none did.
func (f *file) paid() *ent.Payment { return oneOf(f.payments, payment.StatusPAID) }

// paying is the payment under way; nil where there is none.
func (f *file) paying() *ent.Payment {
	return oneOf(f.payments, payment.StatusCREATED, payment.StatusPENDING)
}

func oneOf(all []*ent.Payment, statuses ...payment.Status) *ent.Payment {
	i := slices.IndexFunc(all, func(p *ent.Payment) bool { return slices.Contains(statuses, p.Status) })
	if i < 0 {
		return nil
	}
	return all[i]
}

// wrong reports whether a fault is an answer that breaks the form, rather than one that is still missing.
func wrong(f form.Fault) bool {
	return f.Keyword != "required" && f.Keyword != "dependentRequired" && f.Params["missing"] == nil
}
