package portal

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever waits for somebody else waits in vain now and then: staff alone can bring to an end whatever is with the office,
// and time whatever isn't.
func TestEveryStateOfAnApplicationHasAWayOutWithoutThePerson(t *testing.T) {
	t.Parallel()
	ends := []string{completed, rejected, withdrawn, "EXPIRED"}
	reaches := func(from string) bool {
		seen := []string{from}
		for i := 0; i < len(seen); i++ {
			if slices.Contains(ends, seen[i]) {
				return true
			}
			for _, m := range applicationMoves {
				if m.from == seen[i] && m.by != byPerson && !slices.Contains(seen, m.to) {
					seen = append(seen, m.to)
				}
			}
		}
		return false
	}
	states := map[string]bool{}
	for _, m := range applicationMoves {
		states[m.to] = true
	}
	require.Len(t, states, 8)
	for state := range states {
		require.True(t, reaches(state), state)
	}
}

// What staff have done by a wrong click, staff can take back.
func TestEveryMoveOfStaffHasAWayBack(t *testing.T) {
	t.Parallel()
	for _, m := range applicationMoves {
		if m.by == byStaff {
			back := slices.ContainsFunc(applicationMoves, func(b applicationMove) bool { return b.from == m.to && b.to == m.from && b.by == byStaff })
			require.True(t, back, "%s from %s to %s", m.action, m.from, m.to)
		}
	}
}
