package portal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// Starts that aren't offered are refused, with the reason and with starts that are.
func TestHoldSlotRefusesStartsThatAreNotOffered(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		rows := []struct {
			name, start string
			quantity    int
			reason      string
		}{
			{"five minutes off the grid", "2026-11-25T09:05:00+01:00", 1, "OFF_GRID"},
			{"a second off the grid", "2026-11-25T09:00:01+01:00", 1, "OFF_GRID"},
			{"a nanosecond off the grid", "2026-11-25T09:00:00.000001+01:00", 1, "OFF_GRID"},
			{"on Friday, in the past", "2026-11-20T09:00:00+01:00", 1, "TOO_SOON"},
			{"long ago", "1970-01-01T09:00:00Z", 1, "TOO_SOON"},
			{"sooner than the lead time allows", "2026-11-23T07:45:00+01:00", 1, "CLOSED"},
			{"on the first day beyond the horizon", "2027-01-25T09:00:00+01:00", 1, "TOO_FAR"},
			{"at the end of time", "9999-12-31T23:45:00Z", 1, "TOO_FAR"},
			{"on a Saturday", "2026-11-28T09:00:00+01:00", 1, "CLOSED"},
			{"on Christmas Day", "2026-12-25T09:00:00+01:00", 1, "HOLIDAY"},
			{"on Christmas Eve, which the town closed", "2026-12-24T09:00:00+01:00", 1, "CLOSED"},
			{"at night", "2026-11-25T03:00:00+01:00", 1, "CLOSED"},
			{"in the lunch break", "2026-11-24T12:30:00+01:00", 1, "CLOSED"},
			{"so late before lunch that it would run into it", "2026-11-24T12:15:00+01:00", 2, "CLOSED"},
			{"so late that it would run beyond closing time", "2026-11-24T15:45:00+01:00", 2, "CLOSED"},
			{"on a Wednesday afternoon", "2026-11-25T14:00:00+01:00", 1, "CLOSED"},
		}
		hold := func(start string, quantity int) suite.Vars {
			return suite.Vars{"office": w.place.Office, "start": start, "concerns": []suite.Vars{{"service": w.place.Service, "quantity": quantity}}}
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					a := mutate(w.other, "holdSlot", hold(row.start, row.quantity))
					refused(t, a, "SLOT_NOT_OFFERED", "input.start")
					require.Equal(t, row.reason, a.Get("data.holdSlot.problems.0.reason").String(), a.Raw)
					for _, offered := range a.Get("data.holdSlot.problems.0.alternatives").Array() {
						require.NotEqual(t, row.start, offered.String())
					}
					if row.quantity == 1 { // as many as the appointment has
						a = mutate(w.holder, "rescheduleAppointment", suite.Vars{"appointment": w.booked, "start": row.start})
						refused(t, a, "SLOT_NOT_OFFERED", "input.start")
					}
				})
			})
		}
		t.Run("and what is offered instead can be held", func(t *testing.T) {
			w := w.in(t)
			a := mutate(w.other, "holdSlot", hold("2026-11-25T09:05:00+01:00", 1))
			alternatives := a.Get("data.holdSlot.problems.0.alternatives").Array()
			require.NotEmpty(t, alternatives, a.Raw)
			require.Contains(t, []string{"2026-11-25T09:00:00+01:00", "2026-11-25T09:15:00+01:00"}, alternatives[0].String())
			mutate(w.other, "holdSlot", hold(alternatives[0].String(), 1)).OK("holdSlot.appointment.id")
		})
	})
}

func TestHoldSlotRefusesConcernsThatCanNotBe(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		one := func(service string, quantity any) []suite.Vars {
			return []suite.Vars{{"service": service, "quantity": quantity}}
		}
		rows := []struct {
			name     string
			concerns []suite.Vars
			code     string
			path     string
		}{
			{"none", []suite.Vars{}, "INVALID_INPUT", ""},
			{"eleven", slicesRepeat(suite.Vars{"service": w.place.Service}, 11), "INVALID_INPUT", ""},
			{"a hundred", slicesRepeat(suite.Vars{"service": w.place.Service}, 100), "INVALID_INPUT", ""},
			{"quantity 0", one(w.place.Service, 0), "INVALID_INPUT", ".0.quantity"},
			{"quantity -1", one(w.place.Service, -1), "INVALID_INPUT", ".0.quantity"},
			{"quantity 1000", one(w.place.Service, 1000), "INVALID_INPUT", ".0.quantity"},
			{"one more than the service allows", one(w.place.Service, 3), "INVALID_INPUT", ".0.quantity"},
			{"quantity of the largest number", one(w.place.Service, 1<<31-1), "INVALID_INPUT", ".0.quantity"},
			{"the same service twice", append(one(w.place.Service, 1), one(w.place.Service, 1)...), "INVALID_INPUT", ".1.service"},
			{"over two hours", append(one(w.service("verlust-personalausweis"), 5), one(w.service("verlust-reisepass"), 5)...), "INVALID_INPUT", ""},
			{"a service without appointments", one(w.service("wohnungsgeberbestaetigung"), 1), "NO_APPOINTMENTS", ".0.service"},
			{"the second one unknown", append(one(w.place.Service, 1), one("service_01kaqd0000e8ar0000000000zz", 1)...), "NOT_FOUND", ".1.service"},
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				w := w.in(t)
				slot := suite.Vars{"office": w.place.Office, "start": "2026-11-25T09:00:00+01:00", "concerns": row.concerns}
				w.unchanged(t, func() {
					refused(t, mutate(w.other, "holdSlot", slot), row.code, "input.concerns"+row.path)
					refused(t, mutate(w.clerk, "bookAppointmentFor", with(slot, "channel", "PHONE", "person", person())), row.code, "input.concerns"+row.path)
				})
				a := w.anonymous.Do(`query($in: AvailabilityInput!) { availability(input: $in) { asOf } }`,
					suite.Vars{"in": suite.Vars{"office": w.place.Office, "concerns": row.concerns}})
				failed(t, a, row.code, "input.concerns"+row.path)
			})
		}
		t.Run("services that no counter serves together are told so", func(t *testing.T) {
			w := w.in(t)
			concerns := append(one(w.service("beglaubigung-dokumente"), 1), one(w.service("gewerbe-anmelden"), 1)...)
			w.unchanged(t, func() {
				a := mutate(w.other, "holdSlot", suite.Vars{"office": w.place.Office, "start": "2026-11-25T09:00:00+01:00", "concerns": concerns})
				refused(t, a, "SLOT_NOT_OFFERED", "input.start")
				require.Equal(t, "NO_QUALIFIED_COUNTER", a.Get("data.holdSlot.problems.0.reason").String())
			})
		})
	})
}

func slicesRepeat[T any](v T, n int) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = v
	}
	return all
}
