package town

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong in a town's files.
type Fault struct {
	File    string // path of the file that is wrong: the town's, or one beside it
	Line    int    // counted from 1; 0 when the file as a whole is meant
	Field   string // where in the file, for example services[3].fees[0].cents, or a JSON pointer in a form
	Message string
}

func (f Fault) Error() string {
	s := f.File
	if f.Line > 0 {
		s += fmt.Sprintf(":%d", f.Line)
	}
	if f.Field != "" {
		s += ": " + f.Field
	}
	return s + ": " + f.Message
}

// maxFaults keeps the report of a file that is no town at all readable.
const maxFaults = 50

// Faults is everything that is wrong with one town, sorted by file and line, the town's own file first. It holds at
// most 50; Error says how many more there were.
type Faults struct {
	List []Fault
	More int
}

func (f *Faults) Error() string {
	lines := make([]string, 0, len(f.List)+1)
	for _, fault := range f.List {
		lines = append(lines, fault.Error())
	}
	if f.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", f.More))
	}
	return strings.Join(lines, "\n")
}

// newFaults sorts and cuts what was found; nil for nothing.
func newFaults(main string, found []Fault) error {
	if len(found) == 0 {
		return nil
	}
	slices.SortStableFunc(found, func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(notMain(a, main), notMain(b, main)),
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Field, b.Field),
		)
	})
	more := max(0, len(found)-maxFaults)
	return &Faults{List: found[:len(found)-more], More: more}
}

func notMain(f Fault, main string) int {
	if f.File == main {
		return 0
	}
	return 1
}
