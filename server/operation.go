package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"nelke/graph"
	"nelke/internal/wire"
)

// operationLimit is how long a query or a mutation may take.
const operationLimit = 10 * time.Second

// observed is the graph with a deadline for what has one answer, and with notes for the log and the metrics. It stands
// here, not around requests, because operations come by WebSocket too, where a request has many and lasts for hours.
type observed struct {
	graphql.GraphExecutor
	metrics *metrics
	names   *graph.Names
}

// DispatchOperation begins an operation.
func (o observed) DispatchOperation(
	ctx context.Context, op *graphql.OperationContext,
) (graphql.ResponseHandler, context.Context) {
	kind := op.Operation.Operation
	exchangeOf(ctx).executes(string(kind), o.names.Of(op))
	if kind == ast.Subscription {
		o.metrics.subscriptions.Inc()
		context.AfterFunc(ctx, o.metrics.subscriptions.Dec)
		next, inner := o.GraphExecutor.DispatchOperation(ctx, op)
		return func(ctx context.Context) *graphql.Response { return o.counted(next(ctx)) }, inner
	}
	start := time.Now()
	ctx = graph.WithProblems(ctx, o.metrics.problems.count)
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	next, inner := o.GraphExecutor.DispatchOperation(ctx, op)
	return func(ctx context.Context) *graphql.Response {
		defer cancel()
		response := o.counted(next(ctx))
		o.metrics.executed(string(kind), time.Since(start))
		return response
	}, inner
}

// DispatchError answers a document that is refused before anything of it is executed.
func (o observed) DispatchError(ctx context.Context, list gqlerror.List) *graphql.Response {
	return o.counted(o.GraphExecutor.DispatchError(ctx, list))
}

// Refused implements wire.Counter.
func (o observed) Refused(code string) { o.metrics.errors.count(code) }

// counted counts the errors of a response.
func (o observed) counted(response *graphql.Response) *graphql.Response {
	if response != nil {
		for _, err := range response.Errors {
			code, _ := err.Extensions["code"].(string)
			o.metrics.errors.count(code)
		}
	}
	return response
}

var _ wire.Counter = observed{}

// unavailable makes 503 of an answer that has nothing in it because the database couldn't be asked. What failed in
// part stays 200, with what there is.
func unavailable(header http.Header, response *graphql.Response) int {
	if len(response.Errors) == 0 {
		return 0
	}
	for _, err := range response.Errors {
		if err.Extensions["code"] != "UNAVAILABLE" {
			return 0
		}
	}
	if len(response.Data) > 0 {
		var roots map[string]json.RawMessage
		if err := json.Unmarshal(response.Data, &roots); err != nil {
			return 0
		}
		for _, root := range roots { // none where data is null
			if !nothing(root) {
				return 0
			}
		}
	}
	header.Set("Retry-After", retryAfter)
	return http.StatusServiceUnavailable
}

// nothing reports whether a root field has no value: null, or entities of which none is there.
func nothing(root json.RawMessage) bool {
	inner, list := strings.CutPrefix(string(root), "[")
	if !list {
		return inner == "null"
	}
	inner = strings.TrimSuffix(inner, "]")
	return inner != "" && strings.Trim(strings.ReplaceAll(inner, "null", ""), ",") == ""
}
