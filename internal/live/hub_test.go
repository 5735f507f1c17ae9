package live_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"nelke/internal/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	monday  = live.Slots("office_1", "2026-11-23")
	tuesday = live.Slots("office_1", "2026-11-24")
)

// awake takes a wake that must be there already.
func awake(w *live.Watch) bool {
	select {
	case <-w.C():
		return true
	default:
		return false
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	require.Equal(t, live.Key("slots:office_1:2026-11-23"), monday)
	seen := map[live.Key]bool{}
	for _, k := range []live.Key{
		live.Slots("1", "2"), live.Board("1", "2"), live.Catalogue("1"), live.WorkQueue("1"), live.Case("1"),
		live.Appointment("1"), live.Application("1"), live.Payment("1"), live.Everything,
	} {
		require.False(t, seen[k], "%s names two things", k)
		seen[k] = true
	}
}

func TestNudge(t *testing.T) {
	t.Parallel()

	t.Run("wakes those who watch the key and nobody else", func(t *testing.T) {
		t.Parallel()
		hub := live.NewHub()
		mine, both, other := hub.Watch(monday), hub.Watch(monday, tuesday), hub.Watch(tuesday)
		hub.Nudge(monday)
		require.True(t, awake(mine))
		require.True(t, awake(both))
		require.False(t, awake(other))
	})
	t.Run("n times while the watcher is slow is one wake", func(t *testing.T) {
		t.Parallel()
		hub := live.NewHub()
		w := hub.Watch(monday, tuesday)
		for range 100 {
			hub.Nudge(monday, tuesday)
		}
		require.True(t, awake(w))
		require.False(t, awake(w))
		hub.Nudge(tuesday)
		require.True(t, awake(w), "the next change wakes again")
	})
	t.Run("changes the epoch before anybody wakes", func(t *testing.T) {
		t.Parallel()
		hub := live.NewHub()
		w := hub.Watch(monday)
		before := hub.Stamp(tuesday)
		woke := make(chan bool)
		go func() { <-w.C(); woke <- hub.Holds(before) }()
		hub.Nudge(monday, tuesday)
		require.False(t, <-woke)
	})
	t.Run("of everything reaches every key and watch", func(t *testing.T) {
		t.Parallel()
		hub := live.NewHub()
		w, stamp := hub.Watch(monday), hub.Stamp(tuesday)
		hub.Nudge(live.Everything)
		require.True(t, awake(w))
		require.False(t, hub.Holds(stamp))
	})
	t.Run("reaches no closed watch", func(t *testing.T) {
		t.Parallel()
		hub := live.NewHub()
		closed, open := hub.Watch(monday, monday), hub.Watch(monday)
		closed.Close()
		closed.Close()
		hub.Nudge(monday)
		hub.Touch()
		require.False(t, awake(closed))
		require.True(t, awake(open))
	})
}

func TestHubAlone(t *testing.T) {
	t.Parallel()
	require.True(t, live.NewHub().Heard(), "nobody else is there to be heard")
}

func TestStamp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hub := live.NewHub()
		keys := []live.Key{monday, tuesday, live.Case("1")}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			before := make([]live.Stamp, len(keys))
			for i, k := range keys {
				before[i] = hub.Stamp(k)
				require.True(t, hub.Holds(before[i]))
			}
			touched := rapid.Bool().Draw(t, "touch")
			which := rapid.IntRange(0, len(keys)-1).Draw(t, "key")
			if touched {
				hub.Touch()
			} else {
				hub.Nudge(keys[which])
			}
			for i, k := range keys {
				if touched || i == which {
					require.False(t, hub.Holds(before[i]), "%s changed", k)
				}
			}
		}
	})
}

// A hub's memory is fixed: what is nudged once leaves nothing behind. Not parallel, since it counts allocations.
func TestNudgeAllocatesNothing(t *testing.T) {
	hub := live.NewHub()
	keys := make([]live.Key, 1001)
	for i := range keys {
		keys[i] = live.Case(strconv.Itoa(i))
	}
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		hub.Nudge(keys[0])
		keys = keys[1:]
	}))
}

func BenchmarkHolds(b *testing.B) {
	hub := live.NewHub()
	s := hub.Stamp(monday)
	for b.Loop() {
		if !hub.Holds(s) {
			b.Fatal("nobody nudged")
		}
	}
}

func BenchmarkStamp(b *testing.B) {
	hub := live.NewHub()
	for b.Loop() {
		hub.Stamp(monday)
	}
}

func BenchmarkNudgeThousandWatches(b *testing.B) {
	hub := live.NewHub()
	for range 1000 {
		hub.Watch(monday)
	}
	for b.Loop() {
		hub.Nudge(monday)
	}
}
