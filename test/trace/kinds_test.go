package trace

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

func TestAKeptAnswerSaysThatItWasKept(t *testing.T) {
	t.Parallel()
	c := collect(t)
	p := suite.Serve(t, suite.SQLite(), c.to)
	for range 3 {
		p.Anonymous().Do(`query Stand { publicServices(first: 3) { nodes { name } } }`, nil).OK("publicServices")
	}
	all := c.after(p)
	require.Len(t, all.named("POST /graphql"), 3)
	kept := all.with("nelke.kept", "true")
	require.Len(t, kept, 1)
	require.Len(t, all.of(kept[0].TraceId), 1, "nothing was executed")
	require.Len(t, all.with("graphql.operation.name", "Stand"), 2)
}

func TestRefusedAndFailedOperationsTellCodesAlone(t *testing.T) {
	t.Parallel()
	c := collect(t)
	p := suite.Serve(t, suite.SQLite(), c.to)
	anyone := p.Anonymous()
	anyone.Do(`query Offen { viewer { kunigunde } }`, nil)
	anyone.Do(`query Zuviel { publicServices(first: 1000) { nodes { `+strings.Repeat("id ", 30)+`} } }`, nil)
	anyone.Do(`{ viewer `, nil)
	anyone.Do(`query Eingabe { publicService(by: {slug: {municipality: "kunigunde", service: "kunigunde"}}) { id } }`, nil)
	anyone.Do(`query Seite { publicServices(first: 1001) { totalCount } }`, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/kunigunde/sonderbar?name=kunigunde", nil)
	require.NoError(t, err)
	_, err = anyone.Send(r)
	require.NoError(t, err)

	all := c.after(p)
	refused := all.with("nelke.error.codes", "GRAPHQL_VALIDATION_FAILED")
	require.Len(t, refused, 1)
	require.Equal(t, []string{"POST /graphql", "graphql"}, all.way(refused[0]), "it never became an operation")
	require.Contains(t, all.of(refused[0].TraceId).ways(), "POST /graphql > graphql > graphql.validate")
	unread := all.with("nelke.error.codes", "GRAPHQL_PARSE_FAILED")
	require.Len(t, unread, 1)
	require.Empty(t, all.of(unread[0].TraceId).named("graphql.validate"))
	require.Len(t, all.with("graphql.operation.name", "Seite").with("nelke.error.codes", "INVALID"), 1)
	require.Len(t, all.with("nelke.error.codes", "TOO_COMPLEX"), 1)
	for _, name := range []string{"Offen", "Zuviel"} {
		require.NotContains(t, c.text(), name, "the name of a document that was refused")
	}
	require.Len(t, all.named("GET other"), 1)
	require.NotContains(t, strings.ToLower(c.text()), "kunigunde")
}

func TestASubscriptionIsATraceForEachMessage(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		c := collect(t)
		p := suite.Serve(t, b, c.to)
		place := p.Place()
		holder := p.Case()
		held := holder.Hold(place, holder.Starts(place, 7)[0], suite.Key()).OK("holdSlot.appointment.id").String()
		stream := holder.Subscribe(`subscription Verfolgen($id: ID!) { appointment(id: $id) { status case { appointments { id } } } }`, suite.Vars{"id": held})
		require.Equal(t, "HELD", stream.Next().Get("data.appointment.status").String())
		holder.Book(place, held, suite.Key()).OK("bookAppointment.appointment")
		stream.Until(func(m gjson.Result) bool { return m.Get("data.appointment.status").String() == "BOOKED" })
		stream.Close()

		all := c.after(p)
		opened := all.named("GET /graphql")
		require.Len(t, opened, 1)
		require.Equal(t, "true", strings.TrimPrefix(strings.ReplaceAll(opened[0].attribute("nelke.stream"), " ", ""), "bool_value:"))
		messages := all.with("graphql.operation.name", "Verfolgen")
		require.GreaterOrEqual(t, len(messages), 2)
		traces := map[string]bool{}
		for _, m := range messages {
			require.Equal(t, "subscription", m.Name)
			require.Empty(t, m.ParentSpanId, "a trace of its own")
			require.Len(t, m.Links, 1)
			require.Equal(t, opened[0].SpanId, m.Links[0].SpanId, "which says where it was asked for")
			traces[string(m.TraceId)] = true
		}
		require.Len(t, traces, len(messages))
		sent := 0
		for _, m := range messages {
			if m.attribute("nelke.message.sent") == "" {
				sent++
				within := all.of(m.TraceId)
				require.NotEmpty(t, within.with("db.query.text", "appointments"), "reading the state is part of the message: %v", within.ways())
			}
		}
		require.Equal(t, 2, sent)
		first := all.of(messages[0].TraceId)
		require.Contains(t, strings.Join(first.ways(), "\n"), "subscription > Subscription.appointment > SELECT", "the first one reads in its resolver")
	})
}

func TestAJobIsATraceLinkedToTheOneThatOwesIt(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		c := collect(t)
		p := suite.Serve(t, b, c.to)
		place := p.Place()
		holder := p.Case()
		holder.Booked(place, holder.Starts(place, 7)[0])
		require.Eventually(t, func() bool {
			return strings.Contains(metrics(t, p), `nelke_jobs_total{kind="deliver_notice",outcome="done"}`)
		}, 20*time.Second, 20*time.Millisecond)

		all := c.after(p)
		jobs := all.named("job deliver_notice")
		require.NotEmpty(t, jobs)
		require.Empty(t, jobs[0].ParentSpanId)
		require.Len(t, jobs[0].Links, 1)
		owed := all.of(jobs[0].Links[0].TraceId)
		require.NotEmpty(t, owed.named("Mutation.bookAppointment"), owed.ways())
	})
}

func metrics(t *testing.T, p *suite.Process) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/metrics", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

func TestAWebhookIsASpanOfWhichItsReceiverHearsNothing(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		c := collect(t)
		heard := make(chan http.Header, 1)
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard <- r.Header }))
		t.Cleanup(receiver.Close)
		p := suite.Serve(t, b, c.to, func(cfg *server.Config) { cfg.WebhookLocal = true })
		admin := p.Staff("anna", "ADMIN@"+suite.ARS)
		do := func(mutation, kind, carried string, input suite.Vars) gjson.Result {
			input["idempotencyKey"] = suite.Key()
			return admin.Do(`mutation($in: `+kind+`!) { `+mutation+`(input: $in) { `+carried+` problems { code path } } }`, suite.Vars{"in": input}).OK(mutation)
		}
		town := admin.Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
		partner := do("addPartner", "AddPartnerInput", "partner { id }", suite.Vars{"municipality": town, "name": "Kunigunde"}).Get("partner.id").String()
		endpoint := do("addWebhookEndpoint", "AddWebhookEndpointInput", "webhookEndpoint { id }", suite.Vars{
			"partner": partner, "url": receiver.URL + "/kunigunde?key=kunigunde", "secret": "kunigunde-kunigunde-kunigunde-kunigunde",
		}).Get("webhookEndpoint.id").String()
		do("pingWebhook", "PingWebhookInput", "webhookEndpoint { id }", suite.Vars{"endpoint": endpoint})
		header := <-heard
		require.Empty(t, header.Get("Traceparent"))
		require.Empty(t, header.Get("Tracestate"))
		all := c.after(p)
		require.NotEmpty(t, all.named("job send_webhooks"))
		calls := all.named("POST").with("server.address", strings.TrimPrefix(receiver.URL, "http://"))
		require.Len(t, calls, 1, all.ways())
		require.NotContains(t, strings.ToLower(c.text()), "kunigunde")
	})
}
