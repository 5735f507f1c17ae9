package portal

import (
	"context"
	"slices"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// CallNextInput names the counter that is free.
type CallNextInput struct {
	IdempotencyKey string
	Counter        string
}

// CallNext calls the person who has checked in today, whose concerns the counter serves, and whose start is the
// earliest. Two counters that call at once never call the same person.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, COUNTER_BUSY, NOBODY_WAITING.
func (p *Portal) CallNext(ctx context.Context, in CallNextInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "CallNext(%s)", in.Counter)

	counter, err := p.Counter(ctx, in.Counter)
	if err != nil {
		return nil, err
	}
	var o *catalogue.Office
	var m *ent.Municipality
	if counter != nil {
		if o, err = p.Office(ctx, counter.OfficeID); err != nil {
			return nil, err
		}
		if o != nil {
			m = o.Town.Municipality
		}
	}
	actor := identity.FromContext(ctx)
	if err := mayServe(actor, m, identity.Clerk, "input", "counter"); err != nil {
		return nil, err
	}
	done, err := p.once(ctx, request{operation: "callNext", key: in.IdempotencyKey, input: in}, func(ctx context.Context, tx *Tx) (string, error) {
		if err := tx.lockOffices(ctx, true, o.ID); err != nil {
			return "", err
		}
		next, err := tx.next(ctx, o, counter)
		if err != nil {
			return "", err
		}
		c, err := tx.lockCase(ctx, casefile.ID(next.CaseID))
		if err != nil {
			return "", err
		}
		if c == nil {
			return "", problem.New(problem.NobodyWaiting)
		}
		if err := tx.moveAppointment(ctx, c, next, "appointment.called", called(tx, counter)); err != nil {
			return "", err
		}
		return next.ID, nil
	})
	if err != nil {
		return nil, err
	}
	return p.outcome(ctx, done)
}

// next finds whom a counter calls, behind the office's exclusive lock.
func (tx *Tx) next(ctx context.Context, o *catalogue.Office, counter *ent.Counter) (*ent.Appointment, error) {
	today := schedule.DateOf(tx.now, o.Rules.Zone).String()
	day, err := tx.Appointment.Query().Where(
		appointment.OfficeID(o.ID), appointment.Day(today),
		appointment.StatusIn(appointment.StatusCHECKED_IN, appointment.StatusCALLED),
	).Order(callOrder()...).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range day {
		if a.Status == appointment.StatusCALLED && a.CalledCounterID == counter.ID {
			return nil, problem.New(problem.CounterBusy, "input", "counter")
		}
	}
	for _, a := range day {
		if a.Status == appointment.StatusCHECKED_IN && servesAll(counter, a) {
			return a, nil
		}
	}
	return nil, problem.New(problem.NobodyWaiting, "input", "counter")
}

func servesAll(counter *ent.Counter, a *ent.Appointment) bool {
	for _, c := range a.Concerns {
		if !slices.Contains(counter.Services, c.Service) {
			return false
		}
	}
	return true
}

// called notes a call to a counter.
func called(tx *Tx, counter *ent.Counter) func(*ent.Appointment) {
	return func(next *ent.Appointment) {
		next.CalledAt, next.CalledCounterID, next.EndedAt = &tx.now, counter.ID, nil
		next.Calls++
	}
}

// CallAppointmentInput names whom to call, and where to.
type CallAppointmentInput struct {
	IdempotencyKey string
	Appointment    string
	Counter        string
}

// CallAppointment calls a given person to a counter of the appointment's office, on its day: one who waits or, once more,
// one who was noted as not having come, or as served. Whether the counter serves the concerns is for the staff to know.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, COUNTER_BUSY.
func (p *Portal) CallAppointment(ctx context.Context, in CallAppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "CallAppointment(%s, %s)", in.Appointment, in.Counter)

	may, err := p.serves(ctx)
	if err != nil {
		return nil, err
	}
	counter, err := p.Counter(ctx, in.Counter)
	if err != nil {
		return nil, err
	}
	done, err := p.behind(ctx, true, request{operation: "callAppointment", key: in.IdempotencyKey, id: in.Appointment, input: in}, may, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		if counter == nil || !counter.Active || counter.OfficeID != a.OfficeID {
			return problem.New(problem.NotFound, "input", "counter")
		}
		if err := p.onItsDay(ctx, a, tx.now); err != nil {
			return err
		}
		busy, err := tx.Appointment.Query().Where(
			appointment.OfficeID(a.OfficeID), appointment.Day(a.Day), appointment.StatusEQ(appointment.StatusCALLED), appointment.CalledCounterID(counter.ID),
		).Exist(ctx)
		if err != nil {
			return err
		}
		if busy {
			return problem.New(problem.CounterBusy, "input", "counter")
		}
		return tx.moveAppointment(ctx, c, a, "appointment.called", called(tx, counter))
	})
	if err != nil {
		return nil, err
	}
	return p.outcome(ctx, done)
}

// CallAgain calls somebody once more who was called and hasn't come to the counter.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) CallAgain(ctx context.Context, in AppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "CallAgain(%s)", in.Appointment)

	return p.serve(ctx, "callAgain", in, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		return tx.moveAppointment(ctx, c, a, "appointment.called_again", func(next *ent.Appointment) {
			next.CalledAt = &tx.now
			next.Calls++
		})
	})
}

// UndoCall takes a call back: the person waits as before, and the counter is free.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) UndoCall(ctx context.Context, in AppointmentInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "UndoCall(%s)", in.Appointment)

	return p.serve(ctx, "undoCall", in, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		return tx.moveAppointment(ctx, c, a, "appointment.call_undone", func(next *ent.Appointment) { next.CalledAt, next.CalledCounterID = nil, "" })
	})
}
