package portal

import (
	"context"
	"slices"
	"time"

	"nelke/ent"
	entpartner "nelke/ent/partner"
	"nelke/ent/partnerkey"
	"nelke/ent/predicate"
	"nelke/ent/webhookendpoint"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// Scope is something that a partner may do and not everybody.
type Scope string

// The scopes.
const (
	// ManageWebhooks: read one's own record, endpoints and deliveries, and have what wasn't delivered sent again.
	ManageWebhooks Scope = "WEBHOOKS_MANAGE"
	// BulkCatalogue: ask for more in one document than others may.
	BulkCatalogue Scope = "CATALOGUE_BULK"
)

// How many of each there may be: a person reads through them.
const (
	maxPartners  = 100 // in a town, suspended ones aside
	maxKeys      = 10  // of a partner, revoked ones aside
	maxEndpoints = 10  // of a partner
)

// partnerBy is the partner whose key that is; nil where the key is unknown or revoked, or the partner suspended.
func partnerBy(ctx context.Context, db *ent.Client, hash string) (*ent.Partner, error) {
	found, err := db.Partner.Query().Where(entpartner.StatusEQ(entpartner.StatusACTIVE),
		entpartner.HasKeysWith(partnerkey.Hash(hash), partnerkey.RevokedAtIsNil())).Only(ctx)
	return found, ent.MaskNotFound(err)
}

// MayAs reports whether the actor is a partner that may do this.
func (p *Portal) MayAs(ctx context.Context, scope Scope) (_ bool, err error) {
	defer problem.Wrap(&err, "MayAs(%s)", scope)

	actor := identity.FromContext(ctx)
	if actor.Kind != identity.Partner {
		return false, nil
	}
	partner, err := partnerBy(ctx, p.store.Reader(), actor.PartnerKeyHash)
	return err == nil && partner != nil && slices.Contains(partner.Scopes, string(scope)), err
}

// usedEvery is how exactly is noted when a key was used: to keep a copy up to date, a partner asks often.
const usedEvery = time.Hour

// KnowsPartner reports whether a partner's key, by its hash, opens anything, and notes that it was used.
func (p *Portal) KnowsPartner(ctx context.Context, hash string) (_ bool, err error) {
	defer problem.Wrap(&err, "KnowsPartner")

	key, err := p.store.Reader().PartnerKey.Query().Where(partnerkey.Hash(hash), partnerkey.RevokedAtIsNil(),
		partnerkey.HasPartnerWith(entpartner.StatusEQ(entpartner.StatusACTIVE))).Only(ctx)
	if err != nil {
		return false, ent.MaskNotFound(err)
	}
	hour := p.clock().UTC().Truncate(usedEvery)
	if key.UsedAt != nil && !key.UsedAt.Before(hour) {
		return true, nil
	}
	return true, p.write(ctx, func(ctx context.Context, tx *Tx) error {
		return tx.PartnerKey.Update().Where(partnerkey.ID(key.ID)).SetUsedAt(hour).Exec(ctx)
	})
}

// administers is the condition under which the actor may change a partner: it is one of a town whose admin the actor is.
func (p *Portal) administers(ctx context.Context) (predicate.Partner, error) {
	actor := identity.FromContext(ctx)
	if actor.Kind != identity.Staff {
		return nil, errNobody
	}
	all, err := p.Rows(ctx, "")
	if err != nil {
		return nil, err
	}
	var towns []string
	for _, m := range all {
		if actor.Has(m.Ars, identity.Admin) {
			towns = append(towns, m.ID)
		}
	}
	if len(towns) == 0 {
		return nil, errNobody
	}
	return store.OneOf[predicate.Partner](entpartner.FieldMunicipalityID, towns), nil
}

// seesPartners is the condition under which the actor sees a partner: as an admin of its town, or as itself.
func (p *Portal) seesPartners(ctx context.Context) (predicate.Partner, error) {
	actor := identity.FromContext(ctx)
	if actor.Kind != identity.Partner {
		return p.administers(ctx)
	}
	partner, err := partnerBy(ctx, p.store.Reader(), actor.PartnerKeyHash)
	if err != nil {
		return nil, err
	}
	if partner == nil || !slices.Contains(partner.Scopes, string(ManageWebhooks)) {
		return nil, errNobody
	}
	return entpartner.ID(partner.ID), nil
}

// partnerWrite is a write on a partner, or on something of one.
type partnerWrite struct {
	operation, key string
	outcome        string // id of what it will leave behind, unless work finds that it is another: the subject of its change counts
	input          any
	of             predicate.Partner                                        // which one
	who            func(context.Context) (predicate.Partner, error)         // may write
	path           string                                                   // of the input field that names the thing
	prepare        func(*ent.Partner)                                       // what takes long, before the transaction
	work           func(context.Context, *Tx, *ent.Partner) (change, error) // behind the town's lock
}

// onPartner runs a write on a partner that the actor may write on, and gives the id of what it left behind.
func (p *Portal) onPartner(ctx context.Context, w partnerWrite) (id string, err error) {
	actor := identity.FromContext(ctx)
	if actor.Kind == identity.Anonymous {
		return "", problem.New(problem.Unauthenticated)
	}
	may, err := w.who(ctx)
	if err != nil {
		if unlessNobody(err) == nil {
			err = problem.New(problem.NotFound, "input", w.path)
		}
		return "", err
	}
	partner, err := p.store.Reader().Partner.Query().Where(w.of, may).Only(ctx)
	if ent.IsNotFound(err) {
		return "", problem.New(problem.NotFound, "input", w.path)
	}
	if err != nil {
		return "", err
	}
	if w.prepare != nil {
		w.prepare(partner)
	}
	done, err := p.once(ctx, request{operation: w.operation, key: w.key, id: w.outcome, input: w.input}, func(ctx context.Context, tx *Tx) (string, error) {
		m, err := tx.lockPartners(ctx, partner.MunicipalityID)
		if err != nil {
			return "", err
		}
		current, err := tx.Partner.Query().Where(entpartner.ID(partner.ID)).Only(ctx)
		if err != nil {
			return "", err
		}
		ch, err := w.work(ctx, tx, current)
		if err != nil {
			return "", err
		}
		return ch.subject, tx.recordTown(ctx, m, ch)
	})
	return done.id, err
}

// lockPartners locks a town for a change of its partners. Whoever remembers the town is nudged, since its chain of events
// goes on.
func (tx *Tx) lockPartners(ctx context.Context, municipality string) (*ent.Municipality, error) {
	if err := tx.tick(ctx); err != nil {
		return nil, err
	}
	tx.nudge(live.Catalogue(municipality))
	return tx.lockTown(ctx, municipality)
}

// AddPartnerInput makes a partner known.
type AddPartnerInput struct {
	IdempotencyKey string
	Municipality   string
	Name           string
	Scopes         []string
}

// AddPartner makes a partner known to a town. It has no keys yet.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, INVALID_INPUT.
func (p *Portal) AddPartner(ctx context.Context, in AddPartnerInput) (_ *ent.Partner, err error) {
	defer problem.Wrap(&err, "AddPartner(%s)", in.Municipality)

	m, err := p.administered(ctx, in.Municipality, "input", "municipality")
	if err != nil {
		return nil, err
	}
	if in.Name, err = cleanLine(in.Name, 1, 100, "input", "name"); err != nil {
		return nil, err
	}
	id := newID("partner")
	done, err := p.once(ctx, request{operation: "addPartner", key: in.IdempotencyKey, id: id, input: in}, func(ctx context.Context, tx *Tx) (string, error) {
		m, err := tx.lockPartners(ctx, m.ID)
		if err != nil {
			return "", err
		}
		if err := tx.roomForPartner(ctx, m.ID, "input", "municipality"); err != nil {
			return "", err
		}
		err = tx.Partner.Create().SetID(id).SetMunicipalityID(m.ID).SetName(in.Name).SetScopes(sorted(in.Scopes)).
			SetStatus(entpartner.StatusACTIVE).SetCreatedAt(tx.now).Exec(ctx)
		if err != nil {
			return "", err
		}
		return id, tx.recordTown(ctx, m, change{subject: id, action: "partner.added", after: entpartner.StatusACTIVE.String(), left: in})
	})
	if err != nil {
		return nil, err
	}
	return p.reloadPartner(ctx, done.id)
}

// roomForPartner refuses one more active partner where a town has as many as it may.
//
// Problems: INVALID_INPUT.
func (tx *Tx) roomForPartner(ctx context.Context, municipality string, path ...string) error {
	there, err := tx.Partner.Query().Where(entpartner.MunicipalityID(municipality), entpartner.StatusEQ(entpartner.StatusACTIVE)).Count(ctx)
	if err == nil && there >= maxPartners {
		err = &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleCount, Max: maxPartners, Path: path}
	}
	return err
}

