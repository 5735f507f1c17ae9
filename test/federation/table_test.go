//go:build federation

package federation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// table shows what was checked, of whom, and what came of it.
type table struct {
	mu            sync.Mutex
	columns, rows []string
	cells         map[[2]string]string
	of            map[string]string // a row's test, by which they are sorted: tests run side by side
}

// The tables that are printed at the end.
var (
	composers = table{cells: map[[2]string]string{}, of: map[string]string{}}
	gateways  = table{cells: map[[2]string]string{}, of: map[string]string{}}
)

// column names what a package of package.json is checked for.
func (*table) column(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("package.json")
	require.NoError(t, err)
	var manifest struct{ Dependencies map[string]string }
	require.NoError(t, json.Unmarshal(raw, &manifest))
	require.NotEmpty(t, manifest.Dependencies[name], name)
	return name + " " + manifest.Dependencies[name]
}

// check is a subtest that has a cell in the table.
func (s *table) check(t *testing.T, column, row string, test func(t *testing.T)) {
	t.Helper()
	t.Run(row, func(t *testing.T) {
		defer func() { s.set(t, column, row) }()
		test(t)
	})
}

func (s *table) set(t *testing.T, column, row string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.columns, column) {
		s.columns = append(s.columns, column)
	}
	if !slices.Contains(s.rows, row) {
		s.rows = append(s.rows, row)
		s.of[row], _, _ = strings.Cut(t.Name(), "/")
	}
	cell := "ok"
	switch {
	case t.Failed():
		cell = "FAILED"
	case t.Skipped():
		cell = "skipped"
	}
	s.cells[[2]string{column, row}] = cell
}

func (s *table) print(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rows) == 0 {
		return
	}
	slices.Sort(s.columns)
	slices.SortStableFunc(s.rows, func(a, b string) int { return cmp.Compare(s.of[a], s.of[b]) })
	width := 0
	for _, row := range s.rows {
		width = max(width, utf8.RuneCountInString(row))
	}
	line := func(first string, cell func(column string) string) {
		text := first + strings.Repeat(" ", width-utf8.RuneCountInString(first))
		for _, column := range s.columns {
			text += fmt.Sprintf("  %-*s", utf8.RuneCountInString(column), cell(column))
		}
		fmt.Fprintln(w, strings.TrimRight(text, " "))
	}
	line("", func(column string) string { return column })
	for _, row := range s.rows {
		line(row, func(column string) string { return cmp.Or(s.cells[[2]string{column, row}], "–") })
	}
	fmt.Fprintln(w)
}
