package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// trial is what people do again and again, each time by the same mutations: through HTTP on the one side, the statements
// that this takes by bare pgx on the other.
type trial struct {
	part, what     string
	first          *database // in which both sides begin, each in a copy of its own. A server has been there.
	warm, measured int       // turns: those that come before the clock runs, and those after
	transactions   int       // of mutations, that each turn takes
	// turn takes the i-th turn of all. Turns of the same i modulo connections follow each other, whoever else is busy.
	turn func(c *caller, i int) error
	// check looks into the database after so many turns.
	check func(ctx context.Context, d *database, turns int) error
}

// trialSize says how many turns a round of a trial has, and how many more come before it, to warm up.
func (s *stage) trialSize() (warm, measured int) {
	if s.opts.short {
		return connections, 2 * connections
	}
	// Some 200 a second, as far as that matters: both sides do the same number.
	return 4 * connections, max(connections, int(200*s.opts.seconds.Seconds())/connections*connections)
}

// compare takes the turns through HTTP, and the same statements by bare pgx. They are recorded first, with their values,
// from turns taken one after another; then both sides begin with the same database.
func (s *stage) compare(ctx context.Context, t *trial, results *report) error {
	recorded, err := s.record(ctx, t)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	var direct, through series
	for range s.opts.rounds {
		o, err := s.replay(ctx, t.first, recorded, t.warm)
		if err != nil {
			return fmt.Errorf("bare pgx: %w", err)
		}
		direct.add(o)
		if o, err = s.throughHTTP(ctx, t); err != nil {
			return fmt.Errorf("through HTTP: %w", err)
		}
		through.add(o)
	}
	if s.opts.profile != "" {
		if err := os.WriteFile(filepath.Join(s.opts.profile, t.part+".sql"), recorded.script(), 0o600); err != nil {
			return err
		}
	}
	inside, outside := recorded.statements()
	results.add(
		row{part: t.part, what: "bare pgx, no HTTP", values: direct.rates, unit: "/s", times: direct.times, note: fmt.Sprintf("%d clients, %d connections", connections, maxConns())},
		row{part: t.part, what: t.what + " by HTTP", values: through.rates, unit: "/s", times: through.times, note: fmt.Sprintf("%.1f statements in transactions, %.1f outside", inside, outside)},
		row{part: t.part, what: "by HTTP : bare pgx", values: ratios(through.rates, direct.rates), bar: atLeast(0.5, "")},
	)
	return nil
}

// serving runs work while a server runs.
func (s *stage) serving(ctx context.Context, c settings, work func(*child) error) error {
	server, err := s.serve(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(work(server), server.stop())
}

func (s *stage) throughHTTP(ctx context.Context, t *trial) (o outcome, err error) {
	d, err := s.copy(ctx, t.first)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	err = s.serving(ctx, settings{database: d}, func(server *child) (err error) {
		turns := func(from, n int) (outcome, error) {
			return drive(ctx, server.addr, connections, 0, n/connections, func(c *caller, client, i int) error {
				return t.turn(c, from+i*connections+client)
			})
		}
		if _, err = turns(0, t.warm); err != nil {
			return err
		}
		return s.profile(ctx, server, t.part, func() error {
			o, err = turns(t.warm, t.measured)
			return err
		})
	})
	if err != nil {
		return o, err
	}
	return o, t.check(ctx, d, t.warm+t.measured)
}
