package portal_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// fuse is a clock that stands, and after so many looks at it shows a later instant.
type fuse struct {
	mu    sync.Mutex
	now   time.Time
	then  time.Time
	looks int
}

func (f *fuse) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.then.After(f.now) {
		if f.looks == 0 {
			f.now = f.then
		}
		f.looks--
	}
	return f.now
}

func (f *fuse) light(then time.Time, looks int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.then, f.looks = then, looks
}

func (f *fuse) set(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now, f.then = now, time.Time{}
}

// A booking looks at the clock more than once. Whenever in between the hold runs out, it ends in one of two ways: booked,
// and nobody else gets the time; or over, and somebody else does.
func TestAHoldThatRunsOutWhileItIsBookedIsOver(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		clock := &fuse{now: suite.Start()}
		p := suite.Serve(t, b, func(c *server.Config) {
			c.Options.Clock = clock.Now
			c.Sweepers = false
		})
		place := p.Place()
		starts := p.Anonymous().Starts(place, 5)
		rival := p.Case()
		outcomes := map[string]int{}
		for looks := 0; looks < 12 || len(outcomes) < 2 && looks < 40; looks++ {
			start := starts[len(starts)-1-looks]
			p.Case().Booked(place, start) // one of two counters is left
			owner := p.Case()
			held := owner.Hold(place, start, suite.Key()).OK("holdSlot.appointment")
			until := owner.Instant(held.Get("heldUntil").String())
			clock.set(until.Add(-time.Microsecond))
			clock.light(until, looks)
			outcome := owner.Book(place, held.Get("id").String(), suite.Key()).Problem()
			clock.set(until)
			outcomes[outcome]++
			next := rival.Hold(place, start, suite.Key())
			if outcome == "" {
				require.Equal(t, "SLOT_TAKEN", next.Problem(), "after %d looks: booked, and somebody else got it", looks)
			} else {
				require.Equal(t, "HOLD_EXPIRED", outcome)
				id := next.OK("holdSlot.appointment.id").String()
				rival.On("releaseHold", id, suite.Key()).OK("releaseHold.appointment.id")
			}
			clock.set(until.Add(time.Minute).Truncate(time.Minute))
		}
		require.Len(t, outcomes, 2, "both ways were taken: %v", outcomes)
	})
}

// The limit holds however many ask at once.
func TestACaseThatHoldsManyAtOnceStaysWithinItsLimit(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		all := []*suite.Process{w.Process} // writes of one case line up in each, so only those of several meet in the database
		for b.Redis != nil && len(all) < 5 {
			all = append(all, w.Beside(b, func(c *server.Config) { c.Sweepers = false }))
		}
		starts := w.anonymous.Starts(w.place, 5)
		answers := make([]*suite.Answer, 20)
		goOn := w.meetAtCase(t)
		var racing sync.WaitGroup
		for i := range answers {
			input := suite.Vars{
				"idempotencyKey": suite.Key(), "office": w.place.Office, "start": starts[len(starts)-1-i], "concerns": []suite.Vars{{"service": w.place.Service}},
			}
			racing.Go(func() { answers[i], _ = w.other.At(all[i%len(all)]).Try(mutation("holdSlot"), suite.Vars{"in": input}) })
		}
		goOn()
		racing.Wait()
		outcomes := map[string]int{}
		for _, a := range answers {
			require.NotNil(t, a)
			a.Clean()
			outcomes[a.Problem()]++
		}
		require.Equal(t, map[string]int{"": 2, "HOLD_LIMIT": 18}, outcomes)
	})
}

// meetAtCase keeps w.other's case locked until several writes wait for it, whatever they have done by then: what they
// read before the lock, all of them read alike. It returns what waits for them and lets them go on. SQLite lets one
// write begin at a time, so there is nothing to arrange.
func (w *world) meetAtCase(t *testing.T) (goOn func()) {
	t.Helper()
	if w.Config.DatabaseURL == "" {
		return func() {}
	}
	tx, err := suite.OpenWriter(t, w.Config).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	id := w.other.Do(`{ viewer { case { id } } }`, nil).OK("viewer.case.id").String()
	_, err = tx.ExecContext(t.Context(), `SELECT 1 FROM cases WHERE id = $1 FOR NO KEY UPDATE`, id)
	require.NoError(t, err)
	return func() {
		require.Eventually(t, func() bool {
			waiting := 0
			require.NoError(t, w.database.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting))
			return waiting >= 4
		}, 20*time.Second, 10*time.Millisecond)
		require.NoError(t, tx.Rollback())
	}
}
