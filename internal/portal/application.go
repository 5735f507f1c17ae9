package portal

import (
	"context"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/casefile"
	"nelke/ent/municipality"
	"nelke/ent/payment"
	"nelke/ent/predicate"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
)

// draftLife is how long a draft lasts after its last edit, and draftWarning how long before its end the person is warned
// (OZG § 8a(3), EGovG § 9b(3), here by analogy).
const (
	draftLife    = 30 * 24 * time.Hour
	draftWarning = 7 * 24 * time.Hour
)

// file is an application with what decides about it, as a write reads it behind the case's lock.
type file struct {
	*ent.Application
	c        *ent.CaseFile
	service  *catalogue.Service
	payments []*ent.Payment // oldest first
}

// moveApplication changes an application's state by an action that applicationMoves has for these two states, and records the
// event. WRONG_STATE comes back where there is no such move, and where another write was faster.
func (tx *Tx) moveApplication(ctx context.Context, f *file, to application.Status, action string, set func(*ent.Application), also ...any) error {
	if !slices.ContainsFunc(applicationMoves, func(m applicationMove) bool {
		return m.from == f.Status.String() && m.to == to.String() && m.action == action
	}) {
		return problem.New(problem.WrongState, "input", "application")
	}
	return tx.saveApplication(ctx, f, to, action, set, also...)
}

// saveApplication writes what set changes in an application, if the row is still as it was read, records the event and nudges
// those who watch it. also is what the change leaves behind in other rows, which the event's hash covers. Callers that leave
// the state as it is call it directly.
func (tx *Tx) saveApplication(ctx context.Context, f *file, to application.Status, action string, set func(*ent.Application), also ...any) error {
	next := *f.Application
	next.Status = to
	if to != application.StatusDRAFT {
		next.ExpiresAt = nil
	}
	if set != nil {
		set(&next)
	}
	guards := []column{{"status", f.Status.String()}, {"revision", f.Revision}, {"clerk", f.Clerk}}
	if err := tx.save(ctx, application.Table, f.ID, applicationColumns(&next), guards); err != nil {
		return err
	}
	if err := tx.record(ctx, f.c, change{
		subject: f.ID, action: action, before: f.Status.String(), after: to.String(), left: append([]any{&next, next.Answers, next.Rejection}, also...),
	}); err != nil {
		return err
	}
	f.Application = &next
	tx.nudgeApplication(&next)
	tx.written = &next
	return nil
}

// extendDraft moves the end of a draft to an instant, unless it ends later anyway. A draft doesn't end while its fee is being
// paid, nor before the grace in which what was paid for can be submitted.
func (tx *Tx) extendDraft(ctx context.Context, f *file, until time.Time) error {
	if f.Status != application.StatusDRAFT || !f.ExpiresAt.Before(until) {
		return nil
	}
	return tx.saveApplication(ctx, f, f.Status, "application.extended", func(next *ent.Application) { next.ExpiresAt = &until })
}

// applicationColumns returns the columns of an application that can change.
func applicationColumns(a *ent.Application) []column {
	return []column{
		{"status", a.Status.String()},
		{"answers", a.Answers},
		{"revision", a.Revision},
		{"reviewed_revision", a.ReviewedRevision},
		{"information_hash", a.InformationHash},
		{"information_at", a.InformationAt},
		{"notice_id", a.NoticeID},
		{"notice_at", a.NoticeAt},
		{"due_cents", a.DueCents},
		{"edited_at", a.EditedAt},
		{"expires_at", a.ExpiresAt},
		{"submitted_at", a.SubmittedAt},
		{"deadline", a.Deadline},
		{"ended_at", a.EndedAt},
		{"clerk", a.Clerk},
		{"clerk_name", a.ClerkName},
		{"rejection", a.Rejection},
		{"dispatch_method", a.DispatchMethod},
		{"dispatched_on", a.DispatchedOn},
		{"tracking_number", a.TrackingNumber},
	}
}

// nudgeApplication wakes those who watch the application, its case, and its town's work queue once it is in it.
func (tx *Tx) nudgeApplication(a *ent.Application) {
	tx.nudge(live.Application(a.ID), live.Case(a.CaseID))
	if a.SubmittedAt != nil {
		tx.nudge(live.WorkQueue(a.MunicipalityID))
	}
}

// onApplication runs a write on an application that the actor may see: idempotency, the case's row, then work. A draft
// whose time is over is treated as expired, whether or not a job has said so.
func (p *Portal) onApplication(ctx context.Context, r request, may predicate.Application, work func(context.Context, *Tx, *file) error) (*ent.Application, error) {
	done, err := p.onFile(ctx, r, may, func(ctx context.Context, tx *Tx, f *file) (string, error) {
		return r.id, work(ctx, tx, f)
	})
	if err != nil {
		return nil, err
	}
	return p.applicationOf(ctx, done)
}

// onFile is onApplication for writes whose outcome is another thing than the application, whose id the request has.
func (p *Portal) onFile(ctx context.Context, r request, may predicate.Application, work func(context.Context, *Tx, *file) (string, error)) (done, error) {
	found, err := p.store.Reader().Application.Query().Where(withID[predicate.Application](ctx, application.FieldID, r.id), may).
		Select(application.FieldID, application.FieldCaseID, application.FieldServiceID).Only(ctx)
	if ent.IsNotFound(err) {
		return done{}, problem.New(problem.NotFound, "input", "application")
	}
	if err != nil {
		return done{}, err
	}
	service, err := p.AnyService(ctx, found.ServiceID)
	if err != nil {
		return done{}, err
	}
	return p.once(ctx, r.onCase(found.CaseID), func(ctx context.Context, tx *Tx) (string, error) {
		f, err := tx.open(ctx, found.ID, found.CaseID, service, may)
		if err != nil {
			return "", err
		}
		if f == nil {
			return "", problem.New(problem.NotFound, "input", "application")
		}
		if f.Status == application.StatusDRAFT && !f.ExpiresAt.After(tx.now) {
			return "", problem.New(problem.WrongState, "input", "application")
		}
		if f.Status == application.StatusDRAFT {
			if f.service, err = tx.current(ctx, service); err != nil {
				return "", err
			}
		}
		return work(ctx, tx, f)
	})
}

