package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

const releaseMutation = `mutation Release($input: ReleaseHoldInput!) { releaseHold(input: $input) { appointment { id } problems { code } } }`

// benchLive lets subscribers watch one day of one office by WebSocket while its only counter is held and released, and
// measures from the moment at which whoever holds has the answer, the change being committed, to the delivery. Booking
// what is held changes nobody's free times and sends nothing.
func benchLive(ctx context.Context, s *stage, results *report) (err error) {
	base, err := s.base(ctx)
	if err != nil {
		return err
	}
	d, err := s.copy(ctx, base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	return s.serving(ctx, settings{database: d, redis: s.redis}, func(server *child) error {
		return s.watchLive(ctx, d, server, results)
	})
}

func (s *stage) watchLive(ctx context.Context, d *database, server *child, results *report) error {
	subscribers, changes := 1000, 20
	if s.opts.short {
		subscribers, changes = 50, 4
	}
	r, err := s.receive(ctx, d, server, "live", 1, 1)
	if err != nil {
		return err
	}
	subscribe, err := json.Marshal(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{
		"query": `subscription Free($input: AvailabilityInput!) { availability(input: $input) { days { date starts } } }`,
		"variables": map[string]any{"input": map[string]any{
			"office": r.office, "from": s.from().String(), "days": 1, "concerns": r.concerns(),
		}},
	}})
	if err != nil {
		return err
	}
	open := func(int) (listener, error) { return openSocket(ctx, server.addr, subscribe) }
	// What a first subscriber costs, all of them share.
	few := &audience{}
	defer few.close()
	if err := few.grow(ctx, 10, open); err != nil {
		return err
	}
	var each, last latencies
	lasts := make([]float64, 0, s.opts.rounds)
	change := func(watched *audience) (latencies, error) { return s.change(ctx, server, r, watched) }
	if _, err := change(few); err != nil {
		return err
	}
	before, err := server.memory()
	if err != nil {
		return err
	}
	all := &audience{}
	defer all.close()
	if err := all.grow(ctx, subscribers, open); err != nil {
		return err
	}
	few.ignore()
	for range s.opts.rounds {
		var round latencies
		for range changes {
			times, err := change(all)
			if err != nil {
				return err
			}
			each = append(each, times...)
			round = append(round, times.at(1))
		}
		last = append(last, round...)
		lasts = append(lasts, float64(round.at(0.5).Microseconds())/1e3)
	}
	after, err := server.memory()
	if err != nil {
		return err
	}
	note := fmt.Sprintf("%d subscribers, %d changes a round; 50 ms of it gather changes", subscribers, 2*changes)
	results.add(
		row{part: "live", what: "commit to last delivery", values: lasts, unit: "ms", times: last, note: note},
		row{part: "live", what: "commit to each delivery", values: []float64{float64(each.at(0.5).Microseconds()) / 1e3}, unit: "ms", times: each},
		row{part: "live", what: "memory per subscriber", values: []float64{(after - before) / 1024 / float64(subscribers)}, unit: "KiB", note: "resident, by the server's process"},
	)
	return nil
}

// change holds a start and releases it again, and returns how long each delivery of both took.
func (s *stage) change(ctx context.Context, server *child, r *reception, watched *audience) (all latencies, err error) {
	for _, half := range s.halves(ctx, server, r) {
		times, err := watched.await(ctx, half)
		if err != nil {
			return nil, err
		}
		all = append(all, times...)
	}
	return all, nil
}

// halves returns what holds a start, and what releases it again. Call them in this order.
func (s *stage) halves(ctx context.Context, server *child, r *reception) [2]func() error {
	ask := func(query string, input map[string]any, data any) error {
		c, err := dial(ctx, server.addr)
		if err != nil {
			return err
		}
		defer c.close()
		return c.graphql(r.keys[0], query, input, data)
	}
	var held struct{ HoldSlot appointment }
	return [2]func() error{
		func() error {
			if err := ask(holdMutation, r.hold(r.starts[0]), &held); err != nil {
				return err
			}
			if held.HoldSlot.Appointment == nil {
				return fmt.Errorf("hold: %v", held.HoldSlot.Problems)
			}
			return nil
		},
		func() error {
			return ask(releaseMutation, map[string]any{"idempotencyKey": uuid.NewString(), "appointment": held.HoldSlot.Appointment.ID}, nil)
		},
	}
}

// listener is one subscriber.
type listener interface {
	// next returns what comes next, until the call after it only.
	next() ([]byte, error)
	close()
}

// audience are subscribers of the same.
type audience struct {
	members []listener
	heard   chan delivery
	stop    chan struct{}
	running sync.WaitGroup
	latest  []byte // what was delivered last
}

// delivery is one message, at one subscriber.
type delivery struct {
	at   time.Time
	text []byte
	err  error
}

// grow adds subscribers and returns when each has the state. open opens the n-th one.
func (a *audience) grow(ctx context.Context, n int, open func(n int) (listener, error)) error {
	a.heard, a.stop = make(chan delivery, n), make(chan struct{})
	for i := range n {
		s, err := open(i)
		if err != nil {
			return fmt.Errorf("subscriber %d: %w", i, err)
		}
		a.members = append(a.members, s)
		a.running.Go(func() { a.listen(s) })
	}
	_, err := a.gather(ctx, time.Now())
	return err
}

func (a *audience) listen(s listener) {
	for {
		text, err := s.next()
		select {
		case a.heard <- delivery{time.Now(), bytes.Clone(text), err}:
		case <-a.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// await makes a change and returns how long after its answer each subscriber had the news: the same bytes for all, and
// other ones than before.
func (a *audience) await(ctx context.Context, change func() error) (latencies, error) {
	if err := change(); err != nil {
		return nil, err
	}
	return a.gather(ctx, time.Now())
}

func (a *audience) gather(ctx context.Context, since time.Time) (times latencies, err error) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	var first []byte
	for range a.members {
		select {
		case d := <-a.heard:
			switch {
			case d.err != nil:
				return nil, d.err
			case first == nil:
				first = d.text
			case !bytes.Equal(first, d.text):
				return nil, &differenceError{got: d.text, want: first}
			}
			times = append(times, max(0, d.at.Sub(since)))
			a.latest = d.text
		case <-timeout.C:
			return nil, fmt.Errorf("%d of %d subscribers were told", len(times), len(a.members))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return times, nil
}

// ignore drops whatever is still delivered.
func (a *audience) ignore() {
	a.running.Go(func() {
		for {
			select {
			case <-a.heard:
			case <-a.stop:
				return
			}
		}
	})
}

func (a *audience) close() {
	if a.stop == nil {
		return
	}
	close(a.stop)
	for _, s := range a.members {
		s.close()
	}
	a.running.Wait()
}
