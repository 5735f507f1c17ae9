package wire_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"nelke/internal/wire"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	for want, response := range map[string]*graphql.Response{
		`{"data":{"a":1}}`:                                      {Data: []byte(`{"a":1}`)},
		`{"data":null}`:                                         {},
		`{"errors":[{"message":"no"}]}`:                         {Errors: gqlerror.List{{Message: "no"}}},
		`{"errors":[{"message":"no"}],"data":null}`:             {Errors: gqlerror.List{{Message: "no"}}, Data: []byte("null")},
		`{"data":{},"extensions":{"cost":3}}`:                   {Data: []byte("{}"), Extensions: map[string]any{"cost": 3}},
		`{"errors":[{"message":"no"}],"extensions":{"cost":3}}`: {Errors: gqlerror.List{{Message: "no"}}, Extensions: map[string]any{"cost": 3}},
		`{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`: {
			Data: []byte("{}"), Extensions: map[string]any{"bad": func() {}},
		},
	} {
		require.Equal(t, want, string(wire.Encode(response)))
		shared := wire.Share(response)
		require.Equal(t, want, string(wire.Encode(shared)))
		require.Equal(t, want, string(wire.Encode(wire.Share(shared))))
		require.NotContains(t, response.Extensions, "\x00encoded")
	}
}

// counted notices each time it is encoded.
type counted struct{ times *atomic.Int64 }

func (c counted) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d", c.times.Add(1)), nil
}

func TestShareEncodesOnceForAllWatchersOnAllTransports(t *testing.T) {
	t.Parallel()
	var times atomic.Int64
	shared := wire.Share(&graphql.Response{Data: []byte(`{"ticks":1}`), Extensions: map[string]any{"times": counted{&times}}})
	town := setup(t, config{around: func(context.Context, graphql.OperationHandler) graphql.ResponseHandler {
		return graphql.OneShot(shared)
	}})
	const want = `{"data":{"ticks":1},"extensions":{"times":1}}`
	var watchers sync.WaitGroup
	for range 20 {
		c := town.connect(t)
		watchers.Go(func() {
			c.subscribe("1", "subscription{ticks}")
			m, err := c.tryNext()
			if err != nil || string(m.Payload) != want {
				t.Errorf("got %s, %v", m.Payload, err)
			}
		})
	}
	watchers.Wait()
	_, body := town.do(t, "POST", "", `{"query":"subscription{ticks}"}`, jsonHeader(stream))
	require.Contains(t, body, "data: "+want+"\n")
	_, body = town.do(t, "POST", "", `{"query":"{hello}"}`, jsonHeader())
	require.Equal(t, want, body)
	require.EqualValues(t, 1, times.Load())
}
