package partners_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

func TestAPartnerReadsItselfAlone(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		lage := suite.NewTown(t).Renamed("lage", "057660040040", "05766040")
		lage.Import(w.Config)
		w.Clock.Advance(11 * time.Second)
		both := *w
		both.admin = w.Staff("anna", "ADMIN@"+suite.ARS, "ADMIN@057660040040")
		me, _ := w.key()
		w.endpoint()
		w.change(0)
		w.until("DELIVERED", 1)
		const whole = `query($id: ID!) { partner(id: $id) { name keys { id label } endpoints { id url types deliveries { nodes { id changes { id } } } } } }`
		mine := me.Do(whole, suite.Vars{"id": w.partner})
		require.Equal(t, "Portal Lippe", mine.OK("partner.name").String())
		require.Equal(t, "private, no-store", mine.Header.Get("Cache-Control"), "nobody keeps it")
		for town, beside := range map[string]*world{"its own town": both.with("blomberg", "Portal Nebenan"), "another town": both.with("lage", "Portal Lage")} {
			endpoint := beside.endpoint()
			ping := beside.does(both.admin, "pingWebhook", suite.Vars{"endpoint": endpoint}, "webhookEndpoint { deliveries { nodes { id } } }").Get("webhookEndpoint.deliveries.nodes.0.id").String()
			require.NotEmpty(t, ping)
			require.Equal(t, gjson.Null, me.Do(whole, suite.Vars{"id": beside.partner}).OK("partner").Type, town)
			require.Equal(t, gjson.Null, me.Do(`query($id: ID!) { node(id: $id) { __typename } }`, suite.Vars{"id": beside.partner}).OK("node").Type, town)
			for _, mutation := range []string{"pingWebhook", "replayWebhook"} {
				require.Equal(t, "NOT_FOUND", w.ask(me, mutation, suite.Vars{"endpoint": endpoint}, "webhookEndpoint { id }").Problem(), town)
			}
			own := mine.OK("partner.endpoints.0.id").String()
			require.Equal(t, "NOT_FOUND", w.ask(me, "replayWebhook", suite.Vars{"endpoint": own, "delivery": ping}, "webhookEndpoint { id }").Problem(), "another's delivery at its own endpoint")
		}
	})
}

// socket is an open WebSocket of a partner.
type socket struct {
	t    *testing.T
	conn *websocket.Conn
	n    int
}

