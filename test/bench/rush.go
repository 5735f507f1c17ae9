package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
)

const rushClients = 200

// benchRush lets two hundred people want one of forty places of a day at the same time. Each takes a start at random,
// then an alternative of the same day if that is gone, until there is none.
func benchRush(ctx context.Context, s *stage, results *report) (err error) {
	base, err := s.base(ctx)
	if err != nil {
		return err
	}
	var given, last []float64
	var times latencies
	for range s.opts.rounds {
		n, o, err := s.rush(ctx, base)
		if err != nil {
			return err
		}
		given = append(given, float64(n))
		last = append(last, float64(o.took.Milliseconds()))
		times = append(times, o.times...)
	}
	results.add(
		row{part: "rush", what: "places given out", values: given, bar: exactly(rushPlaces), note: fmt.Sprintf("%d clients, %d places", rushClients, rushPlaces)},
		row{part: "rush", what: "until the last answer", values: last, unit: "ms", times: times, note: "p50 and p99: a person's whole attempt"},
	)
	return nil
}

func (s *stage) rush(ctx context.Context, base *database) (given int, o outcome, err error) {
	d, err := s.copy(ctx, base)
	if err != nil {
		return 0, o, err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	var booked atomic.Int64
	err = s.serving(ctx, settings{database: d}, func(server *child) error {
		r, err := s.receive(ctx, d, server, "ansturm", 7, rushClients)
		if err != nil {
			return err
		}
		day := r.starts[0][:len(time.DateOnly)]
		r.starts = slices.DeleteFunc(r.starts, func(start string) bool { return start[:len(day)] != day })
		if o, err = drive(ctx, server.addr, rushClients, 0, 1, func(c *caller, client, _ int) error {
			won, err := r.scramble(c, r.keys[client], day)
			if won {
				booked.Add(1)
			}
			return err
		}); err != nil {
			return err
		}
		return d.booked(ctx, r.office, int(booked.Load()), rushPlaces)
	})
	return int(booked.Load()), o, err
}

// scramble tries to get a place on the day.
func (r *reception) scramble(c *caller, key, day string) (won bool, err error) {
	const holdWithAlternatives = `mutation Hold($input: HoldSlotInput!) { holdSlot(input: $input) { appointment { id status }
		problems { code ... on SlotTaken { alternatives } } } }`
	for free := r.starts; len(free) > 0; {
		var held struct{ HoldSlot appointment }
		if err := c.graphql(key, holdWithAlternatives, r.hold(free[rand.IntN(len(free))]), &held); err != nil {
			return false, err
		}
		if held.HoldSlot.Appointment != nil {
			var booked struct{ BookAppointment appointment }
			err := c.graphql(key, bookMutation, r.book(held.HoldSlot.Appointment.ID), &booked)
			return booked.BookAppointment.Appointment != nil, err
		}
		problem := held.HoldSlot.Problems[0]
		if problem.Code != "SLOT_TAKEN" {
			return false, fmt.Errorf("hold: %s", problem.Code)
		}
		free = slices.DeleteFunc(problem.Alternatives, func(start string) bool { return start[:len(day)] != day })
	}
	return false, nil
}
