package portal

import (
	"context"

	"nelke/ent"
	"nelke/ent/closure"
	"nelke/internal/catalogue"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/town"
)

// AddClosureInput closes an office, or one counter of it, on the days From to To: all day, or within Hours of each.
type AddClosureInput struct {
	IdempotencyKey string
	Office         string
	Counter        *string
	From, To       schedule.Date // both included
	Hours          *TimeSpanInput
	Reason         TextInput
	DryRun         bool
}

// AddClosure closes an office, or one counter, for some days. What is held or booked in that time stays as it is, for
// staff to move by hand, and is listed. A dry run changes nothing and lists the same. An import leaves the closure alone.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT.
func (p *Portal) AddClosure(ctx context.Context, in AddClosureInput) (_ *Schedule, err error) {
	defer problem.Wrap(&err, "AddClosure(%s, %s)", in.Office, in.From)

	if err := checkClosure(in.From, in.To, in.Hours, &in.Reason); err != nil {
		return nil, err
	}
	return p.changeHours(ctx, &hoursChange{
		operation: "addClosure", key: in.IdempotencyKey, office: in.Office, counter: in.Counter, input: in, dryRun: in.DryRun,
		from: in.From, field: "from", to: in.To,
		work: func(ctx context.Context, tx *Tx, o *catalogue.Office) (change, error) {
			create := tx.Closure.Create().SetOfficeID(o.ID).SetFromDate(in.From.String()).SetToDate(in.To.String()).
				SetReason(in.Reason.text()).SetSource(townsOwn)
			if in.Counter != nil {
				create.SetCounterID(*in.Counter)
			}
			if in.Hours != nil {
				create.SetFromMinute(int(in.Hours.From)).SetToMinute(int(in.Hours.To))
			}
			row, err := create.Save(ctx)
			if err != nil {
				return change{}, err
			}
			return change{subject: o.ID, action: "office.closed", after: row.ID, left: in}, nil
		},
		open: closing(in.From, in.To, in.Hours),
	})
}

func checkClosure(from, to schedule.Date, hours *TimeSpanInput, reason *TextInput) error {
	if to.Before(from) {
		return problem.Invalid(problem.RuleOrder, "input", "to")
	}
	if hours != nil {
		span := town.Hours{From: town.Clock(hours.From), To: town.Clock(hours.To)}
		if faults := town.CheckHours([]town.Hours{span}, nil); len(faults) > 0 {
			return problem.Invalid(problem.Rule(faults[0].Rule), "input", "hours", faults[0].Field)
		}
	}
	return reason.clean(1, 300, "input", "reason")
}

// closing are the rules that appointments must fit when an office closes.
func closing(from, to schedule.Date, hours *TimeSpanInput) func(*catalogue.Office) schedule.Rules {
	shut := schedule.Closure{From: from, To: to}
	if hours != nil {
		shut.TimeFrom, shut.TimeTo = hours.From, hours.To
	}
	return func(*catalogue.Office) schedule.Rules {
		return schedule.Rules{Openings: schedule.WholeWeek(), Closures: []schedule.Closure{shut}}
	}
}

// ChangeClosureInput says anew when a closure closes, and why.
type ChangeClosureInput struct {
	IdempotencyKey string
	Closure        string
	From, To       schedule.Date // both included
	Hours          *TimeSpanInput
	Reason         TextInput
	DryRun         bool
}

