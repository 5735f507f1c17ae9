package faults

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/webhook"
	"nelke/server"
	"nelke/test/suite"
)

// hearing is a call to a partner.
type hearing struct {
	header http.Header
	body   []byte
}

// TestKilledBetweenAWebhookAndTheNoteOfIt kills a process while a partner has the webhook and hasn't answered yet: nobody
// has noted that it was called, so it is called again by whoever comes next, and nothing that changed is lost.
func TestKilledBetweenAWebhookAndTheNoteOfIt(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(*testing.T) *place{"sqlite": sqlite, "postgres": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const secret = "the-secret-that-both-of-us-know-1"
			p := where(t)
			p.WebhookLocal = true
			first := startChild(t, p.settings)
			calls := make(chan hearing, 10)
			var harmless atomic.Bool
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return
				}
				if !harmless.Swap(true) {
					first.kill()
				}
				calls <- hearing{r.Header.Clone(), body}
			}))
			t.Cleanup(receiver.Close)

			token, err := server.Token(p.config(nil), "anna", "Anna", []string{"ADMIN@" + suite.ARS}, 24*time.Hour)
			require.NoError(t, err)
			admin := first.Anonymous()
			admin.Token = token
			do := func(c *suite.Client, mutation, kind, carried string, input suite.Vars) gjson.Result {
				input["idempotencyKey"] = suite.Key()
				return c.Do(`mutation($in: `+kind+`!) { `+mutation+`(input: $in) { `+carried+` problems { code path } } }`, suite.Vars{"in": input}).OK(mutation)
			}
			price := func(c *suite.Client, n int) string {
				id := c.Do(`{ publicServices(first: 100) { nodes { id } } }`, nil).OK("publicServices.nodes").Array()[n].Get("id").String()
				do(c, "setFee", "SetFeeInput", "publicService { id }", suite.Vars{"service": id, "cents": 4200, "legalBasis": suite.Vars{"de": "S", "en": "B"}, "validFrom": "2026-12-01"})
				return id
			}
			town := admin.Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
			partner := do(admin, "addPartner", "AddPartnerInput", "partner { id }", suite.Vars{"municipality": town, "name": "Portal"}).Get("partner.id").String()
			do(admin, "addWebhookEndpoint", "AddWebhookEndpointInput", "webhookEndpoint { id }", suite.Vars{"partner": partner, "url": receiver.URL, "secret": secret})
			db := suite.OpenDatabase(t, p.config(nil))
			sweeps := func(after int) (n int) {
				require.NoError(t, db.QueryRow(`SELECT count(*) FROM river_job WHERE kind = 'tend_webhooks' AND state = 'completed' AND id > $1`, after).Scan(&n))
				return n
			}
			// A sweep that the first process left open would keep the second from enqueuing its own: the next comes ten minutes later.
			require.Eventually(t, func() bool { return sweeps(0) > 0 }, startPatience, 20*time.Millisecond)
			service := price(admin, 0)
			next := func() hearing {
				select {
				case c := <-calls:
					return c
				case <-time.After(startPatience):
					require.Fail(t, "nobody was told")
					return hearing{}
				}
			}
			before := next() // and with it, the child died
			<-first.exited

			last := 0
			require.NoError(t, db.QueryRow(`SELECT max(id) FROM river_job`).Scan(&last))
			second := p.serve(t, func(c *server.Config) { c.WebhookLocal = true })
			admin = admin.At(second)
			late := price(admin, 1)
			require.Eventually(t, func() bool { // whoever looks at the start finds the call still under way
				due := 0
				// The job that the first process was running when it died says so for an hour.
				require.NoError(t, db.QueryRow(`SELECT count(*) FROM river_job WHERE kind = 'send_webhooks' AND (state = 'available' OR state = 'running' AND id > $1)`, last).Scan(&due))
				return sweeps(last) > 0 && due == 0
			}, startPatience, 20*time.Millisecond)
			// The sweep that follows a leap of the clock, when a leader is elected, makes the call too. That a job is scheduled for it shows in the table.
			var heir time.Time
			require.NoError(t, db.QueryRow(`SELECT scheduled_at FROM river_job WHERE kind = 'send_webhooks' AND id <= $1 ORDER BY id DESC LIMIT 1`, last).Scan(&heir))
			require.False(t, heir.After(p.clock.Now().Add(31*time.Second)), "a job takes the call up when its lease is over")
			p.clock.Set(p.clock.Now().Add(31 * time.Second)) // nobody takes the call for still under way
			again := next()
			require.Equal(t, before.header.Get(webhook.DeliveryHeader), again.header.Get(webhook.DeliveryHeader))
			require.Equal(t, string(before.body), string(again.body))
			require.Equal(t, service, gjson.GetBytes(again.body, "changes.0.id").String())
			require.NoError(t, webhook.Verify(secret, again.header, again.body, p.clock.Now()))
			require.Equal(t, late, gjson.GetBytes(next().body, "changes.0.id").String(), "what changed meanwhile follows")
			require.Eventually(t, func() bool {
				all := admin.Do(`query($id: ID!) { partner(id: $id) { endpoints { deliveries { nodes { status attempts } } } } }`, suite.Vars{"id": partner}).OK("partner.endpoints.0.deliveries.nodes")
				return all.Raw == `[{"status":"DELIVERED","attempts":1},{"status":"DELIVERED","attempts":2}]`
			}, patience, 20*time.Millisecond)
		})
	}
}
