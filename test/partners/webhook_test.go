package partners_test

import (
	"context"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/identity"
	"nelke/server"
	"nelke/test/suite"
)

func TestAPartnerIsToldIdsAloneAndProvably(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		endpoint := w.endpoint("PUBLIC_SERVICE")
		service := w.change(0)
		got := w.to.waits(t, 1)[0]
		require.NoError(t, w.proves(got, secret))
		require.Error(t, w.proves(got, other))
		body := gjson.ParseBytes(got.body)
		d := w.until("DELIVERED", 1)
		require.JSONEq(t, `{"id": "`+d.Get("id").String()+`", "at": "2026-11-23T06:00:00Z", "cursor": "`+body.Get("cursor").String()+`",
			"changes": [{"type": "PUBLIC_SERVICE", "id": "`+service+`"}]}`, string(got.body))
		require.Equal(t, d.Get("id").String(), got.header.Get("Nelke-Delivery"))
		require.Empty(t, w.Anonymous().Do(`query($s: String) { changes(since: $s) { changes { id } } }`, suite.Vars{"s": body.Get("cursor").String()}).OK("changes.changes").Array(), "the cursor is the feed's")

		w.does(w.admin, "updateWebhookEndpoint", suite.Vars{"endpoint": endpoint, "secret": other}, "webhookEndpoint { formerSecretUntil }")
		w.does(w.admin, "updateWebhookEndpoint", suite.Vars{"endpoint": endpoint, "secret": other}, "webhookEndpoint { formerSecretUntil }") // the same again
		w.change(1)
		got = w.to.waits(t, 2)[1]
		require.NoError(t, w.proves(got, secret), "both secrets for a day")
		require.NoError(t, w.proves(got, other))
		w.until("DELIVERED", 1)
		w.Clock.Advance(25 * time.Hour)
		w.admin.Token = w.Token("anna", "ADMIN@"+suite.ARS)
		w.does(w.admin, "pingWebhook", suite.Vars{"endpoint": endpoint}, "webhookEndpoint { id }")
		got = w.to.waits(t, 3)[2]
		require.Error(t, w.proves(got, secret))
		require.NoError(t, w.proves(got, other))
		require.Equal(t, "[]", gjson.GetBytes(got.body, "changes").Raw, "a ping tells of nothing")
	})
}

func TestWhatIsNotTakenIsTriedForTwoDaysAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		partner, _ := w.key()
		endpoint := w.endpoint()
		w.to.answers(func(n int, rw http.ResponseWriter, r *http.Request) {
			if n%2 == 0 {
				hijacked, _, err := rw.(http.Hijacker).Hijack()
				if err == nil {
					_ = hijacked.Close() // cut
				}
				return
			}
			rw.WriteHeader(http.StatusInternalServerError)
		})
		w.change(0)
		begun := w.Clock.Now()
		var pauses []time.Duration
		n := int64(1)
		for d := w.until("PENDING", n); ; d = w.until("PENDING", n) {
			if n == 1 {
				require.EqualValues(t, 500, d.Get("lastHttpStatus").Int())
				require.Equal(t, "Die Antwort meldet einen Fehler.", d.Get("lastError").String())
			}
			next, err := time.Parse(time.RFC3339, d.Get("nextAt").String())
			require.NoError(t, err)
			next = next.Add(time.Second) // shown without fractions
			pauses = append(pauses, next.Sub(w.Clock.Now()))
			w.Clock.Set(next)
			w.admin.Token = w.Token("anna", "ADMIN@"+suite.ARS)
			w.tend()
			n++
			if next.Sub(begun) >= 48*time.Hour {
				break
			}
		}
		w.until("DEAD", n)
		t.Logf("%d attempts, pauses %v", n, pauses)
		for i, pause := range pauses[:len(pauses)-1] {
			want := min(5*time.Hour, 30*time.Second<<min(i, 10))
			require.InDelta(t, want.Seconds(), pause.Seconds(), want.Seconds()*0.2+2, "pause %d", i)
		}
		calls := w.to.calls()
		require.Len(t, calls, int(n))
		for _, c := range calls {
			require.Equal(t, calls[0].body, c.body)
			require.Equal(t, calls[0].header.Get("Nelke-Delivery"), c.header.Get("Nelke-Delivery"))
		}
		require.NoError(t, w.proves(calls[n-1], secret), "each attempt has a timestamp of its own")
		require.Error(t, w.proves(calls[0], secret), "two days old")

		dead := partner.Do(`query($id: ID!) { partner(id: $id) { endpoints { deliveries(statuses: [DEAD]) { nodes { id } } } } }`, suite.Vars{"id": w.partner})
		require.Len(t, dead.OK("partner.endpoints.0.deliveries.nodes").Array(), 1)
		w.to.answers(nil)
		w.does(partner, "replayWebhook", suite.Vars{"endpoint": endpoint}, "webhookEndpoint { id }")
		w.until("DELIVERED", 1)
		w.does(w.admin, "replayWebhook", suite.Vars{"endpoint": endpoint, "delivery": dead.Get("data.partner.endpoints.0.deliveries.nodes.0.id").String()}, "webhookEndpoint { id }")
		require.Equal(t, calls[0].body, w.to.waits(t, int(n)+2)[n+1].body)
	})
}

