package schedule

import "time"

// dayMasks is one date of one office, as far as rules alone decide it.
type dayMasks struct {
	date     Date
	first    int64 // absolute number of the first cell
	cells    int   // 288, or what the clock change leaves
	grid     Mask  // the office's step
	counters []counterMasks
}

// end is the absolute number of the cell after the last one.
func (d *dayMasks) end() int64 { return d.first + int64(d.cells) }

type counterMasks struct {
	holiday bool // shut by a public holiday that no dated opening overrules
	hours   Mask // opening rules alone, on a public holiday too: what a person would expect
	open    Mask // less breaks, closures and public holiday
	public  Mask // the part of open that can be booked online
}

// opens is what this kind of booking may use.
func (m *counterMasks) opens(online bool) *Mask {
	if online {
		return &m.public
	}
	return &m.open
}

// firstCell is the absolute number of a date's first cell. Every zone's midnight has begun a cell since 1972, when the last offset
// that is no multiple of five minutes went (Liberia's).
func firstCell(d Date, zone *time.Location) int64 {
	return ceilDiv(d.Midnight(zone).Unix(), cellSeconds)
}

func (r *Rules) compile(d Date) dayMasks {
	first := firstCell(d, r.Zone)
	day := dayMasks{
		date:     d,
		first:    first,
		cells:    int(min(maskCells, firstCell(d.AddDays(1), r.Zone)-first)),
		counters: make([]counterMasks, len(r.Counters)),
	}
	clock := wallClock(d, r.Zone, first, day.cells)
	for _, s := range clock {
		for cell := s.lo; cell < s.hi; cell++ {
			if (s.minute+(cell-s.lo)*cellMinutes)%r.Step == 0 {
				day.grid.Set(cell, cell+1)
			}
		}
	}
	breaks := clock.rules(r.Breaks, d)
	holiday := r.Holidays != nil && r.Holidays(d)
	for i, counter := range r.Counters {
		m := &day.counters[i]
		if dated := r.dated(d, counter.Number); len(dated) > 0 {
			var online Mask
			for _, opening := range dated {
				clock.cover(&m.hours, opening.TimeFrom, opening.TimeTo)
				if opening.Online {
					clock.cover(&online, opening.TimeFrom, opening.TimeTo)
				}
			}
			m.open = m.hours
			clock.close(&m.open, r.Closures, d, counter.Number)
			m.public = m.open
			m.public.And(&online)
			continue
		}
		if counter.Openings != nil {
			m.hours = clock.rules(counter.Openings, d)
		} else {
			m.hours = clock.rules(r.Openings, d)
		}
		if holiday {
			m.holiday = true
			continue
		}
		m.open = m.hours
		m.open.AndNot(&breaks)
		clock.close(&m.open, r.Closures, d, counter.Number)
		m.public = m.open
		if counter.Public != nil {
			share := clock.rules(counter.Public, d)
			m.public.And(&share)
		}
	}
	return day
}

// stretch is a part of a day without a clock change: the cells lo to hi-1, and the wall-clock minute at which lo begins.
type stretch struct{ lo, hi, minute int }

type stretches []stretch

// wallClock cuts a day where its clock changes.
func wallClock(d Date, zone *time.Location, first int64, cells int) stretches {
	var clock stretches
	civil := d.utc().Unix()
	for lo := 0; lo < cells; {
		at := time.Unix(CellStart(first+int64(lo)), 0).In(zone)
		_, offset := at.Zone()
		hi := cells
		if change := clockChange(at); !change.IsZero() {
			hi = int(min(int64(cells), ceilDiv(change.Unix(), cellSeconds)-first))
		}
		clock = append(clock, stretch{lo, hi, int(floorDiv(at.Unix()+int64(offset)-civil, 60))})
		lo = hi
	}
	return clock
}

// cover sets the cells whose wall clock shows from to to; twice, where the clock shows it twice.
func (c stretches) cover(m *Mask, from, to LocalTime) {
	for _, s := range c {
		lo := s.lo + int(ceilDiv(int64(int(from)-s.minute), cellMinutes))
		hi := s.lo + int(floorDiv(int64(int(to)-s.minute), cellMinutes))
		m.Set(max(lo, s.lo), min(hi, s.hi))
	}
}

func (c stretches) rules(rules []Rule, d Date) (m Mask) {
	for _, rule := range rules {
		if rule.holds(d) {
			c.cover(&m, rule.From, rule.To)
		}
	}
	return m
}

// close takes out of a counter's cells what closures close on a date.
func (c stretches) close(m *Mask, closures []Closure, d Date, counter int64) {
	for _, closure := range closures {
		if !closure.holds(d, counter) {
			continue
		}
		var closed Mask
		if closure.allDay() {
			closed.Set(0, maskCells)
		} else {
			c.cover(&closed, closure.TimeFrom, closure.TimeTo)
		}
		m.AndNot(&closed)
	}
}
