package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"nelke/server"
	"nelke/test/bench/backlog"
)

// What the work queue of a town grows from and to. What is open grows too, but an office has hundreds of it, not thousands.
const (
	smallBacklog, smallOpen = 1_000, 400
	largeBacklog, largeOpen = 100_000, 800
)

const (
	blombergSlug = "blomberg"
	freeService  = "abmeldung-ins-ausland" // the one that is asked for: it costs nothing
	clerk        = "erna"                  // who asks
)

// filled is a database with a backlog of Blomberg's.
func (s *stage) filled(ctx context.Context, total, open int) (*database, error) {
	return s.once(fmt.Sprintf("%d applications", total), func() (*database, error) {
		base, err := s.blomberg(ctx)
		if err != nil {
			return nil, err
		}
		d, err := s.copy(ctx, base)
		if err != nil {
			return nil, err
		}
		pile := backlog.Backlog{Town: blombergSlug, Service: freeService, Total: total, Open: open, Now: s.now()}
		for _, name := range []string{clerk, "karl", "rosa", "uwe", "vera"} {
			pile.Clerks = append(pile.Clerks, publicURL+"/demo/oidc|"+name)
		}
		return d, d.with(ctx, func(conn *pgx.Conn) error { return pile.Fill(ctx, conn) })
	})
}

// desk is what a clerk asks with: a token that every server with staff takes, and the id of the service.
func (s *stage) desk(ctx context.Context, d *database) (token, service string, err error) {
	err = d.with(ctx, func(conn *pgx.Conn) error {
		var ars string
		if err := conn.QueryRow(ctx, `SELECT m.ars, s.id FROM municipalities m JOIN public_services s ON s.municipality_id = m.id
			WHERE m.slug = $1 AND s.slug = $2`, blombergSlug, freeService).Scan(&ars, &service); err != nil {
			return err
		}
		token, err = s.clerkOf(ars)
		return err
	})
	return token, service, err
}

// clerkOf is the token of a town's clerk.
func (s *stage) clerkOf(ars string) (token string, err error) {
	cfg := server.Defaults()
	cfg.Demo, cfg.Data, cfg.PublicURL = true, s.folder, publicURL
	return server.Token(cfg, clerk, clerk, []string{"CLERK@" + ars}, 24*time.Hour)
}

// benchQueue asks for the first page of the work queue, by every filter, where there are a hundred thousand applications
// and where there are a thousand.
//
// Each backlog has a database and a server of its own. As two towns of one database they would share indexes,
// statistics, and the plans of prepared statements: the small town would walk the large one's trees, and a plan that is
// bad for one of them would be bad for both. So the small side may take any plan that is best for so few, and what is
// asked is what a town's archive costs its clerks. The answers are the same, byte for byte.
func benchQueue(ctx context.Context, s *stage, results *report) error {
	small, err := s.filled(ctx, smallBacklog, smallOpen)
	if err != nil {
		return err
	}
	large, err := s.filled(ctx, largeBacklog, largeOpen)
	if err != nil {
		return err
	}
	token, service, err := s.desk(ctx, large)
	if err != nil {
		return err
	}
	return s.serving(ctx, settings{database: small, staff: true}, func(few *child) error {
		return s.serving(ctx, settings{database: large, staff: true}, func(many *child) error {
			q := &queues{token: token}
			defer q.close()
			for side, server := range []*child{few, many} {
				if q.sides[side], err = dial(ctx, server.addr); err != nil {
					return err
				}
			}
			return q.measure(ctx, s.opts, backlog.Filters(blombergSlug, service), results)
		})
	})
}

// queues are a small work queue and a large one.
type queues struct {
	sides [2]*caller
	token string
}

func (q *queues) close() {
	for _, side := range q.sides {
		if side != nil {
			side.close()
		}
	}
}

// seen is what came out for one filter.
type seen struct {
	body, answer []byte
	ratios       []float64
	times        [2]latencies
}

