package portal

import (
	"context"
	"errors"
	"time"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/problem"
)

// HoldSlotInput keeps a time.
type HoldSlotInput struct {
	IdempotencyKey string
	Office         string
	Start          time.Time
	Concerns       []ConcernInput
}

// HoldSlot keeps a time for the actor's case until the office's hold time has passed. Nobody else gets it until then.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, INVALID_INPUT, NO_APPOINTMENTS, HOLD_LIMIT, APPOINTMENT_LIMIT,
// SLOT_TAKEN, SLOT_NOT_OFFERED, RATE_LIMITED.
func (p *Portal) HoldSlot(ctx context.Context, in HoldSlotInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "HoldSlot(%s, %s)", in.Office, in.Start)

	actor := identity.FromContext(ctx)
	if actor.Kind != identity.CaseHolder {
		return nil, problem.New(problem.Unauthenticated)
	}
	w, err := p.want(ctx, in.Office, in.Start, in.Concerns, true)
	if err != nil {
		return p.repeated(ctx, request{operation: "holdSlot", key: in.IdempotencyKey, input: in}, err)
	}
	id := newID("appointment")
	return p.book(ctx, w, func() (done, error) {
		return p.once(ctx, request{operation: "holdSlot", key: in.IdempotencyKey, id: id, input: in}, func(ctx context.Context, tx *Tx) (string, error) {
			if err := tx.lockOffices(ctx, false, w.office.ID); err != nil {
				return "", err
			}
			c, err := tx.lockCase(ctx, casefile.KeyHash(actor.CaseKeyHash))
			if err != nil {
				return "", err
			}
			if c == nil || c.MunicipalityID != w.office.MunicipalityID {
				return "", problem.New(problem.NotFound, "input", "office")
			}
			if err := tx.roomToHold(ctx, c, w.office, p.limits.Appointments); err != nil {
				return "", err
			}
			until := tx.heldUntil(w.office)
			a, err := tx.place(ctx, p, w, c, &ent.Appointment{
				ID: id, Status: appointment.StatusHELD, HeldUntil: &until, Channel: appointment.ChannelONLINE, Language: c.Language,
			})
			if err != nil {
				return "", err
			}
			if err := tx.record(ctx, c, change{subject: id, action: "appointment.held", after: "HELD", left: a}); err != nil {
				return "", err
			}
			tx.nudgeAppointment(a)
			return id, p.jobs.ExpireHoldAt(ctx, tx.SQL, id, until)
		})
	})
}

// heldUntil is when a hold of now ends: to the second, because that is how it is shown.
func (tx *Tx) heldUntil(o *catalogue.Office) time.Time {
	return tx.now.Add(time.Duration(o.HoldMinutes) * time.Minute).Truncate(time.Second)
}

