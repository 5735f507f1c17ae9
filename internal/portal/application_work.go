package portal

import (
	"context"
	"strings"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// onWork runs a clerk's write on an application of its town.
func (p *Portal) onWork(ctx context.Context, r request, work func(context.Context, *Tx, *file) error) (*ent.Application, error) {
	switch identity.FromContext(ctx).Kind {
	case identity.Anonymous:
		return nil, problem.New(problem.Unauthenticated)
	case identity.CaseHolder:
		return nil, problem.New(problem.NotFound, "input", "application")
	}
	may, err := p.seesApplications(ctx)
	if err != nil {
		if unlessNobody(err) == nil {
			err = problem.New(problem.NotFound, "input", "application")
		}
		return nil, err
	}
	return p.onApplication(ctx, r, may, work)
}

// onMine is onWork for the clerk who has claimed it.
func (p *Portal) onMine(ctx context.Context, r request, work func(context.Context, *Tx, *file) error) (*ent.Application, error) {
	return p.onWork(ctx, r, func(ctx context.Context, tx *Tx, f *file) error {
		switch {
		case f.Clerk == "":
			return problem.New(problem.WrongState, "input", "application")
		case f.Clerk != tx.actor.Subject:
			return &problem.Problem{Code: problem.AlreadyClaimed, Path: []string{"input", "application"}, Clerk: f.ClerkName}
		}
		return work(ctx, tx, f)
	})
}

// onClaimed is onWork for the clerk who has claimed it, or a supervisor in their place.
func (p *Portal) onClaimed(ctx context.Context, r request, work func(context.Context, *Tx, *file) error) (*ent.Application, error) {
	return p.onWork(ctx, r, func(ctx context.Context, tx *Tx, f *file) error {
		switch {
		case f.Clerk == "":
			return problem.New(problem.WrongState, "input", "application")
		case f.Clerk != tx.actor.Subject && !tx.actor.Has(f.service.Town.Ars, identity.Supervisor):
			return &problem.Problem{Code: problem.AlreadyClaimed, Path: []string{"input", "application"}, Clerk: f.ClerkName}
		}
		return work(ctx, tx, f)
	})
}

// ClaimApplicationInput takes an application to work on.
type ClaimApplicationInput struct {
	IdempotencyKey string
	Application    string
	TakeOver       bool
}

// ClaimApplication makes the clerk the one who works on an application. Two who claim at once: one wins, the other
// gets ALREADY_CLAIMED with the name of the first. A supervisor may take it over from a colleague.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, WRONG_STATE, ALREADY_CLAIMED.
func (p *Portal) ClaimApplication(ctx context.Context, in ClaimApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "ClaimApplication(%s)", in.Application)

	return p.onWork(ctx, request{operation: "claimApplication", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		claim := func(next *ent.Application) { next.Clerk, next.ClerkName = tx.actor.Subject, clerkName(tx.actor) }
		claimed := f.Status == application.StatusIN_PROGRESS || f.Status == application.StatusWAITING_FOR_APPLICANT
		switch {
		case !claimed:
			if f.Status != application.StatusSUBMITTED {
				return problem.New(problem.WrongState, "input", "application")
			}
			return tx.moveApplication(ctx, f, application.StatusIN_PROGRESS, "application.claimed", claim)
		case f.Clerk == tx.actor.Subject:
			return problem.New(problem.WrongState, "input", "application")
		case !in.TakeOver:
			return &problem.Problem{Code: problem.AlreadyClaimed, Path: []string{"input", "application"}, Clerk: f.ClerkName}
		}
		if err := mayServe(tx.actor, f.service.Town.Municipality, identity.Supervisor, "input", "takeOver"); err != nil {
			return err
		}
		return tx.saveApplication(ctx, f, f.Status, "application.taken_over", claim)
	})
}

// clerkName is what colleagues call a member of staff: the end of the subject where the token has no name.
func clerkName(a identity.Actor) string {
	if a.Name != "" {
		return a.Name
	}
	return a.Subject[strings.LastIndex(a.Subject, "|")+1:]
}

// DispatchInput says how a document was sent.
type DispatchInput struct {
	SentOn         *schedule.Date
	TrackingNumber *string
}

// CompleteApplicationInput ends the work on an application.
type CompleteApplicationInput struct {
	IdempotencyKey string
	Application    string
	Dispatch       *DispatchInput
}

// CompleteApplication ends the work on a claimed application: for what goes by post, with the day on which it was sent. A
// question that is open is taken back first.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, ALREADY_CLAIMED, INVALID_INPUT.
func (p *Portal) CompleteApplication(ctx context.Context, in CompleteApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "CompleteApplication(%s)", in.Application)

	if d := in.Dispatch; d != nil && d.TrackingNumber != nil {
		if *d.TrackingNumber, err = cleanLine(*d.TrackingNumber, 1, 60, "input", "dispatch", "trackingNumber"); err != nil {
			return nil, err
		}
	}
	return p.onMine(ctx, request{operation: "completeApplication", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		today := f.service.Town.Today(tx.now)
		byPost := f.service.Delivery.String() == "POST"
		switch d := in.Dispatch; {
		case byPost == (d == nil):
			return problem.Invalid(problem.RuleDispatch, "input", "dispatch")
		case d != nil && d.SentOn != nil && d.SentOn.Compare(today) > 0:
			return problem.Invalid(problem.RuleFuture, "input", "dispatch", "sentOn")
		case d != nil && d.SentOn != nil && d.SentOn.Before(f.service.Town.Today(*f.SubmittedAt)):
			return problem.Invalid(problem.RulePast, "input", "dispatch", "sentOn")
		}
		if err := tx.closeQuestion(ctx, f); err != nil {
			return err
		}
		if err := tx.moveApplication(ctx, f, application.StatusCOMPLETED, "application.completed", func(next *ent.Application) {
			next.EndedAt = &tx.now
			next.DispatchMethod = f.service.Delivery.String()
			if d := in.Dispatch; d != nil {
				sent := today
				if d.SentOn != nil {
					sent = *d.SentOn
				}
				next.DispatchedOn, next.TrackingNumber = sent.String(), value(d.TrackingNumber)
			}
		}); err != nil {
			return err
		}
		return p.enqueueDecision(ctx, tx, f, noticeCompleted)
	})
}

// RejectApplicationInput turns an application down.
type RejectApplicationInput struct {
	IdempotencyKey string
	Application    string
	Reason         string
}

// RejectApplication turns a claimed application down and says why. What was paid stays paid, for the work that was done,
// unless a supervisor refunds it. A question that is open is taken back first.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, ALREADY_CLAIMED, INVALID_INPUT.
func (p *Portal) RejectApplication(ctx context.Context, in RejectApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "RejectApplication(%s)", in.Application)

	if in.Reason, err = cleanLines(in.Reason, 2000, "input", "reason"); err != nil {
		return nil, err
	}
	return p.onMine(ctx, request{operation: "rejectApplication", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		if err := tx.closeQuestion(ctx, f); err != nil {
			return err
		}
		if err := tx.moveApplication(ctx, f, application.StatusREJECTED, "application.rejected", func(next *ent.Application) {
			next.EndedAt, next.Rejection = &tx.now, in.Reason
		}); err != nil {
			return err
		}
		return p.enqueueDecision(ctx, tx, f, noticeRejected)
	})
}
