package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// skew is by how much PostgreSQL's clock is ahead of the process's.
type skew struct {
	mu      sync.Mutex
	ahead   time.Duration
	unsure  time.Duration // the measurement is right to within this
	taken   time.Time     // by the process's clock; zero: never
	process func() time.Time
}

// measure asks for the database's instant. The answer was made somewhere between the question and its arrival. A measurement
// replaces the one before where the two contradict each other, where it is more exact, or after ten minutes, since clocks
// drift.
func (s *skew) measure(ask func() (time.Time, error)) error {
	before := s.process()
	at, err := ask()
	after := s.process()
	if err != nil {
		return err
	}
	unsure := after.Sub(before) / 2
	ahead := at.Sub(before.Add(unsure))

	s.mu.Lock()
	defer s.mu.Unlock()
	apart := (ahead - s.ahead).Abs()
	if s.taken.IsZero() || apart > unsure+s.unsure || unsure <= s.unsure || after.Sub(s.taken) > 10*time.Minute {
		s.ahead, s.unsure, s.taken = ahead, unsure, after
	}
	return nil
}

// connected measures over a new connection.
func (s *skew) connected(ctx context.Context, conn *pgx.Conn) error {
	return s.measure(func() (at time.Time, err error) {
		err = conn.QueryRow(ctx, "SELECT clock_timestamp()", pgx.QueryExecModeSimpleProtocol).Scan(&at)
		return at, err
	})
}

// MeasureSkew compares PostgreSQL's clock with the process's once more. It does nothing where one clock rules both: on
// SQLite, and where tests set it.
func (s *Store) MeasureSkew(ctx context.Context) error {
	if s.skew == nil {
		return nil
	}
	conn, err := s.read.Conn(ctx) // waiting for one is no part of the measurement
	if err != nil {
		return fmt.Errorf("store.MeasureSkew: %w", err)
	}
	defer func(conn *sql.Conn) { _ = conn.Close() }(conn) // it goes back into the pool
	err = s.skew.measure(func() (at time.Time, err error) {
		err = conn.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&at)
		return at, err
	})
	if err != nil {
		return fmt.Errorf("store.MeasureSkew: %w", err)
	}
	return nil
}

// Skew is by how much the clock that rules this store was ahead of the process's when it was measured last: at each new
// connection and by [Store.MeasureSkew].
func (s *Store) Skew() time.Duration {
	if s.skew == nil {
		return 0
	}
	s.skew.mu.Lock()
	defer s.skew.mu.Unlock()
	return s.skew.ahead
}

// Clock reads the clock that rules this store without asking the database: PostgreSQL's is the process's, corrected by Skew.
func (s *Store) Clock() time.Time {
	switch {
	case s.clock != nil:
		return s.clock()
	case s.skew != nil:
		return s.skew.process().Add(s.Skew())
	default:
		return time.Now()
	}
}
