package portal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// ids are the ids of what the office lists under a field: closures or openings.
func (w *world) ids(field string) (all []string) {
	for _, id := range w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { offices { `+field+` { id } } } }`, nil).OK("municipality.offices.0." + field + ".#.id").Array() {
		all = append(all, id.String())
	}
	return all
}

// opening opens the office on New Year's Day.
func (w *world) opening(change ...any) suite.Vars {
	return with(suite.Vars{
		"office": w.place.Office, "from": "2027-01-01", "to": "2027-01-01", "hours": spans("09:00-12:00"), "reason": suite.Vars{"de": "Wahl", "en": "Election"},
	}, change...)
}

func spans(texts ...string) []suite.Vars {
	all := []suite.Vars{}
	for _, text := range texts {
		all = append(all, suite.Vars{"from": text[:5], "to": text[6:]})
	}
	return all
}

// An opening for a day counts whatever the calendar says: for people, for staff, at once in open calendars, and back again.
func TestAnOpeningBeatsTheCalendar(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.Clock.Set(time.Date(2026, time.December, 14, 7, 0, 0, 0, suite.Start().Location()))
		w.admin, w.clerk = w.Staff("anna", "ADMIN@"+suite.ARS), w.Clerk()
		trade := w.service("fundsache") // at the second counter, and at the one with hours of its own
		watch := w.anonymous.Subscribe(`subscription($o: ID!, $s: ID!) { availability(input: {office: $o, concerns: [{service: $s}], from: "2027-01-01", days: 2}) { days { starts reason } } }`,
			suite.Vars{"o": w.place.Office, "s": w.place.Service})
		require.JSONEq(t, `[{"starts": [], "reason": "HOLIDAY"}, {"starts": [], "reason": "CLOSED"}]`, watch.Next().Get("data.availability.days").Raw)

		tried := plan(w.admin, "addOpening", w.opening("dryRun", true))
		require.Empty(t, tried.OK("addOpening.stillClosed").Array())
		require.Empty(t, w.ids("openings"))
		done := plan(w.admin, "addOpening", w.opening("to", "2027-01-02", "hours", spans("11:00-12:00", "09:00-10:00")))
		require.Zero(t, done.OK("addOpening.appointmentCount").Int())
		days := watch.Until(func(m gjson.Result) bool { return m.Get("data.availability.days.0.starts.#").Int() > 0 }).Get("data.availability.days")
		require.Equal(t, []string{"2027-01-01T09:00:00+01:00", "2027-01-01T09:15:00+01:00"}, slugs(days.Get("0.starts"))[:2])
		require.Equal(t, int64(8), days.Get("1.starts.#").Int(), "on a Saturday: four in each hour, of 15 minutes")
		require.Equal(t, "09:00-10:00 11:00-12:00, 09:00-10:00 11:00-12:00, CLOSED", w.hours("2027-01-01", 3))
		starts, _ := w.starts("2027-01-02", trade)
		require.Equal(t, "09:00", starts[0], "counters with hours of their own open as well")
		shown := w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { offices { openings { from to hours { from to } counter { id } online reason } } } }`, nil).OK("municipality.offices.0.openings")
		require.JSONEq(t, `[{"from": "2027-01-01", "to": "2027-01-02", "hours": [{"from": "09:00", "to": "10:00"}, {"from": "11:00", "to": "12:00"}], "counter": null, "online": true, "reason": "Wahl"}]`, shown.Raw)

		online := w.other.Booked(w.place, "2027-01-01T09:00:00+01:00").Get("id").String()
		byPhone := w.bookFor("2027-01-02T11:40:00+01:00", "PHONE", w.place.Service).OK("bookAppointmentFor.appointment.id").String()
		require.Equal(t, "SLOT_NOT_OFFERED", w.bookFor("2027-01-02T10:00:00+01:00", "PHONE", w.place.Service).Problem())

		opening := w.ids("openings")[0]
		back := suite.Vars{"opening": opening, "idempotencyKey": suite.Key()}
		require.Equal(t, []string{online, byPhone}, slugs(plan(w.admin, "removeOpening", with(back, "dryRun", true)).OK("removeOpening.appointments.#.id")))
		require.Equal(t, []string{opening}, w.ids("openings"))
		require.Equal(t, []string{online, byPhone}, slugs(plan(w.admin, "removeOpening", back).OK("removeOpening.appointments.#.id")), "they stay, for staff to move")
		watch.Until(func(m gjson.Result) bool { return m.Get("data.availability.days.0.reason").String() == "HOLIDAY" })
		require.Empty(t, w.ids("openings"))
		plan(w.admin, "removeOpening", back).OK("removeOpening.office.id") // a repeat
		w.unchanged(t, func() {
			refused(t, mutate(w.admin, "removeOpening", suite.Vars{"opening": opening}), "NOT_FOUND", "input.opening")
		})
	})
}