func (q *queues) measure(ctx context.Context, opts options, filters []backlog.Filter, results *report) error {
	all := make([]seen, len(filters))
	for i, f := range filters {
		if err := q.meet(f, &all[i]); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	// PostgreSQL plans a prepared statement anew five times before it may keep a plan for any values: both sides
	// are past that when the clock runs.
	least, long := 10, time.Duration(0)
	for round := range opts.rounds + 1 {
		times, err := q.alternate(ctx, all, least, long)
		if err != nil {
			return err
		}
		least, long = 20, 2*opts.seconds
		for i := range all {
			if round > 0 {
				all[i].add(times[i])
			}
		}
	}
	results.add(queueRows(filters, all)...)
	return nil
}

func (s *seen) add(times [2]latencies) {
	s.ratios = append(s.ratios, float64(times[1].at(0.5))/float64(times[0].at(0.5)))
	for side := range times {
		s.times[side] = append(s.times[side], times[side]...)
	}
}

// queueRows are a row for the worst filter, which is held against the bar, and one for each.
func queueRows(filters []backlog.Filter, all []seen) (rows []row) {
	const part = "queue"
	worst := 0
	for i := range all {
		if median(all[i].ratios) > median(all[worst].ratios) {
			worst = i
		}
		rows = append(rows, row{
			part: part, what: filters[i].Name, values: all[i].ratios, times: all[i].times[1],
			note: fmt.Sprintf("p50 of %d is %s", smallBacklog, duration(all[i].times[0].at(0.5))),
		})
	}
	return append(rows, row{
		part: part, what: fmt.Sprintf("worst of %d filters: %s", len(all), filters[worst].Name), values: all[worst].ratios, times: all[worst].times[1],
		bar: atMost(1.3, ""), note: fmt.Sprintf("%d applications : %d, a page of %d", largeBacklog, smallBacklog, backlog.Page),
	})
}

// meet asks both sides for the page that is going to be measured. It must be full, and the same.
func (q *queues) meet(f backlog.Filter, s *seen) error {
	after := ""
	if f.Second {
		page, _, err := q.sides[0].page(q.token, f.Request(backlog.Query, backlog.Page, ""))
		if err != nil {
			return err
		}
		after = page.PageInfo.EndCursor
	}
	s.body = f.Request(backlog.Query, backlog.Page, after)
	for _, side := range q.sides {
		page, answer, err := side.page(q.token, s.body)
		if err != nil {
			return err
		}
		if len(page.Nodes) != backlog.Page || !page.PageInfo.HasNextPage {
			return fmt.Errorf("a page of %d applications, and another one after it: %t", len(page.Nodes), page.PageInfo.HasNextPage)
		}
		if s.answer == nil {
			s.answer = answer
		}
		if err := expect(200, answer, nil, s.answer); err != nil {
			return err
		}
	}
	return nil
}

// queuePage is a page of the work queue as far as it is looked at here.
type queuePage struct {
	Nodes    []json.RawMessage
	PageInfo struct {
		HasNextPage bool
		EndCursor   string
	}
}

// page asks for a page, and gives it read and as it came.
func (c *caller) page(token string, body []byte) (page *queuePage, answer []byte, err error) {
	status, answer, err := c.post("/graphql", token, body)
	if err != nil {
		return nil, nil, err
	}
	if status != 200 {
		return nil, nil, fmt.Errorf("status %d: %.500s", status, answer)
	}
	answer = slices.Clone(answer)
	page, err = pageOf(answer)
	return page, answer, err
}

// pageOf reads an answer.
func pageOf(answer []byte) (*queuePage, error) {
	if bytes.Contains(answer, []byte(`"errors":[`)) {
		return nil, fmt.Errorf("answered %.500s", answer)
	}
	var read struct {
		Data struct{ WorkQueue *queuePage }
	}
	if err := json.Unmarshal(answer, &read); err != nil {
		return nil, err
	}
	if read.Data.WorkQueue == nil {
		return nil, errors.New("the clerk is none of the town's")
	}
	return read.Data.WorkQueue, nil
}

// alternate asks for every filter again and again, both sides in turn, now the one first and now the other: so whatever
// keeps the machine busy meanwhile hits all of them alike. It does so for so long, and so often at least.
func (q *queues) alternate(ctx context.Context, all []seen, least int, long time.Duration) ([][2]latencies, error) {
	times := make([][2]latencies, len(all))
	begin := time.Now()
	for i := 0; i < least || time.Since(begin) < long; i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for f := range all {
			for _, side := range [2]int{i % 2, 1 - i%2} {
				at := time.Now()
				status, got, err := q.sides[side].post("/graphql", q.token, all[f].body)
				took := time.Since(at)
				if err := expect(status, got, err, all[f].answer); err != nil {
					return nil, err
				}
				times[f][side] = append(times[f][side], took)
			}
		}
	}
	return times, nil
}
