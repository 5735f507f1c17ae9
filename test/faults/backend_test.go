package faults

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/testbed"
	"nelke/test/suite"
)

// pair is two processes on one PostgreSQL and Redis, and starts that one more hold takes away.
type pair struct {
	*place
	one, other *suite.Process
	w          suite.Place
	starts     []string
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{place: postgres(t)}
	p.one = p.serve(t)
	p.other = p.serve(t)
	p.w = p.one.Place()
	all := p.one.Anonymous().Starts(p.w, 2)
	for i := len(all) - 1; i > 4; i -= 4 {
		p.one.Case().Booked(p.w, all[i]) // one of two counters
		p.starts = append(p.starts, all[i])
	}
	return p
}

// take holds the next start at a process, within a bounded time, and gives it.
func (p *pair) take(t *testing.T, at *suite.Process) string {
	t.Helper()
	start := p.starts[0]
	p.starts = p.starts[1:]
	begun := time.Now()
	at.Case().Hold(p.w, start, suite.Key()).OK("holdSlot.appointment.id")
	require.Less(t, time.Since(begun), 5*time.Second, "a hold took too long")
	return start
}

// vanishes reads a calendar until a start is gone, and gives how long that took.
func vanishes(s *suite.Stream, start string) time.Duration {
	begun := time.Now()
	s.Until(func(m gjson.Result) bool { return !offers(m, start) })
	return time.Since(begun).Round(time.Millisecond)
}

func TestRedis(t *testing.T) {
	t.Parallel()

	t.Run("killed and restarted between two bookings, it still carries the second one", func(t *testing.T) {
		t.Parallel()
		p := newPair(t)
		calendar := p.other.Anonymous().Subscribe(watched, tomorrow(p.w))
		calendar.Next()
		t.Log("before:", vanishes(calendar, p.take(t, p.one)))
		p.redis.Kill()
		during := p.take(t, p.one)
		p.redis.Restart()
		t.Log("booked while it was away, seen after its return:", vanishes(calendar, during))
		t.Log("after:", vanishes(calendar, p.take(t, p.one)))
		t.Log("the other way round:", vanishes(p.one.Anonymous().Subscribe(watched, tomorrow(p.w)), p.take(t, p.other)))
	})

	t.Run("away, everybody still sees everything, later", func(t *testing.T) {
		t.Parallel()
		p := newPair(t)
		calendar := p.other.Anonymous().Subscribe(watched, tomorrow(p.w))
		calendar.Next()
		p.redis.Kill()
		late := vanishes(calendar, p.take(t, p.one))
		t.Log("seen after", late)
		require.Less(t, late, 15*time.Second)
	})

	t.Run("paused, bookings go on and answers stay right", func(t *testing.T) {
		t.Parallel()
		p := newPair(t)
		calendar := p.other.Anonymous().Subscribe(watched, tomorrow(p.w))
		calendar.Next()
		p.redis.Pause()
		for i := range 3 {
			at, other := p.one, p.other
			if i == 1 {
				at, other = other, at
			}
			start := p.take(t, at)
			// The book itself is never wrong, not even for a moment, at either process.
			require.Equal(t, "SLOT_TAKEN", other.Case().Hold(p.w, start, suite.Key()).Problem())
			// Where it was booked, the answer is right at once; elsewhere within the second that a silence takes to be noticed
			// and the one for which something remembered is trusted then.
			require.NotContains(t, at.Anonymous().Starts(p.w, 2), start)
			begun := time.Now()
			require.Eventually(t, func() bool {
				for _, s := range other.Anonymous().Starts(p.w, 2) {
					if s == start {
						return false
					}
				}
				return true
			}, 4*time.Second, 20*time.Millisecond)
			t.Log("right at the other process after", time.Since(begun).Round(time.Millisecond))
		}
		p.redis.Resume()
		t.Log("told again after", vanishes(calendar, p.take(t, p.one)))
	})
}

// TestPostgresRestart takes the database away from a process with open subscriptions.
func TestPostgresRestart(t *testing.T) {
	t.Parallel()
	db := testbed.OwnPostgres(t)
	p := at(settings{Data: t.TempDir(), DatabaseURL: db.URL()}, nil)
	process := p.serve(t)
	w := process.Place()
	all := process.Anonymous().Starts(w, 2)
	start := all[len(all)-1]
	owner := process.Case()
	own := owner.Booked(w, start).Get("id").String()
	calendar := process.Anonymous().Subscribe(watched, tomorrow(w))
	calendar.Next()
	mine := owner.Subscribe(`subscription($id: ID!) { appointment(id: $id) { status start } }`, suite.Vars{"id": own})
	mine.Next()

	db.Kill()
	a := owner.Hold(w, start, suite.Key())
	require.Equal(t, http.StatusServiceUnavailable, a.Status, a.Raw)
	require.Equal(t, "UNAVAILABLE", a.ErrorCode(), a.Raw)
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	require.Equal(t, http.StatusServiceUnavailable, ready(t, process))
	private := owner.Do(`query($id: ID!) { appointment(id: $id) { status } }`, suite.Vars{"id": own})
	require.Equal(t, "UNAVAILABLE", private.ErrorCode(), private.Raw)
	require.Equal(t, http.StatusServiceUnavailable, private.Status)

	db.Restart()
	begun := time.Now()
	require.Eventually(t, func() bool { return ready(t, process) == http.StatusOK }, patience, 20*time.Millisecond)
	t.Log("ready again after", time.Since(begun).Round(time.Millisecond))
	owner.Reschedule(own, all[len(all)-9], suite.Key()).OK("rescheduleAppointment.appointment")
	moved := mine.Until(func(m gjson.Result) bool { return m.Get("data.appointment.start").String() == all[len(all)-9] })
	require.Equal(t, "BOOKED", moved.Get("data.appointment.status").String())
	process.Case().Booked(w, start)
	process.Case().Hold(w, start, suite.Key()).OK("holdSlot.appointment")
	vanishes(calendar, start)
	p.sound(t)
}

func ready(t *testing.T, p *suite.Process) int {
	t.Helper()
	response, err := http.Get(p.URL + "/readyz")
	require.NoError(t, err)
	_ = response.Body.Close()
	return response.StatusCode
}
