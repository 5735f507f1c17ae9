package portal

import (
	"context"
	"time"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/ent/predicate"
	"nelke/internal/identity"
	"nelke/internal/problem"
)

// RescheduleAppointmentInput moves an appointment.
type RescheduleAppointmentInput struct {
	IdempotencyKey string
	Appointment    string
	Start          time.Time
}

// RescheduleAppointment moves an appointment to another start at its office. The old time is kept until the new one is
// had; refused, nothing moves.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, SLOT_TAKEN, SLOT_NOT_OFFERED.
func (p *Portal) RescheduleAppointment(ctx context.Context, in RescheduleAppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "RescheduleAppointment(%s, %s)", in.Appointment, in.Start)

	visible, err := p.seesAppointments(ctx)
	if err != nil {
		return nil, unseen(ctx, err)
	}
	old, err := p.store.Reader().Appointment.Query().Where(withID[predicate.Appointment](ctx, appointment.FieldID, in.Appointment), visible).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, problem.New(problem.NotFound, "input", "appointment")
	}
	if err != nil {
		return nil, err
	}
	w, err := p.wantAgain(ctx, old, in.Start)
	if err != nil {
		return p.repeated(ctx, request{operation: "rescheduleAppointment", key: in.IdempotencyKey, input: in}, err)
	}
	return p.book(ctx, w, func() (done, error) {
		return p.onAppointment(ctx, request{operation: "rescheduleAppointment", key: in.IdempotencyKey, id: in.Appointment, input: in}, visible, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
			if a.Status != appointment.StatusBOOKED || !a.StartsAt.After(tx.now) {
				return problem.New(problem.WrongState, "input", "appointment")
			}
			counter, err := tx.choose(ctx, p, w, a.ID)
			if err != nil {
				return err
			}
			from, to := spanAt(a.CounterNumber, a.StartsAt, a.EndsAt), spanAt(counter.Number, w.start, w.end())
			if err := tx.saveAppointment(ctx, c, a, appointment.StatusBOOKED, "appointment.rescheduled", func(next *ent.Appointment) {
				next.StartsAt, next.EndsAt, next.Day = w.start, w.end(), w.day().String()
				next.CounterID, next.CounterNumber = counter.ID, counter.Number
			}); err != nil {
				return err
			}
			if err := tx.move(ctx, a.ID, from, to); err != nil {
				return err
			}
			return p.enqueueNotices(ctx, tx, a, "appointment.rescheduled")
		})
	})
}

// unseen is the problem of somebody who can see no appointment at all.
func unseen(ctx context.Context, err error) error {
	switch {
	case unlessNobody(err) != nil:
		return err
	case identity.FromContext(ctx).Kind == identity.Anonymous:
		return problem.New(problem.Unauthenticated)
	default:
		return problem.New(problem.NotFound, "input", "appointment")
	}
}
