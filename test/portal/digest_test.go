package portal_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// cases makes that many cases of a town, each with two events in its head.
func (n *night) cases(t *testing.T, town, prefix string, count int) {
	t.Helper()
	n.many(t, count, `INSERT INTO cases (id, municipality_id, key_hash, language, event_count, event_head, opened_at)
		SELECT '`+prefix+`' || i, $1, '`+prefix+`hash ' || i, 'de', 2, 'head ' || i, $2 FROM numbers`, town, n.Clock.Now())
}

// heads is the digest of a town, computed from its rows.
func (n *night) heads(t *testing.T, town string) (digest string, streams, events int) {
	t.Helper()
	h := sha256.New()
	for _, query := range []string{
		`SELECT id, event_count, event_head FROM municipalities WHERE id = $1`, `SELECT id, event_count, event_head FROM cases WHERE municipality_id = $1 ORDER BY id`,
	} {
		rows, err := n.db.ReadDB().QueryContext(t.Context(), query, town)
		require.NoError(t, err)
		for rows.Next() {
			var id, head string
			var count int
			require.NoError(t, rows.Scan(&id, &count, &head))
			fmt.Fprintf(h, "%s %d %s\n", id, count, head)
			streams++
			events += count
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close()) //nolint:sqlclosecheck // in a loop, before the next table
	}
	return hex.EncodeToString(h.Sum(nil)), streams, events
}

const digestsOfTheDay = `SELECT count(*) FROM head_digests WHERE municipality_id = $1 AND digest = $2 AND streams = $3 AND events = $4`

func TestTheNightlyDigestReadsEveryHead(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		n := newNight(t, b)
		town := n.town(t)
		for _, there := range []int{100, 1000, 2500} { // less than a slice, a whole one, and some
			n.cases(t, town, fmt.Sprintf("case_%d_", there), there-n.count(t, `SELECT count(*) FROM cases`))
			require.NoError(t, n.portal.DigestHeads(t.Context()))
			digest, streams, events := n.heads(t, town)
			require.Equal(t, there+1, streams)
			require.Equal(t, 1, n.count(t, digestsOfTheDay, town, digest, streams, events))
			require.Zero(t, n.count(t, `SELECT count(*) FROM digest_runs`))
			n.Clock.Advance(24 * time.Hour)
		}
	})
}

// A digest that was interrupted goes on with the slice that it had come to, and comes to the same as one that wasn't.
func TestADigestThatIsInterruptedGoesOn(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		n := newNight(t, b)
		town := n.town(t)
		n.cases(t, town, "case_many", 5500)
		read := `SELECT coalesce(max(last), '') FROM digest_runs`
		var last string
		came := func() string {
			t.Helper()
			require.NoError(t, n.db.ReadDB().QueryRowContext(t.Context(), read).Scan(&last))
			return last
		}
		for _, third := range []bool{true, true, false} { // whether the run is interrupted when it writes its third slice
			before := came()
			ctx, interrupt := context.WithCancel(t.Context())
			writes := 0
			n.asked = func() { // once in each write
				if writes++; third && writes == 3 {
					interrupt()
				}
			}
			err := n.portal.DigestHeads(ctx)
			interrupt()
			if !third {
				require.NoError(t, err)
				require.Equal(t, 2, writes, "one slice, and the end: four of five slices were done before")
				continue
			}
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, 3, writes)
			require.Greater(t, came(), before, "it goes on")
			require.Zero(t, n.count(t, `SELECT count(*) FROM head_digests WHERE municipality_id = $1 AND streams > 5000`, town))
		}
		digest, streams, events := n.heads(t, town)
		require.Greater(t, streams, 5500)
		require.Equal(t, 1, n.count(t, digestsOfTheDay, town, digest, streams, events))
		require.Empty(t, came())
	})
}

// However many cases there are, a digest keeps no more of them in memory than a slice.
func TestADigestTakesTheMemoryOfASlice(t *testing.T) { //nolint:paralleltest // it measures the heap of the process
	for name, b := range map[string]*suite.Backend{"sqlite": suite.SQLite(), "postgres": suite.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			n := newNight(t, b)
			n.cases(t, n.town(t), "case_many", 30_000)
			var heaps []uint64
			n.asked = func() {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				heaps = append(heaps, m.HeapAlloc)
			}
			require.NoError(t, n.portal.DigestHeads(t.Context()))
			require.GreaterOrEqual(t, len(heaps), 30)
			early, late := heaps[5], heaps[len(heaps)-1]
			t.Log("heap after 5,000 cases", early, "and after 30,000", late)
			require.Less(t, late, early+2<<20, "all cases would take some 15 MB")
		})
	}
}
