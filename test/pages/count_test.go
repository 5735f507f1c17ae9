package pages_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/reader"
	"nelke/test/suite"
)

// TestViewsOfPagesAreCounted counts what was shown, kept pages too, and nothing that was sent elsewhere or failed.
func TestViewsOfPagesAreCounted(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, backend *suite.Backend) {
		p := suite.Serve(t, backend, func(c *server.Config) { c.Options.VisitsEvery = 10 * time.Millisecond })
		db := p.Database()
		b := reader.Open(t, p, "/").Visit("/").Visit("/en").Visit("/dienste/reisepass").Visit("/dienste/meldebescheinigung/antrag")
		b.Visit("/termin/reisepass").Shows("Für wie viele?")
		b.Visit("/nirgends").Visit("/vorgang").Visit("/datenschutz")
		want := map[string]int{"ALL": 8, "START": 3, "SERVICE": 1, "APPLY": 1, "BOOK": 1, "CASE": 1, "OTHER": 1}
		var got map[string]int
		require.Eventually(t, func() bool {
			got = map[string]int{}
			rows, err := db.Query(`SELECT page, sum(views) FROM visit_counts WHERE service_id = '' GROUP BY page`)
			require.NoError(t, err)
			defer rows.Close()
			for rows.Next() {
				var page string
				var n int
				require.NoError(t, rows.Scan(&page, &n))
				got[page] = n
			}
			require.NoError(t, rows.Err())
			return got["ALL"] >= want["ALL"]
		}, 20*time.Second, 20*time.Millisecond, "%v", got)
		require.Equal(t, want, got)
	})
}
