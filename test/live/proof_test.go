package live

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/identity"
	"nelke/server"
	"nelke/test/suite"
)

// forbidden is how a WebSocket is closed whose token proves nothing any more: clients connect again with another one.
const forbidden = websocket.StatusCode(4403)

// document is an operation that somebody is entitled to by a token.
type document struct {
	query string
	vars  suite.Vars
}

// entitled is somebody whose token is about to prove nothing any more.
type entitled struct {
	*suite.Client
	read, write, follow document
	ends                func()                    // what takes the token its force
	written             func(*testing.T) []string // what write left behind so far
}

// TestWhoIsCallingIsAskedAtEachUse has a token end in each way, and uses it afterwards in each way.
func TestWhoIsCallingIsAskedAtEachUse(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(*testing.T, *suite.Process) entitled{
		"expired": expired, "revoked": revoked, "suspended": suspended,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite.Each(t, func(t *testing.T, b *suite.Backend) {
				p := suite.Serve(t, b, func(c *server.Config) { c.WebhookLocal = true })
				who := of(t, p)
				read, mutate, watching := who.For(t).Subscribe(who.read.query, who.read.vars), who.For(t).Subscribe(who.read.query, who.read.vars), who.For(t).Subscribe(who.follow.query, who.follow.vars)
				for _, s := range []*suite.Stream{read, mutate} {
					s.Next()
					kind, _ := s.Type()
					require.Equal(t, "complete", kind)
				}
				watching.Next()
				events := follow(t, who.Client, who.follow.query, who.follow.vars)
				events.Next()
				before := who.written(t)

				who.ends()
				t.Run("an operation on an open socket", func(t *testing.T) {
					read.Also("2", who.read.query, who.read.vars)
					require.Equal(t, forbidden, read.ClosedSilently())
					mutate.Also("2", who.write.query, who.write.vars)
					require.Equal(t, forbidden, mutate.ClosedSilently())
				})
				p.Clock.Advance(0) // whoever waits for the time looks again
				t.Run("a subscription on an open socket", func(t *testing.T) {
					require.Equal(t, forbidden, watching.ClosedSilently())
				})
				t.Run("an open event stream", func(t *testing.T) {
					name, data, err := events.event()
					require.NoError(t, err)
					require.Equal(t, "next", name)
					require.JSONEq(t, `["UNAUTHENTICATED"]`, gjson.Get(data, "errors.#.extensions.code").Raw, data)
					require.False(t, gjson.Get(data, "data.*").Exists(), data)
					name, _, err = events.event()
					require.NoError(t, err)
					require.Equal(t, "complete", name)
				})
				t.Run("a new request", func(t *testing.T) {
					for name, r := range requests(t, p, who) {
						a, err := who.For(t).Send(r)
						require.NoError(t, err, name)
						require.Equal(t, http.StatusUnauthorized, a.Status, name)
						require.Equal(t, "UNAUTHENTICATED", a.ErrorCode(), name)
						require.False(t, a.Get("data").Exists(), name)
					}
				})
				t.Run("a new socket", func(t *testing.T) {
					require.Equal(t, forbidden, p.Refused(t, suite.Vars{"authorization": "Bearer " + who.Token}))
				})
				require.Equal(t, before, who.written(t))
			})
		})
	}
}

// requests are all the ways in which an operation comes without a socket.
func requests(t *testing.T, p *suite.Process, who entitled) map[string]*http.Request {
	t.Helper()
	const stream = "text/event-stream"
	request := func(method, accept string, d document, batch bool) *http.Request {
		var body any = map[string]any{"query": d.query, "variables": d.vars}
		if batch {
			body = []any{body}
		}
		raw, err := json.Marshal(body)
		require.NoError(t, err)
		target := p.URL + "/graphql"
		if method == http.MethodGet {
			variables, err := json.Marshal(d.vars)
			require.NoError(t, err)
			target, raw = target+"?"+url.Values{"query": {d.query}, "variables": {string(variables)}}.Encode(), nil
		}
		r, err := http.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(raw))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", accept)
		return r
	}
	return map[string]*http.Request{
		"query by POST":                  request(http.MethodPost, "application/json", who.read, false),
		"query by GET":                   request(http.MethodGet, "application/json", who.read, false),
		"mutation by POST":               request(http.MethodPost, "application/json", who.write, false),
		"query in a batch":               request(http.MethodPost, "application/json", who.read, true),
		"mutation in a batch":            request(http.MethodPost, "application/json", who.write, true),
		"query by event stream":          request(http.MethodPost, stream, who.read, false),
		"query by event stream, GET":     request(http.MethodGet, stream, who.read, false),
		"mutation by event stream":       request(http.MethodPost, stream, who.write, false),
		"subscription by event stream":   request(http.MethodPost, stream, who.follow, false),
		"subscription by event stream 2": request(http.MethodGet, stream, who.follow, false),
	}
}