func TestWhatWasSentAndNotNotedIsSentAgain(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.endpoint()
		w.change(0)
		d := w.until("DELIVERED", 1)
		// As it stands where the process dies after the call: begun, leased, and not ended.
		_, err := suite.OpenWriter(t, w.Config).Exec(`UPDATE webhook_deliveries SET status = 'PENDING', ended_at = NULL, next_at = tried_at WHERE id = $1`, d.Get("id").String())
		require.NoError(t, err)
		_, err = suite.OpenWriter(t, w.Config).Exec(`UPDATE webhook_endpoints SET busy_until = (SELECT tried_at FROM webhook_deliveries WHERE id = $1)`, d.Get("id").String())
		require.NoError(t, err)
		w.tend()
		calls := w.to.waits(t, 2)
		require.Equal(t, calls[0].header.Get("Nelke-Delivery"), calls[1].header.Get("Nelke-Delivery"))
		require.Equal(t, calls[0].body, calls[1].body)
		w.until("DELIVERED", 2)
	})
}

func TestARedirectIsNotFollowedAndGoneMeansPaused(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		elsewhere := newReceiver(t)
		endpoint := w.endpoint()
		w.to.answers(func(_ int, rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, elsewhere.URL, http.StatusTemporaryRedirect)
		})
		w.change(0)
		d := w.until("PENDING", 1)
		require.EqualValues(t, 307, d.Get("lastHttpStatus").Int())
		require.Equal(t, "Die Antwort leitet weiter; Weiterleitungen wird nicht gefolgt.", d.Get("lastError").String())
		require.Empty(t, elsewhere.calls())
		w.to.answers(func(_ int, rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusGone) })
		w.Clock.Advance(time.Minute)
		w.tend()
		w.until("PENDING", 2)
		status := func() string {
			return w.admin.Do(`query($id: ID!) { partner(id: $id) { endpoints { status } } }`, suite.Vars{"id": w.partner}).OK("partner.endpoints.0.status").String()
		}
		require.Equal(t, "PAUSED", status())
		w.to.answers(nil)
		late := w.change(1)
		w.does(w.admin, "updateWebhookEndpoint", suite.Vars{"endpoint": endpoint, "status": "ACTIVE"}, "webhookEndpoint { id }")
		calls := w.to.waits(t, 4)
		require.Equal(t, late, gjson.GetBytes(calls[3].body, "changes.0.id").String(), "it is told what changed while it was paused")
	})
}

func TestNothingGoesToWhatIsNotPublic(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b, func(c *server.Config) { c.WebhookLocal = false })
		for _, url := range []string{
			w.to.URL, "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://172.16.0.1", "https://192.168.1.1", "https://169.254.169.254/latest",
			"https://100.64.0.1", "https://0.0.0.0", "https://[::ffff:127.0.0.1]", "https://[64:ff9b::7f00:1]", "https://[2002:7f00:1::]", "https://[fd00::1]", "https://[fe80::1]",
			"https://224.0.0.1", "https://localhost/", "https://2130706433/", "https://0x7f.1/", "https://user:pw@example.org/", "ftp://example.org", "https:///x", "nonsense", "https://example.org/#x",
		} {
			a := w.ask(w.admin, "addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": url, "secret": secret}, "webhookEndpoint { id }")
			require.Equal(t, "INVALID_INPUT", a.Problem(), url)
			require.Equal(t, `["input","url"]`, a.Get("data.addWebhookEndpoint.problems.0.path").Raw, url)
		}
		require.Empty(t, w.to.calls())
	})
}

func TestANameThatLeadsElsewhereAtTheCallLeadsNowhere(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		var asked atomic.Int32
		w := newWorld(t, b, func(c *server.Config) {
			c.WebhookLocal = false
			c.Options.Webhooks.Lookup = func(context.Context, string) ([]netip.Addr, error) {
				if asked.Add(1) == 1 {
					return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
				}
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			}
		})
		port := netip.MustParseAddrPort(w.to.Listener.Addr().String()).Port()
		w.does(w.admin, "addWebhookEndpoint", suite.Vars{"partner": w.partner, "url": "https://receiver.example.org:" + itoa(port) + "/", "secret": secret}, "webhookEndpoint { id }")
		w.change(0)
		d := w.until("PENDING", 1)
		require.Equal(t, "Die Adresse liegt nicht im öffentlichen Internet.", d.Get("lastError").String())
		require.Equal(t, gjson.Null, d.Get("lastHttpStatus").Type)
		require.EqualValues(t, 2, asked.Load())
	})
}

