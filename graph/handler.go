package graph

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"nelke/graph/scalar"
	"nelke/internal/cache"
	"nelke/internal/live"
	"nelke/internal/portal"
	"nelke/internal/tracing"
)

// Options are what the graph works with.
type Options struct {
	Portal        *portal.Portal
	Hub           *live.Hub
	Cache         *cache.Cache
	Log           *slog.Logger
	Clock         func() time.Time
	Documents     graphql.Cache[string] // documents by the hash that clients may send in their place
	Tracer        *tracing.Tracer       // nil: off
	MaxAnswer     int                   // bytes of data in one response; 0: MaxAnswer
	Introspection bool                  // whether __schema and __type are answered; _service always is
}

// Graph executes documents: queries, mutations and subscriptions.
type Graph struct {
	*executor.Executor
	watcher *watcher
	strict  *strict
	names   *Names
}

// New makes the graph of the portal.
func New(cfg Options) *Graph {
	schema := NewExecutableSchema(Config{Resolvers: &Resolver{Portal: cfg.Portal}})
	g := Around(withPrices(schema), cfg)
	g.Use(representations{})
	g.Use(composable{})
	g.Use(newPlain())
	return g
}

// Around makes a graph of any schema, with everything around it that isn't of the portal's schema alone. It needs no
// Portal.
func Around(schema graphql.ExecutableSchema, cfg Options) *Graph {
	w := &watcher{hub: cfg.Hub, cache: cfg.Cache, now: cfg.Clock}
	names := NewNames(cfg.Clock)
	if cfg.Tracer != nil {
		w.spans = &spans{cfg.Tracer, names}
	}
	e := executor.New(schema)
	documents := newDocuments()
	e.SetQueryCache(documents)
	e.SetDefaultRulesFn(fewErrors)
	e.SetParserTokenLimit(maxTokens)
	e.SetErrorPresenter(present(cfg.Log))
	e.SetRecoverFunc(recovered(cfg.Log))
	if w.spans != nil {
		e.Use(w.spans) // the outermost
	}
	e.Use(extension.AutomaticPersistedQuery{Cache: cfg.Documents})
	e.Use(repeats{documents}) // of the documents that hashes stand for, too
	e.Use(extension.Introspection{})
	if !cfg.Introspection {
		e.Use(closedIntrospection{})
	}
	strict := newStrict(schema.Schema())
	limit := cmp.Or(cfg.MaxAnswer, MaxAnswer)
	e.Use(&limits{portal: cfg.Portal, strict: strict})
	e.Use(stale{cfg.Clock})
	e.Use(roots{})
	e.Use(w)
	e.Use(newIntrospected(limit))
	e.Use(answers{limit: limit, portal: cfg.Portal}) // inside the watcher: each message of a subscription is an answer
	return &Graph{Executor: e, watcher: w, strict: strict, names: names}
}

// Names are the names of operations that may be carried elsewhere.
func (g *Graph) Names() *Names { return g.names }

// Wait returns when no shared subscription runs any more. Call it when all streams have ended.
func (g *Graph) Wait() { g.watcher.groups.wait() }

// closedIntrospection keeps __schema and __type from strangers, and leaves _service to gateways.
type closedIntrospection struct{}

func (closedIntrospection) ExtensionName() string                   { return "ClosedIntrospection" }
func (closedIntrospection) Validate(graphql.ExecutableSchema) error { return nil }
func (closedIntrospection) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	switch graphql.GetRootFieldContext(ctx).Object {
	case "__schema", "__type":
		graphql.AddError(ctx, refusal("INTROSPECTION_CLOSED", "Introspection is closed."))
		return graphql.Null
	}
	return next(ctx)
}

// roots marks root fields for the layer that keeps whole public answers.
type roots struct{}

func (roots) ExtensionName() string                   { return "Roots" }
func (roots) Validate(graphql.ExecutableSchema) error { return nil }
func (roots) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	ctx = cache.RootField(ctx)
	if root := graphql.GetRootFieldContext(ctx); everybodys(ctx, root) {
		cache.Public(ctx)
		if outlived, ok := ctx.Value(outlivedKey{}).(*cache.Outlived); ok && lasting(root.Object) {
			ctx = cache.Lenient(ctx, outlived)
		}
	}
	return next(ctx)
}

func languageOr(ctx context.Context, given *string) string {
	if given != nil {
		return *given
	}
	return scalar.LanguageOf(ctx)
}

// values turns a list of pointers, as gqlgen reads lists of inputs, into one of values.
func values[T any](pointers []*T) []T {
	list := make([]T, 0, len(pointers))
	for _, p := range pointers {
		if p != nil {
			list = append(list, *p)
		}
	}
	return list
}
