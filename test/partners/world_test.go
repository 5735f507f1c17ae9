// Package partners_test holds the promises about partners and their webhooks against the running service: GraphQL in,
// webhooks out, on the embedded default and on PostgreSQL with Redis alike.
package partners_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"nelke/internal/identity"
	"nelke/internal/webhook"
	"nelke/server"
	"nelke/test/suite"
)

func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

const (
	secret = "the-secret-that-both-of-us-know-1"
	other  = "the-secret-that-both-of-us-know-2"
)

// world is a service with a partner and its receiver.
type world struct {
	*suite.Process
	t       *testing.T
	admin   *suite.Client
	partner string
	to      *receiver
}

func newWorld(t *testing.T, b *suite.Backend, options ...suite.Option) *world {
	t.Helper()
	p := suite.Serve(t, b, append([]suite.Option{func(c *server.Config) { c.WebhookLocal = true }}, options...)...)
	return (&world{Process: p, t: t, admin: p.Staff("anna", "ADMIN@"+suite.ARS)}).with("blomberg", "Portal Lippe")
}

// with is the same service with another partner, of a town that the admin may change, and its receiver.
func (w *world) with(town, name string) *world {
	w.t.Helper()
	beside := *w
	beside.to = newReceiver(w.t)
	beside.partner = w.does(w.admin, "addPartner", suite.Vars{"municipality": w.town(town), "name": name, "scopes": []string{"WEBHOOKS_MANAGE"}}, "partner { id }").Get("partner.id").String()
	return &beside
}

func (w *world) town(slug string) string {
	return w.Anonymous().Do(`query($s: String!) { municipality(by: {slug: $s}) { id } }`, suite.Vars{"s": slug}).Get("data.municipality.id").String()
}

// ask runs a mutation with a key of its own.
func (w *world) ask(c *suite.Client, mutation string, input suite.Vars, carried string) *suite.Answer {
	if input["idempotencyKey"] == nil {
		input["idempotencyKey"] = suite.Key()
	}
	typ := strings.ToUpper(mutation[:1]) + mutation[1:] + "Input"
	return c.Do(`mutation($in: `+typ+`!) { `+mutation+`(input: $in) { `+carried+` problems { code message path } } }`, suite.Vars{"in": input}).Clean()
}

// does is ask for what must take place.
func (w *world) does(c *suite.Client, mutation string, input suite.Vars, carried string) gjson.Result {
	w.t.Helper()
	return w.ask(c, mutation, input, carried).OK(mutation)
}

func (w *world) endpoint(types ...string) string {
	w.t.Helper()
	in := suite.Vars{"partner": w.partner, "url": w.to.URL, "secret": secret}
	if types != nil {
		in["types"] = types
	}
	return w.does(w.admin, "addWebhookEndpoint", in, "webhookEndpoint { id }").Get("webhookEndpoint.id").String()
}

// key is the partner itself.
func (w *world) key() (c *suite.Client, id string) {
	w.t.Helper()
	me := *w.Anonymous()
	me.Token = identity.NewPartnerKey()
	id = w.does(w.admin, "addPartnerKey", suite.Vars{"partner": w.partner, "label": "Server 1", "key": me.Token}, "partnerKey { id }").Get("partnerKey.id").String()
	return &me, id
}

// change sets a price, and gives the service's id.
func (w *world) change(n int) string {
	w.t.Helper()
	id := w.Anonymous().Do(`{ publicServices(first: 100) { nodes { id } } }`, nil).OK(fmt.Sprintf("publicServices.nodes.%d.id", n)).String()
	w.does(w.admin, "setFee", suite.Vars{"service": id, "cents": 100 + n, "legalBasis": suite.Vars{"de": "S", "en": "B"}, "validFrom": "2026-12-01"}, "publicService { id }")
	return id
}

// deliveries are those of the partner's first endpoint, the newest first.
func (w *world) deliveries(c *suite.Client) []gjson.Result {
	w.t.Helper()
	return c.Do(`query($id: ID!) { partner(id: $id) { endpoints { status deliveries { nodes { id status attempts lastHttpStatus lastError nextAt triedAt changes { type id } } } } } }`,
		suite.Vars{"id": w.partner}).OK("partner.endpoints.0.deliveries.nodes").Array()
}

// until waits until the newest delivery is in a state after so many attempts.
func (w *world) until(status string, attempts int64) gjson.Result {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		all := w.deliveries(w.admin)
		return len(all) > 0 && all[0].Get("status").String() == status && all[0].Get("attempts").Int() == attempts && w.idle()
	}, 40*time.Second, 50*time.Millisecond)
	return w.deliveries(w.admin)[0] // what was read before the call was over doesn't say how it ended
}

// idle reports whether no call is under way.
func (w *world) idle() bool {
	var busy int
	require.NoError(w.t, w.Database().QueryRow(`SELECT count(*) FROM webhook_endpoints WHERE busy_until IS NOT NULL`).Scan(&busy))
	return busy == 0
}

// quiet waits until no job about webhooks is to be done now.
func (w *world) quiet() {
	w.t.Helper()
	db := w.Database()
	require.Eventually(w.t, func() bool {
		var due int
		require.NoError(w.t, db.QueryRow(`SELECT count(*) FROM river_job WHERE kind LIKE '%_webhooks' AND state IN ('available', 'running')`).Scan(&due))
		return due == 0
	}, 40*time.Second, 20*time.Millisecond)
}

// tend has the sweep run: River's timers don't follow the clock of a test.
func (w *world) tend() {
	w.t.Helper()
	_, err := suite.OpenWriter(w.t, w.Config).Exec(`INSERT INTO river_job (args, kind, max_attempts, priority, queue, state, created_at, scheduled_at)
		VALUES ('{}', 'tend_webhooks', 1, 1, 'default', 'available', $1, $1)`, w.Clock.Now().UTC().Add(-time.Minute).Format("2006-01-02 15:04:05+00:00"))
	require.NoError(w.t, err)
}

// receiver is a partner's server.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []call
	answer func(n int, w http.ResponseWriter, r *http.Request)
}

type call struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.got = append(r.got, call{q.Header.Clone(), body})
		n, answer := len(r.got), r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(n, w, q)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(f func(n int, w http.ResponseWriter, r *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *receiver) calls() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call{}, r.got...)
}

// waits until there are so many calls.
func (r *receiver) waits(t *testing.T, n int) []call {
	t.Helper()
	require.Eventually(t, func() bool { return len(r.calls()) >= n }, 40*time.Second, 20*time.Millisecond)
	return r.calls()
}

func (w *world) proves(c call, with string) error {
	return webhook.Verify(with, c.header, c.body, w.Clock.Now())
}