func itoa(n uint16) string {
	return netip.AddrPortFrom(netip.IPv4Unspecified(), n).String()[len("0.0.0.0:"):]
}

func TestWhoMayNotReadsWhatIsNotThere(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		partner, key := w.key()
		endpoint := w.endpoint()
		require.Equal(t, "Portal Lippe", partner.Do(`{ viewer { kind name partner { id } } }`, nil).OK("viewer.name").String())
		nobody := "partner_01kaqd0000e8ar0000000000zz"
		for name, c := range map[string]*suite.Client{"a clerk": w.Clerk(), "another town's admin": w.Staff("fritz", "ADMIN@"+suite.OtherARS), "a person": w.Case(), "nobody": w.Anonymous()} {
			read := func(id string) string {
				return c.Do(`query($id: ID!) { partner(id: $id) { id } }`, suite.Vars{"id": id}).Clean().Raw
			}
			require.Equal(t, read(nobody), read(w.partner), name)
			require.Equal(t, gjson.Null, c.Do(`{ partners(municipality: {slug: "blomberg"}) { nodes { id } } }`, nil).OK("partners").Type, name)
		}
		for name, c := range map[string]*suite.Client{"a clerk": w.Clerk(), "another town's admin": w.Staff("fritz", "ADMIN@"+suite.OtherARS), "a person": w.Case(), "the partner": partner, "nobody": w.Anonymous()} {
			code := "NOT_FOUND"
			if name == "nobody" {
				code = "UNAUTHENTICATED"
			}
			for mutation, in := range map[string]suite.Vars{
				"updatePartner": {"partner": w.partner, "scopes": []string{"CATALOGUE_BULK"}}, "addPartnerKey": {"partner": w.partner, "label": "x", "key": identity.NewPartnerKey()},
				"revokePartnerKey": {"key": key}, "addWebhookEndpoint": {"partner": w.partner, "url": w.to.URL, "secret": secret},
				"updateWebhookEndpoint": {"endpoint": endpoint, "status": "PAUSED"}, "removeWebhookEndpoint": {"endpoint": endpoint},
				"replayWebhook": {"endpoint": endpoint}, "pingWebhook": {"endpoint": endpoint},
			} {
				if name == "the partner" && (mutation == "replayWebhook" || mutation == "pingWebhook") {
					continue
				}
				require.Equal(t, code, w.ask(c, mutation, in, "__typename").Problem(), "%s by %s", mutation, name)
			}
		}
		require.Equal(t, "FORBIDDEN", w.ask(w.Clerk(), "addPartner", suite.Vars{"municipality": w.town("blomberg"), "name": "X"}, "partner { id }").Problem())

		w.does(w.admin, "updatePartner", suite.Vars{"partner": w.partner, "scopes": []string{}}, "partner { scopes }")
		require.Equal(t, "NOT_FOUND", w.ask(partner, "replayWebhook", suite.Vars{"endpoint": endpoint}, "__typename").Problem(), "without the scope")
		require.Equal(t, gjson.Null, partner.Do(`query($id: ID!) { partner(id: $id) { id } }`, suite.Vars{"id": w.partner}).OK("partner").Type)
		large := `query { a: publicServices(first: 100) { nodes { municipality { services(first: 100) { nodes { id name summary } } } } } }`
		require.Equal(t, "TOO_COMPLEX", partner.Do(large, nil).ErrorCode())
		w.does(w.admin, "updatePartner", suite.Vars{"partner": w.partner, "scopes": []string{"CATALOGUE_BULK"}}, "partner { scopes }")
		require.Empty(t, partner.Do(large, nil).ErrorCode(), "five times as much")

		w.does(w.admin, "revokePartnerKey", suite.Vars{"key": key}, "partnerKey { revokedAt }")
		require.Equal(t, http.StatusUnauthorized, partner.Do(`{ viewer { kind } }`, nil).Status, "at once")
	})
}

func TestSecretsAreStoredByNobody(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		partner, _ := w.key()
		in := suite.Vars{"idempotencyKey": suite.Key(), "partner": w.partner, "url": w.to.URL, "secret": secret}
		first := w.does(w.admin, "addWebhookEndpoint", in, "webhookEndpoint { id }").Raw
		require.Equal(t, first, w.does(w.admin, "addWebhookEndpoint", in, "webhookEndpoint { id }").Raw, "the same key, the same effect once")
		in["secret"] = other
		require.Equal(t, "IDEMPOTENCY_KEY_REUSED", w.ask(w.admin, "addWebhookEndpoint", in, "webhookEndpoint { id }").Problem())
		everything := suite.Dump(t, w.Database(), suite.Tables(t, w.Database())...)
		require.NotContains(t, everything, secret)
		require.NotContains(t, everything, partner.Token)
		require.NotContains(t, w.Log.String(), secret)
		require.NotContains(t, w.Log.String(), partner.Token)
	})
}
