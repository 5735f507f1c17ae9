package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const entitiesQuery = `query Entities($of: [_Any!]!) { _entities(representations: $of) { ... on Application { id reference status service { name } } } }`

// benchEntities asks for one, ten, a hundred and a thousand applications by their keys, as a gateway does, and counts the
// statements that this takes.
func benchEntities(ctx context.Context, s *stage, results *report) error {
	d, err := s.filled(ctx, 2*smallBacklog, smallOpen)
	if err != nil {
		return err
	}
	l := &bySize{stage: s, database: d, sizes: []int{1, 10, 100, 1000}, check: allThere}
	if l.token, _, err = s.desk(ctx, d); err != nil {
		return err
	}
	var found []string
	if err := d.with(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT id FROM applications WHERE status <> 'DRAFT' ORDER BY md5(id) LIMIT 1000`)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}); err != nil {
		return err
	}
	for _, n := range l.sizes {
		var of []map[string]string
		for _, id := range found[:n] {
			of = append(of, map[string]string{"__typename": "Application", "id": id})
		}
		body, err := json.Marshal(map[string]any{"query": entitiesQuery, "variables": map[string]any{"of": of}})
		if err != nil {
			return err
		}
		l.bodies = append(l.bodies, body)
	}
	statements, err := l.count(ctx)
	if err != nil {
		return err
	}
	rounds, times, err := l.time(ctx, "entities")
	if err != nil {
		return err
	}
	const part = "entities"
	for i, n := range l.sizes {
		counted := row{part: part, what: fmt.Sprintf("statements, %d representations", n), values: []float64{float64(statements[i])}}
		if i > 0 {
			counted.bar = exactly(float64(statements[0]))
		}
		results.add(counted)
	}
	l.each(part, "representations", "representation", rounds, times, results)
	for i, n := range l.sizes[1:] {
		results.add(row{part: part, what: fmt.Sprintf("each, %d : %d", n, l.sizes[i]), values: ratios(l.shares(rounds, i+1), l.shares(rounds, i)), bar: atMost(1, "")})
	}
	return nil
}

// allThere checks that there are so many applications in an answer, each with its service.
func allThere(size int, answer []byte) error {
	var read struct {
		Errors []any
		Data   struct {
			Entities []struct {
				ID      string
				Service struct{ Name string }
			} `json:"_entities"`
		}
	}
	if err := json.Unmarshal(answer, &read); err != nil {
		return err
	}
	if len(read.Errors) > 0 || len(read.Data.Entities) != size {
		return fmt.Errorf("%d applications, wanted %d: %.500s", len(read.Data.Entities), size, answer)
	}
	for _, e := range read.Data.Entities {
		if e.ID == "" || e.Service.Name == "" {
			return fmt.Errorf("an application without its service: %.500s", answer)
		}
	}
	return nil
}