func dial(t *testing.T, c *suite.Client) *socket {
	t.Helper()
	conn, response, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(c.Process.URL, "http")+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	require.NoError(t, err)
	if response.Body != nil {
		_ = response.Body.Close()
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	require.NoError(t, wsjson.Write(t.Context(), conn, map[string]any{"type": "connection_init", "payload": map[string]string{"authorization": "Bearer " + c.Token}}))
	var ack map[string]any
	require.NoError(t, wsjson.Read(t.Context(), conn, &ack))
	require.Equal(t, "connection_ack", ack["type"])
	return &socket{t: t, conn: conn}
}

// send begins to run a document on the socket.
func (s *socket) send(query string, vars suite.Vars) {
	s.t.Helper()
	s.n++
	require.NoError(s.t, wsjson.Write(s.t.Context(), s.conn, map[string]any{"id": string(rune('0' + s.n)), "type": "subscribe", "payload": map[string]any{"query": query, "variables": vars}}))
}

// closed reads to the end of the socket, and returns the code with which it was closed.
func (s *socket) closed() websocket.StatusCode {
	s.t.Helper()
	for {
		if _, _, err := s.conn.Read(s.t.Context()); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

// ask runs a document on the socket, and gives the payload of its answer.
func (s *socket) ask(query string, vars suite.Vars) gjson.Result {
	s.t.Helper()
	s.send(query, vars)
	var answer gjson.Result
	for {
		var m struct {
			Type    string          `json:"type"`
			Payload json.RawMessage `json:"payload"`
		}
		require.NoError(s.t, wsjson.Read(s.t.Context(), s.conn, &m))
		switch m.Type {
		case "next", "error":
			answer = gjson.ParseBytes(m.Payload)
			if m.Type == "error" {
				return answer
			}
		case "complete":
			return answer
		}
	}
}

func TestARevokedKeyOpensNothingOnASocketThatIsOpen(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		endpoint := w.endpoint()
		for name, ends := range map[string]func(key string){
			"revoked": func(key string) { w.does(w.admin, "revokePartnerKey", suite.Vars{"key": key}, "partnerKey { id }") },
			"suspended": func(string) {
				w.does(w.admin, "updatePartner", suite.Vars{"partner": w.partner, "status": "SUSPENDED"}, "partner { id }")
			},
		} {
			w.does(w.admin, "updatePartner", suite.Vars{"partner": w.partner, "status": "ACTIVE"}, "partner { id }")
			me, key := w.key()
			s := dial(t, me)
			const public = `{ municipality(by: {slug: "blomberg"}) { name } }`
			require.Equal(t, "Blomberg", me.Do(public, nil).OK("municipality.name").String())
			const (
				read = `query($id: ID!) { viewer { name partner { id } } partner(id: $id) { id } }`
				ping = `mutation($in: PingWebhookInput!) { pingWebhook(input: $in) { webhookEndpoint { id } problems { code } } }`
			)
			pinged := func() suite.Vars {
				return suite.Vars{"in": suite.Vars{"idempotencyKey": suite.Key(), "endpoint": endpoint}}
			}
			require.Equal(t, `{"data":{"viewer":{"name":"Portal Lippe","partner":{"id":"`+w.partner+`"}},"partner":{"id":"`+w.partner+`"}}}`, s.ask(read, suite.Vars{"id": w.partner}).Raw)
			require.Empty(t, s.ask(ping, pinged()).Get("data.pingWebhook.problems").Array())
			other := dial(t, me)
			ends(key)
			s.send(read, suite.Vars{"id": w.partner})
			require.Equal(t, websocket.StatusCode(4403), s.closed(), name)
			other.send(ping, pinged())
			require.Equal(t, websocket.StatusCode(4403), other.closed(), name)
			require.Equal(t, http.StatusUnauthorized, me.Do(`{ viewer { kind } }`, nil).Status, name)
			require.Equal(t, http.StatusUnauthorized, me.Do(public, nil).Status, "not even what everybody may read, and what is kept")
		}
	})
}

func TestAPartnerCannotPingForEver(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b, func(c *server.Config) { c.OpeningsPerHour = 3 })
		me, _ := w.key()
		again, _ := w.key()
		endpoint := w.endpoint()
		in := suite.Vars{"endpoint": endpoint, "idempotencyKey": suite.Key()}
		w.does(me, "pingWebhook", in, "webhookEndpoint { id }")
		w.does(me, "replayWebhook", suite.Vars{"endpoint": endpoint}, "webhookEndpoint { id }")
		w.does(again, "pingWebhook", suite.Vars{"endpoint": endpoint}, "webhookEndpoint { id }")
		for _, c := range []*suite.Client{me, again} {
			for _, mutation := range []string{"pingWebhook", "replayWebhook"} {
				require.Equal(t, "RATE_LIMITED", w.ask(c, mutation, suite.Vars{"endpoint": endpoint}, "webhookEndpoint { id }").Problem(), "another key of the same partner is no way around it")
			}
		}
		w.does(me, "pingWebhook", in, "webhookEndpoint { id }")
		w.does(w.admin, "pingWebhook", suite.Vars{"endpoint": endpoint}, "webhookEndpoint { id }")
		require.Len(t, w.to.waits(t, 3), 3)
	})
}

func TestAnotherSealingKeyIsSaidAndMended(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		endpoint := w.endpoint()
		w.change(0)
		w.until("DELIVERED", 1)
		require.NoError(t, w.Stop())
		w.Process = suite.Serve(t, b, suite.In(w.Config.Data), func(c *server.Config) {
			c.WebhookLocal, c.WebhookKey = true, "another key of thirty-two characters"
		})
		w.admin = w.Staff("anna", "ADMIN@"+suite.ARS)
		w.change(1)
		require.Equal(t, "Das Geheimnis kann nicht gelesen werden. Bitte setzen Sie es neu.", w.until("PENDING", 1).Get("lastError").String())
		require.Len(t, w.to.calls(), 1)
		w.does(w.admin, "updateWebhookEndpoint", suite.Vars{"endpoint": endpoint, "secret": other}, "webhookEndpoint { id }")
		got := w.to.waits(t, 2)[1]
		require.NoError(t, w.proves(got, other))
		w.until("DELIVERED", 1)
	})
}
