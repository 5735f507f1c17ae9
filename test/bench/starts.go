package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"nelke/internal/schedule"
)

// benchStarts measures how long it takes to find the free starts of 28 days of four counters, a third of their time
// taken, from masks, as offsets. There is no baseline: the bars are figures of their own.
func benchStarts(_ context.Context, s *stage, results *report) error {
	town := newTown()
	from := s.from()
	calendar, err := schedule.NewCalendar(town.rules(town.calendar()), s.today(), calendarDays+10)
	if err != nil {
		return fmt.Errorf("compile the calendar: %w", err)
	}
	request := schedule.Request{Services: []string{town.service(0)}, Cells: 6, Online: true, Now: s.now()}
	var slots schedule.Slots
	busy := takenCells([]int64{1, 2, 3, 4}, from)
	calendar.Fill(&slots, request, from, calendarDays, busy)
	starts := 0
	for i := range slots.Days {
		starts += len(slots.Days[i].Starts)
	}
	if starts == 0 {
		return fmt.Errorf("the calendar from %s has no free starts", from)
	}
	runs := 20_000
	if s.opts.short {
		runs = 500
	}
	var micros, allocations []float64
	for range s.opts.rounds {
		took, allocated := repeat(runs, func() { calendar.Fill(&slots, request, from, calendarDays, busy) })
		micros = append(micros, float64(took.Nanoseconds())/1e3/float64(runs))
		allocations = append(allocations, float64(allocated/uint64(runs)))
	}
	note := fmt.Sprintf("%d starts, %d cells taken", starts, len(busy))
	results.add(
		row{part: "starts", what: "28 days, 4 counters", values: micros, unit: "µs", bar: atMost(20, "µs"), note: note},
		row{part: "starts", what: "allocations", values: allocations, bar: atMost(0, "")},
	)
	return nil
}

// repeat runs work on one thread and counts what it allocates. Others of this process may allocate meanwhile, a
// handful in all, so the caller divides by the runs as testing.AllocsPerRun does.
func repeat(runs int, work func()) (took time.Duration, allocated uint64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	for range runs {
		work()
	}
	took = time.Since(begin)
	runtime.ReadMemStats(&after)
	return took, after.Mallocs - before.Mallocs
}
