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
		sides["direct"] = posting(server, "/graphql", a, true, answers[server]).counting("nelke_cache_fills_total", 0.99)
		sides["gateway"] = posting(hive, "/graphql", a, true, answers[hive])
		sides["kept, direct"] = posting(server, "/graphql", a, false, answers[server])
		sides["kept, gateway"] = posting(hive, "/graphql", a, false, answers[hive])
		if err := s.rounds(ctx, sides, "direct", "gateway", "kept, direct", "kept, gateway"); err != nil {
			return err
		}
		const part = "gateway"
		for _, kind := range []struct{ what, head string }{{"executed", ""}, {"kept", "kept, "}} {
			direct, through := sides[kind.head+"direct"], sides[kind.head+"gateway"]
			cost := through.times.at(0.5) - direct.times.at(0.5)
			results.add(
				direct.row(part, kind.what+", direct", "50 objects"),
				through.row(part, kind.what+", through Hive Gateway", "of the gateway alone; p50 "+duration(max(cost, 0))+" more"),
				through.over(part, kind.what+", through it : direct", direct, nil),
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
