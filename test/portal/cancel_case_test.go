package portal_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

// cancelAll has staff cancel the appointments of the case of an appointment.
func cancelAll(c *suite.Client, appointment, key string) *suite.Answer {
	return c.Do(`mutation($in: CancelAppointmentsOfCaseInput!) {
		cancelAppointmentsOfCase(input: $in) { appointments { id status heldUntil case { id } } remaining `+problems+` }
	}`, suite.Vars{"in": suite.Vars{"idempotencyKey": key, "appointment": appointment}})
}

func (w *world) supervisor() *suite.Client { return w.Staff("susi", "SUPERVISOR@"+suite.ARS) }

// status is the state of an appointment as staff see it.
func (w *world) status(id string) string {
	return w.clerk.Do(`query($id: ID!) { appointment(id: $id) { status } }`, suite.Vars{"id": id}).OK("appointment.status").String()
}

func ids(a *suite.Answer) (all []string) {
	for _, row := range a.OK("cancelAppointmentsOfCase.appointments").Array() {
		all = append(all, row.Get("id").String())
	}
	return all
}

// notCanceled says that a write was refused: with a problem, at a path, and nothing else.
func notCanceled(t *testing.T, a *suite.Answer, code, path string) {
	t.Helper()
	payload := a.Clean().Get("data.cancelAppointmentsOfCase")
	require.Equal(t, code, a.Problem(), a.Raw)
	require.Equal(t, gjson.Null, payload.Get("appointments").Type, a.Raw)
	require.Zero(t, payload.Get("remaining").Int())
	var at []string
	for _, step := range payload.Get("problems.0.path").Array() {
		at = append(at, step.String())
	}
	require.Equal(t, path, strings.Join(at, "."))
}

