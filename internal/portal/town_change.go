package portal

import (
	"context"
	"slices"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"nelke/ent"
	"nelke/ent/fee"
	"nelke/ent/municipality"
	"nelke/ent/schema"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/schedule"
)

// TextInput is a text in both languages.
type TextInput struct {
	De string
	En string
}

func (in *TextInput) text() schema.Text {
	if in == nil {
		return nil
	}
	return schema.Text{"de": in.De, "en": in.En}
}

func (in *TextInput) check(low, high int, path ...string) error {
	if in == nil {
		return nil
	}
	if err := checkText(in.De, low, high, append(slices.Clone(path), "de")...); err != nil {
		return err
	}
	return checkText(in.En, low, high, append(slices.Clone(path), "en")...)
}

// SetServiceStateInput opens or closes a service for online applications.
type SetServiceStateInput struct {
	IdempotencyKey string
	Service        string
	Open           bool
	OpensAt        *time.Time
	ClosesAt       *time.Time
	Message        *TextInput
}

// SetServiceState opens or closes a service for online applications, at once or within a window. An import leaves the
// state alone from then on.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT.
func (p *Portal) SetServiceState(ctx context.Context, in SetServiceStateInput) (_ *Service, err error) {
	defer wrap(&err, "SetServiceState(%s)", in.Service)

	if err := in.Message.check(0, 500, "input", "message"); err != nil {
		return nil, err
	}
	if in.OpensAt != nil && in.ClosesAt != nil && !in.OpensAt.Before(*in.ClosesAt) {
		return nil, invalid(RuleOrder, "input", "closesAt")
	}
	return p.changeService(ctx, "setServiceState", in.IdempotencyKey, in.Service, in, func(ctx context.Context, tx *Tx, s *Service) (change, error) {
		before := "OPEN"
		if s.Closed {
			before = "CLOSED"
		}
		update := tx.PublicService.UpdateOneID(s.ID).SetClosed(!in.Open).SetStateSet(true).AddRevision(1)
		// Set or clear, never both: PostgreSQL refuses a column that is assigned twice.
		update.SetNillableOpensAt(in.OpensAt).SetNillableClosesAt(in.ClosesAt)
		if in.OpensAt == nil {
			update.ClearOpensAt()
		}
		if in.ClosesAt == nil {
			update.ClearClosesAt()
		}
		if in.Message == nil {
			update.ClearStateMessage()
		} else {
			update.SetStateMessage(in.Message.text())
		}
		after := "CLOSED"
		if in.Open {
			after = "OPEN"
		}
		return change{subject: s.ID, action: "service.state_set", before: before, after: after, left: in}, update.Exec(ctx)
	})
}

// SetFeeInput sets a price.
type SetFeeInput struct {
	IdempotencyKey   string
	Service          string
	Cents            int
	FurtherCopyCents *int
	LegalBasis       TextInput
	ValidFrom        schedule.Date
}

const maxCents = 1_000_000

