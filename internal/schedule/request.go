package schedule

import "time"

// Request is what somebody wants to book.
type Request struct {
	Services []string // ids of all concerns' services; one counter must serve every one of them. Empty: any counter will do
	Cells    int      // length of the span in cells of five minutes; less than 1 counts as 1
	Now      time.Time

	// Online bookings start on the office's step, lie in the public share and keep lead and horizon.
	// Otherwise staff is booking: every cell of the opening hours is a start, none of those four applies,
	// and only a start before Now is refused.
	Online bool
}

func (r Request) cells() int { return max(1, r.Cells) }

// Allocation is one taken cell of one counter, held and booked alike. Whether a hold has expired is for the caller to know,
// and so is leaving out the cells of an appointment that is about to be moved.
type Allocation struct {
	Counter int64 // Counter.Number; others are ignored
	Cell    int64 // absolute number, see Cell
}

// Reason says why a start or a day is not offered. Empty: it is.
type Reason string

// The reasons, in the order in which they are looked for: the first that holds is given.
// Past and OffGrid come from Choose only; a calendar calls what has passed TooSoon.
const (
	NoQualifiedCounter Reason = "NO_QUALIFIED_COUNTER" // no counter serves all the services
	Past               Reason = "PAST"                 // starts before now
	OffGrid            Reason = "OFF_GRID"             // doesn't start on a cell or, online, on the office's step
	TooFar             Reason = "TOO_FAR"              // online, beyond the horizon
	Holiday            Reason = "HOLIDAY"
	Closed             Reason = "CLOSED"   // no qualified counter is open for the whole span (online: publicly)
	TooSoon            Reason = "TOO_SOON" // online, within the lead
	Full               Reason = "FULL"     // open, but taken
)

// Slot is a start with its answer.
type Slot struct {
	Start    time.Time // in the office's zone; the end is Request.Cells cells later
	Counters int       // how many counters could serve it
	Reason   Reason    // why it isn't offered; empty exactly when Counters is above zero
}
