package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"modernc.org/sqlite"

	"nelke/internal/tracing"
)

// Statements are traced where all of them pass, ent's, those written by hand and the job queue's: in pgx, which has a
// place for it, and around SQLite's driver, which has none. Without a tracer neither is there.

// tracedPostgres is pgx's place. BEGIN, COMMIT and ROLLBACK are statements to pgx.
type tracedPostgres struct{ tracer *tracing.Tracer }

type statementKey struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (t tracedPostgres) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	span := t.tracer.Statement(ctx, semconv.DBSystemNamePostgreSQL, data.SQL)
	if span == nil {
		return ctx
	}
	return context.WithValue(ctx, statementKey{}, span)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (tracedPostgres) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if span, ok := ctx.Value(statementKey{}).(trace.Span); ok {
		ended(span, data.Err)
	}
}

// ended ends the span of a statement. Of an error it has the state alone: a text may quote a value.
func ended(span trace.Span, err error) {
	if span == nil {
		return
	}
	if err != nil {
		class := tracing.Class(err)
		if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
			class = pg.Code
		}
		tracing.Failed(span, class)
	}
	span.End()
}

// openTraced is sql.Open for SQLite, with spans.
func openTraced(name string, tracer *tracing.Tracer) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(tracedSQLite{connector, tracer}), nil
}

type tracedSQLite struct {
	driver.Connector
	tracer *tracing.Tracer
}

// Connect implements driver.Connector.
func (t tracedSQLite) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := t.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &tracedConn{conn.(sqliteConn), t.tracer}, nil
}

// sqliteConn is what database/sql uses of a connection of the driver's.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// tracedConn is a connection with spans. What is prepared first and executed later has none: nothing of ours is.
type tracedConn struct {
	sqliteConn
	tracer *tracing.Tracer
}

func (c *tracedConn) statement(ctx context.Context, text string) trace.Span {
	return c.tracer.Statement(ctx, semconv.DBSystemNameSQLite, text)
}

// ExecContext implements driver.ExecerContext.
func (c *tracedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	span := c.statement(ctx, text)
	result, err := c.sqliteConn.ExecContext(ctx, text, args)
	ended(span, err)
	return result, err
}

// QueryContext implements driver.QueryerContext. The span ends when the rows have been read: that is what takes the time.
func (c *tracedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	span := c.statement(ctx, text)
	rows, err := c.sqliteConn.QueryContext(ctx, text, args)
	if err != nil || span == nil {
		ended(span, err)
		return rows, err
	}
	return &tracedRows{Rows: rows, span: span}, nil
}

// BeginTx implements driver.ConnBeginTx.
func (c *tracedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	span := c.statement(ctx, "BEGIN")
	tx, err := c.sqliteConn.BeginTx(ctx, opts)
	ended(span, err)
	if err != nil || span == nil {
		return tx, err
	}
	return &tracedTx{tx, func(text string) trace.Span { return c.statement(ctx, text) }}, nil
}

type tracedTx struct {
	driver.Tx
	statement func(text string) trace.Span
}

// Commit implements driver.Tx.
func (tx *tracedTx) Commit() error {
	span := tx.statement("COMMIT")
	err := tx.Tx.Commit()
	ended(span, err)
	return err
}

// Rollback implements driver.Tx.
func (tx *tracedTx) Rollback() error {
	span := tx.statement("ROLLBACK")
	err := tx.Tx.Rollback()
	ended(span, err)
	return err
}

type tracedRows struct {
	driver.Rows
	span trace.Span
	err  error
}

// Next implements driver.Rows.
func (r *tracedRows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return err
}

// Close implements driver.Rows.
func (r *tracedRows) Close() error {
	err := r.Rows.Close()
	ended(r.span, errors.Join(r.err, err))
	return err
}
