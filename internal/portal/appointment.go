package portal

import (
	"context"
	"errors"
	"time"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/ent/idempotency"
	"nelke/ent/predicate"
	"nelke/ent/schema"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// ConcernInput is a service and how often.
type ConcernInput struct {
	Service  string
	Quantity int
}

// repeated returns the outcome of an earlier write under the same key where this one is refused before it begins, for a
// reason that may have come since, such as a service that is no longer offered. Otherwise it stays refused.
func (p *Portal) repeated(ctx context.Context, r request, refused error) (*ent.Appointment, error) {
	if refusal := (*problem.Problem)(nil); !errors.As(refused, &refusal) {
		return nil, refused
	}
	digest, err := inputHash(r.input)
	if err != nil {
		return nil, err
	}
	row, err := p.store.Reader().Idempotency.Query().Where(
		idempotency.Scope(r.of(ctx).scope()), idempotency.Key(r.key), idempotency.InputHash(digest),
	).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	return p.reload(ctx, row.Outcome)
}

// outcome shows what a write left behind: as it wrote it, or, for a repeat, as it is by now.
func (p *Portal) outcome(ctx context.Context, d done) (*ent.Appointment, error) {
	a, ok := d.written.(*ent.Appointment)
	if !ok {
		return p.reload(ctx, d.id)
	}
	return a, p.present(ctx, a)
}

// reload reads an appointment after its write. The actor wrote it, so it may read it.
func (p *Portal) reload(ctx context.Context, id string) (*ent.Appointment, error) {
	a, err := p.store.Reader().Appointment.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return a, p.present(ctx, a)
}

// present shows appointments as people see them: times in the office's zone, and a hold that ran out as expired,
// whether or not anybody has swept it.
func (p *Portal) present(ctx context.Context, all ...*ent.Appointment) error {
	now := p.clock()
	for _, a := range all {
		o, err := p.Office(ctx, a.OfficeID)
		if err != nil {
			return err
		}
		if o == nil {
			continue // the office has been closed for good; its appointments stay readable, in UTC
		}
		zone := o.Rules.Zone
		inZone(zone, &a.StartsAt, &a.EndsAt)
		if a.HeldUntil == nil {
			continue
		}
		if !a.HeldUntil.After(now) {
			a.Status, a.HeldUntil = appointment.StatusEXPIRED, nil
			continue
		}
		inZoneIfSet(zone, &a.HeldUntil)
	}
	return nil
}

// Appointment returns an appointment that the actor may see; nil for any other.
func (p *Portal) Appointment(ctx context.Context, id string) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "Appointment(%s)", id)

	found, err := p.Appointments(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// Appointments is Appointment for many, in the order of the ids.
func (p *Portal) Appointments(ctx context.Context, ids []string) (_ []*ent.Appointment, err error) {
	defer problem.Wrap(&err, "Appointments(%d)", len(ids))

	found := make([]*ent.Appointment, len(ids))
	visible, err := p.seesAppointments(ctx)
	if err != nil {
		return found, unlessNobody(err)
	}
	for _, id := range ids {
		p.depend(ctx, time.Time{}, live.Appointment(id))
	}
	rows, err := p.store.Reader().Appointment.Query().Where(withID[predicate.Appointment](ctx, appointment.FieldID, ids...), visible).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.present(ctx, rows...); err != nil {
		return nil, err
	}
	for _, a := range rows {
		if a.HeldUntil != nil {
			p.depend(ctx, *a.HeldUntil, live.Appointment(a.ID))
		}
		for i, id := range ids {
			if id == a.ID {
				found[i] = a
			}
		}
	}
	return found, nil
}

func unlessNobody(err error) error {
	if errors.Is(err, errNobody) {
		return nil
	}
	return err
}

// onAppointment runs a write on an appointment that the actor may see: idempotency, the office's lock (shared), the
// case's row, then work.
func (p *Portal) onAppointment(ctx context.Context, r request, may predicate.Appointment, work func(context.Context, *Tx, *ent.CaseFile, *ent.Appointment) error) (done, error) {
	return p.behind(ctx, false, r, may, work)
}

// behind is onAppointment with the office's exclusive lock, if wished.
func (p *Portal) behind(ctx context.Context, exclusive bool, r request, may predicate.Appointment, work func(context.Context, *Tx, *ent.CaseFile, *ent.Appointment) error) (done, error) {
	found, err := p.store.Reader().Appointment.Query().Where(withID[predicate.Appointment](ctx, appointment.FieldID, r.id), may).
		Select(appointment.FieldID, appointment.FieldCaseID, appointment.FieldOfficeID).Only(ctx)
	if ent.IsNotFound(err) {
		return done{}, problem.New(problem.NotFound, "input", "appointment")
	}
	if err != nil {
		return done{}, err
	}
	return p.once(ctx, r.onCase(found.CaseID), func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.lockOffices(ctx, exclusive, found.OfficeID); err != nil {
			return "", err
		}
		c, err := tx.lockCase(ctx, casefile.ID(found.CaseID))
		if err != nil {
			return "", err
		}
		a, err := tx.Appointment.Query().Where(appointment.ID(r.id), may).Only(ctx)
		if ent.IsNotFound(err) || c == nil {
			return "", problem.New(problem.NotFound, "input", "appointment")
		}
		if err != nil {
			return "", err
		}
		return r.id, work(ctx, tx, c, a)
	})
}

