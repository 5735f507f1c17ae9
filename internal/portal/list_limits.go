package portal

import (
	"context"
	"slices"
)

const (
	// maxListed is how many rows a list without pages has: the newest.
	maxListed = 1000
	// maxRows is how many rows such lists have together where they are read for several things at once.
	maxRows = 5000
)

type cutKey struct{}

// WithCut returns a context whose note is called when a list is read that has more rows than it shows: newest is how many it does.
func WithCut(ctx context.Context, note func(newest int)) context.Context {
	return context.WithValue(ctx, cutKey{}, note)
}

// newest reads what belongs to some ids, the newest of it where there is too much, oldest first. read gives rows newest first, so
// many at most, and owner says whose a row is; cut are the ids of which something is left out.
func newest[T any](ctx context.Context, ids []string, read func(ids []string, limit int) ([]T, error), owner func(T) string) (all map[string][]T, cut map[string]bool, err error) {
	all, cut = map[string][]T{}, map[string]bool{}
	if len(ids) == 0 {
		return all, cut, nil
	}
	most := maxListed
	if len(ids) > 1 {
		rows, err := read(ids, maxRows+1)
		if err != nil {
			return nil, nil, err
		}
		if len(rows) <= maxRows {
			for _, row := range rows {
				all[owner(row)] = append(all[owner(row)], row)
			}
			for id := range all {
				all[id], cut[id] = oldestFirst(ctx, all[id], maxListed)
			}
			return all, cut, nil
		}
		most = min(maxListed, max(1, maxRows/len(ids)))
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		rows, err := read([]string{id}, atLeast(most+1))
		if err != nil {
			return nil, nil, err
		}
		all[id], cut[id] = oldestFirst(ctx, rows, most)
	}
	return all, cut, nil
}

// oldestFirst turns rows around, and leaves out the oldest where there are more than so many.
func oldestFirst[T any](ctx context.Context, rows []T, most int) (_ []T, cut bool) {
	if cut = len(rows) > most; cut {
		rows = rows[:most]
		if note, ok := ctx.Value(cutKey{}).(func(int)); ok {
			note(most)
		}
	}
	slices.Reverse(rows)
	return rows, cut
}

// atLeast is the limit of a statement that reads n rows: n, or somewhat more, so that what a client asks for makes a dozen statements
// and not a thousand. PostgreSQL's driver keeps the text of each prepared, and with the limit as an argument each would be planned anew.
func atLeast(n int) int {
	for step := 1; ; step *= 10 {
		for _, most := range []int{step, 2 * step, 5 * step} {
			if n <= most+1 {
				return most + 1 // pages look one row ahead
			}
		}
	}
}
