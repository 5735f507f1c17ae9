package portal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"

	"nelke/ent"
	"nelke/ent/closure"
	"nelke/ent/counter"
	"nelke/ent/fee"
	"nelke/ent/form"
	"nelke/ent/municipality"
	"nelke/ent/office"
	"nelke/ent/opening"
	"nelke/ent/openingrule"
	"nelke/ent/paymentoption"
	"nelke/ent/predicate"
	"nelke/ent/privacynotice"
	"nelke/ent/publicservice"
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
	rules    schedule.Rules
}

// Service is a public service with its prices and forms.
type Service struct {
	*ent.PublicService
	Town *Town
	Fees []*ent.Fee  // ascending by first day
	Form *ent.Form   // the newest
	Old  []*ent.Form // those before
}

// directory says which town a thing belongs to.
type directory struct {
	towns    []*ent.Municipality // by slug
	bySlug   map[string]*ent.Municipality
	byARS    map[string]*ent.Municipality
	byID     map[string]*ent.Municipality
	ofOffice map[string]string // ids of offices to ids of municipalities; likewise below
	counters map[string]string
	services map[string]string
	notices  map[string]string
	forms    map[string]string
	kinds    []*ent.ServiceKind // by slug
}

// directoryKey is nudged when a town, an office, a counter, a service, a form or a notice comes or goes, and when a kind
// of services changes.
const directoryKey = live.Key("catalogue")

func (p *Portal) directory(ctx context.Context) (*directory, error) {
	same := func(ctx context.Context, d *directory) (bool, error) { return p.upToDate(ctx, d.heads(nil)) }
	return cache.Renew(ctx, p.cache, "directory", []live.Key{directoryKey}, same, func(ctx context.Context) (*directory, time.Time, error) {
		d, err := readDirectory(ctx, p.store.Reader())
		return d, p.clock().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour), err // as often as towns, which have midnights of their own
	})
}

// heads are the heads of towns' records by the towns' ids. A record goes on with every change of anything that readTown and
// readDirectory read, so one statement shows for all towns that what was read of them still holds.
type heads map[string]string

// Pinned keeps the heads in memory.
func (heads) Pinned() {}

// upToDate reports whether these are the heads of all towns now.
func (p *Portal) upToDate(ctx context.Context, made heads) (bool, error) {
	now, err := p.heads(ctx)
	return maps.Equal(made, now), err
}

func (p *Portal) heads(ctx context.Context) (heads, error) {
	return cache.Read(ctx, p.cache, "heads", nil, func(ctx context.Context) (heads, time.Time, error) {
		rows, err := p.store.Reader().Municipality.Query().Select(municipality.FieldID, municipality.FieldEventHead).All(ctx)
		now := make(heads, len(rows))
		for _, m := range rows {
			now[m.ID] = m.EventHead
		}
		return now, time.Time{}, err
	})
}

// heads are those that the directory, and what was made of these towns besides, has been read under. Where the two are apart
// for a town there is none, so that nothing is taken for more recent than its oldest part.
func (d *directory) heads(towns []*Town) heads {
	made := make(heads, len(d.towns))
	for _, m := range d.towns {
		made[m.ID] = m.EventHead
	}
	for _, t := range towns {
		if made[t.ID] != t.EventHead {
			made[t.ID] = ""
		}
	}
	return made
}

