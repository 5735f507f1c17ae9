package wire_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"nelke/internal/wire"
)

func TestWebSocketClosesWithTheCodeOfTheProtocol(t *testing.T) {
	t.Parallel()
	const init, ack = `{"type":"connection_init"}`, true
	hello := `{"id":"1","type":"subscribe","payload":{"query":"{hello}"}}`
	ticks := `{"id":"1","type":"subscribe","payload":{"query":"subscription{ticks}"}}`
	for name, test := range map[string]struct {
		acknowledged bool
		send         []string
		code         websocket.StatusCode
		reason       string
	}{
		"subscribe before init":      {!ack, []string{hello}, 4401, "Unauthorized"},
		"second init":                {ack, []string{init}, 4429, "Too many initialisation requests"},
		"init twice at once":         {!ack, []string{init, init}, 4429, "Too many initialisation requests"},
		"same id twice":              {ack, []string{ticks, ticks}, 4409, "Subscriber for 1 already exists"},
		"not JSON":                   {ack, []string{`{`}, 4400, ""},
		"not an object":              {ack, []string{`[]`}, 4400, ""},
		"nothing":                    {ack, []string{``}, 4400, ""},
		"null":                       {ack, []string{`null`}, 4400, ""},
		"no type":                    {ack, []string{`{}`}, 4400, ""},
		"type is a number":           {ack, []string{`{"type":1}`}, 4400, ""},
		"unknown type":               {ack, []string{`{"type":"start","id":"1"}`}, 4400, ""},
		"a message of the server":    {ack, []string{`{"type":"next","id":"1","payload":{}}`}, 4400, ""},
		"two objects":                {ack, []string{`{"type":"ping"}{"type":"ping"}`}, 4400, ""},
		"broken UTF-8":               {ack, []string{"{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}"}, 1007, ""},
		"ping payload is a string":   {ack, []string{`{"type":"ping","payload":"x"}`}, 4400, ""},
		"pong payload is a list":     {ack, []string{`{"type":"pong","payload":[]}`}, 4400, ""},
		"init payload is a string":   {!ack, []string{`{"type":"connection_init","payload":"x"}`}, 4400, ""},
		"complete without id":        {ack, []string{`{"type":"complete"}`}, 4400, ""},
		"subscribe without id":       {ack, []string{`{"type":"subscribe","payload":{"query":"{hello}"}}`}, 4400, ""},
		"subscribe with empty id":    {ack, []string{`{"type":"subscribe","id":"","payload":{"query":"{hello}"}}`}, 4400, ""},
		"subscribe with id a number": {ack, []string{`{"type":"subscribe","id":1,"payload":{"query":"{hello}"}}`}, 4400, ""},
		"subscribe without payload":  {ack, []string{`{"type":"subscribe","id":"1"}`}, 4400, ""},
		"subscribe without query":    {ack, []string{`{"type":"subscribe","id":"1","payload":{}}`}, 4400, ""},
		"query is a number":          {ack, []string{`{"type":"subscribe","id":"1","payload":{"query":1}}`}, 4400, ""},
		"variables are a list":       {ack, []string{`{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":[]}}`}, 4400, ""},
		"too big":                    {ack, []string{`{"type":"ping","payload":{"a":"` + strings.Repeat("x", 2000) + `"}}`}, 1009, ""},
		"id longer than a reason": {
			ack,
			[]string{strings.ReplaceAll(ticks, `"1"`, `"`+strings.Repeat("ä", 200)+`"`), strings.ReplaceAll(ticks, `"1"`, `"`+strings.Repeat("ä", 200)+`"`)},
			4409, "Subscriber for " + strings.Repeat("ä", 54),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			town := setup(t, config{socket: wire.WebSocket{ReadLimit: 1500}})
			c := town.dial(t, nil)
			if test.acknowledged {
				c.send(init)
				c.expect("connection_ack", "", "")
			}
			for _, text := range test.send {
				c.send(text)
			}
			end := c.closed()
			require.Equal(t, test.code, end.Code, end.Reason)
			if test.reason != "" {
				require.Equal(t, test.reason, end.Reason)
			}
		})
	}

	t.Run("binary message", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{}).connect(t)
		require.NoError(t, c.Write(t.Context(), websocket.MessageBinary, []byte(`{"type":"ping"}`)))
		require.EqualValues(t, 4400, c.closed().Code)
	})
	t.Run("no subprotocol", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{}).dial(t, &websocket.DialOptions{})
		require.Equal(t, websocket.CloseError{Code: 4406, Reason: "Subprotocol not acceptable"}, c.closed())
	})
	t.Run("older subprotocol", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{}).dial(t, &websocket.DialOptions{Subprotocols: []string{"graphql-ws"}})
		require.EqualValues(t, 4406, c.closed().Code)
	})
	t.Run("no init in time", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{socket: wire.WebSocket{InitTimeout: time.Millisecond}}).dial(t, nil)
		require.Equal(t, websocket.CloseError{Code: 4408, Reason: "Connection initialisation timeout"}, c.closed())
	})
	t.Run("a message that doesn't end", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{socket: wire.WebSocket{ReadTimeout: 100 * time.Millisecond}}).connect(t)
		time.Sleep(150 * time.Millisecond) //nolint:forbidigo // between messages there is no deadline
		c.subscribe("1", "{hello}")
		c.expect("next", "1", `{"data":{"hello":"Blomberg"}}`)
		c.expect("complete", "1", "")
		w, err := c.Writer(t.Context(), websocket.MessageText)
		require.NoError(t, err)
		_, err = w.Write([]byte(strings.Repeat(" ", 10_000)))
		require.NoError(t, err)
		require.Equal(t, websocket.CloseError{Code: 4408, Reason: "Message timeout"}, c.closed())
	})
}

