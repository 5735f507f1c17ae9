package graph

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
)

// Who makes the values of a scalar: a person types them, so that what is none is a problem, or a program does.
const (
	typedHere    = "typed, and read by the graph"
	typedThrough = "typed, and read by the portal" // test/portal has its test
	made         = "made by programs"
)

func makers() map[string]string {
	return map[string]string{
		"Date": typedHere, "LocalTime": typedHere,
		"EmailAddress": typedThrough, "PhoneNumber": typedThrough,
		"DateTime": made, // chosen among starts that are offered, or put together of a date and a time
		"JSON":     made, // of a form's answers: the portal checks what is in it
		"UUID":     made,
	}
}

// misreading makes inputs in which one value is nonsense and the others are as their types say.
type misreading struct{ schema *ast.Schema }

// inputs are, for each place of a scalar in a type, the path to it and a value of the type with nonsense there.
func (m misreading) inputs(t *ast.Type, path []string, scalar string, within ...string) (paths [][]string, values []any) {
	if t.Elem != nil {
		paths, values = m.inputs(t.Elem, append(slices.Clone(path), "0"), scalar, within...)
		for i := range values {
			values[i] = []any{values[i]}
		}
		return paths, values
	}
	definition := m.schema.Types[t.NamedType]
	switch {
	case definition.Name == scalar:
		return [][]string{path}, []any{"nonsense"}
	case definition.Kind != ast.InputObject, slices.Contains(within, definition.Name):
		return nil, nil
	}
	for _, field := range definition.Fields {
		inner, nonsense := m.inputs(field.Type, append(slices.Clone(path), field.Name), scalar, append(within, definition.Name)...)
		for i := range nonsense {
			value, _ := m.valid(t).(map[string]any)
			if definition.Directives.ForName("oneOf") != nil {
				value = map[string]any{}
			}
			value[field.Name] = nonsense[i]
			paths, values = append(paths, inner[i]), append(values, value)
		}
	}
	return paths, values
}

// valid is the shortest value of a type.
func (m misreading) valid(t *ast.Type) any {
	if t.Elem != nil {
		return []any{}
	}
	definition := m.schema.Types[t.NamedType]
	switch definition.Kind {
	case ast.Enum:
		return definition.EnumValues[0].Name
	case ast.InputObject:
		value := map[string]any{}
		for n, field := range definition.Fields {
			if field.Type.NonNull && field.DefaultValue == nil || n == 0 && definition.Directives.ForName("oneOf") != nil {
				value[field.Name] = m.valid(field.Type)
			}
		}
		return value
	}
	return map[string]any{
		"ID": "x", "String": "x", "EmailAddress": "erika@example.org", "PhoneNumber": "+4952355040",
		"Int": json.Number("1"), "Boolean": true, "Date": "2026-11-22", "LocalTime": "08:30", "DateTime": "2026-11-23T09:00:00+01:00",
		"UUID": "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11", "JSON": map[string]any{},
	}[definition.Name]
}

func mutationsOf(schema *ast.Schema) (all ast.FieldList) {
	for _, field := range schema.Mutation.Fields {
		if !strings.HasPrefix(field.Name, "__") {
			all = append(all, field)
		}
	}
	return all
}

// A mutation that a person has typed a date or a time for is answered with a problem where it is none: at its place, and not by an
// error, of which a router would leave the person nothing.
func TestWhatAPersonMistypesIsAProblem(t *testing.T) {
	t.Parallel()
	g := New(Options{Documents: graphql.NoCache[string]{}, Log: slog.New(slog.DiscardHandler), Clock: time.Now})
	m := misreading{NewExecutableSchema(Config{}).Schema()}
	places := 0
	for scalar, maker := range makers() {
		if maker != typedHere {
			continue
		}
		for _, mutation := range mutationsOf(m.schema) {
			for _, argument := range mutation.Arguments {
				paths, values := m.inputs(argument.Type, []string{argument.Name}, scalar)
				for i := range values {
					places++
					answersMisread(t, g, mutation, argument, values[i], paths[i])
				}
			}
		}
	}
	require.Greater(t, places, 12, "the walk finds nothing any more")
}

// answersMisread sends a mutation a value that has nonsense at a path.
func answersMisread(t *testing.T, g *Graph, mutation *ast.FieldDefinition, argument *ast.ArgumentDefinition, value any, path []string) {
	t.Helper()
	where := mutation.Name + ": " + strings.Join(path, ".")
	ctx := graphql.StartOperationTrace(t.Context())
	op, errs := g.CreateOperationContext(ctx, &graphql.RawParams{
		Query: "mutation($in: " + argument.Type.String() + ") { typed: " + mutation.Name + "(" + argument.Name +
			": $in) { problems { code message path } } }",
		Variables: map[string]any{"in": value},
	})
	require.Empty(t, errs, where)
	next, inner := g.DispatchOperation(ctx, op)
	response := next(inner)
	require.Empty(t, response.Errors, "%s: refusedPayload knows no %s", where, mutation.Type.Name())
	var answer struct {
		Typed struct {
			Problems []struct {
				Code, Message string
				Path          []string
			}
		}
	}
	require.NoError(t, json.Unmarshal(response.Data, &answer), where)
	require.Len(t, answer.Typed.Problems, 1, where)
	problem := answer.Typed.Problems[0]
	require.Equal(t, "INVALID_INPUT", problem.Code, where)
	require.Equal(t, path, problem.Path)
	require.NotEmpty(t, problem.Message, where)
}

// Whatever a mutation gets to take that may be misread, there is a payload to say so with.
func TestEveryPayloadCanBeRefused(t *testing.T) {
	t.Parallel()
	schema := NewExecutableSchema(Config{}).Schema()
	for _, mutation := range mutationsOf(schema) {
		name := mutation.Type.Name()
		require.NotNil(t, schema.Types[name].Fields.ForName("problems"), name)
		require.NotNil(t, refusedPayload(name, nil), "%s of %s: add it to refusedPayload", name, mutation.Name)
	}
	require.Nil(t, refusedPayload("Nothing", nil))
}

// Of every scalar it is known who makes its values.
func TestEveryScalarHasAMaker(t *testing.T) {
	t.Parallel()
	for _, definition := range NewExecutableSchema(Config{}).Schema().Types {
		if definition.Kind != ast.Scalar || definition.BuiltIn || definition.Position == nil || strings.HasPrefix(definition.Position.Src.Name, "federation/") {
			continue
		}
		require.Contains(t, makers(), definition.Name, "does a person type it? then what is none must be a problem")
	}
}
