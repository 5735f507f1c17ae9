package portal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// at is an instant of the day on which tests begin.
func at(clock string) string { return "2026-11-23T" + clock + ":00+01:00" }

// status is the state of an appointment after a mutation on it that took place.
func status(a *suite.Answer, mutation string) string {
	return a.OK(mutation + ".appointment.status").String()
}

// A check-in belongs to the day of the appointment, by the office's clock, and can be taken back until the person is called.
func TestACheckInBelongsToItsDayAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		tomorrow := w.other.Booked(w.place, "2026-11-24T10:00:00+01:00").Get("id").String()
		w.unchanged(t, func() {
			a := w.clerk.On("checkIn", tomorrow, suite.Key())
			refused(t, a, "WRONG_STATE", "input.appointment")
			require.Contains(t, a.Get("data.checkIn.problems.0.message").String(), "am Tag des Termins")
		})
		require.Equal(t, "CHECKED_IN", status(w.clerk.On("checkIn", w.booked, suite.Key()), "checkIn"))
		require.Equal(t, "BOOKED", status(w.clerk.On("undoCheckIn", w.booked, suite.Key()), "undoCheckIn"))
		w.unchanged(t, func() {
			refused(t, w.clerk.On("undoCheckIn", w.booked, suite.Key()), "WRONG_STATE", "input.appointment")
			refused(t, w.clerk.CallNext(w.counters[0], suite.Key()), "NOBODY_WAITING", "input.counter")
			refused(t, w.holder.On("undoCheckIn", w.booked, suite.Key()), "NOT_FOUND", "input.appointment")
		})
		// Booked as before: the person may move it again.
		w.holder.Reschedule(w.booked, at("11:00"), suite.Key()).OK("rescheduleAppointment.appointment.id")

		midnight := time.Date(2026, time.November, 24, 0, 0, 0, 0, suite.Start().Location())
		w.Clock.Set(midnight.Add(-time.Second))
		clerk := w.Clerk() // the token of the morning has run out
		refused(t, clerk.On("checkIn", tomorrow, suite.Key()), "WRONG_STATE", "input.appointment")
		w.Clock.Set(midnight)
		require.Equal(t, "CHECKED_IN", status(clerk.On("checkIn", tomorrow, suite.Key()), "checkIn"))
	})
}

