package schedule_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/schedule"
)

// townHall is open from eight to noon and from two to four, Monday to Friday, with a quarter of an hour's break at ten,
// a start every quarter, and two counters, of which the first serves passports too.
func townHall(loc *time.Location) schedule.Rules {
	rules := schedule.Rules{
		Zone: loc, Step: 15, Lead: 2 * time.Hour, Horizon: 28,
		Holidays: func(d schedule.Date) bool { return d.Month == time.December && (d.Day == 25 || d.Day == 26) },
		Counters: []schedule.Counter{{Number: 1, Services: []string{"id", "pass"}}, {Number: 2, Services: []string{"id"}}},
	}
	for weekday := time.Monday; weekday <= time.Friday; weekday++ {
		rules.Openings = append(rules.Openings,
			schedule.Rule{Weekday: weekday, From: 8 * 60, To: 12 * 60}, schedule.Rule{Weekday: weekday, From: 14 * 60, To: 16 * 60})
		rules.Breaks = append(rules.Breaks, schedule.Rule{Weekday: weekday, From: 10 * 60, To: 10*60 + 15})
	}
	return rules
}

func clocks(day *schedule.Day) (clocks []string) {
	for _, start := range day.Starts {
		clocks = append(clocks, day.At(start).Format("15:04"))
	}
	return clocks
}

func fill(t testing.TB, rules schedule.Rules, req schedule.Request, on string, busy ...schedule.Allocation) *schedule.Day {
	t.Helper()
	calendar, err := schedule.NewCalendar(rules, date(t, on), 1)
	require.NoError(t, err)
	var slots schedule.Slots
	calendar.Fill(&slots, req, date(t, on), 1, busy)
	return &slots.Days[0]
}

func TestClockChange(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	open := func(from, to schedule.LocalTime) schedule.Rules {
		return schedule.Rules{
			Zone: berlin, Step: 30, Counters: []schedule.Counter{{Number: 1}},
			Openings: []schedule.Rule{{Weekday: time.Sunday, From: from, To: to}},
		}
	}
	req := schedule.Request{Cells: 6, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, berlin)}
	online := func(rules schedule.Rules, cells int) (schedule.Rules, schedule.Request) {
		rules.Horizon = 365
		return rules, schedule.Request{Cells: cells, Now: req.Now, Online: true}
	}

	t.Run("an opening in the skipped hour vanishes", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, fill(t, open(120, 180), req, "2026-03-29").Starts)
		require.Equal(t, schedule.Closed, fill(t, open(120, 180), req, "2026-03-29").Reason)
	})
	t.Run("an opening around the skipped hour is one run", func(t *testing.T) {
		t.Parallel()
		rules, req := online(open(60, 240), 12)
		require.Equal(t, []string{"01:00", "01:30", "03:00"}, clocks(fill(t, rules, req, "2026-03-29")))
	})
	t.Run("an opening in the repeated hour is open twice", func(t *testing.T) {
		t.Parallel()
		rules, req := online(open(120, 180), 6)
		day := fill(t, rules, req, "2026-10-25")
		require.Equal(t, []string{"02:00", "02:30", "02:00", "02:30"}, clocks(day))
		require.Equal(t, int64(5400), day.Unix(day.Starts[3])-day.Unix(day.Starts[0]))
	})
	t.Run("half of the repeated hour is two runs that no span joins", func(t *testing.T) {
		t.Parallel()
		rules, req := online(open(120, 150), 6)
		require.Equal(t, []string{"02:00", "02:00"}, clocks(fill(t, rules, req, "2026-10-25")))
		req.Cells = 7
		require.Empty(t, fill(t, rules, req, "2026-10-25").Starts)
	})
	t.Run("noon is at noon on every day", func(t *testing.T) {
		t.Parallel()
		for on, offset := range map[string]int16{"2026-03-29": 132, "2026-10-25": 156, "2026-11-22": 144} {
			require.Equal(t, []int16{offset}, fill(t, open(720, 750), req, on).Starts)
		}
	})
}

func TestSpan(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, berlin)

	t.Run("ends before a break, the end of the hours and a closure", func(t *testing.T) {
		t.Parallel()
		rules := townHall(berlin)
		rules.Closures = []schedule.Closure{{From: date(t, "2026-11-23"), To: date(t, "2026-11-23"), TimeFrom: 15 * 60, TimeTo: 16 * 60}}
		day := fill(t, rules, schedule.Request{Cells: 9, Now: now, Online: true}, "2026-11-23")
		require.Equal(t, []string{"08:00", "08:15", "08:30", "08:45", "09:00", "09:15", "10:15", "10:30", "10:45", "11:00", "11:15", "14:00", "14:15"}, clocks(day))
	})
	t.Run("never crosses midnight", func(t *testing.T) {
		t.Parallel()
		rules := schedule.Rules{
			Zone: berlin, Step: 30, Counters: []schedule.Counter{{Number: 1}},
			Openings: []schedule.Rule{{Weekday: time.Monday, From: 23 * 60, To: 24 * 60}, {Weekday: time.Tuesday, From: 0, To: 60}},
		}
		require.Len(t, fill(t, rules, schedule.Request{Cells: 12, Now: now}, "2026-11-23").Starts, 1)
		require.Len(t, fill(t, rules, schedule.Request{Cells: 12, Now: now}, "2026-11-24").Starts, 1)
		require.Empty(t, fill(t, rules, schedule.Request{Cells: 13, Now: now}, "2026-11-23").Starts)
	})
	t.Run("longer than any day fits nowhere", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, schedule.Closed, fill(t, townHall(berlin), schedule.Request{Cells: 1 << 40, Now: now}, "2026-11-23").Reason)
	})
	t.Run("without a length is one cell", func(t *testing.T) {
		t.Parallel()
		require.Len(t, fill(t, townHall(berlin), schedule.Request{Cells: -1, Now: now}, "2026-11-23").Starts, 72-3)
	})
}

func TestRulesCheck(t *testing.T) {
	t.Parallel()

	t.Run("names every fault", func(t *testing.T) {
		t.Parallel()
		rules := schedule.Rules{
			Step: 7, Lead: -1, Horizon: -1,
			Openings: []schedule.Rule{{Weekday: 7, From: 0, To: 5}, {From: 60, To: 60}, {From: 0, To: 1445}, {From: 3, To: 60}},
			Breaks:   []schedule.Rule{{From: 0, To: 5, ValidFrom: date(t, "2026-02-01"), ValidTo: date(t, "2026-01-01")}},
			Closures: []schedule.Closure{{}, {From: date(t, "2026-02-01"), To: date(t, "2026-02-01"), TimeFrom: 600, TimeTo: 540}},
			Counters: []schedule.Counter{{Number: 1}, {Number: 1, Public: []schedule.Rule{{}}}, {Openings: []schedule.Rule{{}}}},
		}
		_, err := schedule.NewCalendar(rules, date(t, "2026-01-01"), 1)
		require.Error(t, err)
		for _, field := range []string{
			"zone:", "step:", "lead:", "horizon:", "openings[0]:", "openings[1]:", "openings[2]:", "openings[3]:", "breaks[0]:",
			"closures[0]:", "closures[1]:", "counters[1]:", "counters[1].public[0]:", "counters[2]:", "counters[2].openings[0]:",
		} {
			require.ErrorContains(t, err, field)
		}
	})
	t.Run("finds nothing wrong with the town hall", func(t *testing.T) {
		t.Parallel()
		require.NoError(t, townHall(time.UTC).Check())
	})
}
