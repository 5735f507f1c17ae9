package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
)

// benchKept asks for the same free times again and again, by GET and by POST with variables, and compares the kept answer
// with a handler that writes the same bytes behind the same middleware.
func benchKept(ctx context.Context, s *stage, results *report) (err error) {
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
	o := s.town.calendar()
	a, err := s.askingAt(ctx, d, o, availabilityQuery, calendarDays)
	if err != nil {
		return err
	}
	return s.serving(ctx, settings{database: d}, func(server *child) error {
		answer, err := ask(ctx, server.addr, a.request(nil, 0))
		if err != nil {
			return err
		}
		bare, err := s.serveBare(ctx, bareSettings{URL: d.url, Office: o.slug, Today: s.today().String(), Body: answer})
		if err != nil {
			return err
		}
		return errors.Join(s.measureKept(ctx, a, answer, server, bare, results), bare.stop())
	})
}

func (s *stage) measureKept(ctx context.Context, a *asking, answer []byte, server, bare *child, results *report) error {
	query, err := inURL(a.request(nil, 0))
	if err != nil {
		return err
	}
	getting := func(server *child, path string) *side {
		return &side{server: server, want: answer, ask: func(c *caller, _ int) (int, []byte, error) { return c.get(path + query) }}
	}
	sides := map[string]*side{
		"memory by GET":  getting(bare, "/memory"),
		"kept by GET":    getting(server, "/graphql").counting("nelke_answers_hits_total", 0.99),
		"memory by POST": posting(bare, "/memory", a, false, answer),
		"kept by POST":   posting(server, "/graphql", a, false, answer).counting("nelke_answers_hits_total", 0.99),
	}
	if err := s.rounds(ctx, sides, "memory by GET", "kept by GET", "memory by POST", "kept by POST"); err != nil {
		return err
	}
	const part = "kept"
	for _, method := range []struct {
		name string
		bar  float64
	}{{"GET", 0.9}, {"POST", 0.85}} {
		memory, kept := sides["memory by "+method.name], sides["kept by "+method.name]
		results.add(
			memory.row(part, method.name+", from memory", fmt.Sprintf("%d bytes, behind the same middleware", len(answer))),
			kept.row(part, method.name+", kept", ""),
			kept.over(part, method.name+", kept : from memory", memory, atLeast(method.bar, "")),
		)
	}
	return nil
}

// inURL is a body as the query string of a request by GET.
func inURL(body []byte) (string, error) {
	var in struct {
		Query     string
		Variables json.RawMessage
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return "", err
	}
	return "?" + url.Values{"query": {in.Query}, "variables": {string(in.Variables)}}.Encode(), nil
}
