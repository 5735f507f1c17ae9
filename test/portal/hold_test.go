package portal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

const (
	nine    = "2026-11-25T09:00:00+01:00"
	quarter = "2026-11-25T09:15:00+01:00"
	half    = "2026-11-25T09:30:00+01:00"
)

func TestACaseHoldsNoMoreThanItsLimit(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		first := w.other.Hold(w.place, nine, suite.Key()).OK("holdSlot.appointment.id").String()
		w.other.Hold(w.place, quarter, suite.Key()).OK("holdSlot.appointment.id")
		w.unchanged(t, func() { refused(t, w.other.Hold(w.place, half, suite.Key()), "HOLD_LIMIT", "") })
		t.Run("a released hold doesn't count", func(t *testing.T) {
			w := w.in(t)
			w.other.On("releaseHold", first, suite.Key()).OK("releaseHold.appointment.id")
			w.other.Hold(w.place, half, suite.Key()).OK("holdSlot.appointment.id")
			w.unchanged(t, func() { refused(t, w.other.Hold(w.place, nine, suite.Key()), "HOLD_LIMIT", "") })
		})
		t.Run("nor one that has run out", func(t *testing.T) {
			w := w.in(t)
			w.Clock.Advance(10 * time.Minute)
			w.other.Hold(w.place, nine, suite.Key()).OK("holdSlot.appointment.id")
		})
		t.Run("nor a booked one", func(t *testing.T) {
			w := w.in(t)
			w.other.Booked(w.place, quarter)
			w.other.Hold(w.place, half, suite.Key()).OK("holdSlot.appointment.id")
		})
	})
}

// A hold is its owner's until the instant that was shown, and nobody's from it on.
func TestAHoldEndsAtItsVeryInstant(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		rival := w.Case()
		rival.Hold(w.place, nine, suite.Key()).OK("holdSlot.appointment.id") // one of the two counters
		held := w.other.Hold(w.place, nine, suite.Key()).OK("holdSlot.appointment")
		id := held.Get("id").String()
		require.Equal(t, "2026-11-23T07:10:00+01:00", held.Get("heldUntil").String())
		require.Equal(t, int64(600), held.Get("heldForSeconds").Int())
		require.True(t, held.Get("extendable").Bool())
		status := func() string {
			return w.other.Do(`query($id: ID!) { appointment(id: $id) { status heldUntil heldForSeconds extendable } }`, suite.Vars{"id": id}).OK("appointment").Raw
		}
		free := func() bool {
			for _, start := range w.anonymous.Starts(w.place, 3) {
				if start == nine {
					return true
				}
			}
			return false
		}

		w.Clock.Set(suite.Start().Add(10*time.Minute - time.Microsecond))
		require.JSONEq(t, `{"status": "HELD", "heldUntil": "2026-11-23T07:10:00+01:00", "heldForSeconds": 0, "extendable": true}`, status())
		require.False(t, free())
		w.unchanged(t, func() { refused(t, w.clerkHold(nine), "SLOT_TAKEN", "input.start") })

		w.Clock.Set(suite.Start().Add(10 * time.Minute))
		require.JSONEq(t, `{"status": "EXPIRED", "heldUntil": null, "heldForSeconds": null, "extendable": false}`, status())
		require.True(t, free(), "whether or not anybody swept it")
		for _, mutation := range []string{"extendHold", "releaseHold"} {
			w.unchanged(t, func() { refused(t, w.other.On(mutation, id, suite.Key()), "HOLD_EXPIRED", "input.appointment") })
		}
		w.unchanged(t, func() { refused(t, w.other.Book(w.place, id, suite.Key()), "HOLD_EXPIRED", "input.appointment") })
		w.unchanged(t, func() {
			refused(t, w.other.On("cancelAppointment", id, suite.Key()), "WRONG_STATE", "input.appointment")
		})

		w.clerkHold(nine).OK("bookAppointmentFor.appointment.id")
		w.unchanged(t, func() { refused(t, w.other.Book(w.place, id, suite.Key()), "HOLD_EXPIRED", "input.appointment") })
	})
}

