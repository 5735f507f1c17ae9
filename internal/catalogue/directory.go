package catalogue

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"nelke/ent"
	"nelke/ent/counter"
	"nelke/ent/form"
	"nelke/ent/municipality"
	"nelke/ent/occasion"
	"nelke/ent/office"
	"nelke/ent/privacynotice"
	"nelke/ent/publicservice"
	"nelke/internal/cache"
	"nelke/internal/live"
	"nelke/internal/problem"
)

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

	occasions []*ent.Occasion // in the order of their list
}

// directory returns the directory, remembered until something comes or goes.
func (r *Reader) directory(ctx context.Context) (*directory, error) {
	same := func(ctx context.Context, d *directory) (bool, error) { return r.upToDate(ctx, d.heads(nil)) }
	return cache.Renew(ctx, r.cache, "directory", []live.Key{live.Directory}, same, func(ctx context.Context) (*directory, time.Time, error) {
		d, err := readDirectory(ctx, r.store.Reader())
		return d, r.clock().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour), err // as often as towns, which have midnights of their own
	})
}

// heads are the heads of towns' records by the towns' ids. A record goes on with every change of anything that ReadTown and
// readDirectory read, so one statement shows for all towns that what was read of them still holds.
type heads map[string]string

// Pinned keeps the heads in memory.
func (heads) Pinned() {}

// upToDate reports whether these are the heads of all towns now.
func (r *Reader) upToDate(ctx context.Context, made heads) (bool, error) {
	now, err := r.heads(ctx)
	return maps.Equal(made, now), err
}

func (r *Reader) heads(ctx context.Context) (heads, error) {
	return cache.Read(ctx, r.cache, "heads", nil, func(ctx context.Context) (heads, time.Time, error) {
		rows, err := r.store.Reader().Municipality.Query().Select(municipality.FieldID, municipality.FieldEventHead).All(ctx)
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
	if d.occasions, err = db.Occasion.Query().Order(occasion.ByPosition(), occasion.ByID()).All(ctx); err != nil {
		return nil, err
	}
	d.kinds, err = db.ServiceKind.Query().All(ctx)
	// Sorted here: a database sorts by its own collation.
	slices.SortFunc(d.kinds, func(a, b *ent.ServiceKind) int { return strings.Compare(a.ID, b.ID) })
	return d, err
}

// Row returns the row of a municipality, without reading what it offers; nil where there is none. What is written since the
// directory was read shows once it is read again.
func (r *Reader) Row(ctx context.Context, by MunicipalityKey) (*ent.Municipality, error) {
	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case by.ID != nil:
		return d.byID[*by.ID], nil
	case by.Slug != nil:
		return d.bySlug[*by.Slug], nil
	default:
		return d.byARS[*by.Ars], nil
	}
}

// Rows returns the rows of the municipalities whose Regionalschlüssel begin so, by slug; of all for an empty prefix.
func (r *Reader) Rows(ctx context.Context, prefix string) ([]*ent.Municipality, error) {
	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(d.towns), func(m *ent.Municipality) bool { return !strings.HasPrefix(m.Ars, prefix) }), nil
}

// Pinned keeps the directory in memory.
func (*directory) Pinned() {}

// Lasting lets the directory outlive the database with its towns.
func (*directory) Lasting() {}