// roomToHold refuses a hold beyond the office's limit per case, and one beyond the open appointments that a case may have
// there (most; 0: any number). Both are counted over the rows of the case alone: a condition on the status in the WHERE
// clause would have PostgreSQL read the holds of all towns.
func (tx *Tx) roomToHold(ctx context.Context, c *ent.CaseFile, o *catalogue.Office, most int) error {
	a := tx.Args()
	holding := `status = 'HELD' AND held_until > ` + a.Bind(tx.now)
	held, open := 0, 0
	err := tx.SQL.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE `+holding+`), count(*) FILTER (WHERE office_id = `+a.Bind(o.ID)+
		` AND (`+holding+` OR status IN ('BOOKED', 'CHECKED_IN', 'CALLED') AND ends_at > `+a.Bind(tx.now)+`))
		FROM appointments WHERE case_id = `+a.Bind(c.ID), a.List()...).Scan(&held, &open)
	switch {
	case err != nil:
		return err
	case held >= o.HoldsPerCase:
		return &problem.Problem{Code: problem.HoldLimit, Max: o.HoldsPerCase}
	case most > 0 && open >= most:
		return &problem.Problem{Code: problem.AppointmentLimit, Max: most, Path: []string{"input", "office"}}
	}
	return nil
}

// place chooses a counter behind the office's lock, writes the appointment's row and its cells. The caller says what
// the appointment is; place says where and when.
func (tx *Tx) place(ctx context.Context, p *Portal, w *wanted, c *ent.CaseFile, a *ent.Appointment) (*ent.Appointment, error) {
	counter, err := tx.choose(ctx, p, w, "")
	if err != nil {
		return nil, err
	}
	a, err = tx.Appointment.Create().SetID(a.ID).SetCaseID(c.ID).SetMunicipalityID(c.MunicipalityID).SetOfficeID(w.office.ID).
		SetCounterID(counter.ID).SetCounterNumber(counter.Number).SetReference(newReference(w.office.Town)).
		SetConcerns(w.concerns).SetStartsAt(w.start).SetEndsAt(w.end()).SetDay(w.day().String()).SetCreatedAt(tx.now).
		SetStatus(a.Status).SetNillableHeldUntil(a.HeldUntil).SetNillableBookedAt(a.BookedAt).SetChannel(a.Channel).
		SetGivenName(a.GivenName).SetFamilyName(a.FamilyName).SetEmail(a.Email).SetPhone(a.Phone).
		SetReminder(a.Reminder).SetLanguage(a.Language).Save(ctx)
	if err != nil {
		return nil, err
	}
	tx.written = a
	return a, tx.occupy(ctx, a.ID, spanAt(counter.Number, w.start, w.end()), a.HeldUntil)
}

// choose asks the schedule for a counter, with the rules and the cells as they are behind the office's lock.
func (tx *Tx) choose(ctx context.Context, p *Portal, w *wanted, except string) (*ent.Counter, error) {
	lo, hi := w.office.Calendar.Cells(w.day(), 1)
	revision, busy, err := tx.busy(ctx, w.office.ID, w.office.Calendar.Qualified(nil, w.services), lo, hi, except)
	if err != nil {
		return nil, err
	}
	if revision != w.office.Revision {
		return nil, errRules
	}
	number, reason := w.office.Calendar.Choose(w.request(tx.now), w.start, busy, p.rand)
	if reason != "" {
		return nil, &problem.Problem{Code: codeOf(reason), Reason: catalogue.ReasonOf(reason), Path: []string{"input", "start"}}
	}
	return w.office.CounterNumbered(number), nil
}

// errRules says that the office's rules changed since they were read: read them again.
var errRules = errors.New("the office's rules changed meanwhile")

// How often a write is tried anew when others take cells between its reading and its writing.
const tries = 8

// book runs a write that takes cells. A race is tried anew with fresh rules; a time that is gone gets the nearest free
// ones beside it.
func (p *Portal) book(ctx context.Context, w *wanted, once func() (done, error)) (*ent.Appointment, error) {
	var d done
	var err error
	for range tries {
		if d, err = once(); err == nil {
			return p.outcome(ctx, d)
		}
		if errors.Is(err, errRules) {
			if err := p.refresh(ctx, w); err != nil {
				return nil, err
			}
		} else if !errors.Is(err, errRace) {
			break
		}
	}
	if errors.Is(err, errRace) || errors.Is(err, errRules) {
		err = &problem.Problem{Code: problem.SlotTaken, Reason: problem.ReasonFull, Path: []string{"input", "start"}}
	}
	if refusal := (*problem.Problem)(nil); errors.As(err, &refusal) && (refusal.Code == problem.SlotTaken || refusal.Code == problem.SlotNotOffered) {
		if refusal.Alternatives, err = p.nearest(ctx, w); err != nil {
			return nil, err
		}
		return nil, refusal
	}
	return nil, err
}

// ownHold runs a write on a hold of the actor's own case that has not run out.
func (p *Portal) ownHold(ctx context.Context, r request, work func(context.Context, *Tx, *ent.CaseFile, *ent.Appointment) error) (*ent.Appointment, error) {
	actor := identity.FromContext(ctx)
	if actor.Kind != identity.CaseHolder {
		return nil, problem.New(problem.Unauthenticated)
	}
	own := appointment.HasCaseWith(casefile.KeyHash(actor.CaseKeyHash))
	done, err := p.onAppointment(ctx, r, own, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		switch {
		case a.Status == appointment.StatusEXPIRED, a.Status == appointment.StatusHELD && !a.HeldUntil.After(tx.now):
			return problem.New(problem.HoldExpired, "input", "appointment")
		case a.Status != appointment.StatusHELD:
			return problem.New(problem.WrongState, "input", "appointment")
		}
		return work(ctx, tx, c, a)
	})
	if err != nil {
		return nil, err
	}
	return p.outcome(ctx, done)
}

// HoldInput names a held appointment.
type HoldInput struct {
	IdempotencyKey string
	Appointment    string
}

// ExtendHold keeps a held time for the office's hold time from now on, once.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, HOLD_EXPIRED, HOLD_ALREADY_EXTENDED.
func (p *Portal) ExtendHold(ctx context.Context, in HoldInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "ExtendHold(%s)", in.Appointment)

	return p.ownHold(ctx, request{operation: "extendHold", key: in.IdempotencyKey, id: in.Appointment, input: in}, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		if a.Extended {
			return problem.New(problem.HoldAlreadyExtended, "input", "appointment")
		}
		o, err := p.Office(ctx, a.OfficeID)
		if err != nil {
			return err
		}
		if o == nil {
			return problem.New(problem.NotFound, "input", "appointment")
		}
		until := tx.heldUntil(o)
		if err := tx.saveAppointment(ctx, c, a, appointment.StatusHELD, "appointment.extended", func(next *ent.Appointment) {
			next.HeldUntil, next.Extended = &until, true
		}); err != nil {
			return err
		}
		if err := tx.keep(ctx, a.ID, cellsOf(a), &until); err != nil {
			return err
		}
		return p.jobs.ExpireHoldAt(ctx, tx.SQL, a.ID, until)
	})
}

func cellsOf(a *ent.Appointment) int64 { return spanAt(a.CounterNumber, a.StartsAt, a.EndsAt).cells() }

// ReleaseHold gives a held time back.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE, HOLD_EXPIRED.
func (p *Portal) ReleaseHold(ctx context.Context, in HoldInput) (_ *ent.Appointment, err error) {
	defer problem.Wrap(&err, "ReleaseHold(%s)", in.Appointment)

	return p.ownHold(ctx, request{operation: "releaseHold", key: in.IdempotencyKey, id: in.Appointment, input: in}, func(ctx context.Context, tx *Tx, c *ent.CaseFile, a *ent.Appointment) error {
		if err := tx.moveAppointment(ctx, c, a, "appointment.released", ended(tx)); err != nil {
			return err
		}
		return tx.free(ctx, a.ID)
	})
}

func ended(tx *Tx) func(*ent.Appointment) {
	return func(next *ent.Appointment) { next.EndedAt = &tx.now }
}

// ExpireHold ends a hold whose time has passed. Nothing waits for it: every answer treats such a hold as gone already.
func (p *Portal) ExpireHold(ctx context.Context, id string) (err error) {
	defer problem.Wrap(&err, "ExpireHold(%s)", id)

	found, err := p.store.Reader().Appointment.Get(ctx, id)
	if ent.IsNotFound(err) || err == nil && found.Status != appointment.StatusHELD {
		return nil
	}
	if err != nil {
		return err
	}
	return p.writeOn(identity.WithActor(ctx, identity.Actor{}), found.CaseID, func(ctx context.Context, tx *Tx) error {
		if err := tx.tick(ctx); err != nil {
			return err
		}
		c, err := tx.lockCase(ctx, casefile.ID(found.CaseID))
		if err != nil || c == nil {
			return err
		}
		a, err := tx.Appointment.Query().Where(
			appointment.ID(id), appointment.StatusEQ(appointment.StatusHELD), appointment.HeldUntilLTE(tx.now),
		).Only(ctx)
		if ent.IsNotFound(err) {
			return nil // booked, released, extended, or done by another process
		}
		if err != nil {
			return err
		}
		if err := tx.moveAppointment(ctx, c, a, "appointment.expired", ended(tx)); err != nil {
			return err
		}
		return tx.freeExpired(ctx, []string{id})
	})
}

// SweepHolds ends the holds that ran out and that no job has ended. One that can't be ended keeps no others from it.
func (p *Portal) SweepHolds(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "SweepHolds")

	now, err := p.store.Now(ctx)
	if err != nil {
		return err
	}
	return eachOf(ctx, func(last string) ([]string, error) {
		return p.store.Reader().Appointment.Query().
			Where(appointment.StatusEQ(appointment.StatusHELD), appointment.HeldUntilLTE(now), appointment.IDGT(last)).
			Order(appointment.ByID()).Limit(slice).IDs(ctx)
	}, func(id string) error { return p.ExpireHold(ctx, id) })
}

// HeldForSeconds is how long a hold still lasts; nil for what isn't held.
func (p *Portal) HeldForSeconds(a *ent.Appointment) *int {
	if a.HeldUntil == nil {
		return nil
	}
	seconds := max(0, int(a.HeldUntil.Sub(p.clock())/time.Second))
	return &seconds
}

// Extendable reports whether a hold can be extended.
func (p *Portal) Extendable(a *ent.Appointment) bool {
	return a.Status == appointment.StatusHELD && !a.Extended
}
