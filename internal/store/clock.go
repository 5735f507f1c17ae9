package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Micro is t as both databases keep it: UTC, truncated to the microsecond. Everything that is compared with,
// or shown as, something stored goes through here first.
func Micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Now is the present instant by the clock that rules this store: the database's own on PostgreSQL,
// the process's on SQLite, the configured one in tests.
func (s *Store) Now(ctx context.Context) (time.Time, error) { return s.now(ctx, s.read) }

// Now is like [Store.Now], inside the transaction. It moves on between two calls in one transaction.
func (tx *Tx) Now(ctx context.Context) (time.Time, error) { return tx.store.now(ctx, tx.SQL) }

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *Store) now(ctx context.Context, q querier) (now time.Time, err error) {
	if s.clock != nil {
		return Micro(s.clock()), nil
	}
	begun := time.Now()
	if err := q.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
		return time.Time{}, fmt.Errorf("store.Now: %w", Late(ctx, begun, err))
	}
	return Micro(now), nil
}

// Instant scans an instant, or NULL, from an expression. A plain column scans into time.Time on both databases;
// of an expression such as max(held_until), SQLite doesn't know the type and gives the stored integer.
type Instant struct {
	Time  time.Time
	Valid bool // false: NULL
}

// Scan implements sql.Scanner.
func (i *Instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*i = Instant{}
	case time.Time:
		*i = Instant{Time: Micro(v), Valid: true}
	case int64:
		*i = Instant{Time: time.UnixMicro(v).UTC(), Valid: true}
	default:
		return fmt.Errorf("store.Instant: can't scan a %T", src)
	}
	return nil
}