// One counter's opening leaves the others as they are; one that can't be booked online is for staff alone; one on an ordinary
// day stands in place of its hours, breaks too; a closure closes, and is named.
func TestAnOpeningOfACounterOrForStaff(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		saturday := []any{"from", "2026-12-05", "to", "2026-12-05"}
		plan(w.admin, "addOpening", w.opening(append(saturday, "counter", w.counters[0])...)).OK("addOpening.office.id")
		starts, _ := w.starts("2026-12-05", w.place.Service)
		require.Equal(t, "09:00", starts[0])
		_, reason := w.starts("2026-12-05", w.service("gewerbe-anmelden"))
		require.Equal(t, "CLOSED", reason, "at the second counter alone")
		require.Equal(t, "CLOSED", w.hours("2026-12-05", 1), "the office as such")

		plan(w.admin, "addOpening", w.opening(append(saturday, "online", false, "hours", spans("14:00-16:00"))...)).OK("addOpening.office.id")
		require.Equal(t, "14:00-16:00", w.hours("2026-12-05", 1))
		starts, _ = w.starts("2026-12-05", w.place.Service)
		require.Equal(t, "11:45", starts[len(starts)-1], "the first counter keeps its own, online too")
		require.Equal(t, "SLOT_NOT_OFFERED", w.bookFor("2026-12-05T13:45:00+01:00", "PHONE", w.place.Service).Problem())
		require.Empty(t, w.bookFor("2026-12-05T14:00:00+01:00", "PHONE", w.service("gewerbe-anmelden")).Problem())

		booked := w.other.Booked(w.place, "2026-12-08T08:00:00+01:00").Get("id").String() // a Tuesday
		through := plan(w.admin, "addOpening", w.opening("from", "2026-12-08", "to", "2026-12-08", "hours", spans("10:00-18:00")))
		require.Equal(t, []string{booked}, slugs(through.OK("addOpening.appointments.#.id")))
		require.Equal(t, "10:00-18:00", w.hours("2026-12-08", 1), "no break")

		closed := plan(w.admin, "addOpening", w.opening("from", "2026-12-23", "to", "2026-12-27"))
		require.JSONEq(t, `[{"date": "2026-12-24", "reason": "CLOSED"}]`, closed.OK("addOpening.stillClosed").Raw, "Christmas Eve is closed by a closure of the file")
		require.Equal(t, "09:00-12:00, CLOSED, 09:00-12:00, 09:00-12:00, 09:00-12:00", w.hours("2026-12-23", 5))
	})
}

// Weekly hours don't open public holidays, and say so.
func TestOpeningHoursTellOfHolidays(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		in := w.week("validFrom", "2026-12-24")
		for _, dry := range []bool{true, false} {
			a := plan(w.admin, "setOpeningHours", with(in, "dryRun", dry))
			require.JSONEq(t, `[{"date": "2026-12-24", "reason": "CLOSED"}, {"date": "2026-12-25", "reason": "HOLIDAY"}, {"date": "2026-12-31", "reason": "CLOSED"}, {"date": "2027-01-01", "reason": "HOLIDAY"}]`,
				a.OK("setOpeningHours.stillClosed").Raw)
		}
		express := plan(w.admin, "setOpeningHours", w.week("validFrom", "2026-12-24", "counter", w.counters[2], "hours", opens("FRIDAY 08:00-12:30")))
		require.JSONEq(t, `[{"date": "2026-12-25", "reason": "HOLIDAY"}, {"date": "2027-01-01", "reason": "HOLIDAY"}]`, express.OK("setOpeningHours.stillClosed").Raw, "of the days of the counter")
	})
}

