package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// written is how long a commit proves that writing works.
	written = 5 * time.Second
	// misfit is how long a statement that the schema doesn't fit makes the store unfit.
	misfit = 30 * time.Second

	probeScope = "readyz"
	roomNeeded = 64 << 10 // bytes
)

// vitals are what the store has learned from its statements of whether it works.
type vitals struct {
	mu      sync.Mutex
	wrote   time.Time // the last commit
	refused error     // of the last write, where the database can't write; nil: it could
	misfit  error     // of the last statement that the schema didn't fit
	misfitT time.Time

	probing sync.Mutex // held by the one who probes
}

// outcome notes what became of a write: nil is a commit.
func (v *vitals) outcome(err error) {
	if err != nil && !refusesWrites(err) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.refused = err; err == nil {
		v.wrote = time.Now()
	}
}

// statement notes an error of PostgreSQL about a statement of ours that names what its schema hasn't, as after a migration
// for another version of the program. No input of a client changes what our statements name.
func (v *vitals) statement(err *pgconn.PgError) {
	switch err.Code {
	case "42703", "42P01", "42883", "42704", "42501": // column, table, function, object unknown; privilege missing
		v.mu.Lock()
		defer v.mu.Unlock()
		v.misfit, v.misfitT = err, time.Now()
	}
}

// refusesWrites reports whether an error says that the database can't write at all just now: it is read-only, or its disk is
// full or failing. Waiting in vain for a lock, or for a connection, doesn't say so.
func refusesWrites(err error) bool {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return pg.Code == readOnly || pg.Code == "53100" || pg.Code == "58030" || strings.HasPrefix(pg.Code, "XX")
	}
	if lite := (*sqlite.Error)(nil); errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return true
		}
	}
	return false
}

// Writable reports whether writes work, by the outcome of a recent one or by a small write of its own, at most one every
// five seconds. A probe that gets no turn before ctx ends says nothing: the outcome known before stands.
//
// Errors: that of the last write, where the database refuses all of them.
func (s *Store) Writable(ctx context.Context) error {
	if fresh, err := s.vitals.known(); fresh {
		return err
	}
	if s.vitals.probing.TryLock() {
		defer s.vitals.probing.Unlock()
		_, before := s.vitals.known()
		_ = s.Write(ctx, func(ctx context.Context, tx *Tx) error { return probe(ctx, tx, before != nil) }) // its outcome is noted
	}
	_, err := s.vitals.known()
	return err
}

// probe writes a row that nobody reads, and that is swept with the others of its table after a week. After a failure it
// needs some room for a moment: what is small may find a place on a full disk, too.
func probe(ctx context.Context, tx *Tx, failed bool) error {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	room := ""
	if failed {
		var b strings.Builder
		for b.Len() < roomNeeded {
			b.WriteString(rand.Text()) // nothing that a database could compress
		}
		room = b.String()
	}
	a := tx.Args()
	if _, err = tx.SQL.ExecContext(ctx, `INSERT INTO idempotencies (scope, key, input_hash, outcome, at) VALUES (`+
		a.Bind(probeScope)+`, `+a.Bind(name)+`, '', `+a.Bind(room)+`, `+a.Now()+`)
		ON CONFLICT (scope, key) DO UPDATE SET at = excluded.at, outcome = excluded.outcome`, a.List()...); err != nil || room == "" {
		return err
	}
	_, err = tx.SQL.ExecContext(ctx, `UPDATE idempotencies SET outcome = '' WHERE scope = $1 AND key = $2`, probeScope, name)
	return err
}

// known returns whether the last write is recent enough to do without a probe, and what it said.
func (v *vitals) known() (fresh bool, refused error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.refused != nil {
		return false, fmt.Errorf("store: writes are refused: %w", v.refused)
	}
	return !v.wrote.IsZero() && time.Since(v.wrote) < written, nil
}

// Fits returns nil unless PostgreSQL has refused a statement of ours within the last half minute, because it names what the
// schema hasn't: the database belongs to another version of the program.
func (s *Store) Fits() error {
	s.vitals.mu.Lock()
	defer s.vitals.mu.Unlock()
	if s.vitals.misfit == nil || time.Since(s.vitals.misfitT) >= misfit {
		return nil
	}
	return fmt.Errorf("store: the schema isn't this program's: %w", s.vitals.misfit)
}
