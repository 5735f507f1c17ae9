package portal

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"nelke/ent"
	"nelke/ent/application"
	"nelke/ent/predicate"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// ApplicationConnection is a page of applications. Total is not known: to count is to read them all.
type ApplicationConnection = catalogue.Connection[*ent.Application]

// WorkQueueInput says which applications of a town.
type WorkQueueInput struct {
	Municipality catalogue.MunicipalityKey
	Service      *string
	Statuses     []string
	Mine         bool
	Overdue      bool
}

// maxQueue is how many applications one page of the work queue may have.
const maxQueue = 1000

// listOfWork begins the cursors of the work queue.
const listOfWork = "w\x00"

// unfinished are the states in which an application waits for somebody.
func unfinished() []string {
	return []string{
		application.StatusSUBMITTED.String(), application.StatusIN_PROGRESS.String(), application.StatusWAITING_FOR_APPLICANT.String(),
	}
}

// WorkQueue returns the applications of a town by deadline, for its staff; nil for everybody else. Drafts are never in it.
//
// Problems: INVALID_INPUT.
func (p *Portal) WorkQueue(ctx context.Context, in WorkQueueInput, page catalogue.Page) (_ *ApplicationConnection, err error) {
	defer problem.Wrap(&err, "WorkQueue")

	m, err := p.Row(ctx, in.Municipality)
	if err != nil {
		return nil, err
	}
	actor := identity.FromContext(ctx)
	if m == nil || !actor.Has(m.Ars, identity.Clerk) {
		return nil, nil
	}
	first, after, err := queuePage(page)
	if err != nil {
		return nil, err
	}
	p.depend(ctx, time.Time{}, live.WorkQueue(m.ID))
	ids, err := p.queue(ctx, m.ID, in, actor, first+1, after)
	if err != nil {
		return nil, err
	}
	more := len(ids) > first
	ids = ids[:min(first, len(ids))]
	rows, err := p.store.Reader().Application.Query().Where(store.OneOf[predicate.Application](application.FieldID, ids), application.SubmittedAtNotNil()).All(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.presentApplications(ctx, rows...); err != nil {
		return nil, err
	}
	byID := map[string]*ent.Application{}
	for _, a := range rows {
		byID[a.ID] = a
	}
	c := &ApplicationConnection{Nodes: []*ent.Application{}, Before: after != nil, After: more}
	for _, id := range ids {
		a := byID[id]
		if a == nil {
			continue // gone between the two statements
		}
		c.Nodes = append(c.Nodes, a)
		c.Cursors = append(c.Cursors, place{*a.Deadline, a.ID}.cursor())
	}
	return c, nil
}

// queue reads the ids of a page. Each state is read by itself, in the order of an index, and the few that each of them
// gives are merged: how many applications there are besides makes no difference.
func (p *Portal) queue(ctx context.Context, municipality string, in WorkQueueInput, actor identity.Actor, limit int, after *place) ([]string, error) {
	statuses := in.Statuses
	if len(statuses) == 0 {
		statuses = unfinished()
	}
	if in.Service != nil && len(storable(*in.Service)) == 0 {
		return nil, nil // no such service
	}
	now := p.clock()
	a := p.store.Args()
	rows := strconv.Itoa(atLeast(limit))
	where := ` WHERE municipality_id = ` + a.Bind(municipality)
	if in.Service != nil {
		where += ` AND service_id = ` + a.Bind(*in.Service)
	}
	if in.Mine {
		where += ` AND clerk = ` + a.Bind(actor.Subject)
	}
	if in.Overdue {
		where += ` AND deadline <= ` + a.Bind(now)
	}
	if after != nil {
		where += ` AND (deadline, id) > (` + a.Bind(after.deadline) + `, ` + a.Bind(after.id) + `)`
	}
	statuses = slices.Compact(slices.Sorted(slices.Values(statuses)))
	if in.Overdue { // what is done is never overdue
		statuses = slices.DeleteFunc(statuses, func(status string) bool { return !slices.Contains(unfinished(), status) })
	}
	if len(statuses) == 0 {
		return nil, nil
	}
	// There are two statements, one for as many states as wait for somebody and one for all eight. "" fills up: it is no state.
	n := len(unfinished())
	if len(statuses) > n {
		n = max(len(statuses), 8)
	}
	statuses = append(statuses, make([]string, n-len(statuses))...)
	parts := make([]string, n)
	for i, status := range statuses {
		parts[i] = `SELECT * FROM (SELECT id, deadline FROM applications` + where + ` AND status = ` + a.Bind(status) +
			` AND submitted_at IS NOT NULL ORDER BY deadline, id LIMIT ` + rows + `) AS s` + strconv.Itoa(i)
	}
	var ids []string
	var id string
	var deadline any
	err := p.store.Each(ctx, strings.Join(parts, ` UNION ALL `)+` ORDER BY deadline, id LIMIT `+rows, a.List(), []any{&id, &deadline}, func() {
		ids = append(ids, id)
	})
	return ids, err
}

// place is where an application stands in the queue.
type place struct {
	deadline time.Time
	id       string
}

func (c place) cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(listOfWork + strconv.FormatInt(c.deadline.UnixMicro(), 10) + "\x00" + c.id))
}

func queuePage(page catalogue.Page) (first int, after *place, err error) {
	first = 20
	if page.First != nil {
		first = *page.First
	}
	if first < 1 || first > maxQueue {
		return 0, nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: maxQueue, Path: []string{"first"}}
	}
	if page.After == nil {
		return first, nil, nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(*page.After)
	rest, ours := strings.CutPrefix(string(decoded), listOfWork)
	micros, id, whole := strings.Cut(rest, "\x00")
	n, fault := strconv.ParseInt(micros, 10, 64)
	if err != nil || !ours || !whole || fault != nil || len(storable(id)) == 0 {
		return 0, nil, problem.Invalid(problem.RuleCursor, "after")
	}
	return first, &place{time.UnixMicro(n), id}, nil
}
