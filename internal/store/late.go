package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	entsql "entgo.io/ent/dialect/sql"
)

// ErrNoAnswer says that the caller's time was over while it waited for the database, or for one of its connections. It comes
// together with the error of the caller's context.
var ErrNoAnswer = errors.New("the database didn't answer in time")

// hanging is how long a wait must have lasted for the database to be the reason that the deadline passed. A caller whose deadline
// passes sooner had hardly any time left when the wait began.
const hanging = time.Second

// Late adds ErrNoAnswer to an error that ends a wait for the database, begun at an instant, where the deadline of its context
// ended it.
func Late(ctx context.Context, begun time.Time, err error) error {
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, ErrNoAnswer) || time.Since(begun) < hanging {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNoAnswer, withCause(ctx, err))
}

// timed is ent's driver with Late applied to the errors of its statements.
type timed struct {
	*entsql.Driver
	again func(context.Context, func() error) error // sends a query: Store.again, or once within a transaction
}

// Exec implements dialect.ExecQuerier.
func (d timed) Exec(ctx context.Context, query string, args, v any) error {
	begun := time.Now()
	return Late(ctx, begun, d.Driver.Exec(ctx, query, args, v))
}

// Query implements dialect.ExecQuerier.
func (d timed) Query(ctx context.Context, query string, args, v any) error {
	begun := time.Now()
	if err := d.again(ctx, func() error { return d.Driver.Query(ctx, query, args, v) }); err != nil {
		return Late(ctx, begun, err)
	}
	if rows, ok := v.(*entsql.Rows); ok {
		rows.ColumnScanner = timedRows{rows.ColumnScanner, ctx, begun}
	}
	return nil
}

// timedRows are the rows of such a statement: reading them may fail as well.
type timedRows struct {
	entsql.ColumnScanner
	ctx   context.Context //nolint:containedctx // of the statement that they are of
	begun time.Time
}

// Err implements entsql.ColumnScanner.
func (r timedRows) Err() error { return Late(r.ctx, r.begun, r.ColumnScanner.Err()) }
