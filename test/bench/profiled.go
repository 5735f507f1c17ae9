package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"strings"
	"time"

	"nelke/server"
)

// profiledCommand is the argument with which this program becomes a server that can be profiled.
const profiledCommand = "serve-profiled"

// profileVariable names the address of the profiles in a profiled server's environment.
const profileVariable = "NELKE_BENCH_PROFILES"

// profiled is the service inside this program, with a second listener for profiles.
func profiled(ctx context.Context, _ io.Reader, _ io.Writer) error {
	environment := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		environment[name] = value
	}
	cfg, err := server.Load(environment, server.Config{}, nil)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/profile", pprof.Profile)
	mux.Handle("/allocs", pprof.Handler("allocs"))
	profiles := &http.Server{Addr: os.Getenv(profileVariable), Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { _ = profiles.ListenAndServe() }() // it ends with the process
	return errors.Join(server.Run(ctx, cfg), profiles.Close())
}

// profile takes a CPU profile of a server while load runs, if profiles were asked for.
func (s *stage) profile(ctx context.Context, c *child, name string, load func() error) error {
	if s.opts.profile == "" {
		return load()
	}
	taken := make(chan error, 1)
	go func() {
		taken <- c.fetch(ctx, fmt.Sprintf("/profile?seconds=%.0f", max(1, s.opts.seconds.Seconds())), filepath.Join(s.opts.profile, name+".cpu.prof"))
	}()
	err := load()
	return errors.Join(err, <-taken, c.fetch(ctx, "/allocs", filepath.Join(s.opts.profile, name+".allocs.prof")))
}

func (c *child) fetch(ctx context.Context, path, file string) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.profiles+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, response.Body)
	return err
}
