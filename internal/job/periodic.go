package job

import (
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// sweepEvery: holds end by their own jobs; the sweep finds those whose job was lost or given up.
const sweepEvery = 30 * time.Second

// settleEvery is the same for payments whose provider was away for longer than their own jobs had patience, and tendEvery for
// drafts.
const (
	settleEvery = 10 * time.Minute
	tendEvery   = time.Hour
)

// periodic is what recurs. One process of all does the asking (River elects it), and a job that hasn't ended yet
// isn't asked for again. The daily ones are asked for at each start too, since a day on which no process ran at the
// hour would have none; having run on that day (UTC) already, they don't run again.
func (c *Client) periodic() []*river.PeriodicJob {
	daily := &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: 24 * time.Hour}}
	atStart := &river.PeriodicJobOpts{RunOnStart: true}
	jobs := []*river.PeriodicJob{
		river.NewPeriodicJob(c.fromNow(nightly{hour: 3, minute: 10, zone: berlin()}), func() (river.JobArgs, *river.InsertOpts) {
			return digestHeads{}, daily
		}, atStart),
		river.NewPeriodicJob(c.fromNow(nightly{hour: 3, minute: 40, zone: berlin()}), func() (river.JobArgs, *river.InsertOpts) {
			return forgetIdempotency{}, daily
		}, atStart),
		river.NewPeriodicJob(c.fromNow(nightly{hour: 3, minute: 50, zone: berlin()}), func() (river.JobArgs, *river.InsertOpts) {
			return forgetFeedback{}, daily
		}, atStart),
	}
	sweep := &river.InsertOpts{
		MaxAttempts: 1, // the next one is the second try
		UniqueOpts: river.UniqueOpts{ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
			rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		}},
	}
	jobs = append(jobs, river.NewPeriodicJob(c.fromNow(river.PeriodicInterval(settleEvery)), func() (river.JobArgs, *river.InsertOpts) {
		return settlePayments{}, sweep
	}, atStart), river.NewPeriodicJob(c.fromNow(river.PeriodicInterval(tendEvery)), func() (river.JobArgs, *river.InsertOpts) {
		return tendDrafts{}, sweep
	}, atStart), river.NewPeriodicJob(c.fromNow(river.PeriodicInterval(settleEvery)), func() (river.JobArgs, *river.InsertOpts) {
		return tendWebhooks{}, sweep
	}, atStart), river.NewPeriodicJob(c.fromNow(river.PeriodicInterval(settleEvery)), func() (river.JobArgs, *river.InsertOpts) {
		return indexNames{}, sweep
	}, atStart))
	if c.opts.NoSweepers {
		return jobs
	}
	return append(jobs, river.NewPeriodicJob(c.fromNow(river.PeriodicInterval(sweepEvery)), func() (river.JobArgs, *river.InsertOpts) {
		return sweepHolds{}, sweep
	}, atStart))
}

// fromNow is a schedule that leaves out what it missed. River asks for the run after the last one, and would catch up
// with every sweep of a week that a machine slept through, or that a test's clock jumped over: twenty thousand jobs.
func (c *Client) fromNow(schedule river.PeriodicSchedule) river.PeriodicSchedule {
	now := c.opts.Clock
	if now == nil {
		now = time.Now
	}
	return fromNow{schedule, now}
}

type fromNow struct {
	river.PeriodicSchedule
	now func() time.Time
}

// Next is the first run after both the last one and now.
func (f fromNow) Next(last time.Time) time.Time {
	if now := f.now(); now.After(last) {
		last = now
	}
	return f.PeriodicSchedule.Next(last)
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
