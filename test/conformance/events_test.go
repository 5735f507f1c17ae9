//go:build conformance

package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// TestEvents has the reference client of GraphQL over server-sent events follow what Nelke sends.
func TestEvents(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newTown(t, b)
		for _, c := range []struct {
			row  string
			test func(t *testing.T, w *town)
		}{
			{"distinct connections: a subscription hears of each change, until the client aborts it: it ends at the server, too", eventsFollow},
			{"a query and a mutation have one result, then complete", eventsAsk},
			{"a subscription that is over completes", eventsComplete},
			{"a token in the header opens its case; one that proves nothing is 401", eventsToken},
			{"a document that isn't valid: its errors as a result without data, then complete", eventsErrors},
			{"what is no request: 400, which the client tries again and then reports", eventsMalformed},
			{"the connection is cut: connects again, and hears what changed meanwhile", eventsCut},
			{"retryAttempts: as many, and then the error", eventsGiveUp},
			{"the server stops: no complete, and the client goes on with the next", eventsMove},
		} {
			events.check(t, b.Name, c.row, func(t *testing.T) { c.test(t, w) })
		}
		const single = "single connection: 405, at once"
		events.check(t, b.Name, single, func(t *testing.T) {
			c := w.events(t, options{"singleConnection": true, "retryAttempts": 0})
			c.subscribe("free", live, w.tomorrow())
			require.EqualValues(t, 405, c.expect("error", "free").Get("status").Int())
		})
		events.note(single, "a mode that Nelke doesn't offer; it is for browsers that have HTTP/1.1 alone")
	})
}

func eventsFollow(t *testing.T, w *town) {
	c := w.events(t, nil)
	c.subscribe("free", live, w.tomorrow())
	data := c.next("free")
	data = w.follow(c, "free", data)
	require.Equal(t, 1, w.Metric("nelke_subscriptions_open"))
	c.subscribe("other", live, w.tomorrow())
	c.next("other")
	require.Equal(t, 2, c.count("connected"))
	c.cancel("free")
	require.Eventually(t, func() bool { return w.Metric("nelke_subscriptions_open") == 1 }, patience, tick)
	w.follow(c, "other", data) // and nothing of the one that was aborted
	c.cancel("other")
	w.unheard(t)
}

func eventsAsk(t *testing.T, w *town) {
	erika := w.Case()
	c := w.events(t, options{"tokens": []string{erika.Token}})
	c.subscribe("query", `query`+times, w.tomorrow())
	slot := c.next("query").Get("availability.days.0.slots.0.start").String()
	c.expect("complete", "query")
	c.subscribe("hold", `mutation($in: HoldSlotInput!) { holdSlot(input: $in) { appointment { status } problems { code } } }`, suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "office": w.place.Office, "start": slot, "concerns": []suite.Vars{{"service": w.place.Service}},
	}})
	require.Equal(t, "HELD", c.next("hold").Get("holdSlot.appointment.status").String())
	c.expect("complete", "hold")
}

func eventsComplete(t *testing.T, w *town) {
	_, vars := w.draft()
	c := w.events(t, nil)
	c.subscribe("nothing", followed, vars)
	require.JSONEq(t, `{"application":null}`, c.next("nothing").Raw)
	c.expect("complete", "nothing")
	w.unheard(t)
}

func eventsToken(t *testing.T, w *town) {
	erika, vars := w.draft()
	c := w.events(t, options{"tokens": []string{erika.Token}})
	c.subscribe("own", followed, vars)
	require.Equal(t, "DRAFT", c.next("own").Get("application.status").String())
	withdraw(erika, vars)
	require.Equal(t, "WITHDRAWN", c.next("own").Get("application.status").String())

	c = w.events(t, options{"tokens": []string{noToken}, "retryAttempts": 0})
	c.subscribe("own", followed, vars)
	require.EqualValues(t, 401, c.expect("error", "own").Get("status").Int())
}

func eventsErrors(t *testing.T, w *town) {
	c := w.events(t, nil)
	for name, document := range map[string]string{
		"syntax": `subscription {`, "a field": `subscription { weather }`, "a variable": followed,
	} {
		c.subscribe(name, document, nil)
		value := c.expect("next", name).Get("value")
		require.NotEmpty(t, value.Get("errors.0.message").String(), value.Raw)
		require.False(t, value.Get("data").Exists(), value.Raw)
		c.expect("complete", name)
	}
}

func eventsMalformed(t *testing.T, w *town) {
	c := w.events(t, options{"retryAttempts": 2})
	c.subscribe("nothing", "", nil)
	require.EqualValues(t, 400, c.expect("error", "nothing").Get("status").Int())
	require.Equal(t, 3, c.count("connecting"))
}

func eventsCut(t *testing.T, w *town) {
	c := w.events(t, options{"retryAttempts": 1000})
	c.subscribe("free", live, w.tomorrow())
	data := c.next("free")
	w.front.cut()
	for range 3 {
		require.True(t, c.awaitAgain("connecting"))
	}
	w.unheard(t)
	before, left := w.take(t, data)
	w.front.lead(w.URL)
	data = c.next("free")
	require.Equal(t, before-1, left(data), data.Raw)
	w.follow(c, "free", data)
	require.Equal(t, 2, c.count("connected"))
}

func eventsGiveUp(t *testing.T, w *town) {
	defer w.front.lead(w.URL)
	for _, attempts := range []int{0, 3} {
		w.front.lead(w.URL)
		c := w.events(t, options{"retryAttempts": attempts})
		c.subscribe("free", live, w.tomorrow())
		c.next("free")
		w.front.cut()
		c.expect("error", "free")
		require.Equal(t, 1+attempts, c.count("connecting"))
	}
}

func eventsMove(t *testing.T, w *town) {
	c := w.events(t, options{"retryAttempts": 1000})
	c.subscribe("free", live, w.tomorrow())
	data := c.next("free")
	w.restart(t)
	require.JSONEq(t, data.Raw, c.next("free").Raw)
	w.follow(c, "free", data)
	require.Zero(t, c.count("complete"))
}
