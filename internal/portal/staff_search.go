package portal

import (
	"context"
	"encoding/base64"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/appointment"
	"nelke/ent/predicate"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/store"
)

// LookupInput is what staff know of what they look for. At least one of Reference, Name and Day is given; they add up.
type LookupInput struct {
	Municipality catalogue.MunicipalityKey
	Reference    *string // as somebody says it on the phone: see heardReference
	Name         *string // whole words in any order: see nameWords
	Day          *schedule.Date
}

// maxFound is how many things one page of what was found may have. maxTyped is how many characters of a reference or a
// name are looked at.
const (
	maxFound = 50
	maxTyped = 200
)

// FindAppointments returns the appointments of a town that staff look for, the newest first; nil for anybody but its
// staff. By a name or a day those are found that were booked once, by their reference holds as well. The log says who
// has looked where, by what and how many were found, and nothing of what they looked for.
//
// Problems: INVALID_INPUT.
func (p *Portal) FindAppointments(ctx context.Context, in LookupInput, page catalogue.Page) (_ *AppointmentConnection, err error) {
	defer problem.Wrap(&err, "FindAppointments")

	l, err := p.lookup(ctx, in, page, namedAppointment)
	if err != nil || l == nil {
		return nil, err
	}
	ids, err := p.look(ctx, l)
	if err != nil {
		return nil, err
	}
	rows, err := p.store.Reader().Appointment.Query().
		Where(store.OneOf[predicate.Appointment](appointment.FieldID, ids), appointment.MunicipalityID(l.town.ID)).Order(ent.Desc(appointment.FieldID)).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.present(ctx, rows...); err != nil {
		return nil, err
	}
	return foundPage(ctx, p, l, rows, func(a *ent.Appointment) string { return a.ID }), nil
}

// FindApplications does the same for applications that are, or were, with the town's office. Day is that of submission.
// Drafts are never found.
//
// Problems: INVALID_INPUT.
func (p *Portal) FindApplications(ctx context.Context, in LookupInput, page catalogue.Page) (_ *ApplicationConnection, err error) {
	defer problem.Wrap(&err, "FindApplications")

	l, err := p.lookup(ctx, in, page, namedApplication)
	if err != nil || l == nil {
		return nil, err
	}
	ids, err := p.look(ctx, l)
	if err != nil {
		return nil, err
	}
	rows, err := p.store.Reader().Application.Query().
		Where(store.OneOf[predicate.Application](application.FieldID, ids), application.MunicipalityID(l.town.ID), application.SubmittedAtNotNil()).
		Order(ent.Desc(application.FieldID)).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.presentApplications(ctx, rows...); err != nil {
		return nil, err
	}
	return foundPage(ctx, p, l, rows, func(a *ent.Application) string { return a.ID }), nil
}

// lookup is what is looked for, as it is compared.
type lookup struct {
	town      *catalogue.Town
	kind      string
	by        []string // for the log
	reference string   // empty: by something else
	words     []string // all of them are in what is found; the longest first
	day       *schedule.Date
	first     int
	after     string // id; empty: from the beginning
	nothing   bool   // what was typed can't be in anything
}

// lookup reads the input of a search; nil where the actor is no staff of the town.
func (p *Portal) lookup(ctx context.Context, in LookupInput, page catalogue.Page, kind string) (*lookup, error) {
	m, err := p.Row(ctx, in.Municipality)
	if err != nil {
		return nil, err
	}
	if m == nil || !identity.FromContext(ctx).Has(m.Ars, identity.Clerk) {
		return nil, nil
	}
	l := &lookup{kind: kind, day: in.Day, first: 20}
	if l.town, err = p.Town(ctx, m.ID); err != nil || l.town == nil {
		return nil, err
	}
	if page.First != nil {
		l.first = *page.First
	}
	if l.first < 1 || l.first > maxFound {
		return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: maxFound, Path: []string{"first"}}
	}
	if page.After != nil {
		id, ours := strings.CutPrefix(decoded(*page.After), l.list())
		if !ours || !strings.HasPrefix(id, kind+"_") || len(storable(id)) == 0 {
			return nil, problem.Invalid(problem.RuleCursor, "after")
		}
		l.after = id
	}
	if in.Reference == nil && in.Name == nil && in.Day == nil {
		return nil, problem.Invalid(problem.RuleAnyOf, "reference")
	}
	for _, typed := range []struct {
		text  *string
		field string
	}{{in.Reference, "reference"}, {in.Name, "name"}} {
		if typed.text == nil {
			continue
		}
		l.by = append(l.by, typed.field)
		if n := utf8.RuneCountInString(*typed.text); n < 1 || n > maxTyped {
			return nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleLength, Min: 1, Max: maxTyped, Path: []string{typed.field}}
		}
	}
	if in.Reference != nil {
		l.reference = heardReference(l.town, *in.Reference)
		l.nothing = l.reference == ""
	}
	if in.Name != nil {
		l.words = nameWords(*in.Name)
		l.nothing = l.nothing || len(l.words) == 0
	}
	if in.Day != nil {
		l.by = append(l.by, "day")
		if kind == namedApplication {
			l.words = append(l.words, dayWord(*in.Day))
		}
	}
	// A long word is rarer than a short one, and a day than both.
	slices.SortStableFunc(l.words, func(x, y string) int { return len(y) - len(x) })
	return l, nil
}

