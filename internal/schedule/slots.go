package schedule

import (
	"math/bits"
	"slices"
	"sort"
	"time"
)

// Slots is a calendar's answer for a run of dates. The zero value is ready for Calendar.Fill; filled again, it uses its memory again,
// and what was read from it before is void. One goroutine fills it; then any number may read.
type Slots struct {
	Days []Day // ascending

	zone      *time.Location
	now       time.Time
	lead      time.Duration // what applies to the request: zero for staff
	qualified []int         // indices of counters
	masks     []Mask        // memory of Day.busy and Day.free
	starts    []int16       // memory of Day.Starts
}

// Day is the answer for one date.
type Day struct {
	Date   Date
	Starts []int16 // offered starts, ascending, in cells since local midnight
	Reason Reason  // why Starts is empty: NO_QUALIFIED_COUNTER, TOO_FAR, HOLIDAY, CLOSED, TOO_SOON or FULL

	zone      *time.Location
	masks     *dayMasks
	cells     int // length of the span
	online    bool
	far       bool   // beyond the horizon
	soonest   int    // first offset that isn't too soon; may lie before or after the day
	qualified []int  // indices of counters, which the next two follow
	busy      []Mask // taken cells
	free      []Mask // offered starts
}

// Unix is the instant of a start in Unix seconds.
func (d *Day) Unix(start int16) int64 { return CellStart(d.masks.first + int64(start)) }

// At is the instant of a start, in the office's zone.
func (d *Day) At(start int16) time.Time { return time.Unix(d.Unix(start), 0).In(d.zone) }

// Counters is how many qualified counters are free for a start. Zero for one that isn't offered.
func (d *Day) Counters(start int16) int {
	n := 0
	for i := range d.free {
		if d.free[i].Has(int(start)) {
			n++
		}
	}
	return n
}

// dayOf is the day that an absolute cell belongs to, if it is one of these.
func (s *Slots) dayOf(cell int64) *Day {
	i := sort.Search(len(s.Days), func(i int) bool { return cell < s.Days[i].masks.end() })
	if i == len(s.Days) || cell < s.Days[i].masks.first {
		return nil
	}
	return &s.Days[i]
}

// fill finds the day's starts, appends them to the memory they share and says why if there are none.
func (d *Day) fill(starts []int16) []int16 {
	var offered Mask
	if !d.far {
		for i, counter := range d.qualified {
			free := *d.masks.counters[counter].opens(d.online)
			free.AndNot(&d.busy[i])
			d.narrow(&free)
			free.ClearBelow(d.soonest)
			d.free[i] = free
			offered.Or(&free)
		}
	}
	before := len(starts)
	for i, word := range offered {
		for ; word != 0; word &= word - 1 {
			starts = append(starts, int16(i*64+bits.TrailingZeros64(word)))
		}
	}
	d.Starts = starts[before:len(starts):len(starts)]
	if len(d.Starts) == 0 {
		d.Reason = d.reason()
	}
	return starts
}

// narrow turns usable cells into starts of the span, on the grid.
func (d *Day) narrow(m *Mask) {
	m.Runs(d.cells)
	if d.online {
		m.And(&d.masks.grid)
	}
}

// fits are the starts that there would be if nothing were taken and no time had passed.
func (d *Day) fits() (fits Mask) {
	for _, counter := range d.qualified {
		open := *d.masks.counters[counter].opens(d.online)
		d.narrow(&open)
		fits.Or(&open)
	}
	return fits
}

// holiday reports whether a public holiday shuts every qualified counter.
func (d *Day) holiday() bool {
	for _, counter := range d.qualified {
		if !d.masks.counters[counter].holiday {
			return false
		}
	}
	return true
}

// reason says why the day has no starts.
func (d *Day) reason() Reason {
	if len(d.qualified) == 0 {
		return NoQualifiedCounter
	}
	// A start that time doesn't rule out speaks for the day: it is taken, or it would be offered.
	fits := d.fits()
	start := fits.First(d.soonest)
	if start < 0 {
		start = fits.First(0)
	}
	return d.reasonAt(start, &fits)
}

// reasonAt says why a start isn't offered.
func (d *Day) reasonAt(start int, fits *Mask) Reason {
	switch {
	case d.far:
		return TooFar
	case d.holiday():
		return Holiday
	case !fits.Has(start):
		return Closed
	case start < d.soonest:
		return TooSoon
	default:
		return Full
	}
}

// Explain appends every start of the grid in the day's opening hours, offered or not. What isn't offered has its reason: TOO_FAR, HOLIDAY,
// CLOSED (a break, a closure, not public, or too little time before one of them or the end), TOO_SOON (also if it has passed) or FULL.
// Nothing where no counter is qualified or opens that weekday; Day.Reason distinguishes those.
func (d *Day) Explain(dst []Slot) []Slot {
	var hours Mask
	for _, counter := range d.qualified {
		hours.Or(&d.masks.counters[counter].hours)
	}
	if d.online {
		hours.And(&d.masks.grid)
	}
	fits := d.fits()
	for start := hours.First(0); start >= 0; start = hours.First(start + 1) {
		slot := d.slot(int16(start))
		if slot.Counters == 0 {
			slot.Reason = d.reasonAt(start, &fits)
		}
		dst = append(dst, slot)
	}
	return dst
}

func (d *Day) slot(start int16) Slot {
	return Slot{Start: d.At(start), Counters: d.Counters(start)}
}

// Nearest returns the at most k offered starts closest in time to the wished one, the closest first, the earlier of two alike.
func (s *Slots) Nearest(wished time.Time, k int) []Slot {
	type candidate struct {
		slot     Slot
		distance time.Duration
	}
	nearest := make([]candidate, 0, max(0, k)+1)
	for i := range s.Days {
		day := &s.Days[i]
		for _, start := range day.Starts {
			distance := day.At(start).Sub(wished).Abs()
			place := len(nearest)
			for place > 0 && distance < nearest[place-1].distance {
				place--
			}
			if place < k {
				nearest = slices.Insert(nearest, place, candidate{day.slot(start), distance})
				nearest = nearest[:min(k, len(nearest))]
			}
		}
	}
	slots := make([]Slot, len(nearest))
	for i := range nearest {
		slots[i] = nearest[i].slot
	}
	return slots
}

// Until is the next instant after Request.Now at which time alone may change this answer, explained or not: a start that fits becomes too
// soon, or a local midnight moves today and the horizon. Up to it, excluded, the answer stays true while rules and allocations do.
// A start is still offered at the very instant that is the lead before it, so it changes the answer one nanosecond later.
func (s *Slots) Until() time.Time {
	until := nextMidnight(s.now, s.zone)
	for i := range s.Days {
		day := &s.Days[i]
		if day.far {
			break
		}
		fits := day.fits()
		if start := fits.First(day.soonest); start >= 0 {
			if soon := day.At(int16(start)).Add(1 - s.lead); soon.Before(until) {
				until = soon
			}
			break // later days only have later ones
		}
	}
	return until
}

func nextMidnight(now time.Time, zone *time.Location) time.Time {
	for date := DateOf(now, zone).AddDays(1); ; date = date.AddDays(1) {
		if midnight := date.Midnight(zone); midnight.After(now) {
			return midnight
		}
	}
}
