package portal_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// soon is well below the ten seconds after which a watcher looks by itself, and what is remembered is read again.
const soon = 6 * time.Second

const (
	free     = `($in: AvailabilityInput!) { availability(input: $in) { days { starts } } }`
	calendar = `subscription` + free
)

func (w *world) wednesday() suite.Vars {
	return suite.Vars{"in": suite.Vars{"office": w.place.Office, "concerns": []suite.Vars{{"service": w.place.Service}}, "from": "2026-11-25", "days": 1}}
}

// offers reports whether a calendar's message has a start.
func offers(message gjson.Result, start string) bool {
	return slices.ContainsFunc(message.Get("data.availability.days.0.starts").Array(), func(s gjson.Result) bool { return s.String() == start })
}

// Every change of the book makes a nudge: at every process, well before anybody would have looked by themselves.
func TestAChangeIsSeenEverywhereAtOnce(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		all := []*suite.Process{w.Process}
		if b.Redis != nil {
			all = append(all, w.Beside(b))
		}
		w.Case().Booked(w.place, nine) // one of two counters is left
		var open []*suite.Stream
		for _, p := range all {
			s := p.Anonymous().Subscribe(calendar, w.wednesday())
			require.True(t, offers(s.Next(), nine))
			open = append(open, s)
		}
		told := func(change string, there bool) {
			t.Helper()
			begun := time.Now()
			for i, s := range open {
				s.Until(func(m gjson.Result) bool { return offers(m, nine) == there })
				require.Less(t, time.Since(begun), soon, "%s, as seen at process %d", change, i)
			}
			require.Equal(t, there, slices.Contains(w.anonymous.Starts(w.place, 3), nine), "%s, as read where it took place", change)
		}
		id := w.other.Hold(w.place, nine, suite.Key()).OK("holdSlot.appointment.id").String()
		told("hold", false)
		w.other.On("releaseHold", id, suite.Key()).OK("releaseHold.appointment.id")
		told("release", true)
		id = w.clerkHold(nine).OK("bookAppointmentFor.appointment.id").String()
		told("book for somebody", false)
		w.clerk.Reschedule(id, "2026-11-26T09:00:00+01:00", suite.Key()).OK("rescheduleAppointment.appointment.id")
		told("reschedule to another day", true)
		w.clerk.Reschedule(id, nine, suite.Key()).OK("rescheduleAppointment.appointment.id")
		told("reschedule back", false)
		w.clerk.On("cancelAppointment", id, suite.Key()).OK("cancelAppointment.appointment.id")
		told("cancel", true)
	})
}

// Were readers woken before the commit, they would read what was, and remember it as what is. Here a commit takes half a
// second, in which many read.
func TestNothingIsToldBeforeTheCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, suite.Postgres(t))
	w.Case().Booked(w.place, nine) // one of two counters is left
	for _, statement := range []string{
		`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$`,
		`CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON appointments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()`,
	} {
		_, err := w.database.Exec(statement)
		require.NoError(t, err)
	}
	watch := w.anonymous.Subscribe(calendar, w.wednesday())
	require.True(t, offers(watch.Next(), nine))

	held := make(chan struct{})
	var reading sync.WaitGroup
	for range 2 {
		reading.Go(func() {
			for {
				select {
				case <-held:
					return
				default:
					_, _ = w.anonymous.Try(`query`+free, w.wednesday())
				}
			}
		})
	}
	begun := time.Now()
	answer := w.other.Hold(w.place, nine, suite.Key())
	took := time.Since(begun)
	close(held)
	reading.Wait()
	answer.OK("holdSlot.appointment.id")
	require.GreaterOrEqual(t, took, 500*time.Millisecond)
	a := w.anonymous.Do(`query`+free, w.wednesday())
	require.NotEmpty(t, a.OK("availability.days.0.starts").Array())
	require.False(t, offers(a.Result, nine), "remembered from before the commit")
	begun = time.Now()
	watch.Until(func(m gjson.Result) bool { return !offers(m, nine) })
	require.Less(t, time.Since(begun), soon)
}

// What an office's rules are is decided behind its lock, whatever a process remembers of them.
func TestARuleThatChangedDecidesAtOnce(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		require.Contains(t, w.anonymous.Starts(w.place, 3), nine)
		booked := w.other.Booked(w.place, half).Get("id").String()
		w.other.On("cancelAppointment", booked, suite.Key()).OK("cancelAppointment.appointment.id")

		beside := b.Configuration(w.Config.Data)
		closed := suite.NewTown(t).Edit("", "    closures:\n", "    closures:\n      - {from: 2026-11-25, to: 2026-11-25, reason: {de: Umzug, en: Moving}}\n")
		require.True(t, closed.Import(beside))
		w.unchanged(t, func() {
			for _, a := range []*suite.Answer{w.other.Hold(w.place, nine, suite.Key()), w.clerkHold(nine), w.holder.Reschedule(w.booked, nine, suite.Key())} {
				refused(t, a, "SLOT_NOT_OFFERED", "input.start")
				require.Contains(t, a.Raw, `"CLOSED"`)
			}
		})
	})
}
