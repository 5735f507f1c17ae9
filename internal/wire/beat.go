package wire

import (
	"sync"
	"time"
)

// beat calls a function again and again until it is stopped. Between calls it costs a timer and no goroutine.
type beat struct {
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
	ended   sync.WaitGroup
}

// startBeat calls f after the first pause, and then each time after the pause that f returned.
func startBeat(first time.Duration, f func() time.Duration) *beat {
	b := &beat{}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended.Add(1)
	b.timer = time.AfterFunc(first, func() {
		pause := f()
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.stopped {
			b.ended.Done()
			return
		}
		b.timer.Reset(pause)
	})
	return b
}

// stop ends the beat, and waits for a call that is under way.
func (b *beat) stop() {
	b.mu.Lock()
	b.stopped = true
	if b.timer.Stop() {
		b.ended.Done()
	}
	b.mu.Unlock()
	b.ended.Wait()
}
