package cache

import (
	"bytes"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"nelke/internal/live"
)

// Answer is a finished public answer. It is handed out as it is, so nobody may change its bytes. Offer sets Fixed, Lasting and
// ValidUntil from the dependencies.
type Answer struct {
	Body        []byte
	ContentType string
	ETag        string
	// Fixed says that it was made of nothing that changes while this program runs.
	Fixed bool
	// Lasting says that it may be served for a while (Outlives) when it can't be made anew because the database has gone.
	Lasting bool
	// ValidUntil is the instant at which time alone makes it untrue, zero if never.
	ValidUntil time.Time
}

// Answers keeps whole public answers in memory and serves them while all that they were made of still holds.
type Answers struct {
	hub     *live.Hub
	now     func() time.Time
	memory  *otter.Cache[string, *kept]
	seed    maphash.Seed
	offered [8192]atomic.Uint64
}

type kept struct {
	lease
	answer Answer
	weight uint32
}

// NewAnswers returns an empty store of at most so many bytes. The clock is time.Now when nil.
func NewAnswers(hub *live.Hub, bytes uint64, now func() time.Time) *Answers {
	if now == nil {
		now = time.Now //nolint:forbidigo // the default
	}
	return &Answers{
		hub:  hub,
		now:  now,
		seed: maphash.MakeSeed(),
		memory: otter.Must(&otter.Options[string, *kept]{
			MaximumWeight: bytes,
			Weigher:       func(_ string, k *kept) uint32 { return k.weight },
		}),
	}
}

// Get returns the answer kept under key, if it is still true. It allocates nothing and doesn't hold on to key.
func (a *Answers) Get(key string) (Answer, bool) {
	k, ok := a.memory.GetIfPresent(key)
	if !ok || !k.holds(a.hub, a.now(), trusted(a.hub)) {
		return Answer{}, false
	}
	return k.answer, true
}

// Offer keeps an answer and reports whether it did: if its dependencies are keepable and still hold, and the key has been
// offered before, so that what is asked once doesn't push out what is asked often.
// The caller vouches for the rest: a 2xx without errors, to a request without credentials. What is kept is a copy.
func (a *Answers) Offer(key string, answer Answer, d *Deps) bool {
	if !d.Keepable() || !a.seenBefore(key) {
		return false
	}
	l, ok := d.lease()
	if l.readAt.IsZero() {
		l.readAt = a.now() // it read nothing that could change
	}
	if !ok || !l.holds(a.hub, a.now(), trusted(a.hub)) {
		return false
	}
	answer.ValidUntil, answer.Fixed, answer.Lasting = l.validUntil, d.Fixed(), d.Lasts()
	answer.Body = bytes.Clone(answer.Body)
	n := len(answer.Body) + len(answer.ContentType) + len(answer.ETag)
	a.memory.Set(key, &kept{lease: l, answer: answer, weight: weight(key, &l, n)})
	return true
}

// Bytes is what the kept answers take in memory now.
func (a *Answers) Bytes() uint64 { return a.memory.WeightedSize() }

// seenBefore reports whether the key was offered recently. It remembers a hash in each of 8192 places: a key that collides
// with an older one replaces it.
func (a *Answers) seenBefore(key string) bool {
	sum := maphash.String(a.seed, key)
	return a.offered[sum%uint64(len(a.offered))].Swap(sum) == sum
}