// expired is a clerk whose token ends.
func expired(_ *testing.T, p *suite.Process) entitled {
	place := p.Place()
	starts := p.Anonymous().Starts(place, 5)
	board := `($o: ID!) { appointmentBoard(office: $o, date: "` + friday + `") { appointments { id } } }`
	vars := suite.Vars{"o": place.Office}
	chief := p.StaffUntil(48*time.Hour, "carla", "SUPERVISOR@"+suite.ARS)
	return entitled{
		Client: p.Clerk(), ends: func() { p.Clock.Advance(25 * time.Hour) },
		read: document{"query" + board, vars}, follow: document{"subscription" + board, vars},
		write: document{`mutation($in: BookAppointmentForInput!) { bookAppointmentFor(input: $in) { appointment { id } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "office": place.Office, "start": starts[len(starts)-1], "channel": "PHONE",
			"concerns": []suite.Vars{{"service": place.Service}}, "person": suite.Erika(),
		}}},
		written: func(t *testing.T) (ids []string) {
			t.Helper()
			for _, a := range chief.For(t).Do("query"+board, vars).OK("appointmentBoard.appointments").Array() {
				ids = append(ids, a.Get("id").String())
			}
			return ids
		},
	}
}

// revoked is a partner whose key is revoked.
func revoked(t *testing.T, p *suite.Process) entitled {
	t.Helper()
	return partner(t, p, func(admin *suite.Client, _, key string) {
		admin.Do(`mutation($id: UUID!, $key: ID!) { revokePartnerKey(input: {idempotencyKey: $id, key: $key}) { partnerKey { id } problems { code } } }`,
			suite.Vars{"id": suite.Key(), "key": key}).OK("revokePartnerKey.partnerKey.id")
	})
}

// suspended is a partner that isn't worked with any more.
func suspended(t *testing.T, p *suite.Process) entitled {
	t.Helper()
	return partner(t, p, func(admin *suite.Client, partner, _ string) {
		admin.Do(`mutation($id: UUID!, $p: ID!) { updatePartner(input: {idempotencyKey: $id, partner: $p, status: SUSPENDED}) { partner { id } problems { code } } }`,
			suite.Vars{"id": suite.Key(), "p": partner}).OK("updatePartner.partner.id")
	})
}

func partner(t *testing.T, p *suite.Process, ends func(admin *suite.Client, partner, key string)) entitled {
	t.Helper()
	admin, me, place := p.Staff("anna", "ADMIN@"+suite.ARS), p.Anonymous(), p.Place()
	town := p.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
	id := admin.Do(`mutation($id: UUID!, $m: ID!) { addPartner(input: {idempotencyKey: $id, municipality: $m, name: "Portal", scopes: [WEBHOOKS_MANAGE]}) { partner { id } problems { code } } }`,
		suite.Vars{"id": suite.Key(), "m": town}).OK("addPartner.partner.id").String()
	me.Token = identity.NewPartnerKey()
	key := admin.Do(`mutation($id: UUID!, $p: ID!, $key: String!) { addPartnerKey(input: {idempotencyKey: $id, partner: $p, label: "Server", key: $key}) { partnerKey { id } problems { code } } }`,
		suite.Vars{"id": suite.Key(), "p": id, "key": me.Token}).OK("addPartnerKey.partnerKey.id").String()
	endpoints := document{`query($p: ID!) { partner(id: $p) { endpoints { id } } }`, suite.Vars{"p": id}}
	return entitled{
		Client: me, ends: func() { ends(admin, id, key) },
		read: endpoints, follow: document{watched, days(place, friday, 1)},
		write: document{`mutation($in: AddWebhookEndpointInput!) { addWebhookEndpoint(input: $in) { webhookEndpoint { id } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "partner": id, "url": "http://127.0.0.1:9/", "secret": "the-secret-that-both-of-us-know-1",
		}}},
		written: func(t *testing.T) (ids []string) {
			t.Helper()
			for _, e := range admin.For(t).Do(endpoints.query, endpoints.vars).OK("partner.endpoints").Array() {
				ids = append(ids, e.Get("id").String())
			}
			return ids
		},
	}
}

// TestARoleThatIsGone gives a clerk a new token without the role, and uses it in each way.
func TestARoleThatIsGone(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		who := expired(t, p)
		require.NotEmpty(t, who.For(t).Do(who.read.query, who.read.vars).OK("appointmentBoard").Raw)
		who.Client = p.Staff("erna", "CLERK@"+suite.OtherARS)
		before := who.written(t)
		sees := func(name string, data gjson.Result) {
			require.NotContains(t, data.Raw, "appointment_", name)
		}
		for name, r := range requests(t, p, who) {
			if name == "subscription by event stream 2" || name == "query in a batch" || name == "mutation in a batch" {
				continue // the first is like its sister, the others are refused whoever sends them
			}
			a, err := who.For(t).Send(r)
			require.NoError(t, err, name)
			require.Equal(t, http.StatusOK, a.Status, name)
			sees(name, a.Result)
		}
		for _, d := range []document{who.read, who.follow} {
			s := who.For(t).Subscribe(d.query, d.vars)
			require.Equal(t, gjson.Null, s.Next().Get("data.appointmentBoard").Type)
			kind, _ := s.Type()
			require.Equal(t, "complete", kind)
		}
		who.For(t).Subscribe(who.write.query, who.write.vars).Type()
		require.Equal(t, before, who.written(t))
	})
}
