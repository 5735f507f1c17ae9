package portal

import (
	"context"
	"slices"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"nelke/ent"
	"nelke/ent/municipality"
	"nelke/ent/schema"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
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

// clean brings both texts into the form in which they are kept.
func (in *TextInput) clean(low, high int, path ...string) (err error) {
	if in == nil {
		return nil
	}
	if in.De, err = cleanLine(in.De, low, high, append(slices.Clone(path), "de")...); err != nil {
		return err
	}
	in.En, err = cleanLine(in.En, low, high, append(slices.Clone(path), "en")...)
	return err
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
func (p *Portal) SetServiceState(ctx context.Context, in SetServiceStateInput) (_ *catalogue.Service, err error) {
	defer problem.Wrap(&err, "SetServiceState(%s)", in.Service)

	if err := in.Message.clean(0, 500, "input", "message"); err != nil {
		return nil, err
	}
	if in.OpensAt != nil && in.ClosesAt != nil && !in.OpensAt.Before(*in.ClosesAt) {
		return nil, problem.Invalid(problem.RuleOrder, "input", "closesAt")
	}
	return p.changeService(ctx, request{operation: "setServiceState", key: in.IdempotencyKey, id: in.Service, input: in}, func(ctx context.Context, tx *Tx, s *catalogue.Service) (change, error) {
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
		return change{subject: s.ID, action: "service.state_set", before: stateOf(s), after: after, left: in}, update.Exec(ctx)
	})
}

// stateOf is the state of a service in events.
func stateOf(s *catalogue.Service) string {
	if s.Closed {
		return "CLOSED"
	}
	return "OPEN"
}

// changeService runs an admin's write on a service of its town: the town's row is locked, so changes of one catalogue
// come one after the other.
func (p *Portal) changeService(ctx context.Context, r request, work func(context.Context, *Tx, *catalogue.Service) (change, error)) (*catalogue.Service, error) {
	s, err := p.AnyService(ctx, r.id) // a repeat is answered also when the service is no longer offered
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
	_, err = p.once(ctx, r, func(ctx context.Context, tx *Tx) (string, error) {
		if !s.Active {
			return "", problem.New(problem.NotFound, "input", "service")
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
		return r.id, tx.recordTown(ctx, m, ch)
	})
	if err != nil {
		return nil, err
	}
	t, err := catalogue.ReadTown(ctx, p.store.Reader(), s.MunicipalityID, p.clock())
	if err != nil || t == nil {
		return nil, err
	}
	return t.Service(r.id), nil
}

// lockTown locks a municipality's row until the end of the transaction and reads it.
func (tx *Tx) lockTown(ctx context.Context, id string) (*ent.Municipality, error) {
	query := tx.Municipality.Query().Where(municipality.ID(id))
	if tx.Dialect == dialect.Postgres {
		query.Modify(func(s *sql.Selector) { s.For("NO KEY UPDATE") })
	}
	return query.Only(ctx)
}