// Hours that were set go back to the file's on a given day, and the counter's likewise.
func TestOpeningHoursAreGivenBack(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		file := "08:00-12:30 13:30-16:00"
		w.unchanged(t, func() {
			refused(t, mutate(w.admin, "resetOpeningHours", suite.Vars{"office": w.place.Office, "validFrom": "2026-12-07"}), "WRONG_STATE", "input.validFrom")
		})
		w.express("2026-11-30", "MONDAY 10:00-12:00")
		plan(w.admin, "setOpeningHours", w.week("validFrom", "2026-11-30", "hours", opens("MONDAY 10:00-14:00", "TUESDAY 08:00-16:00", "WEDNESDAY 08:00-12:30", "THURSDAY 08:00-18:00", "FRIDAY 08:00-12:30"))).OK("setOpeningHours.office.id")
		mondays := func() string {
			return w.hours("2026-11-30", 1) + ", " + w.hours("2026-12-07", 1) + ", " + w.hours("2026-12-14", 1) + ", " + w.hours("2026-12-21", 1)
		}
		reset := suite.Vars{"office": w.place.Office, "validFrom": "2026-12-14"}
		late := w.other.Booked(w.place, "2026-12-14T12:45:00+01:00").Get("id").String()
		require.Equal(t, []string{late}, slugs(plan(w.admin, "resetOpeningHours", with(reset, "dryRun", true)).OK("resetOpeningHours.appointments.#.id")))
		require.Equal(t, "10:00-14:00, 10:00-14:00, 10:00-14:00, 10:00-14:00", mondays())
		plan(w.admin, "resetOpeningHours", reset).OK("resetOpeningHours.office.id")
		require.Equal(t, "10:00-14:00, 10:00-14:00, "+file+", "+file, mondays())
		plan(w.admin, "setOpeningHours", w.week("validFrom", "2026-12-21", "hours", opens("MONDAY 09:00-15:00"))).OK("setOpeningHours.office.id")
		require.Equal(t, "10:00-14:00, 10:00-14:00, "+file+", 09:00-15:00", mondays(), "the file's in between")
		plan(w.admin, "resetOpeningHours", with(reset, "validFrom", "2026-12-07")).OK("resetOpeningHours.office.id")
		require.Equal(t, "10:00-14:00, "+file+", "+file+", "+file, mondays())
		plan(w.admin, "resetOpeningHours", with(reset, "validFrom", "2026-11-23")).OK("resetOpeningHours.office.id")
		require.Equal(t, file+", "+file+", "+file+", "+file, mondays())

		lost := w.service("fundsache")
		starts := func(day string) string {
			all, reason := w.starts(day, lost)
			if len(all) == 0 {
				return reason
			}
			return all[0]
		}
		// Only the second counter serves it on Tuesdays now, from eight on; the express counter's own Mondays end.
		plan(w.admin, "resetOpeningHours", suite.Vars{"office": w.place.Office, "counter": w.counters[2], "validFrom": "2026-11-30"}).OK("resetOpeningHours.office.id")
		require.Equal(t, "08:00", starts("2026-12-01"))

		trade := w.service("gewerbe-anmelden") // at the second counter, of which the file says no hours
		plan(w.admin, "setOpeningHours", w.week("validFrom", "2026-11-30", "counter", w.counters[1], "hours", opens("MONDAY 12:30-16:00"))).OK("setOpeningHours.office.id")
		all, reason := w.starts("2026-12-01", trade)
		require.Empty(t, all)
		require.Equal(t, "CLOSED", reason)
		plan(w.admin, "resetOpeningHours", suite.Vars{"office": w.place.Office, "counter": w.counters[1], "validFrom": "2026-12-07"}).OK("resetOpeningHours.office.id")
		all, _ = w.starts("2026-12-08", trade)
		require.Equal(t, "08:00", all[0], "the office's again")
		all, _ = w.starts("2026-12-01", trade)
		require.Empty(t, all, "before that it is as it was set")
	})
}

func TestOpeningsAreChecked(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		plan(w.admin, "addOpening", w.opening("from", "2027-03-01", "to", "2027-03-05")).OK("addOpening.office.id")
		for name, row := range map[string]struct {
			change []any
			path   string
		}{
			"from yesterday on":     {[]any{"from", "2026-11-22"}, "from"},
			"ends before it begins": {[]any{"to", "2026-12-31"}, "to"},
			"no hours":              {[]any{"hours", spans()}, "hours"},
			"off the grid":          {[]any{"hours", spans("09:01-12:00")}, "hours.0.from"},
			"reversed":              {[]any{"hours", spans("09:00-10:00", "12:00-11:00")}, "hours.1.to"},
			"overlapping":           {[]any{"hours", spans("09:00-12:00", "11:00-13:00")}, "hours.1"},
			"eleven spans":          {[]any{"hours", spans("01:00-01:05", "02:00-02:05", "03:00-03:05", "04:00-04:05", "05:00-05:05", "06:00-06:05", "07:00-07:05", "08:00-08:05", "09:00-09:05", "10:00-10:05", "11:00-11:05")}, "hours"},
			"a day that has one":    {[]any{"from", "2027-03-05", "to", "2027-03-08"}, "from"},
			"no reason in English":  {[]any{"reason", suite.Vars{"de": "Wahl", "en": ""}}, "reason.en"},
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				for _, dry := range []bool{false, true} {
					w.unchanged(t, func() {
						refused(t, mutate(w.admin, "addOpening", w.opening(append(row.change, "dryRun", dry)...)), "INVALID_INPUT", "input."+row.path)
					})
				}
			})
		}
	})
}
