package portal

import (
	"context"
	"time"

	"nelke/ent"
	entpartner "nelke/ent/partner"
	"nelke/ent/predicate"
	"nelke/ent/webhookdelivery"
	"nelke/ent/webhookendpoint"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/webhook"
)

// overlap is how long webhooks are signed with the secret before as well, once it was replaced.
const overlap = 24 * time.Hour

// The length of a signing secret, in printable characters of ASCII.
const (
	minSecret = 32
	maxSecret = 128
)

func checkSecret(secret string) error {
	for _, r := range secret {
		if r <= ' ' || r > '~' {
			return problem.Invalid(problem.RuleText, "input", "secret")
		}
	}
	if len(secret) < minSecret || len(secret) > maxSecret {
		return &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleLength, Min: minSecret, Max: maxSecret, Path: []string{"input", "secret"}}
	}
	return nil
}

// badTarget is the problem of an address; nil where it has none.
func badTarget(fault webhook.Fault) error {
	switch fault {
	case "":
		return nil
	case webhook.FaultName:
		return problem.Invalid(problem.RuleHost, "input", "url")
	case webhook.FaultTarget:
		return problem.Invalid(problem.RulePublic, "input", "url")
	default:
		return problem.Invalid(problem.RuleHTTPS, "input", "url")
	}
}

// AddWebhookEndpointInput is an address that a partner wants webhooks at. The secret is sealed, and no part of the remembered
// input: a digest stands for it.
type AddWebhookEndpointInput struct {
	IdempotencyKey string
	Partner        string
	URL            string
	Types          []ChangeType
	Secret         string `json:"-"`
}

// AddWebhookEndpoint begins to send a partner webhooks of changes.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, INVALID_INPUT, WEBHOOKS_OFF.
func (p *Portal) AddWebhookEndpoint(ctx context.Context, in AddWebhookEndpointInput) (_ *ent.WebhookEndpoint, err error) {
	defer problem.Wrap(&err, "AddWebhookEndpoint(%s)", in.Partner)

	remembered := struct {
		AddWebhookEndpointInput
		Digest string
	}{in, p.secretDigest(&in.Secret)}
	id := newID("webhook")
	var fault error
	id, err = p.onPartner(ctx, partnerWrite{
		operation: "addWebhookEndpoint", key: in.IdempotencyKey, outcome: id, input: remembered,
		of: entpartner.IDIn(storable(in.Partner)...), who: p.administers, path: "partner",
		prepare: func(*ent.Partner) { fault = p.checkTarget(ctx, &in.URL) },
		work: func(ctx context.Context, tx *Tx, partner *ent.Partner) (change, error) {
			if fault != nil {
				return change{}, fault
			}
			if err := checkSecret(in.Secret); err != nil {
				return change{}, err
			}
			types, err := checkTypes(in.Types, true)
			if err != nil {
				return change{}, err
			}
			there, err := tx.WebhookEndpoint.Query().Where(webhookendpoint.PartnerID(partner.ID),
				webhookendpoint.StatusNEQ(webhookendpoint.StatusREMOVED)).Count(ctx)
			if err != nil {
				return change{}, err
			}
			if there >= maxEndpoints {
				return change{}, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleCount, Max: maxEndpoints, Path: []string{"input", "partner"}}
			}
			position, err := tx.endOfFeed(ctx)
			if err != nil {
				return change{}, err
			}
			return change{subject: id, action: "webhook.added", before: partner.ID, after: webhookendpoint.StatusACTIVE.String(), left: remembered},
				tx.WebhookEndpoint.Create().SetID(id).SetPartnerID(partner.ID).SetMunicipalityID(partner.MunicipalityID).SetURL(in.URL).
					SetTypes(types).SetSecret(p.webhooks.Close(in.Secret, id)).SetStatus(webhookendpoint.StatusACTIVE).
					SetPosition(position).SetCreatedAt(tx.now).Exec(ctx)
		},
	})
	if err != nil {
		return nil, err
	}
	return p.reloadEndpoint(ctx, id)
}

