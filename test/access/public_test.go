package access_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// commons asks for all that is public, as everybody: they get the same, byte for byte.
func (w *world) commons(t *testing.T) {
	t.Helper()
	everybody := []*suite.Client{}
	for _, actor := range w.table.actors {
		everybody = append(everybody, w.actors[actor.name[0]])
	}
	for _, s := range w.strangers {
		everybody = append(everybody, s.Client)
	}
	for _, s := range w.table.sections {
		if !s.public() {
			continue
		}
		for _, r := range s.rows {
			documents, path, typ := w.common(t, r.name)
			for _, document := range documents {
				first := w.publicly(everybody[0].For(t), document, path)
				w.value('N', r.name, typ, first.found, "")
				for _, c := range everybody[1:] {
					require.Equal(t, first.got, w.publicly(c.For(t), document, path).got, r.name)
				}
				w.checks += len(everybody)
			}
		}
	}
}

// common gives documents that ask for a line of the public part, the place in the answer where it stands, and its type.
// There are none for fields of types: they stand in those of the ways that lead to them.
func (w *world) common(t *testing.T, line string) (documents []string, path, typ string) {
	t.Helper()
	operation, field, _ := strings.Cut(line, ".")
	kind, of, _ := strings.Cut(field, ":")
	of, key, _ := strings.Cut(strings.TrimSuffix(of, ")"), "(")
	switch {
	case operation != "Query" && operation != "Subscription":
		return nil, "", ""
	case kind == "_service":
		return []string{`{ _service { sdl } }`}, "data._service", "_Service"
	case kind == "node":
		require.Contains(t, w.commonIDs(), of, "the test doesn't know how to ask for %s", line)
		return []string{`{ node(id: "` + w.commonIDs()[of] + `") { ... on ` + of + ` ` + w.public(of, 2) + `} }`}, "data.node", of
	case kind == "_entities":
		require.Contains(t, w.commonKeys(of), key, "the test doesn't know how to ask for %s", line)
		return []string{`{ _entities(representations: [{__typename: "` + of + `", ` + w.commonKeys(of)[key] + `}]) { ... on ` + of + ` ` + w.public(of, 2) + `} }`}, "data._entities.0", of
	}
	office := `office: "` + w.here.place.Office + `"`
	arguments := map[string][]string{
		"municipality": {`by: {slug: "blomberg"}`}, "municipalities": {`first: 1`}, "publicService": {`by: {id: "` + w.here.other + `"}`},
		"serviceQuality": {`municipality: {slug: "blomberg"}, from: "2026-11-01", to: "2026-11-30"`},
		"publicServices": {`first: 3`}, "changes": {`first: 5`}, // and far ahead, for the reasons why nothing is free
		"nextSlots": {`input: {where: {` + office + `}, concerns: $concerns}`, `input: {where: {` + office + `}, concerns: $concerns, from: "2028-01-01"}`, `input: {where: {` + office + `}, kind: {slug: "identity-card"}}`},
		"availability": {
			`input: {` + office + `, concerns: $concerns, from: "2026-11-22", days: 2, explain: true}`,
			`input: {` + office + `, concerns: $concerns, from: "2028-01-03", days: 2, explain: true}`,
		},
	}[field]
	require.NotEmpty(t, arguments, "the test doesn't know how to ask for %s", line)
	typ = w.graph.field(operation, field).Type.Name()
	listed, steps := w.graph.field(operation, field).Type.Elem != nil, 2
	if field == "serviceQuality" {
		steps = 1 // it has a service in each of many rows
	}
	for _, given := range arguments {
		documents = append(documents, strings.ToLower(operation)+` { `+field+`(`+given+`) `+w.publicIn(typ, steps, listed)+`}`)
	}
	return documents, "data." + field, typ
}

// publicly sends a document of the public part.
func (w *world) publicly(c *suite.Client, document, path string) reply {
	vars := suite.Vars{}
	if strings.Contains(document, "$concerns") {
		vars["concerns"] = []suite.Vars{{"service": w.here.place.Other}}
		declared := `($concerns: [ConcernInput!]!) {`
		if strings.HasPrefix(document, "{") {
			declared = "query" + declared
		}
		document = strings.Replace(document, "{", declared, 1)
	}
	if strings.HasPrefix(document, "subscription") {
		s := c.Subscribe(document, vars)
		defer s.Close()
		m := s.Next()
		return reply{m.Raw, m.Get(path)}
	}
	a := c.Do(document, vars)
	return reply{a.Raw, a.OK(strings.TrimPrefix(path, "data."))}
}

func (w *world) commonIDs() map[string]string {
	return map[string]string{
		"Municipality": w.here.id, "PublicService": w.here.other, "Office": w.here.place.Office, "Counter": w.here.counters[0],
		"Form": w.here.form, "PrivacyNotice": w.here.place.Notice,
	}
}

// commonKeys are the keys of an entity that is everybody's, as fields of a representation.
func (w *world) commonKeys(typ string) map[string]string {
	slug := map[string]string{"Office": "buergerbuero", "PublicService": "meldebescheinigung"}[typ]
	return map[string]string{
		"id": `id: "` + w.commonIDs()[typ] + `"`, "ars": `ars: "` + w.here.ars + `"`,
		"municipality.ars,slug": `municipality: {ars: "` + w.here.ars + `"}, slug: "` + slug + `"`,
	}
}
