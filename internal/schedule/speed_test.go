package schedule_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/schedule"
)

// month is what a public calendar asks: 28 days of 4 counters, a third of their time taken by half hours here and there.
func month(tb testing.TB) (fill func(), slots *schedule.Slots) {
	tb.Helper()
	berlin := zone(tb, "Europe/Berlin")
	rules := townHall(berlin)
	rules.Step = 5
	services := []string{"id", "pass", "register"}
	rules.Counters = nil
	for number := range int64(4) {
		rules.Counters = append(rules.Counters, schedule.Counter{Number: number + 1, Services: services})
	}
	from := date(tb, "2026-10-12") // the clock changes within
	calendar, err := schedule.NewCalendar(rules, from, 28)
	require.NoError(tb, err)

	var busy []schedule.Allocation
	for number := range int64(4) {
		for day := range 28 {
			for i := range 4 {
				start := from.AddDays(day).Midnight(berlin).Add(time.Duration(8*60+15*int(number)+90*i) * time.Minute)
				busy = append(busy, occupied(number+1, start, 6)...)
			}
		}
	}
	req := schedule.Request{Services: services[:2], Cells: 6, Online: true, Now: from.Midnight(berlin)}
	slots = &schedule.Slots{}
	return func() { calendar.Fill(slots, req, from, 28, busy) }, slots
}

// TestFillMemory isn't parallel: testing.AllocsPerRun counts the allocations of the whole process.
func TestFillMemory(t *testing.T) { //nolint:paralleltest // see above
	fill, slots := month(t)
	require.Zero(t, testing.AllocsPerRun(100, fill))
	starts := 0
	for i := range slots.Days {
		starts += len(slots.Days[i].Starts)
	}
	require.Greater(t, starts, 500)
}

func BenchmarkFill28Days4Counters(b *testing.B) {
	fill, _ := month(b)
	b.ReportAllocs()
	for b.Loop() {
		fill()
	}
}

// BenchmarkNewCalendar is what a change of the rules costs.
func BenchmarkNewCalendar(b *testing.B) {
	rules := townHall(zone(b, "Europe/Berlin"))
	from := date(b, "2026-10-12")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schedule.NewCalendar(rules, from, 28); err != nil {
			b.Fatal(err)
		}
	}
}
