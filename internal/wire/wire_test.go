package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"go.uber.org/goleak"

	"nelke/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what should happen at once.
const patience = 10 * time.Second

// town is a server with a small schema of our own, and what a test can see and steer of it.
type town struct {
	*httptest.Server
	streams *wire.Streams
	release chan struct{} // closed or sent to: "slow" answers, "ticks" ticks
	begun   chan string   // names of operations that began to wait
	sets    atomic.Int64  // mutations executed
	asked   atomic.Int64  // responses of "big" and "ticks" that were asked for
	ended   chan string   // subscriptions whose context ended
	panics  atomic.Int64  // but for those that are part of the schema
}

type config struct {
	socket wire.WebSocket
	events wire.SSE
	plain  wire.HTTP
	around graphql.OperationMiddleware
}

func setup(t *testing.T, c config) *town {
	t.Helper()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		type Query { hello: String! nothing: String slow: String! stubborn: String! boom: String! echo(n: Int!, big: String): String! }
		type Mutation { set: String! slowly: String! }
		type Subscription { count(to: Int!): Int! ticks: Int! big: String! denied: String! boom: String! lines: String! }
	`})
	town := &town{
		streams: wire.NewStreams(), release: make(chan struct{}),
		begun: make(chan string, 1000), ended: make(chan string, 1000),
	}
	server := handler.New(&graphql.ExecutableSchemaMock{
		SchemaFunc: func() *ast.Schema { return schema },
		ComplexityFunc: func(context.Context, string, string, int, map[string]any) (int, bool) {
			return 1, true
		},
		ExecFunc: town.exec,
	})
	server.SetRecoverFunc(func(_ context.Context, err any) error {
		if err != "boom" {
			town.panics.Add(1)
		}
		return errors.New("internal error")
	})
	c.socket.Streams, c.events.Streams = town.streams, town.streams
	server.AddTransport(c.socket)
	server.AddTransport(c.events)
	server.AddTransport(c.plain)
	if c.around != nil {
		server.AroundOperations(c.around)
	}
	town.Server = httptest.NewServer(server)
	t.Cleanup(func() {
		town.streams.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, town.streams.Wait(ctx))
		require.Zero(t, town.streams.Open())
		require.Zero(t, town.panics.Load())
		town.Close()
		town.Client().CloseIdleConnections()
	})
	return town
}

// exec stands in for generated code: one root field, answered by its name.
func (w *town) exec(ctx context.Context) graphql.ResponseHandler {
	operation := graphql.GetOperationContext(ctx)
	field := operation.Operation.SelectionSet[0].(*ast.Field)
	answer := func(value any) *graphql.Response {
		data, _ := json.Marshal(map[string]any{field.Alias: value})
		return &graphql.Response{Data: data}
	}
	wait := func(ctx context.Context) bool {
		w.begun <- field.Name
		select {
		case <-w.release:
			return true
		case <-ctx.Done():
			w.ended <- field.Name
			return false
		}
	}
	switch field.Name {
	case "hello":
		return graphql.OneShot(answer("Blomberg"))
	case "echo":
		return graphql.OneShot(answer(fmt.Sprint(operation.Variables["n"])))
	case "nothing":
		return func(ctx context.Context) *graphql.Response {
			graphql.AddErrorf(ctx, "nothing there")
			return &graphql.Response{Data: []byte("null")}
		}
	case "set":
		w.sets.Add(1)
		return graphql.OneShot(answer("done"))
	case "slow", "slowly":
		return func(ctx context.Context) *graphql.Response {
			if !wait(ctx) {
				return nil
			}
			return answer("late")
		}
	case "stubborn":
		return func(context.Context) *graphql.Response {
			w.begun <- field.Name
			<-w.release
			return answer("unasked")
		}
	case "count":
		to, _ := field.ArgumentMap(operation.Variables)["to"].(int64)
		n := int64(0)
		return func(context.Context) *graphql.Response {
			if n++; n > to {
				return nil
			}
			return answer(n)
		}
	case "ticks":
		n := 0
		return func(ctx context.Context) *graphql.Response {
			w.asked.Add(1)
			if n++; n > 1 && !wait(ctx) {
				return nil
			}
			return answer(n)
		}
	case "big":
		text := strings.Repeat("x", 1<<20)
		return func(ctx context.Context) *graphql.Response {
			if ctx.Err() != nil {
				return nil
			}
			w.asked.Add(1)
			return answer(text)
		}
	case "lines":
		return graphql.OneShot(&graphql.Response{Data: []byte("{\"lines\":\n\"a\\nb\"\r\n}")})
	case "denied":
		graphql.AddErrorf(ctx, "not yours")
		return nil
	default:
		return func(context.Context) *graphql.Response { panic("boom") }
	}
}

func (w *town) do(t *testing.T, method, query, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, w.URL+"/graphql"+query, strings.NewReader(body))
	require.NoError(t, err)
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := w.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(text)
}
