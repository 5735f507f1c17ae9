package form

import (
	"slices"
	"strconv"
	"strings"
)

// ReviewGroup is a section of a form with what was answered in it.
type ReviewGroup struct {
	Section int
	Title   string
	Rows    []Row
}

// Row is one answer as a person reads it.
type Row struct {
	Label string
	Lines []string // at least one
	ID    string   // of the field on the page of its section
}

// Review returns the answers in the order of the form, in a language. It leaves out what was not answered, what is not
// asked for, and sections without answers.
func (f *Form) Review(answers Answers, language string) []ReviewGroup {
	var all []ReviewGroup
	root := f.rootOf(answers)
	for i, section := range f.root.groups {
		g := ReviewGroup{Section: i, Title: section.title.In(language)}
		for _, p := range f.of(i, root.inside()) {
			g.Rows = append(g.Rows, p.rows(language)...)
		}
		if len(g.Rows) > 0 {
			all = append(all, g)
		}
	}
	return all
}

// rows returns a row for the place; of a list of groups or lists one for each entry.
func (p place) rows(language string) []Row {
	label := p.label.In(language)
	if p.kind != list || p.items.kind != group && p.items.kind != list {
		if lines := p.lines(language); len(lines) > 0 {
			return []Row{{label, lines, p.fieldID()}}
		}
		return nil
	}
	if name := p.items.label.In(language); name != "" {
		label = name
	}
	var all []Row
	for i, entry := range p.entries() {
		if lines := entry.lines(language); len(lines) > 0 {
			all = append(all, Row{label + " " + strconv.Itoa(i+1), lines, entry.fieldID()})
		}
	}
	return all
}

func (p place) fieldID() string { return identifier("f", p.pointer) }

// lines returns the answer of a place in lines; none where nothing was answered.
func (p place) lines(language string) []string {
	switch p.kind {
	case group:
		return p.groupLines(language)
	case list:
		var all []string
		for _, entry := range p.entries() {
			all = append(all, entry.lines(language)...)
		}
		return all
	case several:
		var all []string
		for _, v := range listOf(p.value) {
			all = append(all, p.optionLabel(v, language))
		}
		return all
	}
	if s := p.line(language); s != "" {
		return strings.Split(s, "\n")
	}
	return nil
}

// line returns the answer of a place that is neither a group nor a list; "" where nothing was answered.
func (p place) line(language string) string {
	w := wordsIn(language)
	switch v := p.value.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return w.yes
		}
		return w.no
	case string:
		switch p.kind {
		case choice:
			return p.optionLabel(v, language)
		case date, partialDate:
			return writtenDate(v, language)
		}
	}
	return written(p.value, language)
}

func (p place) optionLabel(v any, language string) string {
	for _, o := range p.options {
		if o.value == v {
			return o.label.In(language)
		}
	}
	return written(v, language)
}

// addressLines are the lines of an address: the names of the properties that stand in each.
func addressLines() [][]string {
	return [][]string{{"name"}, {"givenNames", "familyName"}, {"addition"}, {"street", "houseNumber"}, {"postalCode", "city"}, {"country"}}
}

// groupLines returns the answers of a group in lines: those of an address as on a letter, others with their labels.
func (p place) groupLines(language string) []string {
	places := p.inside()
	var lines []string
	var placed []string
	if p.child("street") != nil {
		for _, names := range addressLines() {
			var parts []string
			for _, name := range names {
				i := slices.IndexFunc(places, func(inner place) bool { return inner.name == name && inner.kind == text })
				if i >= 0 && places[i].line(language) != "" {
					parts = append(parts, places[i].line(language))
				}
				placed = append(placed, name)
			}
			if len(parts) > 0 {
				lines = append(lines, strings.Join(parts, " "))
			}
		}
	}
	for _, inner := range places {
		if slices.Contains(placed, inner.name) && inner.kind == text {
			continue
		}
		if values := inner.lines(language); len(values) > 0 {
			lines = append(lines, inner.label.In(language)+": "+strings.Join(values, ", "))
		}
	}
	return lines
}