// ChangeClosure returns a closure that isn't over other days, hours or another reason. Its first day, if it is another one, and
// its last day are today or later. What is held or booked in the time that is closed by then is listed as by AddClosure. From
// now on an import leaves the closure alone, as long as the file says of it what it says today.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT, WRONG_STATE (the closure is over).
func (p *Portal) ChangeClosure(ctx context.Context, in ChangeClosureInput) (_ *Schedule, err error) {
	defer problem.Wrap(&err, "ChangeClosure(%s)", in.Closure)

	if err := checkClosure(in.From, in.To, in.Hours, &in.Reason); err != nil {
		return nil, err
	}
	return p.onClosure(ctx, in.Closure, &hoursChange{
		operation: "changeClosure", key: in.IdempotencyKey, input: in, dryRun: in.DryRun, open: closing(in.From, in.To, in.Hours),
	}, func(c *hoursChange, row *ent.Closure, today schedule.Date, update *ent.ClosureUpdateOne) (string, error) {
		if in.From != catalogue.Date(row.FromDate) && in.From.Before(today) {
			return "", problem.Invalid(problem.RulePast, "input", "from")
		}
		if in.To.Before(today) {
			return "", problem.Invalid(problem.RulePast, "input", "to")
		}
		c.span(in.From, in.To)
		update.SetFromDate(in.From.String()).SetToDate(in.To.String()).SetReason(in.Reason.text())
		if in.Hours == nil {
			update.ClearFromMinute().ClearToMinute()
		} else {
			update.SetFromMinute(int(in.Hours.From)).SetToMinute(int(in.Hours.To))
		}
		return "office.closure_changed", nil
	})
}

// RemoveClosureInput names a closure.
type RemoveClosureInput struct {
	IdempotencyKey string
	Closure        string
}

// RemoveClosure takes a closure back that isn't over: what it closed is open again, at once. An import doesn't bring it back,
// as long as the file says of it what it says today.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, WRONG_STATE (the closure is over).
func (p *Portal) RemoveClosure(ctx context.Context, in RemoveClosureInput) (_ *Schedule, err error) {
	defer problem.Wrap(&err, "RemoveClosure(%s)", in.Closure)

	return p.onClosure(ctx, in.Closure, &hoursChange{operation: "removeClosure", key: in.IdempotencyKey, input: in, opens: true},
		func(_ *hoursChange, _ *ent.Closure, _ schedule.Date, _ *ent.ClosureUpdateOne) (string, error) {
			return closureRemoved, nil
		})
}

// closureRemoved is the action of the event of a closure taken back.
const closureRemoved = "office.closure_removed"

// onClosure runs an admin's write on a closure that isn't over. work says what changes, and gives the action of the event.
func (p *Portal) onClosure(ctx context.Context, id string, c *hoursChange, work func(*hoursChange, *ent.Closure, schedule.Date, *ent.ClosureUpdateOne) (string, error)) (*Schedule, error) {
	c.named = "closure"
	known, err := p.store.Reader().Closure.Query().Where(closure.IDIn(storable(id)...)).Only(ctx)
	if ent.IsNotFound(err) {
		known = &ent.Closure{}
	} else if err != nil {
		return nil, err
	}
	c.office, c.from, c.to = known.OfficeID, catalogue.Date(known.FromDate), catalogue.Date(known.ToDate)
	if known.CounterID != "" {
		c.counter = &known.CounterID
	}
	c.work = func(ctx context.Context, tx *Tx, o *catalogue.Office) (change, error) {
		row, err := tx.Closure.Query().Where(closure.ID(id), closure.RemovedAtIsNil()).Only(ctx)
		if ent.IsNotFound(err) {
			return change{}, problem.New(problem.NotFound, "input", "closure")
		}
		if err != nil {
			return change{}, err
		}
		today := schedule.DateOf(tx.now, o.Rules.Zone)
		if catalogue.Date(row.ToDate).Before(today) {
			return change{}, problem.New(problem.WrongState, "input", "closure")
		}
		update := tx.Closure.UpdateOneID(row.ID).SetSource(townsOwn)
		c.span(catalogue.Date(row.FromDate), catalogue.Date(row.ToDate))
		action, err := work(c, row, today, update)
		if err != nil {
			return change{}, err
		}
		if action == closureRemoved {
			update.SetRemovedAt(tx.now) // the row stays: it is what keeps an import from bringing the file's back
		}
		return change{subject: o.ID, action: action, before: row.ID, after: row.ID, left: c.input}, update.Exec(ctx)
	}
	return p.changeHours(ctx, c)
}
