package portal

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"nelke/ent"
	"nelke/ent/openingrule"
	"nelke/internal/catalogue"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/town"
)

// TimeSpanInput is a span of a day, wall clock, To excluded.
type TimeSpanInput struct {
	From, To schedule.LocalTime
}

// OpeningHoursInput is one opening span of a weekday ("MONDAY"), wall clock.
type OpeningHoursInput struct {
	Weekday  string
	From, To schedule.LocalTime
	Break    *TimeSpanInput
}

// SetOpeningHoursInput sets the weekly hours of an office, or of one counter, from a day on.
type SetOpeningHoursInput struct {
	IdempotencyKey string
	Office         string
	Counter        *string
	ValidFrom      schedule.Date
	Hours          []OpeningHoursInput
	PublicHours    []OpeningHoursInput // of a counter: its share for online bookings; nil: as it is
	DryRun         bool
}

const maxSpans = 50 // of weekly hours

// SetOpeningHours sets the weekly hours of an office, or of one counter, from a day on, today or later. The hours before
// end on the day before; what was to begin on that day or later is replaced. A counter's hours lie within the office's
// day, and stay when the office's change. What is held or booked outside the new hours stays as it is, for staff to move
// by hand, and is listed. A dry run changes nothing and lists the same. From that day on, an import leaves them alone.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT.
func (p *Portal) SetOpeningHours(ctx context.Context, in SetOpeningHoursInput) (_ *Schedule, err error) {
	defer problem.Wrap(&err, "SetOpeningHours(%s, %s)", in.Office, in.ValidFrom)

	hours, err := weekly(in.Hours, nil, "input", "hours")
	if err != nil {
		return nil, err
	}
	var public []town.Hours
	if in.PublicHours != nil {
		if in.Counter == nil {
			return nil, problem.Invalid(problem.RuleCounter, "input", "publicHours")
		}
		if public, err = weekly(in.PublicHours, hours, "input", "publicHours"); err != nil {
			return nil, err
		}
	}
	return p.changeHours(ctx, &hoursChange{
		operation: "setOpeningHours", key: in.IdempotencyKey, office: in.Office, counter: in.Counter, input: in, dryRun: in.DryRun,
		from: in.ValidFrom, field: "validFrom", opens: true,
		work: func(ctx context.Context, tx *Tx, o *catalogue.Office) (change, error) {
			ch := change{subject: o.ID, action: "office.hours_set", after: in.ValidFrom.String(), left: in}
			counter := ""
			if in.Counter != nil {
				counter, ch.subject = *in.Counter, *in.Counter
			}
			if err := tx.replaceHours(ctx, o, counter, openingrule.KindOPEN, in.ValidFrom, hours); err != nil {
				return ch, err
			}
			if public != nil {
				if err := tx.replaceHours(ctx, o, counter, openingrule.KindONLINE, in.ValidFrom, public); err != nil {
					return ch, err
				}
			}
			return ch, tx.inside(ctx, o, in.ValidFrom, "hours")
		},
		open: weeklyHours,
	})
}

// weeklyHours are the rules that appointments must fit when weekly hours change: closures and holidays are no part of that, and
// on dates with hours of their own weekly ones don't count.
func weeklyHours(o *catalogue.Office) schedule.Rules {
	return schedule.Rules{Openings: o.Rules.Openings, Dated: o.Rules.Dated, Counters: slices.Clone(o.Rules.Counters)}
}

// inside refuses hours that leave a counter open outside the office's, on some day from the given one on.
func (tx *Tx) inside(ctx context.Context, o *catalogue.Office, from schedule.Date, field string) error {
	rows, err := tx.OpeningRule.Query().Where(openingrule.OfficeID(o.ID)).All(ctx)
	if err != nil {
		return err
	}
	if openBeyond(o, rows, from.String()) != nil {
		return problem.Invalid(problem.RuleInside, "input", field)
	}
	return nil
}

