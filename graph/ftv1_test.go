package graph

import (
	"net/http"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestATraceThatNobodyAskedForAllocatesNothing(t *testing.T) {
	op := &graphql.OperationContext{Operation: &ast.OperationDefinition{Operation: ast.Query}, Headers: http.Header{"Accept": {"*/*"}}}
	wanted := true
	require.Zero(t, testing.AllocsPerRun(100, func() { wanted = wantsTrace(op) }))
	require.False(t, wanted)

	op.Headers[FTV1Header] = []string{"ftv1"}
	require.True(t, wantsTrace(op))
	op.Operation.Operation = ast.Mutation
	require.True(t, wantsTrace(op))
	op.Operation.Operation = ast.Subscription
	require.False(t, wantsTrace(op), "subscriptions have none")
	op.Operation.Operation, op.Headers[FTV1Header] = ast.Query, []string{"ftv2"}
	require.False(t, wantsTrace(op))
}
