package portal

import (
	"context"
	"errors"
	"time"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/payment"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/problem"
)

// The kinds of notices that applications call for.
const (
	noticeSubmitted = "application.submitted"
	noticeExpiring  = "application.expiring"
	noticeQuestion  = "application.question"
	noticeCompleted = "application.completed"
	noticeRejected  = "application.rejected"
	noticeReopened  = "application.reopened"
	noticeRefunded  = "payment.refunded"

	noticeQuestionWithdrawn = "application.question_withdrawn"
)

// SubmitApplication hands a finished draft to the office. It is final: its answers never change from here on.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, and that of the first open step: INFORMATION_NOT_CONFIRMED,
// NOTICE_NOT_ACKNOWLEDGED, ANSWERS_INVALID, NOT_REVIEWED, FEE_UNPAID, SERVICE_CLOSED, TRUST_REQUIRED.
func (p *Portal) SubmitApplication(ctx context.Context, in ApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "SubmitApplication(%s)", in.Application)

	return p.onDraft(ctx, request{operation: "submitApplication", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		if err := p.ready(f, tx.now, StepPay); err != nil {
			return err
		}
		due, err := f.due(tx.now)
		if err != nil {
			return err
		}
		deadline := deadlineOf(f.service, tx.now)
		if err := tx.moveApplication(ctx, f, application.StatusSUBMITTED, "application.submitted", func(next *ent.Application) {
			next.SubmittedAt, next.Deadline, next.DueCents = &tx.now, &deadline, &due
			next.NoticeID, next.NoticeAt = f.c.NoticeID, f.c.NoticeAt
		}); err != nil {
			return err
		}
		if err := tx.indexApplication(ctx, f.Application, f.c, f.service.Town.Zone, ""); err != nil {
			return err
		}
		return p.enqueueNotice(ctx, tx, f.ID, noticeSubmitted, "")
	})
}

// deadlineOf is when the office should be done with what is submitted now: the end of the last of so many days.
func deadlineOf(s *catalogue.Service, now time.Time) time.Time {
	return s.Town.Today(now).AddDays(s.DaysToProcess() + 1).Midnight(s.Town.Zone)
}

// enqueueNotice enqueues a message to the person about an application or payment, once per kind and occasion.
func (p *Portal) enqueueNotice(ctx context.Context, tx *Tx, subject, kind, occasion string) error {
	return p.jobs.DeliverNoticeAt(ctx, tx.SQL, subject, kind, subject+" "+kind+" "+occasion, tx.now)
}

// WithdrawApplication ends an application that isn't decided yet. What was paid goes back if nobody works on it, and it was
// never decided. The person's own wish is final, also for staff: who has withdrawn by mistake begins anew.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) WithdrawApplication(ctx context.Context, in ApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "WithdrawApplication(%s)", in.Application)

	return p.onOwn(ctx, request{operation: "withdrawApplication", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		untouched := f.Status == application.StatusDRAFT
		if f.Status == application.StatusSUBMITTED {
			decided, err := tx.reopened(ctx, f)
			if err != nil {
				return err
			}
			untouched = !decided
		}
		if f.Status == application.StatusWAITING_FOR_APPLICANT {
			if err := tx.dropQuestion(ctx, f); err != nil {
				return err
			}
		}
		if err := tx.moveApplication(ctx, f, application.StatusWITHDRAWN, "application.withdrawn", func(next *ent.Application) {
			next.EndedAt = &tx.now
			forget(next)
		}); err != nil {
			return err
		}
		if !untouched {
			return nil
		}
		return p.unpay(ctx, tx, f, payment.RefundReasonWITHDRAWN)
	})
}

// forget drops the answers of a draft that has ended: nobody needs them any more, and the privacy notice says so.
func forget(a *ent.Application) {
	if a.SubmittedAt == nil {
		a.Answers = ""
	}
}

// unpay ends what is under way or done to pay for an application that takes no money any more.
func (p *Portal) unpay(ctx context.Context, tx *Tx, f *file, reason payment.RefundReason) error {
	if pay := f.paying(); pay != nil {
		if err := tx.movePayment(ctx, f, pay, payment.StatusCANCELED, func(next *ent.Payment) { next.EndedAt = &tx.now }); err != nil {
			return err
		}
		return p.jobs.SettlePaymentAt(ctx, tx.SQL, pay.ID, tx.now)
	}
	if pay := f.paid(); pay != nil {
		return p.refund(ctx, tx, f, pay, reason)
	}
	return nil
}

// TendDraft warns of the end of a draft, or ends it. A draft that was edited since is looked at again when it is due.
func (p *Portal) TendDraft(ctx context.Context, id string) (err error) {
	defer problem.Wrap(&err, "TendDraft(%s)", id)

	found, err := p.store.Reader().Application.Get(ctx, id)
	if ent.IsNotFound(err) || err == nil && found.Status != application.StatusDRAFT {
		return nil
	}
	if err != nil {
		return err
	}
	service, err := p.AnyService(ctx, found.ServiceID)
	if err != nil {
		return err
	}
	if service == nil {
		return errServiceGone
	}
	return p.writeOn(identity.WithActor(ctx, identity.Actor{}), found.CaseID, func(ctx context.Context, tx *Tx) error {
		f, err := tx.open(ctx, id, found.CaseID, service)
		if err != nil || f == nil || f.Status != application.StatusDRAFT {
			return err
		}
		warn := f.ExpiresAt.Add(-draftWarning)
		switch {
		case tx.now.Before(warn):
			return p.jobs.TendDraftAt(ctx, tx.SQL, id, warn)
		case tx.now.Before(*f.ExpiresAt):
			if err := p.enqueueNotice(ctx, tx, id, noticeExpiring, f.ExpiresAt.UTC().Format(time.DateOnly)); err != nil {
				return err
			}
			return p.jobs.TendDraftAt(ctx, tx.SQL, id, *f.ExpiresAt)
		}
		if err := tx.moveApplication(ctx, f, application.StatusEXPIRED, "application.expired", func(next *ent.Application) {
			next.EndedAt = &tx.now
			forget(next)
		}); err != nil {
			return err
		}
		return p.unpay(ctx, tx, f, payment.RefundReasonNOT_SUBMITTED)
	})
}

// TendDrafts ends every draft whose time is over and that no job has ended. One that can't be ended keeps no others from it.
func (p *Portal) TendDrafts(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "TendDrafts")

	now, err := p.store.Now(ctx)
	if err != nil {
		return err
	}
	return eachOf(ctx, func(last string) ([]string, error) {
		return p.store.Reader().Application.Query().
			Where(application.StatusEQ(application.StatusDRAFT), application.ExpiresAtLTE(now), application.IDGT(last)).
			Order(application.ByID()).Limit(slice).IDs(ctx)
	}, func(id string) error { return p.TendDraft(ctx, id) })
}

// errServiceGone says that an application names a service that no row has: rows of services are never deleted.
var errServiceGone = errors.New("the service of the application is gone")
