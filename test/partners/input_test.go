package partners_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/identity"
	"nelke/test/suite"
)

func TestThereAreTenOfEachAtMost(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		full := func(a *suite.Answer, mutation string) {
			t.Helper()
			require.Equal(t, "INVALID_INPUT", a.Problem(), a.Raw)
			require.Equal(t, `["input","partner"]`, a.Get("data."+mutation+".problems.0.path").Raw)
			require.Equal(t, "Es gibt schon 10 davon.", a.Get("data."+mutation+".problems.0.message").String())
		}
		var endpoint, key string
		for range 10 {
			endpoint = w.endpoint()
			_, key = w.key()
		}
		newKey := func() suite.Vars {
			return suite.Vars{"partner": w.partner, "label": "Server 11", "key": identity.NewPartnerKey()}
		}
		one := suite.Vars{"partner": w.partner, "url": w.to.URL, "secret": secret}
		full(w.ask(w.admin, "addWebhookEndpoint", one, "webhookEndpoint { id }"), "addWebhookEndpoint")
		full(w.ask(w.admin, "addPartnerKey", newKey(), "partnerKey { id }"), "addPartnerKey")
		w.does(w.admin, "removeWebhookEndpoint", suite.Vars{"endpoint": endpoint}, "partner { id }")
		w.does(w.admin, "revokePartnerKey", suite.Vars{"key": key}, "partnerKey { id }")
		w.endpoint()
		w.key()
		full(w.ask(w.admin, "addPartnerKey", newKey(), "partnerKey { id }"), "addPartnerKey")
		for range 99 {
			w.with("blomberg", "Noch einer")
		}
		a := w.ask(w.admin, "addPartner", suite.Vars{"municipality": w.town("blomberg"), "name": "Der hunderterste"}, "partner { id }")
		require.Equal(t, `{"data":{"addPartner":{"partner":null,"problems":[{"code":"INVALID_INPUT","message":"Es gibt schon 100 davon.","path":["input","municipality"]}]}}}`, a.Raw)
		// A suspended one leaves its place to another, and finds it taken when it is to come back.
		w.does(w.admin, "updatePartner", suite.Vars{"partner": w.partner, "status": "SUSPENDED"}, "partner { id }")
		other := w.does(w.admin, "addPartner", suite.Vars{"municipality": w.town("blomberg"), "name": "Der hunderterste"}, "partner { id }").Get("partner.id").String()
		back := suite.Vars{"partner": w.partner, "status": "ACTIVE"}
		a = w.ask(w.admin, "updatePartner", back, "partner { id }")
		require.Equal(t, `{"data":{"updatePartner":{"partner":null,"problems":[{"code":"INVALID_INPUT","message":"Es gibt schon 100 davon.","path":["input","status"]}]}}}`, a.Raw)
		w.does(w.admin, "updatePartner", suite.Vars{"partner": other, "status": "ACTIVE"}, "partner { id }") // it is already
		w.does(w.admin, "updatePartner", suite.Vars{"partner": other, "status": "SUSPENDED"}, "partner { id }")
		w.does(w.admin, "updatePartner", back, "partner { id }")
	})
}

