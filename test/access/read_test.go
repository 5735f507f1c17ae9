package access_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// reads asks for every thing by every way, as everybody: who may see it gets it, the same whichever way; who may not,
// gets what they get for an id that nothing has.
func (w *world) reads(t *testing.T) {
	t.Helper()
	same := map[string]string{} // what an actor sees of a thing, whichever way
	for _, way := range w.ways(t) {
		r := w.table.rows[way.line]
		nothing := map[string]string{} // what somebody gets for an id that nothing has
		look := func(c *suite.Client, who, thing string, may bool) reply {
			id := w.id(way.line, thing)
			if nothing[who] == "" {
				missing := way.ask(c, unknown(id))
				require.Equal(t, gjson.Null, missing.found.Type, missing.got)
				require.NotContains(t, missing.got, `"errors"`)
				nothing[who] = missing.got
			}
			found := way.ask(c, id)
			w.checks++
			if !may {
				require.Equal(t, nothing[who], found.got, "%s of %s by %s", way.line, thing, who)
			}
			return found
		}
		for i, c := range r.section.columns {
			for _, thing := range c.things {
				for letter, client := range w.actors {
					may := r.sees(letter, i)
					found := look(client.For(t), string(letter), thing, may).found
					if !may {
						continue
					}
					w.value(letter, way.line, way.typ, found, thing)
					key := string(letter) + " " + way.typ + " " + thing
					if _, field, _ := strings.Cut(way.line, "."); strings.HasSuffix(way.typ, "Connection") {
						key += " " + field // each list has an order of its own
					}
					if same[key] == "" {
						same[key] = found.Raw
					}
					require.Equal(t, same[key], found.Raw, "%s of %s by %c", way.line, thing, letter)
				}
				for _, s := range w.strangers {
					if s.knows != w.home(thing) {
						look(s.For(t), s.name, thing, false)
					}
				}
			}
		}
	}
}

// everything asks for all that each may see at once, and follows every path from each thing so many steps.
func (w *world) everything(t *testing.T) {
	t.Helper()
	for letter := range w.actors {
		steps := 2
		if letter == 'H' || letter == 'C' { // who see the most
			steps = 3
		}
		for thing, found := range w.entities(t, letter, steps, w.theirs(letter)...) {
			require.True(t, found.IsObject(), "%s by %c", thing, letter)
			w.value(letter, "Query._entities:"+found.Get("__typename").String()+"(id)", "", found, "")
			w.checks++
		}
	}
	viewer := w.complete(`{ viewer ` + w.whole("Viewer", 2) + `}`)
	for letter, c := range w.actors {
		a := c.For(t).Do(viewer, nil)
		w.value(letter, "Query.viewer", "Viewer", a.OK("viewer"), "self")
	}
	for _, s := range w.strangers {
		a := s.For(t).Do(viewer, nil)
		for id := range w.names {
			require.NotContains(t, a.OK("viewer").Raw, id, s.name)
		}
	}
	// What a closure would be in the way of, as its admin sees before it is made.
	closure := keyed(w.input("addClosure", w.here, w.here.place.Office))
	closure["dryRun"], closure["from"], closure["to"], closure["counter"], closure["hours"] = true, "2026-11-23", "2026-11-23", nil, nil
	a := w.actors['A'].For(t).Do(w.complete(`mutation($in: AddClosureInput!) { addClosure(input: $in) `+w.whole("SchedulePayload", 2)+`}`), suite.Vars{"in": closure})
	w.object('A', "SchedulePayload", a.OK("addClosure"), "")
	// And of which days weekly hours say nothing.
	hours := keyed(w.input("setOpeningHours", w.here, w.here.place.Office))
	hours["dryRun"], hours["validFrom"] = true, "2026-12-21"
	a = w.actors['A'].For(t).Do(w.complete(`mutation($in: SetOpeningHoursInput!) { setOpeningHours(input: $in) `+w.whole("SchedulePayload", 2)+`}`), suite.Vars{"in": hours})
	w.object('A', "SchedulePayload", a.OK("setOpeningHours"), "")
}

