package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"nelke/test/bench/backlog"
	"nelke/test/bench/tap"
)

const listingQuery = `query Listing($in: WorkQueueInput!, $first: Int) { workQueue(input: $in, first: $first) { nodes {
	id service { name } payment { status amount { cents } } lastEvent { action at } } } }`

// benchListing lists ten, a hundred and a thousand applications with what stands beside them, and counts the statements
// that this takes.
func benchListing(ctx context.Context, s *stage, results *report) error {
	d, err := s.filled(ctx, largeBacklog, largeOpen)
	if err != nil {
		return err
	}
	token, _, err := s.desk(ctx, d)
	if err != nil {
		return err
	}
	l := &listing{stage: s, database: d, token: token, sizes: []int{10, 100, 1000}}
	filter := backlog.Filter{Input: map[string]any{"municipality": map[string]any{"slug": blombergSlug}, "statuses": []string{"COMPLETED"}}}
	for _, n := range l.sizes {
		l.bodies = append(l.bodies, filter.Request(listingQuery, n, ""))
	}
	statements, err := l.count(ctx)
	if err != nil {
		return err
	}
	rounds, times, err := l.time(ctx)
	if err != nil {
		return err
	}
	const part = "listing"
	for i, n := range l.sizes {
		counted := row{part: part, what: fmt.Sprintf("statements, %d applications", n), values: []float64{float64(statements[i])}}
		if i > 0 {
			counted.bar = exactly(float64(statements[0]))
		}
		results.add(counted)
	}
	for i, n := range l.sizes {
		results.add(row{part: part, what: fmt.Sprintf("%d applications", n), values: rounds[i], unit: "ms", times: times[i], note: fmt.Sprintf("%d bytes", len(l.answers[i]))})
	}
	return nil
}

// listing asks for the same list in several lengths.
type listing struct {
	*stage
	database *database
	token    string
	sizes    []int
	bodies   [][]byte
	answers  [][]byte
}

// count counts the statements of one request for each size, at a server behind a tap. What the server does by itself
// meanwhile can only add to a count, so the least of several is the request's own.
func (l *listing) count(ctx context.Context) (statements []int, err error) {
	heard, url, err := tap.New(ctx, l.database.url)
	if err != nil {
		return nil, err
	}
	defer heard.Close()
	err = l.serving(ctx, settings{database: l.database, url: url, staff: true}, func(server *child) error {
		c, err := dial(ctx, server.addr)
		if err != nil {
			return err
		}
		defer c.close()
		var shorter []json.RawMessage
		for i, body := range l.bodies {
			page, answer, err := c.page(l.token, body)
			if err != nil {
				return err
			}
			if err := sameHead(shorter, page.Nodes, l.sizes[i]); err != nil {
				return err
			}
			shorter = page.Nodes
			l.answers = append(l.answers, answer)
			least := math.MaxInt
			for range 5 {
				heard.Take()
				if _, _, err := c.page(l.token, body); err != nil {
					return err
				}
				least = min(least, asked(heard.Take()))
			}
			statements = append(statements, least)
		}
		return nil
	})
	return statements, err
}

// asked is how many statements somebody asked for.
func asked(seen []tap.Statement) (n int) {
	for _, s := range seen {
		if !s.Housekeeping() {
			n++
		}
	}
	return n
}

// sameHead checks that a list has as many applications as were asked for, begins as the shorter one, and has beside them
// what belongs there: every second one was paid for, and all were completed.
func sameHead(shorter, list []json.RawMessage, want int) error {
	if len(list) != want {
		return fmt.Errorf("%d applications, wanted %d", len(list), want)
	}
	for i := range shorter {
		if !bytes.Equal(shorter[i], list[i]) {
			return &differenceError{got: list[i], want: shorter[i]}
		}
	}
	paid := 0
	for _, raw := range list {
		var a struct {
			Service   *struct{ Name string }
			Payment   *struct{ Status string }
			LastEvent *struct{ Action string }
		}
		if err := json.Unmarshal(raw, &a); err != nil {
			return err
		}
		if a.Service == nil || a.Service.Name == "" || a.LastEvent == nil || a.LastEvent.Action != "application.completed" {
			return fmt.Errorf("an application without its service or its last event: %s", raw)
		}
		if a.Payment != nil && a.Payment.Status == "PAID" {
			paid++
		}
	}
	if paid < want*4/10 || paid > want*6/10 {
		return fmt.Errorf("of %d applications %d were paid for", want, paid)
	}
	return nil
}

// time asks in all sizes by turns, at a server that nobody listens to.
func (l *listing) time(ctx context.Context) (rounds [][]float64, times []latencies, err error) {
	rounds, times = make([][]float64, len(l.sizes)), make([]latencies, len(l.sizes))
	err = l.serving(ctx, settings{database: l.database, staff: true}, func(server *child) error {
		c, err := dial(ctx, server.addr)
		if err != nil {
			return err
		}
		defer c.close()
		if _, err := l.round(ctx, c, 10, 0); err != nil { // it warms up
			return err
		}
		return l.profile(ctx, server, "listing", func() error {
			for range l.opts.rounds {
				took, err := l.round(ctx, c, 20, l.opts.seconds)
				if err != nil {
					return err
				}
				for size := range took {
					rounds[size] = append(rounds[size], float64(took[size].at(0.5))/float64(time.Millisecond))
					times[size] = append(times[size], took[size]...)
				}
			}
			return nil
		})
	})
	return rounds, times, err
}

// round asks for so long, and so often at least.
func (l *listing) round(ctx context.Context, c *caller, least int, long time.Duration) ([]latencies, error) {
	took := make([]latencies, len(l.sizes))
	begin := time.Now()
	for i := 0; i < least || time.Since(begin) < long; i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for size, body := range l.bodies {
			at := time.Now()
			status, got, err := c.post("/graphql", l.token, body)
			took[size] = append(took[size], time.Since(at))
			if err := expect(status, got, err, l.answers[size]); err != nil {
				return nil, err
			}
		}
	}
	return took, nil
}
