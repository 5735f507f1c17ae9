package restore

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

const feed = `query($since: String) { changes(since: $since, first: 1000) { cursor more changes { id } } }`

func read(p *suite.Process, since any) *suite.Answer {
	return p.Anonymous().Do(feed, suite.Vars{"since": since})
}

// prices are set once each: a change of a service in the feed.
func price(p *suite.Process, slug string, day int) {
	service := p.Filing(slug).Service
	p.Staff("anna", "ADMIN@"+suite.ARS).Do(`mutation($in: SetFeeInput!) { setFee(input: $in) { publicService { id } problems { code message } } }`, suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "service": service, "cents": 1000 + day, "legalBasis": suite.Vars{"de": "Satzung", "en": "By-law"},
		"validFrom": fmt.Sprintf("2026-12-%02d", day),
	}}).OK("setFee.publicService.id")
}

func TestWhatReadersKeepOfALostDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		before := read(p, nil).OK("changes.cursor").String()
		plain, err := base64.RawURLEncoding.DecodeString(before)
		require.NoError(t, err)
		require.Regexp(t, "^c\x00[0-9]+$", string(plain), "as the landed build writes and reads it")
		putBack := copied(t, p.Config)
		for day, slug := range []string{"meldebescheinigung", "sterbeurkunde", "eheurkunde"} {
			price(p, slug, day+1)
		}
		lost := read(p, before)
		require.Len(t, lost.OK("changes.changes").Array(), 3)
		ahead := lost.Get("data.changes.cursor").String()
		require.NoError(t, p.Stop())

		putBack()
		again := suite.Serve(t, b, suite.In(p.Config.Data))
		outdated(t, read(again, ahead), "past the end, though nobody has said that a copy was put back")
		read(again, before).OK("changes.cursor")
		require.NoError(t, again.Stop())

		_, err = server.Restored(t.Context(), p.Config)
		require.NoError(t, err)
		served := suite.Serve(t, b, suite.In(p.Config.Data))
		price(served, "geburtsurkunde", 1) // the feed passes the positions that were lost
		price(served, "eheurkunde", 2)
		for _, cursor := range []string{before, ahead} {
			outdated(t, read(served, cursor), "of the time before")
		}
		whole := read(served, nil)
		require.Len(t, whole.OK("changes.changes").Array(), len(read(served, nil).OK("changes.changes").Array()))
		cursor := whole.Get("data.changes.cursor").String()
		require.Empty(t, read(served, cursor).OK("changes.changes").Array())
		price(served, "sterbeurkunde", 3)
		require.Len(t, read(served, cursor).OK("changes.changes").Array(), 1)
		require.NoError(t, served.Stop())

		// The same copy once more: what was given out after the first time is as lost as what was before it.
		putBack()
		_, err = server.Restored(t.Context(), p.Config)
		require.NoError(t, err)
		last := suite.Serve(t, b, suite.In(p.Config.Data))
		for _, old := range []string{before, ahead, cursor} {
			outdated(t, read(last, old), "of another epoch")
		}
		_, faults, err := server.Audit(t.Context(), p.Config)
		require.NoError(t, err)
		require.Empty(t, faults)
	})
}

// outdated says that a cursor is refused, in words that say what to do.
func outdated(t *testing.T, a *suite.Answer, why string) {
	t.Helper()
	require.Equal(t, "CURSOR_OUTDATED", a.ErrorCode(), "%s: %s", why, a.Raw)
	require.Contains(t, a.Get("errors.0.message").String(), "Bitte lesen Sie alles neu")
	require.Equal(t, "since", a.Get("errors.0.extensions.path.0").String())
	require.Equal(t, gjson.Null, a.Get("data.changes").Type)
}

