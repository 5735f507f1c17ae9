package portal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// open is an opening span, written "MONDAY 08:00-16:00" or "MONDAY 08:00-16:00 12:30-13:30" with its break.
func open(text string) suite.Vars {
	parts := strings.Fields(text)
	span := func(s string) suite.Vars {
		from, to, _ := strings.Cut(s, "-")
		return suite.Vars{"from": from, "to": to}
	}
	h := with(span(parts[1]), "weekday", parts[0])
	if len(parts) > 2 {
		h["break"] = span(parts[2])
	}
	return h
}

func opens(spans ...string) []suite.Vars {
	all := make([]suite.Vars, len(spans))
	for i, s := range spans {
		all[i] = open(s)
	}
	return all
}

// week sets the hours that Blomberg has anyway, from a day in January on.
func (w *world) week(change ...any) suite.Vars {
	return with(suite.Vars{"office": w.place.Office, "validFrom": "2027-01-04", "hours": opens(
		"MONDAY 08:00-16:00 12:30-13:30", "TUESDAY 08:00-16:00 12:30-13:30", "WEDNESDAY 08:00-12:30", "THURSDAY 08:00-18:00 12:30-13:30", "FRIDAY 08:00-12:30",
	)}, change...)
}

// express returns the counter that has hours of its own others that are within any week that tests set.
func (w *world) express(from string, spans ...string) {
	plan(w.admin, "setOpeningHours", w.week("counter", w.counters[2], "validFrom", from, "hours", opens(spans...))).OK("setOpeningHours.office.id")
}

func TestOpeningHoursHoldFromTheirDayOn(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		rows := func() string { return suite.Dump(t, w.database, "opening_rules") }
		before := rows()
		w.express("2026-11-30", "MONDAY 10:00-12:00")
		plan(w.admin, "setOpeningHours", w.week("validFrom", "2026-11-30", "hours", opens("MONDAY 10:00-14:00 12:00-12:30", "SATURDAY 09:00-12:00"))).OK("setOpeningHours.office.id")
		require.Equal(t, "08:00-12:30 13:30-16:00, 08:00-12:30 13:30-16:00, 08:00-12:30, 08:00-12:30 13:30-18:00, 08:00-12:30, CLOSED, CLOSED",
			w.hours("2026-11-23", 7), "the week before is as it was")
		require.Equal(t, "10:00-12:00 12:30-14:00, CLOSED, CLOSED, CLOSED, CLOSED, 09:00-12:00, CLOSED", w.hours("2026-11-30", 7))
		starts, _ := w.starts("2026-12-05", w.place.Service)
		require.Equal(t, []string{"09:00", "11:45"}, []string{starts[0], starts[len(starts)-1]})
		_, reason := w.starts("2026-12-01", w.place.Service)
		require.Equal(t, "CLOSED", reason)

		var ended, lines []string
		for line := range strings.Lines(rows()) {
			lines = append(lines, strings.Replace(line, `"2026-11-29"`, `""`, 1))
			if strings.Contains(line, `"2026-11-29"`) {
				ended = append(ended, line)
			}
		}
		for line := range strings.Lines(strings.TrimSpace(before)) {
			require.Contains(t, lines, strings.TrimSuffix(line, "\n")+"\n", "what was is ended, and nothing else of it changed")
		}
		require.Len(t, ended, 8+5, "the office's and the counter's hours")

		t.Run("what was to begin on that day or later is replaced", func(t *testing.T) {
			w := w.in(t)
			plan(w.admin, "setOpeningHours", w.week("validFrom", "2026-12-14", "hours", opens("MONDAY 09:00-15:00"))).OK("setOpeningHours.office.id")
			require.Equal(t, "10:00-12:00 12:30-14:00, 09:00-15:00", w.hours("2026-12-07", 1)+", "+w.hours("2026-12-14", 1))
			plan(w.admin, "setOpeningHours", w.week("validFrom", "2026-12-14", "hours", opens("MONDAY 09:30-15:00"))).OK("setOpeningHours.office.id")
			require.Equal(t, "09:30-15:00", w.hours("2026-12-14", 1))
			plan(w.admin, "setOpeningHours", w.week("validFrom", "2026-12-07", "hours", opens("MONDAY 08:00-12:00"))).OK("setOpeningHours.office.id")
			require.Equal(t, "10:00-12:00 12:30-14:00, 08:00-12:00, 08:00-12:00", w.hours("2026-11-30", 1)+", "+w.hours("2026-12-07", 1)+", "+w.hours("2026-12-14", 1))
		})
		t.Run("on the last day there is", func(t *testing.T) {
			w := w.in(t)
			plan(w.admin, "setOpeningHours", w.week("validFrom", "9999-12-31")).OK("setOpeningHours.office.id")
			require.Equal(t, "08:00-12:00", w.hours("2027-01-11", 1))
		})
	})
}

