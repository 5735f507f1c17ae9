package portal

import (
	"context"
	"time"

	"nelke/ent"
	entchange "nelke/ent/change"
	entpartner "nelke/ent/partner"
	"nelke/ent/predicate"
	"nelke/ent/schema"
	"nelke/ent/webhookdelivery"
	"nelke/ent/webhookendpoint"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/store"
	"nelke/internal/webhook"
)

const (
	// maxWaiting deliveries of one endpoint wait at most. What changes besides stays in the feed, where each thing stands
	// once however often it changes, until there is room.
	maxWaiting = 10
	// maxTold is how many changes one delivery carries.
	maxTold = 100
	// callLease is how long an endpoint is one caller's: longer than a call can take.
	callLease = 30 * time.Second
	// keepDelivered and keepDead are how long deliveries that have ended can be read, and replayed.
	keepDelivered = 30 * 24 * time.Hour
	keepDead      = 90 * 24 * time.Hour
)

// enqueueWebhooks enqueues a call to every active endpoint of the towns that this transaction has changed.
func (p *Portal) enqueueWebhooks(ctx context.Context, tx *Tx) error {
	towns := map[string]bool{}
	var list []string
	for _, m := range tx.moved {
		if !towns[m.municipality] {
			towns[m.municipality] = true
			list = append(list, m.municipality)
		}
	}
	if len(list) == 0 {
		return nil
	}
	ids, err := tx.WebhookEndpoint.Query().Where(store.OneOf[predicate.WebhookEndpoint](webhookendpoint.FieldMunicipalityID, list),
		webhookendpoint.StatusEQ(webhookendpoint.StatusACTIVE)).IDs(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := p.jobs.SendWebhooksAt(ctx, tx.SQL, id, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// attempt is a delivery that this process alone tries now.
type attempt struct {
	*ent.WebhookDelivery
	endpoint *ent.WebhookEndpoint
	at       time.Time
	feed     feedEnd
}

// SendWebhooks sends an endpoint what has changed: it makes one call, if one is due and no other process makes one, and enqueues
// the next. It may be repeated at any time.
func (p *Portal) SendWebhooks(ctx context.Context, endpoint string) (err error) {
	defer problem.Wrap(&err, "SendWebhooks(%s)", endpoint)

	if p.webhooks == nil {
		return nil
	}
	ctx = identity.WithActor(ctx, identity.Actor{})
	try, err := p.claim(ctx, endpoint)
	if err != nil || try == nil {
		return err
	}
	return p.noted(ctx, try, p.call(ctx, try))
}

// claim makes the delivery that is due first this process's. It is nil where there is none, or somebody makes a call.
func (p *Portal) claim(ctx context.Context, endpoint string) (try *attempt, err error) {
	err = p.write(ctx, func(ctx context.Context, tx *Tx) error {
		try = nil // a transaction may be repeated
		if err := tx.tick(ctx); err != nil {
			return err
		}
		e, err := tx.lockEndpoint(ctx, endpoint)
		if err != nil || e == nil || e.BusyUntil != nil && e.BusyUntil.After(tx.now) {
			return err
		}
		if err := tx.gather(ctx, e); err != nil {
			return err
		}
		d, err := tx.due(ctx, e.ID)
		if err != nil || d == nil {
			return err
		}
		update := tx.WebhookDelivery.UpdateOneID(d.ID).AddAttempts(1).SetTriedAt(tx.now)
		if d.BegunAt == nil {
			update.SetBegunAt(tx.now)
		}
		if d, err = update.Save(ctx); err != nil {
			return err
		}
		lease := tx.now.Add(callLease)
		e.BusyUntil = &lease
		feed, err := tx.feedEnd(ctx)
		if err != nil {
			return err
		}
		try = &attempt{d, e, tx.now, feed}
		// If this process dies in the call, somebody else comes when the lease is over.
		if err := p.jobs.SendWebhooksAt(ctx, tx.SQL, e.ID, lease); err != nil {
			return err
		}
		return tx.WebhookEndpoint.UpdateOneID(e.ID).SetBusyUntil(lease).Exec(ctx)
	})
	return try, err
}

// lockEndpoint locks and reads an endpoint that receives webhooks; nil where it doesn't.
func (tx *Tx) lockEndpoint(ctx context.Context, id string) (*ent.WebhookEndpoint, error) {
	a := tx.Args()
	if _, err := tx.exec(ctx, a, `UPDATE webhook_endpoints SET position = position WHERE id = `+a.Bind(id)); err != nil {
		return nil, err
	}
	e, err := tx.WebhookEndpoint.Query().Where(webhookendpoint.ID(id), webhookendpoint.StatusEQ(webhookendpoint.StatusACTIVE),
		webhookendpoint.HasPartnerWith(entpartner.StatusEQ(entpartner.StatusACTIVE))).Only(ctx)
	return e, ent.MaskNotFound(err)
}

// due is the delivery whose turn it is; nil where it is nobody's.
func (tx *Tx) due(ctx context.Context, endpoint string) (*ent.WebhookDelivery, error) {
	d, err := tx.WebhookDelivery.Query().Where(webhookdelivery.EndpointID(endpoint), webhookdelivery.StatusEQ(webhookdelivery.StatusPENDING),
		webhookdelivery.NextAtLTE(tx.now)).Order(webhookdelivery.ByNextAt(), webhookdelivery.ByID()).First(ctx)
	return d, ent.MaskNotFound(err)
}

// gather takes what an endpoint wants to know from the feed, whose positions are those of commits: nothing can come before
// what was read.
func (tx *Tx) gather(ctx context.Context, e *ent.WebhookEndpoint) error {
	waiting, err := tx.WebhookDelivery.Query().Where(webhookdelivery.EndpointID(e.ID), webhookdelivery.StatusEQ(webhookdelivery.StatusPENDING)).Count(ctx)
	if err != nil {
		return err
	}
	types := make([]ChangeType, len(e.Types))
	for i, t := range e.Types {
		types[i] = ChangeType(t)
	}
	for ; waiting < maxWaiting; waiting++ {
		rows, err := tx.Change.Query().Where(entchange.MunicipalityID(e.MunicipalityID), entchange.PositionGT(e.Position), ofTypes(types)).
			Order(entchange.ByPosition()).Limit(maxTold).All(ctx)
		if err != nil || len(rows) == 0 {
			return err
		}
		changes := make([]schema.ChangedThing, len(rows))
		for i, row := range rows {
			changes[i] = schema.ChangedThing{Type: string(typeOf(row.ID)), ID: row.ID}
		}
		e.Position = rows[len(rows)-1].Position
		if err := tx.deliver(ctx, e.ID, e.Position, changes); err != nil {
			return err
		}
		if err := tx.WebhookEndpoint.UpdateOneID(e.ID).SetPosition(e.Position).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// deliver writes down a delivery that is due to an endpoint.
func (tx *Tx) deliver(ctx context.Context, endpoint string, position int64, changes []schema.ChangedThing) error {
	if changes == nil {
		changes = []schema.ChangedThing{}
	}
	return tx.WebhookDelivery.Create().SetEndpointID(endpoint).SetPosition(position).SetChanges(changes).
		SetStatus(webhookdelivery.StatusPENDING).SetNextAt(tx.now).SetCreatedAt(tx.now).Exec(ctx)
}

// call makes the call.
func (p *Portal) call(ctx context.Context, try *attempt) webhook.Outcome {
	e := try.endpoint
	secret, ok := p.webhooks.Open(e.Secret, e.ID)
	if !ok {
		return webhook.Outcome{Fault: webhook.FaultSecret}
	}
	secrets := []string{secret}
	if e.FormerSecretUntil != nil && try.at.Before(*e.FormerSecretUntil) {
		if old, ok := p.webhooks.Open(e.FormerSecret, e.ID); ok {
			secrets = append(secrets, old)
		}
	}
	body := webhook.Body{ID: try.ID, At: try.CreatedAt, Cursor: try.feed.cursor(try.Position)}
	for _, c := range try.Changes {
		body.Changes = append(body.Changes, webhook.Change(c))
	}
	said := body.Encode()
	header := webhook.Sign(try.at, said, secrets...)
	header.Set(webhook.DeliveryHeader, try.ID)
	return p.webhooks.Post(ctx, e.URL, header, said)
}

// noted writes down how an attempt ended and enqueues the next one. Where the process dies before this, the same delivery is
// sent again.
func (p *Portal) noted(ctx context.Context, try *attempt, outcome webhook.Outcome) error {
	return p.write(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.tick(ctx); err != nil {
			return err
		}
		var town *ent.Municipality
		if outcome.Gone {
			var err error
			if town, err = tx.lockPartners(ctx, try.endpoint.MunicipalityID); err != nil {
				return err
			}
		}
		e, err := tx.lockEndpoint(ctx, try.EndpointID)
		if err != nil {
			return err
		}
		update := tx.WebhookDelivery.Update().Where(webhookdelivery.ID(try.ID), webhookdelivery.Attempts(try.Attempts),
			webhookdelivery.StatusEQ(webhookdelivery.StatusPENDING)).SetHTTPStatus(outcome.Status).SetFault(string(outcome.Fault))
		next, more := webhook.Next(*try.BegunAt, tx.now, try.Attempts, float64(p.rand(1001))/1000)
		switch {
		case outcome.Fault == "":
			update.SetStatus(webhookdelivery.StatusDELIVERED).SetEndedAt(tx.now).ClearNextAt()
			more = false
		case more:
			update.SetNextAt(next)
		default:
			update.SetStatus(webhookdelivery.StatusDEAD).SetEndedAt(tx.now).ClearNextAt()
		}
		if n, err := update.Save(ctx); err != nil || n == 0 {
			more = false // replayed meanwhile, or gone
			if err != nil {
				return err
			}
		}
		if _, err := tx.WebhookEndpoint.Update().Where(webhookendpoint.ID(try.EndpointID), webhookendpoint.BusyUntil(store.Micro(*try.endpoint.BusyUntil))).
			ClearBusyUntil().Save(ctx); err != nil || e == nil {
			return err
		}
		if outcome.Gone {
			if err := tx.WebhookEndpoint.UpdateOneID(e.ID).SetStatus(webhookendpoint.StatusPAUSED).Exec(ctx); err != nil {
				return err
			}
			return tx.recordTown(ctx, town, change{subject: e.ID, action: "webhook.gone", before: e.Status.String(), after: webhookendpoint.StatusPAUSED.String()})
		}
		if more {
			if err := p.jobs.SendWebhooksAt(ctx, tx.SQL, e.ID, next); err != nil {
				return err
			}
		}
		if err := tx.gather(ctx, e); err != nil {
			return err
		}
		if d, err := tx.due(ctx, e.ID); err != nil || d == nil {
			return err
		}
		return p.jobs.SendWebhooksAt(ctx, tx.SQL, e.ID, tx.now)
	})
}

// TendWebhooks enqueues calls to those endpoints whose own jobs are lost, or whose job ran while something changed, forgets
// deliveries that ended long ago, and former secrets whose day is over.
func (p *Portal) TendWebhooks(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "TendWebhooks")

	now, err := p.store.Now(ctx)
	if err != nil {
		return err
	}
	if err := p.callLeft(ctx, now); err != nil {
		return err
	}
	for status, before := range map[webhookdelivery.Status]time.Time{
		webhookdelivery.StatusDELIVERED: now.Add(-keepDelivered), webhookdelivery.StatusDEAD: now.Add(-keepDead),
	} {
		if err := inSlices(ctx, p, func() ([]string, error) {
			return p.store.Reader().WebhookDelivery.Query().Where(webhookdelivery.StatusEQ(status), webhookdelivery.EndedAtLT(before)).
				Order(webhookdelivery.ByEndedAt()).Limit(slice).IDs(ctx)
		}, func(ctx context.Context, tx *Tx, ids []string) error {
			a := tx.Args()
			_, err := tx.exec(ctx, a, `DELETE FROM webhook_deliveries WHERE id `+store.In(a, ids)+` AND status = `+a.Bind(status.String()))
			return err
		}); err != nil {
			return err
		}
	}
	return p.write(ctx, func(ctx context.Context, tx *Tx) error {
		return tx.WebhookEndpoint.Update().Where(webhookendpoint.FormerSecretUntilLTE(now)).SetFormerSecret("").ClearFormerSecretUntil().Exec(ctx)
	})
}

// callLeft enqueues calls to the endpoints that something is due to, or of whose town something has changed, and whom nobody
// calls.
func (p *Portal) callLeft(ctx context.Context, now time.Time) error {
	for last := ""; ; {
		ids, err := p.left(ctx, last)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := p.write(ctx, func(ctx context.Context, tx *Tx) error {
			for _, id := range ids {
				if err := p.jobs.SendWebhooksAt(ctx, tx.SQL, id, now); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		last = ids[len(ids)-1]
	}
}

// leftLimit is how many endpoints are looked for at once: to enqueue a job takes several statements.
const leftLimit = 100

// left are the next such endpoints after an id, by their ids.
func (p *Portal) left(ctx context.Context, after string) (ids []string, err error) {
	a := p.store.Args()
	rows, err := p.store.ReadDB().QueryContext(ctx, `SELECT id FROM webhook_endpoints e WHERE id > `+a.Bind(after)+` AND status = 'ACTIVE'
		AND (busy_until IS NULL OR busy_until <= `+a.Now()+`)
		AND (EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'PENDING' AND d.next_at <= `+a.Now()+`)
		OR EXISTS (SELECT 1 FROM changes c WHERE c.municipality_id = e.municipality_id AND c.position > e.position))
		ORDER BY id LIMIT `+a.Bind(leftLimit), a.List()...)
	if err != nil {
		return nil, err
	}
	defer func() { err = firstOf(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// FaultOf is what was wrong with the last attempt of a delivery, as a word.
func FaultOf(d *ent.WebhookDelivery) webhook.Fault { return webhook.Fault(d.Fault) }
