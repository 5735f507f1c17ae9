package portal

import (
	"context"
	"errors"
	"time"
)

// Work on many rows that nobody waits for is done in slices, each in a transaction of its own: what is written beside it
// waits for one slice at most, no statement runs into the limit of its time, and a run that was interrupted has done what it
// has done.
const (
	slice     = 1000 // rows
	sliceRest = 100 * time.Millisecond
)

// inSlices runs work, each time in a transaction of its own, until it has changed fewer than a slice of rows. Between two of them
// it rests for as long as the last one took, at most a tenth of a second: on SQLite others get their turn only then.
func (p *Portal) inSlices(ctx context.Context, work func(context.Context, *Tx) (changed int, err error)) error {
	for {
		begun := time.Now()
		changed := 0
		if err := p.write(ctx, func(ctx context.Context, tx *Tx) (err error) {
			changed, err = work(ctx, tx)
			return err
		}); err != nil || changed < slice {
			return err
		}
		if err := rest(ctx, min(time.Since(begun), sliceRest)); err != nil {
			return err
		}
	}
}

// rest waits, or returns the context's error.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// deleteSlice deletes as many of a table's rows as fit into a slice, by a condition on them, and returns how many.
func (tx *Tx) deleteSlice(ctx context.Context, table, order string, condition func(bind func(any) string) string) (int, error) {
	a := tx.Args()
	done, err := tx.SQL.ExecContext(ctx, `DELETE FROM `+table+` WHERE id IN (SELECT id FROM `+table+` WHERE `+condition(a.Bind)+
		` ORDER BY `+order+` LIMIT `+a.Bind(slice)+`)`, a.List()...)
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// eachOf calls each with every id of a list that is read a slice at a time, after the last id read before. An error of one
// keeps no others from their turn; all are joined.
func eachOf(ctx context.Context, next func(last string) ([]string, error), each func(id string) error) error {
	var errs []error
	for last := ""; ; {
		ids, err := next(last)
		if err != nil || len(ids) == 0 {
			return errors.Join(append(errs, err)...) //nolint:forbidigo // each is of another row, and only a log reads them
		}
		for _, id := range ids {
			if ctx.Err() != nil {
				return errors.Join(append(errs, ctx.Err())...) //nolint:forbidigo // likewise
			}
			if err := each(id); err != nil && len(errs) < 10 {
				errs = append(errs, err)
			}
			last = id
		}
	}
}