// sorted is a set of words in one order.
func sorted[T ~string](words []T) []string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// UpdatePartnerInput changes a partner: what is nil stays as it is.
type UpdatePartnerInput struct {
	IdempotencyKey string
	Partner        string
	Name           *string
	Scopes         []string
	Status         *string
}

// UpdatePartner changes a partner's name, scopes or state. The keys of a suspended one open nothing, and it receives no webhooks:
// once it is active again, it receives what has changed meanwhile.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, INVALID_INPUT.
func (p *Portal) UpdatePartner(ctx context.Context, in UpdatePartnerInput) (_ *ent.Partner, err error) {
	defer problem.Wrap(&err, "UpdatePartner(%s)", in.Partner)

	_, err = p.onPartner(ctx, partnerWrite{
		operation: "updatePartner", key: in.IdempotencyKey, outcome: in.Partner, input: in,
		of: entpartner.IDIn(storable(in.Partner)...), who: p.administers, path: "partner",
		work: func(ctx context.Context, tx *Tx, partner *ent.Partner) (change, error) {
			if in.Name != nil {
				name, err := cleanLine(*in.Name, 1, 100, "input", "name")
				if err != nil {
					return change{}, err
				}
				in.Name = &name
			}
			update := tx.Partner.UpdateOneID(partner.ID).SetNillableName(in.Name)
			if in.Scopes != nil {
				update.SetScopes(sorted(in.Scopes))
			}
			after := partner.Status
			if in.Status != nil {
				after = entpartner.Status(*in.Status)
			}
			if after == entpartner.StatusACTIVE && partner.Status != after {
				if err := tx.roomForPartner(ctx, partner.MunicipalityID, "input", "status"); err != nil {
					return change{}, err
				}
			}
			ch := change{subject: partner.ID, action: "partner.updated", before: partner.Status.String(), after: after.String(), left: in}
			if err := update.SetStatus(after).Exec(ctx); err != nil || after == partner.Status || after != entpartner.StatusACTIVE {
				return ch, err
			}
			ids, err := tx.WebhookEndpoint.Query().Where(webhookendpoint.PartnerID(partner.ID),
				webhookendpoint.StatusEQ(webhookendpoint.StatusACTIVE)).IDs(ctx)
			if err != nil {
				return ch, err
			}
			return ch, p.resume(ctx, tx, ids...)
		},
	})
	if err != nil {
		return nil, err
	}
	return p.reloadPartner(ctx, in.Partner)
}
