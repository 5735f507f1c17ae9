package portal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/appointment"
	"nelke/ent/casefile"
	"nelke/ent/payment"
	"nelke/ent/predicate"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// Who may see what is decided here, once for queries, subscriptions, entities and writes. What isn't yours reads like
// what doesn't exist: the condition is part of the statement that looks for it.

// errNobody says that the actor can see nothing of the kind, so no statement need ask.
var errNobody = errors.New("nothing to see")

// staffed are the ids of the municipalities in which the actor is a clerk, or more than that.
func (p *Portal) staffed(ctx context.Context, actor identity.Actor) ([]string, error) {
	if actor.Kind != identity.Staff {
		return nil, nil
	}
	towns, err := p.Rows(ctx, "")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range towns {
		if actor.Has(m.Ars, identity.Clerk) {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}

// seesCases is the condition under which the actor sees a case: its own, or one of its town.
func (p *Portal) seesCases(ctx context.Context) (predicate.CaseFile, error) {
	switch actor := identity.FromContext(ctx); actor.Kind {
	case identity.CaseHolder:
		return casefile.KeyHash(actor.CaseKeyHash), nil
	case identity.Staff:
		towns, err := p.staffed(ctx, actor)
		if err != nil {
			return nil, err
		}
		if len(towns) == 0 {
			return nil, errNobody
		}
		// A case in which there is nothing but a draft is nobody's business yet.
		return casefile.And(store.OneOf[predicate.CaseFile](casefile.FieldMunicipalityID, towns), casefile.Or(
			casefile.KeyHashIsNil(), casefile.HasAppointments(), casefile.HasApplicationsWith(application.SubmittedAtNotNil()),
		)), nil
	default:
		return nil, errNobody
	}
}

// seesAppointments is the same for appointments.
func (p *Portal) seesAppointments(ctx context.Context) (predicate.Appointment, error) {
	switch actor := identity.FromContext(ctx); actor.Kind {
	case identity.CaseHolder:
		return appointment.HasCaseWith(casefile.KeyHash(actor.CaseKeyHash)), nil
	case identity.Staff:
		towns, err := p.staffed(ctx, actor)
		if err != nil {
			return nil, err
		}
		if len(towns) == 0 {
			return nil, errNobody
		}
		return store.OneOf[predicate.Appointment](appointment.FieldMunicipalityID, towns), nil
	default:
		return nil, errNobody
	}
}

// seesApplications is the same for applications. Drafts are their person's alone, also when they have ended as such.
func (p *Portal) seesApplications(ctx context.Context) (predicate.Application, error) {
	switch actor := identity.FromContext(ctx); actor.Kind {
	case identity.CaseHolder:
		return application.HasCaseWith(casefile.KeyHash(actor.CaseKeyHash)), nil
	case identity.Staff:
		towns, err := p.staffed(ctx, actor)
		if err != nil {
			return nil, err
		}
		if len(towns) == 0 {
			return nil, errNobody
		}
		return application.And(store.OneOf[predicate.Application](application.FieldMunicipalityID, towns), application.SubmittedAtNotNil()), nil
	default:
		return nil, errNobody
	}
}

// seesPayments is the same for payments. Staff also see money that has to go back, whatever it was paid for.
func (p *Portal) seesPayments(ctx context.Context) (predicate.Payment, error) {
	switch actor := identity.FromContext(ctx); actor.Kind {
	case identity.CaseHolder:
		return payment.HasApplicationWith(application.HasCaseWith(casefile.KeyHash(actor.CaseKeyHash))), nil
	case identity.Staff:
		towns, err := p.staffed(ctx, actor)
		if err != nil {
			return nil, err
		}
		if len(towns) == 0 {
			return nil, errNobody
		}
		return payment.And(store.OneOf[predicate.Payment](payment.FieldMunicipalityID, towns), payment.Or(
			payment.HasApplicationWith(application.SubmittedAtNotNil()),
			payment.StatusIn(payment.StatusREFUND_DUE, payment.StatusREFUNDED),
		)), nil
	default:
		return nil, errNobody
	}
}

// withID is the condition that a row has one of these ids, beside the one under which the actor sees it. A person's rows are few
// and are looked for first, and the ids among them, so that the time it takes doesn't tell whether an id is somebody else's.
func withID[P ~func(*sql.Selector)](ctx context.Context, field string, ids ...string) P {
	if identity.FromContext(ctx).Kind == identity.CaseHolder {
		return store.OneOfOwn[P](field, storable(ids...))
	}
	return store.OneOf[P](field, storable(ids...))
}

// administered returns a municipality by id, if the actor is ADMIN there.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN.
func (p *Portal) administered(ctx context.Context, municipality string, path ...string) (*ent.Municipality, error) {
	m, err := p.Row(ctx, catalogue.MunicipalityKey{ID: &municipality})
	if err != nil {
		return nil, err
	}
	return m, mayServe(identity.FromContext(ctx), m, identity.Admin, path...)
}

// mayServe reports whether the actor may act for a municipality in this role. NOT_FOUND where it has no role there at
// all, since the thing isn't its to see; FORBIDDEN where a lower one.
func mayServe(actor identity.Actor, m *ent.Municipality, role identity.Role, path ...string) error {
	switch {
	case actor.Kind == identity.Anonymous:
		return problem.New(problem.Unauthenticated)
	case m == nil || !actor.Has(m.Ars, identity.Clerk):
		return problem.New(problem.NotFound, path...)
	case !actor.Has(m.Ars, role):
		return problem.New(problem.Forbidden, path...)
	default:
		return nil
	}
}

// storable leaves out ids that no row can have. PostgreSQL takes neither a NUL nor broken UTF-8 in a text, and would make
// an error of it.
func storable(ids ...string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return strings.ContainsRune(id, 0) || !utf8.ValidString(id) })
}
