package portal

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/ent/predicate"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// maxCanceled is how many appointments one write cancels at most: each is a few statements of one transaction.
const maxCanceled = 100

// CanceledAppointments are the appointments of a case that one write has canceled, in the order of their ids.
type CanceledAppointments struct {
	Appointments []*ent.Appointment
	Remaining    int // how many of the case could still be canceled this way
}

// CancelAppointmentsOfCase cancels, in one transaction, the held and booked appointments that haven't begun of the case that
// the given appointment belongs to, at most maxCanceled; what is checked in or called stays. The given one only names the case
// and may be in any state. Times, notices and events are as by CancelAppointment, and the case gets an event of its own.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN.
func (p *Portal) CancelAppointmentsOfCase(ctx context.Context, in AppointmentInput) (_ *CanceledAppointments, err error) {
	defer problem.Wrap(&err, "CancelAppointmentsOfCase(%s)", in.Appointment)

	may, err := p.serves(ctx)
	if err != nil {
		return nil, err
	}
	of, err := p.store.Reader().Appointment.Query().Where(withID[predicate.Appointment](ctx, appointment.FieldID, in.Appointment), may).
		Select(appointment.FieldID, appointment.FieldCaseID, appointment.FieldMunicipalityID).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, problem.New(problem.NotFound, "input", "appointment")
	}
	if err != nil {
		return nil, err
	}
	t, err := p.Town(ctx, of.MunicipalityID)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, problem.New(problem.NotFound, "input", "appointment")
	}
	actor := identity.FromContext(ctx)
	if err := mayServe(actor, t.Municipality, identity.Supervisor, "input", "appointment"); err != nil {
		return nil, err
	}
	done, err := p.once(ctx, request{operation: "cancelAppointmentsOfCase", key: in.IdempotencyKey, input: in, caseID: of.CaseID}, func(ctx context.Context, tx *Tx) (string, error) {
		canceled, err := p.cancelOpen(ctx, tx, of.CaseID, in)
		if err != nil {
			return "", err
		}
		tx.written = canceled
		return strings.Join(appointmentIDs(canceled), " "), nil
	})
	if err != nil {
		return nil, err
	}
	canceled, first := done.written.([]*ent.Appointment)
	if first {
		p.log.LogAttrs(ctx, slog.LevelInfo, "staff canceled appointments of a case", slog.String("staff", actor.Subject),
			slog.String("municipality", t.Slug), slog.String("case", of.CaseID), slog.Int("canceled", len(canceled)))
	} else if canceled, err = p.store.Reader().Appointment.Query().
		Where(store.OneOf[predicate.Appointment](appointment.FieldID, strings.Fields(done.id))).Order(appointment.ByID()).All(ctx); err != nil {
		return nil, err
	}
	if err := p.present(ctx, canceled...); err != nil {
		return nil, err
	}
	remaining, err := cancelable(ctx, p.store.Reader().Appointment, of.CaseID, p.clock())
	return &CanceledAppointments{canceled, len(remaining)}, err
}

// cancelOpen cancels the appointments of a case within a transaction. The offices' locks come before the case's row, so the
// offices are read first. A hold at another one, made in between, stays and is among those that remain.
func (p *Portal) cancelOpen(ctx context.Context, tx *Tx, caseID string, in AppointmentInput) ([]*ent.Appointment, error) {
	offices, err := tx.Appointment.Query().Where(appointment.CaseID(caseID)).GroupBy(appointment.FieldOfficeID).Strings(ctx)
	if err != nil {
		return nil, err
	}
	if err := tx.lockOffices(ctx, false, offices...); err != nil {
		return nil, err
	}
	c, err := tx.lockCase(ctx, casefile.ID(caseID))
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, problem.New(problem.NotFound, "input", "appointment")
	}
	all, err := cancelable(ctx, tx.Appointment, caseID, tx.now)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(a *ent.Appointment) bool { return !slices.Contains(offices, a.OfficeID) })
	all = all[:min(len(all), maxCanceled)]
	if len(all) == 0 {
		return all, nil
	}
	for _, a := range all {
		if err := tx.moveAppointment(ctx, c, a, "appointment.canceled", ended(tx)); err != nil {
			return nil, err
		}
	}
	// All cells in one statement, which takes them in ascending order.
	if err := tx.free(ctx, appointmentIDs(all)...); err != nil {
		return nil, err
	}
	if err := tx.record(ctx, c, change{subject: c.ID, action: "case.appointments_canceled", before: "OPEN", after: "OPEN", left: in}); err != nil {
		return nil, err
	}
	for _, a := range all {
		if err := p.enqueueNotices(ctx, tx, a, "appointment.canceled"); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// cancelable returns the appointments of a case that haven't begun and are booked, or held by a hold that hasn't run out, in
// the order of their ids. The status isn't part of the statement: PostgreSQL would read the index of all towns' holds.
func cancelable(ctx context.Context, client *ent.AppointmentClient, caseID string, now time.Time) ([]*ent.Appointment, error) {
	rows, err := client.Query().Where(appointment.CaseID(caseID), appointment.StartsAtGT(now)).Order(appointment.ByID()).All(ctx)
	return slices.DeleteFunc(rows, func(a *ent.Appointment) bool {
		held := a.Status == appointment.StatusHELD && a.HeldUntil.After(now)
		return !held && a.Status != appointment.StatusBOOKED
	}), err
}

func appointmentIDs(all []*ent.Appointment) []string {
	ids := make([]string, len(all))
	for i, a := range all {
		ids[i] = a.ID
	}
	return ids
}
