package graph

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"

	"nelke/graph/model"
	"nelke/internal/catalogue"
)

// ending is a context that ends when the test says so.
type ending struct {
	context.Context
	mu  sync.Mutex
	err error
}

func (e *ending) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

func (e *ending) end(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// longList answers publicServices with many services, and calls opened at each of them.
type longList struct {
	ResolverRoot
	services []*catalogue.Service
	opened   func()
}

func (l *longList) Query() QueryResolver                 { return longQuery{list: l} }
func (l *longList) PublicService() PublicServiceResolver { return longService{list: l} }

type longQuery struct {
	QueryResolver
	list *longList
}

func (q longQuery) PublicServices(context.Context, *int, *string, *catalogue.PublicServiceFilter) (*model.PublicServiceConnection, error) {
	return &model.PublicServiceConnection{Connection: &catalogue.ServiceConnection{Nodes: q.list.services}}, nil
}

type longService struct {
	PublicServiceResolver
	list *longList
}

func (s longService) Open(context.Context, *catalogue.Service) (bool, error) {
	s.list.opened()
	return true, nil
}

// A list of which nobody waits for the rest, because its deadline is over or its caller has hung up, isn't resolved to its end.
func TestAListThatNobodyWaitsForEnds(t *testing.T) {
	t.Parallel()
	const elements, middle = 1000, 200
	for _, c := range []struct {
		name  string
		cause error // nil: the context doesn't end
	}{{"whole", nil}, {"deadline", context.DeadlineExceeded}, {"hung up", context.Canceled}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			list := &longList{services: make([]*catalogue.Service, elements)}
			for i := range list.services {
				list.services[i] = &catalogue.Service{}
			}
			ctx := &ending{Context: graphql.StartOperationTrace(t.Context())}
			var resolved atomic.Int64
			list.opened = func() {
				if resolved.Add(1) == middle {
					ctx.end(c.cause)
				}
			}
			schema := withPrices(NewExecutableSchema(Config{Resolvers: list}))
			g := Around(schema, Options{Documents: graphql.NoCache[string]{}, Log: slog.New(slog.DiscardHandler), Clock: time.Now})
			op, errs := g.CreateOperationContext(ctx, &graphql.RawParams{Query: fmt.Sprintf(`{ publicServices(first: %d) { nodes { a: open b: open c: open } } }`, elements)})
			require.Empty(t, errs)
			next, inner := g.DispatchOperation(ctx, op)
			response := next(inner)
			if c.cause == nil {
				require.Empty(t, response.Errors)
				require.EqualValues(t, 3*elements, resolved.Load())
				return
			}
			require.Less(t, resolved.Load(), int64(3*elements/2), "it goes on")
			require.Len(t, response.Errors, 1)
			require.Equal(t, codeTimeout, response.Errors[0].Extensions["code"])
			require.Equal(t, "null", string(response.Data))
		})
	}
}
