package portal

import (
	"context"
	"slices"

	"nelke/ent"
	"nelke/ent/fee"
	"nelke/internal/catalogue"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// SetFeeInput sets a price.
type SetFeeInput struct {
	IdempotencyKey   string
	Service          string
	Cents            int
	FurtherCopyCents *int
	LegalBasis       TextInput
	ValidFrom        schedule.Date
}

const (
	maxCents   = 1_000_000
	maxPlanned = 50 // prices of a service that are still to come
)

// SetFee sets the price of a service from a day on, today or later, until the next one that the town has planned. The price
// before it ends on the day before; one that begins on that day is replaced, today's too: payments and applications keep
// what they were asked for. Zero cents make the service free from that day on.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT.
func (p *Portal) SetFee(ctx context.Context, in SetFeeInput) (_ *catalogue.Service, err error) {
	defer problem.Wrap(&err, "SetFee(%s)", in.Service)

	if in.Cents < 0 || in.Cents > maxCents {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 0, Max: maxCents, Path: []string{"input", "cents"}}
	}
	if in.FurtherCopyCents != nil && (*in.FurtherCopyCents < 0 || *in.FurtherCopyCents > maxCents) {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 0, Max: maxCents, Path: []string{"input", "furtherCopyCents"}}
	}
	if err := in.LegalBasis.clean(1, 300, "input", "legalBasis"); err != nil {
		return nil, err
	}
	return p.changeService(ctx, request{operation: "setFee", key: in.IdempotencyKey, id: in.Service, input: in}, func(ctx context.Context, tx *Tx, s *catalogue.Service) (change, error) {
		today, from := s.Town.Today(tx.now), in.ValidFrom.String()
		if in.ValidFrom.Before(today) {
			return change{}, problem.Invalid(problem.RulePast, "input", "validFrom")
		}
		rows, err := tx.fees(ctx, s)
		if err != nil {
			return change{}, err
		}
		before, to, planned := "", "", 0
		for _, row := range rows {
			switch {
			case row.ValidFrom > from && row.Source == townsOwn:
				if to == "" {
					to = catalogue.Date(row.ValidFrom).AddDays(-1).String()
				}
				planned++
				continue
			case row.ValidFrom >= from: // replaced, or the file's, which has no say from here on
				if row.ValidFrom == from {
					before = row.ID
				}
				err = tx.Fee.DeleteOneID(row.ID).Exec(ctx)
			case row.ValidTo == "" || row.ValidTo >= from:
				before = row.ID
				err = tx.Fee.UpdateOneID(row.ID).SetValidTo(in.ValidFrom.AddDays(-1).String()).Exec(ctx)
			}
			if err != nil {
				return change{}, err
			}
		}
		if planned >= maxPlanned {
			return change{}, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleCount, Max: maxPlanned, Path: []string{"input", "validFrom"}}
		}
		f, err := tx.Fee.Create().SetServiceID(s.ID).SetCents(in.Cents).SetNillableFurtherCopyCents(in.FurtherCopyCents).
			SetLegalBasis(in.LegalBasis.text()).SetValidFrom(from).SetValidTo(to).SetSource(townsOwn).Save(ctx)
		if err != nil {
			return change{}, err
		}
		return change{subject: s.ID, action: "service.fee_set", before: before, after: f.ID, left: in},
			tx.PublicService.UpdateOneID(s.ID).AddRevision(1).Exec(ctx)
	})
}

// townsOwn is the source of what a town has set itself, where its file would say otherwise.
const townsOwn = "town"

// fees are all prices of a service, ascending by first day.
func (tx *Tx) fees(ctx context.Context, s *catalogue.Service) ([]*ent.Fee, error) {
	return tx.Fee.Query().Where(fee.ServiceID(s.ID)).Order(fee.ByValidFrom()).All(ctx)
}

// RemoveFeeInput names a price by its service and first day.
type RemoveFeeInput struct {
	IdempotencyKey string
	Service        string
	ValidFrom      schedule.Date
}

// RemoveFee takes back a price that the town has set itself and that begins today or later: the one before it holds on in
// its place. Payments and applications keep what they were asked for.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT, WRONG_STATE (the price is the file's).
func (p *Portal) RemoveFee(ctx context.Context, in RemoveFeeInput) (_ *catalogue.Service, err error) {
	defer problem.Wrap(&err, "RemoveFee(%s, %s)", in.Service, in.ValidFrom)

	return p.changeService(ctx, request{operation: "removeFee", key: in.IdempotencyKey, id: in.Service, input: in}, func(ctx context.Context, tx *Tx, s *catalogue.Service) (change, error) {
		if in.ValidFrom.Before(s.Town.Today(tx.now)) {
			return change{}, problem.Invalid(problem.RulePast, "input", "validFrom")
		}
		rows, err := tx.fees(ctx, s)
		if err != nil {
			return change{}, err
		}
		i := slices.IndexFunc(rows, func(f *ent.Fee) bool { return f.ValidFrom == in.ValidFrom.String() })
		switch {
		case i < 0:
			return change{}, problem.New(problem.NotFound, "input", "validFrom")
		case rows[i].Source != townsOwn:
			return change{}, &problem.Problem{Code: problem.WrongState, Rule: problem.RuleFile, Path: []string{"input", "validFrom"}}
		}
		after := ""
		if i > 0 && rows[i-1].ValidTo == in.ValidFrom.AddDays(-1).String() {
			after = rows[i-1].ID
			if err := tx.Fee.UpdateOneID(after).SetValidTo(rows[i].ValidTo).Exec(ctx); err != nil {
				return change{}, err
			}
		}
		if err := tx.Fee.DeleteOneID(rows[i].ID).Exec(ctx); err != nil {
			return change{}, err
		}
		if err := tx.readFileAgain(ctx, s.MunicipalityID); err != nil {
			return change{}, err
		}
		return change{subject: s.ID, action: "service.fee_removed", before: rows[i].ID, after: after, left: in},
			tx.PublicService.UpdateOneID(s.ID).AddRevision(1).Exec(ctx)
	})
}
