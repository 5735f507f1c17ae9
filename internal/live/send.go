package live

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	queueMax = 4096                   // keys waiting; beyond it they become one "everything"
	batchMax = 256                    // keys in one message
	farewell = 500 * time.Millisecond // the last try to get nudges through when the process stops
	retryMin = 50 * time.Millisecond
	retryMax = 500 * time.Millisecond
)

// GenerationLife is how long Redis keeps a generation that nobody raises. Values that depend on it live for seconds.
const GenerationLife = time.Hour

// raise lifts the generation of every key and publishes the message, if there is one. A generation that is missing
// (never made, expired, evicted, lost with a server) begins at the server's time in microseconds, so it can't take a
// number that it had before and bring an old value back to life.
//
// KEYS: generations. ARGV: channel, message or empty, life in milliseconds.
//
//nolint:gochecknoglobals // a script, never changed
var raise = redis.NewScript(`
local t = redis.call('TIME')
local first = t[1] .. string.format('%06d', t[2])
for _, k in ipairs(KEYS) do
  if redis.call('SET', k, first, 'NX', 'PX', ARGV[3]) == false then
    redis.call('INCR', k)
    redis.call('PEXPIRE', k, ARGV[3])
  end
end
if ARGV[2] ~= '' then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return #KEYS`)

// enqueue marks keys as not known to Redis yet and wakes the sender. Keys that wait already are not doubled. When too
// many wait (Redis is gone, an import changes the world), the names are given up for one "everything".
func (r *Relay) enqueue(keys []Key, publish bool) {
	if len(keys) == 0 {
		return
	}
	r.mu.Lock()
	for _, k := range keys {
		r.put(k, publish)
	}
	r.mu.Unlock()
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

func (r *Relay) put(k Key, publish bool) {
	if r.waiting[Everything] {
		return // it says more than k does
	}
	was, waits := r.waiting[k]
	if !waits && len(r.waiting) >= queueMax {
		k, publish = Everything, true
	}
	if k == Everything && publish {
		clear(r.waiting)
	}
	r.waiting[k] = was || publish
}

// send gets the waiting keys to Redis, batch by batch, each as often as it takes.
func (r *Relay) send(ctx context.Context) {
	for {
		select {
		case <-r.kick:
			r.drain(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
			r.drain(last)
			cancel()
			return
		}
	}
}

// drain sends until nothing waits or ctx ends. An attempt whose answer is lost is made again: a generation raised
// twice and a name heard twice do no harm.
func (r *Relay) drain(ctx context.Context) {
	wait := retry{}
	for r.take() {
		err := r.publish(ctx)
		r.finish(err == nil)
		if err == nil {
			wait = retry{}
			continue
		}
		r.failed.Add(1)
		if !wait.pause(ctx) {
			return
		}
	}
}

// take moves one batch from waiting to inFlight and reports whether there is any.
func (r *Relay) take() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, publish := range r.waiting {
		if len(r.inFlight) == batchMax {
			break
		}
		r.inFlight[k] = publish
		delete(r.waiting, k)
	}
	return len(r.inFlight) > 0
}

// finish ends the batch that was sent: its keys go back into the queue if it failed.
func (r *Relay) finish(arrived bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !arrived {
		for k, publish := range r.inFlight {
			r.put(k, publish)
		}
	}
	clear(r.inFlight)
}

// publish sends what is in flight. Only send's goroutine changes inFlight, so it may read it without the lock.
func (r *Relay) publish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	generations := make([]string, 0, len(r.inFlight))
	var names []Key
	for k, aloud := range r.inFlight {
		generations = append(generations, r.Generation(k))
		if aloud {
			names = append(names, k)
		}
	}
	text := ""
	if len(names) > 0 {
		text = r.message(names)
	}
	err := raise.Run(ctx, r.client, generations, r.channel(), text, GenerationLife.Milliseconds()).Err()
	if err != nil {
		return fmt.Errorf("publish %d keys: %w", len(generations), err)
	}
	if text != "" {
		r.published.Add(1)
	}
	return nil
}

// retry grows from retryMin to retryMax.
type retry struct{ last time.Duration }

// pause waits for the next try and says whether there may be one.
func (r *retry) pause(ctx context.Context) bool {
	r.last = min(max(2*r.last, retryMin), retryMax)
	t := time.NewTimer(r.last)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