// BookAppointmentInput makes a held time an appointment.
type BookAppointmentInput struct {
	IdempotencyKey string
	Appointment    string
	PrivacyNotice  *string
	Person         PersonInput
	Reminder       bool
}

// BookAppointment makes a held time an appointment for a person. The current privacy notice comes before the data.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, HOLD_EXPIRED, NOTICE_NOT_ACKNOWLEDGED, INVALID_INPUT.
func (p *Portal) BookAppointment(ctx context.Context, in BookAppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "BookAppointment(%s)", in.Appointment)

	if err := in.Person.clean(in.Reminder); err != nil {
		return nil, err
	}
	return p.ownHold(ctx, request{operation: "bookAppointment", key: in.IdempotencyKey, id: in.Appointment, input: in}, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		if err := p.acknowledge(ctx, tx, c, in.PrivacyNotice); err != nil {
			return err
		}
		if err := tx.moveAppointment(ctx, c, a, "appointment.booked", func(next *ent.Appointment) {
			next.BookedAt = &tx.now
			next.Reminder = in.Reminder
			in.Person.set(next)
		}); err != nil {
			return err
		}
		if err := tx.keep(ctx, a.ID, cellsOf(a), nil); err != nil {
			return err
		}
		if err := tx.indexAppointment(ctx, nil, a); err != nil {
			return err
		}
		return p.enqueueNotices(ctx, tx, a, "appointment.booked")
	})
}

// enqueueNotices enqueues the notices that a booked or moved appointment calls for: a confirmation at once and, if the person
// wants it, a reminder on the day before.
func (p *Portal) enqueueNotices(ctx context.Context, tx *Tx, a *ent.Appointment, kind string) error {
	if a.Email == "" {
		return nil
	}
	if err := p.jobs.DeliverNoticeAt(ctx, tx.SQL, a.ID, kind, noticeKey(a, kind), tx.now); err != nil {
		return err
	}
	if remind := a.StartsAt.Add(-24 * time.Hour); a.Reminder && remind.After(tx.now) && kind != "appointment.canceled" {
		return p.jobs.DeliverNoticeAt(ctx, tx.SQL, a.ID, noticeReminder, noticeKey(a, noticeReminder), remind)
	}
	return nil
}

// CancelAppointmentInput gives an appointment up.
type CancelAppointmentInput struct {
	IdempotencyKey string
	Appointment    string
}

// CancelAppointment gives an appointment up; its time is free at once. The person may do so while it is booked and hasn't
// ended; the staff while it hasn't come to an end of its own, a time that is held included.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) CancelAppointment(ctx context.Context, in CancelAppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "CancelAppointment(%s)", in.Appointment)

	visible, err := p.seesAppointments(ctx)
	if err != nil {
		return nil, unseen(ctx, err)
	}
	staff := identity.FromContext(ctx).Kind == identity.Staff
	done, err := p.onAppointment(ctx, request{operation: "cancelAppointment", key: in.IdempotencyKey, id: in.Appointment, input: in}, visible, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		over := !a.EndsAt.After(tx.now)
		if !staff && (a.Status != appointment.StatusBOOKED || over) || a.HeldUntil != nil && !a.HeldUntil.After(tx.now) {
			return problem.New(problem.WrongState, "input", "appointment")
		}
		if err := tx.moveAppointment(ctx, c, a, "appointment.canceled", ended(tx)); err != nil {
			return err
		}
		if err := tx.free(ctx, a.ID); err != nil || over {
			return err
		}
		return p.enqueueNotices(ctx, tx, a, "appointment.canceled")
	})
	if err != nil {
		return nil, err
	}
	return p.outcome(ctx, done)
}

// minutesOf is how long concerns take together.
func minutesOf(concerns []schema.Concern) (minutes int) {
	for _, c := range concerns {
		minutes += c.Minutes
	}
	return minutes
}

func codeOf(r schedule.Reason) problem.Code {
	if r == schedule.Full {
		return problem.SlotTaken
	}
	return problem.SlotNotOffered
}

// ConcernService returns the service of a concern, also one that is no longer offered.
func (p *Portal) ConcernService(ctx context.Context, id string) (_ *catalogue.Service, err error) {
	defer problem.Wrap(&err, "ConcernService(%s)", id)
	return p.AnyService(ctx, id)
}
