package portal_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// A document whose second mutation has a bad input has executed nothing, and says so as a request error.
func TestNothingIsDoneWhereOneInputIsWrong(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		document := `mutation($c: SetContactInput!, $h: HoldSlotInput!) {
			setContact(input: $c) { case { id } problems { code } }
			holdSlot(input: $h) { appointment { id } problems { code } } }`
		contact := suite.Vars{"idempotencyKey": suite.Key(), "privacyNotice": w.place.Notice, "givenName": "Erika", "familyName": "Mustermann"}
		slot := suite.Vars{"idempotencyKey": suite.Key(), "office": w.place.Office, "start": "2026-11-25T09:00:00+01:00", "concerns": []suite.Vars{{"service": w.place.Service}}}
		for name, bad := range map[string]suite.Vars{
			"an instant":      with(slot, "start", "tomorrow"),
			"a UUID":          with(slot, "idempotencyKey", "x"),
			"a number":        with(slot, "concerns", []suite.Vars{{"service": w.place.Service, "quantity": "2"}}),
			"a list too long": with(slot, "concerns", slicesRepeat(suite.Vars{"service": w.place.Service}, 1_000)),
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				body, err := json.Marshal(suite.Vars{"query": document, "variables": suite.Vars{"c": contact, "h": bad}})
				require.NoError(t, err)
				for accept, status := range map[string]int{"application/json": http.StatusOK, "application/graphql-response+json": http.StatusBadRequest} {
					w.unchanged(t, func() {
						r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/graphql", bytes.NewReader(body))
						require.NoError(t, err)
						r.Header.Set("Content-Type", "application/json")
						r.Header.Set("Accept", accept)
						a, err := w.holder.Send(r)
						require.NoError(t, err)
						require.Equal(t, status, a.Status, a.Raw)
						require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.ErrorCode(), a.Raw)
						require.False(t, a.Get("data").Exists(), a.Raw)
						require.Equal(t, "input", a.Get("errors.0.extensions.path.0").String(), a.Raw)
					})
				}
			})
		}
		t.Run("and all of it where both are right", func(t *testing.T) {
			w := w.in(t)
			a := w.holder.Do(document, suite.Vars{"c": contact, "h": slot})
			a.OK("setContact.case.id")
			a.OK("holdSlot.appointment.id")
		})
	})
}

// Names of enum values are exact wherever they come from: what another case of them did was to be written, to be ignored, or
// to end in a panic.
func TestEnumValuesAreExact(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		town := w.municipality()
		for mutation, input := range map[string]suite.Vars{
			"addPartner":         {"municipality": town, "name": "A", "scopes": []string{"catalogue_bulk"}},
			"setOpeningHours":    w.week("hours", []suite.Vars{with(open("MONDAY 08:00-12:00"), "weekday", "monday")}),
			"setPaymentMethods":  {"municipality": town, "methods": []suite.Vars{{"method": "Paypal"}}},
			"bookAppointmentFor": {"office": w.place.Office, "start": "2026-11-25T09:00:00+01:00", "concerns": []suite.Vars{{"service": w.place.Service}}, "channel": "phone", "person": person()},
		} {
			t.Run(mutation, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					a := w.admin.Do(`mutation($in: `+strings.ToUpper(mutation[:1])+mutation[1:]+`Input!) { `+mutation+`(input: $in) { problems { code } } }`, suite.Vars{"in": with(input, "idempotencyKey", suite.Key())})
					a.Clean()
					require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.ErrorCode(), a.Raw)
				})
			})
		}
	})
}

// Everything that was typed as a date or time and is none is refused at once, each with its path, in the person's language; the
// mutation beside it is done.
func TestWhatIsNoDateIsAProblem(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		clerk := *w.admin
		clerk.Accept = "en"
		a := clerk.For(t).Do(`mutation($bad: AddClosureInput!, $good: SetServiceStateInput!) {
			bad: addClosure(input: $bad) { office { id } appointments { id } problems { code message path } }
			again: addClosure(input: $bad) { problems { code } }
			good: setServiceState(input: $good) { publicService { open } problems { code } } }`, suite.Vars{
			"bad":  with(w.closure("from", "2027-02-30", "to", "", "hours", suite.Vars{"from": "9:00", "to": "10:00"}), "idempotencyKey", suite.Key()),
			"good": suite.Vars{"idempotencyKey": suite.Key(), "service": w.place.Service, "open": false},
		})
		require.JSONEq(t, `{
			"bad": {"office": null, "appointments": [], "problems": [
				{"code": "INVALID_INPUT", "message": "Give a date like 2026-11-22, of a day that exists.", "path": ["input", "from"]},
				{"code": "INVALID_INPUT", "message": "Give a date like 2026-11-22, of a day that exists.", "path": ["input", "to"]},
				{"code": "INVALID_INPUT", "message": "Give a time like 08:30.", "path": ["input", "hours", "from"]}]},
			"again": {"problems": [{"code": "INVALID_INPUT"}, {"code": "INVALID_INPUT"}, {"code": "INVALID_INPUT"}]},
			"good": {"publicService": {"open": false}, "problems": []}}`, a.Get("data").Raw, a.Raw)
		a = mutate(w.admin, "addClosure", w.closure("from", "gestern"))
		require.Equal(t, "Bitte geben Sie ein Datum wie 2026-11-22 an, das es gibt.", a.Get("data.addClosure.problems.0.message").String(), a.Raw)
	})
}
