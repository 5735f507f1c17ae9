package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"nelke/server"
)

// orders come to a server by its standard input, one line of JSON each. The first says how to serve, those after it
// turn the clock. The end of the input ends the server: none outlives the storyteller.
type orders struct {
	Serve *settings     `json:"serve,omitempty"`
	Ahead time.Duration `json:"ahead"` // of the real clock
}

// settings are the part of the configuration in which the story's servers differ.
type settings struct {
	Data, DatabaseURL, RedisURL, RedisPrefix, PaymentSecret string
}

// publicURL is where people reach the service, whichever process answers them.
const publicURL = "http://nelke.localhost"

// config is what `nelke serve --demo` makes of the settings. All processes of one scene have the same.
func (s settings) config(clock func() time.Time, log *slog.Logger) server.Config {
	cfg := server.Defaults()
	cfg.Addr = "127.0.0.1:0"
	// Tokens name the issuer under it, so that processes on different ports accept the same ones.
	cfg.PublicURL = publicURL
	cfg.Data, cfg.DatabaseURL, cfg.RedisURL, cfg.RedisPrefix = s.Data, s.DatabaseURL, s.RedisURL, s.RedisPrefix
	cfg.PaymentSecret = s.PaymentSecret // the sandbox of one process sends payers to any of them
	cfg.Demo = true
	cfg.StopDelay = 0
	cfg.Options = server.Options{Version: "story", Clock: clock, Logger: log}
	return cfg
}

// clock is the real one, set ahead: a story must be the same on a Sunday night.
type clock struct{ ahead atomic.Int64 }

// Now has no monotonic reading: it would disagree with the wall clock whenever that is turned.
func (c *clock) Now() time.Time { return time.Now().Round(0).Add(time.Duration(c.ahead.Load())) }

// Set makes it the given time, from which it runs on.
func (c *clock) Set(now time.Time) { c.ahead.Store(int64(time.Until(now))) }

// serve is one server process: it obeys its orders, answers each with a line, and logs to errOut.
func serve(ctx context.Context, in io.Reader, out, errOut io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lines := json.NewDecoder(bufio.NewReader(in))
	var first orders
	if err := lines.Decode(&first); err != nil || first.Serve == nil {
		return errors.Join(errors.New("the story starts this command itself"), err)
	}
	now, moved := &clock{}, make(chan struct{}, 1)
	now.ahead.Store(int64(first.Ahead))
	cfg := first.Serve.config(now.Now, slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelWarn})))
	cfg.Options.ClockMoved = moved
	cfg.Options.Ready = func(addr string) { fmt.Fprintln(out, addr) }
	// The input's reader can't be interrupted; it ends with the process.
	go func() {
		defer stop()
		for {
			var next orders
			if lines.Decode(&next) != nil {
				return
			}
			now.ahead.Store(int64(next.Ahead))
			moved <- struct{}{}
			fmt.Fprintln(out, "turned")
		}
	}()
	return server.Run(ctx, cfg)
}
