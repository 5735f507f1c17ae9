package portal

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"nelke/ent"
	entpartner "nelke/ent/partner"
	"nelke/ent/partnerkey"
	"nelke/ent/predicate"
	"nelke/ent/webhookdelivery"
	"nelke/ent/webhookendpoint"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// PartnerConnection is a page of partners. Total is not known.
type PartnerConnection = catalogue.Connection[*ent.Partner]

// DeliveryConnection is a page of deliveries. Total is not known.
type DeliveryConnection = catalogue.Connection[*ent.WebhookDelivery]

// listOfPartners and listOfDeliveries begin the cursors of these connections.
const (
	listOfPartners   = "p\x00"
	listOfDeliveries = "d\x00"
)

// Partner returns a partner to an admin of its town, and to itself; nil to everybody else.
func (p *Portal) Partner(ctx context.Context, id string) (_ *ent.Partner, err error) {
	defer problem.Wrap(&err, "Partner(%s)", id)

	visible, err := p.seesPartners(ctx)
	if err != nil {
		return nil, unlessNobody(err)
	}
	found, err := p.store.Reader().Partner.Query().Where(entpartner.IDIn(storable(id)...), visible).Only(ctx)
	if err != nil {
		return nil, ent.MaskNotFound(err)
	}
	return found, p.presentPartners(ctx, found)
}

// ViewerPartner returns the partner that is calling, with its name, and the whole of it where it may read that.
func (p *Portal) ViewerPartner(ctx context.Context) (name string, whole *ent.Partner, err error) {
	defer problem.Wrap(&err, "ViewerPartner")

	actor := identity.FromContext(ctx)
	if actor.Kind != identity.Partner {
		return "", nil, nil
	}
	found, err := partnerBy(ctx, p.store.Reader(), actor.PartnerKeyHash)
	if err != nil || found == nil {
		return "", nil, err
	}
	whole, err = p.Partner(ctx, found.ID)
	return found.Name, whole, err
}

// Partners returns the partners of a town, to its admins; nil to everybody else.
//
// Problems: INVALID_INPUT.
func (p *Portal) Partners(ctx context.Context, of catalogue.MunicipalityKey, page catalogue.Page) (_ *PartnerConnection, err error) {
	defer problem.Wrap(&err, "Partners")

	m, err := p.Row(ctx, of)
	if err != nil || m == nil || !identity.FromContext(ctx).Has(m.Ars, identity.Admin) {
		return nil, err
	}
	first, after, err := keyset(page, listOfPartners)
	if err != nil {
		return nil, err
	}
	rows, err := p.store.Reader().Partner.Query().Where(entpartner.MunicipalityID(m.ID), entpartner.IDGT(after)).
		Order(entpartner.ByID()).Limit(atLeast(first + 1)).All(ctx)
	if err != nil {
		return nil, err
	}
	shown := keyed(rows, first, page, listOfPartners, func(row *ent.Partner) string { return row.ID })
	return shown, p.presentPartners(ctx, shown.Nodes...)
}

// keyset reads a page of a list that is sorted by id.
func keyset(page catalogue.Page, list string) (first int, after string, err error) {
	first = 20
	if page.First != nil {
		first = *page.First
	}
	if first < 1 || first > 100 {
		return 0, "", &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: 100, Path: []string{"first"}}
	}
	if page.After == nil {
		return first, "", nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(*page.After)
	id, ours := strings.CutPrefix(string(decoded), list)
	if err != nil || !ours || len(storable(id)) == 0 || strings.ToValidUTF8(id, "") != id {
		return 0, "", problem.Invalid(problem.RuleCursor, "after")
	}
	return first, id, nil
}

// keyed makes a page of one row more than it has.
func keyed[T any](rows []T, first int, page catalogue.Page, list string, id func(T) string) *catalogue.Connection[T] {
	c := &catalogue.Connection[T]{Nodes: rows[:min(first, len(rows))], Before: page.After != nil, After: len(rows) > first}
	for _, row := range c.Nodes {
		c.Cursors = append(c.Cursors, base64.RawURLEncoding.EncodeToString([]byte(list+id(row))))
	}
	return c
}

