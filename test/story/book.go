package main

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// watch: others have the same day open.
func (s *visiting) watch(ctx context.Context) {
	s.chapter("Others watch the same day")
	s.step("Max, whom nobody knows, has the same calendar open.")
	s.calendar = watching[freeDays](ctx, s.story, s.max, watchFreeDays, vars{"in": vars{"office": s.office.ID, "concerns": s.concern(), "days": 1}})

	s.step("Frau Amtmann, a clerk, opens the day's board.")
	s.board = watching[dayOfOffice](ctx, s.story, s.clerk, watchBoard, vars{"office": s.office.ID, "date": s.today()})

	s.step("Frau Brand phones; the clerk books %s for her.", hour(s.first))
	s.brand = s.byPhone(ctx, "Karin", "Brand", s.first)
	s.seeBoard(ctx, s.brand, "BOOKED")
	s.seeCalendar(ctx, hour(s.first)+": one counter left of two", func(f freeDays) bool { return f.counters(s.first) == 1 })
}

// byPhone books for somebody who phoned.
func (s *visiting) byPhone(ctx context.Context, givenName, familyName string, start time.Time) appointment {
	return s.do(ctx, s.clerk, "bookAppointmentFor", "BOOKED", vars{
		"office": s.office.ID, "start": start, "concerns": s.concern(), "channel": "PHONE",
		"person": vars{"givenName": givenName, "familyName": familyName, "phone": "+495235504999"},
	})
}

// book: Erika holds the last counter, Max comes too late, and she books.
func (s *visiting) book(ctx context.Context) {
	s.chapter("Erika books")
	s.step("Erika opens a case, with a key of her own making.")
	s.call(openCase.name(), s.erika.At.Name, s.openCase(ctx, s.erika))
	s.holdFirst(ctx)
	s.tooLate(ctx)

	s.turn(7, 38)
	s.step("Two minutes are left. She asks for more, once.")
	held := s.do(ctx, s.erika, "extendHold", "HELD", vars{"appointment": s.mine.ID})
	s.check(held.HeldUntil != nil && held.HeldUntil.After(*s.mine.HeldUntil) && !held.Extendable, "extendHold", "a longer hold", held)
	s.seeOwn(ctx, "held until "+s.local(*held.HeldUntil)+", and no longer than that", func(a appointment) bool {
		return a.HeldUntil != nil && a.HeldUntil.Equal(*held.HeldUntil)
	})
	s.confirm(ctx)
}

func (s *visiting) holdFirst(ctx context.Context) {
	s.step("She holds %s, the last counter for it.", hour(s.first))
	s.mine = s.do(ctx, s.erika, "holdSlot", "HELD", vars{"office": s.office.ID, "start": s.first, "concerns": s.concern()})
	s.check(s.mine.Start.Equal(s.first) && s.mine.HeldUntil != nil && s.mine.Person == nil && s.mine.Counter == nil, "holdSlot",
		"her time, held, without a person and a counter to see", s.mine)
	s.seeCalendar(ctx, hour(s.first)+" is gone", func(f freeDays) bool { return f.counters(s.first) == 0 })
	s.seeBoard(ctx, s.mine, "HELD")
	s.step("It is hers until %s. She leaves the page open.", s.local(*s.mine.HeldUntil))
	s.own = watching[oneAppointment](ctx, s.story, s.erika, watchOwn, vars{"id": s.mine.ID})
}

func (s *visiting) tooLate(ctx context.Context) {
	s.step("Max opens a case too and clicks %s, a moment too late.", hour(s.first))
	s.openCase(ctx, s.max)
	taken := s.refused(ctx, s.max, mutation("holdSlot"), "SLOT_TAKEN", vars{"office": s.office.ID, "start": s.first, "concerns": s.concern()})
	s.check(taken.Reason == "FULL" && len(taken.Alternatives) > 0, "SLOT_TAKEN", "alternatives", taken)
	shown := s.calendar.all()
	for i, at := range taken.Alternatives {
		s.check(shown[len(shown)-1].Data.counters(at) > 0, "SLOT_TAKEN", "times that his calendar shows as free", taken)
		taken.Alternatives[i] = at.In(s.scene.zone)
	}
	s.note("SLOT_TAKEN “%s” Nearest: %s.", taken.Message, hours(taken.Alternatives[:min(3, len(taken.Alternatives))]))
	s.step("He asks for her appointment by its id: null.")
	seen := ask[oneAppointment](ctx, s.story, s.max, readAppointment, vars{"id": s.mine.ID})
	s.check(seen.Appointment == nil, "appointment", "null", seen.Appointment)
}

// confirm: the privacy notice, the booking, an answer that is lost, and the same request again.
func (s *visiting) confirm(ctx context.Context) {
	input := func(key string) vars {
		return vars{
			"idempotencyKey": key, "appointment": s.mine.ID, "reminder": true,
			"person": vars{"givenName": "Erika", "familyName": "Mustermann", "email": "erika.mustermann@example.org"},
		}
	}
	s.step("She books, and skips the Datenschutzerklärung.")
	skipped := s.refused(ctx, s.erika, mutation("bookAppointment"), "NOTICE_NOT_ACKNOWLEDGED", input(uuid.NewString()))
	s.note("NOTICE_NOT_ACKNOWLEDGED “%s”", skipped.Message)
	s.step("She reads it.")
	text := ask[notice](ctx, s.story, s.erika, readNotice, nil).Municipality.PrivacyNotice
	s.check(text.ID != "" && len(text.Sha256) == 64, "privacyNotice", "a notice with its SHA-256", text)
	s.note("Version %d, in force since %s, SHA-256 %s…", text.Version, text.ValidFrom, text.Sha256[:12])

	s.step("She accepts it and books; the answer gets lost.")
	key := uuid.NewString()
	booking := mutation("bookAppointment")
	again := input(key)
	again["privacyNotice"] = text.ID
	s.sent = time.Now()
	s.must(s.erika.lose(ctx, booking, vars{"in": again}), "bookAppointment")
	s.call(booking.name(), s.erika.At.Name, 0)
	s.seeBoard(ctx, s.mine, "BOOKED")
	s.seeOwn(ctx, "booked", func(a appointment) bool { return a.Status == "BOOKED" && a.HeldUntil == nil })

	where := ""
	if len(s.scene.running) > 1 {
		where = " at B"
	}
	s.step("Her browser repeats it%s, same idempotency key.", where)
	other := s.erika.at(s.scene.second())
	got := s.do(ctx, other, "bookAppointment", "BOOKED", again)
	s.check(got.ID == s.mine.ID && got.Reference == s.mine.Reference && got.Reminder && got.Start.Equal(s.first), "the repeat", s.mine, got)
	var read ownCase
	_, err := other.ask(ctx, readCase, nil, &read)
	s.must(err, "%s", readCase.name())
	mine := read.Viewer.Case
	booked := 0
	for _, event := range mine.Events {
		if event.Action == "appointment.booked" {
			booked++
		}
	}
	s.check(booked == 1 && len(mine.Appointments) == 1, "the case", "one appointment, booked once", mine)
	s.note("The same answer: %s, %s at %s. Her case has %s, booked once.", got.Reference,
		s.first.Format("Monday"), hour(s.first), plural(len(mine.Appointments), "appointment"))
}

// local is a time of day with seconds, for what lasts minutes.
func (s *visiting) local(at time.Time) string {
	return at.In(s.scene.zone).Format("15:04:05")
}
