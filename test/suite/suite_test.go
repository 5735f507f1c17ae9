package suite_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"nelke/test/suite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The way of one appointment, from the free times to the counter, with a second calendar and the board open beside it.
func TestAppointmentFromHoldToCounter(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		place := p.Place()
		clerk := p.Clerk()
		start := p.Anonymous().Starts(place, 1)[0]

		board := clerk.Subscribe(`subscription($o: ID!) { appointmentBoard(office: $o, date: "2026-11-23") { waiting appointments { status person { familyName } } } }`,
			suite.Vars{"o": place.Office})
		require.Empty(t, board.Next().Get("data.appointmentBoard.appointments").Array())
		calendar := p.Anonymous().Subscribe(`subscription($in: AvailabilityInput!) { availability(input: $in) { asOf days { slots { start counters } } } }`,
			suite.Vars{"in": suite.Vars{"office": place.Office, "concerns": []suite.Vars{{"service": place.Service}}, "days": 1}})
		counters := func(m gjson.Result) int64 {
			return m.Get(`data.availability.days.0.slots.#(start=="` + start + `").counters`).Int()
		}
		free := counters(calendar.Next())
		require.Positive(t, free)

		erika := p.Case()
		held := erika.Hold(place, start, suite.Key()).OK("holdSlot.appointment")
		require.Equal(t, "HELD", held.Get("status").String())
		require.Equal(t, int64(600), held.Get("heldForSeconds").Int())
		require.Equal(t, free-1, counters(calendar.Next()))
		require.Equal(t, "HELD", board.Next().Get("data.appointmentBoard.appointments.0.status").String())

		booked := erika.Book(place, held.Get("id").String(), suite.Key()).OK("bookAppointment.appointment")
		require.Equal(t, "BOOKED", booked.Get("status").String())
		require.False(t, booked.Get("counter.id").Exists())
		require.Equal(t, "Mustermann", board.Next().Get("data.appointmentBoard.appointments.0.person.familyName").String())

		id := booked.Get("id").String()
		clerk.On("checkIn", id, suite.Key()).OK("checkIn.appointment")
		require.Equal(t, int64(1), board.Next().Get("data.appointmentBoard.waiting").Int())
		counter := clerk.Do(`query($o: ID!) { appointmentBoard(office: $o, date: "2026-11-23") { counters { counter { id } } } }`,
			suite.Vars{"o": place.Office}).OK("appointmentBoard.counters.0.counter.id").String()
		called := clerk.CallNext(counter, suite.Key()).OK("callNext.appointment")
		require.Equal(t, id, called.Get("id").String())
		clerk.On("completeAppointment", id, suite.Key()).OK("completeAppointment.appointment")
	})
}

// Nobody sees a hold that has run out, and the time is free again at that very instant.
func TestHoldRunsOutAtTheInstantShown(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := suite.Serve(t, b)
		place := p.Place()
		erika := p.Case()
		start := erika.Starts(place, 1)[0]
		held := erika.Hold(place, start, suite.Key()).OK("holdSlot.appointment")
		until := erika.Instant(held.Get("heldUntil").String())

		p.Clock.Set(until.Add(-time.Microsecond))
		erika.On("extendHold", held.Get("id").String(), suite.Key()).OK("extendHold.appointment")
		p.Clock.Set(until.Add(10*time.Minute - time.Microsecond))
		require.Equal(t, "HOLD_EXPIRED", erika.Book(place, held.Get("id").String(), suite.Key()).Problem())
		require.NotContains(t, p.Log.String(), "unexpected", p.Log)
	})
}