// clerkHold books a start for somebody who phoned.
func (w *world) clerkHold(start string) *suite.Answer {
	return mutate(w.clerk, "bookAppointmentFor", suite.Vars{
		"office": w.place.Office, "start": start, "concerns": []suite.Vars{{"service": w.place.Service}}, "channel": "PHONE", "person": person(),
	})
}

func TestAHoldIsExtendedOnce(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.other.Hold(w.place, nine, suite.Key()).OK("holdSlot.appointment.id").String()
		w.Clock.Advance(9 * time.Minute)
		extended := w.other.On("extendHold", id, suite.Key()).OK("extendHold.appointment")
		require.Equal(t, "2026-11-23T07:19:00+01:00", extended.Get("heldUntil").String())
		require.False(t, extended.Get("extendable").Bool())
		w.unchanged(t, func() {
			refused(t, w.other.On("extendHold", id, suite.Key()), "HOLD_ALREADY_EXTENDED", "input.appointment")
		})
		w.Clock.Advance(9 * time.Minute) // beyond the first expiry
		w.other.Book(w.place, id, suite.Key()).OK("bookAppointment.appointment.id")
		w.unchanged(t, func() { refused(t, w.other.On("extendHold", id, suite.Key()), "WRONG_STATE", "input.appointment") })
	})
}

// What is given back or given up is everybody's at once.
func TestAReleasedTimeIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.Case().Booked(w.place, nine)
		third := w.Case()
		id := w.other.Hold(w.place, nine, suite.Key()).OK("holdSlot.appointment.id").String()
		require.NotContains(t, w.anonymous.Starts(w.place, 3), nine)
		w.other.On("releaseHold", id, suite.Key()).OK("releaseHold.appointment.id")
		require.Contains(t, w.anonymous.Starts(w.place, 3), nine)
		w.unchanged(t, func() { refused(t, w.other.On("releaseHold", id, suite.Key()), "WRONG_STATE", "input.appointment") })

		booked := third.Booked(w.place, nine).Get("id").String()
		require.NotContains(t, w.anonymous.Starts(w.place, 3), nine)
		third.Reschedule(booked, half, suite.Key()).OK("rescheduleAppointment.appointment.id")
		require.Contains(t, w.anonymous.Starts(w.place, 3), nine)
		w.other.Booked(w.place, nine)
		w.unchanged(t, func() {
			a := third.Reschedule(booked, nine, suite.Key())
			refused(t, a, "SLOT_TAKEN", "input.start")
		})
		third.On("cancelAppointment", booked, suite.Key()).OK("cancelAppointment.appointment.id")
		w.unchanged(t, func() {
			refused(t, third.On("cancelAppointment", booked, suite.Key()), "WRONG_STATE", "input.appointment")
		})
		w.unchanged(t, func() { refused(t, third.Reschedule(booked, half, suite.Key()), "WRONG_STATE", "input.appointment") })
	})
}

// A hold can't be moved or served, and an appointment can't be held: each step has its state.
func TestStepsOutOfOrderAreRefused(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		rows := []struct {
			mutation string
			as       *suite.Client
			id       string
		}{
			{"checkIn", w.clerk, w.held},
			{"completeAppointment", w.clerk, w.held},
			{"recordNoShow", w.clerk, w.held},
			{"cancelAppointment", w.holder, w.held},
			{"completeAppointment", w.clerk, w.booked},
			{"recordNoShow", w.clerk, w.booked},
			{"extendHold", w.holder, w.booked},
			{"releaseHold", w.holder, w.booked},
		}
		for _, row := range rows {
			t.Run(fmt.Sprintf("%s of %v", row.mutation, map[bool]string{true: "a hold", false: "a booked one"}[row.id == w.held]), func(t *testing.T) {
				w.unchanged(t, func() {
					refused(t, row.as.For(t).On(row.mutation, row.id, suite.Key()), "WRONG_STATE", "input.appointment")
				})
			})
		}
		t.Run("reschedule of a hold", func(t *testing.T) {
			w := w.in(t)
			w.unchanged(t, func() { refused(t, w.holder.Reschedule(w.held, nine, suite.Key()), "WRONG_STATE", "input.appointment") })
		})
		t.Run("book of a booked one", func(t *testing.T) {
			w := w.in(t)
			w.unchanged(t, func() { refused(t, w.holder.Book(w.place, w.booked, suite.Key()), "WRONG_STATE", "input.appointment") })
		})
		t.Run("reschedule and cancel once it has begun", func(t *testing.T) {
			w := w.in(t)
			w.Clock.Set(suite.Start().Add(3 * time.Hour))
			w.unchanged(t, func() {
				refused(t, w.holder.Reschedule(w.booked, nine, suite.Key()), "WRONG_STATE", "input.appointment")
			})
			w.Clock.Set(suite.Start().Add(3*time.Hour + 15*time.Minute))
			w.unchanged(t, func() {
				refused(t, w.holder.On("cancelAppointment", w.booked, suite.Key()), "WRONG_STATE", "input.appointment")
			})
		})
	})
}

