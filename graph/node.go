package graph

import (
	"context"
	"strings"

	"nelke/ent"
	"nelke/ent/informationrequest"
	"nelke/ent/payment"
	"nelke/ent/publicservice"
	"nelke/graph/model"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/portal"
)

// node finds anything by id. An id's prefix is its type's; each goes through the same door as its own query.
func (r *Resolver) node(ctx context.Context, id string) (model.Node, error) {
	prefix, _, _ := strings.Cut(id, "_")
	switch prefix {
	case "municipality":
		return found(r.Portal.Municipality(ctx, catalogue.MunicipalityKey{ID: &id}))
	case "service":
		return found(r.Portal.PublicService(ctx, catalogue.PublicServiceKey{ID: &id}))
	case "office":
		return found(r.Portal.Office(ctx, id))
	case "counter":
		return found(r.Portal.Counter(ctx, id))
	case "form":
		return found(r.Portal.Form(ctx, id))
	case "privacynotice":
		return found(r.Portal.PrivacyNotice(ctx, id))
	case "appointment":
		return found(r.Portal.Appointment(ctx, id))
	case "application":
		return found(r.Portal.Application(ctx, id))
	case "payment":
		return found(r.Portal.Payment(ctx, id))
	case "case":
		cases, err := r.Portal.Cases(ctx, []string{id})
		if err != nil {
			return nil, err
		}
		return found(cases[0], nil)
	default:
		return nil, nil
	}
}

// found makes a nil pointer a nil interface.
func found[T any, P interface {
	*T
	model.Node
}](p P, err error) (model.Node, error) {
	if err != nil || p == nil {
		return nil, err
	}
	return p, nil
}

func (r *Resolver) viewer(ctx context.Context) (*model.Viewer, error) {
	actor := identity.FromContext(ctx)
	viewer := &model.Viewer{Kind: actor.Kind, Roles: []*model.MunicipalityRole{}}
	if actor.Kind == identity.Staff {
		viewer.Name = orNil(actor.Name)
	}
	name, partner, err := r.Portal.ViewerPartner(ctx)
	if err != nil {
		return nil, err
	}
	if actor.Kind == identity.Partner {
		viewer.Name, viewer.Partner = orNil(name), partner
	}
	if viewer.Case, err = r.Portal.ViewerCase(ctx); err != nil {
		return nil, err
	}
	for ars := range actor.Roles {
		for _, role := range []identity.Role{identity.Admin, identity.Supervisor, identity.Clerk} {
			if !actor.Has(ars, role) {
				continue
			}
			town, err := r.Portal.Municipality(ctx, catalogue.MunicipalityKey{Ars: &ars})
			if err != nil {
				return nil, err
			}
			if town != nil {
				viewer.Roles = append(viewer.Roles, &model.MunicipalityRole{Municipality: town, Role: role})
			}
			break
		}
	}
	return viewer, nil
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func contactOf(c *ent.CaseFile) *model.Contact {
	if c.FamilyName == "" {
		return nil
	}
	contact := &model.Contact{
		GivenName: c.GivenName, FamilyName: c.FamilyName, Email: orNil(c.Email), Phone: orNil(c.Phone), Language: c.Language,
	}
	if c.Street != "" {
		contact.Address = &model.PostalAddress{
			Street: c.Street, HouseNumber: c.HouseNumber, PostalCode: c.PostalCode, City: c.City, Country: c.Country,
		}
	}
	return contact
}

func personOf(a *ent.Appointment) *model.Person {
	if a.FamilyName == "" {
		return nil
	}
	return &model.Person{GivenName: a.GivenName, FamilyName: a.FamilyName, Email: orNil(a.Email), Phone: orNil(a.Phone)}
}

func addressOf(o *catalogue.Office) *model.Address {
	return &model.Address{Street: o.Street, HouseNumber: o.HouseNumber, PostalCode: o.PostalCode, City: o.City}
}

func eventActor(e *ent.Event) model.EventActor {
	switch {
	case e.Actor == portal.System:
		return model.EventActorSystem
	case strings.HasPrefix(e.Actor, "staff:"):
		return model.EventActorStaff
	default:
		return model.EventActorPerson
	}
}

func furtherCopy(f *ent.Fee) *model.Money {
	if f.FurtherCopyCents == nil {
		return nil
	}
	return &model.Money{Cents: *f.FurtherCopyCents, Currency: f.Currency}
}

// euro is the one currency of fees.
const euro = "EUR"

// each makes a list of another.
func each[A, B any](all []A, one func(A) B) []B {
	list := make([]B, len(all))
	for i, a := range all {
		list[i] = one(a)
	}
	return list
}

// statusOf is the status of a delivery's last answer.
func statusOf(d *ent.WebhookDelivery) *int {
	if d.HTTPStatus == 0 {
		return nil
	}
	return &d.HTTPStatus
}

func dispatchOf(a *ent.Application) *model.Dispatch {
	return sentBy(a.DispatchMethod, a.DispatchedOn, a.TrackingNumber)
}

// sentBy is how a document was sent; nil where there is no method.
func sentBy(method, on, trackingNumber string) *model.Dispatch {
	if method == "" {
		return nil
	}
	return &model.Dispatch{Method: publicservice.Delivery(method), SentOn: on, TrackingNumber: orNil(trackingNumber)}
}

// answeredVia is how an answer came; nil where none did.
func answeredVia(r *ent.InformationRequest) *string {
	if r.AnsweredAt == nil {
		return nil
	}
	via := informationrequest.AnsweredViaONLINE.String()
	if r.AnsweredVia != nil {
		via = r.AnsweredVia.String()
	}
	return &via
}

// payPage is the provider's page, for as long as it can be paid on.
func payPage(p *ent.Payment) *string {
	if p.Status != payment.StatusPENDING {
		return nil
	}
	return orNil(p.RedirectURL)
}

func receivedOf(p *ent.Payment) *model.Money {
	if p.ReceivedCents == 0 {
		return nil
	}
	return &model.Money{Cents: p.ReceivedCents, Currency: p.Currency}
}

// connection returns a page as Relay shows it; nil where there is none.
func connection[T any](c *catalogue.Connection[T], err error) (*model.Connection[T], error) {
	if err != nil || c == nil {
		return nil, err
	}
	return &model.Connection[T]{Connection: c}, nil
}