// KeysOf returns the keys of partners, oldest first. Whoever sees a partner sees all of it.
func (p *Portal) KeysOf(ctx context.Context, partners []*ent.Partner) (_ [][]*ent.PartnerKey, err error) {
	defer problem.Wrap(&err, "KeysOf(%d)", len(partners))

	rows, err := p.store.Reader().PartnerKey.Query().Where(store.OneOf[predicate.PartnerKey](partnerkey.FieldPartnerID, idsOf(partners))).Order(partnerkey.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	zones := map[string]*time.Location{}
	for _, partner := range partners {
		zones[partner.ID] = partner.CreatedAt.Location() // the partner has been presented
	}
	of := map[string][]*ent.PartnerKey{}
	for _, row := range rows {
		presentKey(row, zones[row.PartnerID])
		of[row.PartnerID] = append(of[row.PartnerID], row)
	}
	return ofEach(partners, of), nil
}

// EndpointsOf returns the endpoints of partners, oldest first.
func (p *Portal) EndpointsOf(ctx context.Context, partners []*ent.Partner) (_ [][]*ent.WebhookEndpoint, err error) {
	defer problem.Wrap(&err, "EndpointsOf(%d)", len(partners))

	rows, err := p.store.Reader().WebhookEndpoint.Query().Where(store.OneOf[predicate.WebhookEndpoint](webhookendpoint.FieldPartnerID, idsOf(partners)),
		webhookendpoint.StatusNEQ(webhookendpoint.StatusREMOVED)).Order(webhookendpoint.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	of := map[string][]*ent.WebhookEndpoint{}
	for _, row := range rows {
		of[row.PartnerID] = append(of[row.PartnerID], row)
	}
	return ofEach(partners, of), p.presentEndpoints(ctx, rows...)
}

func idsOf(partners []*ent.Partner) []string {
	ids := make([]string, len(partners))
	for i, partner := range partners {
		ids[i] = partner.ID
	}
	return ids
}

// ofEach returns what belongs to each partner, in their order.
func ofEach[T any](partners []*ent.Partner, of map[string][]T) [][]T {
	all := make([][]T, len(partners))
	for i, partner := range partners {
		all[i] = of[partner.ID]
	}
	return all
}

// DeliveriesOf returns the deliveries of an endpoint in some states, or in all, the newest first.
//
// Problems: INVALID_INPUT.
func (p *Portal) DeliveriesOf(ctx context.Context, e *ent.WebhookEndpoint, states []webhookdelivery.Status, page catalogue.Page) (_ *DeliveryConnection, err error) {
	defer problem.Wrap(&err, "DeliveriesOf(%s)", e.ID)

	first, after, err := keyset(page, listOfDeliveries)
	if err != nil {
		return nil, err
	}
	where := []predicate.WebhookDelivery{webhookdelivery.EndpointID(e.ID)}
	if after != "" {
		where = append(where, webhookdelivery.IDLT(after))
	}
	if states != nil {
		where = append(where, store.OneOf[predicate.WebhookDelivery](webhookdelivery.FieldStatus, states))
	}
	rows, err := p.store.Reader().WebhookDelivery.Query().Where(where...).Order(ent.Desc(webhookdelivery.FieldID)).Limit(atLeast(first + 1)).All(ctx)
	if err != nil {
		return nil, err
	}
	zone := e.CreatedAt.Location()
	for _, d := range rows {
		inZone(zone, &d.CreatedAt)
		inZoneIfSet(zone, &d.NextAt, &d.TriedAt, &d.EndedAt)
	}
	return keyed(rows, first, page, listOfDeliveries, func(d *ent.WebhookDelivery) string { return d.ID }), nil
}

func (p *Portal) presentPartners(ctx context.Context, all ...*ent.Partner) error {
	for _, partner := range all {
		t, err := p.Town(ctx, partner.MunicipalityID)
		if err != nil {
			return err
		}
		if t != nil {
			inZone(t.Zone, &partner.CreatedAt)
		}
	}
	return nil
}

func (p *Portal) presentEndpoints(ctx context.Context, all ...*ent.WebhookEndpoint) error {
	for _, e := range all {
		t, err := p.Town(ctx, e.MunicipalityID)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		inZone(t.Zone, &e.CreatedAt)
		inZoneIfSet(t.Zone, &e.FormerSecretUntil)
		if e.FormerSecretUntil != nil && !e.FormerSecretUntil.After(p.clock()) {
			e.FormerSecretUntil = nil
		}
	}
	return nil
}

func presentKey(key *ent.PartnerKey, zone *time.Location) {
	inZone(zone, &key.CreatedAt)
	inZoneIfSet(zone, &key.UsedAt, &key.RevokedAt)
}

// reloadPartner reads a partner after its write.
func (p *Portal) reloadPartner(ctx context.Context, id string) (*ent.Partner, error) {
	partner, err := p.store.Reader().Partner.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return partner, p.presentPartners(ctx, partner)
}

func (p *Portal) reloadKey(ctx context.Context, id string) (*ent.PartnerKey, error) {
	key, err := p.store.Reader().PartnerKey.Query().Where(partnerkey.ID(id)).WithPartner().Only(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.presentPartners(ctx, key.Edges.Partner); err != nil {
		return nil, err
	}
	presentKey(key, key.Edges.Partner.CreatedAt.Location())
	return key, nil
}

// reloadEndpoint reads an endpoint after a write; nil where it was removed since.
func (p *Portal) reloadEndpoint(ctx context.Context, id string) (*ent.WebhookEndpoint, error) {
	e, err := p.store.Reader().WebhookEndpoint.Query().Where(webhookendpoint.ID(id), webhookendpoint.StatusNEQ(webhookendpoint.StatusREMOVED)).Only(ctx)
	if err != nil {
		return nil, ent.MaskNotFound(err)
	}
	return e, p.presentEndpoints(ctx, e)
}
