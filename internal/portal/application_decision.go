package portal

import (
	"context"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/predicate"
	"nelke/ent/reopening"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// ReleaseApplication gives a claim back: the application is as if nobody had claimed it. Not while the person is asked
// something: the question is taken back first. For the clerk who has claimed it, or a supervisor.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, ALREADY_CLAIMED.
func (p *Portal) ReleaseApplication(ctx context.Context, in ApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "ReleaseApplication(%s)", in.Application)

	return p.onClaimed(ctx, request{operation: "releaseApplication", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		return tx.moveApplication(ctx, f, application.StatusSUBMITTED, "application.released", func(next *ent.Application) { next.Clerk, next.ClerkName = "", "" })
	})
}

// ReopenApplicationInput takes a decision back.
type ReopenApplicationInput struct {
	IdempotencyKey string
	Application    string
	Reason         string
}

// ReopenApplication takes the decision on an application back: its clerk works on it again. What was decided, and why it
// isn't any more, stays as a row of its own, and a message to the person is enqueued. Payments stay as they are. Role SUPERVISOR.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, WRONG_STATE, INVALID_INPUT.
func (p *Portal) ReopenApplication(ctx context.Context, in ReopenApplicationInput) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "ReopenApplication(%s)", in.Application)

	if in.Reason, err = cleanLines(in.Reason, 2000, "input", "reason"); err != nil {
		return nil, err
	}
	return p.onWork(ctx, request{operation: "reopenApplication", key: in.IdempotencyKey, id: in.Application, input: in}, func(ctx context.Context, tx *Tx, f *file) error {
		if err := mayServe(tx.actor, f.service.Town.Municipality, identity.Supervisor, "input", "application"); err != nil {
			return err
		}
		was := f.Application
		if err := tx.moveApplication(ctx, f, application.StatusIN_PROGRESS, "application.reopened", func(next *ent.Application) {
			next.EndedAt, next.Rejection = nil, ""
			next.DispatchMethod, next.DispatchedOn, next.TrackingNumber = "", "", ""
		}, in.Reason); err != nil {
			return err
		}
		r, err := tx.Reopening.Create().SetApplicationID(f.ID).SetStatus(reopening.Status(was.Status)).SetDecidedAt(*was.EndedAt).
			SetRejection(was.Rejection).SetDispatchMethod(was.DispatchMethod).SetDispatchedOn(was.DispatchedOn).SetTrackingNumber(was.TrackingNumber).
			SetReason(in.Reason).SetReopenedAt(tx.now).Save(ctx)
		if err != nil {
			return err
		}
		return p.enqueueNotice(ctx, tx, f.ID, noticeReopened, r.ID)
	})
}

// enqueueDecision enqueues a message to the person about a decision: another one after each time that it was taken back.
func (p *Portal) enqueueDecision(ctx context.Context, tx *Tx, f *file, kind string) error {
	last, err := tx.Reopening.Query().Where(reopening.ApplicationID(f.ID)).Order(ent.Desc(reopening.FieldID)).FirstID(ctx)
	if ent.MaskNotFound(err) != nil {
		return err
	}
	return p.enqueueNotice(ctx, tx, f.ID, kind, last)
}

// reopened reports whether a decision on an application was taken back.
func (tx *Tx) reopened(ctx context.Context, f *file) (bool, error) {
	return tx.Reopening.Query().Where(reopening.ApplicationID(f.ID)).Exist(ctx)
}

// ReopeningsOf returns the decisions on applications that were taken back, oldest first.
func (p *Portal) ReopeningsOf(ctx context.Context, apps []*ent.Application) (_ [][]*ent.Reopening, err error) {
	defer problem.Wrap(&err, "ReopeningsOf(%d)", len(apps))

	rows, err := p.store.Reader().Reopening.Query().Where(store.OneOf[predicate.Reopening](reopening.FieldApplicationID, p.dependOn(ctx, apps))).Order(reopening.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string][]*ent.Reopening{}
	for _, r := range rows {
		all[r.ApplicationID] = append(all[r.ApplicationID], r)
	}
	of := make([][]*ent.Reopening, len(apps))
	for i, a := range apps {
		of[i] = all[a.ID]
		zone := a.StartedAt.Location() // the application has been presented: its instants are in the zone of its town
		for _, r := range of[i] {
			inZone(zone, &r.DecidedAt, &r.ReopenedAt)
		}
	}
	return of, nil
}