func TestPartnersAreToldAnewAfterACopyWasPutBack(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		bodies := make(chan string, 1000)
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var body [1 << 16]byte
			n, _ := r.Body.Read(body[:])
			bodies <- string(body[:n])
		}))
		t.Cleanup(receiver.Close)
		local := func(c *server.Config) { c.WebhookLocal = true }
		p := suite.Serve(t, b, local)
		admin := p.Staff("anna", "ADMIN@"+suite.ARS)
		town := admin.Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
		partner := admin.Do(`mutation($in: AddPartnerInput!) { addPartner(input: $in) { partner { id } problems { code message } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "municipality": town, "name": "Portal",
		}}).OK("addPartner.partner.id").String()
		admin.Do(`mutation($in: AddWebhookEndpointInput!) { addWebhookEndpoint(input: $in) { webhookEndpoint { id } problems { code message } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "partner": partner, "url": receiver.URL, "secret": "a-secret-of-thirty-two-characters-and-more",
		}}).OK("addWebhookEndpoint.webhookEndpoint.id")
		all := len(read(p, nil).OK("changes.changes").Array())
		putBack := copied(t, p.Config)
		require.NoError(t, p.Stop())
		putBack()
		_, err := server.Restored(t.Context(), p.Config)
		require.NoError(t, err)
		served := suite.Serve(t, b, suite.In(p.Config.Data), local)
		served.Clock.Advance(time.Minute) // in the copy a process of before leads the jobs
		told, cursor := map[string]bool{}, ""
		for deadline := time.After(30 * time.Second); len(told) < all; {
			select {
			case body := <-bodies:
				for _, c := range gjson.Get(body, "changes").Array() {
					told[c.Get("id").String()] = true
				}
				cursor = gjson.Get(body, "cursor").String()
			case <-deadline:
				require.Failf(t, "not told of everything", "%d of %d", len(told), all)
			}
		}
		require.Empty(t, read(served, cursor).OK("changes.changes").Array(), "the cursor is the feed's, and of this epoch")
	})
}

func TestMoneyThatNoPaymentExplainsIsKept(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		bank := suite.NewBank(t)
		p := suite.Serve(t, b, bank.Takes)
		putBack := copied(t, p.Config)
		person, filing := p.Case(), p.Filing("meldebescheinigung")
		pay := func() string {
			id := person.Reviewed(filing, filing.Accepted[0])
			return person.Mutate("startPayment", suite.Vars{"application": id, "method": "CREDIT_CARD"}).OK("startPayment.payment.id").String()
		}
		paid, returned, open := pay(), pay(), pay()
		require.NoError(t, p.Stop())
		putBack()
		_, err := server.Restored(t.Context(), p.Config)
		require.NoError(t, err)

		served := suite.Serve(t, b, suite.In(p.Config.Data), bank.Takes)
		require.Equal(t, http.StatusNotFound, bank.Tells(served, bank.Deal(open)), "no money yet")
		require.Zero(t, served.Metric("nelke_unknown_payments"))
		deal := bank.Ends(paid, "PAID")
		for range 3 { // it is repeated for a day
			require.Equal(t, http.StatusNotFound, bank.Tells(served, deal))
		}
		back := bank.Ends(returned, "PAID")
		require.Equal(t, http.StatusNotFound, bank.Tells(served, back))
		require.Equal(t, 2, served.Metric("nelke_unknown_payments"))
		back.Status = "REFUNDED"
		require.Equal(t, http.StatusNotFound, bank.Tells(served, back))
		require.Equal(t, 1, served.Metric("nelke_unknown_payments"), "that money went back to where it came from")

		list, err := server.UnknownPayments(t.Context(), p.Config)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, paid, list[0].Order)
		require.Equal(t, deal.ID, list[0].Transaction)
		require.Equal(t, deal.Cents, list[0].Cents)
		require.Contains(t, served.Log.String(), "isn't ours")
	})
}

func TestReportsOfUnknownPaymentsAreBounded(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		bank := suite.NewBank(t)
		p := suite.Serve(t, b, bank.Takes)
		db := suite.OpenWriter(t, p.Config)
		_, err := db.Exec(`WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 999)
			INSERT INTO unknown_payments (order_id, transaction_id, said, cents, at) SELECT 'order ' || i, 'T', 'PAID', 100, $1 FROM numbers`, time.Unix(0, 0).UTC().Format("2006-01-02 15:04:05+00:00"))
		require.NoError(t, err)
		for n := range 3 {
			require.Equal(t, http.StatusNotFound, bank.Tells(p, suite.Deal{ID: "T", Order: fmt.Sprint("payment_", n), Status: "PAID", Cents: 100, Currency: "EUR"}))
		}
		rows := 0
		require.NoError(t, p.Database().QueryRow(`SELECT count(*) FROM unknown_payments`).Scan(&rows))
		require.Equal(t, 1000, rows)
	})
}
