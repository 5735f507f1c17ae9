package webhook

import "time"

const (
	firstPause = 30 * time.Second
	longest    = 5 * time.Hour
	patience   = 48 * time.Hour // from the first attempt to the last one
)

// Next says when a delivery is tried again whose attempts failed: after 30 seconds, twice as long each time, five hours at
// most, each a fifth longer or shorter by chance, so that what failed together doesn't come back together. The last attempt
// is two days after the first; once that has failed too there is none: false. random is from 0 to 1.
func Next(begun, now time.Time, attempts int, random float64) (time.Time, bool) {
	end := begun.Add(patience)
	if !now.Before(end) {
		return time.Time{}, false
	}
	pause := longest
	if doubled := attempts - 1; doubled < 10 { // more than that is longer than the longest
		pause = min(longest, firstPause<<max(0, doubled))
	}
	pause += time.Duration((random - 0.5) * 0.4 * float64(pause))
	if next := now.Add(pause); next.Before(end) {
		return next, true
	}
	return end, true
}
