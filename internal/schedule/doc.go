// Package schedule answers when a town's office can be visited: pure functions on bits, with no database, clock or network.
// The public calendar and the booking transaction call the same code, so what is shown is what can be booked.
//
// # Cells
//
// Time is cut into cells of five minutes. A cell's absolute number is its Unix time divided by 300, and is what an allocation
// stores. Within a local day a cell is an offset from local midnight as an instant, so that a day of 23, 24½ or 25 hours is right
// by construction: noon may be offset 132, 144 or 156, and offset × 5 minutes after midnight is always the true instant.
//
// # Wall clock
//
// Rules speak wall-clock time and are converted by the office's zone, one stretch of constant UTC offset after the other.
// On the day the clock springs forward, a rule within the skipped hour covers nothing, and an opening around it is one unbroken
// run. On the day the clock falls back, every rule that covers the repeated hour covers it both times: an opening from 01:00 to
// 02:30 is then open 01:00-02:30 and, half an hour later, 02:00-02:30 again; a break is taken twice as well.
//
// # Use
//
//	calendar, err := schedule.NewCalendar(rules, today, 60) // keep it: it depends on rules and dates only
//	var slots schedule.Slots                                // keep it: its memory is used again
//	calendar.Fill(&slots, request, today, 28, busy)         // what may be booked
//	counter, reason := calendar.Choose(request, start, busy, rand.IntN) // which counter serves it, or why none
package schedule
