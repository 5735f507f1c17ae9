package store

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// LockOffices takes the locks of offices until the transaction ends, and returns the instant at which the last of them was
// there. Bookings take them shared, so that they run side by side; a change of an office's rules, and calling the next
// person, take them exclusive. Both queue fairly, and in one order everywhere (ascending keys), so that two transactions never
// wait for each other in a circle. What a lock protects must be read in a later statement than this one: a statement's snapshot
// is older than its wait for the lock.
//
// On SQLite there is nothing to take: a write transaction is alone.
func LockOffices(ctx context.Context, tx *Tx, officeIDs []string, exclusive bool) (now time.Time, err error) {
	if !tx.store.postgres() || len(officeIDs) == 0 {
		return tx.Now(ctx)
	}
	lock := "pg_advisory_xact_lock_shared"
	if exclusive {
		lock = "pg_advisory_xact_lock"
	}
	for _, key := range lockKeys(officeIDs) {
		// The select list is evaluated from left to right: the clock is read once the lock is there.
		var none string
		row := tx.SQL.QueryRowContext(ctx, "SELECT "+lock+"($1)::text, clock_timestamp()", key)
		if err := row.Scan(&none, &now); err != nil {
			return time.Time{}, fmt.Errorf("store.LockOffices(%q, exclusive %t): %w", officeIDs, exclusive, err)
		}
	}
	if tx.store.clock != nil {
		now = tx.store.clock()
	}
	return Micro(now), nil
}

// lockKeys are the offices' keys in PostgreSQL's space of advisory locks, ascending, each once.
func lockKeys(officeIDs []string) []int64 {
	keys := make([]int64, 0, len(officeIDs))
	for _, id := range officeIDs {
		h := fnv.New64a()
		_, _ = h.Write([]byte("office:" + id)) // never fails
		keys = append(keys, int64(h.Sum64()))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
