// Package faults takes away what the service stands on, and the service itself: Redis is killed and paused, PostgreSQL
// restarted, processes are killed in mid-load, at the very instant between COMMIT and everything that follows it, and at
// every step of paying.
package faults

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"nelke/server"
	"nelke/test/suite"
)

// childVariable makes this test program a server, configured by its value.
const childVariable = "NELKE_FAULTS_CHILD"

func TestMain(m *testing.M) {
	if settings := os.Getenv(childVariable); settings != "" {
		if err := beChild(settings); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	suite.Main(m)
}

// settings are those of a child.
type settings struct {
	Addr                        string // empty: a free port
	Data, DatabaseURL, RedisURL string
	PaymentURL, PaymentSecret   string // no URL: the demo's own provider
	WebhookLocal                bool
	Ahead                       time.Duration // of the machine's clock
	Dies                        death         // of its own hand, while it writes to SQLite
}

// beChild serves until it gets the order to stop, or until whoever started it is gone.
func beChild(text string) error {
	var s settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	s.Dies.lurk()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return server.Run(ctx, s.config(func(addr string) { fmt.Println(addr) }))
}

func (s settings) config(ready func(addr string)) server.Config {
	cfg := server.Defaults()
	cfg.Addr = cmp.Or(s.Addr, "127.0.0.1:0")
	cfg.PublicURL = "http://nelke.test"
	cfg.Data, cfg.DatabaseURL, cfg.RedisURL = s.Data, s.DatabaseURL, s.RedisURL
	cfg.PaymentURL, cfg.PaymentSecret = s.PaymentURL, s.PaymentSecret
	cfg.WebhookLocal = s.WebhookLocal
	cfg.Demo = true
	cfg.Unlimited()
	cfg.LogLevel = "warn"
	cfg.StopDelay = 0
	cfg.Options = server.Options{Clock: func() time.Time { return time.Now().Add(s.Ahead) }, Ready: ready}
	return cfg
}
