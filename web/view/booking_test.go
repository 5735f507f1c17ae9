package view_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/web/api"
	"nelke/web/view"
)

// TestATimeThatHasComeTooNearIsNotCalledTaken keeps apart the times that somebody has and those that the lead time of the office has reached.
func TestATimeThatHasComeTooNearIsNotCalledTaken(t *testing.T) {
	t.Parallel()
	seven := time.Date(2026, time.November, 23, 7, 0, 0, 0, time.UTC)
	at := func(asOf time.Duration, starts ...time.Duration) *view.FreeTimes {
		day := api.CalendarDay{Date: "2026-11-23"}
		for _, s := range starts {
			day.Starts = append(day.Starts, seven.Add(s))
		}
		return &view.FreeTimes{Calendar: view.NewCalendar(&api.Calendar{AsOf: seven.Add(asOf), Days: []api.CalendarDay{day}}, "")}
	}
	const m = time.Minute
	first := at(0, 60*m, 75*m, 90*m, 105*m)
	taken := at(2*m, 75*m, 90*m, 105*m)
	taken.Since(first)
	require.Empty(t, taken.Taken, "58 minutes ahead may be too near")
	later := at(3*m, 75*m, 105*m)
	later.Since(taken)
	require.Equal(t, []time.Time{seven.Add(90 * m)}, later.Taken)
	passed := at(16*m, 105*m)
	passed.Since(later)
	require.Empty(t, passed.Taken)
	again := at(16*m, 90*m, 105*m)
	again.Since(passed)
	require.Empty(t, again.Taken)
	require.Equal(t, "2026-11-23", again.Calendar.FirstDay())
}