// batches asks for all things there are in one batch of each type: what may be seen comes as when it is asked for alone,
// and null stands in the place of what may not.
func (w *world) batches(t *testing.T) {
	t.Helper()
	for letter := range w.actors {
		alone := w.entities(t, letter, 0, w.theirs(letter)...)
		for thing, found := range w.entities(t, letter, 0, slices.Sorted(maps.Keys(w.ids))...) {
			require.Equal(t, alone[thing].Raw, strings.TrimPrefix(found.Raw, "null"), "%s by %c", thing, letter)
			w.checks++
		}
	}
}

// gaps looks for numbers that staff don't see: each would tell that there is, or was, a draft.
func (w *world) gaps(t *testing.T) {
	t.Helper()
	for _, letter := range []byte("CSAF") {
		for _, thing := range w.theirs(letter) {
			if !strings.HasPrefix(w.ids[thing], "case_") {
				continue
			}
			events := w.actors[letter].For(t).Do(`query($r: [_Any!]!) { _entities(representations: $r) { ... on Case { events { sequence } } } }`,
				suite.Vars{"r": []suite.Vars{{"__typename": "Case", "id": w.ids[thing]}}}).OK("_entities.0.events.#.sequence").Array()
			for i, event := range events {
				require.EqualValues(t, i+1, event.Int(), "the events of %s by %c", thing, letter)
			}
			paged := w.actors[letter].For(t).Do(`query($r: [_Any!]!) { _entities(representations: $r) { ... on Case { eventConnection(first: 100) { nodes { sequence } } } } }`,
				suite.Vars{"r": []suite.Vars{{"__typename": "Case", "id": w.ids[thing]}}}).OK("_entities.0.eventConnection.nodes.#.sequence").Array()
			require.Len(t, paged, min(100, len(events)))
			for i, event := range paged {
				require.EqualValues(t, len(events)-i, event.Int(), "the events of %s by %c", thing, letter)
			}
			w.checks++
		}
	}
}

// theirs are the names of all that an actor may see.
func (w *world) theirs(actor byte) (things []string) {
	for _, typ := range entities() {
		r := w.table.rows["Query._entities:"+typ+"(id)"]
		for i, c := range r.section.columns {
			if r.sees(actor, i) {
				things = append(things, c.name)
			}
		}
	}
	return things
}

// entities asks for things as somebody, for all of a type in one document, and gives what came of each.
func (w *world) entities(t *testing.T, actor byte, steps int, things ...string) map[string]gjson.Result {
	t.Helper()
	all := map[string]gjson.Result{}
	for _, typ := range entities() {
		some, order := []suite.Vars{}, []string{}
		for _, thing := range things {
			if strings.HasPrefix(w.ids[thing], strings.ToLower(typ)+"_") {
				some = append(some, suite.Vars{"__typename": typ, "id": w.ids[thing]})
				order = append(order, thing)
			}
		}
		query := w.complete(`query($of: [_Any!]!) { _entities(representations: $of) { ... on ` + typ + ` ` + w.whole(typ, steps) + ` } }`)
		at := len(some)
		if steps > 1 {
			at = 1 // all of it for several would cost too much
		}
		for from := 0; from < len(some); from += at {
			to := min(from+at, len(some))
			for i, found := range w.actors[actor].For(t).Do(query, suite.Vars{"of": some[from:to]}).OK("_entities").Array() {
				all[order[from+i]] = found
			}
		}
	}
	return all
}

// whatStaffSee is all that the staff of the town read of it, as bytes, but for money that has to go back.
func (w *world) whatStaffSee(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, actor := range []byte("CSA") {
		for thing, found := range w.entities(t, actor, 2, "case", "sent", "done", "turned", "paid", "hold", "booked", "called", "desk", "walkin") {
			require.True(t, found.IsObject(), thing)
			all[thing+" by "+string(actor)] = found.Raw
		}
		for _, line := range []string{"Query.workQueue", "Query.appointmentBoard"} {
			way, _ := w.way(line)
			all[line+" by "+string(actor)] = way.ask(w.actors[actor].For(t), w.id(line, "here")).got
		}
	}
	return all
}

// differs shows where a text begins to differ from another; nothing where it doesn't.
func differs(before, after string) string {
	at := 0
	for at < len(before) && at < len(after) && before[at] == after[at] {
		at++
	}
	if at == len(before) && at == len(after) {
		return ""
	}
	return "…" + after[max(0, at-100):min(len(after), at+100)] + "…"
}
