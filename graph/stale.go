package graph

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"nelke/internal/cache"
)

// StaleExtension is the name of the extension of an answer that couldn't be made of what is in the database now, because it
// has gone. Its value is a Stale.
const StaleExtension = "stale"

// Stale says how old an answer is whose catalogue couldn't be read anew.
type Stale struct {
	AsOf    time.Time `json:"asOf"`    // when the oldest part was read
	Seconds int       `json:"seconds"` // since then
}

// StaleAt makes a Stale of the instant at which the oldest part of an answer was read.
func StaleAt(at, now time.Time) Stale {
	return Stale{AsOf: at.UTC().Truncate(time.Second), Seconds: max(0, int(now.Sub(at)/time.Second))}
}

type outlivedKey struct{}

// lasting reports whether what a public root field shows may be served for a while after the database has gone: what is
// published, and neither free times nor the feed of changes.
func lasting(root string) bool {
	switch root {
	case "availability", "nextSlots", "changes":
		return false
	default:
		return true
	}
}

// stale lets the catalogue outlive the database in queries, and says so in the answer.
type stale struct{ now func() time.Time }

func (stale) ExtensionName() string                   { return "Stale" }
func (stale) Validate(graphql.ExecutableSchema) error { return nil }
func (stale) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Query {
		ctx = context.WithValue(ctx, outlivedKey{}, new(cache.Outlived))
	}
	return next(ctx)
}

func (s stale) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	outlived, ok := ctx.Value(outlivedKey{}).(*cache.Outlived)
	if !ok || response == nil || outlived.Since().IsZero() {
		return response
	}
	if response.Extensions == nil {
		response.Extensions = map[string]any{}
	}
	response.Extensions[StaleExtension] = StaleAt(outlived.Since(), s.now())
	return response
}
