package portal_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

// closure closes the office on a day in January.
func (w *world) closure(change ...any) suite.Vars {
	return with(suite.Vars{
		"office": w.place.Office, "from": "2027-01-11", "to": "2027-01-11", "reason": suite.Vars{"de": "Personalversammlung", "en": "Staff meeting"},
	}, change...)
}

// plan runs a change of closures, openings or weekly hours and shows the office and what is in the way.
func plan(c *suite.Client, name string, input suite.Vars) *suite.Answer {
	return c.Do(`mutation($in: `+mutations[name].input+`!) { `+name+`(input: $in) {
		office { id closures { from to hours { from to } counter { id } reason } } appointmentCount appointments { id status start counter { id } }
		stillClosed { date reason } `+problems+` } }`,
		suite.Vars{"in": with(suite.Vars{"idempotencyKey": suite.Key()}, mapped(input)...)})
}

func mapped(in suite.Vars) (pairs []any) {
	for name, value := range in {
		pairs = append(pairs, name, value)
	}
	return pairs
}

// everything is all that there is, but for what jobs write meanwhile.
func (w *world) everything(t *testing.T) string {
	t.Helper()
	tables := slices.DeleteFunc(suite.Tables(t, w.database), func(table string) bool { return table == "notices" || table == "head_digests" })
	return suite.Effects(t, w.database, w.Clock, tables...)
}

// hours are the office's opening hours, day by day.
func (w *world) hours(from string, days int) string {
	var all []string
	for _, day := range w.anonymous.Do(`query($from: Date!, $n: Int!) { municipality(by: {slug: "blomberg"}) { offices { openingHours(from: $from, days: $n) { hours { from to } reason } } } }`,
		suite.Vars{"from": from, "n": days}).OK("municipality.offices.0.openingHours").Array() {
		text := day.Get("reason").String()
		for _, h := range day.Get("hours").Array() {
			text += " " + h.Get("from").String() + "-" + h.Get("to").String()
		}
		all = append(all, strings.TrimSpace(text))
	}
	return strings.Join(all, ", ")
}

// starts are the clock times at which a service can be booked online on a day, and why none can.
func (w *world) starts(day, service string) (starts []string, reason string) {
	a := w.anonymous.Do(`query($in: AvailabilityInput!) { availability(input: $in) { days { starts reason } } }`, suite.Vars{"in": suite.Vars{
		"office": w.place.Office, "concerns": []suite.Vars{{"service": service}}, "from": day, "days": 1,
	}}).OK("availability.days.0")
	for _, start := range a.Get("starts").Array() {
		starts = append(starts, start.String()[11:16])
	}
	return starts, a.Get("reason").String()
}

const calendarOfTwoDays = `subscription($o: ID!, $s: ID!) { availability(input: {office: $o, concerns: [{service: $s}], from: "2026-11-25", days: 2}) { days { date starts reason } } }`

