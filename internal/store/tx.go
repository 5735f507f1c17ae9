package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5/pgconn"

	"nelke/ent"
)

// ErrOutcomeUnknown says that COMMIT was sent and its answer never came: the transaction may have happened.
// Repeating the operation with the same idempotency key finds out.
var ErrOutcomeUnknown = errors.New("outcome of the commit is unknown")

// How long a COMMIT may take before we stop waiting for its answer. It doesn't follow the caller's context:
// a caller who hangs up must not make the outcome unknown.
const commitTimeout = 10 * time.Second

// How often a transaction is repeated as a whole after a deadlock or a serialization failure.
const repeats = 3

// Tx is a transaction: ent's client on it, and the same transaction for statements written by hand and for jobs.
type Tx struct {
	*ent.Client
	SQL     *sql.Tx
	Dialect string

	store *Store
}

// Write runs fn in one transaction (READ COMMITTED on PostgreSQL; IMMEDIATE, and so alone, on SQLite) and commits it.
// An error or a panic of fn rolls back. A deadlock or serialization failure runs the whole of fn again, three times
// at most, and a read-only connection once: fn must change nothing outside the transaction. The error is fn's own, or that of BEGIN or COMMIT.
func (s *Store) Write(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	opts := &sql.TxOptions{}
	if s.postgres() {
		opts.Isolation = sql.LevelReadCommitted
	}
	for again := 0; ; again++ {
		err := s.transact(ctx, s.write, opts, fn)
		s.vitals.outcome(err)
		if err == nil || again == repeats || !mayRepeat(err, again) {
			return err
		}
		if !pause(ctx, time.Duration(1+rand.IntN(10<<again))*time.Millisecond) {
			return err
		}
	}
}

// Read runs fn in a transaction that sees one snapshot and can't write (REPEATABLE READ on PostgreSQL; a reader's
// connection on SQLite, which never waits for the writer).
func (s *Store) Read(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true} // without it, SQLite would take the write lock
	if s.postgres() {
		opts.Isolation = sql.LevelRepeatableRead
	}
	return s.transact(ctx, s.read, opts, fn)
}

func (s *Store) transact(ctx context.Context, db *sql.DB, opts *sql.TxOptions, fn func(context.Context, *Tx) error) (err error) {
	// The transaction follows the caller's context up to COMMIT, and not beyond.
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	unfollow := context.AfterFunc(ctx, cancel)
	defer unfollow()

	begun := time.Now()
	var tx *sql.Tx
	if err := s.again(ctx, func() (err error) {
		tx, err = db.BeginTx(own, opts)
		return err
	}); err != nil {
		return fmt.Errorf("store: begin: %w", Late(ctx, begun, orCause(ctx, err)))
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing; after an error or a panic the connection is what counts

	client := ent.NewClient(ent.Driver(joined{timed{entsql.NewDriver(s.Dialect, entsql.Conn{ExecQuerier: tx}), once}}))
	if err := fn(ctx, &Tx{Client: client, SQL: tx, Dialect: s.Dialect, store: s}); err != nil {
		return Late(ctx, begun, withCause(ctx, err))
	}
	if opts.ReadOnly {
		return nil // there is nothing to commit
	}
	if !unfollow() {
		return fmt.Errorf("store: commit: %w", Late(ctx, begun, orCause(ctx, context.Canceled))) // nothing was sent: it is rolled back
	}
	timer := time.AfterFunc(commitTimeout, cancel)
	defer timer.Stop()
	if err := tx.Commit(); err != nil {
		if s.mayHaveCommitted(own, err) {
			return fmt.Errorf("store: commit: %w: %w", ErrOutcomeUnknown, err)
		}
		return fmt.Errorf("store: commit: %w", err)
	}
	return nil
}

// again runs what changes nothing: a read, or the beginning of a transaction. Where PostgreSQL had ended the connection that it
// was sent on, those opened with it have probably ended, too: all are replaced, and it runs once more.
func (s *Store) again(ctx context.Context, run func() error) error {
	err := run()
	if err != nil && ctx.Err() == nil && s.postgres() && connectionLost(err) {
		s.connections.lost()
		err = run()
	}
	return err
}

// once is again within a transaction, which can't go on on another connection.
func once(_ context.Context, run func() error) error { return run() }

// orCause prefers the reason for which the caller's context ended over what the driver made of it.
func orCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// withCause adds to an error that the caller's time was over, where it doesn't say so: of a transaction that was taken away
// in the middle, the next statement fails only because it is gone.
func withCause(ctx context.Context, err error) error {
	if ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", err, ctx.Err())
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// mayRepeat: 40P01 is a deadlock, 40001 a serialization failure, both certain to have rolled back; and a read-only connection
// has written nothing. It is gone now, so one more attempt finds whether the server writes.
func mayRepeat(err error, again int) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40P01" || pg.Code == "40001" || pg.Code == readOnly && again == 0)
}

// joined is ent's driver on a transaction that someone else opened. ent begins a transaction of its own for an
// UpdateOne and for creates with edges: they join the one that is there.
type joined struct{ timed }

func (d joined) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }

func (d joined) BeginTx(ctx context.Context, _ *entsql.TxOptions) (dialect.Tx, error) {
	return d.Tx(ctx)
}
