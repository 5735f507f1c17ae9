package schedule_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the zones are those of the Go release, whatever the machine has

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/schedule"
)

// turns are days on which the clock changes: by an hour at two or three o'clock, by half an hour, and at midnight itself.
// The last ones are days that Go's own rule for far years gets wrong.
var turns = map[string][]string{
	"Europe/Berlin":       {"2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31", "2026-11-22", "2040-12-31", "2041-01-01"},
	"Australia/Lord_Howe": {"2026-04-05", "2026-10-04", "2027-04-04", "2027-10-03"},
	"Africa/Cairo":        {"2026-04-24", "2026-10-29"},
}

// scene is an office around a day, what is taken in it, and somebody's wish.
type scene struct {
	oracle
	from  schedule.Date
	days  int
	taken []schedule.Allocation
}

func (s scene) calendar(t *rapid.T) *schedule.Calendar {
	calendar, err := schedule.NewCalendar(s.rules, s.from, rapid.IntRange(0, s.days).Draw(t, "window"))
	require.NoError(t, err)
	return calendar
}

func drawScene(t *rapid.T) scene {
	zoneName := rapid.SampledFrom([]string{"Europe/Berlin", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo"}).Draw(t, "zone")
	zone, err := time.LoadLocation(zoneName)
	require.NoError(t, err)
	turn, err := schedule.ParseDate(rapid.SampledFrom(turns[zoneName]).Draw(t, "turn"))
	require.NoError(t, err)

	s := scene{from: turn.AddDays(-1), days: 3}
	midnight := time.Date(turn.Year, turn.Month, turn.Day, 12, 0, 0, 0, zone).Add(-12 * time.Hour)
	s.rules = drawRules(t, turn)
	s.rules.Zone = zone
	s.req = schedule.Request{
		Services: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"id", "pass"}), 0, 2, rapid.ID).Draw(t, "services"),
		Cells:    rapid.IntRange(1, 24).Draw(t, "cells"),
		Online:   rapid.Bool().Draw(t, "online"),
		Now:      midnight.Add(time.Duration(rapid.IntRange(-48*3600, 36*3600).Draw(t, "now")) * time.Second),
	}
	if rapid.Bool().Draw(t, "now on a cell") {
		s.req.Now = s.req.Now.Truncate(5 * time.Minute)
	}
	s.busy = map[schedule.Allocation]bool{}
	take := func(counter, first, cells int64) {
		for cell := first; cell < first+cells; cell++ {
			taken := schedule.Allocation{Counter: counter, Cell: midnight.Unix()/300 + cell}
			s.busy[taken] = true
			s.taken = append(s.taken, taken)
		}
	}
	for range rapid.IntRange(0, 12).Draw(t, "appointments") {
		counter := rapid.Int64Range(1, 5).Draw(t, "counter") // a fifth one doesn't exist
		take(counter, rapid.Int64Range(-300, 600).Draw(t, "first cell"), rapid.Int64Range(1, 30).Draw(t, "length"))
	}
	if rapid.IntRange(0, 4).Draw(t, "packed") == 0 { // all but an end or two
		for counter := range int64(4) {
			take(counter+1, rapid.Int64Range(-300, 100).Draw(t, "packed from"), 500)
		}
	}
	return s
}

