package portal_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

func (w *world) bookFor(start, channel string, services ...string) *suite.Answer {
	var concerns []suite.Vars
	for _, s := range services {
		concerns = append(concerns, suite.Vars{"service": s})
	}
	return mutate(w.clerk, "bookAppointmentFor", suite.Vars{
		"office": w.place.Office, "start": start, "concerns": concerns, "channel": channel, "person": person("familyName", channel),
	})
}

// Appointments can still be made in person, by phone, by e-mail or by the contact form.
func TestStaffBookForThoseWhoAskInOtherWays(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		for i, channel := range []string{"IN_PERSON", "PHONE", "EMAIL", "CONTACT_FORM"} {
			start := suite.Start().Add(time.Duration(26*60+15*i) * time.Minute).Format(time.RFC3339) // Tuesday from 9 on
			booked := w.bookFor(start, channel, w.place.Service).OK("bookAppointmentFor.appointment")
			require.Equal(t, "BOOKED", booked.Get("status").String())
			require.Equal(t, channel, booked.Get("channel").String())
			require.Equal(t, start, booked.Get("start").String())
			require.Equal(t, channel, booked.Get("person.familyName").String())
			events := w.clerk.Do(`query($id: ID!) { appointment(id: $id) { case { events { action by subject after } acknowledgedAt } } }`,
				suite.Vars{"id": booked.Get("id").String()}).OK("appointment.case.events").Array()
			require.Len(t, events, 2)
			require.Equal(t, "STAFF", events[1].Get("by").String())
			require.Equal(t, "BOOKED", events[1].Get("after").String())
		}
	})
}

// The express counter's first and last hour are for those who come without an appointment.
func TestTimesKeptFromOnlineBookingAreForStaff(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		express := w.service("beglaubigung-dokumente") // 10 minutes, by the express counter alone
		hold := func(start string) *suite.Answer {
			return mutate(w.other, "holdSlot", suite.Vars{"office": w.place.Office, "start": start, "concerns": []suite.Vars{{"service": express}}})
		}
		for _, start := range []string{"2026-11-25T08:30:00+01:00", "2026-11-25T11:30:00+01:00"} {
			w.unchanged(t, func() { refused(t, hold(start), "SLOT_NOT_OFFERED", "input.start") })
			w.bookFor(start, "IN_PERSON", express).OK("bookAppointmentFor.appointment.id")
			w.unchanged(t, func() {
				a := w.bookFor(start, "IN_PERSON", express)
				refused(t, a, "SLOT_TAKEN", "input.start")
			})
		}
		t.Run("and any five minutes of the opening hours, also soon", func(t *testing.T) {
			w := w.in(t)
			w.bookFor("2026-11-25T08:45:00+01:00", "IN_PERSON", express).OK("bookAppointmentFor.appointment.id")
			w.bookFor("2026-11-25T09:05:00+01:00", "PHONE", express).OK("bookAppointmentFor.appointment.id")
			w.Clock.Set(suite.Start().Add(62 * time.Minute))
			w.bookFor("2026-11-23T08:05:00+01:00", "IN_PERSON", express).OK("bookAppointmentFor.appointment.id")
		})
		for name, start := range map[string]string{
			"off the cells": "2026-11-25T09:01:00+01:00", "in the past": "2026-11-23T08:00:00+01:00", "in the lunch break": "2026-11-24T12:45:00+01:00",
			"on a holiday": "2026-12-25T09:00:00+01:00", "on a Sunday": "2026-11-29T09:00:00+01:00",
		} {
			t.Run("but not "+name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() { refused(t, w.bookFor(start, "PHONE", w.place.Service), "SLOT_NOT_OFFERED", "input.start") })
			})
		}
	})
}

