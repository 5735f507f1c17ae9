package portal

import (
	"context"
	"time"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
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
	defer problem.Wrap(&err, "BookAppointmentFor(%s, %s)", in.Office, in.Start)

	o, err := p.Office(ctx, in.Office)
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
		return nil, problem.Invalid(problem.RuleChannel, "input", "channel")
	}
	if err := in.Person.clean(in.Reminder); err != nil {
		return nil, err
	}
	w, err := p.want(ctx, in.Office, in.Start, in.Concerns, false)
	if err != nil {
		return p.repeated(ctx, request{operation: "bookAppointmentFor", key: in.IdempotencyKey, input: in}, err)
	}
	id := newID("appointment")
	return p.book(ctx, w, func() (done, error) {
		return p.once(ctx, request{operation: "bookAppointmentFor", key: in.IdempotencyKey, id: id, input: in}, func(ctx context.Context, tx *Tx) (string, error) {
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
			return id, p.enqueueNotices(ctx, tx, a, "appointment.booked")
		})
	})
}

// AppointmentInput names an appointment.
type AppointmentInput struct {
	IdempotencyKey string
	Appointment    string
}

// Board is the day of an office, for its staff.
type Board struct {
	Office       *catalogue.Office
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

// AppointmentBoard returns the day of an office; nil for anybody but its town's staff.
func (p *Portal) AppointmentBoard(ctx context.Context, office string, day schedule.Date) (_ *Board, err error) {
	defer problem.Wrap(&err, "AppointmentBoard(%s, %s)", office, day)

	o, err := p.Office(ctx, office)
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

// CounterOf returns the counter of an appointment: to staff always, to the person once called; nil otherwise.
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
