package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// benchGateway asks through Hive Gateway, in front of nothing but the service, and directly: what the way through it costs.
func benchGateway(ctx context.Context, s *stage, results *report) (err error) {
	folder, err := filepath.Abs(filepath.Join("test", "federation"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		return fmt.Errorf("its packages aren't installed: make bench/federation, or npm ci in %s: %w", folder, err)
	}
	base, err := s.base(ctx)
	if err != nil {
		return err
	}
	d, err := s.copy(ctx, base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	o := s.town.office("liste")
	if err := s.seed(ctx, d, o, someCells); err != nil {
		return err
	}
	a, err := s.askingAt(ctx, d, o, slotsQuery, 1)
	if err != nil {
		return err
	}
	return s.serving(ctx, settings{database: d}, func(server *child) (err error) {
		hive, err := s.serveHive(ctx, folder, server)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, hive.stop()) }()
		sides := map[string]*side{}
		answers := map[*child][]byte{}
		for _, at := range []*child{server, hive} {
			if answers[at], err = ask(ctx, at.addr, a.request(nil, 0)); err != nil {
				return err
			}
		}
		if err := sameJSON(answers[hive], answers[server]); err != nil {
			return fmt.Errorf("through the gateway: %w", err)
		}
		const fills, hits = "nelke_cache_fills_total", "nelke_answers_hits_total"
		var order []string
		for _, kind := range []struct {
			name      string
			different bool
			metric    string
		}{{"executed", true, fills}, {"kept", false, hits}} {
			for _, by := range []*child{server, hive} {
				many := posting(by, "/graphql", a, kind.different, answers[by]).counting(kind.metric, 0.99)
				one := posting(by, "/graphql", a, kind.different, answers[by]).counting(kind.metric, 0.99).alone()
				name := kind.name + ", direct"
				if by == hive {
					name = kind.name + ", through Hive Gateway"
					for _, d := range []*side{many.compiling(), one} {
						d.behind = server
					}
				}
				sides[name], sides[name+", one client"] = many, one
				order = append(order, name, name+", one client")
			}
		}
		if err := s.rounds(ctx, sides, order...); err != nil {
			return err
		}
		const part = "gateway"
		for _, kind := range []string{"executed", "kept"} {
			direct, through := sides[kind+", direct"], sides[kind+", through Hive Gateway"]
			results.add(
				direct.row(part, kind+", direct", "50 objects"),
				through.row(part, kind+", through Hive Gateway", "of the gateway and the service"),
				through.over(part, kind+", through it : direct", direct, nil),
			)
			direct, through = sides[kind+", direct, one client"], sides[kind+", through Hive Gateway, one client"]
			results.add(
				direct.row(part, kind+", direct, one client", ""),
				through.row(part, kind+", through it, one client", "p50 "+duration(max(0, through.times.at(0.5)-direct.times.at(0.5)))+" more"),
			)
		}
		return nil
	})
}

// serveHive starts Hive Gateway, which composes by itself, as its configuration for operators has it.
func (s *stage) serveHive(ctx context.Context, folder string, server *child) (*child, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command("node", "node_modules/.bin/hive-gateway", "-c", "hive.config.js", "-h", host, "-p", port, "supergraph",
		"--dev-service", "nelke=http://"+server.addr+"/graphql")
	cmd.Dir = folder
	return s.launch(ctx, addr, "/readiness", cmd, []string{"NODE_ENV=production", "NO_COLOR=1", "SUPERGRAPH="})
}
