package suite

import (
	"sync/atomic"
	"time"

	"nelke/server"
)

// Running is a clock that goes on by itself from wherever it is set: for what must happen in its own time. Several
// processes may go by one.
type Running struct{ ahead atomic.Int64 }

// NewRunning starts at an instant.
func NewRunning(now time.Time) *Running {
	c := &Running{}
	c.Set(now)
	return c
}

// Now is the instant, so far ahead of the machine's clock.
func (c *Running) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Set jumps to an instant. Watchers aren't woken: move the process's Clock to have them look.
func (c *Running) Set(now time.Time) { c.ahead.Store(int64(time.Until(now))) }

// By makes a process go by this clock.
func (c *Running) By(cfg *server.Config) { cfg.Options.Clock = c.Now }
