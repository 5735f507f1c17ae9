package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Unavailable reports whether the database can't be reached or can't work just now, so that trying later is the right
// answer (503). An unknown outcome counts too, and waiting for it until the caller's deadline. The deadline by itself doesn't: that is
// the caller's to judge.
func Unavailable(err error) bool {
	if err == nil {
		return false
	}
	for _, gone := range []error{
		ErrOutcomeUnknown, ErrNoAnswer, driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		pgconn.ErrConnClosed, // pgconn.SafeToRetry denies it where the statement may have reached the server
	} {
		if errors.Is(err, gone) {
			return true
		}
	}
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return serverGone(pg.Code) || pg.Code == "55P03" // somebody held a lock for longer than lock_timeout
	}
	if lite := (*sqlite.Error)(nil); errors.As(err, &lite) {
		switch lite.Code() & 0xff { // the low byte is the primary code
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
			sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM:
			return true
		}
		return false
	}
	if connect := (*pgconn.ConnectError)(nil); errors.As(err, &connect) {
		return true
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var network net.Error // among them: connection refused, reset, timed out
	return errors.As(err, &network) || pgconn.SafeToRetry(err)
}

// connectionLost reports whether an error says that a connection of the pool had ended, unnoticed, before it was used.
func connectionLost(err error) bool {
	connect, answer := (*pgconn.ConnectError)(nil), (*pgconn.PgError)(nil)
	if errors.As(err, &connect) {
		return false
	}
	if errors.As(err, &answer) { // what the server refuses for want of room or memory it refuses on a new connection as well
		return strings.HasPrefix(answer.Code, "08") || strings.HasPrefix(answer.Code, "57P")
	}
	return Unavailable(err)
}

// serverGone sorts PostgreSQL's codes (appendix A of its manual): connection exceptions (08), insufficient resources (53),
// operator intervention other than a canceled statement (57P), system errors (58), and a server that became read-only.
func serverGone(code string) bool {
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "57P") ||
		strings.HasPrefix(code, "58") || code == "25006"
}

// mayHaveCommitted reports whether, after a failed COMMIT, the transaction may have happened nevertheless.
// A server that refuses answers with an error of its own, which is certain, unless it is going down;
// anything else is an answer that didn't come. SQLite rolls back whatever it refuses, but can't vouch for
// a disk that failed, nor do we know which of the two it was once we interrupted it.
func (s *Store) mayHaveCommitted(own context.Context, err error) bool {
	if errors.Is(err, sql.ErrTxDone) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return false // the latter: a statement had failed before, and fn went on
	}
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return serverGone(pg.Code)
	}
	if lite := (*sqlite.Error)(nil); errors.As(err, &lite) {
		return lite.Code()&0xff == sqlite3.SQLITE_IOERR || own.Err() != nil
	}
	return s.postgres() || own.Err() != nil
}
