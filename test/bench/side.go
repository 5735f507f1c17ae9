package main

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// side is one of those that are compared: who answers, and what it is asked.
type side struct {
	server  *child
	behind  *child        // whom the server asks in its turn; nil: nobody
	clients int           // who ask at the same time; 0: connections
	warm    time.Duration // how long it answers before anything counts; 0: warmUp
	ask     func(c *caller, client int) (status int, answer []byte, err error)
	want    []byte
	metric  string  // of the last server's, that shows how an answer came about; empty: none
	share   float64 // of the answers that must be so

	series
	cpu []float64 // that an answer took of the servers, in µs, by the round
}

// posting is a side that is asked by POST: always the same, or something else each time.
func posting(server *child, path string, a *asking, different bool, want []byte) *side {
	same := a.request(nil, 0)
	bodies := make([][]byte, connections)
	return &side{server: server, want: want, ask: func(c *caller, client int) (int, []byte, error) {
		if !different {
			return c.post(path, "", same)
		}
		bodies[client] = a.different(bodies[client][:0])
		return c.post(path, "", bodies[client])
	}}
}

// counting has the server's own count checked.
func (d *side) counting(metric string, share float64) *side {
	d.metric, d.share = metric, share
	return d
}

// alone has one client ask, one thing after the other: what an answer takes where nothing queues.
func (d *side) alone() *side {
	d.clients = 1
	return d
}

// compiling gives a side time for its compiler, which watches the program run first.
func (d *side) compiling() *side {
	d.warm = 4 * warmUp
	return d
}

// warmUp is how long each side answers before anything counts.
const warmUp = 2 * time.Second

// rounds puts load on one side after the other, again and again, so that what slows a round weighs on all.
func (s *stage) rounds(ctx context.Context, sides map[string]*side, order ...string) error {
	for i := range s.opts.rounds + 1 {
		for _, name := range order {
			d := sides[name]
			long := s.opts.seconds
			if i == 0 {
				long = min(4*long, cmp.Or(d.warm, warmUp))
			}
			if err := s.round(ctx, name, d, long, i > 0); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func (s *stage) round(ctx context.Context, name string, d *side, long time.Duration, counts bool) error {
	last := cmp.Or(d.behind, d.server)
	cpu := func() (time.Duration, error) {
		used, err := d.server.cpu()
		if err != nil || d.behind == nil {
			return used, err
		}
		more, err := d.behind.cpu()
		return used + more, err
	}
	load := func() (n int, err error) {
		before, err := cpu()
		if err != nil {
			return 0, err
		}
		o, err := drive(ctx, d.server.addr, cmp.Or(d.clients, connections), long, 0, func(c *caller, client, _ int) error {
			status, got, err := d.ask(c, client)
			return expect(status, got, err, d.want)
		})
		if err != nil {
			return 0, err
		}
		after, err := cpu()
		if counts {
			d.add(o)
			d.cpu = append(d.cpu, float64((after-before).Microseconds())/float64(o.done))
		}
		return o.done, err
	}
	if d.metric == "" {
		_, err := load()
		return err
	}
	return last.counted(ctx, d.metric, d.share, func() (n int, err error) {
		if !counts || last.profiles == "" {
			return load()
		}
		err = s.profile(ctx, last, name, func() error { n, err = load(); return err })
		return n, err
	})
}

// row shows a side. The note begins with what an answer costs the server, which is less shaken by what else runs on the
// machine than how many of them there are in a second.
func (d *side) row(part, what, note string) row {
	cost := fmt.Sprintf("%.0f µs of CPU each", median(d.cpu))
	if note != "" {
		cost += ", " + note
	}
	return row{part: part, what: what, values: d.rates, unit: "/s", times: d.times, note: cost}
}

// over compares two sides, round by round.
func (d *side) over(part, what string, baseline *side, limit *bar) row {
	return row{
		part: part, what: what, values: ratios(d.rates, baseline.rates), bar: limit,
		note: fmt.Sprintf("by CPU %.2f", median(baseline.cpu)/median(d.cpu)),
	}
}
