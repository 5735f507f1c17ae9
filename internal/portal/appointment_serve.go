package portal

import (
	"context"
	"time"

	"nelke/ent"
	"nelke/ent/predicate"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// CheckIn notes that the person is here, on the day of the appointment: in time, or after it was noted that they didn't come.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) CheckIn(ctx context.Context, in AppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "CheckIn(%s)", in.Appointment)

	return p.serve(ctx, "checkIn", in, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		if err := p.onItsDay(ctx, a, tx.now); err != nil {
			return err
		}
		return tx.moveAppointment(ctx, c, a, "appointment.checked_in", func(next *ent.Appointment) {
			next.CheckedInAt, next.CalledAt, next.CalledCounterID, next.EndedAt = &tx.now, nil, "", nil
		})
	})
}

// UndoCheckIn takes back that the person is here, until they are called: the appointment is booked as before.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) UndoCheckIn(ctx context.Context, in AppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "UndoCheckIn(%s)", in.Appointment)

	return p.serve(ctx, "undoCheckIn", in, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		return tx.moveAppointment(ctx, c, a, "appointment.check_in_undone", func(next *ent.Appointment) { next.CheckedInAt = nil })
	})
}

// CompleteAppointment notes that the person has been served.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) CompleteAppointment(ctx context.Context, in AppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "CompleteAppointment(%s)", in.Appointment)

	return p.serve(ctx, "completeAppointment", in, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		return tx.moveAppointment(ctx, c, a, "appointment.completed", ended(tx))
	})
}

// RecordNoShow notes that the person did not come. It can't be said before the appointment has begun.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) RecordNoShow(ctx context.Context, in AppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "RecordNoShow(%s)", in.Appointment)

	return p.serve(ctx, "recordNoShow", in, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		if a.StartsAt.After(tx.now) {
			return problem.New(problem.WrongState, "input", "appointment")
		}
		return tx.moveAppointment(ctx, c, a, "appointment.no_show", ended(tx))
	})
}

// serve runs a clerk's write on an appointment of its town.
func (p *Portal) serve(ctx context.Context, operation string, in AppointmentInput, work func(context.Context, *Tx, *ent.CaseFile, *ent.Appointment) error) (*ent.Appointment, error) {
	may, err := p.serves(ctx)
	if err != nil {
		return nil, err
	}
	done, err := p.onAppointment(ctx, request{operation: operation, key: in.IdempotencyKey, id: in.Appointment, input: in}, may, work)
	if err != nil {
		return nil, err
	}
	return p.outcome(ctx, done)
}

// serves is the condition under which a clerk may serve an appointment. A person may not serve their own.
func (p *Portal) serves(ctx context.Context) (predicate.Appointment, error) {
	switch identity.FromContext(ctx).Kind {
	case identity.Anonymous:
		return nil, problem.New(problem.Unauthenticated)
	case identity.CaseHolder:
		return nil, problem.New(problem.NotFound, "input", "appointment")
	}
	may, err := p.seesAppointments(ctx)
	if err != nil {
		return nil, unseen(ctx, err)
	}
	return may, nil
}

// onItsDay refuses what makes sense on the day of an appointment only, by the office's clock.
func (p *Portal) onItsDay(ctx context.Context, a *ent.Appointment, now time.Time) error {
	t, err := p.Town(ctx, a.MunicipalityID)
	if err != nil {
		return err
	}
	if t == nil {
		return problem.New(problem.NotFound, "input", "appointment")
	}
	zone := t.Zone
	if o := t.Office(a.OfficeID); o != nil { // it isn't, once it has been given up
		zone = o.Rules.Zone
	}
	if a.Day != schedule.DateOf(now, zone).String() {
		return &problem.Problem{Code: problem.WrongState, Rule: problem.RuleDay, Path: []string{"input", "appointment"}}
	}
	return nil
}