// weekly reads weekly hours and holds them to the rules of a town's file.
func weekly(in []OpeningHoursInput, around []town.Hours, path ...string) ([]town.Hours, error) {
	if len(in) < 1 || len(in) > maxSpans {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: maxSpans, Path: path}
	}
	hours := make([]town.Hours, len(in))
	for i, span := range in {
		hours[i] = town.Hours{Weekday: town.Weekday(span.Weekday), From: town.Clock(span.From), To: town.Clock(span.To)}
		if span.Break != nil {
			hours[i].Break = &town.Span{From: town.Clock(span.Break.From), To: town.Clock(span.Break.To)}
		}
	}
	return hours, firstFault(town.CheckHours(hours, around), path...)
}

// firstFault makes the first fault of a list that somebody sent their problem.
func firstFault(faults []town.RowFault, path ...string) error {
	if len(faults) == 0 {
		return nil
	}
	f := faults[0]
	path = append(path, fmt.Sprint(f.Index))
	if f.Field != "" {
		path = append(path, strings.Split(f.Field, ".")...)
	}
	return problem.Invalid(problem.Rule(f.Rule), path...)
}

// replaceHours writes the weekly hours of an office or a counter from a day on. Rows that have begun are ended, never
// changed.
func (tx *Tx) replaceHours(ctx context.Context, o *catalogue.Office, counter string, kind openingrule.Kind, from schedule.Date, hours []town.Hours) error {
	of := openingrule.And(openingrule.OfficeID(o.ID), openingrule.CounterID(counter), openingrule.KindEQ(kind))
	if _, err := tx.OpeningRule.Delete().Where(of, openingrule.ValidFromGTE(from.String())).Exec(ctx); err != nil {
		return err
	}
	if err := tx.OpeningRule.Update().Where(of, openingrule.Or(openingrule.ValidTo(""), openingrule.ValidToGTE(from.String()))).
		SetValidTo(from.AddDays(-1).String()).Exec(ctx); err != nil {
		return err
	}
	for _, h := range hours {
		for _, piece := range pieces(h) {
			if err := tx.OpeningRule.Create().SetOfficeID(o.ID).SetCounterID(counter).SetKind(kind).SetWeekday(int(h.Weekday.Day())).
				SetFromMinute(int(piece.From)).SetToMinute(int(piece.To)).SetValidFrom(from.String()).SetSource(townsOwn).Exec(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// pieces are the stretches of one span of hours. A break parts it in two: it isn't a rule of its own kind, since another
// counter may work through it.
func pieces(h town.Hours) []town.Span {
	if h.Break == nil {
		return []town.Span{{From: h.From, To: h.To}}
	}
	return []town.Span{{From: h.From, To: h.Break.From}, {From: h.Break.To, To: h.To}}
}

// openBeyond finds a counter in use that, on some day from the given one on, is open before the office's first opening of that
// weekday or after its last closing; nil where there is none. Between them it may be: a counter can work through a break.
func openBeyond(o *catalogue.Office, rows []*ent.OpeningRule, from string) *ent.Counter {
	days := []string{from}
	for _, r := range rows {
		if r.ValidFrom > from {
			days = append(days, r.ValidFrom)
		}
	}
	for _, day := range days {
		hold := func(r *ent.OpeningRule) bool {
			return r.Kind == openingrule.KindOPEN && r.ValidFrom <= day && (r.ValidTo == "" || day <= r.ValidTo)
		}
		var first, last [7]int
		for _, r := range rows {
			if hold(r) && r.CounterID == "" {
				if last[r.Weekday] == 0 || r.FromMinute < first[r.Weekday] {
					first[r.Weekday] = r.FromMinute
				}
				last[r.Weekday] = max(last[r.Weekday], r.ToMinute)
			}
		}
		for _, r := range rows {
			if !hold(r) || r.CounterID == "" || first[r.Weekday] <= r.FromMinute && r.ToMinute <= last[r.Weekday] {
				continue
			}
			if i := slices.IndexFunc(o.ActiveCounters(), func(c *ent.Counter) bool { return c.ID == r.CounterID }); i >= 0 {
				return o.ActiveCounters()[i]
			}
		}
	}
	return nil
}