// secretDigest stands for a secret in what is remembered of an input; empty where there is none, or where nothing is written.
func (p *Portal) secretDigest(secret *string) string {
	if secret == nil || p.webhooks == nil {
		return ""
	}
	return p.webhooks.Digest(*secret)
}

// checkTarget returns what is wrong with an address. A nil one is none.
func (p *Portal) checkTarget(ctx context.Context, address *string) error {
	switch {
	case p.webhooks == nil:
		return problem.New(problem.WebhooksOff)
	case address == nil:
		return nil
	}
	return badTarget(p.webhooks.Check(ctx, *address))
}

// checkTypes returns the types of changes that an endpoint receives; all where none are named.
func checkTypes(types []ChangeType, all bool) ([]string, error) {
	if types == nil && all {
		return sorted([]ChangeType{ChangedMunicipality, ChangedOffice, ChangedService}), nil
	}
	if len(types) == 0 {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: 3, Path: []string{"input", "types"}}
	}
	return sorted(types), nil
}

// endOfFeed is the last position of the feed. What is being committed just now comes after it.
func (tx *Tx) endOfFeed(ctx context.Context) (position int64, err error) {
	return position, tx.SQL.QueryRowContext(ctx, `SELECT coalesce(max(position), 0) FROM changes`).Scan(&position)
}

// UpdateWebhookEndpointInput changes an endpoint: what is nil stays as it is.
type UpdateWebhookEndpointInput struct {
	IdempotencyKey string
	Endpoint       string
	URL            *string
	Types          []ChangeType
	Secret         *string `json:"-"`
	Status         *string
}

