package portal

import (
	"context"
	"slices"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/internal/live"
	"nelke/internal/problem"
)

// appointmentMove is a step from one of some states to another.
type appointmentMove struct {
	to   appointment.Status
	from []appointment.Status
}

// appointmentMoves are the steps that change the state of an appointment, by the action of their event. What isn't here can't happen.
var appointmentMoves = map[string]appointmentMove{ //nolint:gochecknoglobals // a table, never written
	"appointment.booked":          {appointment.StatusBOOKED, []appointment.Status{appointment.StatusHELD}},
	"appointment.expired":         {appointment.StatusEXPIRED, []appointment.Status{appointment.StatusHELD}},
	"appointment.released":        {appointment.StatusCANCELED, []appointment.Status{appointment.StatusHELD}},
	"appointment.canceled":        {appointment.StatusCANCELED, []appointment.Status{appointment.StatusHELD, appointment.StatusBOOKED, appointment.StatusCHECKED_IN, appointment.StatusCALLED}},
	"appointment.checked_in":      {appointment.StatusCHECKED_IN, []appointment.Status{appointment.StatusBOOKED, appointment.StatusNO_SHOW}},
	"appointment.check_in_undone": {appointment.StatusBOOKED, []appointment.Status{appointment.StatusCHECKED_IN}},
	"appointment.called":          {appointment.StatusCALLED, []appointment.Status{appointment.StatusCHECKED_IN, appointment.StatusNO_SHOW, appointment.StatusCOMPLETED}},
	"appointment.called_again":    {appointment.StatusCALLED, []appointment.Status{appointment.StatusCALLED}},
	"appointment.call_undone":     {appointment.StatusCHECKED_IN, []appointment.Status{appointment.StatusCALLED}},
	"appointment.completed":       {appointment.StatusCOMPLETED, []appointment.Status{appointment.StatusCALLED}},
	"appointment.no_show":         {appointment.StatusNO_SHOW, []appointment.Status{appointment.StatusBOOKED, appointment.StatusCHECKED_IN, appointment.StatusCALLED}},
}

// advance takes a step if, and only if, the row is still in the state that was read and from which the step may be taken,
// and writes the event. Two at once: one wins, the other gets WRONG_STATE.
func (tx *Tx) advance(ctx context.Context, c *ent.CaseFile, a *ent.Appointment, action string, set func(*ent.Appointment)) error {
	if !slices.Contains(appointmentMoves[action].from, a.Status) {
		return problem.New(problem.WrongState, "input", "appointment")
	}
	return tx.change(ctx, c, a, appointmentMoves[action].to, action, set)
}

// change is advance for changes within a state as well. set says what else changes.
func (tx *Tx) change(ctx context.Context, c *ent.CaseFile, a *ent.Appointment, to appointment.Status, action string, set func(*ent.Appointment)) error {
	next := *a
	next.Status, next.Revision = to, a.Revision+1
	if to != appointment.StatusHELD {
		next.HeldUntil = nil
	}
	if set != nil {
		set(&next)
	}
	if err := tx.update(ctx, a, &next); err != nil {
		return err
	}
	if err := tx.record(ctx, c, change{
		subject: a.ID, action: action, before: a.Status.String(), after: to.String(), left: &next,
	}); err != nil {
		return err
	}
	tx.nudgeAppointment(a)
	if next.Day != a.Day {
		tx.nudgeAppointment(&next)
	}
	*a = next
	tx.written = a
	return nil
}

// update writes every column that can change, if the row is still as it was read.
func (tx *Tx) update(ctx context.Context, was, next *ent.Appointment) error {
	a := tx.Args()
	n, err := tx.exec(ctx, a, `UPDATE appointments SET status = `+a.Bind(next.Status.String())+`, revision = `+a.Bind(next.Revision)+
		`, held_until = `+a.Bind(next.HeldUntil)+`, extended = `+a.Bind(next.Extended)+
		`, starts_at = `+a.Bind(next.StartsAt)+`, ends_at = `+a.Bind(next.EndsAt)+`, day = `+a.Bind(next.Day)+
		`, counter_id = `+a.Bind(next.CounterID)+`, counter_number = `+a.Bind(next.CounterNumber)+`, called_counter_id = `+a.Bind(next.CalledCounterID)+
		`, given_name = `+a.Bind(next.GivenName)+`, family_name = `+a.Bind(next.FamilyName)+
		`, email = `+a.Bind(next.Email)+`, phone = `+a.Bind(next.Phone)+`, reminder = `+a.Bind(next.Reminder)+
		`, booked_at = `+a.Bind(next.BookedAt)+`, checked_in_at = `+a.Bind(next.CheckedInAt)+
		`, called_at = `+a.Bind(next.CalledAt)+`, calls = `+a.Bind(next.Calls)+`, ended_at = `+a.Bind(next.EndedAt)+
		` WHERE id = `+a.Bind(was.ID)+
		` AND status = `+a.Bind(was.Status.String())+
		` AND revision = `+a.Bind(was.Revision))
	if err != nil {
		return err
	}
	if n != 1 {
		return problem.New(problem.WrongState, "input", "appointment")
	}
	return nil
}

// nudgeAppointment wakes those who watch the appointment, its case, the board and the free times of its day.
func (tx *Tx) nudgeAppointment(a *ent.Appointment) {
	tx.nudge(live.Appointment(a.ID), live.Case(a.CaseID), live.Board(a.OfficeID, a.Day), live.Slots(a.OfficeID, a.Day))
}
