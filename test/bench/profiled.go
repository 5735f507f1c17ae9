package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"nelke/server"
)

// profiledCommand is the argument with which this program becomes a server that can be profiled.
const profiledCommand = "serve-profiled"

// profileVariable names the address of the profiles in a profiled server's environment.
const profileVariable = "NELKE_BENCH_PROFILES"

// profiled is the service inside this program, with a second listener for profiles and for what is answered from memory.
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
	debug.SetGCPercent(1000) // about as late as in the program
	mux := http.NewServeMux()
	mux.HandleFunc("/profile", pprof.Profile)
	mux.Handle("/allocs", pprof.Handler("allocs"))
	mux.Handle("/", server.Middleware(slog.New(slog.NewJSONHandler(os.Stderr, nil)))(&replayed{service: "http://" + cfg.Addr}))
	profiles := &http.Server{Addr: os.Getenv(profileVariable), Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { _ = profiles.ListenAndServe() }() // it ends with the process
	return errors.Join(server.Run(ctx, cfg), profiles.Close())
}

// replayed answers each path with the bytes and the headers with which the service has answered it first.
type replayed struct {
	service string // the service's URL
	answers sync.Map
}

// firstAnswer is an answer of the service.
type firstAnswer struct {
	status int
	header http.Header // without what is set for each answer anew
	body   []byte
}

func (h *replayed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kept, ok := h.answers.Load(r.URL.Path)
	if !ok {
		first, err := h.ask(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		kept, _ = h.answers.LoadOrStore(r.URL.Path, first)
	}
	answer := kept.(*firstAnswer)
	header := w.Header()
	for name, values := range answer.header {
		header[name] = values
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body)
}

// ask asks the service what r asks. A body that is gzipped stays so.
func (h *replayed) ask(r *http.Request) (*firstAnswer, error) {
	request, err := http.NewRequestWithContext(r.Context(), r.Method, h.service+r.URL.RequestURI(), nil)
	if err != nil {
		return nil, err
	}
	request.Header = r.Header.Clone()
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	for _, name := range []string{"Date", "Connection", "X-Request-Id"} {
		response.Header.Del(name)
	}
	body, err := io.ReadAll(response.Body)
	return &firstAnswer{response.StatusCode, response.Header, body}, err
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