func TestCallNextTakesTheEarliestWhomTheCounterServes(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		require.Len(t, w.counters, 3)
		one, two, express := w.counters[0], w.counters[1], w.counters[2]
		late := w.booked // 10:00, Personalausweis
		early := w.other.Booked(w.place, "2026-11-23T08:00:00+01:00").Get("id").String()
		trade := w.bookFor("2026-11-23T08:15:00+01:00", "PHONE", w.service("gewerbe-anmelden")).OK("bookAppointmentFor.appointment.id").String() // counter 2 alone
		paper := w.bookFor("2026-11-23T09:00:00+01:00", "PHONE", w.service("beglaubigung-dokumente")).OK("bookAppointmentFor.appointment.id").String()
		absent := w.bookFor("2026-11-23T09:30:00+01:00", "PHONE", w.place.Service).OK("bookAppointmentFor.appointment.id").String()

		w.unchanged(t, func() { refused(t, w.clerk.CallNext(one, suite.Key()), "NOBODY_WAITING", "input.counter") })
		for _, id := range []string{late, trade, early, paper} { // in another order than they have their times
			require.Equal(t, "CHECKED_IN", w.clerk.On("checkIn", id, suite.Key()).OK("checkIn.appointment.status").String())
		}
		w.unchanged(t, func() { refused(t, w.clerk.On("checkIn", late, suite.Key()), "WRONG_STATE", "input.appointment") })

		called := w.clerk.CallNext(one, suite.Key()).OK("callNext.appointment")
		require.Equal(t, early, called.Get("id").String())
		require.Equal(t, "CALLED", called.Get("status").String())
		require.Equal(t, one, called.Get("counter.id").String())
		w.unchanged(t, func() { refused(t, w.clerk.CallNext(one, suite.Key()), "COUNTER_BUSY", "input.counter") })

		require.Equal(t, trade, w.clerk.CallNext(two, suite.Key()).OK("callNext.appointment.id").String())
		require.Equal(t, paper, w.clerk.CallNext(express, suite.Key()).OK("callNext.appointment.id").String())
		w.clerk.On("completeAppointment", paper, suite.Key()).OK("completeAppointment.appointment.id")
		w.unchanged(t, func() { refused(t, w.clerk.CallNext(express, suite.Key()), "NOBODY_WAITING", "input.counter") })

		require.Equal(t, "COMPLETED", w.clerk.On("completeAppointment", early, suite.Key()).OK("completeAppointment.appointment.status").String())
		w.unchanged(t, func() {
			refused(t, w.clerk.On("completeAppointment", early, suite.Key()), "WRONG_STATE", "input.appointment")
			refused(t, w.clerk.On("completeAppointment", late, suite.Key()), "WRONG_STATE", "input.appointment")
		})
		require.Equal(t, late, w.clerk.CallNext(one, suite.Key()).OK("callNext.appointment.id").String())

		t.Run("who doesn't come is noted once the time has come", func(t *testing.T) {
			w := w.in(t)
			w.Clock.Set(suite.Start().Add(150*time.Minute - time.Microsecond))
			w.unchanged(t, func() {
				refused(t, w.clerk.On("recordNoShow", absent, suite.Key()), "WRONG_STATE", "input.appointment")
			})
			w.Clock.Set(suite.Start().Add(150 * time.Minute))
			require.Equal(t, "NO_SHOW", w.clerk.On("recordNoShow", absent, suite.Key()).OK("recordNoShow.appointment.status").String())
			w.unchanged(t, func() { refused(t, w.clerk.On("undoCheckIn", absent, suite.Key()), "WRONG_STATE", "input.appointment") })
			w.Clock.Set(suite.Start().Add(4 * time.Hour))
			require.Equal(t, "NO_SHOW", w.clerk.On("recordNoShow", late, suite.Key()).OK("recordNoShow.appointment.status").String(), "called, and didn't come")
			w.unchanged(t, func() { refused(t, w.clerk.CallNext(one, suite.Key()), "NOBODY_WAITING", "input.counter") })
		})
	})
}

func TestTwoCountersThatCallAtOnceNeverGetTheSamePerson(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		for _, start := range []string{"2026-11-23T08:00:00+01:00", "2026-11-23T08:15:00+01:00", "2026-11-23T08:30:00+01:00", "2026-11-23T08:45:00+01:00"} {
			id := w.bookFor(start, "PHONE", w.place.Service).OK("bookAppointmentFor.appointment.id").String()
			w.clerk.On("checkIn", id, suite.Key()).OK("checkIn.appointment.id")
		}
		seen := map[string]bool{}
		for range 2 {
			called := make([]*suite.Answer, 20)
			var racing sync.WaitGroup
			for i := range called {
				racing.Go(func() {
					called[i], _ = w.clerk.Try(mutation("callNext"), suite.Vars{"in": suite.Vars{"idempotencyKey": suite.Key(), "counter": w.counters[i%2]}})
				})
			}
			racing.Wait()
			var got []string
			for _, a := range called {
				require.NotNil(t, a)
				a.Clean()
				if id := a.Get("data.callNext.appointment.id").String(); id != "" {
					require.False(t, seen[id], "twice")
					seen[id] = true
					got = append(got, id)
				} else {
					require.Equal(t, "COUNTER_BUSY", a.Problem())
				}
			}
			require.Len(t, got, 2, "one for each counter")
			for _, id := range got {
				w.clerk.On("completeAppointment", id, suite.Key()).OK("completeAppointment.appointment.id")
			}
		}
		require.Len(t, seen, 4)
	})
}

