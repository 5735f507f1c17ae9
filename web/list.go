package web

import "nelke/web/api"

// mostPages bounds a list that is read page by page: 5,000 entries, a hundred a page.
const mostPages = 50

// list returns the entries of all pages of a list. read returns the page after a cursor, the first for nil.
func list[T any](read func(after *string) ([]T, api.PageEnd, error)) ([]T, error) {
	first, end, err := read(nil)
	if err != nil {
		return nil, err
	}
	more, err := rest(end, read)
	return append(first, more...), err
}

// rest returns the entries of a list after a page that ended at end.
func rest[T any](end api.PageEnd, read func(after *string) ([]T, api.PageEnd, error)) (all []T, err error) {
	for page := 1; page < mostPages && end.HasNextPage; page++ {
		var entries []T
		if entries, end, err = read(end.EndCursor); err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}
