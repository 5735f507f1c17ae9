package portal

import (
	"context"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	entchange "nelke/ent/change"
	"nelke/ent/predicate"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// The feed of changes lists which towns, offices and services have changed, so that aggregators can keep a copy. It has
// one row for each thing, which moves to the end when the thing changes: a reader who was away for long reads each once.

// moved is a thing that a write has changed. Digest is what the file says of it; empty where a person changed it.
type moved struct{ subject, municipality, digest string }

// feedLock is the lock of the feed's end.
const feedLock = "feed"

// announce moves what has changed to the end of the feed, last in its transaction. Whoever does so waits for whoever is about
// to: positions are given in the order of commits, so a reader never passes one that is still to come, however long
// its transaction was open. Changes of catalogues are rare enough for that.
func (tx *Tx) announce(ctx context.Context) error {
	if len(tx.moved) == 0 {
		return nil
	}
	if tx.Dialect == dialect.Postgres {
		if _, err := store.LockOffices(ctx, tx.Tx, []string{feedLock}, true); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for _, m := range tx.moved {
		if seen[m.subject] {
			continue
		}
		seen[m.subject] = true
		a := tx.Args()
		if _, err := tx.exec(ctx, a, `INSERT INTO changes (id, municipality_id, position, at, digest) VALUES (`+
			a.Bind(m.subject)+`, `+a.Bind(m.municipality)+`, (SELECT coalesce(max(position), 0) + 1 FROM changes), `+a.Now()+`, `+a.Bind(m.digest)+`)
			ON CONFLICT (id) DO UPDATE SET position = excluded.position, at = excluded.at,
			digest = CASE WHEN excluded.digest = '' THEN changes.digest ELSE excluded.digest END`); err != nil {
			return err
		}
	}
	tx.nudge(live.Feed)
	return nil
}

// ChangeType is what a thing of the catalogue is.
type ChangeType string

// The types of things, by the prefixes of their ids.
const (
	ChangedMunicipality ChangeType = "MUNICIPALITY"
	ChangedOffice       ChangeType = "OFFICE"
	ChangedService      ChangeType = "PUBLIC_SERVICE"
)

func (t ChangeType) prefix() string {
	return map[ChangeType]string{ChangedMunicipality: "municipality_", ChangedOffice: "office_", ChangedService: "service_"}[t]
}

// typeOf is what the thing of an id is; empty where it isn't in the feed.
func typeOf(id string) ChangeType {
	for _, t := range []ChangeType{ChangedMunicipality, ChangedOffice, ChangedService} {
		if strings.HasPrefix(id, t.prefix()) {
			return t
		}
	}
	return ""
}

// Change is a thing that has changed, last at that instant. It may be gone by now.
type Change struct {
	Type ChangeType
	ID   string
	At   time.Time
}

// ChangeFeed is what has changed since a cursor, oldest first. Each thing is in it once.
type ChangeFeed struct {
	Changes []Change
	Cursor  string // where to go on
	More    bool   // whether there is more right now
}

// maxChanges is how many changes one answer has.
const maxChanges = 1000

// Changes returns what has changed since a cursor of this feed, of some types, at most first; from the beginning without one.
//
// Problems: INVALID_INPUT, CURSOR_OUTDATED.
func (p *Portal) Changes(ctx context.Context, since *string, types []ChangeType, first *int) (_ *ChangeFeed, err error) {
	defer problem.Wrap(&err, "Changes")

	limit := 100
	if first != nil {
		limit = *first
	}
	if limit < 1 || limit > maxChanges {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: maxChanges, Path: []string{"first"}}
	}
	p.depend(ctx, time.Time{}, live.Feed)
	var end feedEnd
	if err := p.store.Row(ctx, endOfFeed, nil, &end.epoch, &end.position); err != nil {
		return nil, err
	}
	from := int64(0)
	if since != nil {
		if from, err = end.after(*since); err != nil {
			return nil, err
		}
	}
	rows, err := p.store.Reader().Change.Query().Where(entchange.PositionGT(from), ofTypes(types)).Order(entchange.ByPosition()).Limit(atLeast(limit + 1)).All(ctx)
	if err != nil {
		return nil, err
	}
	feed := &ChangeFeed{Changes: []Change{}, More: len(rows) > limit}
	for _, row := range rows[:min(limit, len(rows))] {
		t, err := p.Town(ctx, row.MunicipalityID)
		if err != nil {
			return nil, err
		}
		at := row.At
		if t != nil {
			at = at.In(t.Zone)
		}
		if kind := typeOf(row.ID); kind != "" {
			feed.Changes = append(feed.Changes, Change{Type: kind, ID: row.ID, At: at})
		}
		from = row.Position
	}
	feed.Cursor = end.cursor(from)
	return feed, nil
}

// ofTypes is the condition of being of one of the types; of any where there are none. It is as long for one type as for all of them,
// so that a statement doesn't depend on which are asked for.
func ofTypes(types []ChangeType) predicate.Change {
	all := []ChangeType{ChangedMunicipality, ChangedOffice, ChangedService}
	if len(types) == 0 {
		types = all
	}
	some := make([]predicate.Change, len(all))
	for i, t := range all {
		if !slices.Contains(types, t) {
			t = types[0]
		}
		some[i] = predicate.Change(sql.FieldHasPrefix(entchange.FieldID, t.prefix()))
	}
	return entchange.Or(some...)
}
