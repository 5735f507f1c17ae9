package access_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/job"
	"nelke/test/suite"
)

// things are those of the row's columns.
func (r *row) things() (all []string) {
	for _, c := range r.section.columns {
		all = append(all, c.things...)
	}
	return all
}

// mutation is the name of the mutation that the row is about.
func (r *row) mutation() string { return strings.TrimPrefix(r.name, "Mutation.") }

// named is the id by which a mutation names a thing; empty where it names none.
func (w *world) named(r *row, thing string) string {
	switch {
	case r.has("own"):
		return ""
	case thing == "here" || thing == "elsewhere":
		return w.home(thing).target(r.mutation())
	default:
		return w.ids[thing]
	}
}

// refusals has everybody try every mutation on all that isn't theirs to write on: they get the refusal that they would get
// of an id that nothing has, and nothing is left behind.
func (w *world) refusals(t *testing.T) {
	t.Helper()
	before := w.effects(t)
	for _, r := range w.table.mutations() {
		require.NotNil(t, w.input(r.mutation(), w.here, ""), "the test doesn't know how to ask for %s", r.name)
		for letter, c := range w.actors {
			var refused []string
			for _, thing := range r.things() {
				switch i := r.column(thing); {
				case r.low(letter, i):
					w.refused(t, c, r, "FORBIDDEN", []string{thing}, []string{w.named(r, thing)})
				case !r.sees(letter, i):
					refused = append(refused, thing)
				}
			}
			code := refusal(r, strings.IndexByte("CSAFPQ", letter) >= 0)
			if letter == 'N' {
				code = "UNAUTHENTICATED"
			}
			if !r.has("own") || code == "UNAUTHENTICATED" { // nobody can name another's own case
				w.likeUnknown(t, c, r, string(letter), code, refused)
			}
		}
		for _, s := range w.strangers {
			if everybodys(r.mutation()) {
				continue
			}
			foreign := slices.DeleteFunc(r.things(), func(thing string) bool { return s.knows == w.home(thing) })
			w.likeUnknown(t, s.Client, r, s.name, refusal(r, s.staff), foreign)
		}
		after := w.effects(t)
		require.Equal(t, before, after, "%s left something behind", r.name)
		before = after
	}
}

// effects is everything that a write could have left behind: all rows, and the jobs that writes enqueue.
func (w *world) effects(t *testing.T) string {
	t.Helper()
	jobs := 0
	require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM river_job WHERE kind IN ('`+strings.Join([]string{
		job.KindExpireHold, job.KindDeliverNotice, job.KindTendDraft, job.KindSettlePayment, job.KindSendWebhooks,
	}, `', '`)+`')`).Scan(&jobs))
	require.Positive(t, jobs)
	return fmt.Sprintln(jobs, "jobs") + suite.Effects(t, w.database, w.Clock, suite.Tables(t, w.database)...)
}

// refusal is the problem that somebody gets who may not write on a thing.
func refusal(r *row, staff bool) string {
	if staff && r.has("key") {
		return "UNAUTHENTICATED"
	}
	return "NOT_FOUND"
}

// refused runs a mutation on things, named by ids, in one document, and says that each is refused with a code.
func (w *world) refused(t *testing.T, c *suite.Client, r *row, code string, things, ids []string) string {
	t.Helper()
	var inputs []suite.Vars
	for i, thing := range things {
		inputs = append(inputs, keyed(w.input(r.mutation(), w.home(thing), ids[i])))
	}
	document, vars := w.document(r.mutation(), inputs, "{ __typename id }")
	a := c.For(t).Do(document, vars).Clean()
	require.False(t, a.Get("errors").Exists(), a.Raw)
	require.Len(t, a.Get("data").Map(), len(things), a.Raw)
	a.Get("data").ForEach(func(_, payload gjson.Result) bool {
		w.checks++
		require.Equal(t, code, payload.Get("problems.0.code").String(), "%s on %v: %s", r.mutation(), things, payload.Raw)
		require.Len(t, payload.Get("problems").Array(), 1)
		require.Equal(t, gjson.Null, payload.Get(w.graph.result(r.mutation()).Name).Type)
		w.object('N', payload.Get("__typename").String(), payload, "")
		return true
	})
	return fmt.Sprintln(a.Status, a.Raw)
}

// likeUnknown says that a mutation on things reads, to the byte, as on ids that nothing has.
func (w *world) likeUnknown(t *testing.T, c *suite.Client, r *row, who, code string, things []string) {
	t.Helper()
	if len(things) == 0 {
		return
	}
	ids, none := make([]string, len(things)), make([]string, len(things))
	for i, thing := range things {
		ids[i] = w.named(r, thing)
		if none[i] = unknown(ids[i]); r.has("own") {
			none[i] = ""
		}
	}
	require.Equal(t, w.refused(t, c, r, code, things, none), w.refused(t, c, r, code, things, ids), "%s by %s on %v", r.name, who, things)
}

// owner is the thing with whose fields those of a thing stand: a partner's.
func owner(thing string) string {
	if away, of := strings.CutPrefix(thing, "away-"); away == "key" || away == "endpoint" {
		if of {
			return "away-partner"
		}
		return "partner"
	}
	return thing
}

// permissions has everybody run every mutation on all that is theirs to write on: whatever keeps it, such as the thing's
// state, it isn't who they are. What a payload carries is walked through like any other answer.
func (w *world) permissions(t *testing.T) {
	t.Helper()
	for _, r := range w.table.mutations() {
		mutation := r.mutation()
		begins := r.section.title == "Town" // what comes of it is none of the table's things
		carried := "{ __typename id }"
		if typ := w.graph.result(mutation).Type; !begins && typ.Elem == nil && w.table.entity(typ.Name()) { // many of them, whole, cost too much
			carried = w.whole(typ.Name(), 2)
		}
		for _, letter := range slices.Sorted(maps.Keys(w.actors)) {
			for _, thing := range r.things() {
				if !r.sees(letter, r.column(thing)) {
					continue
				}
				document, vars := w.document(mutation, []suite.Vars{keyed(w.input(mutation, w.home(thing), w.named(r, thing)))}, carried)
				a := w.actors[letter].For(t).Do(document, vars).Clean()
				require.False(t, a.Get("errors").Exists(), a.Raw)
				require.NotContains(t, []string{"NOT_FOUND", "FORBIDDEN", "UNAUTHENTICATED"}, a.Problem(), "%s on %s by %c: %s", mutation, thing, letter, a.Raw)
				payload := a.Get("data.m0")
				if a.Problem() == "" {
					w.took(letter, mutation, payload)
				}
				if !begins || a.Problem() != "" {
					w.object(letter, payload.Get("__typename").String(), payload, owner(thing))
				}
				w.checks++
			}
		}
	}
}
