//go:build federation

package federation

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/identity"
	"nelke/test/suite"
)

// problems sends what is refused, through the gateway and to Nelke itself: nothing changes, so both must say the same.
func problems(t *testing.T, r *region, g gateway) {
	erika := r.nelke.Case()
	draft := erika.Draft(r.nelke.Filing("meldebescheinigung"))
	taken := r.nelke.Anonymous().Starts(r.place, 3)[4]
	for range 2 { // counters
		r.nelke.Case().Booked(r.place, taken)
	}
	said := map[string]string{}
	for _, language := range []string{"de", "en"} {
		for name, input := range map[string]suite.Vars{
			"saveAnswers":       {"application": draft, "revision": 0, "answers": suite.Vars{"familyName": "Mustermann", "birthDate": "12.08.1964"}},
			"submitApplication": {"application": draft},
		} {
			both := [2]*suite.Answer{}
			for i, at := range []*suite.Process{r.nelke, g.Process} {
				c := erika.At(at).For(t)
				c.Accept = language
				both[i] = c.Mutate(name, input)
			}
			require.JSONEq(t, both[0].Raw, both[1].Raw, name)
			first := both[1].Get("data." + name + ".problems.0")
			require.NotEmpty(t, first.Get("path").Array())
			require.NotEqual(t, said[name], first.Get("message").String())
			said[name] = first.Get("message").String()
		}
		both := [2]*suite.Answer{}
		for i, at := range []*suite.Process{r.nelke, g.Process} {
			c := erika.At(at).For(t)
			c.Accept = language
			both[i] = c.Hold(r.place, taken, suite.Key())
		}
		require.JSONEq(t, both[0].Raw, both[1].Raw)
		full := both[1].Get("data.holdSlot.problems.0")
		require.Equal(t, "SLOT_TAKEN", full.Get("code").String(), both[1].Raw)
		require.Equal(t, "FULL", full.Get("reason").String())
		require.NotEmpty(t, full.Get("alternatives").Array())
		require.JSONEq(t, `["input", "start"]`, full.Get("path").Raw)
	}
}

// mutations counts what Nelke executes.
func mutations(t *testing.T, r *region, g gateway) {
	erika := r.nelke.Case().At(g.Process).For(t)
	service, key := r.nelke.Filing("meldebescheinigung").Service, suite.Key()
	before := r.nelke.Metric(`nelke_operation_duration_seconds_count{type="mutation"}`)
	first := erika.Mutate("startApplication", suite.Vars{"idempotencyKey": key, "service": service}).OK("startApplication.application.id").String()
	require.Equal(t, before+1, r.nelke.Metric(`nelke_operation_duration_seconds_count{type="mutation"}`))
	again := erika.Mutate("startApplication", suite.Vars{"idempotencyKey": key, "service": service}).OK("startApplication.application.id").String()
	require.Equal(t, first, again)

	a := erika.Do(`mutation($id: ID!, $one: UUID!, $two: UUID!) {
		withdrawApplication(input: {idempotencyKey: $one, application: $id}) { application { status service { municipality { region { name } } } } problems { code } }
		again: withdrawApplication(input: {idempotencyKey: $two, application: $id}) { application { status } problems { code } }
	}`, suite.Vars{"id": first, "one": suite.Key(), "two": suite.Key()})
	require.Equal(t, "WITHDRAWN", a.Get("data.withdrawApplication.application.status").String(), a.Raw)
	require.Equal(t, "Kreis Lippe", a.Get("data.withdrawApplication.application.service.municipality.region.name").String(), a.Raw)
	require.Equal(t, "WRONG_STATE", a.Get("data.again.problems.0.code").String(), a.Raw)
	require.Len(t, erika.Do(`{ viewer { case { applications { id } } } }`, nil).OK("viewer.case.applications").Array(), 1)
}

// story goes the whole way through the gateway alone.
func story(t *testing.T, r *region, g gateway) {
	erika := &suite.Client{Process: g.Process, Token: identity.NewCaseKey()}
	erika = erika.For(t)
	opened := open(t, g, erika.Token, "")
	require.NotEmpty(t, opened.Get("data.openCase.case.id").String(), opened.Raw)
	require.Equal(t, "SUBMITTED", erika.Submitted(r.nelke.Filing("abmeldung-ins-ausland")).Get("status").String())
	starts := erika.Starts(r.place, 5)
	booked := erika.Booked(r.place, starts[len(starts)-1])
	require.Equal(t, "BOOKED", booked.Get("status").String())
	direct := erika.At(r.nelke).Do(`{ viewer { case { appointments { reference } applications { status } } } }`, nil).OK("viewer.case")
	require.Equal(t, booked.Get("reference").String(), direct.Get("appointments.0.reference").String())
	require.Equal(t, "SUBMITTED", direct.Get("applications.0.status").String())
}

// open opens a case through the gateway, for a client behind the address.
func open(t *testing.T, g gateway, key, address string) gjson.Result {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"query": `mutation($key: String!, $id: UUID!) {
		openCase(input: {idempotencyKey: $id, municipality: {slug: "blomberg"}, caseKey: $key}) {
			case { id } problems { code message ... on RateLimited { retryAfterSeconds } } } }`,
		"variables": suite.Vars{"key": key, "id": suite.Key()},
	})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, g.URL+"/graphql", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	if address != "" {
		request.Header.Set("X-Forwarded-For", address)
	}
	a, err := g.Anonymous().For(t).Send(request)
	require.NoError(t, err)
	return a.Result
}

func limits(t *testing.T, g gateway) {
	crowd, other := "192.0.2.1", "192.0.2.2"
	if strings.Contains(g.name, "hive") {
		crowd, other = "198.51.100.1", "198.51.100.2"
	}
	for range openings {
		require.NotEmpty(t, open(t, g, identity.NewCaseKey(), crowd).Get("data.openCase.case.id").String())
	}
	limited := open(t, g, identity.NewCaseKey(), crowd).Get("data.openCase.problems.0")
	require.Equal(t, "RATE_LIMITED", limited.Get("code").String())
	require.Positive(t, limited.Get("retryAfterSeconds").Int())
	// A client that claims another address stands before the proxy that sends its own.
	require.Equal(t, "RATE_LIMITED", open(t, g, identity.NewCaseKey(), "203.0.113.9, "+crowd).Get("data.openCase.problems.0.code").String())
	require.NotEmpty(t, open(t, g, identity.NewCaseKey(), other).Get("data.openCase.case.id").String())
}
