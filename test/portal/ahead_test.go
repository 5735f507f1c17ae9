package portal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// Who waits sees how many will be called before, live, and nothing else of them.
func TestWhoWaitsSeesHowManyAreAhead(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		const document = `($id: ID!) { appointment(id: $id) { status ahead } }`
		watch := w.holder.Subscribe(`subscription`+document, suite.Vars{"id": w.booked})
		shown := func(status, ahead string) {
			t.Helper()
			want := `{"status":"` + status + `","ahead":` + ahead + `}`
			watch.Until(func(m gjson.Result) bool { return m.Get("data.appointment").Raw == want })
			for _, c := range []*suite.Client{w.holder, w.clerk} {
				require.Equal(t, want, c.Do(`query`+document, suite.Vars{"id": w.booked}).OK("appointment").Raw)
			}
			require.Equal(t, gjson.Null, w.other.Do(`query`+document, suite.Vars{"id": w.booked}).OK("appointment").Type)
		}
		checkedIn := func(start, service string) string {
			t.Helper()
			id := w.bookFor(at(start), "PHONE", service).OK("bookAppointmentFor.appointment.id").String()
			w.clerk.On("checkIn", id, suite.Key()).OK("checkIn.appointment.id")
			return id
		}
		shown("BOOKED", "null")
		w.clerk.On("checkIn", w.booked, suite.Key()).OK("checkIn.appointment.id")
		shown("CHECKED_IN", "0")

		first := checkedIn("08:30", w.place.Service)
		shown("CHECKED_IN", "1")
		checkedIn("08:45", w.service("beglaubigung-unterschrift"))
		checkedIn("11:00", w.place.Service)
		second := checkedIn("09:00", w.service("gewerbe-anmelden"))
		shown("CHECKED_IN", "2") // not those of another counter, nor those whose turn comes later
		require.Equal(t, int64(3), w.clerk.Do(`{ appointmentBoard(office: "`+w.place.Office+`", date: "2026-11-23") { appointments { ahead } } }`, nil).
			OK("appointmentBoard.appointments.#(ahead==3).ahead").Int(), "of the one at eleven")

		require.Equal(t, first, w.clerk.CallNext(w.counters[0], suite.Key()).OK("callNext.appointment.id").String())
		shown("CHECKED_IN", "1")
		w.clerk.On("undoCall", first, suite.Key()).OK("undoCall.appointment.id")
		shown("CHECKED_IN", "2")
		w.clerk.On("cancelAppointment", second, suite.Key()).OK("cancelAppointment.appointment.id")
		shown("CHECKED_IN", "1")
		w.clerk.CallAppointment(w.booked, w.counters[1], suite.Key()).OK("callAppointment.appointment.id")
		shown("CALLED", "null")
	})
}

// On another day nobody is ahead, since callNext takes those of the day.
func TestNobodyIsAheadOnAnotherDay(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.clerk.On("checkIn", w.booked, suite.Key()).OK("checkIn.appointment.id")
		watch := w.holder.Subscribe(`subscription($id: ID!) { appointment(id: $id) { ahead } }`, suite.Vars{"id": w.booked})
		watch.Until(func(m gjson.Result) bool { return m.Get("data.appointment.ahead").Raw == "0" })
		w.Clock.Set(time.Date(2026, time.November, 24, 0, 0, 0, 0, suite.Start().Location()))
		watch.Until(func(m gjson.Result) bool { return m.Get("data.appointment.ahead").Raw == "null" })
	})
}