// Longer hours show at once in open calendars, and can be booked.
func TestOpeningHoursAreLive(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		watch := w.anonymous.Subscribe(calendarOfTwoDays, suite.Vars{"o": w.place.Office, "s": w.place.Service})
		late := "2026-11-25T15:00:00+01:00"
		require.NotContains(t, slugs(watch.Next().Get("data.availability.days.0.starts")), late)
		require.Equal(t, "SLOT_NOT_OFFERED", w.other.Hold(w.place, late, suite.Key()).Problem())
		longer := w.week("validFrom", "2026-11-23")
		longer["hours"] = append(opens("WEDNESDAY 13:30-16:00"), longer["hours"].([]suite.Vars)...)
		plan(w.admin, "setOpeningHours", with(longer, "dryRun", true)).OK("setOpeningHours.office.id")
		require.Equal(t, "SLOT_NOT_OFFERED", w.other.Hold(w.place, late, suite.Key()).Problem(), "a dry run opens nothing")
		plan(w.admin, "setOpeningHours", longer).OK("setOpeningHours.office.id")
		watch.Until(func(m gjson.Result) bool {
			return strings.Contains(m.Get("data.availability.days.0.starts").Raw, late)
		})
		w.other.Hold(w.place, late, suite.Key()).OK("holdSlot.appointment.id")
	})
}

// What is held or booked outside the new hours is listed and stays; a dry run leaves no trace.
func TestOpeningHoursListWhatIsInTheirWay(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.other.Booked(w.place, "2026-11-26T17:00:00+01:00") // before the day
		booked := w.other.Booked(w.place, "2026-12-03T17:00:00+01:00").Get("id").String()
		inside := w.other.Booked(w.place, "2026-12-03T15:45:00+01:00").Get("id").String()
		held := w.Case().Hold(w.place, "2026-12-10T16:00:00+01:00", suite.Key()).OK("holdSlot.appointment.id").String()
		closedAnyway := w.other.Booked(w.place, "2026-12-17T15:00:00+01:00").Get("id").String()
		plan(w.admin, "addClosure", w.closure("from", "2026-12-17", "to", "2026-12-17")).OK("addClosure.office.id")

		in := w.week("validFrom", "2026-12-01", "idempotencyKey", suite.Key(), "hours", opens(
			"MONDAY 08:00-16:00 12:30-13:30", "TUESDAY 08:00-16:00 12:30-13:30", "WEDNESDAY 08:00-12:30", "THURSDAY 08:00-16:00 12:30-13:30", "FRIDAY 08:00-12:30",
		))
		inTheWay := func(a *suite.Answer, want ...string) {
			t.Helper()
			require.Equal(t, want, slugs(a.OK("setOpeningHours.appointments.#.id")), a.Raw)
			require.Equal(t, int64(len(want)), a.Get("data.setOpeningHours.appointmentCount").Int())
			require.NotContains(t, a.Raw, closedAnyway, "in the way of something else")
		}
		before := w.everything(t)
		inTheWay(plan(w.admin, "setOpeningHours", with(in, "dryRun", true)), booked, held)
		require.Equal(t, before, w.everything(t), "a dry run leaves no trace")

		book := func() string { return suite.Dump(t, w.database, "allocation", "appointments", "cases") }
		before = book()
		inTheWay(plan(w.admin, "setOpeningHours", in), booked, held)
		require.Equal(t, before, book(), "what is in the way stays as it is")
		w.Clock.Advance(11 * time.Minute)
		inTheWay(plan(w.admin, "setOpeningHours", in), booked)

		counter := w.clerk.Do(`query($id: ID!) { appointment(id: $id) { counter { id } } }`, suite.Vars{"id": inside}).OK("appointment.counter.id").String()
		for _, c := range w.counters[:2] {
			var want []string
			if c == counter {
				want = []string{inside}
			}
			alone := plan(w.admin, "setOpeningHours", w.week("validFrom", "2026-12-03", "counter", c, "dryRun", true, "hours", opens("THURSDAY 08:00-15:30")))
			require.Subset(t, slugs(alone.OK("setOpeningHours.appointments.#.id")), want)
			if c != counter {
				require.NotContains(t, alone.Raw, inside, "at another counter")
			}
		}
	})
}

