package graph

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// SDL is the schema of the subgraph, as gateways compose it: what `_service { sdl }` answers.
func SDL() string {
	var all []string
	for _, source := range sources {
		if !source.BuiltIn {
			all = append(all, source.Input)
		}
	}
	return strings.Replace(strings.Join(all, "\n"), nodeField, "", 1)
}

// LoadSDL reads the schema of a subgraph, with the directives of federation that need no declaration.
func LoadSDL(name, sdl string) (*ast.Schema, error) {
	given := []*ast.Source{{Name: name, Input: sdl}}
	for _, source := range sources {
		if source.BuiltIn && strings.Contains(source.Name, "directives") {
			given = append(given, source)
		}
	}
	return gqlparser.LoadSchema(given...)
}

// nodeField is how schema/base.graphqls has Query.node.
const nodeField = `
  "The thing of that id, if it is there and yours to read."
  node("Any id of this graph." id: ID!): Node`

// composable leaves Query.node out of the schema that gateways compose: a field that two subgraphs have can't be
// composed unless both resolve the same, and every Relay subgraph has a node of its own.
type composable struct{}

func (composable) ExtensionName() string                   { return "Composable" }
func (composable) Validate(graphql.ExecutableSchema) error { return nil }
func (composable) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	answer := next(ctx)
	if graphql.GetRootFieldContext(ctx).Object != "_service" {
		return answer
	}
	quoted := strconv.Quote(nodeField)
	return graphql.WriterFunc(func(w io.Writer) {
		var all bytes.Buffer
		answer.MarshalGQL(&all)
		_, _ = w.Write(bytes.Replace(all.Bytes(), []byte(quoted[1:len(quoted)-1]), nil, 1)) // the executor's buffer never fails
	})
}
