package form

import (
	"slices"
	"strconv"
	"strings"
)

// Problem is a problem of the graph. A path that begins with input and answers leads to an answer.
type Problem struct {
	Message string
	Path    []string
}

// Fault is what is wrong with an answer, for the place beside its field.
type Fault struct {
	// Pointer is that of the field; "" where the page has none for it.
	Pointer string
	// Part is the input of a date that is at fault: "day", "month" or "year"; "" for all of them and for other fields.
	Part string
	// Message is a sentence to the person. Of a problem it is the same in both languages.
	Message Text
	// Section is the one whose page shows the field; -1 where no page does.
	Section int
}

// Faults are faults of any sections.
type Faults []Fault

// In returns the faults of one section.
func (fs Faults) In(section int) Faults {
	return slices.DeleteFunc(slices.Clone(fs), func(f Fault) bool { return f.Section != section })
}

// Place finds the field of each problem: that of its path, or else the nearest group or list around it that is shown. A
// problem of a whole group that lacks one of several answers goes to the first field of those. answers are those that the
// graph judged. Faults of problems that concern no field have the Section -1.
func (f *Form) Place(problems []Problem, answers Answers) Faults {
	var faults Faults
	for _, problem := range problems {
		at := f.rootOf(answers)
		if len(problem.Path) >= 2 && problem.Path[0] == "input" && problem.Path[1] == "answers" {
			inner, whole := at.follow(problem.Path[2:])
			if at = inner; whole {
				at = inner.lacking(problem.Message)
			}
		}
		fault := Fault{Pointer: at.pointer, Message: Text{problem.Message, problem.Message}, Section: -1}
		if at.pointer != "" {
			fault.Section = f.sectionOf(at.pointer)
		}
		faults = append(faults, fault)
	}
	return faults
}

func (f *Form) sectionOf(at string) int {
	first, _, _ := strings.Cut(strings.TrimPrefix(at, "/"), "/")
	for name, section := range f.section {
		if pointer("", name) == "/"+first {
			return section
		}
	}
	return -1
}

// follow returns the place that a path leads to, or the last one on its way that is shown. It reports whether that is the
// whole way.
func (p place) follow(path []string) (inner place, whole bool) {
	for _, name := range path {
		inside := p.inside()
		i := slices.IndexFunc(inside, func(inner place) bool { return inner.name == name })
		if p.kind == list {
			if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(inside) {
				i = n
			} else {
				i = -1
			}
		}
		if i < 0 {
			return p, false
		}
		p = inside[i]
	}
	return p, true
}

// lacking returns, of a group whose choices are not met, the field that a message is about: the first of the choice whose
// labels all stand in it, or else of the first choice. Any other place it returns as it is.
func (p place) lacking(message string) place {
	if p.kind != group {
		return p
	}
	fields := p.inside()
	var found *place
	for _, names := range rulesOf(p.schemas, p.object()).choices {
		named := slices.DeleteFunc(slices.Clone(fields), func(inner place) bool { return !slices.Contains(names, inner.name) })
		if len(named) == 0 {
			continue
		}
		unnamed := func(inner place) bool {
			return !strings.Contains(message, inner.label.German) && !strings.Contains(message, inner.label.English)
		}
		if !slices.ContainsFunc(named, unnamed) {
			return named[0]
		}
		if found == nil {
			found = &named[0]
		}
	}
	if found == nil {
		return p
	}
	return *found
}
