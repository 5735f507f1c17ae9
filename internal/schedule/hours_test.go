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

// A dated opening has the last word over holidays, weekly hours and breaks; over a closure it has not.
func TestDatedOpenings(t *testing.T) {
	t.Parallel()
	rules := townHall(time.UTC)
	rules.Closures = []schedule.Closure{{From: date(t, "2026-12-26"), To: date(t, "2026-12-26")}}
	rules.Dated = []schedule.Opening{
		{From: date(t, "2026-12-25"), To: date(t, "2026-12-27"), TimeFrom: 540, TimeTo: 720, Online: true},
		{From: date(t, "2026-12-25"), To: date(t, "2026-12-25"), TimeFrom: 780, TimeTo: 840},
		{From: date(t, "2026-12-22"), To: date(t, "2026-12-22"), TimeFrom: 600, TimeTo: 660, Counter: 1, Online: true},
	}
	calendar, err := schedule.NewCalendar(rules, date(t, "2026-12-21"), 7)
	require.NoError(t, err)

	hours, reason := calendar.Open(date(t, "2026-12-25"))
	require.Empty(t, reason)
	require.Equal(t, []schedule.Hours{{From: 540, To: 720}, {From: 780, To: 840}}, hours, "on a public holiday")
	hours, _ = calendar.Open(date(t, "2026-12-27"))
	require.Equal(t, []schedule.Hours{{From: 540, To: 720}}, hours, "on a Sunday")
	_, reason = calendar.Open(date(t, "2026-12-26"))
	require.Equal(t, schedule.Closed, reason, "a closure closes all the same")
	hours, _ = calendar.Open(date(t, "2026-12-22"))
	require.Equal(t, []schedule.Hours{{From: 480, To: 600}, {From: 615, To: 720}, {From: 840, To: 960}}, hours, "one counter's opening leaves the office's hours")
	at := func(clock string) time.Time {
		when, err := time.Parse("2006-01-02 15:04", clock)
		require.NoError(t, err)
		return when
	}
	require.True(t, calendar.Covers(1, at("2026-12-22 10:00"), 12))
	require.False(t, calendar.Covers(1, at("2026-12-22 09:00"), 3), "the counter has these hours and no others")

	rules.Dated[0].To = date(t, "2026-12-24")
	require.ErrorContains(t, rules.Check(), "dated[0]")
	rules.Dated[0].To, rules.Dated[0].TimeTo = date(t, "2026-12-25"), 722
	require.ErrorContains(t, rules.Check(), "dated[0]")
}
