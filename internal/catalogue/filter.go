package catalogue

import (
	"slices"
	"time"
)

// PublicServiceFilter says which services. Conditions add up.
type PublicServiceFilter struct {
	Ars       *string
	LeikaKeys []string
	Kinds     []string
	Text      *string
	Free      *bool
	Channel   *string
}

// sorted returns the filter with each entry of its lists once and in ascending order, as matches takes them: a list is as long as a
// client makes it, and every service is compared with it.
func (f PublicServiceFilter) sorted() *PublicServiceFilter {
	f.LeikaKeys = slices.Compact(slices.Sorted(slices.Values(f.LeikaKeys)))
	f.Kinds = slices.Compact(slices.Sorted(slices.Values(f.Kinds)))
	return &f
}

// matches reports whether a service fits a sorted filter.
func (s *Service) matches(f *PublicServiceFilter, now time.Time) bool {
	if len(f.LeikaKeys) > 0 && (s.LeikaKey == nil || !in(f.LeikaKeys, *s.LeikaKey)) {
		return false
	}
	if f.Free != nil && *f.Free != (s.FeeOn(s.Town.Today(now)) == nil) {
		return false
	}
	if f.Channel != nil && !slices.Contains(s.Channels, *f.Channel) {
		return false
	}
	return len(f.Kinds) == 0 || in(f.Kinds, s.Kind)
}

// in reports whether a sorted list has an entry.
func in(sorted []string, entry string) bool {
	_, found := slices.BinarySearch(sorted, entry)
	return found
}
