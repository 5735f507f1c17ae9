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

// moveAppointment changes an appointment's state by an action that appointmentMoves has for the state that was read, and records
// the event. WRONG_STATE comes back where there is no such move, and where another write was faster.
func (tx *Tx) moveAppointment(ctx context.Context, c *ent.CaseFile, a *ent.Appointment, action string, set func(*ent.Appointment)) error {
	if !slices.Contains(appointmentMoves[action].from, a.Status) {
		return problem.New(problem.WrongState, "input", "appointment")
	}
	return tx.saveAppointment(ctx, c, a, appointmentMoves[action].to, action, set)
}

// saveAppointment writes what set changes in an appointment, if the row is still as it was read, records the event and nudges
// those who watch it. Callers that leave the state as it is call it directly.
func (tx *Tx) saveAppointment(ctx context.Context, c *ent.CaseFile, a *ent.Appointment, to appointment.Status, action string, set func(*ent.Appointment)) error {
	next := *a
	next.Status, next.Revision = to, a.Revision+1
	if to != appointment.StatusHELD {
		next.HeldUntil = nil
	}
	if set != nil {
		set(&next)
	}
	guards := []column{{"status", a.Status.String()}, {"revision", a.Revision}}
	if err := tx.save(ctx, appointment.Table, a.ID, appointmentColumns(&next), guards); err != nil {
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

// appointmentColumns returns the columns of an appointment that can change.
func appointmentColumns(a *ent.Appointment) []column {
	return []column{
		{"status", a.Status.String()},
		{"revision", a.Revision},
		{"held_until", a.HeldUntil},
		{"extended", a.Extended},
		{"starts_at", a.StartsAt},
		{"ends_at", a.EndsAt},
		{"day", a.Day},
		{"counter_id", a.CounterID},
		{"counter_number", a.CounterNumber},
		{"called_counter_id", a.CalledCounterID},
		{"given_name", a.GivenName},
		{"family_name", a.FamilyName},
		{"email", a.Email},
		{"phone", a.Phone},
		{"reminder", a.Reminder},
		{"booked_at", a.BookedAt},
		{"checked_in_at", a.CheckedInAt},
		{"called_at", a.CalledAt},
		{"calls", a.Calls},
		{"ended_at", a.EndedAt},
	}
}

// nudgeAppointment wakes those who watch the appointment, its case, the board and the free times of its day.
func (tx *Tx) nudgeAppointment(a *ent.Appointment) {
	tx.nudge(live.Appointment(a.ID), live.Case(a.CaseID), live.Board(a.OfficeID, a.Day), live.Slots(a.OfficeID, a.Day))
}
