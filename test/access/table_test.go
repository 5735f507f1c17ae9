package access_test

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:embed table.txt
var tableText string

// table is table.txt as it is read.
type table struct {
	actors   []named
	things   []named
	sections []*section
	rows     map[string]*row
}

type named struct{ name, text string }

// section is a part of the table whose rows are about the same things.
type section struct {
	title   string
	prose   []string
	columns []column // none in the public part
	rows    []*row
}

// public reports whether the part is the same for everybody.
func (s *section) public() bool { return len(s.columns) == 0 }

// column of a thing, or of several together.
type column struct {
	name   string
	things []string
}

type row struct {
	name    string
	section *section
	cells   []string // as many as the section has columns
	marks   []string
}

// sees reports whether an actor sees, or may write on, the things of a column.
func (r *row) sees(actor byte, column int) bool {
	return r.section.public() || strings.IndexByte(r.cells[column], actor) >= 0
}

// low reports whether an actor's refusal is that its role is too low.
func (r *row) low(actor byte, column int) bool {
	return strings.IndexByte(r.cells[column], actor|0x20) >= 0
}

func (r *row) has(mark string) bool { return slices.Contains(r.marks, mark) }

// column is where a thing stands in the row; -1 where it doesn't.
func (r *row) column(thing string) int {
	return slices.IndexFunc(r.section.columns, func(c column) bool { return slices.Contains(c.things, thing) })
}

// readTable reads table.txt.
func readTable(t testing.TB) *table {
	t.Helper()
	tab, err := parseTable(tableText)
	require.NoError(t, err)
	return tab
}

func parseTable(text string) (*table, error) {
	tab := &table{rows: map[string]*row{}}
	part := ""
	var current *section
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, " \n")
		words := strings.Fields(line)
		var err error
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "actors" || line == "things":
			part = line
		case strings.HasPrefix(line, "== "):
			part = ""
			current, err = parseSection(line)
			tab.sections = append(tab.sections, current)
		case strings.HasPrefix(line, "> "):
			current.prose = append(current.prose, line[2:])
		case part != "":
			n := named{words[0], strings.TrimSpace(line[len(words[0]):])}
			if part == "actors" {
				tab.actors = append(tab.actors, n)
			} else {
				tab.things = append(tab.things, n)
			}
		case current.public():
			for _, word := range words[1:] {
				name, empty := strings.CutSuffix(word, "?")
				r := &row{name: joined(words[0], name), section: current}
				if empty {
					r.marks = []string{"?"}
				}
				err = tab.add(r, err)
			}
		case len(words) <= len(current.columns):
			err = fmt.Errorf("%d columns, and %d cells", len(current.columns), len(words)-1)
		default:
			n := 1 + len(current.columns)
			err = tab.add(&row{name: words[0], section: current, cells: words[1:n], marks: words[n:]}, nil)
		}
		if err != nil {
			return nil, fmt.Errorf("table.txt:%d: %w", number, err)
		}
	}
	return tab, tab.check()
}

// joined is the name of a row: Type.field, or a way and whom it leads to, such as Query.node:Case.
func joined(prefix, name string) string {
	if prefix == "Query.node" || prefix == "Query._entities" {
		return prefix + ":" + name
	}
	return prefix + "." + name
}

func parseSection(line string) (*section, error) {
	title, columns, _ := strings.Cut(line[3:], " | ")
	s := &section{title: title}
	for _, word := range strings.Fields(columns) {
		name, members, group := strings.Cut(word, "=")
		c := column{name, []string{name}}
		if group {
			c.things = strings.Split(members, ",")
		}
		s.columns = append(s.columns, c)
	}
	return s, nil
}

func (tab *table) add(r *row, err error) error {
	if err != nil {
		return err
	}
	if tab.rows[r.name] != nil {
		return fmt.Errorf("%s has a line already", r.name)
	}
	tab.rows[r.name] = r
	r.section.rows = append(r.section.rows, r)
	return nil
}

// check looks for letters, marks and things that are none.
func (tab *table) check() error {
	known := map[string]bool{}
	for _, thing := range tab.things {
		known[thing.name] = true
	}
	letters := "."
	for _, actor := range tab.actors {
		letters += actor.name
	}
	for _, s := range tab.sections {
		for _, c := range s.columns {
			for _, thing := range c.things {
				if !known[thing] {
					return fmt.Errorf("%s: no thing is called %s", s.title, thing)
				}
			}
		}
		for _, r := range s.rows {
			for _, cell := range r.cells {
				if strings.Trim(strings.ToUpper(cell), letters) != "" {
					return fmt.Errorf("%s: no such actors: %s", r.name, cell)
				}
				if cell != strings.ToUpper(cell) && !strings.HasPrefix(r.name, "Mutation.") {
					return fmt.Errorf("%s: a role is too low for a mutation only: %s", r.name, cell)
				}
			}
			for _, mark := range r.marks {
				if !slices.Contains([]string{"key", "own", "all", "?"}, mark) {
					return fmt.Errorf("%s: no such mark: %s", r.name, mark)
				}
			}
		}
	}
	return nil
}

// mutations are the rows of mutations, in order.
func (tab *table) mutations() (rows []*row) {
	for _, s := range tab.sections {
		for _, r := range s.rows {
			if strings.HasPrefix(r.name, "Mutation.") {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// entity reports whether a type is a thing of its own, and not everybody's.
func (tab *table) entity(typ string) bool {
	r := tab.rows["Query.node:"+typ]
	return r != nil && !r.section.public()
}

// may reports whether an actor sees a thing at all.
func (tab *table) may(actor byte, thing string) bool {
	if r := tab.rows["Query.partner"]; r.column(thing) >= 0 {
		return r.sees(actor, r.column(thing))
	}
	for _, typ := range entities() {
		if r := tab.rows["Query._entities:"+typ+"(id)"]; r.column(thing) >= 0 {
			return r.sees(actor, r.column(thing))
		}
	}
	return false
}

// entities are the types of things that aren't everybody's.
func entities() []string { return []string{"Application", "Appointment", "Case", "Payment"} }

// personal reports whether a type has anything that isn't everybody's.
func (tab *table) personal(typ string) bool {
	for name, r := range tab.rows {
		if strings.HasPrefix(name, typ+".") && !r.section.public() {
			return true
		}
	}
	return false
}