func readDirectory(ctx context.Context, db *ent.Client) (_ *directory, err error) {
	defer problem.Wrap(&err, "readDirectory")

	d := &directory{bySlug: map[string]*ent.Municipality{}, byARS: map[string]*ent.Municipality{}, byID: map[string]*ent.Municipality{}}
	if d.towns, err = db.Municipality.Query().Order(municipality.BySlug()).All(ctx); err != nil {
		return nil, err
	}
	for _, m := range d.towns {
		d.bySlug[m.Slug], d.byARS[m.Ars], d.byID[m.ID] = m, m, m
	}
	d.ofOffice, d.counters, d.services = map[string]string{}, map[string]string{}, map[string]string{}
	d.notices, d.forms = map[string]string{}, map[string]string{}

	offices, err := db.Office.Query().Select(office.FieldID, office.FieldMunicipalityID).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range offices {
		d.ofOffice[o.ID] = o.MunicipalityID
	}
	counters, err := db.Counter.Query().Select(counter.FieldID, counter.FieldOfficeID).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range counters {
		d.counters[c.ID] = d.ofOffice[c.OfficeID]
	}
	services, err := db.PublicService.Query().Select(publicservice.FieldID, publicservice.FieldMunicipalityID).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range services {
		d.services[s.ID] = s.MunicipalityID
	}
	notices, err := db.PrivacyNotice.Query().Select(privacynotice.FieldID, privacynotice.FieldMunicipalityID).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range notices {
		d.notices[n.ID] = n.MunicipalityID
	}
	forms, err := db.Form.Query().Select(form.FieldID, form.FieldServiceID).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range forms {
		d.forms[f.ID] = d.services[f.ServiceID]
	}
	d.kinds, err = db.ServiceKind.Query().All(ctx)
	// Sorted here: a database sorts by its own collation.
	slices.SortFunc(d.kinds, func(a, b *ent.ServiceKind) int { return strings.Compare(a.ID, b.ID) })
	return d, err
}

// town returns a town by id; nil where there is none.
func (p *Portal) town(ctx context.Context, id string) (*Town, error) {
	if id == "" {
		return nil, nil
	}
	same := func(ctx context.Context, t *Town) (bool, error) {
		now, err := p.heads(ctx)
		return t != nil && t.EventHead == now[id], err
	}
	return cache.Renew(ctx, p.cache, "town:"+id, []live.Key{live.Catalogue(id)}, same, func(ctx context.Context) (*Town, time.Time, error) {
		t, err := readTown(ctx, p.store.Reader(), id, p.clock())
		if err != nil || t == nil {
			return nil, time.Time{}, err
		}
		return t, t.trueUntil(p.clock()), nil
	})
}

// trueUntil is the next instant at which time alone changes what the town shows: a local midnight (prices, notices,
// methods, the calendar's first day) or the edge of a service's window.
func (t *Town) trueUntil(now time.Time) time.Time {
	until := schedule.DateOf(now, t.Zone).AddDays(1).Midnight(t.Zone)
	for _, o := range t.Offices {
		zone := o.rules.Zone
		if at := schedule.DateOf(now, zone).AddDays(1).Midnight(zone); at.Before(until) {
			until = at
		}
	}
	for _, s := range t.Services {
		for _, edge := range []*time.Time{s.OpensAt, s.ClosesAt} {
			if edge != nil && edge.After(now) && edge.Before(until) {
				until = *edge
			}
		}
	}
	return until
}

// readTown reads a town whole. db is the transaction's client where the answer decides a write.
func readTown(ctx context.Context, db *ent.Client, id string, now time.Time) (_ *Town, err error) {
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
	if err := t.readServices(ctx, db); err != nil {
		return nil, err
	}
	return t, t.readOffices(ctx, db, now)
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

func (t *Town) readOffices(ctx context.Context, db *ent.Client, now time.Time) error {
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

// office returns an office by id, of whichever town; nil where there is none.
func (p *Portal) office(ctx context.Context, id string) (*Office, error) {
	d, err := p.directory(ctx)
	if err != nil {
		return nil, err
	}
	t, err := p.town(ctx, d.ofOffice[id])
	if err != nil || t == nil {
		return nil, err
	}
	return t.office(id), nil
}

func (t *Town) office(id string) *Office {
	i := slices.IndexFunc(t.Offices, func(o *Office) bool { return o.ID == id })
	if i < 0 {
		return nil
	}
	return t.Offices[i]
}

// today is the local date at an instant.
func (t *Town) today(now time.Time) schedule.Date { return schedule.DateOf(now, t.Zone) }

// Pinned keeps the town in this process and in memory: its calendars can't travel, and all that is shown is made of it.
func (*Town) Pinned() {}

// Lasting lets the town outlive the database, for whoever asks what it publishes.
func (*Town) Lasting() {}

// Pinned keeps the directory in memory.
func (*directory) Pinned() {}

// Lasting lets the directory outlive the database with its towns.
func (*directory) Lasting() {}
