package portal

import "time"

// inZone puts instants into a zone, in place.
func inZone(zone *time.Location, instants ...*time.Time) {
	for _, at := range instants {
		*at = at.In(zone)
	}
}

// inZoneIfSet is inZone for instants that there may not be. What they pointed at before stays as it was, since others may have it.
func inZoneIfSet(zone *time.Location, instants ...**time.Time) {
	for _, at := range instants {
		if *at != nil {
			local := (*at).In(zone)
			*at = &local
		}
	}
}

// inOrder returns rows in the order of ids, the zero value for an id without a row.
func inOrder[T any](ids []string, rows []T, idOf func(T) string) []T {
	byID := make(map[string]T, len(rows))
	for _, row := range rows {
		byID[idOf(row)] = row
	}
	ordered := make([]T, len(ids))
	for i, id := range ids {
		ordered[i] = byID[id]
	}
	return ordered
}
