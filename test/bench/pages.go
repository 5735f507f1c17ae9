package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// benchPages asks for public pages of Blomberg again and again, as a browser does that has never been there. The service has
// them as bytes and serves those for as long as the graph answers 304 to each query that they were made of. The baseline is a handler in
// the same process that writes the same bytes and headers behind the same middleware.
func benchPages(ctx context.Context, s *stage, results *report) (err error) {
	base, err := s.blomberg(ctx)
	if err != nil {
		return err
	}
	d, err := s.copy(ctx, base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	server, err := s.start(ctx, settings{database: d}, true)
	if err != nil {
		return err
	}
	return errors.Join(s.measurePages(ctx, server, results), server.stop())
}

func (s *stage) measurePages(ctx context.Context, server *child, results *report) error {
	const part = "pages"
	memory := &child{addr: server.profiles, cmd: server.cmd} // the same process at its other address
	for _, page := range []struct{ name, path string }{{"start page", "/"}, {"service list", "/dienste"}} {
		want, err := browse(ctx, server.addr, page.path)
		if err != nil {
			return err
		}
		again, err := browse(ctx, memory.addr, page.path)
		if err := expect(200, again, err, want); err != nil {
			return fmt.Errorf("%s from memory: %w", page.path, err)
		}
		browsing := func(at *child) *side {
			return &side{server: at, want: want, ask: func(c *caller, _ int) (int, []byte, error) { return c.browse(page.path) }}
		}
		sides := map[string]*side{
			"memory " + page.name: browsing(memory),
			"kept " + page.name:   browsing(server).counting("nelke_answers_hits_total", 0.99),
		}
		if err := s.rounds(ctx, sides, "memory "+page.name, "kept "+page.name); err != nil {
			return err
		}
		bare, kept := sides["memory "+page.name], sides["kept "+page.name]
		results.add(
			bare.row(part, page.name+", from memory", fmt.Sprintf("%d bytes gzipped, behind the same middleware", len(want))),
			kept.row(part, page.name+", kept", "as long as the graph says 304"),
			kept.over(part, page.name+", kept : from memory", bare, atLeast(0.5, "")),
		)
	}
	return nil
}

// browse asks for a page once.
func browse(ctx context.Context, addr, path string) ([]byte, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	status, answer, err := c.browse(path)
	if err == nil && status != 200 {
		err = fmt.Errorf("%s: status %d: %.300s", path, status, answer)
	}
	return bytes.Clone(answer), err
}
