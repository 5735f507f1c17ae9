package portal

import (
	"context"
	"encoding/base64"
	"strconv"
	"time"

	"entgo.io/ent/dialect/sql"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/event"
	entpayment "nelke/ent/payment"
	"nelke/ent/predicate"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// EventConnection is a page of events, newest first. Total is not known.
type EventConnection = catalogue.Connection[*ent.Event]

// listOfEvents begins the cursors of events. What follows is the number that an event has for who sees it, since that of its
// row would tell of what isn't shown.
const listOfEvents = "e\x00"

// seen are the events of a stream, or of a part of it, that somebody sees.
type seen struct {
	where []predicate.Event
	zone  *time.Location
	// count is how many there are, where they are all of a stream and so are numbered by it; else -1.
	count int
}

// EventsOf returns the events of cases that the actor may see, oldest first, in the order of the cases: of many, the newest.
func (p *Portal) EventsOf(ctx context.Context, cases []*ent.CaseFile) (_ [][]*ent.Event, err error) {
	defer problem.Wrap(&err, "EventsOf(%d)", len(cases))

	hidden, err := p.hiddenEvents(ctx, p.dependOnCases(ctx, cases))
	if err != nil {
		return nil, err
	}
	all, cut, err := newest(ctx, idsOfCases(cases), func(ids []string, limit int) ([]*ent.Event, error) {
		return p.store.Reader().Event.Query().Where(append(hidden, store.OneOf[predicate.Event](event.FieldStream, ids))...).
			Order(ent.Desc(event.FieldStream, event.FieldSeq)).Limit(limit).All(ctx)
	}, func(e *ent.Event) string { return e.Stream })
	if err != nil {
		return nil, err
	}
	of := make([][]*ent.Event, len(cases))
	numbered := map[string]bool{}
	for i, c := range cases {
		of[i] = all[c.ID]
		if numbered[c.ID] {
			continue // it stands in the list twice
		}
		numbered[c.ID] = true
		s := seen{where: append(hidden, event.Stream(c.ID)), zone: c.OpenedAt.Location()} // the case has been presented
		if err := p.number(ctx, s, all[c.ID], cut[c.ID]); err != nil {
			return nil, err
		}
	}
	return of, nil
}

// CaseEvents returns a page of the events of a case that the actor may see, newest first.
//
// Problems: INVALID_INPUT.
func (p *Portal) CaseEvents(ctx context.Context, c *ent.CaseFile, page catalogue.Page) (_ *EventConnection, err error) {
	defer problem.Wrap(&err, "CaseEvents(%s)", c.ID)

	hidden, err := p.hiddenEvents(ctx, p.dependOnCases(ctx, []*ent.CaseFile{c}))
	if err != nil {
		return nil, err
	}
	s := seen{where: append(hidden, event.Stream(c.ID)), zone: c.OpenedAt.Location(), count: -1}
	if len(hidden) == 0 {
		s.count = c.EventCount
	}
	return p.eventPage(ctx, s, page)
}

// ApplicationEventsOf returns what happened to applications and their payments, oldest first: of much, the newest.
func (p *Portal) ApplicationEventsOf(ctx context.Context, apps []*ent.Application) (_ [][]*ent.Event, err error) {
	defer problem.Wrap(&err, "ApplicationEventsOf(%d)", len(apps))

	subjects, owner, err := p.subjectsOf(ctx, apps)
	if err != nil {
		return nil, err
	}
	all, cut, err := newest(ctx, idsOfApplications(apps), func(ids []string, limit int) ([]*ent.Event, error) {
		var list []string
		for _, id := range ids {
			list = append(list, subjects[id]...)
		}
		return p.store.Reader().Event.Query().Where(store.OneOf[predicate.Event](event.FieldSubject, list)).
			Order(ent.Desc(event.FieldStream, event.FieldSeq)).Limit(limit).All(ctx)
	}, func(e *ent.Event) string { return owner[e.Subject] })
	if err != nil {
		return nil, err
	}
	of := make([][]*ent.Event, len(apps))
	numbered := map[string]bool{}
	for i, a := range apps {
		of[i] = all[a.ID]
		if numbered[a.ID] {
			continue
		}
		numbered[a.ID] = true
		s := seen{where: eventsAbout(a, subjects[a.ID]), zone: a.StartedAt.Location()}
		if err := p.number(ctx, s, all[a.ID], cut[a.ID]); err != nil {
			return nil, err
		}
	}
	return of, nil
}

// ApplicationEvents returns a page of what happened to an application and its payments, newest first.
//
// Problems: INVALID_INPUT.
func (p *Portal) ApplicationEvents(ctx context.Context, a *ent.Application, page catalogue.Page) (_ *EventConnection, err error) {
	defer problem.Wrap(&err, "ApplicationEvents(%s)", a.ID)

	subjects, _, err := p.subjectsOf(ctx, []*ent.Application{a})
	if err != nil {
		return nil, err
	}
	return p.eventPage(ctx, seen{where: eventsAbout(a, subjects[a.ID]), zone: a.StartedAt.Location(), count: -1}, page)
}

// LastEventOf returns what happened to each application last.
func (p *Portal) LastEventOf(ctx context.Context, apps []*ent.Application) (_ []*ent.Event, err error) {
	defer problem.Wrap(&err, "LastEventOf(%d)", len(apps))

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

// subjectsOf are what the events of each application are about: itself and its payments; and whose each of these is.
func (p *Portal) subjectsOf(ctx context.Context, apps []*ent.Application) (subjects map[string][]string, owner map[string]string, err error) {
	subjects, owner = map[string][]string{}, map[string]string{}
	for _, a := range apps {
		subjects[a.ID], owner[a.ID] = []string{a.ID}, a.ID
	}
	payments, err := p.store.Reader().Payment.Query().Where(store.OneOf[predicate.Payment](entpayment.FieldApplicationID, p.dependOn(ctx, apps))).
		Select(entpayment.FieldID, entpayment.FieldApplicationID).All(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, pay := range payments {
		subjects[pay.ApplicationID] = append(subjects[pay.ApplicationID], pay.ID)
		owner[pay.ID] = pay.ApplicationID
	}
	return subjects, owner, nil
}

func eventsAbout(a *ent.Application, subjects []string) []predicate.Event {
	return []predicate.Event{event.Stream(a.CaseID), store.OneOf[predicate.Event](event.FieldSubject, subjects)}
}

// hiddenEvents is the condition that leaves out the events of cases that the actor doesn't see: for staff, those of drafts.
func (p *Portal) hiddenEvents(ctx context.Context, cases []string) ([]predicate.Event, error) {
	if identity.FromContext(ctx).Kind != identity.Staff {
		return nil, nil
	}
	drafts, err := p.store.Reader().Application.Query().
		Where(store.OneOf[predicate.Application](application.FieldCaseID, cases), application.SubmittedAtIsNil()).IDs(ctx)
	if err != nil || len(drafts) == 0 {
		return nil, err
	}
	payments, err := p.store.Reader().Payment.Query().Where(store.OneOf[predicate.Payment](entpayment.FieldApplicationID, drafts)).IDs(ctx)
	if err != nil {
		return nil, err
	}
	return []predicate.Event{store.NoneOf[predicate.Event](event.FieldSubject, append(drafts, payments...))}, nil
}

// number returns the last of the events that are seen their numbers, and their times a zone.
func (p *Portal) number(ctx context.Context, s seen, events []*ent.Event, cut bool) error {
	before := 0
	if cut {
		var err error
		if before, err = p.store.Reader().Event.Query().Where(append(s.where, event.SeqLT(events[0].Seq))...).Count(ctx); err != nil {
			return err
		}
	}
	for i, e := range events {
		e.At = e.At.In(s.zone)
		e.Seq = before + i + 1 // a gap would tell of what isn't shown
	}
	return nil
}

// eventPage cuts a page out of the events that are seen.
func (p *Portal) eventPage(ctx context.Context, s seen, page catalogue.Page) (*EventConnection, error) {
	first, after, err := keyset(page, listOfEvents)
	if err != nil {
		return nil, err
	}
	count, place := s.count, func(number int) int { return number }
	if count < 0 {
		var seqs []int
		if err := p.store.Reader().Event.Query().Where(s.where...).Order(event.BySeq(sql.OrderAsc())).Select(event.FieldSeq).Scan(ctx, &seqs); err != nil {
			return nil, err
		}
		count, place = len(seqs), func(number int) int { return seqs[number-1] }
	}
	last := count
	if after != "" {
		n, err := strconv.Atoi(after)
		if err != nil || n < 1 {
			return nil, problem.Invalid(problem.RuleCursor, "after")
		}
		last = min(last, n-1)
	}
	c := &EventConnection{Nodes: []*ent.Event{}, Before: page.After != nil}
	if last < 1 {
		return c, nil
	}
	from := max(1, last-first+1)
	rows, err := p.store.Reader().Event.Query().Where(append(s.where, event.SeqGTE(place(from)), event.SeqLTE(place(last)))...).
		Order(ent.Desc(event.FieldSeq)).All(ctx)
	if err != nil {
		return nil, err
	}
	c.After = from > 1
	for i, e := range rows {
		e.Seq, e.At = last-i, e.At.In(s.zone)
		c.Nodes = append(c.Nodes, e)
		c.Cursors = append(c.Cursors, base64.RawURLEncoding.EncodeToString([]byte(listOfEvents+strconv.Itoa(e.Seq))))
	}
	return c, nil
}

func idsOfCases(cases []*ent.CaseFile) []string {
	ids := make([]string, len(cases))
	for i, c := range cases {
		ids[i] = c.ID
	}
	return ids
}

func idsOfApplications(apps []*ent.Application) []string {
	ids := make([]string, len(apps))
	for i, a := range apps {
		ids[i] = a.ID
	}
	return ids
}
