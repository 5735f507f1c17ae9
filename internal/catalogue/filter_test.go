package catalogue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/ent"
)

// A list of a filter is looked up with each entry once, and the client's own stays as it came.
func TestAFilterHasEachEntryOnce(t *testing.T) {
	t.Parallel()
	given := PublicServiceFilter{LeikaKeys: []string{"2", "1", "2"}, Kinds: []string{"b", "a", "b", "b"}}
	sorted := given.sorted()
	require.Equal(t, []string{"1", "2"}, sorted.LeikaKeys)
	require.Equal(t, []string{"a", "b"}, sorted.Kinds)
	require.Equal(t, []string{"b", "a", "b", "b"}, given.Kinds)

	key := "2"
	s := &Service{PublicService: &ent.PublicService{LeikaKey: &key, Kind: "a"}}
	require.True(t, s.matches(sorted, time.Time{}))
	for _, other := range []PublicServiceFilter{{Kinds: []string{"c", "b"}}, {LeikaKeys: []string{"3"}}} {
		require.False(t, s.matches(other.sorted(), time.Time{}))
	}
	require.True(t, s.matches(PublicServiceFilter{}.sorted(), time.Time{}), "an empty filter leaves all")
}
