package access_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// way is one way of asking for a thing by its id.
type way struct {
	line string
	typ  string
	ask  func(c *suite.Client, id string) reply
}

// reply is what somebody got, to the byte, and what stands in it at the place where the thing should be.
type reply struct {
	got   string
	found gjson.Result
}

// ways are all ways of the table that name a thing by an id.
func (w *world) ways(t *testing.T) (all []way) {
	t.Helper()
	for _, s := range w.table.sections {
		if s.public() {
			continue
		}
		for _, r := range s.rows {
			if one, ok := w.way(r.name); ok {
				all = append(all, one)
			} else {
				for _, root := range []string{"Query.", "Subscription."} {
					require.False(t, strings.HasPrefix(r.name, root) && r.name != "Query.viewer", "the test doesn't know how to ask for %s", r.name)
				}
			}
		}
	}
	return all
}

func (w *world) way(line string) (way, bool) {
	operation, field, _ := strings.Cut(line, ".")
	kind, typ, _ := strings.Cut(field, ":")
	typ, _, _ = strings.Cut(typ, "(")
	switch {
	case operation != "Query" && operation != "Subscription":
		return way{}, false
	case kind == "node":
		document := w.complete(`query($id: ID!) { node(id: $id) { ... on ` + typ + ` ` + w.whole(typ, 1) + `} }`)
		return way{line, typ, func(c *suite.Client, id string) reply { return ask(c, document, suite.Vars{"id": id}, "data.node") }}, true
	case kind == "_entities":
		document := w.complete(`query($r: [_Any!]!) { _entities(representations: $r) { ... on ` + typ + ` ` + w.whole(typ, 1) + `} }`)
		return way{line, typ, func(c *suite.Client, id string) reply {
			return ask(c, document, suite.Vars{"r": []suite.Vars{{"__typename": typ, "id": id}}}, "data._entities.0")
		}}, true
	}
	argument := map[string]string{
		"application": `$id: ID!) { application(id: $id)`, "payment": `$id: ID!) { payment(id: $id)`, "appointment": `$id: ID!) { appointment(id: $id)`,
		"partner": `$id: ID!) { partner(id: $id)`, "partners": `$id: ID!) { partners(first: 2, municipality: {id: $id})`,
		"feedback":         `$id: ID!) { feedback(first: 2, municipality: {id: $id})`,
		"appointments":     `$id: ID!) { appointments(municipality: {id: $id}, day: "2026-11-23")`,
		"applications":     `$id: ID!) { applications(municipality: {id: $id}, day: "2026-11-23")`,
		"appointmentBoard": `$id: ID!) { appointmentBoard(office: $id, date: "2026-11-23")`,
		"workQueue": `$id: ID!) { workQueue(first: 20, input: {municipality: {id: $id},
			statuses: [DRAFT, SUBMITTED, IN_PROGRESS, WAITING_FOR_APPLICANT, COMPLETED, REJECTED, WITHDRAWN, EXPIRED]})`,
	}[field]
	if argument == "" {
		return way{}, false
	}
	typ = w.graph.field(operation, field).Type.Name()
	document := w.complete(strings.ToLower(operation) + `(` + argument + ` ` + w.whole(typ, 1) + `}`)
	get := ask
	if operation == "Subscription" {
		get = watch
	}
	return way{line, typ, func(c *suite.Client, id string) reply { return get(c, document, suite.Vars{"id": id}, "data."+field) }}, true
}

// ask sends a query and keeps all of the answer that doesn't differ from one time to the next.
func ask(c *suite.Client, document string, vars suite.Vars, path string) reply {
	a := c.Do(document, vars).Clean()
	header := a.Header.Clone()
	for _, name := range []string{"Date", "X-Request-Id"} {
		header.Del(name)
	}
	var lines strings.Builder
	lines.WriteString(http.StatusText(a.Status) + "\n")
	for _, name := range slices.Sorted(maps.Keys(header)) {
		lines.WriteString(name + ": " + strings.Join(header[name], ", ") + "\n")
	}
	return reply{lines.String() + a.Raw, a.Get(path)}
}

// watch subscribes, and takes the first message; where there is nothing in it, the end as well.
func watch(c *suite.Client, document string, vars suite.Vars, path string) reply {
	s := c.Subscribe(document, vars)
	defer s.Close()
	kind, payload := s.Type()
	got := kind + payload.Raw
	if payload.Get(path).Type == gjson.Null {
		kind, end := s.Type()
		got += kind + end.Raw
	}
	return reply{got, payload.Get(path)}
}

// id is what a way names a thing by.
func (w *world) id(line, thing string) string {
	if line == "Query.partners" {
		return w.home(thing).id
	}
	if strings.HasSuffix(line, "Board") {
		return w.home(thing).place.Office
	}
	if thing == "here" || thing == "elsewhere" {
		return w.home(thing).id
	}
	return w.ids[thing]
}