// A counter may have hours of its own from a day on; until then the office's hold for it, whatever becomes of them.
func TestACounterGetsHoursOfItsOwn(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		trade := w.service("gewerbe-anmelden") // at the second counter alone
		starts := func(day string) string {
			t.Helper()
			all, reason := w.starts(day, trade)
			if len(all) == 0 {
				return reason
			}
			return all[0] + " to " + all[len(all)-1]
		}
		require.Equal(t, "08:00 to 15:30", starts("2026-12-01"))
		set := func(from string, change ...any) {
			t.Helper()
			plan(w.admin, "setOpeningHours", w.week(append([]any{"validFrom", from, "counter", w.counters[1]}, change...)...)).OK("setOpeningHours.office.id")
		}
		set("2026-12-07", "hours", opens("MONDAY 12:30-16:00"))
		require.Equal(t, "08:00 to 15:30", starts("2026-12-01"))
		require.Equal(t, "12:30 to 15:30", starts("2026-12-07"), "through the office's break")
		require.Equal(t, "CLOSED", starts("2026-12-08"))
		require.Equal(t, "08:00-12:30 13:30-16:00", w.hours("2026-12-07", 1), "the office's hours are as they were")

		later := opens("MONDAY 09:00-16:00", "TUESDAY 09:00-16:00", "WEDNESDAY 08:00-12:30", "THURSDAY 08:00-18:00", "FRIDAY 08:00-12:30")
		w.express("2026-11-30", "MONDAY 10:00-12:00")
		plan(w.admin, "setOpeningHours", w.week("validFrom", "2026-11-30", "hours", later)).OK("setOpeningHours.office.id")
		require.Equal(t, "09:00 to 15:30", starts("2026-12-01"), "the office's hold until then")
		require.Equal(t, "12:30 to 15:30", starts("2026-12-07"))

		t.Run("with a share for online bookings", func(t *testing.T) {
			w := w.in(t)
			set("2026-12-14", "hours", opens("MONDAY 12:30-16:00"), "publicHours", opens("MONDAY 14:00-15:00"))
			require.Equal(t, "12:30 to 15:30", starts("2026-12-07"), "all of it, until then")
			require.Equal(t, "14:00 to 14:30", starts("2026-12-14"))
			require.Empty(t, w.bookFor("2026-12-14T15:30:00+01:00", "PHONE", trade).Problem(), "staff take any of it")
			set("2026-12-21", "hours", opens("MONDAY 13:00-14:30"))
			require.Equal(t, "14:00 to 14:00", starts("2026-12-21"), "the share stays as it is")
		})
	})
}

