package portal_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"nelke/graph"
	"nelke/test/suite"
)

// placesOf are the paths to values of a scalar in an input.
func placesOf(schema *ast.Schema, t *ast.Type, scalar string, path ...string) (paths [][]string) {
	definition := schema.Types[t.Name()]
	if definition.Name == scalar {
		return [][]string{path}
	}
	if definition.Kind == ast.InputObject {
		for _, field := range definition.Fields {
			paths = append(paths, placesOf(schema, field.Type, scalar, append(slices.Clone(path), field.Name)...)...)
		}
	}
	return paths
}

// replaced is an input with another value at a path.
func replaced(input suite.Vars, value any, path ...string) suite.Vars {
	if len(path) == 1 {
		return with(input, path[0], value)
	}
	return with(input, path[0], replaced(input[path[0]].(suite.Vars), value, path[1:]...))
}

// E-mail addresses and telephone numbers are read as people write them. What is none is a problem at its place, in every
// mutation that takes one. Dates and times have their test beside graph/misread.go.
func TestMistypedAddressesAndNumbersAreProblems(t *testing.T) {
	t.Parallel()
	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		known := map[string]struct {
			client *suite.Client
			input  suite.Vars
		}{
			"bookAppointment":    {w.holder, suite.Vars{"appointment": w.held, "privacyNotice": w.place.Notice, "person": person()}},
			"correctAppointment": {w.holder, suite.Vars{"appointment": w.booked, "person": person(), "reminder": true}},
			"bookAppointmentFor": {w.clerk, suite.Vars{
				"office": w.place.Office, "start": "2026-11-25T09:00:00+01:00", "concerns": []suite.Vars{{"service": w.place.Service}}, "channel": "PHONE", "person": person(),
			}},
			"setContact": {w.holder, suite.Vars{"privacyNotice": w.place.Notice, "givenName": "Erika", "familyName": "Mustermann"}},
		}
		seen := map[string]bool{}
		for _, scalar := range []string{"EmailAddress", "PhoneNumber"} {
			for _, mutation := range schema.Mutation.Fields {
				if mutation.Arguments.ForName("input") == nil {
					continue
				}
				for _, path := range placesOf(schema, mutation.Arguments.ForName("input").Type, scalar) {
					where := mutation.Name + ": " + strings.Join(path, ".")
					require.Contains(t, known, mutation.Name, "%s takes one: say here how it is called", where)
					seen[mutation.Name] = true
					call := known[mutation.Name]
					for _, nonsense := range []string{"nonsense", "@", "+", "a b@c", strings.Repeat("9", 45), "0\u202e5235"} {
						w.unchanged(t, func() {
							refused(t, mutate(call.client, mutation.Name, replaced(call.input, nonsense, path...)), "INVALID_INPUT", "input."+strings.Join(path, "."))
						})
					}
				}
			}
		}
		require.Len(t, seen, len(known))
	})
}
