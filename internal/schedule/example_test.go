package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"nelke/internal/schedule"
)

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

func mustCalendar(rules schedule.Rules) *schedule.Calendar {
	calendar, err := schedule.NewCalendar(rules, schedule.Date{Year: 2026, Month: 12, Day: 1}, 31)
	if err != nil {
		panic(err)
	}
	return calendar
}

// occupied are the cells of an appointment.
func occupied(counter int64, start time.Time, cells int64) (taken []schedule.Allocation) {
	for i := range cells {
		taken = append(taken, schedule.Allocation{Counter: counter, Cell: schedule.CellOf(start.Unix()) + i})
	}
	return taken
}

// An office opens on Mondays from nine to ten with one counter; half an hour of it is taken.
func Example() {
	rules := schedule.Rules{
		Zone: mustLoad("Europe/Berlin"), Step: 15, Horizon: 28,
		Openings: []schedule.Rule{{Weekday: time.Monday, From: 9 * 60, To: 10 * 60}},
		Counters: []schedule.Counter{{Number: 1, Services: []string{"passport"}}},
	}
	monday := schedule.Date{Year: 2026, Month: 12, Day: 7}
	calendar, err := schedule.NewCalendar(rules, monday, 28)
	if err != nil {
		panic(err)
	}
	nine := time.Date(2026, 12, 7, 9, 0, 0, 0, rules.Zone)
	taken := occupied(1, nine, 6)
	request := schedule.Request{Services: []string{"passport"}, Cells: 3, Online: true, Now: nine.Add(-time.Hour)}

	var slots schedule.Slots
	calendar.Fill(&slots, request, monday, 1, taken)
	fmt.Println(clocks(&slots.Days[0]))
	counter, reason := calendar.Choose(request, nine.Add(30*time.Minute), taken, rand.IntN)
	fmt.Printf("counter %d %q\n", counter, reason)
	_, reason = calendar.Choose(request, nine, taken, rand.IntN)
	fmt.Println(reason)
	// Output:
	// [09:30 09:45]
	// counter 1 ""
	// FULL
}

// A passport takes half an hour at the first counter, which is taken from nine to ten.
func ExampleCalendar_Fill() {
	berlin := mustLoad("Europe/Berlin")
	calendar := mustCalendar(townHall(berlin))
	wish := schedule.Request{Services: []string{"pass"}, Cells: 6, Online: true, Now: time.Date(2026, 12, 23, 8, 20, 0, 0, berlin)}
	taken := occupied(1, time.Date(2026, 12, 24, 9, 0, 0, 0, berlin), 12)

	var slots schedule.Slots
	calendar.Fill(&slots, wish, schedule.Date{Year: 2026, Month: 12, Day: 23}, 4, taken)
	for i := range slots.Days {
		fmt.Printf("%s %q %v\n", slots.Days[i].Date, slots.Days[i].Reason, clocks(&slots.Days[i]))
	}
	fmt.Println("true until", slots.Until().Format(time.DateTime))
	for _, slot := range slots.Nearest(time.Date(2026, 12, 24, 9, 0, 0, 0, berlin), 3) {
		fmt.Println("instead of nine", slot.Start.Format(time.DateTime))
	}
	// Output:
	// 2026-12-23 "" [10:30 10:45 11:00 11:15 11:30 14:00 14:15 14:30 14:45 15:00 15:15 15:30]
	// 2026-12-24 "" [08:00 08:15 08:30 10:15 10:30 10:45 11:00 11:15 11:30 14:00 14:15 14:30 14:45 15:00 15:15 15:30]
	// 2026-12-25 "HOLIDAY" []
	// 2026-12-26 "HOLIDAY" []
	// true until 2026-12-23 08:30:00
	// instead of nine 2026-12-24 08:30:00
	// instead of nine 2026-12-24 08:15:00
	// instead of nine 2026-12-24 08:00:00
}

// What stands in the calendar of a day that has few starts left.
func ExampleDay_Explain() {
	berlin := mustLoad("Europe/Berlin")
	rules := townHall(berlin)
	rules.Step = 60
	wish := schedule.Request{Services: []string{"pass"}, Cells: 12, Online: true, Now: time.Date(2026, 12, 22, 6, 30, 0, 0, berlin)}
	taken := occupied(1, time.Date(2026, 12, 22, 11, 30, 0, 0, berlin), 3)

	var slots schedule.Slots
	mustCalendar(rules).Fill(&slots, wish, schedule.Date{Year: 2026, Month: 12, Day: 22}, 1, taken)
	for _, slot := range slots.Days[0].Explain(nil) {
		fmt.Printf("%s %d %q\n", slot.Start.Format("15:04"), slot.Counters, slot.Reason)
	}
	// Output:
	// 08:00 0 "TOO_SOON"
	// 09:00 1 ""
	// 10:00 0 "CLOSED"
	// 11:00 0 "FULL"
	// 14:00 1 ""
	// 15:00 1 ""
}

// The second counter has just this half hour left, so it takes the appointment, and the first keeps its long morning.
func ExampleCalendar_Choose() {
	berlin := mustLoad("Europe/Berlin")
	calendar := mustCalendar(townHall(berlin))
	start := time.Date(2026, 12, 22, 9, 0, 0, 0, berlin)
	taken := append(occupied(2, start.Add(-time.Hour), 12), occupied(2, start.Add(30*time.Minute), 6)...)
	first := func(int) int { return 0 }

	choose := func(service string, start, now time.Time) {
		wish := schedule.Request{Services: []string{service}, Cells: 6, Online: true, Now: now}
		counter, reason := calendar.Choose(wish, start, taken, first)
		fmt.Printf("%s at %s: %d %q\n", service, start.Format("02. 15:04"), counter, reason)
	}
	yesterday := start.AddDate(0, 0, -1)
	choose("id", start, yesterday)
	choose("pass", start, yesterday)
	choose("wedding", start, yesterday)
	choose("id", start.Add(5*time.Minute), yesterday)
	choose("id", start.Add(time.Hour), yesterday)
	choose("id", start, start.Add(-time.Hour))
	choose("id", start, start.Add(time.Minute))
	choose("id", start, start.AddDate(0, 0, -29))
	choose("id", start.AddDate(0, 0, 3), yesterday)
	// Output:
	// id at 22. 09:00: 2 ""
	// pass at 22. 09:00: 1 ""
	// wedding at 22. 09:00: 0 "NO_QUALIFIED_COUNTER"
	// id at 22. 09:05: 0 "OFF_GRID"
	// id at 22. 10:00: 0 "CLOSED"
	// id at 22. 09:00: 0 "TOO_SOON"
	// id at 22. 09:00: 0 "PAST"
	// id at 22. 09:00: 0 "TOO_FAR"
	// id at 25. 09:00: 0 "HOLIDAY"
}
