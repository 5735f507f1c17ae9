package schedule_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/schedule"
)

func TestBestFit(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 23, hour, minute, 0, 0, berlin) }
	now := at(0, 0).AddDate(0, 0, -1)

	// chosen are the counters among which chance decides, for half an hour at nine; the hours are eight to ten.
	chosen := func(t *testing.T, busy ...[]schedule.Allocation) (chosen []int64) {
		t.Helper()
		rules := townHall(berlin)
		calendar, err := schedule.NewCalendar(rules, date(t, "2026-11-23"), 1)
		require.NoError(t, err)
		for pick := range 4 {
			counter, reason := calendar.Choose(schedule.Request{Services: []string{"id"}, Cells: 6, Now: now}, at(9, 0),
				slices.Concat(busy...), func(n int) int { return pick % n })
			require.Empty(t, reason)
			chosen = append(chosen, counter)
		}
		slices.Sort(chosen)
		return slices.Compact(chosen)
	}

	t.Run("a gap of just that length comes first", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, []int64{2}, chosen(t, occupied(2, at(8, 30), 6), occupied(2, at(9, 30), 1), occupied(1, at(8, 30), 6)))
	})
	t.Run("an end of a long run is better than the middle of a short one", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, []int64{1}, chosen(t, occupied(1, at(8, 55), 1), occupied(2, at(8, 50), 1), occupied(2, at(9, 35), 1)))
	})
	t.Run("of two ends the one of the shorter run", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, []int64{2}, chosen(t, occupied(1, at(8, 55), 1), occupied(2, at(8, 55), 1), occupied(2, at(9, 40), 1)))
	})
	t.Run("chance decides between equals", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, []int64{1, 2}, chosen(t))
	})
}

func TestStaff(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 23, hour, minute, 0, 0, berlin) }
	rules := townHall(berlin)
	for i := range rules.Counters {
		rules.Counters[i].Public = []schedule.Rule{{Weekday: time.Monday, From: 8 * 60, To: 9 * 60}}
	}
	calendar, err := schedule.NewCalendar(rules, date(t, "2026-11-23"), 1)
	require.NoError(t, err)
	choose := func(online bool, start, now time.Time) schedule.Reason {
		_, reason := calendar.Choose(schedule.Request{Cells: 6, Online: online, Now: now}, start, nil, func(int) int { return 0 })
		return reason
	}

	t.Run("books up to the very second, off the step, outside the public share and beyond the horizon", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, choose(false, at(9, 5), at(9, 5)))
		require.Empty(t, choose(false, at(9, 5), at(9, 5).AddDate(-1, 0, 0)))
		require.Equal(t, schedule.Past, choose(false, at(9, 5), at(9, 5).Add(1)))
	})
	t.Run("the public does not", func(t *testing.T) {
		t.Parallel()
		dayBefore := at(9, 0).AddDate(0, 0, -1)
		require.Empty(t, choose(true, at(8, 30), dayBefore))
		require.Equal(t, schedule.OffGrid, choose(true, at(8, 5), dayBefore))
		require.Equal(t, schedule.Closed, choose(true, at(8, 45), dayBefore), "the span ends after the public share")
		require.Empty(t, choose(true, at(8, 30), at(6, 30)))
		require.Equal(t, schedule.TooSoon, choose(true, at(8, 30), at(6, 30).Add(1)))
		require.Empty(t, choose(true, at(8, 30), at(8, 30).AddDate(0, 0, -28)))
		require.Equal(t, schedule.TooFar, choose(true, at(8, 30), at(8, 30).AddDate(0, 0, -29)))
	})
}
