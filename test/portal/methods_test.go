package portal_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// municipality is Blomberg's id, as anybody reads it.
func (w *world) municipality() string {
	return w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
}

// methods are those that can be paid with now, as anybody reads them.
func (w *world) methods() []string {
	return slugs(w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { paymentMethods } }`, nil).OK("municipality.paymentMethods"))
}

func TestSetPaymentMethodsReplacesThemAtOnce(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		town := w.municipality()
		watch := w.anonymous.Subscribe(`subscription($id: ID!) { publicService(by: {id: $id}) { municipality { paymentMethods } } }`, suite.Vars{"id": w.place.Service})
		shown := func(want ...string) {
			t.Helper()
			watch.Until(func(m gjson.Result) bool {
				return m.Get("data.publicService.municipality.paymentMethods.#").Int() == int64(len(want)) &&
					slugs(m.Get("data.publicService.municipality.paymentMethods"))[0] == want[0]
			})
			require.Equal(t, want, w.methods())
		}
		shown("CREDIT_CARD")
		events := w.count(t, "events")

		set := mutate(w.admin, "setPaymentMethods", suite.Vars{"municipality": town, "methods": []suite.Vars{
			{"method": "PAYPAL", "validFrom": "2026-11-23"},
			{"method": "CREDIT_CARD", "validTo": "2026-11-30"},
			{"method": "CREDIT_CARD", "validFrom": "2027-01-01", "validTo": nil},
			{"method": "GIROPAY", "validTo": "2024-12-31"},
			{"method": "WERO", "enabled": false},
		}}).OK("setPaymentMethods.municipality")
		require.JSONEq(t, `["PAYPAL", "CREDIT_CARD"]`, set.Get("paymentMethods").Raw)
		require.JSONEq(t, `[
			{"method": "PAYPAL", "enabled": true, "validFrom": "2026-11-23", "validTo": null},
			{"method": "CREDIT_CARD", "enabled": true, "validFrom": null, "validTo": "2026-11-30"},
			{"method": "CREDIT_CARD", "enabled": true, "validFrom": "2027-01-01", "validTo": null},
			{"method": "GIROPAY", "enabled": true, "validFrom": null, "validTo": "2024-12-31"},
			{"method": "WERO", "enabled": false, "validFrom": null, "validTo": null}
		]`, set.Get("paymentOptions").Raw)
		shown("PAYPAL", "CREDIT_CARD")
		require.Equal(t, events+1, w.count(t, "events"))
		var actor, before, after string
		require.NoError(t, w.database.QueryRow(`SELECT actor, before, after FROM events WHERE action = 'municipality.methods_set' AND stream = subject`).Scan(&actor, &before, &after))
		require.Regexp(t, `^staff:.*anna$`, actor)
		require.Equal(t, []string{"CREDIT_CARD", "PAYPAL CREDIT_CARD"}, []string{before, after})

		midnight := time.Date(2026, time.December, 1, 0, 0, 0, 0, suite.Start().Location())
		w.Clock.Set(midnight.Add(-time.Microsecond))
		require.Equal(t, []string{"PAYPAL", "CREDIT_CARD"}, w.methods())
		w.Clock.Set(midnight)
		shown("PAYPAL")
		w.admin = w.Staff("anna", "ADMIN@"+suite.ARS) // the token of the day before has run out

		mutate(w.admin, "setPaymentMethods", suite.Vars{"municipality": town, "methods": []suite.Vars{}}).OK("setPaymentMethods.municipality")
		watch.Until(func(m gjson.Result) bool { return m.Get("data.publicService.municipality.paymentMethods").Raw == "[]" })
		require.Zero(t, w.count(t, "payment_options"), "nothing of what was there is left")
	})
}

// One process sets them, the other offers them: nothing is started anew.
func TestPayPalComesWithoutARestart(t *testing.T) {
	t.Parallel()
	b := suite.Postgres(t)
	w := newWorld(t, b)
	there := w.Beside(b).Anonymous()
	watch := there.Subscribe(`subscription($id: ID!) { publicService(by: {id: $id}) { municipality { paymentMethods } } }`, suite.Vars{"id": w.place.Service})
	require.JSONEq(t, `["CREDIT_CARD"]`, watch.Next().Get("data.publicService.municipality.paymentMethods").Raw)
	mutate(w.admin, "setPaymentMethods", suite.Vars{"municipality": w.municipality(), "methods": []suite.Vars{{"method": "CREDIT_CARD"}, {"method": "PAYPAL"}}}).
		OK("setPaymentMethods.municipality.id")
	watch.Until(func(m gjson.Result) bool {
		return m.Get("data.publicService.municipality.paymentMethods").Raw == `["CREDIT_CARD","PAYPAL"]`
	})
}

// A method whose operator has stopped ends by its last day. Until that day it works: the rule is about its end.
func TestAMethodThatHasEndedCannotGoOn(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		town := w.municipality()
		for name, row := range map[string]suite.Vars{
			"without an end":                 {"method": "GIROPAY"},
			"with null for an end":           {"method": "GIROPAY", "validTo": nil},
			"switched off":                   {"method": "PAYDIREKT", "enabled": false},
			"a day too long":                 {"method": "PAYDIREKT", "validTo": "2025-01-01"},
			"from then on":                   {"method": "GIROPAY", "validFrom": "2024-12-31", "validTo": "2026-12-31"},
			"begun before, without an end":   {"method": "GIROPAY", "validFrom": "2020-01-01"},
			"from a day after it had ended":  {"method": "GIROPAY", "validFrom": "2026-01-01"},
			"with an end that lies far away": {"method": "PAYDIREKT", "validTo": "9999-12-31"},
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					a := mutate(w.admin, "setPaymentMethods", suite.Vars{"municipality": town, "methods": []suite.Vars{row}})
					refused(t, a, "INVALID_INPUT", "input.methods.0.validTo")
					require.Equal(t, "Den Betrieb dieser Zahlungsart hat ihr Anbieter eingestellt.", a.Get("data.setPaymentMethods.problems.0.message").String())
				})
			})
		}
		t.Run("whatever the clock says, and works by a clock of 2024", func(t *testing.T) {
			w := w.in(t)
			w.Clock.Set(time.Date(2024, time.June, 1, 9, 0, 0, 0, suite.Start().Location()))
			w.admin = w.Staff("anna", "ADMIN@"+suite.ARS).For(t)
			refused(t, mutate(w.admin, "setPaymentMethods", suite.Vars{"municipality": town, "methods": []suite.Vars{{"method": "GIROPAY"}}}), "INVALID_INPUT", "input.methods.0.validTo")
			set := mutate(w.admin, "setPaymentMethods", suite.Vars{"municipality": town, "methods": []suite.Vars{
				{"method": "GIROPAY", "validFrom": "2024-06-01", "validTo": "2024-12-31"}, {"method": "PAYDIREKT", "validTo": "2024-06-01"},
			}})
			require.JSONEq(t, `["GIROPAY", "PAYDIREKT"]`, set.OK("setPaymentMethods.municipality.paymentMethods").Raw)
			w.Clock.Advance(24 * time.Hour)
			require.Equal(t, []string{"GIROPAY"}, w.methods())
		})
	})
}

func TestPaymentMethodsAreChecked(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		town := w.municipality()
		many := make([]suite.Vars, 51)
		for i := range many {
			many[i] = suite.Vars{"method": "WERO", "validFrom": time.Date(2027, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), "validTo": time.Date(2027, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}
		}
		for name, row := range map[string]struct {
			methods []suite.Vars
			path    string
		}{
			"an end before the start":         {[]suite.Vars{{"method": "WERO"}, {"method": "PAYPAL", "validFrom": "2027-01-02", "validTo": "2027-01-01"}}, ".1.validTo"},
			"the same twice":                  {[]suite.Vars{{"method": "PAYPAL"}, {"method": "PAYPAL"}}, ".1"},
			"the same twice, once off":        {[]suite.Vars{{"method": "PAYPAL"}, {"method": "PAYPAL", "enabled": false, "validFrom": "2027-01-01"}}, ".1"},
			"two that share one day":          {[]suite.Vars{{"method": "PAYPAL", "validTo": "2027-01-01"}, {"method": "WERO"}, {"method": "PAYPAL", "validFrom": "2027-01-01"}}, ".2"},
			"one within another":              {[]suite.Vars{{"method": "PAYPAL", "validFrom": "2027-01-01", "validTo": "2027-12-31"}, {"method": "PAYPAL", "validFrom": "2027-06-01", "validTo": "2027-06-30"}}, ".1"},
			"51 of them":                      {many, ""},
			"a day that isn't":                {[]suite.Vars{{"method": "PAYPAL", "validTo": "31.12.2027"}}, ".0.validTo"},
			"one that ended beside good ones": {[]suite.Vars{{"method": "PAYPAL"}, {"method": "GIROPAY"}}, ".1.validTo"},
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					refused(t, mutate(w.admin, "setPaymentMethods", suite.Vars{"municipality": town, "methods": row.methods}), "INVALID_INPUT", "input.methods"+row.path)
				})
			})
		}
		t.Run("values that are none", func(t *testing.T) {
			w := w.in(t)
			for _, methods := range []any{nil, 42, []any{nil}, []any{suite.Vars{}}, []any{suite.Vars{"method": "CASH"}}, []any{suite.Vars{"method": "PAYPAL", "validTo": 20271231}}, []any{suite.Vars{"method": "paypal"}}, []any{suite.Vars{"method": "PAYPAL", "enabled": nil}}} {
				w.unchanged(t, func() {
					a := mutate(w.admin, "setPaymentMethods", suite.Vars{"municipality": town, "methods": methods})
					a.Clean()
					require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.ErrorCode(), "%v: %s", methods, a.Raw)
				})
			}
		})
		t.Run("50 of them are taken, and days that touch", func(t *testing.T) {
			w := w.in(t)
			a := mutate(w.admin, "setPaymentMethods", suite.Vars{"municipality": town, "methods": many[:50]})
			require.Equal(t, http.StatusOK, a.Status)
			require.Len(t, a.OK("setPaymentMethods.municipality.paymentOptions").Array(), 50)
			require.Empty(t, w.methods())
		})
	})
}
