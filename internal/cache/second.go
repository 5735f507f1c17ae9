package cache

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"nelke/internal/live"
)

const (
	patience = 50 * time.Millisecond // the longest that a reader waits for Redis
	strikes  = 3                     // failures in a row after which it is left alone
	truce    = time.Second           // for so long; then one reader tries
)

// look returns the present generations of all dependencies as one string, the server's time in milliseconds and, if a
// value was stored under these very generations, the value and the milliseconds that it has left. A generation that
// is missing is made: a value can't be compared with nothing. (Package live says why it begins at the time.)
//
// KEYS: value, generations. ARGV: life of a generation in milliseconds.
//
//nolint:gochecknoglobals // a script, never changed
var look = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] .. string.format('%06d', t[2])
local generations = {}
for i = 2, #KEYS do
  local g = redis.call('GET', KEYS[i])
  if not g then
    g = now
    redis.call('SET', KEYS[i], g, 'PX', ARGV[1])
  end
  generations[i - 1] = g
end
local present = table.concat(generations, ' ')
local ms = t[1] * 1000 + math.floor(t[2] / 1000)
local v = redis.call('GET', KEYS[1])
if v and string.sub(v, 1, #present + 1) == present .. '\n' then
  return {present, ms, string.sub(v, #present + 2), redis.call('PTTL', KEYS[1])}
end
return {present, ms}`)

// store keeps a value, with the generations that look saw before the database was read, if they are still the present
// ones. A slow reader may come with what a writer has replaced meanwhile: it must neither be taken for new, which look
// prevents by comparing, nor push out what is new, which is prevented here. The value's remaining life shows its age to
// whoever finds it, by the one clock that all processes share.
//
// KEYS: value, generations. ARGV: generations as look returned them, value, time that look returned, longest life, both
// in milliseconds.
//
//nolint:gochecknoglobals // a script, never changed
var store = redis.NewScript(`
local generations = {}
for i = 2, #KEYS do
  generations[i - 1] = redis.call('GET', KEYS[i]) or ''
end
if table.concat(generations, ' ') ~= ARGV[1] then return 0 end
local t = redis.call('TIME')
local left = ARGV[4] - (t[1] * 1000 + math.floor(t[2] / 1000) - ARGV[3])
if left <= 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. '\n' .. ARGV[2], 'PX', math.floor(left))
return 1`)

// second is the second level, in Redis. It fails open: its only answers are a value that is certainly as fresh as its
// age says, and nothing.
//
// A failover to a replica that missed the last writes can lose generations. Each process voids everything when its
// subscription is confirmed anew, which a failover of one server or by Sentinel brings about; in a cluster the
// subscription may live on another node and stay, and then the age limit is what bounds a stale value.
type second struct {
	relay   *live.Relay
	version string
	circuit circuit

	failed, skipped atomic.Uint64
}

// redisValue is what Redis had of a key before the database was read.
type redisValue struct {
	keys        []string // value, generations
	generations string
	at          int64 // the server's time, milliseconds

	payload    []byte // nil: none
	age        time.Duration
	validUntil time.Time
}

// get looks for a value; nil if Redis can't be asked.
func (s *second) get(ctx context.Context, hub *live.Hub, key string, deps []live.Key) *redisValue {
	// Settled after the stamps were taken (the caller did): a nudge from here on voids those.
	if !hub.Heard() || !s.relay.Settled(deps...) || !s.circuit.closed() {
		s.skipped.Add(1)
		return nil
	}
	p := &redisValue{keys: make([]string, 0, len(deps)+2)}
	p.keys = append(p.keys, s.relay.Name("value", s.version+":"+key), s.relay.Generation(live.Everything))
	for _, k := range deps {
		p.keys = append(p.keys, s.relay.Generation(k))
	}
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reply, err := look.Run(short, s.relay.Client(), p.keys, live.GenerationLife.Milliseconds()).Slice()
	if err == nil {
		err = p.read(reply)
	}
	if ctx.Err() != nil {
		return nil // nobody waits any more: that says nothing about Redis
	}
	s.report(err)
	if err != nil {
		return nil
	}
	return p
}

// put stores what was read after p was got.
func (s *second) put(ctx context.Context, p *redisValue, validUntil time.Time, encoded []byte) {
	if !s.circuit.closed() {
		s.skipped.Add(1)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := store.Run(ctx, s.relay.Client(), p.keys, p.generations, frame(validUntil, encoded), p.at, maxAge.Milliseconds()).Err()
	s.report(err)
}

func (s *second) report(err error) {
	if err != nil {
		s.failed.Add(1)
	}
	s.circuit.report(err == nil)
}

var errReply = errors.New("not what the script returns")

func (p *redisValue) read(reply []any) error {
	if len(reply) != 2 && len(reply) != 4 {
		return errReply
	}
	var ok bool
	if p.generations, ok = reply[0].(string); !ok {
		return errReply
	}
	if p.at, ok = reply[1].(int64); !ok {
		return errReply
	}
	if len(reply) == 2 {
		return nil
	}
	framed, ok := reply[2].(string)
	left, ok2 := reply[3].(int64)
	if !ok || !ok2 || left < 0 || len(framed) < 8 {
		return errReply
	}
	p.age = max(0, maxAge-time.Duration(left)*time.Millisecond)
	if ns := int64(binary.BigEndian.Uint64([]byte(framed[:8]))); ns != 0 {
		p.validUntil = time.Unix(0, ns)
	}
	p.payload = []byte(framed[8:])
	return nil
}

// frame puts eight bytes before the JSON: the end of its validity in unix nanoseconds, 0 for none.
func frame(validUntil time.Time, encoded []byte) []byte {
	var ns int64
	if !validUntil.IsZero() {
		ns = validUntil.UnixNano()
	}
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(encoded)), uint64(ns)), encoded...)
}

// circuit lets requests through until some in a row have failed, then one per truce until one succeeds, so that a
// dead Redis doesn't cost every reader its patience.
type circuit struct {
	now    func() time.Time
	failed atomic.Int64
	until  atomic.Int64 // unix nanoseconds
}

func (c *circuit) closed() bool {
	if c.failed.Load() < strikes {
		return true
	}
	now, until := c.now().UnixNano(), c.until.Load()
	return now >= until && c.until.CompareAndSwap(until, now+int64(truce))
}

func (c *circuit) report(ok bool) {
	if ok {
		c.failed.Store(0)
		return
	}
	if c.failed.Add(1) == strikes {
		c.until.Store(c.now().UnixNano() + int64(truce))
	}
}