// SetFee sets the price of a service from a day on, today or later. The price before it ends on the day before; prices
// that have begun are never rewritten. Zero cents make the service free from that day on.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT.
func (p *Portal) SetFee(ctx context.Context, in SetFeeInput) (_ *Service, err error) {
	defer wrap(&err, "SetFee(%s)", in.Service)

	if in.Cents < 0 || in.Cents > maxCents {
		return nil, &Problem{Code: InvalidInput, Rule: RuleRange, Min: 0, Max: maxCents, Path: []string{"input", "cents"}}
	}
	if in.FurtherCopyCents != nil && (*in.FurtherCopyCents < 0 || *in.FurtherCopyCents > maxCents) {
		return nil, &Problem{Code: InvalidInput, Rule: RuleRange, Min: 0, Max: maxCents, Path: []string{"input", "furtherCopyCents"}}
	}
	if err := in.LegalBasis.check(1, 300, "input", "legalBasis"); err != nil {
		return nil, err
	}
	return p.changeService(ctx, "setFee", in.IdempotencyKey, in.Service, in, func(ctx context.Context, tx *Tx, s *Service) (change, error) {
		if in.ValidFrom.Before(s.Town.today(tx.now)) {
			return change{}, invalid(RulePast, "input", "validFrom")
		}
		from := in.ValidFrom.String()
		rows, err := tx.Fee.Query().Where(fee.ServiceID(s.ID)).Order(fee.ByValidFrom()).All(ctx)
		if err != nil {
			return change{}, err
		}
		before := ""
		for _, row := range rows {
			switch {
			case row.ValidFrom > from:
				return change{}, invalid(RuleReplaced, "input", "validFrom")
			case row.ValidFrom == from && from == s.Town.today(tx.now).String():
				// It has begun: somebody may have paid it this morning. Tomorrow's price can be set.
				return change{}, invalid(RuleReplaced, "input", "validFrom")
			case row.ValidFrom == from:
				if err := tx.Fee.DeleteOneID(row.ID).Exec(ctx); err != nil {
					return change{}, err
				}
			case row.ValidTo == "" || row.ValidTo >= from:
				before = row.ID
				if err := tx.Fee.UpdateOneID(row.ID).SetValidTo(in.ValidFrom.AddDays(-1).String()).Exec(ctx); err != nil {
					return change{}, err
				}
			}
		}
		f, err := tx.Fee.Create().SetServiceID(s.ID).SetCents(in.Cents).SetNillableFurtherCopyCents(in.FurtherCopyCents).
			SetLegalBasis(in.LegalBasis.text()).SetValidFrom(from).SetSource("town").Save(ctx)
		if err != nil {
			return change{}, err
		}
		return change{subject: s.ID, action: "service.fee_set", before: before, after: f.ID, left: in},
			tx.PublicService.UpdateOneID(s.ID).AddRevision(1).Exec(ctx)
	})
}

// changeService runs an admin's write on a service of its town: the town's row is locked, so changes of one catalogue
// come one after the other.
func (p *Portal) changeService(ctx context.Context, operation, key, id string, input any, work func(context.Context, *Tx, *Service) (change, error)) (*Service, error) {
	s, err := p.anyService(ctx, id) // a repeat is answered also when the service is no longer offered
	if err != nil {
		return nil, err
	}
	var m *ent.Municipality
	if s != nil {
		m = s.Town.Municipality
	}
	actor := identity.FromContext(ctx)
	if err := mayServe(actor, m, identity.Admin, "input", "service"); err != nil {
		return nil, err
	}
	_, err = p.once(ctx, operation, actor.Scope(), key, id, input, func(ctx context.Context, tx *Tx) (string, error) {
		if !s.Active {
			return "", refuse(NotFound, "input", "service")
		}
		if err := tx.tick(ctx); err != nil {
			return "", err
		}
		m, err := tx.lockTown(ctx, s.MunicipalityID)
		if err != nil {
			return "", err
		}
		ch, err := work(ctx, tx, s)
		if err != nil {
			return "", err
		}
		tx.nudge(live.Catalogue(s.MunicipalityID))
		return id, tx.recordTown(ctx, m, ch)
	})
	if err != nil {
		return nil, err
	}
	t, err := readTown(ctx, p.store.Reader(), s.MunicipalityID, p.clock())
	if err != nil || t == nil {
		return nil, err
	}
	return t.services[id], nil
}

// lockTown locks a municipality's row until the end of the transaction and reads it.
func (tx *Tx) lockTown(ctx context.Context, id string) (*ent.Municipality, error) {
	query := tx.Municipality.Query().Where(municipality.ID(id))
	if tx.Dialect == dialect.Postgres {
		query.Modify(func(s *sql.Selector) { s.For("NO KEY UPDATE") })
	}
	return query.Only(ctx)
}