// A key that was revoked by mistake comes back by adding it again, and nothing changes at the partner's. It stays the
// partner's own: nobody else's ever.
func TestARevokedKeyComesBack(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		me, id := w.key()
		opens := func() bool { return me.Do(`{ viewer { kind } }`, nil).Status == http.StatusOK }
		again := suite.Vars{"partner": w.partner, "label": "Server 1, wieder", "key": me.Token}
		twice := func(in suite.Vars) {
			t.Helper()
			a := w.ask(w.admin, "addPartnerKey", in, "partnerKey { id }")
			require.Equal(t, `["input","key"]`, a.Get("data.addPartnerKey.problems.0.path").Raw, a.Raw)
		}
		require.True(t, opens())
		twice(suite.Vars{"partner": w.partner, "label": "Server 1", "key": me.Token})
		w.does(w.admin, "revokePartnerKey", suite.Vars{"key": id}, "partnerKey { id }")
		require.False(t, opens())
		other := w.with("blomberg", "Jemand anders")
		twice(suite.Vars{"partner": other.partner, "label": "Server", "key": me.Token})

		for range 2 { // the second is a repeat
			back := w.does(w.admin, "addPartnerKey", again, "partnerKey { id label revokedAt }").Get("partnerKey")
			require.Equal(t, id, back.Get("id").String())
			require.Equal(t, "Server 1, wieder", back.Get("label").String())
			require.Equal(t, gjson.Null, back.Get("revokedAt").Type)
			require.True(t, opens())
		}
		w.does(w.admin, "revokePartnerKey", suite.Vars{"key": id}, "partnerKey { id }")
		require.False(t, opens())
		var actions string
		rows, err := w.Database().Query(`SELECT action FROM events WHERE subject = $1 ORDER BY seq`, id)
		require.NoError(t, err)
		for rows.Next() {
			var action string
			require.NoError(t, rows.Scan(&action))
			actions += action + " "
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
		require.Equal(t, "partner.key_added partner.key_revoked partner.key_restored partner.key_revoked ", actions)
	})
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		endpoint := w.endpoint()
		me, _ := w.key()
		key := identity.NewPartnerKey()
		text := func(n int) string { return strings.Repeat("ü", n) }
		for _, c := range []struct {
			mutation string
			input    suite.Vars
			path     string
		}{
			{"addPartner", suite.Vars{"municipality": w.town("blomberg"), "name": ""}, "name"},
			{"addPartner", suite.Vars{"municipality": w.town("blomberg"), "name": text(101)}, "name"},
			{"addPartner", suite.Vars{"municipality": w.town("blomberg"), "name": "a\x00b"}, "name"},
			{"updatePartner", suite.Vars{"partner": w.partner, "name": "  "}, "name"},
			{"updatePartner", suite.Vars{"partner": w.partner, "name": text(101)}, "name"},
			{"addPartnerKey", suite.Vars{"partner": w.partner, "label": "", "key": key}, "label"},
			{"addPartnerKey", suite.Vars{"partner": w.partner, "label": text(101), "key": key}, "label"},
			{"addPartnerKey", suite.Vars{"partner": w.partner, "label": "x", "key": ""}, "key"},
			{"addPartnerKey", suite.Vars{"partner": w.partner, "label": "x", "key": key[:len(key)-1]}, "key"},
			{"addPartnerKey", suite.Vars{"partner": w.partner, "label": "x", "key": key + "A"}, "key"},
			{"addPartnerKey", suite.Vars{"partner": w.partner, "label": "x", "key": identity.NewCaseKey()}, "key"},
			{"addPartnerKey", suite.Vars{"partner": w.partner, "label": "x", "key": strings.Replace(key, "partner", "Partner", 1)}, "key"},
			{"addPartnerKey", suite.Vars{"partner": w.partner, "label": "x", "key": me.Token}, "key"},
			{"addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": w.to.URL, "secret": secret[:31]}, "secret"},
			{"addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": w.to.URL, "secret": strings.Repeat("x", 129)}, "secret"},
			{"addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": w.to.URL, "secret": secret + " x"}, "secret"},
			{"addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": w.to.URL, "secret": secret + "\r\nX: y"}, "secret"},
			{"addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": w.to.URL, "secret": secret + "ü"}, "secret"},
			{"addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": w.to.URL, "secret": secret, "types": []string{}}, "types"},
			{"addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": w.to.URL + "/\r\nX: y", "secret": secret}, "url"},
			{"addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": "https://10.0.0.1/", "secret": secret}, "url"},
			{"updateWebhookEndpoint", suite.Vars{"endpoint": endpoint, "url": "https://10.0.0.1/"}, "url"},
			{"updateWebhookEndpoint", suite.Vars{"endpoint": endpoint, "url": "nonsense"}, "url"},
			{"updateWebhookEndpoint", suite.Vars{"endpoint": endpoint, "secret": "short"}, "secret"},
			{"updateWebhookEndpoint", suite.Vars{"endpoint": endpoint, "types": []string{}}, "types"},
		} {
			a := w.ask(w.admin, c.mutation, c.input, "__typename")
			require.Equal(t, "INVALID_INPUT", a.Problem(), "%s %v: %s", c.mutation, c.input, a.Raw)
			require.Equal(t, `["input","`+c.path+`"]`, a.Get("data."+c.mutation+".problems.0.path").Raw, "%s %v", c.mutation, c.input)
			require.NotEmpty(t, a.Get("data."+c.mutation+".problems.0.message").String())
		}
		for _, c := range []struct {
			mutation string
			input    suite.Vars
			code     string
			path     string
		}{
			{"updatePartner", suite.Vars{"partner": "nonsense"}, "NOT_FOUND", `["input","partner"]`},
			{"updatePartner", suite.Vars{"partner": "partner_\x00"}, "NOT_FOUND", `["input","partner"]`},
			{"revokePartnerKey", suite.Vars{"key": "nonsense"}, "NOT_FOUND", `["input","key"]`},
			{"updateWebhookEndpoint", suite.Vars{"endpoint": w.partner}, "NOT_FOUND", `["input","endpoint"]`},
			{"replayWebhook", suite.Vars{"endpoint": endpoint, "delivery": "nonsense"}, "NOT_FOUND", `["input","delivery"]`},
			{"addPartner", suite.Vars{"municipality": "nonsense", "name": "x"}, "NOT_FOUND", `["input","municipality"]`},
		} {
			a := w.ask(w.admin, c.mutation, c.input, "__typename")
			require.Equal(t, c.code, a.Problem(), "%s %v: %s", c.mutation, c.input, a.Raw)
			require.Equal(t, c.path, a.Get("data."+c.mutation+".problems.0.path").Raw, c.mutation)
		}
		w.quiet()
		require.Empty(t, w.to.calls(), "what was refused had no effect")
		require.Len(t, w.admin.Do(`query($id: ID!) { partner(id: $id) { keys { id } endpoints { id } } }`, suite.Vars{"id": w.partner}).OK("partner.keys").Array(), 1)
	})
}

