package main

import (
	"context"
	"fmt"
	"strings"
)

// move: Erika reschedules.
func (s *visiting) move(ctx context.Context) {
	s.chapter("Erika moves")
	s.turn(8, 10)
	s.step("Herr Schulze phones and gets %s.", hour(s.then))
	s.schulze = s.byPhone(ctx, "Jens", "Schulze", s.then)
	s.seeCalendar(ctx, hour(s.then)+": one counter left of two", func(f freeDays) bool { return f.counters(s.then) == 1 })
	before := len(s.calendar.all()) - 1

	s.step("Erika's bus comes later: she moves to %s.", hour(s.then))
	moved := s.do(ctx, s.erika, "rescheduleAppointment", "BOOKED", vars{"appointment": s.mine.ID, "start": s.then})
	s.check(moved.Reference == s.mine.Reference && moved.Start.Equal(s.then), "rescheduleAppointment", s.mine.Reference+" at 10:00", moved)
	s.seeCalendar(ctx, fmt.Sprintf("%s is back, %s is gone", hour(s.first), hour(s.then)), func(f freeDays) bool {
		return f.counters(s.first) == 1 && f.counters(s.then) == 0
	})
	s.seeOwn(ctx, "moved to "+hour(s.then), func(a appointment) bool { return a.Start.Equal(s.then) })
	s.mine = moved
	see(ctx, s.story, s.board, "the clerk's board", func(d dayOfOffice) string {
		if a := d.find(moved.ID); a != nil && a.Start.Equal(s.then) {
			return onBoard(*a) + a.Status
		}
		return ""
	})
	// Half a move is what nobody may ever see, however short.
	states := s.calendar.all()[before:]
	for _, state := range states {
		s.check(state.Data.counters(s.first)+state.Data.counters(s.then) == 1, "Max's calendar", "one of the two times free at any moment", state.Data)
	}
	s.note("In no message to Max were both times free, or neither (%d messages).", len(states))
	s.elsewhere(ctx)
}

// elsewhere: the clerk of another town.
func (s *visiting) elsewhere(ctx context.Context) {
	other := s.staff("Herr Nachbar", "CLERK@"+elsewhere)
	s.step("A clerk of the next town asks for the board: null.")
	seen := ask[dayOfOffice](ctx, s.story, other, readBoard, vars{"office": s.office.ID, "date": s.today()})
	s.check(seen.AppointmentBoard == nil, "appointmentBoard", "null", seen.AppointmentBoard)
	s.step("He tries to check Erika in: NOT_FOUND.")
	s.refused(ctx, other, mutation("checkIn"), "NOT_FOUND", vars{"appointment": s.mine.ID})
}

// visit: the appointment itself.
func (s *visiting) visit(ctx context.Context) {
	s.chapter("Erika comes")
	s.turn(9, 52)
	s.step("The morning goes by, and Max's calendar with it.")
	see(ctx, s.story, s.calendar, "Max's calendar", func(f freeDays) string {
		slots := f.Availability.Days[0].Slots
		if len(slots) == 0 || slots[0].Start.Before(s.now()) {
			return ""
		}
		return "the first free time is " + hour(slots[0].Start.In(s.scene.zone))
	})
	s.step("Frau Brand, %s, didn't come.", hour(s.first))
	s.do(ctx, s.clerk, "recordNoShow", "NO_SHOW", vars{"appointment": s.brand.ID})
	s.seeBoard(ctx, s.brand, "NO_SHOW")

	s.step("Erika is here, early.")
	s.do(ctx, s.clerk, "checkIn", "CHECKED_IN", vars{"appointment": s.mine.ID})
	s.seeOwn(ctx, "you are expected, please take a seat", func(a appointment) bool { return a.Status == "CHECKED_IN" && a.Counter == nil })
	s.step("Herr Schulze is here too.")
	s.do(ctx, s.clerk, "checkIn", "CHECKED_IN", vars{"appointment": s.schulze.ID})
	see(ctx, s.story, s.board, "the clerk's board", func(d dayOfOffice) string {
		if d.AppointmentBoard == nil || d.AppointmentBoard.Waiting != 2 {
			return ""
		}
		return "2 are waiting"
	})
	s.serve(ctx)
}

// serve: two counters call, and Erika is served.
func (s *visiting) serve(ctx context.Context) {
	one, two := s.office.Counters[0], s.office.Counters[1]
	labels := map[string]string{}
	s.turn(10, 0)
	s.step("Schalter 1 calls the next: it is who came first.")
	called := s.do(ctx, s.clerk, "callNext", "CALLED", vars{"counter": one.ID})
	s.check(called.ID == s.mine.ID && called.Counter != nil, "callNext", s.mine.Reference, called)
	labels[s.mine.ID] = called.Counter.Label
	see(ctx, s.story, s.own, "Erika's window", func(o oneAppointment) string {
		if o.Appointment.Status != "CALLED" || o.Appointment.Counter == nil {
			return ""
		}
		return s.mine.Reference + ", please come to " + o.Appointment.Counter.Label
	})
	s.step("Schalter 2 calls the next.")
	called = s.do(ctx, s.clerk, "callNext", "CALLED", vars{"counter": two.ID})
	s.check(called.ID == s.schulze.ID, "callNext", s.schulze.Reference, called)
	s.seeBoard(ctx, s.schulze, "CALLED")

	s.turn(10, 13)
	s.step("Her Personalausweis is applied for.")
	done := s.do(ctx, s.clerk, "completeAppointment", "COMPLETED", vars{"appointment": s.mine.ID})
	s.check(done.Counter != nil && done.Counter.Label == labels[s.mine.ID], "completeAppointment", labels[s.mine.ID], done.Counter)
	s.seeOwn(ctx, "done; Tschüss, Erika", func(a appointment) bool { return a.Status == "COMPLETED" })
}

// written: what is left of it.
func (s *visiting) written(ctx context.Context) {
	s.chapter("What is written down")
	s.step("The board of the day.")
	day := ask[dayOfOffice](ctx, s.story, s.clerk, readBoard, vars{"office": s.office.ID, "date": s.today()}).AppointmentBoard
	s.check(day != nil && len(day.Appointments) == 3 && day.Waiting == 0, "appointmentBoard", "three appointments, nobody waiting", day)
	for _, a := range day.Appointments {
		s.note("  %s%-9s  %s  %s", onBoard(a), a.Status, a.Reference, map[string]string{"PHONE": "by phone", "ONLINE": "online"}[a.Channel])
	}

	s.step("Her case tells Erika who did what.")
	events := ask[ownCase](ctx, s.story, s.erika, readCase, nil).Viewer.Case.Events
	did := map[string][]string{}
	for _, event := range events {
		did[event.By] = append(did[event.By], last(event.Action))
	}
	person, staff := strings.Join(did["PERSON"], ", "), strings.Join(did["STAFF"], ", ")
	s.check(person == "opened, held, extended, notice acknowledged, booked, rescheduled" &&
		staff == "checked in, called, completed" && len(did) == 2, "the events of the case", "the story", events)
	s.note("  she:    %s", person)
	s.note("  staff:  %s", staff)
}
