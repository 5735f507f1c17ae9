package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"nelke/data"
)

// benchProcess starts the program on a database that is there, and lets it idle: on the embedded default, and on
// PostgreSQL with Redis. The town is Blomberg's.
func benchProcess(ctx context.Context, s *stage, results *report) (err error) {
	d, err := s.create(ctx, "template0")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	for name, c := range map[string]settings{
		"SQLite":             {folder: filepath.Join(s.folder, "sqlite")},
		"PostgreSQL + Redis": {folder: filepath.Join(s.folder, "full"), database: d, redis: s.redis},
	} {
		if err := s.idle(ctx, name, c, results); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) idle(ctx context.Context, name string, c settings, results *report) error {
	environment := c.environment("127.0.0.1:0")
	if err := s.command(ctx, environment, "migrate"); err != nil {
		return err
	}
	if err := s.command(ctx, environment, "import", filepath.Join("data", filepath.FromSlash(data.Blomberg))); err != nil {
		return err
	}
	rest := 5 * time.Second
	if s.opts.short {
		rest = time.Second / 2
	}
	var ready, memory []float64
	for range s.opts.rounds {
		if err := s.serving(ctx, c, func(server *child) error {
			ready = append(ready, float64(server.ready.Microseconds())/1e3)
			if _, err := ask(ctx, server.addr, []byte(`{"query":"{ publicServices(first: 50) { nodes { id name } } }"}`)); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(rest):
			}
			bytes, err := server.memory()
			memory = append(memory, bytes/(1<<20))
			return err
		}); err != nil {
			return err
		}
	}
	results.add(
		row{part: "process", what: "start to ready, " + name, values: ready, unit: "ms", bar: atMost(1000, "ms")},
		row{part: "process", what: "idle memory, " + name, values: memory, unit: "MiB", bar: atMost(80, "MiB"), note: "resident, after " + rest.String() + " and one query"},
	)
	return nil
}
