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
	"github.com/99designs/gqlgen/graphql/executor"
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

// around is an extension that wraps operations.
type around func(context.Context, graphql.OperationHandler) graphql.ResponseHandler

func (around) ExtensionName() string                   { return "Around" }
func (around) Validate(graphql.ExecutableSchema) error { return nil }
func (a around) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	return a(ctx, next)
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
	exec := executor.New(&graphql.ExecutableSchemaMock{
		SchemaFunc: func() *ast.Schema { return schema },
		ComplexityFunc: func(context.Context, string, string, int, map[string]any) (int, bool) {
			return 1, true
		},
		ExecFunc: town.exec,
	})
	exec.SetRecoverFunc(func(_ context.Context, err any) error {
		if err != "boom" {
			town.panics.Add(1)
		}
		return errors.New("internal error")
	})
	c.socket.Streams, c.events.Streams = town.streams, town.streams
	if c.around != nil {
		exec.Use(around(c.around))
	}
	town.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, transport := range []graphql.Transport{c.socket, c.events, c.plain} {
			if transport.Supports(r) {
				transport.Do(w, r.WithContext(graphql.StartOperationTrace(r.Context())), exec)
				return
			}
		}
	}))
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

func TestMediaIsWhatTheClientLikesBest(t *testing.T) {
	t.Parallel()
	const now = "application/graphql-response+json"
	for accept, media := range map[string]string{
		"": "application/json", "*/*": "application/json", "text/html": "application/json", now: now, now + ";q=0.5, application/json": "application/json",
		"application/json;q=0.9, " + now: now, now + ";q=0, */*": "application/json",
	} {
		require.Equal(t, media, wire.Media(http.Header{"Accept": {accept}}), accept)
	}
}
