package cache

import (
	"time"

	"nelke/internal/live"
)

const (
	maxAge        = 10 * time.Second // nothing remembered is served when older, whatever else holds
	maxAgeUnheard = time.Second      // the same, while nudges of other processes don't reach this one
)

// lease is the condition under which something remembered is still true. It is never changed once made.
type lease struct {
	keys       []live.Key
	stamps     []live.Stamp // of keys, taken before the reading
	readAt     time.Time    // before the reading; of several, the earliest
	validUntil time.Time    // when time alone makes it untrue; zero: never
}

// holds reports whether what was read under l may be served now to a reader who accepts no age of limit or more.
func (l *lease) holds(hub *live.Hub, now time.Time, limit time.Duration) bool {
	if now.Sub(l.readAt) >= limit || !l.validUntil.IsZero() && !now.Before(l.validUntil) {
		return false
	}
	for _, s := range l.stamps {
		if !hub.Holds(s) {
			return false
		}
	}
	return true
}

// trusted is the age at which anything remembered must be read again.
func trusted(hub *live.Hub) time.Duration {
	if hub.Heard() {
		return maxAge
	}
	return maxAgeUnheard
}

// earlier returns the earlier of two ends, where zero means that there is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
