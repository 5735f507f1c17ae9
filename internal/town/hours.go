package town

import (
	"fmt"
	"slices"
)

// CheckHours holds opening hours to the rules of the book: on the grid of its cells, each span with a length, its break
// inside it, no two of one weekday overlapping, and each inside one span of the hours around them, if there are any.
func CheckHours(spans, around []Hours) []RowFault {
	var faults []RowFault
	for i, h := range spans {
		own := h.check()
		for _, f := range own {
			f.Index = i
			faults = append(faults, f)
		}
		if slices.ContainsFunc(own, func(f RowFault) bool { return f.Field == "from" || f.Field == "to" }) {
			continue // what follows would only distract
		}
		for j, other := range spans[:i] {
			if h.Weekday == other.Weekday && h.From < other.To && other.From < h.To {
				faults = append(faults, RowFault{Index: i, Rule: RuleOverlap, Other: j, Message: "overlaps with another span on " + string(h.Weekday)})
			}
		}
		inside := func(o Hours) bool { return o.Weekday == h.Weekday && o.From <= h.From && h.To <= o.To }
		if around != nil && !slices.ContainsFunc(around, inside) {
			faults = append(faults, RowFault{
				Index: i, Rule: RuleInside,
				Message: fmt.Sprintf("%s, %s to %s, is not inside one span of the hours around it", h.Weekday, h.From, h.To),
			})
		}
	}
	return faults
}

// check is CheckHours for one span by itself.
func (h Hours) check() []RowFault {
	faults := (Span{h.From, h.To}).check()
	if len(faults) > 0 || h.Break == nil {
		return faults
	}
	if faults = h.Break.check(); len(faults) > 0 {
		for i := range faults {
			faults[i].Field = "break." + faults[i].Field
		}
		return faults
	}
	if h.Break.From <= h.From || h.Break.To >= h.To {
		faults = append(faults, RowFault{
			Field: "break", Rule: RuleBreak,
			Message: fmt.Sprintf("%s to %s is not inside %s to %s", h.Break.From, h.Break.To, h.From, h.To),
		})
	}
	return faults
}

// check holds two times of one day to the grid and to their order.
func (s Span) check() (faults []RowFault) {
	for _, t := range []struct {
		field string
		at    Clock
	}{{"from", s.From}, {"to", s.To}} {
		if t.at%cell != 0 {
			faults = append(faults, RowFault{Field: t.field, Rule: RuleGrid, Message: t.at.String() + " is no multiple of five minutes"})
		}
	}
	if len(faults) == 0 && s.To <= s.From {
		faults = append(faults, RowFault{Field: "to", Rule: RuleOrder, Message: fmt.Sprintf("%s is not after %s", s.To, s.From)})
	}
	return faults
}