func TestWebSocketInit(t *testing.T) {
	t.Parallel()
	type userKey struct{}
	var refusal error
	admit := func(ctx context.Context, payload map[string]any, header http.Header) (context.Context, error) {
		token, err := wire.Authorization(payload, header)
		switch {
		case err != nil:
			return nil, err
		case token == "Bearer down":
			return nil, fmt.Errorf("init: %w", &wire.CloseError{Code: 1013, Reason: "try again later"})
		case token == "Bearer bad":
			return nil, errors.New("secret detail")
		}
		return context.WithValue(ctx, userKey{}, token), refusal
	}
	users := make(chan string, 10)
	town := setup(t, config{
		socket: wire.WebSocket{Init: admit},
		around: func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			user, _ := ctx.Value(userKey{}).(string)
			users <- user
			return next(ctx)
		},
	})
	fromHeader := &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Authorization": {"Bearer header"}},
	}
	for name, test := range map[string]struct {
		options    *websocket.DialOptions
		init, user string
	}{
		"token in the payload":              {nil, `{"type":"connection_init","payload":{"authorization":"Bearer a"}}`, "Bearer a"},
		"token in the payload, capitalised": {nil, `{"type":"connection_init","payload":{"Authorization":"Bearer b"}}`, "Bearer b"},
		"token in the header":               {fromHeader, `{"type":"connection_init"}`, "Bearer header"},
		"payload before header":             {fromHeader, `{"type":"connection_init","payload":{"authorization":"Bearer a"}}`, "Bearer a"},
		"token among headers":               {nil, `{"type":"connection_init","payload":{"headers":{"authorization":"Bearer c"}}}`, "Bearer c"},
		"among headers, capitalised":        {nil, `{"type":"connection_init","payload":{"Headers":{"Authorization":"Bearer c"}}}`, "Bearer c"},
		"the same token twice":              {nil, `{"type":"connection_init","payload":{"authorization":"Bearer a","headers":{"Authorization":"Bearer a"}}}`, "Bearer a"},
		"headers without a token":           {nil, `{"type":"connection_init","payload":{"client":"app","headers":{"x-client":"app","authorization":null}}}`, ""},
		"no token":                          {nil, `{"type":"connection_init","payload":null}`, ""},
	} {
		t.Run(name, func(t *testing.T) { // not parallel: users come in order
			c := town.dial(t, test.options)
			c.send(test.init)
			c.expect("connection_ack", "", "")
			c.subscribe("1", "{hello}")
			c.expect("next", "1", `{"data":{"hello":"Blomberg"}}`)
			require.Equal(t, test.user, receive(t, users))
		})
	}
	for name, test := range map[string]struct {
		payload string
		end     websocket.CloseError
	}{
		"refused without a reason":   {`{"authorization":"Bearer bad"}`, websocket.CloseError{Code: 4403, Reason: "Forbidden"}},
		"refused with a code":        {`{"authorization":"Bearer down"}`, websocket.CloseError{Code: 1013, Reason: "try again later"}},
		"token of another JSON type": {`{"authorization":7}`, websocket.CloseError{Code: 4400, Reason: "connection_init: authorization must be a string"}},
		"headers that are none":      {`{"headers":"Bearer a"}`, websocket.CloseError{Code: 4400, Reason: "connection_init: headers must be an object"}},
		"two tokens":                 {`{"authorization":"Bearer a","headers":{"authorization":"Bearer b"}}`, websocket.CloseError{Code: 4400, Reason: "connection_init: two tokens"}},
		"token under another name":   {`{"authToken":"a"}`, websocket.CloseError{Code: 4400, Reason: "connection_init: send the token as authorization"}},
		"among headers, other name":  {`{"headers":{"X-Api-Key":"a"}}`, websocket.CloseError{Code: 4400, Reason: "connection_init: send the token as authorization"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := town.dial(t, nil)
			c.send(`{"type":"connection_init","payload":` + test.payload + `}`)
			require.Equal(t, test.end, c.closed())
		})
	}
}

