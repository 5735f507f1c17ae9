package main

import (
	"context"
	"fmt"
	"time"
)

// visiting is the story of an appointment for a Personalausweis.
type visiting struct {
	*story

	service  string // id of the Personalausweis
	office   office
	first    time.Time // when Erika wants to come
	then     time.Time // to when she moves
	mine     appointment
	brand    appointment // of Frau Brand, who phones
	schulze  appointment // of Herr Schulze, who phones too
	calendar *window[freeDays]
	board    *window[dayOfOffice]
	own      *window[oneAppointment]
}

func personalausweis(ctx context.Context, told *story) {
	s := &visiting{story: told}
	s.introduce()
	s.look(ctx)
	s.watch(ctx)
	s.book(ctx)
	s.move(ctx)
	s.visit(ctx)
	s.written(ctx)
}

// introduce says where we are.
func (s *visiting) introduce() {
	began := "nelke serve --demo, in an empty folder."
	if len(s.scene.running) > 1 {
		began = fmt.Sprintf("nelke migrate (%d migrations), then nelke serve --demo twice: A for Erika, B for everybody else.", s.scene.migrated)
	}
	s.title("An appointment for a Personalausweis · "+s.up.title, began,
		"The clock is set: it is "+s.now().Format("Monday, 2 January 2006, 15:04")+" in Blomberg.",
		"Right: the request and its answer's time. ⇒ an open WebSocket shows it, so long after the request.",
	)
}

// do is write for what must succeed with an appointment in a state. The clerk's board must come to show that state
// each time, also where the story doesn't tell of it.
func (s *visiting) do(ctx context.Context, c *client, name, status string, input vars) appointment {
	w := s.write(ctx, c, mutation(name), input)
	s.check(len(w.Payload.Problems) == 0, name, "no problems", w.Payload.Problems)
	s.check(w.Payload.Appointment != nil && w.Payload.Appointment.Status == status, name, status, w.Payload.Appointment)
	a := *w.Payload.Appointment
	if s.board != nil {
		_, err := s.board.await(ctx, func(d dayOfOffice) bool { return d.status(a.ID) == status })
		s.must(err, "the clerk's board after %s", name)
	}
	return a
}

// seeBoard waits until the clerk's board shows an appointment in a state.
func (s *visiting) seeBoard(ctx context.Context, a appointment, status string) {
	see(ctx, s.story, s.board, "the clerk's board", func(d dayOfOffice) string {
		if d.status(a.ID) != status {
			return ""
		}
		return onBoard(*d.find(a.ID)) + status
	})
}

// onBoard is an appointment in the words of the board, but for its state.
func onBoard(a appointment) string {
	who := "somebody"
	if a.Person != nil {
		who = a.Person.FamilyName
	}
	where := "no counter"
	if a.Counter != nil {
		where = a.Counter.Label
	}
	return fmt.Sprintf("%s  %-10s  %-10s  ", hour(a.Start), where, who)
}

// seeCalendar waits until Max's calendar fits.
func (s *visiting) seeCalendar(ctx context.Context, text string, fits func(freeDays) bool) {
	see(ctx, s.story, s.calendar, "Max's calendar", func(f freeDays) string {
		if !fits(f) {
			return ""
		}
		return text
	})
}

// seeOwn waits until Erika's own window fits.
func (s *visiting) seeOwn(ctx context.Context, text string, fits func(appointment) bool) {
	see(ctx, s.story, s.own, "Erika's window", func(o oneAppointment) string {
		if o.Appointment == nil || !fits(*o.Appointment) {
			return ""
		}
		return text
	})
}

// concern is one Personalausweis.
func (s *visiting) concern() []vars { return []vars{{"service": s.service, "quantity": 1}} }
