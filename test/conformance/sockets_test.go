//go:build conformance

package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// TestSockets has the reference client of graphql-transport-ws follow what Nelke sends.
func TestSockets(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newTown(t, b)
		for _, c := range []struct {
			row  string
			test func(t *testing.T, w *town)
		}{
			{"a subscription hears of each change, until the client completes it: it ends at the server, too", socketFollows},
			{"a query and a mutation have one result, then complete", socketAsks},
			{"a subscription that is over completes", socketCompletes},
			{"a token in connection_init opens its case; without it there is nothing to see", socketToken},
			{"a token that proves nothing: 4403, and another one in the next attempt is taken", socketForbidden},
			{"a document that isn't valid: error, no complete; what else runs stays", socketErrors},
			{"client's ping: pong", socketPings},
			{"the connection is cut: connects again, and hears what changed meanwhile", socketCut},
			{"retryAttempts: as many, and then the error", socketGivesUp},
			{"shouldRetry: refuses, and is obeyed", socketWontRetry},
			{"the server stops: 1001, and the client goes on with the next", socketMoves},
		} {
			sockets.check(t, b.Name, c.row, func(t *testing.T) { c.test(t, w) })
		}
	})
}

func socketFollows(t *testing.T, w *town) {
	c := w.socket(t, nil)
	c.subscribe("free", live, w.tomorrow())
	data := c.next("free")
	data = w.follow(c, "free", data)
	data = w.follow(c, "free", data)
	require.Equal(t, 1, w.Metric("nelke_subscriptions_open"))

	c.subscribe("other", live, w.tomorrow())
	c.next("other")
	c.cancel("free")
	require.Eventually(t, func() bool { return w.Metric("nelke_subscriptions_open") == 1 }, patience, tick)
	w.take(t, data)
	c.next("other") // and nothing of the one that was canceled
	c.cancel("other")
	w.unheard(t)
	require.Equal(t, 1, c.count("connected"), "both on one connection")
	require.EqualValues(t, 1000, c.await("closed").Get("code").Int(), "the client's own, when nothing runs any more")
}

func socketAsks(t *testing.T, w *town) {
	c := w.socket(t, nil)
	c.subscribe("query", `query`+times, w.tomorrow())
	slot := c.next("query").Get("availability.days.0.slots.0.start").String()
	c.expect("complete", "query")
	require.NotEmpty(t, slot)

	erika := w.Case()
	c = w.socket(t, options{"tokens": []string{erika.Token}})
	c.subscribe("hold", `mutation($in: HoldSlotInput!) { holdSlot(input: $in) { appointment { status } problems { code } } }`, suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "office": w.place.Office, "start": slot, "concerns": []suite.Vars{{"service": w.place.Service}},
	}})
	require.Equal(t, "HELD", c.next("hold").Get("holdSlot.appointment.status").String())
	c.expect("complete", "hold")
}

func socketCompletes(t *testing.T, w *town) {
	_, vars := w.draft()
	c := w.socket(t, nil)
	c.subscribe("nothing", followed, vars)
	require.JSONEq(t, `{"application":null}`, c.next("nothing").Raw)
	c.expect("complete", "nothing")
	w.unheard(t)
}

func socketToken(t *testing.T, w *town) {
	erika, vars := w.draft()
	c := w.socket(t, options{"tokens": []string{erika.Token}})
	c.subscribe("own", followed, vars)
	require.Equal(t, "DRAFT", c.next("own").Get("application.status").String())
	withdraw(erika, vars)
	require.Equal(t, "WITHDRAWN", c.next("own").Get("application.status").String())

	c = w.socket(t, options{"tokens": []string{w.Case().Token}})
	c.subscribe("another's", followed, vars)
	require.JSONEq(t, `{"application":null}`, c.next("another's").Raw)
	c.expect("complete", "another's")
}

func socketForbidden(t *testing.T, w *town) {
	erika, vars := w.draft()
	c := w.socket(t, options{"tokens": []string{noToken}, "retryAttempts": 0})
	c.subscribe("own", followed, vars)
	require.EqualValues(t, 4403, c.expect("error", "own").Get("code").Int())

	c = w.socket(t, options{"tokens": []string{noToken, erika.Token}})
	c.subscribe("own", followed, vars)
	require.EqualValues(t, 4403, c.await("closed").Get("code").Int())
	require.True(t, c.await("connected").Get("again").Bool())
	require.Equal(t, "DRAFT", c.next("own").Get("application.status").String())
}

func socketErrors(t *testing.T, w *town) {
	c := w.socket(t, nil)
	c.subscribe("free", live, w.tomorrow())
	data := c.next("free")
	for name, document := range map[string]string{
		"syntax": `subscription {`, "a field": `subscription { weather }`, "a variable": followed, "no query": ` `,
	} {
		c.subscribe(name, document, nil)
		require.NotEmpty(t, c.expect("error", name).Get("errors.0.message").String(), name)
	}
	w.follow(c, "free", data) // and no complete of the others
	require.Equal(t, 1, c.count("connecting"))
}

func socketPings(t *testing.T, w *town) {
	c := w.socket(t, options{"keepAlive": 50})
	c.subscribe("free", live, w.tomorrow())
	data := c.next("free")
	for range 3 {
		require.False(t, c.await("ping").Get("received").Bool())
		require.True(t, c.await("pong").Get("received").Bool())
	}
	w.follow(c, "free", data)
	require.Equal(t, 1, c.count("connecting"))
}

func socketCut(t *testing.T, w *town) {
	c := w.socket(t, options{"retry": true, "retryAttempts": 1000})
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

func socketGivesUp(t *testing.T, w *town) {
	defer w.front.lead(w.URL)
	for _, attempts := range []int{0, 3} {
		w.front.lead(w.URL)
		c := w.socket(t, options{"retry": true, "retryAttempts": attempts})
		c.subscribe("free", live, w.tomorrow())
		c.next("free")
		w.front.cut()
		c.expect("error", "free")
		require.Equal(t, 1+attempts, c.count("connecting"))
	}
}

func socketWontRetry(t *testing.T, w *town) {
	defer w.front.lead(w.URL)
	c := w.socket(t, options{"retry": false})
	c.subscribe("free", live, w.tomorrow())
	c.next("free")
	w.front.cut()
	require.EqualValues(t, 1006, c.expect("error", "free").Get("code").Int())
	require.Equal(t, 1, c.count("connecting"))
}

func socketMoves(t *testing.T, w *town) {
	c := w.socket(t, options{"retry": true, "retryAttempts": 1000})
	c.subscribe("free", live, w.tomorrow())
	data := c.next("free")
	w.restart(t)
	require.EqualValues(t, 1001, c.await("closed").Get("code").Int())
	require.JSONEq(t, data.Raw, c.next("free").Raw)
	w.follow(c, "free", data)
}
