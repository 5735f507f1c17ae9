package catalogue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"

	"nelke/ent"
	"nelke/ent/closure"
	"nelke/ent/counter"
	"nelke/ent/fee"
	"nelke/ent/form"
	"nelke/ent/office"
	"nelke/ent/opening"
	"nelke/ent/openingrule"
	"nelke/ent/paymentoption"
	"nelke/ent/predicate"
	"nelke/ent/privacynotice"
	"nelke/ent/publicservice"
	"nelke/ent/townpage"
	"nelke/internal/cache"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/store"
)

// Town is all that a municipality offers, as it stood when it was read. It is shared: nobody changes it.
type Town struct {
	*ent.Municipality
	Zone     *time.Location
	Offices  []*Office
	Services []*Service
	Notices  []*ent.PrivacyNotice // ascending by version
	Payments []*ent.PaymentOption
	Pages    []*ent.TownPage // in the town's order, German first

	services map[string]*Service // by id
}

// Office is an office with all its rules.
type Office struct {
	*ent.Office
	Town     *Town
	Counters []*ent.Counter
	Closures []*ent.Closure
	Openings []*ent.Opening // for single dates
	Calendar *schedule.Calendar
	Rules    schedule.Rules // what Calendar is made of
}

// Town returns a town by id, remembered until something of it changes; nil where there is none. It is shared: nobody changes it.
func (r *Reader) Town(ctx context.Context, id string) (*Town, error) {
	if id == "" {
		return nil, nil
	}
	same := func(ctx context.Context, t *Town) (bool, error) {
		now, err := r.heads(ctx)
		return t != nil && t.EventHead == now[id], err
	}
	return cache.Renew(ctx, r.cache, "town:"+id, []live.Key{live.Catalogue(id)}, same, func(ctx context.Context) (*Town, time.Time, error) {
		t, err := ReadTown(ctx, r.store.Reader(), id, r.clock())
		if err != nil || t == nil {
			return nil, time.Time{}, err
		}
		return t, t.trueUntil(r.clock()), nil
	})
}

// trueUntil is the next instant at which time alone changes what the town shows: a local midnight (prices, notices,
// methods, the calendar's first day), or the edge of a service's window or of the banner's.
func (t *Town) trueUntil(now time.Time) time.Time {
	until := schedule.DateOf(now, t.Zone).AddDays(1).Midnight(t.Zone)
	for _, o := range t.Offices {
		zone := o.Rules.Zone
		if at := schedule.DateOf(now, zone).AddDays(1).Midnight(zone); at.Before(until) {
			until = at
		}
	}
	edges := []*time.Time{t.BannerFrom, t.BannerTo}
	for _, s := range t.Services {
		edges = append(edges, s.OpensAt, s.ClosesAt)
	}
	for _, edge := range edges {
		if edge != nil && edge.After(now) && edge.Before(until) {
			until = *edge
		}
	}
	return until
}

// ReadTown reads a town whole, remembered nowhere; nil where there is none. db is the transaction's client where the answer decides
// a write. now is the instant whose local date the offices' calendars begin at.
func ReadTown(ctx context.Context, db *ent.Client, id string, now time.Time) (_ *Town, err error) {
	defer problem.Wrap(&err, "readTown(%s)", id)

	m, err := db.Municipality.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t := &Town{Municipality: m, services: map[string]*Service{}}
	if t.Zone, err = time.LoadLocation(m.TimeZone); err != nil {
		return nil, err
	}
	if t.Notices, err = db.PrivacyNotice.Query().Where(privacynotice.MunicipalityID(id)).
		Order(privacynotice.ByVersion(), privacynotice.ByLanguage()).All(ctx); err != nil {
		return nil, err
	}
	if t.Payments, err = db.PaymentOption.Query().Where(paymentoption.MunicipalityID(id)).
		Order(paymentoption.ByPosition()).All(ctx); err != nil {
		return nil, err
	}
	if t.Pages, err = db.TownPage.Query().Where(townpage.MunicipalityID(id)).
		Order(townpage.ByPosition(), townpage.ByLanguage()).All(ctx); err != nil {
		return nil, err
	}
	for _, edge := range []*time.Time{m.BannerFrom, m.BannerTo} {
		if edge != nil {
			*edge = edge.In(t.Zone)
		}
	}
	if err := t.readServices(ctx, db); err != nil {
		return nil, err
	}
	return t, t.ReadOffices(ctx, db, now)
}

