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
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if err := (federatedTrace{}).MutateOperationContext(ctx, op); err != nil {
			t.Fatal(err)
		}
	}))
	require.Nil(t, op.ResolverMiddleware, "fields are resolved as they are")

	op.Headers[FTV1Header] = []string{"ftv1"}
	op.Operation.Operation = ast.Subscription
	require.Nil(t, (federatedTrace{}).MutateOperationContext(ctx, op))
	require.Nil(t, op.ResolverMiddleware, "subscriptions have none")
	op.Operation.Operation = ast.Query
	require.Nil(t, (federatedTrace{}).MutateOperationContext(ctx, op))
	require.NotNil(t, op.ResolverMiddleware)
}
