package graph

import (
	"bytes"
	"context"
	"io"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
)

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