// What lies ahead of one case is canceled by one write, and nothing else.
func TestStaffCancelAllAppointmentsOfACase(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		second := w.holder.Booked(w.place, "2026-11-26T09:00:00+01:00").Get("id").String()
		begun := w.holder.Booked(w.place, "2026-11-23T08:00:00+01:00").Get("id").String()
		here := w.holder.Booked(w.place, "2026-11-23T11:00:00+01:00").Get("id").String()
		w.clerk.On("checkIn", here, suite.Key()).OK("checkIn.appointment.id")
		gone := w.holder.Booked(w.place, "2026-11-27T09:00:00+01:00").Get("id").String()
		w.holder.On("cancelAppointment", gone, suite.Key()).OK("cancelAppointment.appointment.id")
		others := w.other.Booked(w.place, "2026-11-26T09:00:00+01:00").Get("id").String()
		w.Clock.Set(w.clerk.Instant("2026-11-23T08:00:00+01:00"))
		lapsed := w.held // it has run out, and nobody has swept it
		held := w.holder.Hold(w.place, "2026-11-24T10:00:00+01:00", suite.Key()).OK("holdSlot.appointment.id").String()

		key := suite.Key()
		a := cancelAll(w.supervisor(), gone, key)
		require.Equal(t, []string{w.booked, second, held}, ids(a), "by their age")
		require.Zero(t, a.Get("data.cancelAppointmentsOfCase.remaining").Int())
		for _, row := range a.OK("cancelAppointmentsOfCase.appointments").Array() {
			require.Equal(t, "CANCELED", row.Get("status").String())
			require.Equal(t, gjson.Null, row.Get("heldUntil").Type)
			require.Equal(t, w.caseID, row.Get("case.id").String())
		}
		for id, status := range map[string]string{
			w.booked: "CANCELED", second: "CANCELED", held: "CANCELED", gone: "CANCELED", begun: "BOOKED", here: "CHECKED_IN", others: "BOOKED", lapsed: "EXPIRED",
		} {
			require.Equal(t, status, w.status(id))
		}
		cells := 0
		require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM allocation WHERE appointment_id IN ($1, $2, $3)`, w.booked, second, held).Scan(&cells))
		require.Zero(t, cells)

		t.Run("once under a key", func(t *testing.T) {
			w := w.in(t)
			again := w.holder.Booked(w.place, "2026-11-26T10:00:00+01:00").Get("id").String()
			w.unchanged(t, func() {
				b := cancelAll(w.supervisor(), gone, key)
				require.Equal(t, ids(a), ids(b))
				require.EqualValues(t, 1, b.Get("data.cancelAppointmentsOfCase.remaining").Int(), "what was booked after it")
				notCanceled(t, cancelAll(w.supervisor(), others, key), "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey")
			})
			require.Equal(t, []string{again}, ids(cancelAll(w.supervisor(), gone, suite.Key())))
			require.Empty(t, ids(cancelAll(w.supervisor(), gone, suite.Key())), "nothing is left")
		})
		t.Run("the events say who, and that it was one write", func(t *testing.T) {
			events := w.in(t).holder.Do(`{ viewer { case { events { action by subject before after } } } }`, nil).OK("viewer.case.events").Array()
			var actions []string
			for _, e := range events[len(events)-8:] {
				actions = append(actions, e.Get("by").String()+" "+e.Get("action").String())
			}
			require.Equal(t, []string{
				"STAFF appointment.canceled", "STAFF appointment.canceled", "STAFF appointment.canceled", "STAFF case.appointments_canceled",
				"PERSON appointment.held", "PERSON appointment.booked", "STAFF appointment.canceled", "STAFF case.appointments_canceled",
			}, actions)
		})
		_, faults, err := server.Audit(t.Context(), w.Config)
		require.NoError(t, err)
		require.Empty(t, faults)
	})
}

func TestWhoMayCancelAllAppointmentsOfACase(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.unchanged(t, func() {
			for _, row := range []struct {
				as         *suite.Client
				id         string
				code, path string
			}{
				{w.anonymous, w.booked, "UNAUTHENTICATED", ""},
				{w.holder, w.booked, "NOT_FOUND", "input.appointment"},
				{w.clerk, w.booked, "FORBIDDEN", "input.appointment"},
				{w.foreign, w.booked, "NOT_FOUND", "input.appointment"},
				{w.Staff("nora"), w.booked, "NOT_FOUND", "input.appointment"},
				{w.Staff("sven", "SUPERVISOR@"+suite.OtherARS, "CLERK@"+suite.ARS), w.booked, "FORBIDDEN", "input.appointment"},
				{w.supervisor(), unknownAppointment, "NOT_FOUND", "input.appointment"},
				{w.supervisor(), "", "NOT_FOUND", "input.appointment"},
				{w.supervisor(), w.caseID, "NOT_FOUND", "input.appointment"},
			} {
				notCanceled(t, cancelAll(row.as, row.id, suite.Key()), row.code, row.path)
			}
		})
		require.Len(t, ids(cancelAll(w.admin, w.booked, suite.Key())), 2, "an admin is a supervisor as well")
	})
}

// The times are free for others at once, whoever watches sees it, and the person gets notices of what was booked.
func TestTimesOfACanceledCaseAreFreeAtOnce(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		all := []*suite.Process{w.Process}
		if b.Redis != nil {
			all = append(all, w.Beside(b))
		}
		w.other.Booked(w.place, nine)
		booked := w.holder.Booked(w.place, nine).Get("id").String() // the last counter
		held := w.holder.Hold(w.place, half, suite.Key()).OK("holdSlot.appointment.id").String()
		var calendars, boards, own []*suite.Stream
		for _, p := range all {
			s := p.Anonymous().Subscribe(calendar, w.wednesday())
			require.False(t, offers(s.Next(), nine))
			calendars = append(calendars, s)
			clerk := p.Clerk()
			s = clerk.Subscribe(`subscription($o: ID!) { appointmentBoard(office: $o, date: "2026-11-25") { appointments { id } } }`, suite.Vars{"o": w.place.Office})
			require.Len(t, s.Next().Get("data.appointmentBoard.appointments").Array(), 3)
			boards = append(boards, s)
			s = clerk.Subscribe(`subscription($id: ID!) { appointment(id: $id) { status } }`, suite.Vars{"id": held})
			require.Equal(t, "HELD", s.Next().Get("data.appointment.status").String())
			own = append(own, s)
		}
		begun := time.Now()
		require.ElementsMatch(t, []string{w.booked, w.held, booked, held}, ids(cancelAll(w.supervisor(), w.booked, suite.Key())))
		for i := range all {
			calendars[i].Until(func(m gjson.Result) bool { return offers(m, nine) })
			boards[i].Until(func(m gjson.Result) bool { return len(m.Get("data.appointmentBoard.appointments").Array()) == 1 })
			own[i].Until(func(m gjson.Result) bool { return m.Get("data.appointment.status").String() == "CANCELED" })
		}
		require.Less(t, time.Since(begun), 3*soon)
		require.Equal(t, []string{"appointment.booked", "appointment.canceled", "appointment.reminder"}, w.owed(t, booked))
		require.Empty(t, w.owed(t, held), "nobody was told of a hold")
		w.Case().Booked(w.place, nine)
	})
}

// Bookings and cancellations of one case by both sides at once end in one state each, and no cell is left behind.
func TestCancelingACaseWhileItBooks(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		starts := w.anonymous.Starts(w.place, 4)
		staff := w.supervisor()
		w.holder.On("releaseHold", w.held, suite.Key()).OK("releaseHold.appointment.id")
		var running sync.WaitGroup
		for i := range 2 { // as many holds as a case may have
			running.Go(func() {
				for n := range 4 {
					id := w.holder.Hold(w.place, starts[3*(4*i+n)], suite.Key()).OK("holdSlot.appointment.id").String()
					a := w.holder.Book(w.place, id, suite.Key()) // or it has been canceled
					require.Contains(t, []string{"", "WRONG_STATE"}, a.Problem(), a.Raw)
				}
			})
			running.Go(func() {
				for range 4 {
					cancelAll(staff, w.booked, suite.Key()).OK("cancelAppointmentsOfCase.appointments")
				}
			})
		}
		running.Wait()
		cancelAll(staff, w.booked, suite.Key()).OK("cancelAppointmentsOfCase.appointments")
		left := 0
		require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM allocation`).Scan(&left))
		require.Zero(t, left)
		_, faults, err := server.Audit(t.Context(), w.Config)
		require.NoError(t, err)
		require.Empty(t, faults)
	})
}

