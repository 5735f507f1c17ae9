package job

import (
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// sweepEvery: holds end by their own jobs; the sweep finds those whose job was lost or given up.
const sweepEvery = 30 * time.Second

// periodic is what recurs. One process of all does the asking (River elects it), and a job that hasn't ended yet
// isn't asked for again. The daily ones are asked for at each start too, since a day on which no process ran at the
// hour would have none; having run on that day (UTC) already, they don't run again.
func (c *Client) periodic() []*river.PeriodicJob {
	daily := &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: 24 * time.Hour}}
	atStart := &river.PeriodicJobOpts{RunOnStart: true}
	jobs := []*river.PeriodicJob{
		river.NewPeriodicJob(nightly{hour: 3, minute: 10, zone: berlin()}, func() (river.JobArgs, *river.InsertOpts) {
			return digestHeads{}, daily
		}, atStart),
		river.NewPeriodicJob(nightly{hour: 3, minute: 40, zone: berlin()}, func() (river.JobArgs, *river.InsertOpts) {
			return forgetIdempotency{}, daily
		}, atStart),
	}
	if c.opts.NoSweepers {
		return jobs
	}
	return append(jobs, river.NewPeriodicJob(river.PeriodicInterval(sweepEvery), func() (river.JobArgs, *river.InsertOpts) {
		return sweepHolds{}, &river.InsertOpts{
			MaxAttempts: 1, // the next one is the second try
			UniqueOpts: river.UniqueOpts{ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
				rivertype.JobStateRetryable, rivertype.JobStateScheduled,
			}},
		}
	}, atStart))
}

// nightly is a schedule by the wall clock of a zone: on the days on which clocks change too, once.
type nightly struct {
	hour, minute int
	zone         *time.Location
}

// Next is the first such instant after now.
func (n nightly) Next(now time.Time) time.Time {
	local := now.In(n.zone)
	for day := local.Day(); ; day++ {
		next := time.Date(local.Year(), local.Month(), day, n.hour, n.minute, 0, 0, n.zone)
		if next.After(now) {
			return next
		}
	}
}

// berlin is the zone of the towns. A program without time zones falls back to UTC: the night is an hour or two off.
func berlin() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return time.UTC
	}
	return zone
}