func (t *Town) readServices(ctx context.Context, db *ent.Client) error {
	services, err := db.PublicService.Query().Where(publicservice.MunicipalityID(t.ID)).
		Order(publicservice.ByPosition(), publicservice.ByID()).All(ctx)
	if err != nil {
		return err
	}
	for _, s := range services {
		for _, edge := range []*time.Time{s.OpensAt, s.ClosesAt} {
			if edge != nil {
				*edge = edge.In(t.Zone)
			}
		}
		service := &Service{PublicService: s, Town: t}
		t.services[s.ID] = service
		if s.Active {
			t.Services = append(t.Services, service)
		}
	}
	fees, err := db.Fee.Query().Where(fee.HasServiceWith(publicservice.MunicipalityID(t.ID))).Order(fee.ByValidFrom()).All(ctx)
	if err != nil {
		return err
	}
	for _, f := range fees {
		s := t.services[f.ServiceID]
		s.Fees = append(s.Fees, f)
	}
	forms, err := db.Form.Query().Where(form.HasServiceWith(publicservice.MunicipalityID(t.ID))).Order(form.ByVersion()).All(ctx)
	if err != nil {
		return err
	}
	for _, f := range forms {
		s := t.services[f.ServiceID]
		if s.Form != nil {
			s.Old = append(s.Old, s.Form)
		}
		s.Form = f
	}
	return nil
}

// ReadOffices reads the offices in use into the town, with the calendars that their rules make from now's date on. The town has its
// row and its zone by then.
func (t *Town) ReadOffices(ctx context.Context, db *ent.Client, now time.Time) error {
	offices, err := db.Office.Query().Where(office.MunicipalityID(t.ID), office.Active(true)).Order(office.ByPosition(), office.ByID()).All(ctx)
	if err != nil {
		return err
	}
	byID := map[string]*Office{}
	ids := make([]string, len(offices))
	for i, o := range offices {
		ids[i] = o.ID
		byID[o.ID] = &Office{Office: o, Town: t}
		t.Offices = append(t.Offices, byID[o.ID])
	}
	counters, err := db.Counter.Query().Where(store.OneOf[predicate.Counter](counter.FieldOfficeID, ids)).Order(counter.ByPosition(), counter.ByID()).All(ctx)
	if err != nil {
		return err
	}
	for _, c := range counters {
		byID[c.OfficeID].Counters = append(byID[c.OfficeID].Counters, c)
	}
	openings, err := db.OpeningRule.Query().Where(store.OneOf[predicate.OpeningRule](openingrule.FieldOfficeID, ids)).
		Order(openingrule.ByWeekday(), openingrule.ByFromMinute(), openingrule.ByID(sql.OrderAsc())).All(ctx)
	if err != nil {
		return err
	}
	rulesOf := map[string][]*ent.OpeningRule{}
	for _, r := range openings {
		rulesOf[r.OfficeID] = append(rulesOf[r.OfficeID], r)
	}
	closures, err := db.Closure.Query().Where(store.OneOf[predicate.Closure](closure.FieldOfficeID, ids), closure.RemovedAtIsNil()).Order(closure.ByFromDate(), closure.ByID()).All(ctx)
	if err != nil {
		return err
	}
	for _, c := range closures {
		byID[c.OfficeID].Closures = append(byID[c.OfficeID].Closures, c)
	}
	dated, err := db.Opening.Query().Where(store.OneOf[predicate.Opening](opening.FieldOfficeID, ids), opening.RemovedAtIsNil()).Order(opening.ByFromDate(), opening.ByID()).All(ctx)
	if err != nil {
		return err
	}
	for _, o := range dated {
		byID[o.OfficeID].Openings = append(byID[o.OfficeID].Openings, o)
	}
	for _, o := range t.Offices {
		if err := o.compile(rulesOf[o.ID], now); err != nil {
			return fmt.Errorf("office %s: %w", o.ID, err)
		}
	}
	return nil
}

// Office returns an office of whichever town; nil where there is none.
func (r *Reader) Office(ctx context.Context, id string) (_ *Office, err error) {
	defer problem.Wrap(&err, "Office(%s)", id)

	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	t, err := r.Town(ctx, d.ofOffice[id])
	if err != nil || t == nil {
		return nil, err
	}
	return t.Office(id), nil
}

// Service returns a service of the town, also one that it no longer offers; nil where there is none.
func (t *Town) Service(id string) *Service { return t.services[id] }

// Office returns an office of the town that is in use; nil where there is none.
func (t *Town) Office(id string) *Office {
	i := slices.IndexFunc(t.Offices, func(o *Office) bool { return o.ID == id })
	if i < 0 {
		return nil
	}
	return t.Offices[i]
}

// Today is the town's local date at an instant.
func (t *Town) Today(now time.Time) schedule.Date { return schedule.DateOf(now, t.Zone) }

// Pinned keeps the town in this process and in memory: its calendars can't travel, and all that is shown is made of it.
func (*Town) Pinned() {}

// Lasting lets the town outlive the database, for whoever asks what it publishes.
func (*Town) Lasting() {}
