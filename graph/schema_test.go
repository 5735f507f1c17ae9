package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"nelke/graph"
)

// The graph is read by people who write frontends: nothing in it is left without a word.
func TestSchemaDescribesEverything(t *testing.T) {
	t.Parallel()

	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	for name, definition := range schema.Types {
		if strings.HasPrefix(name, "_") || definition.BuiltIn || strings.Contains(definition.Position.Src.Name, "federation/") {
			continue
		}
		if name != "Query" && name != "Mutation" && name != "Subscription" {
			require.NotEmpty(t, definition.Description, name)
		}
		for _, field := range definition.Fields {
			if strings.HasPrefix(field.Name, "_") {
				continue
			}
			require.NotEmpty(t, field.Description, "%s.%s", name, field.Name)
			describesArguments(t, name, field)
		}
		for _, value := range definition.EnumValues {
			require.NotEmpty(t, value.Description, "%s.%s", name, value.Name)
		}
	}
}

func describesArguments(t *testing.T, name string, field *ast.FieldDefinition) {
	t.Helper()
	for _, argument := range field.Arguments {
		require.NotEmpty(t, argument.Description, "%s.%s(%s:)", name, field.Name, argument.Name)
	}
}

// A subscription is its query, live: same name, arguments (no after) and type.
func TestEachSubscriptionMirrorsItsQuery(t *testing.T) {
	t.Parallel()

	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	for _, subscription := range schema.Subscription.Fields {
		query := schema.Query.Fields.ForName(subscription.Name)
		require.NotNil(t, query, subscription.Name)
		require.Equal(t, query.Type.Name(), subscription.Type.Name())
		for _, argument := range query.Arguments {
			if argument.Name == "after" {
				continue
			}
			same := subscription.Arguments.ForName(argument.Name)
			require.NotNil(t, same, "%s(%s:)", subscription.Name, argument.Name)
			require.Equal(t, argument.Type.String(), same.Type.String())
		}
	}
}

// A portal for citizens leaves out what is tagged for staff: what remains is whole, and nothing of it is the staff's alone.
func TestWithoutStaffTheGraphIsWhole(t *testing.T) {
	t.Parallel()

	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	reached := map[string]bool{}
	var reach func(from, name string)
	reach = func(from, name string) {
		definition := schema.Types[name]
		require.False(t, staffs(definition.Directives), "%s needs %s, which is the staff's", from, name)
		if reached[name] {
			return
		}
		reached[name] = true
		for _, possible := range schema.GetPossibleTypes(definition) {
			reach(name, possible.Name)
		}
		for _, field := range definition.Fields {
			if staffs(field.Directives) || strings.HasPrefix(field.Name, "__") {
				continue
			}
			reach(name+"."+field.Name, field.Type.Name())
			for _, argument := range field.Arguments {
				reach(name+"."+field.Name, argument.Type.Name())
			}
		}
	}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		reach("the schema", root.Name)
	}
	for name, definition := range schema.Types {
		if !definition.BuiltIn && !strings.HasPrefix(name, "_") && !strings.Contains(definition.Position.Src.Name, "federation/") {
			require.Equal(t, !reached[name], staffs(definition.Directives), "%s: reached %t", name, reached[name])
		}
	}
}

func staffs(directives ast.DirectiveList) bool {
	return slices.ContainsFunc(directives, func(d *ast.Directive) bool {
		return d.Name == "tag" && d.Arguments.ForName("name").Value.Raw == "staff"
	})
}

// In a supergraph the failure of one subgraph must leave what others answer beside it: a field of Query that could not
// be null would take all of them along.
func TestNoQueryTakesItsSiblingsAlong(t *testing.T) {
	t.Parallel()

	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	for _, field := range schema.Query.Fields {
		if !strings.HasPrefix(field.Name, "_") {
			require.False(t, field.Type.NonNull, field.Name)
		}
	}
}
