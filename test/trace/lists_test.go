package trace

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// A statement's text doesn't depend on how long a client's list is, nor on what stands in it twice: PostgreSQL's driver keeps each text
// prepared, on each connection.
func TestStatementsAreTheSameForListsOfAnyLength(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		c := collect(t)
		p := suite.Serve(t, b, c.to, func(cfg *server.Config) { cfg.WebhookLocal = true })
		place, service := p.Place(), p.Filing("abmeldung-ins-ausland")
		owner, clerk, admin := p.Case(), p.Clerk(), p.Staff("anna", "ADMIN@"+suite.ARS)
		starts := owner.Starts(place, 7)
		var representations []suite.Vars
		for i := range 3 {
			booked := owner.Booked(place, starts[8*i]).Get("id").String()
			representations = append(representations, suite.Vars{"__typename": "Appointment", "id": booked},
				suite.Vars{"__typename": "Application", "id": owner.Submitted(service).Get("id").String()})
		}
		town := suite.Vars{"slug": "blomberg"}
		id := admin.Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
		partner := admin.Do(`mutation($in: AddPartnerInput!) { addPartner(input: $in) { partner { id } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "municipality": id, "name": "Portal",
		}}).OK("addPartner.partner.id").String()
		admin.Do(`mutation($in: AddWebhookEndpointInput!) { addWebhookEndpoint(input: $in) { webhookEndpoint { id } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "partner": partner, "url": "http://127.0.0.1:9/", "secret": "the-secret-that-both-of-us-know-1",
		}}).OK("addWebhookEndpoint.webhookEndpoint.id")
		lists := []struct {
			name, query string
			as          *suite.Client
			entries     []any
			vars        func(entries []any) suite.Vars
		}{
			{
				"changes", `($l: [ChangeType!]) { changes(types: $l, first: 5) { changes { type } } }`, p.Anonymous(),
				[]any{"OFFICE", "PUBLIC_SERVICE", "MUNICIPALITY"},
				list,
			},
			{
				"workQueue", `($in: WorkQueueInput!) { workQueue(input: $in) { nodes { id events { action } requests { question } } } }`, clerk,
				[]any{"SUBMITTED", "IN_PROGRESS", "COMPLETED", "WAITING_FOR_APPLICANT", "REJECTED"},
				func(entries []any) suite.Vars {
					return suite.Vars{"in": suite.Vars{"municipality": town, "statuses": entries}}
				},
			},
			{
				"deliveries", `($l: [WebhookDeliveryStatus!]) { partner(id: "` + partner + `") { endpoints { deliveries(statuses: $l) { nodes { id } } } } }`, admin,
				[]any{"PENDING", "DEAD", "DELIVERED"},
				list,
			},
			{
				"_entities", `($l: [_Any!]!) { _entities(representations: $l) { ... on Appointment { id concerns { quantity } } ... on Application { id events { action } requests { question } payment { id } } } }`, owner,
				anys(representations), list,
			},
			{
				"publicServices", `($f: PublicServiceFilter) { publicServices(filter: $f) { nodes { id } } }`, p.Anonymous(),
				[]any{"LEIKA_A", "LEIKA_B", "LEIKA_C"},
				func(entries []any) suite.Vars { return suite.Vars{"f": suite.Vars{"leikaKeys": entries}} },
			},
			{
				"nextSlots", `($in: NextSlotsInput!) { nextSlots(input: $in) { office { id } } }`, p.Anonymous(),
				[]any{suite.Vars{"service": place.Service}, suite.Vars{"service": place.Other}},
				func(entries []any) suite.Vars {
					return suite.Vars{"in": suite.Vars{"where": suite.Vars{"municipality": town}, "concerns": entries}}
				},
			},
		}
		names := map[string][]string{}
		for _, l := range lists {
			most := 2 * len(l.entries)
			if l.name == "nextSlots" {
				most = len(l.entries) // it refuses a service that is named twice
			}
			for n := 1; n <= most; n++ {
				entries := make([]any, n)
				for i := range entries {
					entries[i] = l.entries[i%len(l.entries)]
				}
				name := fmt.Sprintf("%s_%d", l.name, n)
				require.Empty(t, l.as.Do(`query `+name+l.query, l.vars(entries)).ErrorCode(), name)
				names[l.name] = append(names[l.name], name)
			}
		}
		pages := map[string][]string{}
		for page, asked := range map[string]struct {
			query string
			as    *suite.Client
		}{
			"changes":      {`($n: Int!) { changes(first: $n) { cursor } }`, p.Anonymous()},
			"workQueue":    {`($n: Int!) { workQueue(input: {municipality: {slug: "blomberg"}}, first: $n) { nodes { id } } }`, clerk},
			"deliveries":   {`($n: Int!) { partner(id: "` + partner + `") { endpoints { deliveries(first: $n) { nodes { id } } } } }`, admin},
			"partners":     {`($n: Int!) { partners(municipality: {slug: "blomberg"}, first: $n) { nodes { id } } }`, admin},
			"applications": {`($n: Int!) { viewer { case { applicationConnection(first: $n) { nodes { id eventConnection(first: $n) { nodes { action } } } } } } }`, owner},
			"appointments": {`($n: Int!) { viewer { case { appointmentConnection(first: $n) { nodes { id } } eventConnection(first: $n) { nodes { action } } } } }`, owner},
			"found":        {`($n: Int!) { applications(municipality: {slug: "blomberg"}, day: "2026-09-18", first: $n) { nodes { id } } }`, clerk},
		} {
			for n := 1; n <= 50; n += 2 {
				name := fmt.Sprintf("%s_first_%d", page, n)
				require.Empty(t, asked.as.Do(`query `+name+asked.query, suite.Vars{"n": n}).ErrorCode(), name)
				pages[page] = append(pages[page], name)
			}
		}
		all := c.after(p)
		texts := map[string][]string{}
		for _, operation := range all {
			name := operation.attribute("graphql.operation.name")
			for _, s := range all.of(operation.TraceId) {
				if text := s.attribute("db.query.text"); text != "" && name != "" {
					texts[name] = append(texts[name], text)
				}
			}
		}
		for list, asked := range names {
			var known []string // those of one, of one of each type, and of some
			for _, n := range []int{1, 2, 4} {
				known = append(known, texts[asked[min(n, len(asked))-1]]...)
			}
			if list != "publicServices" && list != "nextSlots" { // those are served from memory
				require.NotEmpty(t, known, list)
			}
			for _, name := range asked {
				for _, text := range texts[name] {
					require.Contains(t, known, text, "%s has a statement of its own", name)
				}
			}
		}
		for page, asked := range pages {
			known := map[string]bool{}
			for _, name := range asked {
				for _, text := range texts[name] {
					known[text] = true
				}
			}
			require.NotEmpty(t, known, page)
			require.Less(t, len(known), len(asked)/2, "%s: the size of a page makes a statement\n%v", page, known)
		}
	})
}

func list(entries []any) suite.Vars { return suite.Vars{"l": entries} }

func anys(representations []suite.Vars) (entries []any) {
	for _, r := range representations {
		entries = append(entries, r)
	}
	return entries
}
