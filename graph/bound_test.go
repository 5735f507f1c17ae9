package graph

import (
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"nelke/graph/bound"
)

// place is an input field or an argument.
type place struct {
	name, description string
	typ               *ast.Type
	definition        any
}

// places are all of the schema, those of directives that a document may have included.
func places(schema *ast.Schema) (all []place) {
	for _, d := range schema.Types {
		if d.Name == "Entity" || d.Kind == ast.InputObject && strings.Contains(d.Position.Src.Name, "federation/") {
			continue // the generator's own: no document gets at them
		}
		for _, f := range d.Fields {
			name := d.Name + "." + f.Name
			if d.Kind == ast.InputObject {
				all = append(all, place{name, f.Description, f.Type, f})
			}
			for _, a := range f.Arguments {
				all = append(all, place{name + "(" + a.Name + ")", a.Description, a.Type, a})
			}
		}
	}
	for _, d := range schema.Directives {
		if d.Name == "defer" || d.Name == "skip" || d.Name == "include" {
			for _, a := range d.Arguments {
				all = append(all, place{"@" + d.Name + "(" + a.Name + ")", a.Description, a.Type, a})
			}
		}
	}
	return all
}

// bounded reports whether a value of a type has a length.
func bounded(schema *ast.Schema, t *ast.Type) bool {
	d := schema.Types[t.Name()]
	return t.Elem != nil || d.Kind == ast.Scalar && d.Name != "Int" && d.Name != "Float" && d.Name != "Boolean"
}

// Whoever adds an input says how long it may be: a string by its place or its scalar, a list of anything but enum values by its
// place. The description says it, and what is longer is refused.
func TestEveryInputHasALargestLength(t *testing.T) {
	t.Parallel()

	schema := NewExecutableSchema(Config{}).Schema()
	s := newStrict(schema)
	scalars, table := bound.Scalars(), bound.Places()
	for _, p := range places(schema) {
		if !bounded(schema, p.typ) {
			require.NotContains(t, table, p.name, "it has no length")
			continue
		}
		known := bound.OfInput(p.name, p.typ)
		delete(table, p.name)
		d := schema.Types[p.typ.Name()]
		if d.Name == "JSON" || d.Name == "_Any" {
			refusesLarge(t, s, p)
			if d.Name == "JSON" {
				continue
			}
		} else if d.Kind == ast.Scalar {
			_, ofScalar := scalars[d.Name]
			assert.True(t, known.Letters > 0 || ofScalar, "%s: how many characters? (graph/bound)", p.name)
			refusesLong(t, s, p)
		}
		if p.typ.Elem != nil {
			assert.True(t, known.Entries > 0 || d.Kind == ast.Enum, "%s: how many entries? (graph/bound)", p.name)
			refusesMany(t, s, p)
		}
		sentence := bound.OfPlace(p.name, p.typ, d.Kind == ast.Enum)
		if sentence != "" && !strings.Contains(p.name, "_") && p.name[0] != '@' {
			require.True(t, bound.States(p.description, sentence), "%s: its description must say: %s (go generate ./graph)", p.name, sentence)
		}
	}
	require.Empty(t, table, "bounds of what there is not")
	for name := range scalars {
		description := schema.Types[name].Description
		if name == "ID" {
			description = schema.Types["Node"].Fields.ForName("id").Description
		}
		require.True(t, bound.States(description, bound.OfScalar(name)), "%s: its description must say: %s", name, bound.OfScalar(name))
	}
	require.True(t, bound.States(schema.Types["JSON"].Description, bound.OfScalar("JSON")))
	for _, d := range schema.Types {
		require.LessOrEqual(t, len(d.EnumValues), bound.EnumEntries, d.Name)
		if d.Kind == ast.Scalar && !d.BuiltIn && !strings.HasPrefix(d.Name, "_") && !strings.Contains(d.Position.Src.Name, "federation/") {
			require.True(t, s.readers[d.Name] != nil || d.Name == "JSON", "%s: what is one?", d.Name)
		}
	}
}

func judged(s *strict, p place, value any) *fault {
	j := judge{strict: s, op: &graphql.OperationContext{}}
	_, f := j.value(value, p.typ, s.bounds[p.definition])
	return f
}

func refusesLong(t *testing.T, s *strict, p place) {
	t.Helper()
	most := s.bounds[p.definition].MostLetters()
	f := judged(s, p, strings.Repeat("ä", most+1))
	require.NotNil(t, f, p.name)
	require.Contains(t, f.words, "characters", p.name)
	if f := judged(s, p, strings.Repeat("ä", most)); f != nil {
		require.NotContains(t, f.words, "characters", p.name)
	}
}

func refusesMany(t *testing.T, s *strict, p place) {
	t.Helper()
	most := s.bounds[p.definition].MostEntries()
	f := judged(s, p, make([]any, most+1))
	require.NotNil(t, f, p.name)
	require.Contains(t, f.words, "entries", p.name)
	if f := judged(s, p, make([]any, most)); f != nil {
		require.NotContains(t, f.words, "entries", p.name)
	}
}

func refusesLarge(t *testing.T, s *strict, p place) {
	t.Helper()
	nest := func(depth int) (v any) {
		v = "x"
		for range depth {
			v = []any{v}
		}
		return v
	}
	bytes, depth, values := bound.JSONBytes, bound.JSONDepth, bound.JSONValues
	if p.typ.Name() == "_Any" {
		bytes, depth, values = bound.EntityBytes, bound.EntityDepth, bound.EntityValues
	}
	one := func(v any) any {
		if p.typ.Elem != nil {
			return []any{v}
		}
		return v
	}
	for word, v := range map[string]any{
		"bytes": map[string]any{strings.Repeat("n", bytes/2): strings.Repeat("x", bytes/2)}, "levels": map[string]any{"a": nest(depth)},
		"values": map[string]any{"a": make([]any, values)},
	} {
		f := judged(s, p, one(v))
		require.NotNil(t, f, "%s: %s", p.name, word)
		require.Contains(t, f.words, word, p.name)
	}
	require.Nil(t, judged(s, p, one(map[string]any{"a": nest(depth - 3), "b": strings.Repeat("x", bytes/2), "c": make([]any, values/2)})), p.name)
}

// What is typed reaches the portal, which says more, up to ten times its figure.
func TestWhatIsTypedIsRefusedLate(t *testing.T) {
	t.Parallel()
	require.Equal(t, 100, bound.Bound{Letters: 100}.MostLetters())
	require.Equal(t, 1_000, bound.Bound{Letters: 100, Typed: true}.MostLetters())
	require.Equal(t, 500, bound.Bound{Entries: 50, Typed: true}.MostEntries())
}
