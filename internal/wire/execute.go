package wire

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// prepare parses and validates. Where that fails, the operation is nil and the refusal says why.
func prepare(
	ctx context.Context, exec graphql.GraphExecutor, params *graphql.RawParams,
) (operation *graphql.OperationContext, refusal *graphql.Response) {
	defer func() {
		if r := recover(); r != nil {
			operation, refusal = nil, panicked(ctx, exec, operation, r)
		}
	}()
	operation, errs := exec.CreateOperationContext(ctx, params)
	if len(errs) > 0 {
		return nil, exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs)
	}
	return operation, nil
}

// isSubscription reports whether more than one response may come.
func isSubscription(operation *graphql.OperationContext) bool {
	return operation.Operation.Operation == ast.Subscription
}

// perform executes the operation and gives each response to send. The next one is asked for only when send has
// returned, so what comes in between can be made one. It returns true when the operation came to its end, and false
// when send failed or the context ended.
func perform(
	ctx context.Context, exec graphql.GraphExecutor, operation *graphql.OperationContext,
	send func(*graphql.Response) error,
) (ended bool) {
	defer func() {
		if r := recover(); r != nil {
			ended = send(panicked(ctx, exec, operation, r)) == nil
		}
	}()
	next, inner := exec.DispatchOperation(graphql.WithOperationContext(ctx, operation), operation)
	if !isSubscription(operation) {
		response := next(inner)
		if response == nil { // a deadline passed; saying nothing would read as an empty success
			response = refused(exec, requestError(codeUnavailable, "the operation took too long"))
		}
		return send(response) == nil
	}
	for {
		response := next(inner)
		if ctx.Err() != nil {
			return false
		}
		if response == nil {
			return true
		}
		if send(response) != nil {
			return false
		}
		if isRequestError(response) { // it never began
			return true
		}
	}
}

// panicked is the answer to an operation that panicked outside of its resolvers, as the error presenter words it.
func panicked(
	ctx context.Context, exec graphql.GraphExecutor, operation *graphql.OperationContext, recovered any,
) *graphql.Response {
	err := errors.New("internal error")
	if operation != nil && operation.RecoverFunc != nil {
		ctx = graphql.WithOperationContext(ctx, operation)
		err = operation.Recover(ctx, recovered)
	}
	return exec.DispatchError(ctx, gqlerror.List{gqlerror.WrapIfUnwrapped(err)})
}
