package portal

import (
	"context"

	"nelke/ent"
	entpartner "nelke/ent/partner"
	"nelke/ent/partnerkey"
	"nelke/internal/identity"
	"nelke/internal/problem"
)

// AddPartnerKeyInput gives a partner a key that the client made. The key itself is never stored, logged or part of the
// remembered input: its hash stands for it.
type AddPartnerKeyInput struct {
	IdempotencyKey string
	Partner        string
	Label          string
	Key            string `json:"-"`
}

// AddPartnerKey gives a partner one more key, to replace another without a gap, say. One of its own that was revoked opens
// again, under the label that it gets now: a key that was revoked by mistake need not be changed at the partner's.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, INVALID_INPUT.
func (p *Portal) AddPartnerKey(ctx context.Context, in AddPartnerKeyInput) (_ *ent.PartnerKey, err error) {
	defer problem.Wrap(&err, "AddPartnerKey(%s)", in.Partner)

	hash, id := identity.HashPartnerKey(in.Key), newID("partnerkey")
	hashed := struct {
		AddPartnerKeyInput
		Hash string
	}{in, hash}
	id, err = p.onPartner(ctx, partnerWrite{
		operation: "addPartnerKey", key: in.IdempotencyKey, outcome: id, input: hashed,
		of: entpartner.IDIn(storable(in.Partner)...), who: p.administers, path: "partner",
		work: func(ctx context.Context, tx *Tx, partner *ent.Partner) (change, error) {
			label, err := cleanLine(in.Label, 1, 100, "input", "label")
			if err != nil {
				return change{}, err
			}
			if !identity.ValidPartnerKey(in.Key) {
				return change{}, problem.Invalid(problem.RulePartnerKey, "input", "key")
			}
			known, err := tx.PartnerKey.Query().Where(partnerkey.Hash(hash)).Only(ctx)
			if ent.MaskNotFound(err) != nil {
				return change{}, err
			}
			if known != nil && (known.PartnerID != partner.ID || known.RevokedAt == nil) {
				return change{}, problem.Invalid(problem.RuleDuplicate, "input", "key")
			}
			there, err := tx.PartnerKey.Query().Where(partnerkey.PartnerID(partner.ID), partnerkey.RevokedAtIsNil()).Count(ctx)
			if err != nil {
				return change{}, err
			}
			if there >= maxKeys {
				return change{}, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleCount, Max: maxKeys, Path: []string{"input", "partner"}}
			}
			if known != nil {
				return change{subject: known.ID, action: "partner.key_restored", before: "REVOKED", after: "VALID", left: hashed},
					tx.PartnerKey.UpdateOneID(known.ID).ClearRevokedAt().SetLabel(label).Exec(ctx)
			}
			return change{subject: id, action: "partner.key_added", before: partner.ID, after: "VALID", left: hashed},
				tx.PartnerKey.Create().SetID(id).SetPartnerID(partner.ID).SetHash(hash).SetLabel(label).SetCreatedAt(tx.now).Exec(ctx)
		},
	})
	if ent.IsConstraintError(err) { // somebody added the same key to another town's partner just now
		err = problem.Invalid(problem.RuleDuplicate, "input", "key")
	}
	if err != nil {
		return nil, err
	}
	return p.reloadKey(ctx, id)
}

// RevokePartnerKeyInput names a key.
type RevokePartnerKeyInput struct {
	IdempotencyKey string
	Key            string
}

// RevokePartnerKey ends a key: from the next request on it opens nothing.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WRONG_STATE.
func (p *Portal) RevokePartnerKey(ctx context.Context, in RevokePartnerKeyInput) (_ *ent.PartnerKey, err error) {
	defer problem.Wrap(&err, "RevokePartnerKey(%s)", in.Key)

	_, err = p.onPartner(ctx, partnerWrite{
		operation: "revokePartnerKey", key: in.IdempotencyKey, outcome: in.Key, input: in,
		of: entpartner.HasKeysWith(partnerkey.IDIn(storable(in.Key)...)), who: p.administers, path: "key",
		work: func(ctx context.Context, tx *Tx, partner *ent.Partner) (change, error) {
			n, err := tx.PartnerKey.Update().Where(partnerkey.ID(in.Key), partnerkey.RevokedAtIsNil()).SetRevokedAt(tx.now).Save(ctx)
			if err == nil && n == 0 {
				err = problem.New(problem.WrongState, "input", "key")
			}
			return change{subject: in.Key, action: "partner.key_revoked", before: "VALID", after: "REVOKED", left: partner.ID}, err
		},
	})
	if err != nil {
		return nil, err
	}
	return p.reloadKey(ctx, in.Key)
}
