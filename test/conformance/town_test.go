//go:build conformance

package conformance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// town is Nelke with Blomberg, and what clients connect to.
type town struct {
	*suite.Process
	backend *suite.Backend
	front   *front
	place   suite.Place
}

func newTown(t *testing.T, b *suite.Backend) *town {
	t.Helper()
	p := suite.Serve(t, b)
	return &town{Process: p, backend: b, front: newFront(t, p.URL), place: p.Place()}
}

// socket opens a graphql-ws client.
func (w *town) socket(t *testing.T, o options) *client {
	t.Helper()
	return open(t, "ws", "ws://"+w.front.addr+"/graphql", o)
}

// events opens a graphql-sse client.
func (w *town) events(t *testing.T, o options) *client {
	t.Helper()
	return open(t, "sse", "http://"+w.front.addr+"/graphql", o)
}

const (
	times = `($in: AvailabilityInput!) { availability(input: $in) { days { slots { start counters } } } }`
	live  = `subscription` + times
)

// tomorrow asks for the free times of tomorrow.
func (w *town) tomorrow() suite.Vars {
	return suite.Vars{"in": suite.Vars{
		"office": w.place.Office, "concerns": []suite.Vars{{"service": w.place.Service}}, "days": 1,
		"from": w.Clock.Now().AddDate(0, 0, 1).Format(time.DateOnly),
	}}
}

// take has somebody hold the first time of a result. left returns of another result how many are left of it.
func (w *town) take(t *testing.T, data gjson.Result) (before int64, left func(gjson.Result) int64) {
	t.Helper()
	slot := data.Get("availability.days.0.slots.0")
	start := slot.Get("start").String()
	w.Case().For(t).Hold(w.place, start, suite.Key()).OK("holdSlot.appointment")
	return slot.Get("counters").Int(), func(data gjson.Result) int64 {
		require.True(t, data.Get("availability.days.0").Exists(), data.Raw)
		return data.Get(`availability.days.0.slots.#(start=="` + start + `").counters`).Int() // 0 where it is gone
	}
}

// follow has a client hear of a change.
func (w *town) follow(c *client, as string, data gjson.Result) gjson.Result {
	c.t.Helper()
	before, left := w.take(c.t, data)
	data = c.next(as)
	require.Equal(c.t, before-1, left(data), data.Raw)
	return data
}

// unheard waits until nobody is subscribed.
func (w *town) unheard(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return w.Metric("nelke_subscriptions_open") == 0 }, patience, tick)
}

// restart stops the service, and has another process take its place after clients had to do without.
func (w *town) restart(t *testing.T) {
	t.Helper()
	require.NoError(t, w.Stop())
	w.front.cut()
	w.Process = w.Beside(w.backend)
	w.front.lead(w.URL)
}

const (
	application = `($id: ID!) { application(id: $id) { status } }`
	followed    = `subscription` + application
)

// draft is an application of Erika's that isn't filed yet.
func (w *town) draft() (erika *suite.Client, vars suite.Vars) {
	w.Test().Helper()
	erika = w.Case()
	return erika, suite.Vars{"id": erika.Draft(w.Filing("meldebescheinigung"))}
}

func withdraw(erika *suite.Client, vars suite.Vars) {
	erika.Mutate("withdrawApplication", suite.Vars{"application": vars["id"]}).OK("withdrawApplication.application")
}

// noToken is neither a case's key nor a token of staff.
const noToken = "nothing"