func TestWebSocketOperations(t *testing.T) {
	t.Parallel()
	t.Run("queries and mutations are answered once and completed", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{}).connect(t)
		for range 200 { // the id is free as soon as complete is read
			c.subscribe("q", "{hello}")
			c.expect("next", "q", `{"data":{"hello":"Blomberg"}}`)
			c.expect("complete", "q", "")
		}
		c.subscribe("m", "mutation{set}")
		c.expect("next", "m", `{"data":{"set":"done"}}`)
		c.expect("complete", "m", "")
	})
	t.Run("null is data, with its errors", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{}).connect(t)
		c.subscribe("q", "{nothing}")
		c.expect("next", "q", `{"errors":[{"message":"nothing there"}],"data":null}`)
		c.expect("complete", "q", "")
	})
	t.Run("variables keep large integers", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{}).connect(t)
		c.send(`{"id":"1","type":"subscribe","payload":{"query":"query($n:Int!){echo(n:$n)}","variables":{"n":9007199254740993},"operationName":null,"extensions":null}}`)
		c.expect("next", "1", `{"data":{"echo":"9007199254740993"}}`)
	})
	t.Run("a subscription sends all and completes", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{}).connect(t)
		c.subscribe("s", "subscription{count(to:3)}")
		for n := range 3 {
			c.expect("next", "s", fmt.Sprintf(`{"data":{"count":%d}}`, n+1))
		}
		c.expect("complete", "s", "")
	})
	t.Run("an invalid document is an error without complete", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{}).connect(t)
		c.subscribe("1", "{unknown}")
		m := c.next()
		require.Equal(t, "error", m.Type)
		require.Contains(t, string(m.Payload), "GRAPHQL_VALIDATION_FAILED")
		c.subscribe("1", "{hello}") // at once: the id is free
		c.expect("next", "1", `{"data":{"hello":"Blomberg"}}`)
		c.expect("complete", "1", "")
	})
	t.Run("a subscription that fails to begin is an error", func(t *testing.T) {
		t.Parallel()
		c := setup(t, config{}).connect(t)
		c.subscribe("1", "subscription{denied}")
		m := c.next()
		require.Equal(t, "error", m.Type)
		require.Contains(t, string(m.Payload), "not yours")
	})
	for _, query := range []string{"subscription{boom}", "{boom}"} {
		t.Run("a panic is an error: "+query, func(t *testing.T) {
			t.Parallel()
			c := setup(t, config{}).connect(t)
			c.subscribe("1", query)
			m := c.next()
			require.Equal(t, "error", m.Type)
			require.NotContains(t, string(m.Payload), "boom")
			c.send(`{"type":"ping"}`)
			c.expect("pong", "", "")
		})
	}
	t.Run("complete stops the source and frees the id", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{})
		c := town.connect(t)
		c.subscribe("1", "subscription{ticks}")
		c.expect("next", "1", `{"data":{"ticks":1}}`)
		require.Equal(t, "ticks", receive(t, town.begun))
		c.send(`{"id":"1","type":"complete"}`)
		require.Equal(t, "ticks", receive(t, town.ended))
		c.send(`{"id":"unknown","type":"complete"}`)
		c.subscribe("1", "{hello}")
		c.expect("next", "1", `{"data":{"hello":"Blomberg"}}`)
	})
	t.Run("complete silences what doesn't stop", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{})
		c := town.connect(t)
		c.subscribe("1", "{stubborn}")
		require.Equal(t, "stubborn", receive(t, town.begun))
		c.send(`{"id":"1","type":"complete"}`)
		c.subscribe("1", "{hello}") // another one by the same id
		c.expect("next", "1", `{"data":{"hello":"Blomberg"}}`)
		c.expect("complete", "1", "")
		town.streams.Stop() // waits for both
		close(town.release)
		m, err := c.tryNext()
		require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err), m)
	})
	t.Run("an interceptor that refuses for ever is heard once", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{around: func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			if graphql.GetOperationContext(ctx).Operation.Operation == "query" {
				return next(ctx)
			}
			return func(context.Context) *graphql.Response { return graphql.ErrorResponse(ctx, "no") }
		}})
		c := town.connect(t)
		c.subscribe("1", "subscription{ticks}")
		c.expect("error", "1", `[{"message":"no"}]`)
		c.subscribe("1", "{hello}")
		c.expect("next", "1", `{"data":{"hello":"Blomberg"}}`)
		c.expect("complete", "1", "")
	})
	t.Run("one operation too many is refused, and the others go on", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{socket: wire.WebSocket{MaxOperations: 2}})
		c := town.connect(t)
		for _, id := range []string{"a", "b"} {
			c.subscribe(id, "subscription{ticks}")
			c.expect("next", id, `{"data":{"ticks":1}}`)
			receive(t, town.begun)
		}
		c.subscribe("c", "{hello}")
		m := c.next()
		require.Equal(t, "error", m.Type)
		require.Equal(t, "c", m.ID)
		require.Contains(t, string(m.Payload), "TOO_MANY_OPERATIONS")
		town.release <- struct{}{}
		require.Equal(t, "next", c.next().Type)
	})
	t.Run("a query that misses its deadline is an error", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{around: func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			ctx, cancel := context.WithDeadline(ctx, time.Unix(0, 0))
			cancel()
			inner := next(ctx)
			return func(context.Context) *graphql.Response { return inner(ctx) }
		}})
		c := town.connect(t)
		c.subscribe("1", "{hello}")
		m := c.next()
		require.Equal(t, "error", m.Type)
		require.Contains(t, string(m.Payload), "UNAVAILABLE")
	})
	t.Run("a client that leaves ends its subscriptions", func(t *testing.T) {
		t.Parallel()
		town := setup(t, config{})
		c := town.connect(t)
		c.subscribe("1", "subscription{ticks}")
		c.expect("next", "1", `{"data":{"ticks":1}}`)
		receive(t, town.begun)
		require.NoError(t, c.Close(websocket.StatusNormalClosure, ""))
		require.Equal(t, "ticks", receive(t, town.ended))
	})
}
