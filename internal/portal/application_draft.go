package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/casefile"
	"nelke/ent/schema"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
)

// maxDrafts is how many drafts one case may have at a time, and maxDraftsADay how many it may begin within 24 hours.
const (
	maxDrafts     = 10
	maxDraftsADay = 30
)

// StartApplicationInput begins a draft.
type StartApplicationInput struct {
	IdempotencyKey string
	Service        string
}

// StartApplication begins a draft in the actor's case, with the newest version of the service's form. It keeps that
// version, whatever is imported meanwhile.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, SERVICE_CLOSED, TRUST_REQUIRED, DRAFT_LIMIT.
func (p *Portal) StartApplication(ctx context.Context, in StartApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "StartApplication(%s)", in.Service)

	actor := identity.FromContext(ctx)
	if actor.Kind != identity.CaseHolder {
		return nil, problem.New(problem.Unauthenticated)
	}
	s, err := p.AnyService(ctx, in.Service)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, problem.New(problem.NotFound, "input", "service")
	}
	id := newID("application")
	done, err := p.once(ctx, request{operation: "startApplication", key: in.IdempotencyKey, id: id, input: in}, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.tick(ctx); err != nil {
			return "", err
		}
		c, err := tx.lockCase(ctx, casefile.KeyHash(actor.CaseKeyHash))
		if err != nil {
			return "", err
		}
		s, err := tx.current(ctx, s)
		if err != nil {
			return "", err
		}
		if err := tx.mayBegin(ctx, c, s); err != nil {
			return "", err
		}
		ends := tx.now.Add(draftLife)
		a, err := tx.Application.Create().SetID(id).SetCaseID(c.ID).SetMunicipalityID(c.MunicipalityID).SetServiceID(s.ID).
			SetFormID(s.Form.ID).SetReference(newReference(s.Town)).SetStatus(application.StatusDRAFT).
			SetStartedAt(tx.now).SetEditedAt(tx.now).SetExpiresAt(ends).Save(ctx)
		if err != nil {
			return "", err
		}
		if err := tx.record(ctx, c, change{subject: id, action: "application.started", after: "DRAFT", left: a}); err != nil {
			return "", err
		}
		tx.nudgeApplication(a)
		tx.written = a
		return id, p.jobs.TendDraftAt(ctx, tx.SQL, id, ends.Add(-draftWarning))
	})
	if err != nil {
		return nil, err
	}
	return p.applicationOf(ctx, done)
}

// mayBegin returns the problem that keeps a case from beginning a draft for a service, nil if none does. c is nil where
// the key opens no case.
func (tx *Tx) mayBegin(ctx context.Context, c *ent.CaseFile, s *catalogue.Service) error {
	switch {
	case c == nil, c.MunicipalityID != s.MunicipalityID, !s.Active:
		return problem.New(problem.NotFound, "input", "service")
	case !s.OpenAt(tx.now) || s.Form == nil:
		return problem.New(problem.ServiceClosed, "input", "service")
	case s.DemandsTrust():
		return problem.New(problem.TrustRequired, "input", "service")
	}
	drafts, err := tx.Application.Query().Where(
		application.CaseID(c.ID), application.StatusEQ(application.StatusDRAFT), application.ExpiresAtGT(tx.now),
	).Count(ctx)
	if err != nil {
		return err
	}
	if drafts >= maxDrafts {
		return &problem.Problem{Code: problem.DraftLimit, Max: maxDrafts, Path: []string{"input", "service"}}
	}
	today, err := tx.Application.Query().Where(application.CaseID(c.ID), application.StartedAtGT(tx.now.Add(-24*time.Hour))).Count(ctx)
	if err != nil {
		return err
	}
	if today >= maxDraftsADay {
		return &problem.Problem{Code: problem.DraftLimit, Max: maxDraftsADay, Path: []string{"input", "service"}}
	}
	return nil
}

// ConfirmInformation notes that the person has read the information about the service, as it is today.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) ConfirmInformation(ctx context.Context, in ApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "ConfirmInformation(%s)", in.Application)

	return p.onDraft(ctx, request{operation: "confirmInformation", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		return tx.saveApplication(ctx, f, f.Status, "application.information_confirmed", func(next *ent.Application) {
			next.InformationHash, next.InformationAt = informationHash(f.service.Information), &tx.now
		})
	})
}

// informationHash is the SHA-256 of what must be read before applying, hex: another text has to be confirmed anew.
func informationHash(sections []schema.Section) string {
	b, _ := json.Marshal(sections) // strings only
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// AcknowledgePrivacyNoticeInput acknowledges a notice.
type AcknowledgePrivacyNoticeInput struct {
	IdempotencyKey string
	Application    string
	PrivacyNotice  string
}

// AcknowledgePrivacyNotice notes on the case that the notice in force was acknowledged: its version, language and
// SHA-256 through its id, and when.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, NOTICE_NOT_ACKNOWLEDGED.
func (p *Portal) AcknowledgePrivacyNotice(ctx context.Context, in AcknowledgePrivacyNoticeInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "AcknowledgePrivacyNotice(%s)", in.Application)

	return p.onDraft(ctx, request{operation: "acknowledgePrivacyNotice", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		if err := p.acknowledge(ctx, tx, f.c, &in.PrivacyNotice); err != nil {
			return err
		}
		tx.nudge(live.Application(f.ID))
		return nil
	})
}
