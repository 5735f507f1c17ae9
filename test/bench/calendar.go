package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// timesQuery asks for what the page of free times asks for.
const timesQuery = `subscription Times($office: ID!, $concerns: [ConcernInput!]!, $days: Int!) {
	availability(input: { office: $office, concerns: $concerns, days: $days }) { asOf days { date starts reason } } }`

// timesShown is how many days the page of free times asks for.
const timesShown = 62

// benchCalendar compares a page of free times that stays open with a subscription to the same free times by server-sent events at the
// graph: what each costs the server in memory, and how long it takes from the answer to a hold or a release, the change being committed, until all
// have the news. The office is the one of benchLive. A page gets HTML, a subscriber JSON. Each has a server of its own in each round.
func benchCalendar(ctx context.Context, s *stage, results *report) (err error) {
	base, err := s.base(ctx)
	if err != nil {
		return err
	}
	d, err := s.copy(ctx, base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	direct, page := &viewing{name: "graphql-sse", request: subscriberRequest}, &viewing{name: "page", request: pageRequest}
	for range s.opts.rounds {
		for _, v := range []*viewing{direct, page} {
			if err := s.serving(ctx, settings{database: d, redis: s.redis}, func(server *child) error {
				return s.view(ctx, d, server, v)
			}); err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
		}
	}
	const part = "calendar"
	viewers, changes := s.viewers()
	for _, v := range []*viewing{direct, page} {
		note := fmt.Sprintf("%d open, %d changes a round, %d bytes each; 50 ms of it gather changes", viewers, 2*changes, v.bytes)
		results.add(
			row{part: part, what: v.name + ", commit to last delivery", values: v.last, unit: "ms", times: v.lasts, note: note},
			row{part: part, what: v.name + ", memory once open", values: v.opened, unit: "KiB", note: "of each, resident, by the server's process"},
			row{part: part, what: v.name + ", memory in use", values: v.used, unit: "KiB", note: "the same after all changes"},
		)
	}
	results.add(
		row{part: part, what: "last delivery, page : graphql-sse", values: ratios(page.last, direct.last), bar: atMost(1.5, "")},
		row{part: part, what: "memory once open, page : graphql-sse", values: ratios(page.opened, direct.opened), bar: atMost(1.5, "")},
		row{part: part, what: "memory in use, page : graphql-sse", values: ratios(page.used, direct.used), bar: atMost(1.5, "")},
	)
	return nil
}

// viewing is one way in which people have the free times open, and what it comes to.
type viewing struct {
	name    string
	request func(*stage, *reception) (string, error) // which opens the event stream

	last         []float64 // by the round, in ms
	lasts        latencies
	opened, used []float64 // by the round, in KiB for each who has them open
	bytes        int       // of the last event
}

// viewers are how many have the free times open, and how often in a round a time is held and released.
func (s *stage) viewers() (n, changes int) {
	if s.opts.short {
		return 50, 4
	}
	return 1000, 20
}

// view takes a round of one way.
func (s *stage) view(ctx context.Context, d *database, server *child, v *viewing) error {
	n, changes := s.viewers()
	r, err := s.receive(ctx, d, server, "live", 1, 1)
	if err != nil {
		return err
	}
	request, err := v.request(s, r)
	if err != nil {
		return err
	}
	if err := s.untilTimesLast(ctx); err != nil {
		return err
	}
	open := func(i int) (listener, error) {
		// The service has room for a household's streams and no more of one address, so each has one of its own.
		return openEvents(ctx, fmt.Sprintf("127.0.%d.%d", 1+i/200, 1+i%200), server.addr, request)
	}
	// What the first ones cost, all share.
	few := &audience{}
	defer few.close()
	if err := few.grow(ctx, 10, open); err != nil {
		return err
	}
	if _, err := s.change(ctx, server, r, few); err != nil {
		return err
	}
	before, err := server.memory()
	if err != nil {
		return err
	}
	all := &audience{}
	defer all.close()
	if err := all.grow(ctx, n, open); err != nil {
		return err
	}
	few.ignore()
	opened, err := server.memory()
	if err != nil {
		return err
	}
	var round latencies
	if err := s.profile(ctx, server, v.name, func() error {
		for range changes {
			for _, half := range s.halves(ctx, server, r) {
				times, err := all.await(ctx, half)
				if err != nil {
					return err
				}
				round = append(round, times.at(1))
			}
		}
		return nil
	}); err != nil {
		return err
	}
	used, err := server.memory()
	if err != nil {
		return err
	}
	each := func(bytes float64) float64 { return (bytes - before) / 1024 / float64(n) }
	v.opened, v.used = append(v.opened, each(opened)), append(v.used, each(used))
	v.last, v.lasts = append(v.last, float64(round.at(0.5).Microseconds())/1e3), append(v.lasts, round...)
	v.bytes = len(all.latest)
	return nil
}

// pageRequest is what the script of the page of free times asks for.
func pageRequest(s *stage, _ *reception) (string, error) {
	query := url.Values{"dienst": {s.town.service(0) + ":1"}, "buero": {"live"}, "ab": {""}, "ansicht": {""}}
	return "GET /termin/zeiten/live?" + query.Encode() + " HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n" + browserHeaders + "\r\n", nil
}

// subscriberRequest is what a client of graphql-sse asks for who shows the same.
func subscriberRequest(_ *stage, r *reception) (string, error) {
	body, err := json.Marshal(map[string]any{"query": timesQuery, "variables": map[string]any{
		"office": r.office, "concerns": r.concerns(), "days": timesShown,
	}})
	return fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"+
		browserHeaders+"Content-Length: %d\r\n\r\n%s", len(body), body), err
}

// untilTimesLast returns when for as long as a round may take no time of the office becomes too soon to be booked: that would be a change that
// nobody made.
func (s *stage) untilTimesLast(ctx context.Context) error {
	long := 30 * time.Second
	if s.opts.short {
		long = 5 * time.Second
	}
	now := time.Now()
	next := now.Truncate(step * time.Minute).Add(step * time.Minute)
	if next.Sub(now) > long {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(next.Add(time.Second))):
		return nil
	}
}
