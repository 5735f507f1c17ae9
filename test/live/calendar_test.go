package live

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// patience is how long a test waits for a message that must come.
const patience = 20 * time.Second

// calendar is an open calendar, whichever way it is fed.
type calendar interface {
	Next() gjson.Result
}

const watched = `subscription($in: AvailabilityInput!) { availability(input: $in) { days { date starts } } }`

// days asks for the free times of some days for one Personalausweis.
func days(place suite.Place, from string, n int) suite.Vars {
	return suite.Vars{"in": suite.Vars{"office": place.Office, "concerns": []suite.Vars{{"service": place.Service}}, "from": from, "days": n}}
}

// starts are the free times in a message.
func starts(message gjson.Result) []string {
	list := []string{}
	for _, day := range message.Get("data.availability.days").Array() {
		for _, start := range day.Get("starts").Array() {
			list = append(list, start.String())
		}
	}
	return list
}

// without reads a calendar until a start is gone, and with until it is there.
func without(t *testing.T, c calendar, start string) { t.Helper(); until(t, c, start, false) }
func with(t *testing.T, c calendar, start string)    { t.Helper(); until(t, c, start, true) }

func until(t *testing.T, c calendar, start string, there bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if slices.Contains(starts(c.Next()), start) == there {
			return
		}
	}
	require.Fail(t, "the calendar didn't change", start)
}

// events is one subscription by server-sent events.
type events struct {
	t      *testing.T
	cancel context.CancelFunc
	body   io.ReadCloser
	lines  *bufio.Reader
}

// follow subscribes by server-sent events, as the client's actor.
func follow(t *testing.T, c *suite.Client, query string, vars suite.Vars) *events {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Process.URL+"/graphql", bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	e := &events{t: t, cancel: cancel, body: response.Body, lines: bufio.NewReaderSize(response.Body, 1<<20)}
	t.Cleanup(e.Close)
	return e
}

// Close hangs up.
func (e *events) Close() {
	e.cancel()
	_ = e.body.Close()
}

// event is the next event's name and data, comments skipped; io.EOF at the end.
func (e *events) event() (name, data string, err error) {
	timer := time.AfterFunc(patience, e.cancel)
	defer timer.Stop()
	for {
		line, err := e.lines.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" && name != "":
			return name, data, nil
		case strings.HasPrefix(line, "event: "):
			name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			data = line[len("data: "):]
		}
	}
}

// Next is the payload of the next message, without errors.
func (e *events) Next() gjson.Result {
	e.t.Helper()
	name, data, err := e.event()
	require.NoError(e.t, err)
	require.Equal(e.t, "next", name, data)
	payload := gjson.Parse(data)
	require.False(e.t, payload.Get("errors").Exists(), data)
	return payload
}

// both opens a calendar each way.
func both(t *testing.T, c *suite.Client, query string, vars suite.Vars) map[string]calendar {
	t.Helper()
	return map[string]calendar{"websocket": c.For(t).Subscribe(query, vars), "events": follow(t, c, query, vars)}
}