// current is a service as the transaction sees it: what is remembered of a town may be some seconds old where no nudge
// came through, and nobody pays, or hands in, by rules that have been changed.
func (tx *Tx) current(ctx context.Context, s *catalogue.Service) (*catalogue.Service, error) {
	m, err := tx.Municipality.Query().Where(municipality.ID(s.MunicipalityID)).Select(municipality.FieldEventCount).Only(ctx)
	if err != nil || m.EventCount == s.Town.EventCount {
		return s, err
	}
	t, err := catalogue.ReadTown(ctx, tx.Client, s.MunicipalityID, tx.now)
	if err != nil {
		return s, err
	}
	if t == nil || t.Service(s.ID) == nil {
		return s, errServiceGone
	}
	return t.Service(s.ID), nil
}

// open reads an application behind its case's lock; nil where the condition finds none.
func (tx *Tx) open(ctx context.Context, id, caseID string, service *catalogue.Service, may ...predicate.Application) (*file, error) {
	if err := tx.tick(ctx); err != nil {
		return nil, err
	}
	c, err := tx.lockCase(ctx, casefile.ID(caseID))
	if err != nil || c == nil {
		return nil, err
	}
	app, err := tx.Application.Query().Where(append(may, application.ID(id))...).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := &file{Application: app, c: c, service: service}
	f.payments, err = tx.Payment.Query().Where(payment.ApplicationID(id)).Order(payment.ByID()).All(ctx)
	return f, err
}

// own is the condition under which a person writes on an application.
func own(ctx context.Context) (predicate.Application, error) {
	actor := identity.FromContext(ctx)
	switch actor.Kind {
	case identity.CaseHolder:
		return application.HasCaseWith(casefile.KeyHash(actor.CaseKeyHash)), nil
	case identity.Staff, identity.Partner:
		return nil, problem.New(problem.NotFound, "input", "application")
	default:
		return nil, problem.New(problem.Unauthenticated)
	}
}

// onOwn is onApplication for the person whose application it is.
func (p *Portal) onOwn(ctx context.Context, r request, work func(context.Context, *Tx, *file) error) (*ent.Application, error) {
	may, err := own(ctx)
	if err != nil {
		return nil, err
	}
	return p.onApplication(ctx, r, may, work)
}

// onDraft is onOwn for what can be done to a draft only.
func (p *Portal) onDraft(ctx context.Context, r request, work func(context.Context, *Tx, *file) error) (*ent.Application, error) {
	return p.onOwn(ctx, r, func(ctx context.Context, tx *Tx, f *file) error {
		if f.Status != application.StatusDRAFT {
			return problem.New(problem.WrongState, "input", "application")
		}
		return work(ctx, tx, f)
	})
}

// ApplicationInput names an application.
type ApplicationInput struct {
	IdempotencyKey string
	Application    string
}

// Application returns an application that the actor may see; nil for any other.
func (p *Portal) Application(ctx context.Context, id string) (_ *ent.Application, err error) {
	defer problem.Wrap(&err, "Application(%s)", id)

	found, err := p.Applications(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// Applications is Application for many, in the order of the ids.
func (p *Portal) Applications(ctx context.Context, ids []string) (_ []*ent.Application, err error) {
	defer problem.Wrap(&err, "Applications(%d)", len(ids))

	visible, err := p.seesApplications(ctx)
	if err != nil {
		return make([]*ent.Application, len(ids)), unlessNobody(err)
	}
	for _, id := range ids {
		p.depend(ctx, time.Time{}, live.Application(id))
	}
	rows, err := p.store.Reader().Application.Query().Where(withID[predicate.Application](ctx, application.FieldID, ids...), visible).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.presentApplications(ctx, rows...); err != nil {
		return nil, err
	}
	return inOrder(ids, rows, func(a *ent.Application) string { return a.ID }), nil
}

// applicationOf shows what a write left behind: as it wrote it, or, for a repeat, as it is by now.
func (p *Portal) applicationOf(ctx context.Context, d done) (*ent.Application, error) {
	a, ok := d.written.(*ent.Application)
	if !ok || a.ID != d.id {
		var err error
		if a, err = p.store.Reader().Application.Get(ctx, d.id); err != nil {
			return nil, err
		}
	}
	return a, p.presentApplications(ctx, a)
}

// presentApplications shows applications as people see them: instants in the town's zone, and a draft whose time is over
// as expired, whether or not anybody has swept it.
func (p *Portal) presentApplications(ctx context.Context, all ...*ent.Application) error {
	now := p.clock()
	for _, a := range all {
		t, err := p.Town(ctx, a.MunicipalityID)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		inZone(t.Zone, &a.StartedAt, &a.EditedAt)
		inZoneIfSet(t.Zone, &a.InformationAt, &a.NoticeAt, &a.ExpiresAt, &a.SubmittedAt, &a.Deadline, &a.EndedAt)
		if a.ExpiresAt == nil {
			continue
		}
		if !a.ExpiresAt.After(now) {
			a.Status, a.ExpiresAt, a.Answers = application.StatusEXPIRED, nil, ""
			continue
		}
		p.depend(ctx, *a.ExpiresAt, live.Application(a.ID))
	}
	return nil
}
