package suite

import (
	"sync"
	"time"
)

// Clock is a clock that tests set. All parts of a server go by it, and watchers look again whenever it is moved.
type Clock struct {
	mu    sync.Mutex
	now   time.Time
	moved map[chan struct{}]struct{}
}

// NewClock starts at an instant.
func NewClock(now time.Time) *Clock { return &Clock{now: now, moved: map[chan struct{}]struct{}{}} }

// Now is the instant that was set last.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// Set moves the clock to an instant.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
	for moved := range c.moved {
		select {
		case moved <- struct{}{}:
		default:
		}
	}
}

// Moved returns a channel that receives at each move.
func (c *Clock) Moved() <-chan struct{} {
	moved := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved[moved] = struct{}{}
	return moved
}
