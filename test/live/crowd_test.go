package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// connection is one WebSocket with any number of subscriptions.
type connection struct {
	t    *testing.T
	conn *websocket.Conn
}

func connect(t *testing.T, p *suite.Process, client *http.Client) *connection {
	t.Helper()
	conn, response, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(p.URL, "http")+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: client,
	})
	require.NoError(t, err)
	if response.Body != nil {
		_ = response.Body.Close()
	}
	conn.SetReadLimit(16 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	c := &connection{t, conn}
	c.send(message{Type: "connection_init"})
	require.Equal(t, "connection_ack", c.read(t.Context()).Type)
	return c
}

func (c *connection) send(m message) {
	c.t.Helper()
	require.NoError(c.t, wsjson.Write(c.t.Context(), c.conn, m))
}

func (c *connection) subscribe(id, query string, vars suite.Vars) {
	c.t.Helper()
	raw, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	require.NoError(c.t, err)
	c.send(message{ID: id, Type: "subscribe", Payload: raw})
}

// read returns the next message that isn't a ping; one without a type when the context ends.
func (c *connection) read(ctx context.Context) (m message) {
	for {
		if err := wsjson.Read(ctx, c.conn, &m); err != nil {
			return message{}
		}
		if m.Type != "ping" {
			return m
		}
	}
}

// metric is the sum of counters as /metrics shows them now.
func metric(t *testing.T, p *suite.Process, names ...string) (sum float64) {
	t.Helper()
	response, err := http.Get(p.URL + "/metrics")
	require.NoError(t, err)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	found := 0
	for lines.Scan() {
		for _, name := range names {
			if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
				n, err := strconv.ParseFloat(value, 64)
				require.NoError(t, err)
				sum += n
				found++
			}
		}
	}
	require.NoError(t, lines.Err())
	require.Equal(t, len(names), found, "metrics are missing: %v", names)
	return sum
}

// reads is how often anything was read through the cache, from wherever it came: every execution reads.
func reads(t *testing.T, p *suite.Process) float64 {
	t.Helper()
	return metric(t, p, "nelke_cache_hits_total", "nelke_cache_joined_total", "nelke_cache_fills_total", "nelke_cache_second_hits_total")
}

// TestCrowd compares what one watcher of a public answer costs with what a thousand cost.
func TestCrowd(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		place := p.Place()
		p.Anonymous().Starts(place, 5) // the town is remembered from here on
		holder, other := p.Case(), p.Case()

		// cost is what it takes to begin n subscriptions, to change the day once, and to tell all of them.
		cost := func(day string, owner *suite.Client, connections, each int) float64 {
			before := reads(t, p)
			n := connections * each
			var reading sync.WaitGroup
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			first, second := make(chan string, n), make(chan string, 10*n)
			for i := range connections {
				c := connect(t, p, nil)
				for j := range each {
					c.subscribe(fmt.Sprint(j), watched, days(place, day, 1))
				}
				reading.Go(func() {
					seen := map[string]bool{}
					for len(seen) < 2*each {
						m := c.read(ctx)
						if m.Type != "next" {
							return
						}
						to := first
						if seen[m.ID] {
							to = second
						}
						seen[m.ID+map[bool]string{true: "again"}[seen[m.ID]]] = true
						to <- fmt.Sprint(i, " ", m.ID, " ", gjson.GetBytes(m.Payload, "data.availability.days.0.starts.0"))
					}
				})
			}
			start := ""
			for range n {
				select {
				case line := <-first:
					start = line[strings.LastIndex(line, " ")+1:]
				case <-ctx.Done():
					require.Fail(t, "not everybody was told the state")
				}
			}
			p.Staff("otto", "CLERK@"+suite.ARS).Do(`mutation($in: BookAppointmentForInput!) { bookAppointmentFor(input: $in) { appointment { id } problems { code } } }`, suite.Vars{"in": suite.Vars{
				"idempotencyKey": suite.Key(), "office": place.Office, "start": start, "concerns": []suite.Vars{{"service": place.Service}},
				"channel": "PHONE", "person": suite.Erika(),
			}}).OK("bookAppointmentFor.appointment.id")
			owner.Hold(place, start, suite.Key()).OK("holdSlot.appointment.id")
			for range n {
				select {
				case line := <-second:
					require.NotContains(t, line, start)
				case <-ctx.Done():
					require.Fail(t, "not everybody was told the change")
				}
			}
			reading.Wait()
			return reads(t, p) - before
		}
		one := cost(tomorrow, holder, 1, 1)
		thousand := cost(thursday, other, 10, 100)
		t.Logf("reads for one watcher: %v, for a thousand: %v", one, thousand)
		require.Positive(t, one)
		// The writes read, too, and a change may fall between two looks. A second execution for each would be thousands.
		require.LessOrEqual(t, thousand, 2*one+10)
	})
}

// TestSlowReader changes the book while a reader takes nothing: it gets one message, not one for each change.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	place := p.Place()
	// A window of a few KiB, and a message of hundreds: it isn't written before the reader goes on.
	narrow := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{
		Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
		},
	}).DialContext}}
	t.Cleanup(narrow.CloseIdleConnections)
	query := `subscription($in: AvailabilityInput!) { availability(input: $in) { days { starts`
	for i := range 8 {
		query += fmt.Sprintf(` s%d: slots { start end counters }`, i)
	}
	query += ` } } }`

	// Of each time that will be taken one counter is left, so that one hold is one change.
	const n = 16
	all := p.Anonymous().Starts(place, 62)
	var gone []string
	var owners []*suite.Client
	for i := range n {
		gone = append(gone, all[len(all)-1-2*i])
		p.Case().Booked(place, gone[i])
		owners = append(owners, p.Case())
	}
	watch := p.Anonymous().Subscribe(watched, days(place, today, 62))
	watch.Next()
	slow := connect(t, p, narrow)
	slow.subscribe("slow", query, days(place, today, 62))
	for i, start := range gone {
		owners[i].Hold(place, start, suite.Key()).OK("holdSlot.appointment.id")
		without(t, watch, start) // a reader who keeps up gets each
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var told []int // how many of the changes each message shows
	for len(told) == 0 || told[len(told)-1] < n {
		m := slow.read(ctx)
		require.Equal(t, "next", m.Type, string(m.Payload))
		free := starts(gjson.ParseBytes(m.Payload))
		told = append(told, 0)
		for _, start := range gone {
			if !slices.Contains(free, start) {
				told[len(told)-1]++
			}
		}
	}
	t.Log("changes shown by each message:", told)
	// The machine's own buffers take a few messages; from then on there is one for all changes until there is room again.
	require.LessOrEqual(t, len(told), n/2+1)
}
