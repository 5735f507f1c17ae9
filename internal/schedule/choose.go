package schedule

import "time"

// Choose says which counter shall serve a span that starts at this instant, or why none can; the reason is empty if one can.
// It offers exactly what Fill offers.
//
// Best fit first: the counter whose free run is left in the fewest pieces, then the one with the shortest such run, so that long free runs
// stay for long appointments. Free means free for staff, who may use what the public can't. Ties are broken by intn, which returns a
// number from 0 to n-1: rand.IntN in service.
func (c *Calendar) Choose(req Request, start time.Time, busy []Allocation, intn func(n int) int) (counter int64, reason Reason) {
	var slots Slots
	c.Fill(&slots, req, DateOf(start, c.rules.Zone), 1, busy)
	day := &slots.Days[0]
	cell := int(CellOf(start.Unix()) - day.masks.first)

	switch {
	case len(day.qualified) == 0:
		return 0, NoQualifiedCounter
	case start.Before(req.Now):
		return 0, Past
	case start.Nanosecond() != 0 || start.Unix()%cellSeconds != 0 || req.Online && !day.masks.grid.Has(cell):
		return 0, OffGrid
	}
	best := day.bestFit(cell)
	if len(best) == 0 {
		fits := day.fits()
		return 0, day.reasonAt(cell, &fits)
	}
	return c.rules.Counters[best[intn(len(best))]].Number, ""
}

// bestFit are the indices of the counters that are equally the best for an offered start; none if it isn't offered.
func (d *Day) bestFit(start int) (best []int) {
	var least damage
	for i, counter := range d.qualified {
		if !d.free[i].Has(start) {
			continue
		}
		free := d.masks.counters[counter].open
		free.AndNot(&d.busy[i])
		switch does := damageTo(&free, start, d.cells); {
		case len(best) == 0 || does.less(least):
			best, least = append(best[:0], counter), does
		case does == least:
			best = append(best, counter)
		}
	}
	return best
}

// damage is what a span does to the free run it is taken from.
type damage struct {
	pieces int // what is left of the run: none, one or two
	left   int // cells in them
}

func damageTo(free *Mask, start, n int) (d damage) {
	before, after := 0, 0
	for free.Has(start - before - 1) {
		before++
	}
	for free.Has(start + n + after) {
		after++
	}
	return damage{pieces: min(before, 1) + min(after, 1), left: before + after}
}

func (d damage) less(o damage) bool {
	if d.pieces != o.pieces {
		return d.pieces < o.pieces
	}
	return d.left < o.left
}