func drawRules(t *rapid.T, turn schedule.Date) schedule.Rules {
	near := rapid.Custom(func(t *rapid.T) schedule.Date { return turn.AddDays(rapid.IntRange(-2, 2).Draw(t, "date")) })
	bound := rapid.Custom(func(t *rapid.T) (none schedule.Date) {
		if rapid.IntRange(0, 3).Draw(t, "bounded") > 0 {
			return none
		}
		return near.Draw(t, "bound")
	})
	stretch := func(t *rapid.T) (from, to schedule.LocalTime) {
		most := rapid.SampledFrom([]int{60, 287}).Draw(t, "until") // the clock changes before five o'clock
		lo := rapid.IntRange(0, most).Draw(t, "from")
		return schedule.LocalTime(lo * 5), schedule.LocalTime(rapid.IntRange(lo+1, 288).Draw(t, "to") * 5)
	}
	rule := rapid.Custom(func(t *rapid.T) (r schedule.Rule) {
		r.Weekday = near.Draw(t, "weekday").Weekday()
		r.From, r.To = stretch(t)
		r.ValidFrom, r.ValidTo = bound.Draw(t, "valid from"), bound.Draw(t, "valid to")
		if !r.ValidFrom.IsZero() && !r.ValidTo.IsZero() && r.ValidTo.Before(r.ValidFrom) {
			r.ValidFrom, r.ValidTo = r.ValidTo, r.ValidFrom
		}
		return r
	})
	opening := rapid.Custom(func(t *rapid.T) []schedule.Rule {
		var rules []schedule.Rule
		for day := range 3 { // every day, so that not most of them are closed
			r := rule.Draw(t, "opening")
			r.Weekday = turn.AddDays(day - 1).Weekday()
			rules = append(rules, r)
		}
		return append(rules, rapid.SliceOfN(rule, 0, 3).Draw(t, "more")...)
	})
	optional := rapid.OneOf(rapid.Just([]schedule.Rule(nil)), rapid.Just([]schedule.Rule{}), opening, rapid.Just([]schedule.Rule(nil)))
	closure := rapid.Custom(func(t *rapid.T) (c schedule.Closure) {
		c.From = near.Draw(t, "closed from")
		c.To = c.From.AddDays(rapid.IntRange(0, 2).Draw(t, "closed for"))
		c.Counter = rapid.Int64Range(0, 4).Draw(t, "closed counter")
		if rapid.IntRange(0, 3).Draw(t, "part of the day") > 0 {
			c.TimeFrom, c.TimeTo = stretch(t)
		}
		return c
	})

	dated := rapid.Custom(func(t *rapid.T) (o schedule.Opening) {
		o.From = near.Draw(t, "dated from")
		o.To = o.From.AddDays(rapid.IntRange(0, 1).Draw(t, "dated for"))
		o.TimeFrom, o.TimeTo = stretch(t)
		o.Counter = rapid.SampledFrom([]int64{0, 0, 1, 2, 3}).Draw(t, "dated counter")
		o.Online = rapid.IntRange(0, 3).Draw(t, "dated online") > 0
		return o
	})
	holiday := near.Draw(t, "holiday")
	if rapid.Bool().Draw(t, "no holiday") {
		holiday = schedule.Date{}
	}
	rules := schedule.Rules{
		Openings: opening.Draw(t, "openings"),
		Breaks:   rapid.SliceOfN(rule, 0, 3).Draw(t, "breaks"),
		Closures: rapid.SliceOfN(closure, 0, 2).Draw(t, "closures"),
		Dated:    rapid.OneOf(rapid.Just([]schedule.Opening(nil)), rapid.SliceOfN(dated, 0, 3)).Draw(t, "dated"),
		Holidays: func(d schedule.Date) bool { return d == holiday },
		Step:     rapid.SampledFrom([]int{5, 10, 15, 20, 30, 60}).Draw(t, "step"),
		Lead:     time.Duration(rapid.SampledFrom([]int{0, 1, 45, 120, 1500}).Draw(t, "lead")) * time.Minute,
		Horizon:  rapid.IntRange(0, 4).Draw(t, "horizon"),
	}
	for number := range rapid.Int64Range(1, 4).Draw(t, "counters") {
		rules.Counters = append(rules.Counters, schedule.Counter{
			Number:   number + 1,
			Services: rapid.SampledFrom([][]string{{"id", "pass"}, {"pass", "id"}, {"id"}, nil}).Draw(t, "serves"),
			Openings: optional.Draw(t, "own openings"),
			Public:   optional.Draw(t, "public"),
		})
	}
	return rules
}

func TestFill(t *testing.T) {
	t.Parallel()

	t.Run("offers and explains what walking every minute finds", func(t *testing.T) {
		t.Parallel()
		var slots schedule.Slots // one for all cases, so that what an earlier one left would show
		rapid.Check(t, func(t *rapid.T) {
			s := drawScene(t)
			s.calendar(t).Fill(&slots, s.req, s.from, s.days, s.taken)
			require.Len(t, slots.Days, s.days)
			for i := range slots.Days {
				day := &slots.Days[i]
				minutes := s.day(dateLabel(s.from.AddDays(i)))
				require.Equal(t, label(minutes[0].at), day.Date.String())

				var want, got []schedule.Slot
				for _, slot := range s.explain(minutes) {
					if slot.Reason == "" {
						want = append(want, slot)
					}
				}
				for _, start := range day.Starts {
					require.Equal(t, day.At(start).Unix(), day.Unix(start))
					got = append(got, schedule.Slot{Start: day.At(start), Counters: day.Counters(start)})
				}
				require.Equal(t, want, got)
				require.Equal(t, s.explain(minutes), day.Explain(nil))
				require.Equal(t, s.dayReason(minutes), day.Reason)
			}
		})
	})
}

