package schedule_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/schedule"
)

func TestMask(t *testing.T) {
	t.Parallel()

	t.Run("does word by word what a list of bools does one by one", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			var mask schedule.Mask
			var bools [320]bool
			for range rapid.IntRange(1, 6).Draw(t, "stretches") {
				lo, length := rapid.IntRange(-10, 330).Draw(t, "lo"), rapid.IntRange(-1, 330).Draw(t, "length")
				mask.Set(lo, lo+length)
				for cell := max(0, lo); cell < min(320, lo+length); cell++ {
					bools[cell] = true
				}
			}
			n, below := rapid.IntRange(1, 330).Draw(t, "n"), rapid.IntRange(-10, 330).Draw(t, "below")
			runs, rest := mask, mask
			runs.Runs(n)
			rest.ClearBelow(below)
			none := true
			for cell := range bools {
				run := true
				for i := cell; i < cell+n; i++ {
					run = run && i < len(bools) && bools[i]
				}
				require.Equal(t, bools[cell], mask.Has(cell))
				require.Equal(t, run, runs.Has(cell), "run of %d at %d", n, cell)
				require.Equal(t, cell >= below && bools[cell], rest.Has(cell))
				none = none && !bools[cell]
			}
			require.Equal(t, none, mask.Empty())

			first := -1
			for cell := 319; cell >= max(0, below); cell-- {
				if bools[cell] {
					first = cell
				}
			}
			require.Equal(t, first, mask.First(below))
		})
	})

	t.Run("has no bits outside", func(t *testing.T) {
		t.Parallel()
		var mask schedule.Mask
		mask.Set(-100, 1000)
		require.True(t, mask.Has(0))
		require.True(t, mask.Has(319))
		require.False(t, mask.Has(-1))
		require.False(t, mask.Has(320))
		require.Equal(t, -1, mask.First(320))
	})

	t.Run("cells are counted through the epoch", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, int64(0), schedule.CellOf(299))
		require.Equal(t, int64(-1), schedule.CellOf(-1))
		require.Equal(t, int64(-300), schedule.CellStart(schedule.CellOf(-1)))
	})
}
