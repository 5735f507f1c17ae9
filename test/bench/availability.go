package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"nelke/test/bench/tap"
)

func benchAvailability(ctx context.Context, s *stage, results *report) (err error) {
	base, err := s.base(ctx)
	if err != nil {
		return err
	}
	d, err := s.copy(ctx, base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	if err := s.seedCalendar(ctx, d); err != nil {
		return err
	}
	a, err := s.askingAt(ctx, d, s.town.calendar(), availabilityQuery, calendarDays)
	if err != nil {
		return err
	}
	statement, err := s.countAvailability(ctx, d, a)
	if err != nil {
		return err
	}
	server, err := s.serve(ctx, settings{database: d})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	answer, err := ask(ctx, server.addr, a.request(nil, 0))
	if err != nil {
		return err
	}
	bare, err := s.serveBare(ctx, bareSettings{URL: d.url, Office: s.town.calendar().slug, SQL: statement, Today: s.today().String(), Body: answer})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	if err := alike(ctx, a, answer, server.addr, bare.addr); err != nil {
		return err
	}
	m := &availabilityRounds{stage: s, asking: a, answer: answer, server: server, bare: bare}
	for i := range s.opts.rounds + 1 { // the first one warms up
		if err := m.round(ctx, i == 0); err != nil {
			return err
		}
	}
	m.results(results)
	return nil
}

// countAvailability asks a server of its own, counts its statements on the wire, and returns the one that each request
// takes: the baseline will send the same.
func (s *stage) countAvailability(ctx context.Context, d *database, a *asking) (_ string, err error) {
	heard, url, err := tap.New(ctx, d.url)
	if err != nil {
		return "", err
	}
	defer heard.Close()
	server, err := s.serve(ctx, settings{database: d, url: url})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	const asked = 20
	texts := map[string]int{}
	for i := range asked + 1 {
		if _, err := ask(ctx, server.addr, a.different(nil)); err != nil {
			return "", err
		}
		seen := heard.Take()
		if i == 0 {
			continue // the first one reads the town, too
		}
		for _, executed := range seen {
			if !executed.Housekeeping() {
				texts[executed.SQL]++
			}
		}
	}
	if len(texts) != 1 {
		return "", fmt.Errorf("%d requests took these statements, where one each was expected: %v", asked, texts)
	}
	for text, times := range texts {
		if times == asked {
			return text, nil
		}
	}
	return "", fmt.Errorf("%d requests did not take one statement each: %v", asked, texts)
}

// availabilityRounds collect what the rounds come to.
type availabilityRounds struct {
	*stage
	asking       *asking
	answer       []byte
	server, bare *child

	pgx, executed, memory, kept series
}

// series is one kind of load over the rounds.
type series struct {
	rates []float64
	times latencies
}

func (m *series) add(o outcome) {
	m.rates = append(m.rates, o.rate())
	m.times = append(m.times, o.times...)
}

// round puts each kind of load on both sides. The first round only warms up.
func (m *availabilityRounds) round(ctx context.Context, warm bool) error {
	long := m.opts.seconds
	if warm {
		long = min(long, time.Second)
	}
	load := func(into *series, addr, path string, different bool) error {
		o, err := m.load(ctx, addr, path, long, different)
		if err == nil && !warm {
			into.add(o)
		}
		return err
	}
	if err := load(&m.pgx, m.bare.addr, "/graphql", true); err != nil {
		return fmt.Errorf("bare pgx: %w", err)
	}
	if err := m.server.counted(ctx, "nelke_cache_fills_total", 1, func() (int, error) {
		before := len(m.executed.times)
		err := m.profile(ctx, m.server, "executed", func() error { return load(&m.executed, m.server.addr, "/graphql", true) })
		return len(m.executed.times) - before, err
	}); err != nil {
		return fmt.Errorf("executed: %w", err)
	}
	if err := load(&m.memory, m.bare.addr, "/memory", false); err != nil {
		return fmt.Errorf("from memory: %w", err)
	}
	if err := m.server.counted(ctx, "nelke_answers_hits_total", 0.99, func() (int, error) {
		before := len(m.kept.times)
		err := m.profile(ctx, m.server, "kept", func() error { return load(&m.kept, m.server.addr, "/graphql", false) })
		return len(m.kept.times) - before, err
	}); err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	return nil
}

func (m *availabilityRounds) load(ctx context.Context, addr, path string, long time.Duration, different bool) (outcome, error) {
	same := m.asking.request(nil, 0)
	bodies := make([][]byte, connections)
	return drive(ctx, addr, connections, long, 0, func(c *caller, client, _ int) error {
		body := same
		if different {
			bodies[client] = m.asking.different(bodies[client][:0])
			body = bodies[client]
		}
		status, got, err := c.post(path, "", body)
		return expect(status, got, err, m.answer)
	})
}

func (m *availabilityRounds) results(to *report) {
	const part = "availability"
	note := fmt.Sprintf("%d connections, %d bytes", connections, len(m.answer))
	to.add(
		row{part: part, what: "bare pgx", values: m.pgx.rates, unit: "/s", times: m.pgx.times, note: note},
		row{part: part, what: "executed", values: m.executed.rates, unit: "/s", times: m.executed.times, note: "1 statement each, as bare pgx"},
		row{part: part, what: "executed : bare pgx", values: ratios(m.executed.rates, m.pgx.rates), bar: atLeast(0.75, "")},
		row{part: part, what: "from memory", values: m.memory.rates, unit: "/s", times: m.memory.times, note: "behind the same middleware"},
		row{part: part, what: "kept", values: m.kept.rates, unit: "/s", times: m.kept.times},
		row{part: part, what: "kept : executed", values: ratios(m.kept.rates, m.executed.rates), bar: atLeast(4, "")},
		row{part: part, what: "kept : from memory", values: ratios(m.kept.rates, m.memory.rates), bar: atLeast(0.8, "")},
	)
}

// serveBare starts the baseline.
func (s *stage) serveBare(ctx context.Context, c bareSettings) (*child, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	c.Addr = addr
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.folder, "bare.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(s.self, bareCommand)
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	cmd.Stdin = in
	return s.launch(ctx, addr, "/readyz", cmd, nil)
}