// A closed day is closed at once: in open calendars, for people and for staff.
func TestAClosureClosesAtOnce(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		watch := w.anonymous.Subscribe(calendarOfTwoDays, suite.Vars{"o": w.place.Office, "s": w.place.Service})
		before := watch.Next().Get("data.availability.days")
		require.NotEmpty(t, before.Get("0.starts").Array())

		done := plan(w.admin, "addClosure", w.closure("from", "2026-11-25", "to", "2026-11-25"))
		require.JSONEq(t, `[
			{"from": "2026-11-25", "to": "2026-11-25", "hours": null, "counter": null, "reason": "Personalversammlung"},
			{"from": "2026-12-24", "to": "2026-12-24", "hours": null, "counter": null, "reason": "Heiligabend"},
			{"from": "2026-12-31", "to": "2026-12-31", "hours": null, "counter": null, "reason": "Silvester"}
		]`, done.OK("addClosure.office.closures").Raw)
		require.Zero(t, done.Get("data.addClosure.appointmentCount").Int())

		now := watch.Until(func(m gjson.Result) bool { return m.Get("data.availability.days.0.reason").String() == "CLOSED" }).Get("data.availability.days")
		require.Empty(t, now.Get("0.starts").Array())
		require.JSONEq(t, before.Get("1").Raw, now.Get("1").Raw, "the day after is as it was")
		require.Equal(t, "CLOSED, 08:00-12:30 13:30-18:00", w.hours("2026-11-25", 2))
		for _, a := range []*suite.Answer{w.other.Hold(w.place, nine, suite.Key()), w.bookFor(nine, "PHONE", w.place.Service)} {
			require.Equal(t, "SLOT_NOT_OFFERED", a.Problem(), a.Raw)
			require.Contains(t, a.Raw, `"reason":"CLOSED"`)
		}
		w.anonymous.Accept = "en"
		closures := w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { offices { closures { reason } } } }`, nil)
		require.Equal(t, "Staff meeting", closures.OK("municipality.offices.0.closures.0.reason").String())

		var actor, subject string
		require.NoError(t, w.database.QueryRow(`SELECT actor, subject FROM events WHERE action = 'office.closed' AND stream = municipality_id`).Scan(&actor, &subject))
		require.Regexp(t, `^staff:.*anna$`, actor)
		require.Equal(t, w.place.Office, subject)
		_, faults, err := server.Audit(t.Context(), w.Config)
		require.NoError(t, err)
		require.Empty(t, faults)

		w.Clock.Set(suite.Start().AddDate(0, 0, 3))
		require.Equal(t, int64(2), w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { offices { closures { to } } } }`, nil).OK("municipality.offices.0.closures.#").Int(), "what is over is no longer shown")
	})
}

func TestAClosureOfHoursOrOfACounterLeavesTheRest(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		hours := suite.Vars{"from": "09:00", "to": "10:00"}
		plan(w.admin, "addClosure", w.closure("from", "2026-11-25", "to", "2026-11-26", "hours", hours)).OK("addClosure.office.id")
		require.Equal(t, "08:00-09:00 10:00-12:30, 08:00-09:00 10:00-12:30 13:30-18:00, 08:00-12:30", w.hours("2026-11-25", 3))
		starts, _ := w.starts("2026-11-25", w.place.Service)
		require.Equal(t, []string{"08:00", "08:15", "08:30", "08:45", "10:00"}, starts[:5])

		trade := w.service("gewerbe-anmelden") // at the second counter alone
		starts, _ = w.starts("2026-11-27", trade)
		require.NotEmpty(t, starts)
		plan(w.admin, "addClosure", w.closure("from", "2026-11-27", "to", "2026-11-27", "counter", w.counters[1])).OK("addClosure.office.id")
		starts, reason := w.starts("2026-11-27", trade)
		require.Empty(t, starts)
		require.Equal(t, "CLOSED", reason)
		require.Equal(t, "08:00-12:30", w.hours("2026-11-27", 1), "the office is open")
		starts, _ = w.starts("2026-11-27", w.place.Service)
		require.Equal(t, "08:00", starts[0], "at the first counter")

		plan(w.admin, "addClosure", w.closure("from", "2026-11-23", "to", "2026-11-23", "hours", suite.Vars{"from": "00:00", "to": "24:00"})).OK("addClosure.office.id")
		_, reason = w.starts("2026-11-23", w.place.Service)
		require.Equal(t, "CLOSED", reason, "today too")
		plan(w.admin, "addClosure", w.closure("from", "2026-11-24", "to", "9999-12-31")).OK("addClosure.office.id")
		require.Equal(t, "CLOSED", w.hours("2027-06-01", 1), "for good")
	})
}

