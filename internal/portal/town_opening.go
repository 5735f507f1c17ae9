package portal

import (
	"context"
	"fmt"
	"slices"

	"nelke/ent"
	"nelke/ent/opening"
	"nelke/ent/schema"
	"nelke/internal/catalogue"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/town"
)

// AddOpeningInput returns an office, or one counter of it, hours of their own on the days From to To.
type AddOpeningInput struct {
	IdempotencyKey string
	Office         string
	Counter        *string
	From, To       schedule.Date // both included
	Hours          []TimeSpanInput
	Online         bool
	Reason         TextInput
	DryRun         bool
}

const (
	maxOpeningSpans = 10  // on each of the days
	maxOpenings     = 100 // of an office, that aren't over
)

// AddOpening opens an office on given days at given hours, whatever its weekly hours, breaks and the public holidays say of
// them: with all its counters, those with hours of their own too, but for those with an opening of their own on that day; or
// with one counter alone. A closure closes all the same, and is returned beside it. No two of an office, or of one counter, share a
// day. What is held or booked outside the hours stays as it is, for staff to move by hand, and is listed. A dry run changes
// nothing and lists the same. An import leaves the opening alone.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT.
func (p *Portal) AddOpening(ctx context.Context, in AddOpeningInput) (_ *Schedule, err error) {
	defer problem.Wrap(&err, "AddOpening(%s, %s)", in.Office, in.From)

	spans, err := daily(in.Hours, "input", "hours")
	if err != nil {
		return nil, err
	}
	if in.To.Before(in.From) {
		return nil, problem.Invalid(problem.RuleOrder, "input", "to")
	}
	if err := in.Reason.clean(1, 300, "input", "reason"); err != nil {
		return nil, err
	}
	return p.changeHours(ctx, &hoursChange{
		operation: "addOpening", key: in.IdempotencyKey, office: in.Office, counter: in.Counter, input: in, dryRun: in.DryRun,
		from: in.From, field: "from", to: in.To, opens: true,
		work: func(ctx context.Context, tx *Tx, o *catalogue.Office) (change, error) {
			counter, ahead := value(in.Counter), 0
			for _, row := range o.Openings {
				if row.CounterID == counter && !catalogue.Date(row.ToDate).Before(in.From) && !in.To.Before(catalogue.Date(row.FromDate)) {
					return change{}, problem.Invalid(problem.RuleOverlap, "input", "from")
				}
				if !catalogue.Date(row.ToDate).Before(schedule.DateOf(tx.now, o.Rules.Zone)) {
					ahead++
				}
			}
			if ahead >= maxOpenings {
				return change{}, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleCount, Max: maxOpenings, Path: []string{"input", "office"}}
			}
			row, err := tx.Opening.Create().SetOfficeID(o.ID).SetCounterID(counter).SetFromDate(in.From.String()).SetToDate(in.To.String()).
				SetHours(spans).SetOnline(in.Online).SetReason(in.Reason.text()).SetSource(townsOwn).Save(ctx)
			if err != nil {
				return change{}, err
			}
			return change{subject: o.ID, action: "office.opened", after: row.ID, left: in}, nil
		},
		open: func(o *catalogue.Office) schedule.Rules {
			return schedule.Rules{Openings: schedule.WholeWeek(), Dated: o.Rules.Dated}
		},
	})
}

// daily reads the hours of a day and holds them to the rules of a town's file. They are ascending then.
func daily(in []TimeSpanInput, path ...string) ([]schema.Span, error) {
	if len(in) < 1 || len(in) > maxOpeningSpans {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: maxOpeningSpans, Path: path}
	}
	hours, spans := make([]town.Hours, len(in)), make([]schema.Span, len(in))
	for i, span := range in {
		hours[i] = town.Hours{From: town.Clock(span.From), To: town.Clock(span.To)}
		spans[i] = schema.Span{From: int(span.From), To: int(span.To)}
	}
	slices.SortFunc(spans, func(a, b schema.Span) int { return a.From - b.From })
	return spans, firstFault(town.CheckHours(hours, nil), path...)
}

// RemoveOpeningInput names an opening for given days.
type RemoveOpeningInput struct {
	IdempotencyKey string
	Opening        string
	DryRun         bool
}

// RemoveOpening takes an opening for given days back that isn't over: weekly hours and public holidays count again. What is
// held or booked outside of them is listed. An import doesn't bring it back, as long as the file says of it what it says today.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, WRONG_STATE (the opening is over).
func (p *Portal) RemoveOpening(ctx context.Context, in RemoveOpeningInput) (_ *Schedule, err error) {
	defer problem.Wrap(&err, "RemoveOpening(%s)", in.Opening)

	known, err := p.store.Reader().Opening.Query().Where(opening.IDIn(storable(in.Opening)...)).Only(ctx)
	if ent.IsNotFound(err) {
		known = &ent.Opening{}
	} else if err != nil {
		return nil, err
	}
	c := &hoursChange{
		operation: "removeOpening", key: in.IdempotencyKey, office: known.OfficeID, named: "opening", input: in, dryRun: in.DryRun,
		from: catalogue.Date(known.FromDate), to: catalogue.Date(known.ToDate),
		work: func(ctx context.Context, tx *Tx, o *catalogue.Office) (change, error) {
			i := slices.IndexFunc(o.Openings, func(row *ent.Opening) bool { return row.ID == in.Opening })
			switch {
			case i < 0:
				return change{}, problem.New(problem.NotFound, "input", "opening")
			case catalogue.Date(known.ToDate).Before(schedule.DateOf(tx.now, o.Rules.Zone)):
				return change{}, problem.New(problem.WrongState, "input", "opening")
			}
			ch := change{subject: o.ID, action: "office.opening_removed", before: known.ID, left: in}
			// The row stays: it is what keeps an import from bringing the file's back.
			if err := tx.Opening.UpdateOneID(known.ID).SetSource(townsOwn).SetRemovedAt(tx.now).Exec(ctx); err != nil {
				return ch, err
			}
			return ch, tx.readFileAgain(ctx, o.MunicipalityID) // the file may have one in its place
		},
		open: func(o *catalogue.Office) schedule.Rules {
			rules := weeklyHours(o)
			rules.Holidays = o.Rules.Holidays
			return rules
		},
	}
	if known.CounterID != "" {
		c.counter = &known.CounterID
	}
	return p.changeHours(ctx, c)
}

// dayKey is what a line of a town's file says of days and hours. A line that says it as before is the same line.
func dayKey(from, to town.Date, hours ...town.Span) string {
	key := string(from) + " " + string(to)
	for _, span := range hours {
		key += fmt.Sprintf(" %s-%s", span.From, span.To)
	}
	return key
}
