//go:build conformance

package conformance

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

// The tables that are printed at the end, one for each judge.
var (
	subgraph = sheet{of: "@apollo/federation-subgraph-compatibility"}
	overHTTP = sheet{of: "graphql-http"}
	sockets  = sheet{of: "graphql-ws"}
	events   = sheet{of: "graphql-sse"}
)

// sheet shows what a package judged, and what came of it on each backend.
type sheet struct {
	of string // a dependency of package.json

	mu    sync.Mutex
	rows  []string
	cells map[[2]string]string // by backend and row
	notes map[string]string    // of a row: why it isn't ok
}

// What stands in a cell.
const (
	ok     = "ok"
	failed = "FAILED"
	no     = "no" // what may be so, and isn't; the note says why
)

// backends are the columns.
func backends() []string { return []string{"sqlite", "postgres"} }

// check is a subtest that has a cell.
func (s *sheet) check(t *testing.T, backend, row string, test func(t *testing.T)) {
	t.Helper()
	t.Run(row, func(t *testing.T) {
		defer func() {
			cell := ok
			if t.Failed() {
				cell = failed
			}
			s.set(backend, row, cell)
		}()
		test(t)
	})
}

func (s *sheet) set(backend, row, cell string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.rows, row) {
		s.rows = append(s.rows, row)
	}
	if s.cells == nil {
		s.cells = map[[2]string]string{}
	}
	s.cells[[2]string{backend, row}] = cell
}

func (s *sheet) note(row, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.notes == nil {
		s.notes = map[string]string{}
	}
	s.notes[row] = text
}

func (s *sheet) print(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rows) == 0 {
		return
	}
	title := s.of + " " + version(s.of)
	width := utf8.RuneCountInString(title)
	for _, row := range s.rows {
		width = max(width, utf8.RuneCountInString(row))
	}
	line := func(first string, cell func(backend string) string, note string) {
		text := first + strings.Repeat(" ", width-utf8.RuneCountInString(first))
		for _, backend := range backends() {
			text += fmt.Sprintf("  %-8s", cell(backend))
		}
		fmt.Fprintln(w, strings.TrimRight(text+"  "+note, " "))
	}
	line(title, func(backend string) string { return backend }, "")
	for _, row := range s.rows {
		line(row, func(backend string) string { return cmp.Or(s.cells[[2]string{backend, row}], "–") }, s.notes[row])
	}
	line("", func(backend string) string {
		passed, all := 0, 0
		for at, cell := range s.cells {
			if at[0] == backend {
				all++
				if cell == ok {
					passed++
				}
			}
		}
		return fmt.Sprintf("%d/%d", passed, all)
	}, "")
	fmt.Fprintln(w)
}

// version is that of a dependency.
func version(name string) string {
	raw, err := os.ReadFile("package.json")
	if err != nil {
		return err.Error()
	}
	var manifest struct{ Dependencies map[string]string }
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return err.Error()
	}
	return cmp.Or(manifest.Dependencies[name], "isn't in package.json")
}

// read reads what a program printed as JSON.
func read[T any](t *testing.T, text string) (value T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	return value
}
