package faults

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// setUp is what a process is killed on, and who goes on afterwards.
type setUp struct {
	name  string
	place func(*testing.T) *place
	// taken: another process is there already. Otherwise one is started on the same data.
	taken bool
}

func setUps() []setUp {
	return []setUp{
		{"SQLite, restarted", sqlite, false},
		{"PostgreSQL, taken over", postgres, true},
		{"PostgreSQL, restarted", postgres, false},
	}
}

// row is a line of the table.
type row struct {
	at        point
	on        setUp
	then      ending
	books     books
	explained string
}

// String is its name.
func (r *row) String() string { return r.at.name + "/" + r.on.name + "/" + r.then.name }

// rows are all of the table, or those of the short form.
func rows(long bool) (all []*row) {
	for _, at := range points() {
		for _, on := range setUps() {
			for _, then := range at.endings {
				if long && (then.away == 0 || !on.taken) || at.brief[on.name+", "+then.name] {
					all = append(all, &row{at: at, on: on, then: then, explained: "it never came so far"})
				}
			}
		}
	}
	return all
}

// TestMoneyWhenKilled kills the process at every step of paying, submitting and giving back. Then the person goes on or
// gives up, two days pass, and the provider's books are held against ours: every cent that it took is one that paid for
// something, is due for refund, or was given back.
func TestMoneyWhenKilled(t *testing.T) {
	t.Parallel()
	all, days := rows(false), []time.Duration{2 * time.Minute, 50 * time.Hour}
	if os.Getenv("NELKE_PROOFS") == "long" {
		all = rows(true)
		// Each look at a payment: after 1, 5 and 15 minutes, at its end, an hour and a day after it; and the end of the grace.
		days = []time.Duration{time.Minute, 4 * time.Minute, 10 * time.Minute, 16 * time.Minute, time.Hour, 23 * time.Hour, 25 * time.Hour}
	}
	t.Run("all", func(t *testing.T) {
		first := 1
		for some := range slices.Chunk(all, 8) { // they wait together for time to pass
			last := first + len(some) - 1
			t.Run(fmt.Sprintf("rows %d to %d", first, last), func(t *testing.T) {
				t.Parallel()
				var played []*killed
				for _, r := range some {
					played = append(played, r.play(t))
				}
				for _, d := range days {
					for _, k := range played {
						k.clock.Set(k.clock.Now().Add(d))
					}
					for _, k := range played {
						k.settles()
					}
				}
				for i, r := range some {
					t.Run(r.String(), func(t *testing.T) {
						var faults []string
						r.books, r.explained, faults = played[i].compare(t)
						require.Empty(t, faults)
						require.Equal(t, r.then.want.times(played[i].fee), r.books)
					})
				}
			})
			first = last + 1
		}
	})
	t.Log("cents, by what was done when:\n" + table(t, all))
}

// TestRows keeps the rows apart, and the short form to rows that there are.
func TestRows(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, r := range rows(true) {
		require.False(t, names[r.String()], r)
		names[r.String()] = true
	}
	brief := 0
	for _, at := range points() {
		brief += len(at.brief)
	}
	require.Len(t, rows(false), brief)
}

// table prints the rows. Each line is an attribute of the test as well, for whoever reads its events and not its log.
func table(t *testing.T, rows []*row) string {
	t.Helper()
	lines := [][]string{{"killed", "set-up", "and then the person", "bank took", "kept", "refund due", "refunded", "explained"}}
	for _, r := range rows {
		b := r.books
		lines = append(lines, []string{
			r.at.name, r.on.name, r.then.name, fmt.Sprint(b.took), fmt.Sprint(b.kept), fmt.Sprint(b.due), fmt.Sprint(b.refunded), r.explained,
		})
	}
	width := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], len(cell))
		}
	}
	var all strings.Builder
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			if i >= 3 && i <= 6 {
				fmt.Fprintf(&text, "%*s  ", width[i], cell)
			} else {
				fmt.Fprintf(&text, "%-*s  ", width[i], cell)
			}
		}
		t.Attr("table", strings.TrimSpace(text.String()))
		all.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	return all.String()
}
