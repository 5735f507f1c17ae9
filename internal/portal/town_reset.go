package portal

import (
	"context"

	"nelke/ent/openingrule"
	"nelke/internal/catalogue"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// ResetOpeningHoursInput names an office, or one counter of it, and a day.
type ResetOpeningHoursInput struct {
	IdempotencyKey string
	Office         string
	Counter        *string
	ValidFrom      schedule.Date
	DryRun         bool
}

// ResetOpeningHours gives the weekly hours of an office, or of one counter, back to the town's file, from a day on, today or
// later: what the town has set itself ends on the day before, and what was to begin on that day or later is dropped. A counter
// of which the file says nothing has the office's hours again. What is held or booked outside stays as it is, for staff to
// move by hand, and is listed. A dry run changes nothing and lists the same.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT, WRONG_STATE (the file's hours hold by then anyway).
func (p *Portal) ResetOpeningHours(ctx context.Context, in ResetOpeningHoursInput) (_ *Schedule, err error) {
	defer problem.Wrap(&err, "ResetOpeningHours(%s, %s)", in.Office, in.ValidFrom)

	return p.changeHours(ctx, &hoursChange{
		operation: "resetOpeningHours", key: in.IdempotencyKey, office: in.Office, counter: in.Counter, input: in, dryRun: in.DryRun,
		from: in.ValidFrom, field: "validFrom", opens: true,
		work: func(ctx context.Context, tx *Tx, o *catalogue.Office) (change, error) {
			ch := change{subject: o.ID, action: "office.hours_reset", after: in.ValidFrom.String(), left: in}
			counter := ""
			if in.Counter != nil {
				counter, ch.subject = *in.Counter, *in.Counter
			}
			reset := false
			for _, kind := range []openingrule.Kind{openingrule.KindOPEN, openingrule.KindONLINE} {
				ended, err := tx.restoreHours(ctx, o, counter, kind, in.ValidFrom)
				if err != nil {
					return ch, err
				}
				reset = reset || ended
			}
			if !reset {
				return ch, &problem.Problem{Code: problem.WrongState, Rule: problem.RuleFiles, Path: []string{"input", "validFrom"}}
			}
			if err := tx.inside(ctx, o, in.ValidFrom, "validFrom"); err != nil {
				return ch, err
			}
			return ch, tx.readFileAgain(ctx, o.MunicipalityID)
		},
		open: weeklyHours,
	})
}

// restoreHours ends the town's own hours of an office or a counter before a day and has the file's hold from then on. It
// reports whether there was anything to end.
func (tx *Tx) restoreHours(ctx context.Context, o *catalogue.Office, counter string, kind openingrule.Kind, from schedule.Date) (bool, error) {
	of := openingrule.And(openingrule.OfficeID(o.ID), openingrule.CounterID(counter), openingrule.KindEQ(kind))
	until := from.AddDays(-1).String()
	own := openingrule.And(of, openingrule.Source(townsOwn))
	dropped, err := tx.OpeningRule.Delete().Where(own, openingrule.ValidFromGTE(from.String())).Exec(ctx)
	if err != nil {
		return false, err
	}
	ended, err := tx.OpeningRule.Update().Where(own, openingrule.Or(openingrule.ValidTo(""), openingrule.ValidToGTE(from.String()))).
		SetValidTo(until).Save(ctx)
	if err != nil || dropped+ended == 0 {
		return false, err
	}
	left, err := tx.OpeningRule.Query().Where(own).Exist(ctx)
	if err != nil {
		return false, err
	}
	// The file's own rows say for ever, or until the day before the town's began.
	files, err := tx.OpeningRule.Query().Where(of, openingrule.SourceNEQ(townsOwn)).All(ctx)
	if err != nil {
		return false, err
	}
	for _, row := range files {
		switch {
		case row.ValidFrom >= from.String(): // since another reset
			err = tx.OpeningRule.DeleteOneID(row.ID).Exec(ctx)
		case row.ValidFrom != "": // between two weeks of the town's own
		case !left:
			err = tx.OpeningRule.UpdateOneID(row.ID).SetValidTo("").Exec(ctx)
		default:
			err = tx.OpeningRule.Create().SetOfficeID(o.ID).SetCounterID(counter).SetKind(kind).SetWeekday(row.Weekday).
				SetFromMinute(row.FromMinute).SetToMinute(row.ToMinute).SetValidFrom(from.String()).Exec(ctx)
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// readFileAgain has the next import read the town's file anew, though it may say what it said before: something that the town
// had set itself is the file's again.
func (tx *Tx) readFileAgain(ctx context.Context, municipality string) error {
	return tx.Municipality.UpdateOneID(municipality).SetImportHash("").Exec(ctx)
}

// ResetServiceStateInput names a service.
type ResetServiceStateInput struct {
	IdempotencyKey string
	Service        string
}

// ResetServiceState gives the state of a service back to the town's file: it is open at once, and the window is the file's from
// the next import on.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN.
func (p *Portal) ResetServiceState(ctx context.Context, in ResetServiceStateInput) (_ *catalogue.Service, err error) {
	defer problem.Wrap(&err, "ResetServiceState(%s)", in.Service)

	return p.changeService(ctx, request{operation: "resetServiceState", key: in.IdempotencyKey, id: in.Service, input: in}, func(ctx context.Context, tx *Tx, s *catalogue.Service) (change, error) {
		ch := change{subject: s.ID, action: "service.state_reset", before: stateOf(s), after: "OPEN", left: in}
		if err := tx.PublicService.UpdateOneID(s.ID).SetClosed(false).ClearStateMessage().SetStateSet(false).AddRevision(1).Exec(ctx); err != nil {
			return ch, err
		}
		return ch, tx.readFileAgain(ctx, s.MunicipalityID)
	})
}
