package portal

import (
	"context"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/ent/predicate"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/schedule"
)

// BookAppointmentForInput books for somebody.
type BookAppointmentForInput struct {
	IdempotencyKey string
	Office         string
	Start          time.Time
	Concerns       []ConcernInput
	Channel        string
	Person         PersonInput
	Reminder       bool
	Language       *string
}

// BookAppointmentFor books for somebody who came in person, phoned or wrote, into the same book. Staff may use times
// that are kept from online booking, and any cell of the opening hours. It opens a case without a key.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT, NO_APPOINTMENTS, SLOT_TAKEN, SLOT_NOT_OFFERED.
func (p *Portal) BookAppointmentFor(ctx context.Context, in BookAppointmentForInput) (_ *ent.Appointment, err error) {
	defer wrap(&err, "BookAppointmentFor(%s, %s)", in.Office, in.Start)

	o, err := p.office(ctx, in.Office)
	if err != nil {
		return nil, err
	}
	var m *ent.Municipality
	if o != nil {
		m = o.Town.Municipality
	}
	actor := identity.FromContext(ctx)
	if err := mayServe(actor, m, identity.Clerk, "input", "office"); err != nil {
		return nil, err
	}
	if in.Channel == appointment.ChannelONLINE.String() {
		return nil, invalid(RuleChannel, "input", "channel")
	}
	if err := in.Person.check(in.Reminder); err != nil {
		return nil, err
	}
	w, err := p.want(ctx, in.Office, in.Start, in.Concerns, false)
	if err != nil {
		return p.repeated(ctx, "bookAppointmentFor", in.IdempotencyKey, in, err)
	}
	id := newID("appointment")
	return p.book(ctx, w, func() (done, error) {
		return p.once(ctx, "bookAppointmentFor", actor.Scope(), in.IdempotencyKey, id, in, func(ctx context.Context, tx *Tx) (string, error) {
			if err := tx.lockOffices(ctx, false, w.office.ID); err != nil {
				return "", err
			}
			language := "de"
			if in.Language != nil {
				language = *in.Language
			}
			c, err := tx.openCase(ctx, w.office.Town.Municipality, nil, language)
			if err != nil {
				return "", err
			}
			booked := &ent.Appointment{
				ID: id, Status: appointment.StatusBOOKED, BookedAt: &tx.now, Channel: appointment.Channel(in.Channel),
				Language: language, Reminder: in.Reminder,
			}
			in.Person.set(booked)
			a, err := tx.place(ctx, p, w, c, booked)
			if err != nil {
				return "", err
			}
			if err := tx.record(ctx, c, change{subject: id, action: "appointment.booked", after: "BOOKED", left: a}); err != nil {
				return "", err
			}
			if err := tx.indexAppointment(ctx, nil, a); err != nil {
				return "", err
			}
			tx.nudgeAppointment(a)
			return id, p.owe(ctx, tx, a, "appointment.booked")
		})
	})
}

// AppointmentInput names an appointment.
type AppointmentInput struct {
	IdempotencyKey string
	Appointment    string
}

// CheckIn notes that the person is here.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) CheckIn(ctx context.Context, in AppointmentInput) (_ *ent.Appointment, err error) {
	defer wrap(&err, "CheckIn(%s)", in.Appointment)

	return p.serve(ctx, "checkIn", in, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		return tx.advance(ctx, c, a, appointment.StatusCHECKED_IN, "appointment.checked_in", func(next *ent.Appointment) { next.CheckedInAt = &tx.now })
	})
}

// CompleteAppointment notes that the person has been served.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) CompleteAppointment(ctx context.Context, in AppointmentInput) (_ *ent.Appointment, err error) {
	defer wrap(&err, "CompleteAppointment(%s)", in.Appointment)

	return p.serve(ctx, "completeAppointment", in, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		return tx.advance(ctx, c, a, appointment.StatusCOMPLETED, "appointment.completed", ended(tx))
	})
}

// RecordNoShow notes that the person did not come. It can't be said before the appointment has begun.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) RecordNoShow(ctx context.Context, in AppointmentInput) (_ *ent.Appointment, err error) {
	defer wrap(&err, "RecordNoShow(%s)", in.Appointment)

	return p.serve(ctx, "recordNoShow", in, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		if a.StartsAt.After(tx.now) {
			return refuse(WrongState, "input", "appointment")
		}
		return tx.advance(ctx, c, a, appointment.StatusNO_SHOW, "appointment.no_show", ended(tx))
	})
}

// serve runs a clerk's write on an appointment of its town.
func (p *Portal) serve(ctx context.Context, operation string, in AppointmentInput, work func(context.Context, *Tx, *ent.CaseFile, *ent.Appointment) error) (*ent.Appointment, error) {
	may, err := p.serves(ctx)
	if err != nil {
		return nil, err
	}
	done, err := p.onAppointment(ctx, operation, in.IdempotencyKey, in.Appointment, in, may, work)
	if err != nil {
		return nil, err
	}
	return p.outcome(ctx, done)
}

