// Package live wakes those who must read again.
//
// A writer commits and nudges the keys of what it changed. A nudge carries names, never contents. Whoever remembers
// something (package cache) keeps the stamps of the keys it was read under and serves it only while they hold;
// whoever waits for a change (a subscription) has a Watch and reads again when it wakes.
//
// The Hub does this inside one process. A Relay carries the nudges between processes through Redis.
package live

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// places is the number of epoch counters of a hub: 512 KiB, whatever is nudged.
const places = 1 << 16

// Hub counts changes per key and wakes those who watch. Make one per process with NewHub.
//
// Epochs live in a fixed array, and a key is hashed to its place in it. Nothing has to be forgotten, so nothing can
// leak, and reading one takes no lock. Two keys may share a place: then a nudge of one makes readers of the other
// read once more than needed. They never read too little, because a place only ever counts up. (A map with eviction
// would have to prove that no reader still holds the epoch it forgets.) Watches are kept by their exact keys, as long
// as they are open.
type Hub struct {
	seed   maphash.Seed
	all    atomic.Uint64
	epochs [places]atomic.Uint64
	relay  atomic.Pointer[Relay]

	mu      sync.RWMutex
	watches map[Key]map[*Watch]struct{}
}

// NewHub returns a hub that works alone, until NewRelay joins it to other processes.
func NewHub() *Hub {
	return &Hub{seed: maphash.MakeSeed(), watches: map[Key]map[*Watch]struct{}{}}
}

// Stamp is the epoch of one key at one moment. It costs 16 bytes and is checked by two loads, without the key.
type Stamp struct {
	place uint32
	epoch uint64
}

// Stamp returns the present stamp of k. Take it before reading what k names: if it still holds when the reading is
// served, nothing was nudged since before the reading began.
func (h *Hub) Stamp(k Key) Stamp {
	place := uint32(maphash.String(h.seed, string(k)) % places)
	return Stamp{place: place, epoch: h.epoch(place)}
}

// Holds reports whether nothing was nudged under this stamp's key since it was taken.
func (h *Hub) Holds(s Stamp) bool { return h.epoch(s.place) == s.epoch }

// epoch is a sum of two counters that only grow, so two sums are equal only if both counters stood still.
func (h *Hub) epoch(place uint32) uint64 { return h.all.Load() + h.epochs[place].Load() }

// Nudge says that what these keys name has changed. Call it after the commit, before the answer: when it returns,
// nothing remembered in this process under these keys is served any more, and every Watch of them is awake. It never
// blocks; other processes hear of it from the relay, which tries until it gets through or the process stops.
func (h *Hub) Nudge(keys ...Key) {
	// The relay first: from the moment an epoch has changed until it has changed in Redis, Settled must be false. The other way
	// round a reader could slip in between, find the old value in Redis, and keep it under the new epoch.
	if r := h.relay.Load(); r != nil {
		r.enqueue(keys, true)
	}
	h.apply(keys)
}

// Touch makes every reader of this process read again, and of no other. For those of all processes, nudge Everything.
func (h *Hub) Touch() {
	h.all.Add(1)
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, watches := range h.watches {
		wake(watches)
	}
}

// Heard reports whether nudges of other processes reach this one: always without a relay, and with one while its own
// channel was heard within the last second. While it is false, what is remembered is trusted for a shorter time.
func (h *Hub) Heard() bool {
	r := h.relay.Load()
	return r == nil || r.Heard()
}

// apply bumps and wakes here only. All epochs change before anybody wakes, so whoever wakes reads the new state of all.
func (h *Hub) apply(keys []Key) {
	for _, k := range keys {
		if k == Everything {
			h.Touch()
			return
		}
		h.epochs[maphash.String(h.seed, string(k))%places].Add(1)
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, k := range keys {
		wake(h.watches[k])
	}
}

// wake never blocks: a watch that is already awake stays so.
func wake(watches map[*Watch]struct{}) {
	for w := range watches {
		select {
		case w.c <- struct{}{}:
		default:
		}
	}
}

// Watch wakes when one of its keys is nudged. Many nudges while its reader is busy are one wake.
type Watch struct {
	hub  *Hub
	keys []Key
	c    chan struct{}
}

// Watch opens a watch of these keys. Open it before the first read, or the change between the two is missed.
// Close it when done.
func (h *Hub) Watch(keys ...Key) *Watch {
	w := &Watch{hub: h, keys: keys, c: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range keys {
		if h.watches[k] == nil {
			h.watches[k] = map[*Watch]struct{}{}
		}
		h.watches[k][w] = struct{}{}
	}
	return w
}

// C delivers a wake. It has room for one and is never closed, so select on the reader's context as well.
func (w *Watch) C() <-chan struct{} { return w.c }

// Close ends the watch; closing again does nothing.
func (w *Watch) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	for _, k := range w.keys {
		delete(w.hub.watches[k], w)
		if len(w.hub.watches[k]) == 0 {
			delete(w.hub.watches, k)
		}
	}
}
