package search_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/search"
)

// However long a query is, it takes no longer than one of a dozen words of forty letters.
func TestALongQueryIsNoMoreWork(t *testing.T) {
	t.Parallel()
	x := search.New()
	for _, thing := range things() {
		for i := range 20 {
			x.Add(search.Text{Text: thing[0] + strings.Repeat("x", i), Language: "de", Weight: search.Name})
		}
	}
	for _, query := range []string{
		strings.Repeat("x", 1_000_000), strings.Repeat("verlängern ", 100_000), strings.Repeat("ausweis-", 100_000), strings.Repeat("\u0301", 1_000_000),
	} {
		start := time.Now()
		find(x, query, "de")
		require.Less(t, time.Since(start), 2*time.Second, "%.20s", query) // the old comparison took 18 s for the first
	}
}
