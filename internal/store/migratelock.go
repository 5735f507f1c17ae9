package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// migrationKey is the advisory lock of whoever migrates a PostgreSQL database: "nelkemig" as a number.
const migrationKey = 0x6e656c6b656d6967

// lockMigrations waits until nobody else migrates this database. The lock is the connection's, or the file's: it
// goes with a process that is killed.
func (s *Store) lockMigrations(ctx context.Context, db *sql.DB) (unlock func() error, err error) {
	if !s.postgres() {
		return s.lockFile(ctx)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("lockMigrations: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationKey)); err != nil {
		return nil, errors.Join(fmt.Errorf("lockMigrations: %w", err), conn.Close())
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationKey))
		return errors.Join(err, conn.Close())
	}, nil
}

// lockFile locks a file beside the SQLite database. goose takes several transactions for its work, so the database's
// own lock doesn't last.
func (s *Store) lockFile(ctx context.Context) (unlock func() error, err error) {
	path, err := s.sqlitePath()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".migrating", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lockFile: %w", err)
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f.Close, nil // closing unlocks; the file stays, since removing it would let two in
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lockFile(%s): %w", f.Name(), err), f.Close())
		}
		if !pause(ctx, 20*time.Millisecond) {
			return nil, errors.Join(ctx.Err(), f.Close())
		}
	}
}

// ErrServed says that another process serves the SQLite file.
var ErrServed = errors.New("another process serves this database: one SQLite file is for one nelke serve, and several need PostgreSQL")

// Serve claims the store for a process that serves, which on SQLite only one may be: others wouldn't learn of its changes. Release
// ends the claim, as the process's end does. Commands beside it need no claim. On PostgreSQL there is nothing to claim.
//
// Errors: ErrServed.
func (s *Store) Serve() (release func() error, err error) {
	if s.postgres() {
		return func() error { return nil }, nil
	}
	path, err := s.sqlitePath()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".serving", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store.Serve: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrServed
		}
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return f.Close, nil
}