func TestTheBoardShowsTheDayLive(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		document := ` { appointmentBoard(office: "` + w.place.Office + `", date: "2026-11-23") { date waiting office { slug }
			appointments { id status start person { familyName } } counters { counter { id } current { id } } } }`
		watch := w.clerk.Subscribe("subscription"+document, nil)
		board := watch.Next().Get("data.appointmentBoard")
		require.Equal(t, "2026-11-23", board.Get("date").String())
		require.Equal(t, int64(3), board.Get("counters.#").Int())
		require.Equal(t, `["BOOKED"]`, board.Get("appointments.#.status").Raw)
		sees := func(what string, fits func(gjson.Result) bool) {
			m := watch.Until(func(m gjson.Result) bool { return fits(m.Get("data.appointmentBoard")) })
			require.Equal(t, w.clerk.Do(document, nil).OK("appointmentBoard").Raw, m.Get("data.appointmentBoard").Raw, what)
		}

		hold := w.other.Hold(w.place, "2026-11-23T09:00:00+01:00", suite.Key()).OK("holdSlot.appointment.id").String()
		sees("a hold, before those that are later", func(b gjson.Result) bool { return b.Get("appointments.#.status").Raw == `["HELD","BOOKED"]` })
		w.other.Book(w.place, hold, suite.Key()).OK("bookAppointment.appointment.id")
		sees("booked", func(b gjson.Result) bool { return b.Get("appointments.0.person.familyName").String() == "Mustermann" })
		w.clerk.On("checkIn", hold, suite.Key()).OK("checkIn.appointment.id")
		sees("somebody waiting", func(b gjson.Result) bool { return b.Get("waiting").Int() == 1 })
		w.clerk.CallNext(w.counters[1], suite.Key()).OK("callNext.appointment.id")
		sees("whom the counter serves", func(b gjson.Result) bool {
			return b.Get("waiting").Int() == 0 && b.Get("counters.1.current.id").String() == hold
		})
		w.clerk.On("completeAppointment", hold, suite.Key()).OK("completeAppointment.appointment.id")
		sees("the counter free again", func(b gjson.Result) bool {
			return b.Get("counters.1.current").Type == gjson.Null && b.Get("appointments.0.status").String() == "COMPLETED"
		})
		w.holder.On("cancelAppointment", w.booked, suite.Key()).OK("cancelAppointment.appointment.id")
		sees("canceled ones no more", func(b gjson.Result) bool { return b.Get("appointments.#").Int() == 1 })

		last := w.other.Hold(w.place, "2026-11-23T11:00:00+01:00", suite.Key()).OK("holdSlot.appointment.id").String()
		sees("one more hold", func(b gjson.Result) bool { return b.Get("appointments.1.id").String() == last })
		w.Clock.Advance(10 * time.Minute)
		sees("nor a hold that ran out", func(b gjson.Result) bool { return b.Get("appointments.#").Int() == 1 })

		moved := w.holder.Booked(w.place, "2026-11-24T10:00:00+01:00").Get("id").String()
		w.holder.Reschedule(moved, "2026-11-23T14:00:00+01:00", suite.Key()).OK("rescheduleAppointment.appointment.id")
		sees("one that was moved here", func(b gjson.Result) bool { return b.Get("appointments.1.id").String() == moved })
		w.holder.Reschedule(moved, "2026-11-24T14:00:00+01:00", suite.Key()).OK("rescheduleAppointment.appointment.id")
		sees("and one that was moved away no more", func(b gjson.Result) bool { return b.Get("appointments.#").Int() == 1 })
	})
}