// Who was called can be called again, sent back to wait, and called when they come late or were taken for served.
func TestACallCanBeRepeatedAndTakenBack(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		one, two := w.counters[0], w.counters[1]
		id := w.bookFor(at("08:30"), "PHONE", w.place.Service).OK("bookAppointmentFor.appointment.id").String()
		second := w.bookFor(at("08:45"), "PHONE", w.place.Service).OK("bookAppointmentFor.appointment.id").String()
		w.clerk.On("checkIn", id, suite.Key()).OK("checkIn.appointment.id")
		w.clerk.On("checkIn", second, suite.Key()).OK("checkIn.appointment.id")
		w.unchanged(t, func() { refused(t, w.clerk.On("callAgain", id, suite.Key()), "WRONG_STATE", "input.appointment") })

		board := w.clerk.Subscribe(`subscription { appointmentBoard(office: "`+w.place.Office+`", date: "2026-11-23") { waiting appointments { id status calls } counters { current { id calls } } } }`, nil)
		board.Next()
		require.Equal(t, id, w.clerk.CallNext(one, suite.Key()).OK("callNext.appointment.id").String())
		key := suite.Key()
		again := w.clerk.On("callAgain", id, key).OK("callAgain.appointment")
		require.Equal(t, []string{"CALLED", one, "2"}, []string{again.Get("status").String(), again.Get("counter.id").String(), again.Get("calls").Raw})
		require.Equal(t, int64(2), w.clerk.On("callAgain", id, key).OK("callAgain.appointment.calls").Int(), "a repeated request is one call")
		board.Until(func(m gjson.Result) bool {
			return m.Get("data.appointmentBoard.counters.0.current.calls").Int() == 2 && m.Get("data.appointmentBoard.waiting").Int() == 1
		})

		require.Equal(t, "CHECKED_IN", status(w.clerk.On("undoCall", id, suite.Key()), "undoCall"))
		w.unchanged(t, func() { refused(t, w.clerk.On("undoCall", id, suite.Key()), "WRONG_STATE", "input.appointment") })
		require.Equal(t, gjson.Null, w.clerk.Do(`{ appointmentBoard(office: "`+w.place.Office+`", date: "2026-11-23") { counters { current { id } } } }`, nil).OK("appointmentBoard.counters.0.current").Type, "the counter is free")

		// The second one, though the first one's turn would come before.
		called := w.clerk.CallAppointment(second, two, suite.Key()).OK("callAppointment.appointment")
		require.Equal(t, []string{"CALLED", two}, []string{called.Get("status").String(), called.Get("counter.id").String()})
		w.unchanged(t, func() {
			refused(t, w.clerk.CallAppointment(id, two, suite.Key()), "COUNTER_BUSY", "input.counter")
			refused(t, w.clerk.CallAppointment(second, one, suite.Key()), "WRONG_STATE", "input.appointment")
			refused(t, w.clerk.CallAppointment(w.booked, one, suite.Key()), "WRONG_STATE", "input.appointment")
			refused(t, w.clerk.CallAppointment(id, "counter_01kaqd0000e8ar0000000000zz", suite.Key()), "NOT_FOUND", "input.counter")
			refused(t, w.holder.CallAppointment(w.booked, one, suite.Key()), "NOT_FOUND", "input.appointment")
		})

		t.Run("who was taken for served is called again", func(t *testing.T) {
			w := w.in(t)
			w.clerk.On("completeAppointment", second, suite.Key()).OK("completeAppointment.appointment.id")
			require.Equal(t, "CALLED", status(w.clerk.CallAppointment(second, two, suite.Key()), "callAppointment"))
			w.clerk.On("completeAppointment", second, suite.Key()).OK("completeAppointment.appointment.id")
		})
		t.Run("who comes late is checked in, or called at once", func(t *testing.T) {
			w := w.in(t)
			w.Clock.Set(suite.Start().Add(3 * time.Hour))
			w.clerk.CallAppointment(id, one, suite.Key()).OK("callAppointment.appointment.id")
			w.clerk.On("recordNoShow", id, suite.Key()).OK("recordNoShow.appointment.id")
			require.Equal(t, "CHECKED_IN", status(w.clerk.On("checkIn", id, suite.Key()), "checkIn"))
			require.Equal(t, gjson.Null, w.clerk.Do(`query($id: ID!) { appointment(id: $id) { heldUntil } }`, suite.Vars{"id": id}).OK("appointment.heldUntil").Type)
			w.clerk.On("recordNoShow", id, suite.Key()).OK("recordNoShow.appointment.id")
			require.Equal(t, "CALLED", status(w.clerk.CallAppointment(id, one, suite.Key()), "callAppointment"))
			w.clerk.On("recordNoShow", id, suite.Key()).OK("recordNoShow.appointment.id")
		})
		t.Run("on the day after it is too late", func(t *testing.T) {
			w := w.in(t)
			w.Clock.Set(suite.Start().AddDate(0, 0, 1))
			clerk := w.Clerk().For(t)
			w.unchanged(t, func() {
				refused(t, clerk.On("checkIn", id, suite.Key()), "WRONG_STATE", "input.appointment")
				refused(t, clerk.CallAppointment(id, one, suite.Key()), "WRONG_STATE", "input.appointment")
			})
		})
	})
}

// Staff can end what is open in any state; the person what is booked.
func TestStaffCancelFromEveryOpenState(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		cells := func(id string) (n int) {
			require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM allocation WHERE appointment_id = '`+id+`'`).Scan(&n))
			return n
		}
		canceled := func(id string) {
			t.Helper()
			require.Equal(t, "CANCELED", status(w.clerk.On("cancelAppointment", id, suite.Key()), "cancelAppointment"))
			require.Zero(t, cells(id), "its time is free")
		}
		w.unchanged(t, func() {
			refused(t, w.holder.On("cancelAppointment", w.held, suite.Key()), "WRONG_STATE", "input.appointment")
		})
		canceled(w.held)
		checkedIn := w.bookFor(at("08:30"), "PHONE", w.place.Service).OK("bookAppointmentFor.appointment.id").String()
		w.clerk.On("checkIn", checkedIn, suite.Key()).OK("checkIn.appointment.id")
		canceled(checkedIn)
		called := w.bookFor(at("08:30"), "PHONE", w.place.Service).OK("bookAppointmentFor.appointment.id").String()
		w.clerk.On("checkIn", called, suite.Key()).OK("checkIn.appointment.id")
		w.clerk.CallNext(w.counters[0], suite.Key()).OK("callNext.appointment.id")
		canceled(called)
		require.Equal(t, "NOBODY_WAITING", w.clerk.CallNext(w.counters[0], suite.Key()).Problem())

		hold := w.other.Hold(w.place, at("11:00"), suite.Key()).OK("holdSlot.appointment.id").String()
		w.Clock.Advance(11 * time.Minute)
		w.unchanged(t, func() {
			refused(t, w.clerk.On("cancelAppointment", hold, suite.Key()), "WRONG_STATE", "input.appointment")
		})
		w.Clock.Set(suite.Start().Add(6 * time.Hour))
		w.unchanged(t, func() {
			refused(t, w.holder.On("cancelAppointment", w.booked, suite.Key()), "WRONG_STATE", "input.appointment")
		})
		owed := w.owed(t, w.booked)
		canceled(w.booked) // it has ended, and nobody has said how
		require.Equal(t, owed, w.owed(t, w.booked), "nobody is told that yesterday's appointment is off")
	})
}
