package portal

import (
	"context"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/event"
	entpayment "nelke/ent/payment"
	"nelke/ent/predicate"
	"nelke/internal/identity"
)

// ApplicationEventsOf gives what happened to applications and their payments, oldest first.
func (p *Portal) ApplicationEventsOf(ctx context.Context, apps []*ent.Application) (_ [][]*ent.Event, err error) {
	defer wrap(&err, "ApplicationEventsOf(%d)", len(apps))

	ids := p.dependOn(ctx, apps)
	payments, err := p.store.Reader().Payment.Query().Where(entpayment.ApplicationIDIn(ids...)).
		Select(entpayment.FieldID, entpayment.FieldApplicationID).All(ctx)
	if err != nil {
		return nil, err
	}
	index := map[string]int{}
	for i, a := range apps {
		index[a.ID] = i
	}
	for _, pay := range payments {
		index[pay.ID] = index[pay.ApplicationID]
		ids = append(ids, pay.ID)
	}
	rows, err := p.store.Reader().Event.Query().Where(event.SubjectIn(ids...)).Order(event.ByStream(), event.BySeq()).All(ctx)
	if err != nil {
		return nil, err
	}
	of := make([][]*ent.Event, len(apps))
	for _, e := range rows {
		i := index[e.Subject]
		e.At = e.At.In(apps[i].StartedAt.Location())
		of[i] = append(of[i], e)
		e.Seq = len(of[i]) // that of the case would tell of what else is in it
	}
	return of, nil
}

// LastEventOf gives what happened to each application last.
func (p *Portal) LastEventOf(ctx context.Context, apps []*ent.Application) (_ []*ent.Event, err error) {
	defer wrap(&err, "LastEventOf(%d)", len(apps))

	all, err := p.ApplicationEventsOf(ctx, apps)
	if err != nil {
		return nil, err
	}
	last := make([]*ent.Event, len(apps))
	for i, events := range all {
		if len(events) > 0 {
			last[i] = events[len(events)-1]
		}
	}
	return last, nil
}

// eventsSeen is the condition under which the actor sees the events of cases: staff don't see those of drafts.
func (p *Portal) eventsSeen(ctx context.Context, cases []string) ([]predicate.Event, error) {
	if identity.FromContext(ctx).Kind != identity.Staff {
		return nil, nil
	}
	drafts, err := p.store.Reader().Application.Query().Where(application.CaseIDIn(cases...), application.SubmittedAtIsNil()).IDs(ctx)
	if err != nil || len(drafts) == 0 {
		return nil, err
	}
	payments, err := p.store.Reader().Payment.Query().Where(entpayment.ApplicationIDIn(drafts...)).IDs(ctx)
	if err != nil {
		return nil, err
	}
	return []predicate.Event{event.SubjectNotIn(append(drafts, payments...)...)}, nil
}