func TestOpeningHoursAreChecked(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		express := w.counters[2] // Monday to Friday 08:00 to 12:30
		var many []string
		for i := range 51 {
			many = append(many, time.Weekday(i%7).String()+time.Date(0, 1, 1, i/7, 0, 0, 0, time.UTC).Format(" 15:04")+time.Date(0, 1, 1, i/7, 30, 0, 0, time.UTC).Format("-15:04"))
			many[i] = strings.ToUpper(many[i])
		}
		for name, row := range map[string]struct {
			change []any
			path   string
		}{
			"from yesterday on":                       {[]any{"validFrom", "2026-11-22"}, "validFrom"},
			"no hours":                                {[]any{"hours", opens()}, "hours"},
			"51 spans":                                {[]any{"hours", opens(many...)}, "hours"},
			"off the grid":                            {[]any{"hours", opens("MONDAY 08:01-16:00")}, "hours.0.from"},
			"an end off the grid":                     {[]any{"hours", opens("MONDAY 08:00-15:58")}, "hours.0.to"},
			"reversed":                                {[]any{"hours", opens("MONDAY 08:00-16:00", "TUESDAY 16:00-08:00")}, "hours.1.to"},
			"without length":                          {[]any{"hours", opens("MONDAY 08:00-08:00")}, "hours.0.to"},
			"overlapping":                             {[]any{"hours", opens("MONDAY 08:00-12:00", "TUESDAY 08:00-12:00", "MONDAY 11:55-16:00")}, "hours.2"},
			"the same twice":                          {[]any{"hours", opens("MONDAY 08:00-12:00", "MONDAY 08:00-12:00")}, "hours.1"},
			"a break outside":                         {[]any{"hours", opens("MONDAY 08:00-12:00 13:00-14:00")}, "hours.0.break"},
			"a break from the start on":               {[]any{"hours", opens("MONDAY 08:00-12:00 08:00-09:00")}, "hours.0.break"},
			"a break reversed":                        {[]any{"hours", opens("MONDAY 08:00-12:00 10:00-09:00")}, "hours.0.break.to"},
			"a break off the grid":                    {[]any{"hours", opens("MONDAY 08:00-12:00 09:03-10:00")}, "hours.0.break.from"},
			"narrower than a counter's own":           {[]any{"hours", opens("MONDAY 08:00-16:00")}, "hours"},
			"later than a counter's own":              {[]any{"hours", opens("MONDAY 08:05-16:00", "TUESDAY 08:00-16:00", "WEDNESDAY 08:00-12:30", "THURSDAY 08:00-18:00", "FRIDAY 08:00-12:30")}, "hours"},
			"a counter's before the office's":         {[]any{"counter", express, "hours", opens("MONDAY 07:00-12:00")}, "hours"},
			"a counter's on a day the office is shut": {[]any{"counter", express, "hours", opens("SATURDAY 09:00-12:00")}, "hours"},
			"a time that isn't":                       {[]any{"hours", opens("MONDAY 08:00-24:05")}, "hours.0.to"},
			"a time without zero":                     {[]any{"hours", opens("MONDAY 8:00-12:00")}, "hours.0.from"},
			"public hours of an office":               {[]any{"publicHours", opens("MONDAY 08:00-12:00")}, "publicHours"},
			"no public hours":                         {[]any{"counter", express, "hours", opens("MONDAY 08:00-12:00"), "publicHours", opens()}, "publicHours"},
			"public hours beyond the counter's":       {[]any{"counter", express, "hours", opens("MONDAY 08:00-12:00"), "publicHours", opens("MONDAY 08:00-12:05")}, "publicHours.0"},
			"public hours overlapping":                {[]any{"counter", express, "hours", opens("MONDAY 08:00-12:00"), "publicHours", opens("MONDAY 08:00-10:00", "MONDAY 09:00-12:00")}, "publicHours.1"},
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				for _, dry := range []bool{false, true} {
					w.unchanged(t, func() {
						refused(t, mutate(w.admin, "setOpeningHours", w.week(append(row.change, "dryRun", dry)...)), "INVALID_INPUT", "input."+row.path)
					})
				}
			})
		}
		for name, hours := range map[string]any{
			"null": nil, "a word": "always", "half a span": []suite.Vars{{"weekday": "MONDAY", "from": "08:00"}}, "a day that isn't": []suite.Vars{with(open("MONDAY 08:00-12:00"), "weekday", "MONTAG")},
			"a day in small letters": []suite.Vars{with(open("MONDAY 08:00-12:00"), "weekday", "monday")},
		} {
			t.Run("hours of "+name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					a := mutate(w.admin, "setOpeningHours", w.week("hours", hours))
					a.Clean()
					require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.ErrorCode(), a.Raw)
				})
			})
		}
		t.Run("all day long is taken", func(t *testing.T) {
			w := w.in(t)
			var spans []string
			for _, day := range strings.Fields("MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY") {
				spans = append(spans, day+" 00:00-24:00")
			}
			plan(w.admin, "setOpeningHours", w.week("hours", opens(spans...))).OK("setOpeningHours.office.id")
			require.Equal(t, "00:00-24:00", w.hours("2027-01-10", 1))
		})
	})
}
