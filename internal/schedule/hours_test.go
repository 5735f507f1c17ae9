package schedule_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/schedule"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	rules := townHall(time.UTC)
	rules.Closures = []schedule.Closure{
		{From: date(t, "2026-12-22"), To: date(t, "2026-12-22"), TimeFrom: 15 * 60, TimeTo: 24 * 60},
		{From: date(t, "2026-12-22"), To: date(t, "2026-12-22"), Counter: 1},
		{From: date(t, "2026-12-23"), To: date(t, "2026-12-24")},
	}
	calendar, err := schedule.NewCalendar(rules, date(t, "2026-12-21"), 0)
	require.NoError(t, err)

	for on, want := range map[string]schedule.Reason{"2026-12-24": schedule.Closed, "2026-12-25": schedule.Holiday, "2026-12-27": schedule.Closed} {
		hours, reason := calendar.Open(date(t, on))
		require.Empty(t, hours, on)
		require.Equal(t, want, reason, on)
	}
	hours, reason := calendar.Open(date(t, "2026-12-22"))
	require.Empty(t, reason)
	require.Equal(t, []schedule.Hours{{From: 480, To: 600}, {From: 615, To: 720}, {From: 840, To: 900}}, hours, "without break and closure; a closed counter leaves the office open")
}