// What is booked or held in the closed time is listed and stays; a dry run lists it and leaves no trace.
func TestAClosureListsWhatIsInItsWay(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		at := func(clock string) string { return "2026-11-26T" + clock + ":00+01:00" }
		w.Case().Hold(w.place, at("09:30"), suite.Key()).OK("holdSlot.appointment.id")
		w.Clock.Advance(11 * time.Minute) // that hold is over
		gone := w.other.Booked(w.place, at("09:15")).Get("id").String()
		w.other.On("cancelAppointment", gone, suite.Key()).OK("cancelAppointment.appointment.id")
		booked := w.other.Booked(w.place, at("09:00")).Get("id").String()
		w.other.Booked(w.place, at("08:45"))
		w.other.Booked(w.place, at("10:00"))
		w.other.Booked(w.place, "2026-11-27T09:00:00+01:00")
		held := w.Case()
		hold := held.Hold(w.place, at("09:45"), suite.Key()).OK("holdSlot.appointment.id").String()

		key := suite.Key()
		in := w.closure("from", "2026-11-26", "to", "2026-11-26", "hours", suite.Vars{"from": "09:00", "to": "10:00"}, "idempotencyKey", key)
		inTheWay := func(a *suite.Answer, want ...string) {
			t.Helper()
			found := a.OK("addClosure.appointments.#.id")
			require.ElementsMatch(t, want, slugs(found), a.Raw)
			require.Equal(t, int64(len(want)), a.Get("data.addClosure.appointmentCount").Int())
		}
		before, watch := w.everything(t), w.anonymous.Subscribe(calendarOfTwoDays, suite.Vars{"o": w.place.Office, "s": w.place.Service})
		watch.Next()
		tried := plan(w.admin, "addClosure", with(in, "dryRun", true))
		inTheWay(tried, booked, hold)
		require.Equal(t, before, w.everything(t), "a dry run leaves no trace")
		require.Equal(t, int64(2), tried.Get("data.addClosure.office.closures.#").Int())
		require.JSONEq(t, `["BOOKED", "HELD"]`, tried.Get("data.addClosure.appointments.#.status").Raw, "by start")
		require.Equal(t, at("09:00"), tried.Get("data.addClosure.appointments.0.start").String())
		require.Equal(t, "08:00-12:30 13:30-18:00", w.hours("2026-11-26", 1))

		book := func() string { return suite.Dump(t, w.database, "allocation", "appointments", "cases") }
		before = book()
		done := plan(w.admin, "addClosure", in)
		inTheWay(done, booked, hold)
		require.Equal(t, before, book(), "what is in the way stays as it is")
		require.Equal(t, int64(3), done.Get("data.addClosure.office.closures.#").Int())
		next := watch.Next() // the first news since the watch began is the real closure, not the one that was tried
		require.NotContains(t, slugs(next.Get("data.availability.days.1.starts")), at("09:15"))
		require.Contains(t, slugs(next.Get("data.availability.days.1.starts")), at("08:00"))

		held.Book(w.place, hold, suite.Key()).OK("bookAppointment.appointment.id") // a time shown as held is its owner's
		w.clerk.Reschedule(booked, at("11:00"), suite.Key()).OK("rescheduleAppointment.appointment.id")
		again := plan(w.admin, "addClosure", in)
		inTheWay(again, hold)
		require.Equal(t, int64(3), again.Get("data.addClosure.office.closures.#").Int(), "repeated, it is the same closure")
		require.Equal(t, "IDEMPOTENCY_KEY_REUSED", plan(w.admin, "addClosure", with(in, "dryRun", true)).Problem())

		counter := w.clerk.Do(`query($id: ID!) { appointment(id: $id) { counter { id } } }`, suite.Vars{"id": hold}).OK("appointment.counter.id").String()
		for _, c := range w.counters {
			alone := plan(w.admin, "addClosure", with(in, "dryRun", true, "counter", c, "idempotencyKey", suite.Key()))
			if c == counter {
				inTheWay(alone, hold)
			} else {
				inTheWay(alone)
			}
		}
	})
}

