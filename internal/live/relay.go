package live

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	beatEvery     = 250 * time.Millisecond // each process publishes a heartbeat this often
	beatsPerWrite = 4                      // heartbeats to one write
	hearing       = time.Second            // silence after which Heard is false
	silence       = 2 * time.Second        // silence after which the subscription is made anew
	patience      = time.Second            // the longest wait for one command
)

// RelayConfig says how a relay names things in Redis. The zero value is fit for production.
type RelayConfig struct {
	// Prefix keeps several installations on one Redis apart: in key names and, since channels know no database
	// number, in the channel. "nelke" when empty. All processes of one installation share it, in every version.
	Prefix string
	// Now is the clock that Heard goes by. time.Now when nil.
	Now func() time.Time
	// Log gets a line when the channel is lost and when it is back. Nothing is logged when nil.
	Log *slog.Logger
}

// Relay carries the nudges of one hub to the hubs of other processes and back, over one subscription.
//
// A nudge does two things in Redis, in one script: it raises the generation of each key, so that a value stored in
// Redis before it is not taken any more, and it publishes the keys' names. It is repeated until it gets through.
// What the relay can't know, it treats as changed: on every confirmation of its subscription (the first, and each
// after a reconnect that go-redis makes silently) every epoch is raised, all watches wake, and all that is stored in
// Redis is made void, because nudges may have been missed, or generations lost with a server.
type Relay struct {
	client redis.UniversalClient
	hub    *Hub
	prefix string
	origin string
	now    func() time.Time
	log    *slog.Logger

	heard atomic.Int64 // when the channel was last heard, unix nanoseconds; 0: not subscribed yet
	takes atomic.Bool  // whether the last write was taken
	kick  chan struct{}

	mu       sync.Mutex
	waiting  map[Key]bool // true: to be published; false: its generation is to be raised, quietly
	inFlight map[Key]bool // handed to Redis, not confirmed yet

	published, received, failed, confirmed atomic.Uint64
}

// NewRelay joins hub to all others with the same client database and prefix. Do it before hub is used; nothing is
// sent or heard until Run.
func NewRelay(client redis.UniversalClient, hub *Hub, cfg RelayConfig) *Relay {
	r := &Relay{
		client:   client,
		hub:      hub,
		prefix:   cfg.Prefix,
		origin:   rand.Text(),
		now:      cfg.Now,
		log:      cfg.Log,
		kick:     make(chan struct{}, 1),
		waiting:  map[Key]bool{},
		inFlight: map[Key]bool{},
	}
	if r.prefix == "" {
		r.prefix = "nelke"
	}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	hub.relay.Store(r)
	return r
}

// Run listens, sends and beats until ctx ends, then tries once more, briefly, to send what is left, and joins its
// goroutines. Its error is ctx's: a lost Redis is waited for, never a reason to stop. Run it once.
func (r *Relay) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { r.listen(ctx) })
	wg.Go(func() { r.beat(ctx) })
	wg.Go(func() { r.send(ctx) })
	wg.Wait()
	return fmt.Errorf("relay %s: %w", r.prefix, ctx.Err())
}

// Heard reports whether anything came over the channel within the last second, our own heartbeat included.
func (r *Relay) Heard() bool {
	at := r.heard.Load()
	return at != 0 && r.now().UnixNano()-at < int64(hearing)
}

// Takes reports whether Redis took the last write, of which there is one a second at least. One that is a replica now, or
// that saves nothing since its disk is full, may be heard all the same.
func (r *Relay) Takes() bool { return r.takes.Load() }

// Settled reports whether every nudge of these keys that this process has made is in Redis. While it is false,
// generations in Redis are behind this process's own epochs, and nothing there may be served for these keys. Without
// keys it speaks of Everything alone, which all depend on.
func (r *Relay) Settled(keys ...Key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 && len(r.inFlight) == 0 {
		return true
	}
	if r.pending(Everything) {
		return false
	}
	for _, k := range keys {
		if r.pending(k) {
			return false
		}
	}
	return true
}

func (r *Relay) pending(k Key) bool {
	_, waits := r.waiting[k]
	_, flies := r.inFlight[k]
	return waits || flies
}

