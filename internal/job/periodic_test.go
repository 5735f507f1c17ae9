package job

import (
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"
)

func TestAScheduleLeavesOutWhatItMissed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 23, 8, 0, 0, 0, time.UTC)
	c := &Client{opts: Options{Clock: func() time.Time { return now }}}
	sweep := c.fromNow(river.PeriodicInterval(sweepEvery))

	require.Equal(t, now.Add(sweepEvery), sweep.Next(now))
	require.Equal(t, now.Add(sweepEvery), sweep.Next(now.AddDate(0, 0, -7)), "a week was slept through")
	require.Equal(t, now.Add(time.Minute+sweepEvery), sweep.Next(now.Add(time.Minute)), "River may be a little ahead")
	night := c.fromNow(nightly{hour: 3, minute: 10, zone: time.UTC})
	require.Equal(t, time.Date(2026, time.November, 24, 3, 10, 0, 0, time.UTC), night.Next(now.AddDate(0, -1, 0)))
}
