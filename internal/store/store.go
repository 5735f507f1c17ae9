// Package store is the one door to the database: PostgreSQL, or an SQLite file inside the process.
//
// Whoever reads takes [Store.Reader], or [Store.Read] where several reads must agree with each other.
// Whoever writes takes [Store.Write]: one function is one transaction, repeated as a whole where the
// database asks for that. Inside a transaction use nothing but the transaction's own handle: on SQLite
// there is one writer connection, and waiting for it while holding it would wait for ever.
//
// Statements written by hand use $1, $2 … on both databases; [Args] numbers them and has the clock.
// Instants are exact to the microsecond on both ([Micro]).
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"nelke/ent"
	"nelke/internal/tracing"
)

// Config says which database to open.
type Config struct {
	// DatabaseURL is a PostgreSQL connection URL. Empty: the SQLite file nelke.db in DataDir.
	DatabaseURL string
	// DataDir is the folder of the SQLite file. It is made (mode 0700) where it doesn't exist. Unused with PostgreSQL.
	DataDir string
	// MaxConns is the number of connections: all of them on PostgreSQL, three at least, for reading, writing and jobs; the
	// readers on SQLite.
	// 0: six per core on PostgreSQL, two per core on SQLite, at least eight and four.
	MaxConns int
	// LockWait is how long a write waits where another process writes to the SQLite file. 0: five seconds. Unused with
	// PostgreSQL, whose locks are waited for until the context ends.
	LockWait time.Duration
	// Clock, where set, is asked for every instant instead of the database's clock: for tests.
	// nil: clock_timestamp() of PostgreSQL, so that all processes share one clock; time.Now on SQLite.
	Clock func() time.Time
	// Process, where set, is the process's clock, which PostgreSQL's is compared with: for tests. nil: time.Now.
	Process func() time.Time
	// Tracer gives statements their spans. nil: off.
	Tracer *tracing.Tracer
}

// Store is an open database. Close it.
type Store struct {
	// Dialect is dialect.Postgres ("postgres") or dialect.SQLite ("sqlite3").
	Dialect string

	url     string
	dataDir string
	clock   func() time.Time // nil: PostgreSQL's
	read    *sql.DB
	write   *sql.DB
	jobs    *sql.DB
	reader  *ent.Client
	skew    *skew // nil: one clock rules
	vitals  vitals

	connections *connections // nil on SQLite
}

// Open connects to the database and checks that it answers. It changes nothing: see [Store.Migrate].
func Open(ctx context.Context, cfg Config) (*Store, error) {
	s := &Store{url: cfg.DatabaseURL, dataDir: cfg.DataDir, clock: cfg.Clock}
	var err error
	if cfg.DatabaseURL != "" {
		err = s.openPostgres(cfg)
	} else {
		err = s.openSQLite(cfg)
	}
	if err == nil {
		err = s.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store.Open: %w", err), s.Close())
	}
	s.reader = ent.NewClient(ent.Driver(timed{entsql.OpenDB(s.Dialect, s.read), s.again}))
	return s, nil
}

// Reader is ent's client for reads outside a transaction. On SQLite its connections refuse writes.
func (s *Store) Reader() *ent.Client { return s.reader }

// ReadDB is the pool behind Reader, for statements written by hand.
func (s *Store) ReadDB() *sql.DB { return s.read }

// Row reads one row by a statement written by hand into dest.
func (s *Store) Row(ctx context.Context, query string, args []any, dest ...any) error {
	begun := time.Now()
	err := s.again(ctx, func() error { return s.read.QueryRowContext(ctx, query, args...).Scan(dest...) })
	return Late(ctx, begun, err)
}

// Each reads rows by a statement written by hand into dest, and calls each after every one. On PostgreSQL it goes past
// database/sql, which costs three times as much a row.
func (s *Store) Each(ctx context.Context, query string, args, dest []any, each func()) (err error) {
	begun := time.Now()
	defer func() { err = Late(ctx, begun, err) }()
	if !s.postgres() {
		rows, err := s.read.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			each()
		}
		return rows.Err()
	}
	some := false
	return s.again(ctx, func() error {
		if !some { // each must not be called twice for a row
			err = s.each(ctx, query, args, dest, func() { some = true; each() })
		}
		return err
	})
}

// each is Each on one of PostgreSQL's connections.
func (s *Store) each(ctx context.Context, query string, args, dest []any, each func()) (err error) {
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Raw(func(driver any) error {
		rows, err := driver.(*stdlib.Conn).Conn().Query(ctx, query, args...)
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, dest, func() error { each(); return nil })
		return err
	})
}

// WriteDB is the pool behind Write. On SQLite it has one connection: never ask for it inside a transaction.
func (s *Store) WriteDB() *sql.DB { return s.write }

// JobDB is the pool for the job queue's own housekeeping. On PostgreSQL it is a small pool of its own, on SQLite it is
// WriteDB: never ask for it inside a transaction. River writes its instants there as text; whoever writes to its tables by
// hand must do so too, since the pool stores a time.Time as an integer, which compares as less than any text.
func (s *Store) JobDB() *sql.DB { return s.jobs }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.write.PingContext(ctx); err != nil {
		return fmt.Errorf("store.Ping: %w", err)
	}
	return nil
}

// Close closes every connection. Transactions under way should have ended before.
func (s *Store) Close() error {
	var errs []error
	closed := map[*sql.DB]bool{nil: true}
	for _, db := range []*sql.DB{s.jobs, s.read, s.write} { // the writer last: it folds the write-ahead log into the file
		if !closed[db] {
			closed[db] = true
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *Store) postgres() bool { return s.Dialect == dialect.Postgres }