// The notice comes before the data.
func TestPersonalDataNeedsTheNoticeAcknowledged(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.other.Hold(w.place, nine, suite.Key()).OK("holdSlot.appointment.id").String()
		book := suite.Vars{"appointment": id, "person": person()}
		contact := suite.Vars{"givenName": "Erika", "familyName": "Mustermann"}
		for name, change := range map[string][]any{
			"none": nil, "null": {"privacyNotice", nil}, "an unknown one": {"privacyNotice", "privacynotice_01kaqd0000e8ar0000000000zz"},
			"an id of another type": {"privacyNotice", w.place.Office}, "nonsense": {"privacyNotice", "\x00"},
		} {
			t.Run(name+" stores nothing", func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					refused(t, mutate(w.other, "bookAppointment", with(book, change...)), "NOTICE_NOT_ACKNOWLEDGED", "input.privacyNotice")
					refused(t, mutate(w.other, "setContact", with(contact, change...)), "NOTICE_NOT_ACKNOWLEDGED", "input.privacyNotice")
				})
			})
		}
		t.Run("once is enough, and in either language", func(t *testing.T) {
			w := w.in(t)
			english := w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { privacyNotice(language: EN) { id language } } }`, nil).OK("municipality.privacyNotice")
			require.Equal(t, "EN", english.Get("language").String())
			require.NotEqual(t, w.place.Notice, english.Get("id").String())
			mutate(w.other, "setContact", with(contact, "privacyNotice", english.Get("id").String())).OK("setContact.case.id")
			mutate(w.other, "bookAppointment", book).OK("bookAppointment.appointment.id")
			found := w.other.Do(`{ viewer { case { acknowledgedAt acknowledgedNotice { id version } } } }`, nil).OK("viewer.case")
			require.Equal(t, "2026-11-23T07:00:00+01:00", found.Get("acknowledgedAt").String())
			require.Equal(t, english.Get("id").String(), found.Get("acknowledgedNotice.id").String())
		})
	})
}

// Opening cases is limited per network; whoever has one already isn't counted.
func TestOpeningCasesIsLimitedPerNetwork(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := &world{Process: suite.Serve(t, b, func(c *server.Config) { c.OpeningsPerHour = 3 })}
		w.anonymous, w.database = w.Anonymous(), w.Database()
		open := func(key string) *suite.Answer {
			return mutate(w.anonymous, "openCase", suite.Vars{"municipality": suite.Vars{"slug": "blomberg"}, "caseKey": key})
		}
		keys := []string{caseKey(), caseKey(), caseKey()}
		for _, key := range keys {
			open(key).OK("openCase.case.id")
		}
		w.unchanged(t, func() {
			a := open(caseKey())
			refused(t, a, "RATE_LIMITED", "")
			wait := a.Get("data.openCase.problems.0.retryAfterSeconds").Int()
			require.Positive(t, wait)
			require.LessOrEqual(t, wait, int64(3601))
		})
		w.unchanged(t, func() {
			for range 10 {
				open(keys[0]).OK("openCase.case.id")
			}
		})
	})
}
