package portal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// A closure for a year that was meant for a day is shortened, moved, and taken back; one of the file's as well.
func TestAClosureIsChangedAndTakenBack(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		watch := w.anonymous.Subscribe(calendarOfTwoDays, suite.Vars{"o": w.place.Office, "s": w.place.Service})
		watch.Next()
		plan(w.admin, "addClosure", w.closure("from", "2026-11-25", "to", "2027-11-25")).OK("addClosure.office.id")
		watch.Until(func(m gjson.Result) bool { return m.Get("data.availability.days.0.reason").String() == "CLOSED" })
		id := w.ids("closures")[0]
		booked := w.bookFor("2026-11-23T14:00:00+01:00", "PHONE", w.place.Service).OK("bookAppointmentFor.appointment.id").String()

		change := suite.Vars{"closure": id, "from": "2026-11-25", "to": "2026-11-25", "reason": suite.Vars{"de": "Ausflug", "en": "Outing"}}
		plan(w.admin, "changeClosure", with(change, "dryRun", true)).OK("changeClosure.office.id")
		require.Equal(t, "CLOSED", w.hours("2026-11-26", 1))
		changed := plan(w.admin, "changeClosure", change)
		require.Equal(t, "2026-11-25", changed.OK("changeClosure.office.closures.0.to").String())
		watch.Until(func(m gjson.Result) bool {
			return m.Get("data.availability.days.0.reason").String() == "CLOSED" && m.Get("data.availability.days.1.starts.#").Int() > 0
		})
		moved := plan(w.admin, "changeClosure", with(change, "from", "2026-11-23", "to", "2026-11-23", "hours", suite.Vars{"from": "14:00", "to": "15:00"}))
		require.Equal(t, []string{booked}, slugs(moved.OK("changeClosure.appointments.#.id")))
		watch.Until(func(m gjson.Result) bool { return m.Get("data.availability.days.0.starts.#").Int() > 0 })
		require.Equal(t, "08:00-12:30 13:30-14:00 15:00-16:00", w.hours("2026-11-23", 1))
		require.Equal(t, id, w.ids("closures")[0], "it is the same one")

		key := suite.Key()
		for range 2 { // the second one is a repeat
			a := plan(w.admin, "removeClosure", suite.Vars{"closure": id, "idempotencyKey": key})
			require.Zero(t, a.OK("removeClosure.appointmentCount").Int())
		}
		require.Equal(t, "08:00-12:30 13:30-16:00", w.hours("2026-11-23", 1))
		w.unchanged(t, func() {
			refused(t, mutate(w.admin, "removeClosure", suite.Vars{"closure": id}), "NOT_FOUND", "input.closure")
			refused(t, mutate(w.admin, "changeClosure", change), "NOT_FOUND", "input.closure")
		})

		eve := w.ids("closures")[0] // of the file
		require.Equal(t, "CLOSED", w.hours("2026-12-24", 1))
		plan(w.admin, "removeClosure", suite.Vars{"closure": eve}).OK("removeClosure.office.id")
		require.Equal(t, "08:00-12:30 13:30-18:00", w.hours("2026-12-24", 1))
		still := w.closure("from", "2027-01-01", "to", "2027-01-04")
		plan(w.admin, "addClosure", still).OK("addClosure.office.id")
		back := plan(w.admin, "removeClosure", suite.Vars{"closure": w.ids("closures")[1]})
		require.JSONEq(t, `[{"date": "2027-01-01", "reason": "HOLIDAY"}]`, back.OK("removeClosure.stillClosed").Raw)
	})
}

func TestChangesOfClosuresAreChecked(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		plan(w.admin, "addClosure", w.closure("from", "2026-11-23", "to", "2026-11-24")).OK("addClosure.office.id")
		id := w.ids("closures")[0]
		w.Clock.Set(suite.Start().AddDate(0, 0, 1))
		w.admin, w.clerk = w.Staff("anna", "ADMIN@"+suite.ARS), w.Clerk()
		change := suite.Vars{"closure": id, "from": "2026-11-23", "to": "2026-11-26", "reason": suite.Vars{"de": "Ausflug", "en": "Outing"}}
		for name, row := range map[string]struct {
			change []any
			path   string
		}{
			"from another day that is past": {[]any{"from", "2026-11-22"}, "from"},
			"until yesterday":               {[]any{"to", "2026-11-23"}, "to"},
			"ends before it begins":         {[]any{"from", "2026-11-28"}, "to"},
			"hours off the grid":            {[]any{"hours", suite.Vars{"from": "09:01", "to": "10:00"}}, "hours.from"},
			"no reason":                     {[]any{"reason", suite.Vars{"de": "", "en": "x"}}, "reason.de"},
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					refused(t, mutate(w.admin, "changeClosure", with(change, row.change...)), "INVALID_INPUT", "input."+row.path)
				})
			})
		}
		plan(w.admin, "changeClosure", change).OK("changeClosure.office.id") // it began yesterday, and goes on longer
		w.Clock.Set(suite.Start().AddDate(0, 0, 4))
		w.admin = w.Staff("anna", "ADMIN@"+suite.ARS)
		w.unchanged(t, func() {
			refused(t, mutate(w.admin, "changeClosure", with(change, "from", "2026-11-28", "to", "2026-11-28")), "WRONG_STATE", "input.closure")
			refused(t, mutate(w.admin, "removeClosure", suite.Vars{"closure": id}), "WRONG_STATE", "input.closure")
		})
		require.WithinDuration(t, suite.Start().AddDate(0, 0, 4), w.Clock.Now(), time.Minute)
	})
}
