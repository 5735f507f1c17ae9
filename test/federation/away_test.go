//go:build federation

package federation

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/identity"
	"nelke/internal/testbed"
	"nelke/server"
	"nelke/test/suite"
)

// mixed asks for what only the database has, for what Nelke remembers, and for what the neighbour has.
const mixed = `query($id: ID!) {
	application(id: $id) { status }
	publicService(by: {slug: {municipality: "blomberg", service: "reisepass"}}) { slug municipality { area } }
	region(key: "` + district + `") { name municipalities { area name } }
}`

// TestFailures takes away what the subgraphs stand on, and then them.
func TestFailures(t *testing.T) {
	t.Parallel()
	database := testbed.OwnPostgres(t)
	// A lock is waited for longer than Nelke has for an answer.
	r := newRegion(t, suite.SQLite(), func(c *server.Config) { c.DatabaseURL = database.URL() + "&lock_timeout=30s" })
	erika := r.nelke.Case()
	vars := suite.Vars{"id": erika.Draft(r.nelke.Filing("meldebescheinigung"))}
	both := []gateway{r.apollo(t, r.compose(t, "apollo")), r.hive(t, r.compose(t, "guild"), "hive.config.js")}
	// each asks through both at once, and checks the answers one after the other.
	each := func(row, query string, expect func(t *testing.T, a *suite.Answer)) {
		answers, errs := make([]*suite.Answer, len(both)), make([]error, len(both))
		var all sync.WaitGroup
		for i, g := range both {
			all.Go(func() { answers[i], errs[i] = erika.At(g.Process).Try(query, vars) })
		}
		all.Wait()
		for i, g := range both {
			gateways.check(t, g.name, row, func(t *testing.T) {
				require.NoError(t, errs[i])
				expect(t, answers[i])
			})
		}
	}
	whole := func(t *testing.T, a *suite.Answer) {
		require.False(t, a.Get("errors").Exists(), a.Raw)
		require.Equal(t, "DRAFT", a.Get("data.application.status").String(), a.Raw)
	}
	// failed wants a code, and all but the application.
	failed := func(code string) func(t *testing.T, a *suite.Answer) {
		return func(t *testing.T, a *suite.Answer) {
			require.Equal(t, code, a.ErrorCode(), a.Raw)
			require.Len(t, a.Get("errors").Array(), 1, a.Raw)
			require.JSONEq(t, `["application"]`, a.Get("errors.0.path").Raw, a.Raw)
			require.JSONEq(t, `{"application": null, "publicService": {"slug": "reisepass", "municipality": {"area": 99.1}},
				"region": {"name": "Kreis Lippe", "municipalities": [{"area": 99.1, "name": "Blomberg"}]}}`, a.Get("data").Raw)
		}
	}

	t.Run("whole", func(t *testing.T) {
		for _, g := range both {
			whole(t, erika.At(g.Process).For(t).Do(mixed, vars))
		}
	})

	lock, err := suite.OpenDatabase(t, r.nelke.Config).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = lock.Exec(`LOCK TABLE applications IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	each("a table that is locked is UNAVAILABLE, and leaves its siblings", mixed, failed("UNAVAILABLE"))
	require.NoError(t, lock.Rollback())

	database.Kill()
	each("Nelke's database away is UNAVAILABLE, and leaves its siblings", mixed, failed("UNAVAILABLE"))
	each("an answer of 503 says so, too, and leaves the neighbour's", `query($id: ID!) { application(id: $id) { status } region(key: "`+district+`") { name } }`,
		func(t *testing.T, a *suite.Answer) {
			require.Equal(t, "UNAVAILABLE", a.ErrorCode(), a.Raw)
			require.JSONEq(t, `{"application": null, "region": {"name": "Kreis Lippe"}}`, a.Get("data").Raw)
		})
	database.Restart()
	each("it is back as soon as the database is", mixed, whole)

	r.directory.Kill()
	each("the neighbour away leaves what is Nelke's", `query($id: ID!) { application(id: $id) { status service { municipality { name area } } } regions { name } }`,
		func(t *testing.T, a *suite.Answer) {
			require.NotEmpty(t, a.Get("errors").Array(), a.Raw)
			require.Equal(t, "DRAFT", a.Get("data.application.status").String(), a.Raw)
			require.Equal(t, "Blomberg", a.Get("data.application.service.municipality.name").String(), a.Raw)
			require.Equal(t, gjson.Null, a.Get("data.application.service.municipality.area").Type, a.Raw)
		})
}

// TestNelkeAway ends Nelke itself.
func TestNelkeAway(t *testing.T) {
	t.Parallel()
	r := newRegion(t, suite.SQLite())
	both := []gateway{r.apollo(t, r.compose(t, "apollo")), r.hive(t, r.compose(t, "guild"), "hive.config.js")}
	require.NoError(t, r.nelke.Stop())
	for _, g := range both {
		gateways.check(t, g.name, "Nelke away leaves what is the neighbour's", func(t *testing.T) {
			a := g.Anonymous().For(t).Do(`{ publicServices { totalCount } viewer { kind } region(key: "`+district+`") { name } }`, nil)
			require.NotEmpty(t, a.Get("errors").Array(), a.Raw)
			require.JSONEq(t, `{"publicServices": null, "viewer": null, "region": {"name": "Kreis Lippe"}}`, a.Get("data").Raw)
		})
		gateways.check(t, g.name, "what can't be sent to Nelke isn't in the gateway's log: keys of cases, what people type", func(t *testing.T) {
			key := identity.NewCaseKey()
			require.True(t, open(t, g, key, "").Get("errors").Exists())
			require.NotContains(t, g.program.Log(), key)
		})
	}
}
