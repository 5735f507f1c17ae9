//go:build federation

package federation

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// TestSubscriptions follows what Nelke sends, through Hive Gateway, each way in and each way on.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) { follow(t, newRegion(t, b)) })
}

func follow(t *testing.T, r *region) {
	supergraph := r.compose(t, "guild")
	for _, on := range []struct{ way, config string }{{"events", "hive.config.js"}, {"WebSocket", "hive-websocket.config.js"}} {
		g := r.hive(t, supergraph, on.config)
		for _, in := range []struct {
			way       string
			subscribe subscriber
		}{{"events", events}, {"WebSocket", socket}} {
			way := "; to the client by " + in.way + ", from Nelke by " + on.way
			t.Run(way[2:], func(t *testing.T) {
				gateways.check(t, g.name, "free times, live, with the neighbour's fields"+way, func(t *testing.T) { calendar(t, r, g, in.subscribe) })
				gateways.check(t, g.name, "an application, live, for its case alone"+way, func(t *testing.T) { followed(t, r, g, in.subscribe) })
			})
		}
	}
	g := r.hive(t, supergraph, "hive.config.js")
	gateways.check(t, g.name, "a subscription ends when Nelke stops", func(t *testing.T) {
		open := events(t, g.Anonymous(), watched, r.tomorrow())
		open.Next()
		require.NoError(t, r.nelke.Stop())
		open.Ends()
	})
}

const watched = `subscription($in: AvailabilityInput!) { availability(input: $in) {
	office { name municipality { area region { name } } } days { slots { start counters } } } }`

// tomorrow asks for the free times of tomorrow.
func (r *region) tomorrow() suite.Vars {
	return suite.Vars{"in": suite.Vars{
		"office": r.place.Office, "concerns": []suite.Vars{{"service": r.place.Service}}, "days": 1,
		"from": r.nelke.Clock.Now().AddDate(0, 0, 1).Format(time.DateOnly),
	}}
}

func calendar(t *testing.T, r *region, g gateway, subscribe subscriber) {
	c := g.Anonymous()
	c.Accept = "en"
	require.Zero(t, r.nelke.Metric("nelke_subscriptions_open"))
	open := subscribe(t, c, watched, r.tomorrow())
	first := open.Next().Get("data.availability")
	require.InDelta(t, 99.1, first.Get("office.municipality.area").Float(), 0)
	require.Equal(t, "Citizens' office", first.Get("office.name").String())
	require.Equal(t, 1, r.nelke.Metric("nelke_subscriptions_open"))

	slot := first.Get("days.0.slots.0")
	r.nelke.Case().Hold(r.place, slot.Get("start").String(), suite.Key()).OK("holdSlot.appointment")
	next := open.Next().Get("data.availability")
	left := next.Get(`days.0.slots.#(start=="` + slot.Get("start").String() + `").counters`).Int() // 0 where it is gone
	require.Equal(t, slot.Get("counters").Int()-1, left, next.Raw)
	require.Equal(t, "Kreis Lippe", next.Get("office.municipality.region.name").String())

	open.Close()
	ended(t, r)
}

// ended waits until nobody is subscribed at Nelke.
func ended(t *testing.T, r *region) {
	t.Helper()
	require.Eventually(t, func() bool { return r.nelke.Metric("nelke_subscriptions_open") == 0 }, patience, 10*time.Millisecond)
}

func followed(t *testing.T, r *region, g gateway, subscribe subscriber) {
	const query = `subscription($id: ID!) { application(id: $id) { status service { municipality { region { name } } } } }`
	erika := r.nelke.Case()
	vars := suite.Vars{"id": erika.Draft(r.nelke.Filing("meldebescheinigung"))}
	own := subscribe(t, erika.At(g.Process), query, vars)
	require.Equal(t, "DRAFT", own.Next().Get("data.application.status").String())
	for _, c := range []*suite.Client{g.Anonymous(), r.nelke.Case().At(g.Process)} {
		other := subscribe(t, c, query, vars)
		require.JSONEq(t, `{"data":{"application":null}}`, other.Next().Raw)
		other.Ends()
	}
	erika.Mutate("withdrawApplication", suite.Vars{"application": vars["id"]}).OK("withdrawApplication.application")
	changed := own.Next()
	require.Equal(t, "WITHDRAWN", changed.Get("data.application.status").String())
	require.Equal(t, "Kreis Lippe", changed.Get("data.application.service.municipality.region.name").String())
	own.Close()
	ended(t, r)
}

// stream is a subscription: by WebSocket, or by server-sent events.
type stream interface {
	Next() gjson.Result
	Ends()
	Close()
}

type subscriber func(t *testing.T, c *suite.Client, query string, vars suite.Vars) stream

func socket(t *testing.T, c *suite.Client, query string, vars suite.Vars) stream {
	t.Helper()
	return c.For(t).Subscribe(query, vars)
}

type eventStream struct {
	t      *testing.T
	cancel context.CancelFunc
	body   io.Closer
	lines  *bufio.Reader
}

func events(t *testing.T, c *suite.Client, query string, vars suite.Vars) stream {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Process.URL+"/graphql", bytes.NewReader(body))
	require.NoError(t, err)
	r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"text/event-stream"}}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.Accept != "" {
		r.Header.Set("Accept-Language", c.Accept)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	s := &eventStream{t: t, cancel: cancel, body: response.Body, lines: bufio.NewReaderSize(response.Body, 1<<20)}
	t.Cleanup(s.Close)
	require.Equal(t, http.StatusOK, response.StatusCode)
	return s
}

func (s *eventStream) Close() {
	s.cancel()
	_ = s.body.Close()
}

// event is the next one's name and data, comments skipped.
func (s *eventStream) event() (name, data string, err error) {
	timer := time.AfterFunc(patience, s.cancel)
	defer timer.Stop()
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" && name != "" {
			return name, data, nil
		}
		if text, found := strings.CutPrefix(line, "event: "); found {
			name = text
		}
		if text, found := strings.CutPrefix(line, "data: "); found {
			data = text
		}
	}
}

func (s *eventStream) Next() gjson.Result {
	s.t.Helper()
	name, data, err := s.event()
	require.NoError(s.t, err)
	require.Equal(s.t, "next", name, data)
	require.False(s.t, gjson.Get(data, "errors").Exists(), data)
	return gjson.Parse(data)
}

// Ends waits for the end, by complete or with the connection. An error may come before it, data may not.
func (s *eventStream) Ends() {
	s.t.Helper()
	for {
		name, data, err := s.event()
		if err != nil || name == "complete" {
			require.NotErrorIs(s.t, err, context.Canceled, "it didn't end")
			return
		}
		require.Equal(s.t, gjson.Null, gjson.Get(data, "data.*").Type, data)
	}
}