// serves is the condition under which a clerk may serve an appointment. A person may not serve their own.
func (p *Portal) serves(ctx context.Context) (predicate.Appointment, error) {
	switch identity.FromContext(ctx).Kind {
	case identity.Anonymous:
		return nil, refuse(Unauthenticated)
	case identity.CaseHolder:
		return nil, refuse(NotFound, "input", "appointment")
	}
	may, err := p.seesAppointments(ctx)
	if err != nil {
		return nil, unseen(ctx, err)
	}
	return may, nil
}

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
	defer wrap(&err, "CallNext(%s)", in.Counter)

	counter, err := p.Counter(ctx, in.Counter)
	if err != nil {
		return nil, err
	}
	var o *Office
	var m *ent.Municipality
	if counter != nil {
		if o, err = p.office(ctx, counter.OfficeID); err != nil {
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
	done, err := p.once(ctx, "callNext", actor.Scope(), in.IdempotencyKey, "", in, func(ctx context.Context, tx *Tx) (string, error) {
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
			return "", refuse(NobodyWaiting)
		}
		if err := tx.advance(ctx, c, next, appointment.StatusCALLED, "appointment.called", func(next *ent.Appointment) {
			next.CalledAt, next.CalledCounterID = &tx.now, counter.ID
		}); err != nil {
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
func (tx *Tx) next(ctx context.Context, o *Office, counter *ent.Counter) (*ent.Appointment, error) {
	today := schedule.DateOf(tx.now, o.rules.Zone).String()
	day, err := tx.Appointment.Query().Where(
		appointment.OfficeID(o.ID), appointment.Day(today),
		appointment.StatusIn(appointment.StatusCHECKED_IN, appointment.StatusCALLED),
	).Order(appointment.ByStartsAt(), appointment.ByCheckedInAt(), appointment.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range day {
		if a.Status == appointment.StatusCALLED && a.CalledCounterID == counter.ID {
			return nil, refuse(CounterBusy, "input", "counter")
		}
	}
	for _, a := range day {
		if a.Status == appointment.StatusCHECKED_IN && servesAll(counter, a) {
			return a, nil
		}
	}
	return nil, refuse(NobodyWaiting, "input", "counter")
}

func servesAll(counter *ent.Counter, a *ent.Appointment) bool {
	for _, c := range a.Concerns {
		if !slices.Contains(counter.Services, c.Service) {
			return false
		}
	}
	return true
}

// Board is the day of an office, for its staff.
type Board struct {
	Office       *Office
	Date         schedule.Date
	Appointments []*ent.Appointment // by start
	Counters     []BoardCounter
	Waiting      int
}

// BoardCounter is a counter and whom it has called.
type BoardCounter struct {
	Counter *ent.Counter
	Current *ent.Appointment
}

// AppointmentBoard gives the day of an office; nil for anybody but its town's staff.
func (p *Portal) AppointmentBoard(ctx context.Context, office string, day schedule.Date) (_ *Board, err error) {
	defer wrap(&err, "AppointmentBoard(%s, %s)", office, day)

	o, err := p.office(ctx, office)
	if err != nil || o == nil {
		return nil, err
	}
	if !identity.FromContext(ctx).Has(o.Town.Ars, identity.Clerk) {
		return nil, nil
	}
	p.depend(ctx, time.Time{}, live.Board(o.ID, day.String()))
	rows, err := p.store.Reader().Appointment.Query().Where(
		appointment.OfficeID(o.ID), appointment.Day(day.String()),
		appointment.StatusNotIn(appointment.StatusCANCELED, appointment.StatusEXPIRED),
	).Order(appointment.ByStartsAt(), appointment.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.present(ctx, rows...); err != nil {
		return nil, err
	}
	board := &Board{Office: o, Date: day, Appointments: []*ent.Appointment{}}
	current := map[string]*ent.Appointment{}
	for _, a := range rows {
		switch a.Status {
		case appointment.StatusEXPIRED:
			continue // its time has passed, and nobody has swept it yet
		case appointment.StatusHELD:
			p.depend(ctx, *a.HeldUntil, live.Appointment(a.ID))
		case appointment.StatusCHECKED_IN:
			board.Waiting++
		case appointment.StatusCALLED:
			current[a.CalledCounterID] = a
		}
		board.Appointments = append(board.Appointments, a)
	}
	for _, c := range o.ActiveCounters() {
		board.Counters = append(board.Counters, BoardCounter{Counter: c, Current: current[c.ID]})
	}
	return board, nil
}

// CounterOf gives the counter of an appointment: to staff always, to the person once called; nil otherwise.
func (p *Portal) CounterOf(ctx context.Context, a *ent.Appointment) (_ *ent.Counter, err error) {
	switch {
	case a.CalledCounterID != "":
		return p.Counter(ctx, a.CalledCounterID)
	case identity.FromContext(ctx).Kind == identity.Staff:
		return p.Counter(ctx, a.CounterID)
	default:
		return nil, nil
	}
}