// Whoever holds a time while its day is closed either had it before, and is listed, or is refused. Nobody gets in unseen.
func TestAHoldRacedAgainstAClosureIsListedOrRefused(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		listed, refusals := 0, 0
		for _, day := range []string{"2026-11-26", "2026-11-30", "2026-12-01", "2026-12-03", "2026-12-07", "2026-12-08", "2026-12-10", "2026-12-14", "2026-12-15", "2026-12-17"} {
			clocks := []string{"08:00", "08:30", "09:00", "09:30", "10:00", "10:30", "11:00", "11:30"}
			holders := make([]*suite.Client, len(clocks))
			for i := range holders {
				holders[i] = w.Case()
			}
			held := make([]*suite.Answer, len(clocks))
			var closed *suite.Answer
			var racing sync.WaitGroup
			for i, clock := range clocks {
				racing.Go(func() { held[i] = holders[i].Hold(w.place, day+"T"+clock+":00+01:00", suite.Key()) })
			}
			racing.Go(func() { closed = plan(w.admin, "addClosure", w.closure("from", day, "to", day)) })
			racing.Wait()

			var had []string
			for _, a := range held {
				if a.Problem() == "" {
					had = append(had, a.OK("holdSlot.appointment.id").String())
					continue
				}
				refusals++
				require.Equal(t, "SLOT_NOT_OFFERED", a.Problem(), a.Raw)
				require.Equal(t, "CLOSED", a.Get("data.holdSlot.problems.0.reason").String())
			}
			listed += len(had)
			require.ElementsMatch(t, had, slugs(closed.OK("addClosure.appointments.#.id")), day)
			n := 0
			require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM appointments WHERE day = '`+day+`'`).Scan(&n))
			require.Len(t, had, n, "in the book as in the answers")
		}
		t.Logf("%s: %d listed, %d refused", b.Name, listed, refusals)
	})
}

// Changes of one office at once come one after the other, none lost.
func TestClosuresAtOnceAllHold(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		answers := make([]*suite.Answer, 10)
		var racing sync.WaitGroup
		for i := range answers {
			day := fmt.Sprintf("2027-01-%02d", 4+i)
			racing.Go(func() { answers[i] = plan(w.admin, "addClosure", w.closure("from", day, "to", day)) })
		}
		racing.Wait()
		for _, a := range answers {
			a.OK("addClosure.office.id")
		}
		require.Equal(t, strings.TrimSuffix(strings.Repeat("CLOSED, ", 10), ", "), w.hours("2027-01-04", 10))
		revision := 0
		require.NoError(t, w.database.QueryRow(`SELECT revision FROM offices`).Scan(&revision))
		require.Equal(t, 12, revision, "one for each, after that of the import")
		_, faults, err := server.Audit(t.Context(), w.Config)
		require.NoError(t, err)
		require.Empty(t, faults)
	})
}

func TestClosuresAreChecked(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		span := func(from, to string) suite.Vars { return suite.Vars{"from": from, "to": to} }
		for name, row := range map[string]struct {
			change []any
			path   string
		}{
			"ends before it begins":         {[]any{"to", "2027-01-10"}, "to"},
			"began yesterday":               {[]any{"from", "2026-11-22"}, "from"},
			"hours off the grid":            {[]any{"hours", span("09:01", "10:00")}, "hours.from"},
			"hours that end off the grid":   {[]any{"hours", span("09:00", "10:02")}, "hours.to"},
			"hours reversed":                {[]any{"hours", span("10:00", "09:00")}, "hours.to"},
			"hours without length":          {[]any{"hours", span("09:00", "09:00")}, "hours.to"},
			"no reason in German":           {[]any{"reason", suite.Vars{"de": "", "en": "Moving"}}, "reason.de"},
			"a blank reason in English":     {[]any{"reason", suite.Vars{"de": "Umzug", "en": "  "}}, "reason.en"},
			"a reason of 301 characters":    {[]any{"reason", suite.Vars{"de": strings.Repeat("x", 301), "en": "x"}}, "reason.de"},
			"a day that isn't":              {[]any{"from", "2027-02-30"}, "from"},
			"an hour that isn't":            {[]any{"hours", span("25:00", "09:00")}, "hours.from"},
			"a reason with control letters": {[]any{"reason", suite.Vars{"de": "x", "en": "a\x00b"}}, "reason.en"},
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				for _, dry := range []bool{false, true} {
					w.unchanged(t, func() {
						refused(t, mutate(w.admin, "addClosure", w.closure(append(row.change, "dryRun", dry)...)), "INVALID_INPUT", "input."+row.path)
					})
				}
			})
		}
		for name, change := range map[string][]any{
			"no reason": {"reason", nil}, "hours of half a span": {"hours", suite.Vars{"from": "09:00"}}, "a day that is a number": {"from", 20270228},
			"a dry run of null": {"dryRun", nil},
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					a := mutate(w.admin, "addClosure", w.closure(change...))
					a.Clean()
					require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.ErrorCode(), a.Raw)
				})
			})
		}
	})
}
