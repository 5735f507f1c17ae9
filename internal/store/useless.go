package store

import (
	"context"
	"database/sql/driver"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// readOnly is PostgreSQL's code for a write in a read-only transaction: what a session gets from a server that is a standby
// now, or whose sessions begin read-only by its settings.
const readOnly = "25006"

// renewal is how often all connections may be renewed, and how long one that says it is read-only is kept.
const renewal = time.Second

// connections throws away connections of PostgreSQL's that are of no use. One that answers so is closed at once; one that
// refused a write, or was ended by the server, shows that those opened before may be like it, and none of them is handed out
// again.
type connections struct {
	renewed atomic.Int64 // connections opened before this instant, in Unix nanoseconds, aren't used any more
	vitals  *vitals
}

const opened = "opened" // in pgconn's custom data

// lost notes that the server, or what lies between, ended a connection.
func (c *connections) lost() { c.renewed.Store(time.Now().UnixNano()) }

// open notes when a connection was opened.
func (c *connections) open(conn *pgx.Conn) {
	conn.PgConn().CustomData()[opened] = time.Now().UnixNano()
}

// reset implements stdlib.OptionResetSession: it comes before a pooled connection is used again.
func (c *connections) reset(_ context.Context, conn *pgx.Conn) error {
	at, _ := conn.PgConn().CustomData()[opened].(int64)
	if at < c.renewed.Load() || reads(conn.PgConn()) && time.Now().UnixNano()-at > int64(renewal) {
		return driver.ErrBadConn // the pool closes it and takes another
	}
	return nil
}

// reads reports whether a server said of the session that it can't write, which it does from PostgreSQL 14 on. Reading is
// right over it while there is no other, so it isn't refused from the beginning.
func reads(conn *pgconn.PgConn) bool {
	return conn.ParameterStatus("in_hot_standby") == "on" || conn.ParameterStatus("default_transaction_read_only") == "on"
}

// judge is pgconn's OnPgError: false closes the connection. fatal is pgx's own, which closes after fatal errors.
func (c *connections) judge(fatal pgconn.PgErrorHandler) pgconn.PgErrorHandler {
	return func(conn *pgconn.PgConn, err *pgconn.PgError) bool {
		c.vitals.statement(err)
		switch {
		case strings.HasPrefix(err.Code, "57P"):
			c.lost()
		case err.Code == readOnly:
			now, last := time.Now().UnixNano(), c.renewed.Load()
			if now-last > int64(renewal) {
				c.renewed.CompareAndSwap(last, now)
			}
		}
		return !useless(err.Code) && fatal(conn, err)
	}
}

// useless reports whether a code says that the connection can't be worked with, rather than that a statement failed: the
// server became read-only; the connection or its protocol failed (08); the server goes down, or ends sessions (57P); a
// prepared statement of ours is unknown (26000), since something else has reset the session; or the backend itself is in
// trouble (XX).
func useless(code string) bool {
	return code == readOnly || code == "26000" || strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P") || strings.HasPrefix(code, "XX")
}