// Client is the connection to Redis, for those who keep values beside the generations.
func (r *Relay) Client() redis.UniversalClient { return r.client }

// Name is the name in Redis of a thing of some kind. All names of one installation carry one hash tag, so that a
// script may touch several of them in a cluster: generations and the values that depend on them belong together.
func (r *Relay) Name(kind, name string) string { return "{" + r.prefix + "}:" + kind + ":" + name }

// Generation is the name in Redis of the generation of a key. It is missing when nobody needed it for GenerationLife.
func (r *Relay) Generation(k Key) string { return r.Name("gen", string(k)) }

func (r *Relay) channel() string { return r.Name("live", "nudge") }

// Stats are counts since the start.
type Stats struct {
	Published  uint64 // messages with keys that reached Redis
	Received   uint64 // messages with keys from other processes
	Failed     uint64 // attempts of any kind, heartbeats included, that Redis didn't take
	Reconnects uint64 // confirmations of the subscription after the first
}

// Stats returns the counts so far.
func (r *Relay) Stats() Stats {
	s := Stats{Published: r.published.Load(), Received: r.received.Load(), Failed: r.failed.Load()}
	if n := r.confirmed.Load(); n > 1 {
		s.Reconnects = n - 1
	}
	return s
}

// listen keeps one subscription alive. Everything about reconnecting is here: go-redis would do it too, but waits a
// minute before it doubts a connection that is silent and open.
func (r *Relay) listen(ctx context.Context) {
	wait := retry{}
	for ctx.Err() == nil {
		before := r.confirmed.Load()
		err := r.subscription(ctx)
		if ctx.Err() != nil {
			return
		}
		if r.confirmed.Load() != before {
			wait = retry{}
		}
		r.failed.Add(1)
		r.log.WarnContext(ctx, "live: channel lost, trying again", "err", err)
		wait.pause(ctx)
	}
}

// subscription reads one subscription until it fails or is silent for too long.
func (r *Relay) subscription(ctx context.Context) error {
	sub := r.client.Subscribe(ctx, r.channel())
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { // a blocked read doesn't notice its context
		_ = sub.Close()
		close(closed)
	})
	defer func() {
		if stop() {
			_ = sub.Close()
		} else {
			<-closed
		}
	}()
	for {
		got, err := sub.ReceiveTimeout(ctx, silence)
		if err != nil {
			return fmt.Errorf("subscription %s: %w", r.channel(), err)
		}
		switch got := got.(type) {
		case *redis.Subscription:
			r.confirmed.Add(1)
			r.enqueue([]Key{Everything}, false)
			r.hub.Touch()
			r.log.InfoContext(ctx, "live: channel open")
		case *redis.Message:
			r.receive(got.Payload)
		}
		r.heard.Store(r.now().UnixNano()) // after acting on it: who finds us hearing finds the epochs raised
	}
}

// receive acts on one message. Our own were acted on before they were sent.
func (r *Relay) receive(payload string) {
	var m message
	if err := json.Unmarshal([]byte(payload), &m); err != nil {
		r.failed.Add(1)
		r.hub.Touch() // somebody said something, and we don't know what
		return
	}
	if m.Origin == r.origin || len(m.Keys) == 0 {
		return
	}
	r.received.Add(1)
	r.hub.apply(m.Keys)
}

// beat publishes a message without keys, so that every process that receives it finds the channel open.
func (r *Relay) beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		if err := r.pulse(ctx); err != nil && ctx.Err() == nil {
			r.failed.Add(1)
		}
		if n%beatsPerWrite == 0 {
			r.write(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Relay) pulse(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return r.client.Publish(ctx, r.channel(), r.message(nil)).Err()
}

// write finds out whether Redis takes writes: publishing isn't one.
func (r *Relay) write(ctx context.Context) {
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := r.client.Set(short, r.Name("live", "beat"), r.origin, time.Minute).Err()
	if ctx.Err() == nil {
		r.takes.Store(err == nil)
	}
}

type message struct {
	Origin string `json:"from"`
	Keys   []Key  `json:"keys,omitempty"`
}

func (r *Relay) message(keys []Key) string {
	b, err := json.Marshal(message{Origin: r.origin, Keys: keys})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(b)
}
