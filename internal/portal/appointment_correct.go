package portal

import (
	"context"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/internal/identity"
	"nelke/internal/problem"
)

// CorrectAppointmentInput says anew whom an appointment is for.
type CorrectAppointmentInput struct {
	IdempotencyKey string
	Appointment    string
	PrivacyNotice  *string
	Person         PersonInput
	Reminder       bool
}

// CorrectAppointment replaces whom an appointment is for and how they can be reached, and whether to remind them. The person
// may do so while it is booked and hasn't begun, and acknowledges the current privacy notice first; the staff also after
// that, until the person has been served. The time stays. Messages go to the new address, beginning with one about the
// correction.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, NOTICE_NOT_ACKNOWLEDGED, INVALID_INPUT.
func (p *Portal) CorrectAppointment(ctx context.Context, in CorrectAppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "CorrectAppointment(%s)", in.Appointment)

	visible, err := p.seesAppointments(ctx)
	if err != nil {
		return nil, unseen(ctx, err)
	}
	if err := in.Person.clean(in.Reminder); err != nil {
		return nil, err
	}
	staff := identity.FromContext(ctx).Kind == identity.Staff
	done, err := p.onAppointment(ctx, request{operation: "correctAppointment", key: in.IdempotencyKey, id: in.Appointment, input: in}, visible, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		switch a.Status {
		case appointment.StatusBOOKED:
			if !staff && !a.StartsAt.After(tx.now) {
				return problem.New(problem.WrongState, "input", "appointment")
			}
		case appointment.StatusCHECKED_IN, appointment.StatusCALLED:
			if !staff {
				return problem.New(problem.WrongState, "input", "appointment")
			}
		default:
			return problem.New(problem.WrongState, "input", "appointment")
		}
		if !staff {
			if err := p.acknowledge(ctx, tx, c, in.PrivacyNotice); err != nil {
				return err
			}
		}
		was := *a
		if err := tx.saveAppointment(ctx, c, a, a.Status, "appointment.corrected", func(next *ent.Appointment) {
			next.Reminder = in.Reminder
			in.Person.set(next)
		}); err != nil {
			return err
		}
		if err := tx.indexAppointment(ctx, &was, a); err != nil {
			return err
		}
		return p.enqueueNotices(ctx, tx, a, "appointment.corrected")
	})
	if err != nil {
		return nil, err
	}
	return p.outcome(ctx, done)
}
