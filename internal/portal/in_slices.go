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

// inSlices reads the next rows that something is to be done with, and does it in a transaction, until there are none. Between
// two of them it rests for as long as the last one took, at most a tenth of a second: on SQLite others get their turn only
// then.
func inSlices[T any](ctx context.Context, p *Portal, next func() ([]T, error), work func(context.Context, *Tx, []T) error) error {
	for {
		rows, err := next()
		if err != nil || len(rows) == 0 {
			return err
		}
		begun := time.Now() //nolint:forbidigo // a length of time and no instant
		if err := p.write(ctx, func(ctx context.Context, tx *Tx) error { return work(ctx, tx, rows) }); err != nil {
			return err
		}
		if len(rows) < slice {
			return nil
		}
		took := time.Since(begun) //nolint:forbidigo // likewise
		if err := rest(ctx, min(took, sliceRest)); err != nil {
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

// int64s are ids as statements take them.
func int64s(ids []int) []int64 {
	list := make([]int64, len(ids))
	for i, id := range ids {
		list[i] = int64(id)
	}
	return list
}
