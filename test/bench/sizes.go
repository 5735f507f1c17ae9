package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"nelke/test/bench/tap"
)

// bySize asks for the same in several sizes, as a clerk.
type bySize struct {
	*stage
	database *database
	token    string
	sizes    []int
	bodies   [][]byte
	check    func(size int, answer []byte) error // looks at the first answer of each size, in their order
	answers  [][]byte
	memory   float64 // of the server that was timed, at the end, in MiB
	aged     int     // statements of one request of the last size once all that is remembered is too old; with ages only
	ages     bool
}

// alone is for how long counted requests are repeated: longer than a job of the server's own takes for all towns.
const alone = 2 * time.Second

// tooOld is the age at which nothing remembered is served any more without a look at the database.
const tooOld = 11 * time.Second

// count counts the statements of one request for each size, at a server behind a tap. What the server does by itself
// meanwhile can only add to a count, so the least of many is the request's own.
func (l *bySize) count(ctx context.Context) (statements []int, err error) {
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
		for i, body := range l.bodies {
			status, answer, err := c.post("/graphql", l.token, body)
			if err == nil && status != 200 {
				err = fmt.Errorf("status %d: %.500s", status, answer)
			}
			if err == nil {
				err = l.check(l.sizes[i], answer)
			}
			if err != nil {
				return err
			}
			l.answers = append(l.answers, slices.Clone(answer))
			least := math.MaxInt
			for begin := time.Now(); time.Since(begin) < alone; {
				heard.Take()
				status, got, err := c.post("/graphql", l.token, body)
				if err := expect(status, got, err, l.answers[i]); err != nil {
					return err
				}
				least = min(least, asked(heard.Take()))
			}
			statements = append(statements, least)
		}
		if !l.ages {
			return nil
		}
		select {
		case <-time.After(tooOld):
		case <-ctx.Done():
			return ctx.Err()
		}
		heard.Take()
		last := len(l.bodies) - 1
		status, got, err := c.post("/graphql", l.token, l.bodies[last])
		l.aged = asked(heard.Take())
		return expect(status, got, err, l.answers[last])
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

// time asks in all sizes by turns, at a server that nobody listens to.
func (l *bySize) time(ctx context.Context, name string) (rounds [][]float64, times []latencies, err error) {
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
		return l.profile(ctx, server, name, func() error {
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
			l.memory, err = server.memory()
			l.memory /= 1 << 20
			return err
		})
	})
	return rounds, times, err
}

// round asks for so long, and so often at least.
func (l *bySize) round(ctx context.Context, c *caller, least int, long time.Duration) ([]latencies, error) {
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

// shares are what one of a size takes, in µs, by the round.
func (l *bySize) shares(rounds [][]float64, size int) (all []float64) {
	for _, ms := range rounds[size] {
		all = append(all, 1000*ms/float64(l.sizes[size]))
	}
	return all
}

// each shows how long an answer of each size takes, and one thing in it.
func (l *bySize) each(part, many, one string, rounds [][]float64, times []latencies, results *report) {
	for i, n := range l.sizes {
		results.add(row{
			part: part, what: fmt.Sprintf("%d %s", n, many), values: rounds[i], unit: "ms", times: times[i],
			note: fmt.Sprintf("%s a %s, %d bytes", amount(median(l.shares(rounds, i)), "µs"), one, len(l.answers[i])),
		})
	}
}