func (l *lookup) list() string { return "l\x00" + l.kind + "\x00" }

// decoded is a cursor's text; empty where it is none.
func decoded(cursor string) string {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return ""
	}
	return string(b)
}

// look returns the ids of a page and of one thing more.
func (p *Portal) look(ctx context.Context, l *lookup) (ids []string, err error) {
	if l.nothing {
		return nil, nil
	}
	a := p.store.Args()
	var found string
	err = p.store.Each(ctx, l.statement(a), a.List(), []any{&found}, func() { ids = append(ids, found) })
	return ids[:min(len(ids), l.first+1)], err
}

// statement is the text of a search. Each of the few is read in the order of an index: of the reference, of an office's
// day, or of a word. Other words are looked up thing by thing.
func (l *lookup) statement(a *store.Args) string {
	town := a.Bind(l.town.ID)
	var query string
	words, id := l.words, "t.id"
	// In the order of this, no planner reads all things in the order of their ids until enough of them fit.
	sorted := `t.id || ''`
	switch {
	case l.reference != "" && l.kind == namedAppointment:
		query = `SELECT t.id FROM appointments t WHERE t.municipality_id = ` + town + ` AND t.reference = ` + a.Bind(l.reference)
		if l.day != nil {
			query += ` AND t.day = ` + a.Bind(l.day.String())
		}
	case l.reference != "":
		query = `SELECT t.id FROM applications t WHERE t.municipality_id = ` + town + ` AND t.reference = ` + a.Bind(l.reference)
	case l.kind == namedAppointment && l.day != nil:
		var offices []string
		for _, o := range l.town.Offices {
			offices = append(offices, o.ID)
		}
		// A CROSS JOIN has SQLite go from the offices to the index of their days: it would read the whole table for a list of offices.
		query = `SELECT t.id FROM ` + store.Rows(a, offices, "office") + ` CROSS JOIN appointments t WHERE t.office_id = office AND t.municipality_id = ` + town +
			` AND t.day = ` + a.Bind(l.day.String()) + ` AND t.booked_at IS NOT NULL`
	default:
		id, sorted = "w.subject", "w.subject"
		query = `SELECT w.subject FROM name_words w WHERE w.municipality_id = ` + town + ` AND w.kind = ` + a.Bind(l.kind) + ` AND w.word = ` + a.Bind(words[0])
		words = words[1:]
	}
	if len(words) > 0 {
		query += ` AND (SELECT count(*) FROM name_words n WHERE n.municipality_id = ` + town + ` AND n.kind = ` + a.Bind(l.kind) +
			` AND n.word ` + store.In(a, words) + ` AND n.subject = ` + id + `) = ` + a.Bind(len(words))
	}
	if l.after != "" {
		query += ` AND ` + sorted + ` < ` + a.Bind(l.after)
	}
	// The limit is no argument: the text stays one, and PostgreSQL keeps its plan.
	return query + ` ORDER BY ` + sorted + ` DESC LIMIT ` + strconv.Itoa(maxFound+1)
}

// foundPage cuts the page out of what was found, and notes in the log that somebody has looked.
func foundPage[T any](ctx context.Context, p *Portal, l *lookup, rows []T, id func(T) string) *catalogue.Connection[T] {
	c := &catalogue.Connection[T]{Nodes: []T{}, Before: l.after != "", After: len(rows) > l.first}
	for _, row := range rows[:min(len(rows), l.first)] {
		c.Nodes = append(c.Nodes, row)
		c.Cursors = append(c.Cursors, base64.RawURLEncoding.EncodeToString([]byte(l.list()+id(row))))
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "staff lookup", slog.String("staff", identity.FromContext(ctx).Subject),
		slog.String("municipality", l.town.Slug), slog.String("of", l.kind), slog.String("by", strings.Join(l.by, ",")), slog.Int("found", len(c.Nodes)))
	return c
}
