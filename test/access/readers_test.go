package access_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/access.md anew")

// docs/access.md is the table for readers. It is made of table.txt and says nothing else.
func TestTheTableForReadersSaysTheSame(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "access.md")
	page := readTable(t).page()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
	}
	there, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, page, string(there), "write it anew: go test ./test/access -run Readers -update")
}

const preface = `# Who may see and do what

One line for each root field, entity key, type behind ` + "`node`" + ` and field of the schema. It is made of ` + "`test/access/table.txt`" + `
by ` + "`go test ./test/access -run Readers -update`" + `, and the test of that folder holds the running service to every line, on both
set-ups; a field without a line fails the build.

A cell lists who sees the column's thing this way or, in a line of a mutation, may write on it. A small letter sees the
thing, but the role is too low for the write: FORBIDDEN. Everybody else gets, byte for byte, what they get for an id that
nothing has: null, in a subscription null and its end, for a write NOT_FOUND, and without a token UNAUTHENTICATED. Where
nobody is listed, nothing stands there, or nobody may see it.

A field that leads to another case, application, payment, appointment or event is about what it leads to. Any other one is
about the thing that it is a field of.

`

// page is docs/access.md.
func (tab *table) page() string {
	var b strings.Builder
	b.WriteString(preface)
	list := func(title string, all []named) {
		fmt.Fprintf(&b, "| %s | |\n|---|---|\n", title)
		for _, n := range all {
			fmt.Fprintf(&b, "| %s | %s |\n", n.name, n.text)
		}
		b.WriteString("\n")
	}
	list("who", tab.actors)
	list("thing", tab.things)
	for _, s := range tab.sections {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", s.title, strings.Join(s.prose, "\n"))
		if s.public() {
			s.writeLists(&b)
		} else {
			s.writeTable(&b)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// writeTable writes a section that has columns.
func (s *section) writeTable(b *strings.Builder) {
	head, rule := "| |", "|---|"
	for _, c := range s.columns {
		head, rule = head+" "+c.name+" |", rule+"---|"
		if len(c.things) > 1 {
			fmt.Fprintf(b, "- %s: %s\n", c.name, strings.Join(c.things, ", "))
		}
	}
	if s.grouped() {
		b.WriteString("\n")
	}
	b.WriteString(head + "\n" + rule + "\n")
	for _, r := range s.rows {
		fmt.Fprintf(b, "| `%s`%s |", r.name, r.remark())
		for _, cell := range r.cells {
			b.WriteString(" " + strings.ReplaceAll(cell, ".", "–") + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// grouped reports whether a column stands for several things.
func (s *section) grouped() bool {
	for _, c := range s.columns {
		if len(c.things) > 1 {
			return true
		}
	}
	return false
}

// remark says what a row's marks mean to a caller.
func (r *row) remark() string {
	remark := ""
	if r.has("key") {
		remark += ", for holders: staff are told UNAUTHENTICATED"
	}
	if r.has("own") {
		remark += ", of one's own case"
	}
	return remark
}

// writeLists writes the public part: for each type or way its names.
func (s *section) writeLists(b *strings.Builder) {
	b.WriteString("| of | |\n|---|---|\n")
	last := ""
	for _, r := range s.rows {
		at := strings.IndexAny(r.name, ".")
		if colon := strings.Index(r.name, ":"); colon >= 0 {
			at = colon
		}
		of, name := r.name[:at], r.name[at+1:]
		switch {
		case of == last:
			b.WriteString(", `" + name + "`")
		case last != "":
			b.WriteString(" |\n| `" + of + "` | `" + name + "`")
		default:
			b.WriteString("| `" + of + "` | `" + name + "`")
		}
		last = of
	}
	b.WriteString(" |\n\n")
}