// Beyond a hundred the rest stays for another write.
func TestAWriteCancelsAHundredAppointmentsOfACase(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		db := suite.OpenWriter(t, w.Config)
		for i := range 100 { // copies of the booked one, without cells
			_, err := db.Exec(`INSERT INTO appointments (id, case_id, municipality_id, office_id, counter_id, counter_number, called_counter_id, reference, concerns, starts_at, ends_at,
					day, status, extended, channel, given_name, family_name, email, phone, reminder, language, created_at, booked_at, calls, revision)
				SELECT '` + fmt.Sprintf("appointment_01m%023d", i) + `', case_id, municipality_id, office_id, counter_id, counter_number, called_counter_id,
					'` + fmt.Sprintf("BLO-%d", i) + `', concerns, starts_at, ends_at, day, status, extended, channel, given_name, family_name, email, phone, reminder, language,
					created_at, booked_at, calls, revision FROM appointments WHERE id = '` + w.booked + `'`)
			require.NoError(t, err)
		}
		a := cancelAll(w.supervisor(), w.booked, suite.Key())
		require.Len(t, ids(a), 100)
		require.EqualValues(t, 2, a.Get("data.cancelAppointmentsOfCase.remaining").Int())
		a = cancelAll(w.supervisor(), w.booked, suite.Key())
		require.Len(t, ids(a), 2)
		require.Zero(t, a.Get("data.cancelAppointmentsOfCase.remaining").Int())
	})
}