func TestARemovedEndpointIsGone(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		me, _ := w.key()
		endpoint := w.endpoint()
		beside := w.with("blomberg", "Portal Nebenan")
		beside.endpoint()
		w.change(0)
		w.until("DELIVERED", 1)
		in := suite.Vars{"endpoint": endpoint, "idempotencyKey": suite.Key()}
		first := w.does(w.admin, "removeWebhookEndpoint", in, "partner { id endpoints { id } }").Raw
		require.Equal(t, "[]", gjson.Get(first, "partner.endpoints").Raw)
		require.Equal(t, first, w.does(w.admin, "removeWebhookEndpoint", in, "partner { id endpoints { id } }").Raw)
		for c, mutations := range map[*suite.Client][]string{
			w.admin: {"removeWebhookEndpoint", "updateWebhookEndpoint", "replayWebhook", "pingWebhook"}, me: {"replayWebhook", "pingWebhook"},
		} {
			for _, mutation := range mutations {
				require.Equal(t, "NOT_FOUND", w.ask(c, mutation, suite.Vars{"endpoint": endpoint}, "__typename").Problem(), mutation)
			}
		}
		w.change(1)
		beside.to.waits(t, 2)
		w.tend()
		w.quiet()
		require.Len(t, w.to.calls(), 1)
		var left string
		require.NoError(t, w.Database().QueryRow(`SELECT secret || former_secret || (SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = e.id)
			FROM webhook_endpoints e WHERE id = $1`, endpoint).Scan(&left))
		require.Equal(t, "0", left, "neither secrets nor deliveries are kept")
	})
}

func TestARepeatHasTheSameResultAndNoEffect(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		endpoint, spare := w.endpoint(), w.endpoint()
		_, key := w.key()
		_, another := w.key()
		for _, c := range []struct {
			mutation string
			input    suite.Vars
			carried  string
			differs  suite.Vars
		}{
			{"addPartner", suite.Vars{"municipality": w.town("blomberg"), "name": "Neu"}, "partner { id name }", suite.Vars{"name": "Neuer"}},
			{"updatePartner", suite.Vars{"partner": w.partner, "name": "Portal"}, "partner { id name }", suite.Vars{"name": "Anders"}},
			{"addPartnerKey", suite.Vars{"partner": w.partner, "label": "S", "key": identity.NewPartnerKey()}, "partnerKey { id label }", suite.Vars{"key": identity.NewPartnerKey()}},
			{"revokePartnerKey", suite.Vars{"key": key}, "partnerKey { id revokedAt }", suite.Vars{"key": another}},
			{"addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": w.to.URL, "secret": secret}, "webhookEndpoint { id url }", suite.Vars{"url": w.to.URL + "/x"}},
			{"updateWebhookEndpoint", suite.Vars{"endpoint": endpoint, "secret": other}, "webhookEndpoint { id formerSecretUntil }", suite.Vars{"secret": secret}},
			{"pingWebhook", suite.Vars{"endpoint": endpoint}, "webhookEndpoint { id }", suite.Vars{"endpoint": spare}},
			{"replayWebhook", suite.Vars{"endpoint": endpoint}, "webhookEndpoint { id }", suite.Vars{"endpoint": spare}},
			{"removeWebhookEndpoint", suite.Vars{"endpoint": spare}, "partner { id }", suite.Vars{"endpoint": endpoint}},
		} {
			c.input["idempotencyKey"] = suite.Key()
			first := w.does(w.admin, c.mutation, c.input, c.carried)
			state := func() string {
				w.quiet()
				return suite.Dump(t, w.Database(), "partners", "partner_keys", "webhook_endpoints", "webhook_deliveries", "events", "idempotencies")
			}
			before := state()
			require.Equal(t, first.Raw, w.does(w.admin, c.mutation, c.input, c.carried).Raw, c.mutation)
			for name, value := range c.differs {
				c.input[name] = value
			}
			require.Equal(t, "IDEMPOTENCY_KEY_REUSED", w.ask(w.admin, c.mutation, c.input, c.carried).Problem(), c.mutation)
			require.Equal(t, before, state(), c.mutation)
		}
		w.quiet()
		require.Len(t, w.to.calls(), 1, "one ping")
	})
}
