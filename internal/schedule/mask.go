package schedule

import "math/bits"

const (
	cellMinutes = 5
	cellSeconds = cellMinutes * 60
	maskCells   = 320 // the longest day has 25 hours, 300 cells
)

// CellOf is the absolute number of the cell that an instant in Unix seconds falls into.
func CellOf(unix int64) int64 { return floorDiv(unix, cellSeconds) }

// CellStart is the instant, in Unix seconds, at which an absolute cell begins.
func CellStart(cell int64) int64 { return cell * cellSeconds }

// Mask is one bit for each cell of a local day, counted from local midnight as an instant. Bits after the day's end are never set,
// which is what keeps a span from crossing midnight.
type Mask [maskCells / 64]uint64

// Has reports whether a cell's bit is set; offsets outside the mask's range have none.
func (m *Mask) Has(cell int) bool {
	return cell >= 0 && cell < maskCells && m[cell/64]>>(cell%64)&1 == 1
}

// Set sets the bits of the cells lo to hi-1, as far as the mask reaches.
func (m *Mask) Set(lo, hi int) {
	lo, hi = max(lo, 0), min(hi, maskCells)
	for ; lo < hi && lo%64 != 0; lo++ {
		m[lo/64] |= 1 << (lo % 64)
	}
	for ; lo+64 <= hi; lo += 64 {
		m[lo/64] = ^uint64(0)
	}
	for ; lo < hi; lo++ {
		m[lo/64] |= 1 << (lo % 64)
	}
}

// And keeps what both masks have.
func (m *Mask) And(o *Mask) {
	for i := range m {
		m[i] &= o[i]
	}
}

// AndNot takes the other mask's bits out.
func (m *Mask) AndNot(o *Mask) {
	for i := range m {
		m[i] &^= o[i]
	}
}

// Or adds the other mask's bits.
func (m *Mask) Or(o *Mask) {
	for i := range m {
		m[i] |= o[i]
	}
}

// Empty reports whether no bit is set.
func (m *Mask) Empty() bool { return m[0]|m[1]|m[2]|m[3]|m[4] == 0 }

// First is the offset of the first set bit at or after lo, or -1.
func (m *Mask) First(lo int) int {
	lo = max(lo, 0)
	for i := lo / 64; i < len(m); i++ {
		word := m[i]
		if i == lo/64 {
			word &= ^uint64(0) << (lo % 64)
		}
		if word != 0 {
			return i*64 + bits.TrailingZeros64(word)
		}
	}
	return -1
}

// Runs keeps the bits at which n set bits in a row begin, by doubling: m & m>>1 gives the runs of two, those & themselves>>2 the runs of
// four, and so on; the last shift is the rest.
func (m *Mask) Runs(n int) {
	for have := 1; have < n && !m.Empty(); {
		shift := min(have, n-have)
		m.andShifted(shift)
		have += shift
	}
}

// andShifted keeps the bits that are also set k cells later.
func (m *Mask) andShifted(k int) {
	words, k := k/64, k%64
	for i := range m {
		var later uint64
		if i+words < len(m) {
			later = m[i+words] >> k
		}
		if i+words+1 < len(m) {
			later |= m[i+words+1] << (64 - k) // k = 0 shifts by 64, which gives 0
		}
		m[i] &= later
	}
}

// ClearBelow clears the bits of the cells before lo.
func (m *Mask) ClearBelow(lo int) {
	for i := range m {
		switch first := i * 64; {
		case lo >= first+64:
			m[i] = 0
		case lo > first:
			m[i] &= ^uint64(0) << (lo - first)
		}
	}
}

// floorDiv and ceilDiv round towards minus and plus infinity, so that instants before 1970 and times before a stretch work alike.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func ceilDiv(a, b int64) int64 { return -floorDiv(-a, b) }