func TestChoose(t *testing.T) {
	t.Parallel()

	t.Run("takes one of the counters that walking every minute finds best", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			s := drawScene(t)
			calendar := s.calendar(t)
			day := s.day(dateLabel(s.from.AddDays(1)))
			contested := []int{0} // minutes at which there is a choice
			for i := range day {
				if free, _ := s.verdict(day, i); len(free) > 1 && s.onGrid(day[i].at) {
					contested = append(contested, i)
				}
			}
			for range 12 {
				i := rapid.IntRange(0, len(day)-1).Draw(t, "minute")
				switch rapid.IntRange(0, 9).Draw(t, "which") {
				case 0:
				case 1, 2, 3:
					i -= i % 5
				default:
					i = rapid.SampledFrom(contested).Draw(t, "contested")
				}
				start := day[i].at
				if rapid.IntRange(0, 9).Draw(t, "crooked") == 0 {
					start = start.Add(time.Nanosecond)
				}

				var want []int64
				free, reason := s.verdict(day, i)
				switch {
				case len(s.qualified()) == 0:
					reason = schedule.NoQualifiedCounter
				case start.Before(s.req.Now):
					reason = schedule.Past
				case !s.onGrid(start):
					reason = schedule.OffGrid
				default:
					want = s.best(day, i, free)
				}
				got := map[int64]bool{}
				for pick := range 4 {
					counter, why := calendar.Choose(s.req, start, s.taken, func(n int) int { return pick % n })
					require.Equal(t, reason, why, "at %s", start)
					if why == "" {
						got[counter] = true
					}
				}
				require.Len(t, got, len(want))
				for _, counter := range want {
					require.Contains(t, got, counter)
				}
			}
		})
	})
}

// answer is all that Fill says, for comparison.
func (s scene) answer(calendar *schedule.Calendar, now time.Time) (all []any, slots schedule.Slots) {
	req := s.req
	req.Now = now
	calendar.Fill(&slots, req, s.from, s.days, s.taken)
	for i := range slots.Days {
		day := &slots.Days[i]
		all = append(all, day.Starts, day.Reason, day.Explain(nil))
	}
	return all, slots
}

func TestUntil(t *testing.T) {
	t.Parallel()

	t.Run("nothing changes before it, and something at it", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			s := drawScene(t)
			calendar := s.calendar(t)
			answer, slots := s.answer(calendar, s.req.Now)
			until := slots.Until()
			require.True(t, until.After(s.req.Now))

			between := rapid.Int64Range(0, int64(until.Sub(s.req.Now))-1).Draw(t, "between")
			for _, now := range []time.Time{s.req.Now.Add(time.Duration(between)), until.Add(-1)} {
				same, _ := s.answer(calendar, now)
				require.Equal(t, answer, same)
			}
			if local := until.In(s.rules.Zone); label(local) == label(local.Add(-1)) { // at midnight there may be nothing to see
				other, _ := s.answer(calendar, until)
				require.NotEqual(t, answer, other)
			}
		})
	})
}

func TestNearest(t *testing.T) {
	t.Parallel()

	t.Run("gives the closest ones of all, in order", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			s := drawScene(t)
			_, slots := s.answer(s.calendar(t), s.req.Now)
			wished := s.req.Now.Add(time.Duration(rapid.IntRange(-1000, 5000).Draw(t, "wished")) * time.Minute).Truncate(150 * time.Second)
			k := rapid.IntRange(0, 5).Draw(t, "k")

			left := map[int64]int{} // start → free counters
			for i := range slots.Days {
				for _, start := range slots.Days[i].Starts {
					left[slots.Days[i].Unix(start)] = slots.Days[i].Counters(start)
				}
			}
			nearest := slots.Nearest(wished, k)
			require.Len(t, nearest, min(k, len(left)))
			for _, slot := range nearest { // each is the closest of those that are left
				require.Equal(t, left[slot.Start.Unix()], slot.Counters)
				for start := range left {
					mine, other := slot.Start.Sub(wished).Abs(), time.Unix(start, 0).Sub(wished).Abs()
					require.False(t, other < mine || other == mine && start < slot.Start.Unix())
				}
				delete(left, slot.Start.Unix())
			}
		})
	})
}
