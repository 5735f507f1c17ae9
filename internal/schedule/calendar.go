package schedule

import (
	"fmt"
	"slices"
	"time"
)

// Calendar is an office's rules compiled for a window of dates. It never changes after NewCalendar and may be used by many
// goroutines at once. It depends on rules and dates only: keep it until the rules change.
type Calendar struct {
	rules Rules
	serve []map[string]bool // per counter: what it serves
	days  []dayMasks        // the window, without a gap
	from  Date              // its first date
}

// NewCalendar checks the rules (Rules.Check) and compiles days dates from the given one on. Dates outside that window are answered
// as well, only slower, so the window is a matter of speed alone. The rules' slices must not be changed afterwards.
func NewCalendar(rules Rules, from Date, days int) (*Calendar, error) {
	if err := rules.Check(); err != nil {
		return nil, fmt.Errorf("NewCalendar: %w", err)
	}
	c := &Calendar{rules: rules, from: from, serve: make([]map[string]bool, len(rules.Counters)), days: make([]dayMasks, max(0, days))}
	for i, counter := range rules.Counters {
		c.serve[i] = make(map[string]bool, len(counter.Services))
		for _, service := range counter.Services {
			c.serve[i][service] = true
		}
	}
	for i := range c.days {
		c.days[i] = rules.compile(from.AddDays(i))
	}
	return c, nil
}

// Cells says which absolute cells the dates from to from + days - 1 cover: the first one, and the one after the last.
// The allocations in between are the ones to read.
func (c *Calendar) Cells(from Date, days int) (lo, hi int64) {
	return firstCell(from, c.rules.Zone), firstCell(from.AddDays(days), c.rules.Zone)
}

// Qualified appends the numbers of the counters that serve all these services.
func (c *Calendar) Qualified(dst []int64, services []string) []int64 {
	for i, counter := range c.rules.Counters {
		if c.serves(i, services) {
			dst = append(dst, counter.Number)
		}
	}
	return dst
}

func (c *Calendar) serves(counter int, services []string) bool {
	for _, service := range services {
		if !c.serve[counter][service] {
			return false
		}
	}
	return true
}

// lastDate is the last one that can be booked online.
func (c *Calendar) lastDate(now time.Time) Date {
	return DateOf(now, c.rules.Zone).AddDays(c.rules.Horizon)
}

// Fill computes what is offered on days dates from the given one on, and writes it over what out held.
// Busy cells may come in any order; grouped by counter they are fastest. Those of other counters and dates do no harm.
func (c *Calendar) Fill(out *Slots, req Request, from Date, days int, busy []Allocation) {
	out.zone, out.now, out.lead = c.rules.Zone, req.Now, 0
	if req.Online {
		out.lead = c.rules.Lead
	}
	out.qualified = out.qualified[:0]
	for i := range c.rules.Counters {
		if c.serves(i, req.Services) {
			out.qualified = append(out.qualified, i)
		}
	}
	c.lay(out, req, from, max(0, days))
	c.occupy(out, busy)
	out.starts = out.starts[:0]
	for i := range out.Days {
		out.starts = out.Days[i].fill(out.starts)
	}
}

// lay puts the days in place, with their masks cleared.
func (c *Calendar) lay(out *Slots, req Request, from Date, days int) {
	counters := len(out.qualified)
	out.Days = slices.Grow(out.Days[:0], days)[:days]
	out.masks = slices.Grow(out.masks[:0], 2*days*counters)[:2*days*counters]
	clear(out.masks)

	soonest := out.now.Add(out.lead)
	unix := soonest.Unix()
	if soonest.Nanosecond() > 0 {
		unix++
	}
	soonestCell := ceilDiv(unix, cellSeconds)
	last, offset, rest := c.lastDate(req.Now), from.Sub(c.from), out.masks
	for i := range out.Days {
		masks := c.day(from, offset, i)
		out.Days[i] = Day{
			Date: masks.date, zone: c.rules.Zone, masks: masks,
			cells: req.cells(), online: req.Online,
			soonest: int(soonestCell - masks.first), far: req.Online && last.Before(masks.date),
			qualified: out.qualified, busy: rest[:counters], free: rest[counters : 2*counters],
		}
		rest = rest[2*counters:]
	}
}

// day takes from + i out of the window, where from stands at offset, or compiles it.
func (c *Calendar) day(from Date, offset, i int) *dayMasks {
	if offset+i >= 0 && offset+i < len(c.days) {
		return &c.days[offset+i]
	}
	masks := c.rules.compile(from.AddDays(i))
	return &masks
}

// occupy sets the busy bits. An allocation mostly shares counter and day with the one before, and then costs no search.
func (c *Calendar) occupy(out *Slots, busy []Allocation) {
	var mask *Mask // that of counter, for the cells first to end-1
	var counter, first, end int64
	for _, taken := range busy {
		if taken.Counter != counter || taken.Cell < first || taken.Cell >= end {
			day := out.dayOf(taken.Cell)
			position := slices.IndexFunc(out.qualified, func(i int) bool { return c.rules.Counters[i].Number == taken.Counter })
			if day == nil || position < 0 {
				continue
			}
			mask, counter = &day.busy[position], taken.Counter
			first, end = day.masks.first, day.masks.end()
		}
		cell := uint64(taken.Cell - first)
		mask[cell/64] |= 1 << (cell % 64)
	}
}
