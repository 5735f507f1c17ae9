package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"nelke/test/bench/backlog"
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
	var shorter []json.RawMessage
	l := &bySize{stage: s, database: d, token: token, sizes: []int{10, 100, 1000}, check: func(size int, answer []byte) error {
		page, err := pageOf(answer)
		if err != nil {
			return err
		}
		err = sameHead(shorter, page.Nodes, size)
		shorter = page.Nodes
		return err
	}}
	filter := backlog.Filter{Input: map[string]any{"municipality": map[string]any{"slug": blombergSlug}, "statuses": []string{"COMPLETED"}}}
	for _, n := range l.sizes {
		l.bodies = append(l.bodies, filter.Request(listingQuery, n, ""))
	}
	statements, err := l.count(ctx)
	if err != nil {
		return err
	}
	rounds, times, err := l.time(ctx, "listing")
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
