// Package catalogue reads what towns publish: the towns with their offices and calendars, their services with prices and forms,
// the lists, the search and the export made of them. It writes nothing; whoever writes reads the same rows in its transaction
// by ReadTown.
package catalogue

import (
	"time"

	"nelke/internal/cache"
	"nelke/internal/store"
)

// Reader reads the catalogue and remembers what it has read until it changes. It is safe for concurrent use.
type Reader struct {
	store *store.Store
	cache *cache.Cache
	clock func() time.Time
}

// New makes a Reader. clock is the time by which prices, notices and opening hours are in force.
func New(s *store.Store, c *cache.Cache, clock func() time.Time) *Reader {
	return &Reader{store: s, cache: c, clock: clock}
}