// UpdateWebhookEndpoint changes an endpoint. For a day after the secret was replaced, webhooks are signed with both. A
// paused endpoint receives nothing; once it is active again, it receives what has changed meanwhile.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, INVALID_INPUT, WEBHOOKS_OFF.
func (p *Portal) UpdateWebhookEndpoint(ctx context.Context, in UpdateWebhookEndpointInput) (_ *ent.WebhookEndpoint, err error) {
	defer problem.Wrap(&err, "UpdateWebhookEndpoint(%s)", in.Endpoint)

	remembered := struct {
		UpdateWebhookEndpointInput
		Digest string
	}{in, p.secretDigest(in.Secret)}
	var fault error
	_, err = p.onPartner(ctx, partnerWrite{
		operation: "updateWebhookEndpoint", key: in.IdempotencyKey, outcome: in.Endpoint, input: remembered,
		of: withEndpoint(in.Endpoint), who: p.administers, path: "endpoint",
		prepare: func(*ent.Partner) { fault = p.checkTarget(ctx, in.URL) },
		work: func(ctx context.Context, tx *Tx, _ *ent.Partner) (change, error) {
			e, err := tx.endpoint(ctx, in.Endpoint)
			if err != nil || fault != nil {
				return change{}, firstOf(err, fault)
			}
			update, after := tx.WebhookEndpoint.UpdateOneID(e.ID).SetNillableURL(in.URL), e.Status
			if in.Types != nil {
				types, err := checkTypes(in.Types, false)
				if err != nil {
					return change{}, err
				}
				update.SetTypes(types)
			}
			if in.Secret != nil {
				if err := checkSecret(*in.Secret); err != nil {
					return change{}, err
				}
				if now, ok := p.webhooks.Open(e.Secret, e.ID); !ok || now != *in.Secret { // the same again keeps the one before it
					update.SetSecret(p.webhooks.Close(*in.Secret, e.ID)).SetFormerSecret(e.Secret).SetFormerSecretUntil(tx.now.Add(overlap))
				}
			}
			if in.Status != nil {
				after = webhookendpoint.Status(*in.Status)
			}
			ch := change{subject: e.ID, action: "webhook.updated", before: e.Status.String(), after: after.String(), left: remembered}
			if err := update.SetStatus(after).Exec(ctx); err != nil {
				return ch, err
			}
			if after == webhookendpoint.StatusACTIVE && (e.Status != after || in.URL != nil || in.Secret != nil) {
				err = p.resume(ctx, tx, e.ID)
			}
			return ch, err
		},
	})
	if err != nil {
		return nil, err
	}
	return p.reloadEndpoint(ctx, in.Endpoint)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// withEndpoint is the condition of being the partner of an endpoint.
func withEndpoint(id string) predicate.Partner {
	return entpartner.HasEndpointsWith(webhookendpoint.IDIn(storable(id)...))
}

// endpoint locks an endpoint until the end of the transaction and reads it. A removed one isn't there.
func (tx *Tx) endpoint(ctx context.Context, id string) (*ent.WebhookEndpoint, error) {
	a := tx.Args()
	n, err := tx.exec(ctx, a, `UPDATE webhook_endpoints SET position = position WHERE id = `+a.Bind(id)+` AND status <> 'REMOVED'`)
	if err == nil && n == 0 {
		err = problem.New(problem.NotFound, "input", "endpoint")
	}
	if err != nil {
		return nil, err
	}
	return tx.WebhookEndpoint.Get(ctx, id)
}

// WebhookEndpointInput names an endpoint.
type WebhookEndpointInput struct {
	IdempotencyKey string
	Endpoint       string
}

// RemoveWebhookEndpoint ends an endpoint and deletes its deliveries and its secret.
//
// Problems: UNAUTHENTICATED, NOT_FOUND.
func (p *Portal) RemoveWebhookEndpoint(ctx context.Context, in WebhookEndpointInput) (_ *ent.Partner, err error) {
	defer problem.Wrap(&err, "RemoveWebhookEndpoint(%s)", in.Endpoint)

	of := withEndpoint(in.Endpoint)
	_, err = p.onPartner(ctx, partnerWrite{
		operation: "removeWebhookEndpoint", key: in.IdempotencyKey, outcome: in.Endpoint, input: in,
		of: of, who: p.administers, path: "endpoint",
		work: func(ctx context.Context, tx *Tx, _ *ent.Partner) (change, error) {
			e, err := tx.endpoint(ctx, in.Endpoint)
			if err != nil {
				return change{}, err
			}
			if _, err := tx.WebhookDelivery.Delete().Where(webhookdelivery.EndpointID(e.ID)).Exec(ctx); err != nil {
				return change{}, err
			}
			return change{subject: e.ID, action: "webhook.removed", before: e.Status.String(), after: webhookendpoint.StatusREMOVED.String()},
				tx.WebhookEndpoint.UpdateOneID(e.ID).SetStatus(webhookendpoint.StatusREMOVED).SetSecret("").SetFormerSecret("").ClearFormerSecretUntil().Exec(ctx)
		},
	})
	if err != nil {
		return nil, err
	}
	id, err := p.store.Reader().Partner.Query().Where(of).OnlyID(ctx)
	if err != nil {
		return nil, err
	}
	return p.reloadPartner(ctx, id)
}

// ReplayWebhookInput says what is sent again: one delivery, or all dead ones.
type ReplayWebhookInput struct {
	IdempotencyKey string
	Endpoint       string
	Delivery       *string
}

// ReplayWebhook has one delivery sent again at once, whatever became of it, or all dead ones of an endpoint.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WEBHOOKS_OFF, RATE_LIMITED.
func (p *Portal) ReplayWebhook(ctx context.Context, in ReplayWebhookInput) (_ *ent.WebhookEndpoint, err error) {
	defer problem.Wrap(&err, "ReplayWebhook(%s)", in.Endpoint)

	return p.onEndpoint(ctx, request{operation: "replayWebhook", key: in.IdempotencyKey, id: in.Endpoint, input: in}, func(ctx context.Context, tx *Tx, e *ent.WebhookEndpoint) (change, error) {
		which := webhookdelivery.StatusEQ(webhookdelivery.StatusDEAD)
		if in.Delivery != nil {
			which = webhookdelivery.IDIn(storable(*in.Delivery)...)
		}
		n, err := tx.again(ctx, webhookdelivery.EndpointID(e.ID), which)
		if err != nil {
			return change{}, err
		}
		if n == 0 && in.Delivery != nil {
			return change{}, problem.New(problem.NotFound, "input", "delivery")
		}
		return change{subject: e.ID, action: "webhook.replayed", before: value(in.Delivery), left: in}, nil
	})
}

// onEndpoint runs a write on an endpoint whose town's admin, or whose partner, the actor is, and enqueues a call to it. Partners
// are limited in how often.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WEBHOOKS_OFF, RATE_LIMITED.
func (p *Portal) onEndpoint(ctx context.Context, r request, work func(context.Context, *Tx, *ent.WebhookEndpoint) (change, error)) (*ent.WebhookEndpoint, error) {
	var limited error
	_, err := p.onPartner(ctx, partnerWrite{
		operation: r.operation, key: r.key, outcome: r.id, input: r.input,
		of: withEndpoint(r.id), who: p.seesPartners, path: "endpoint",
		prepare: func(partner *ent.Partner) { limited = p.limitPartner(ctx, partner) },
		work: func(ctx context.Context, tx *Tx, _ *ent.Partner) (change, error) {
			e, err := tx.endpoint(ctx, r.id)
			if err != nil || limited != nil {
				return change{}, firstOf(err, limited)
			}
			if p.webhooks == nil {
				return change{}, problem.New(problem.WebhooksOff)
			}
			ch, err := work(ctx, tx, e)
			if err != nil {
				return change{}, err
			}
			return ch, p.jobs.SendWebhooksAt(ctx, tx.SQL, e.ID, tx.now)
		},
	})
	if err != nil {
		return nil, err
	}
	return p.reloadEndpoint(ctx, r.id)
}

// limitPartner counts what a partner itself asks for: it locks the town, has what is remembered of it read again, and leaves
// rows behind. Admins may ask as often as they like.
func (p *Portal) limitPartner(ctx context.Context, partner *ent.Partner) error {
	if identity.FromContext(ctx).Kind != identity.Partner {
		return nil
	}
	return take(ctx, p.limits.Pings, partner.ID, 1)
}

// again begins deliveries anew: at once, and with all their patience.
func (tx *Tx) again(ctx context.Context, which ...predicate.WebhookDelivery) (int, error) {
	return tx.WebhookDelivery.Update().Where(which...).SetStatus(webhookdelivery.StatusPENDING).SetAttempts(0).ClearBegunAt().
		ClearEndedAt().SetNextAt(tx.now).Save(ctx)
}

// resume has what waits for endpoints tried at once.
func (p *Portal) resume(ctx context.Context, tx *Tx, endpoints ...string) error {
	for _, id := range endpoints {
		if _, err := tx.again(ctx, webhookdelivery.EndpointID(id), webhookdelivery.StatusEQ(webhookdelivery.StatusPENDING)); err != nil {
			return err
		}
		if err := p.jobs.SendWebhooksAt(ctx, tx.SQL, id, tx.now); err != nil {
			return err
		}
	}
	return nil
}

// PingWebhook sends an endpoint a webhook without changes.
//
// Problems: UNAUTHENTICATED, NOT_FOUND, WEBHOOKS_OFF, RATE_LIMITED.
func (p *Portal) PingWebhook(ctx context.Context, in WebhookEndpointInput) (_ *ent.WebhookEndpoint, err error) {
	defer problem.Wrap(&err, "PingWebhook(%s)", in.Endpoint)

	return p.onEndpoint(ctx, request{operation: "pingWebhook", key: in.IdempotencyKey, id: in.Endpoint, input: in}, func(ctx context.Context, tx *Tx, e *ent.WebhookEndpoint) (change, error) {
		return change{subject: e.ID, action: "webhook.pinged"}, tx.deliver(ctx, e.ID, e.Position, nil)
	})
}
