package schedule_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCovers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		calendar := s.calendar(t)
		for i := range s.days {
			date := s.from.AddDays(i)
			day := s.day(dateLabel(date))
			for counter, rules := range s.rules.Counters {
				run := 0 // minutes that the counter stays open, from the end of the day backwards
				for m := len(day) - 1; m >= 0; m-- {
					run++
					if !day[m].open[counter] {
						run = 0
					}
					if day[m].at.Unix()%300 == 0 {
						require.Equal(t, run >= 5*s.req.Cells, calendar.Covers(rules.Number, day[m].at, s.req.Cells),
							"counter %d at %s for %d cells", rules.Number, day[m].at, s.req.Cells)
					}
				}
			}
			if len(day) > 0 {
				require.False(t, calendar.Covers(-1, day[0].at, 1), "a counter that isn't")
			}
		}
	})
}
