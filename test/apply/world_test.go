// Package apply_test holds the promises about applications, payments and the clerks' queue against the running service:
// GraphQL in, GraphQL out, on the embedded default and on PostgreSQL with Redis alike.
package apply_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// world is a service with people in it, and things to apply for.
type world struct {
	*suite.Process
	person     *suite.Client
	other      *suite.Client // another case holder
	clerk      *suite.Client
	colleague  *suite.Client // another clerk of the same town
	supervisor *suite.Client
	admin      *suite.Client
	foreign    *suite.Client // everything in another town
	free       suite.Filing  // Abmeldung ins Ausland: free, by post
	paid       suite.Filing  // Meldebescheinigung: a fee, by post
	deed       suite.Filing  // Sterbeurkunde: a fee for each copy, free for a pension
	database   *sql.DB
}

func newWorld(t *testing.T, b *suite.Backend, options ...suite.Option) *world {
	t.Helper()
	p := suite.Serve(t, b, options...)
	return &world{
		Process: p, person: p.Case(), other: p.Case(), clerk: p.Clerk(),
		colleague:  p.Staff("karl", "CLERK@"+suite.ARS),
		supervisor: p.Staff("susi", "SUPERVISOR@"+suite.ARS),
		admin:      p.Staff("anna", "ADMIN@"+suite.ARS),
		foreign:    p.Staff("fritz", "ADMIN@"+suite.OtherARS),
		free:       p.Filing("abmeldung-ins-ausland"), paid: p.Filing("meldebescheinigung"), deed: p.Filing("sterbeurkunde"),
		database: p.Database(),
	}
}

// effects is everything that a write could have left behind.
func (w *world) effects(t *testing.T) string {
	t.Helper()
	return suite.Effects(t, w.database, w.Clock, "applications", "cases", "events", "idempotencies", "information_requests", "payment_reports", "payments")
}

// unchanged runs something that must leave nothing behind.
func (w *world) unchanged(t *testing.T, run func()) {
	t.Helper()
	before := w.effects(t)
	run()
	require.Equal(t, before, w.effects(t), "it left something behind")
}

// refused says that an answer has one problem, at the path, and nothing else.
func refused(t *testing.T, a *suite.Answer, code, path string) {
	t.Helper()
	a.Clean()
	require.False(t, a.Get("errors").Exists(), a.Raw)
	require.Equal(t, code, a.Problem(), a.Raw)
	a.Get("data").ForEach(func(_, root gjson.Result) bool {
		for _, thing := range []string{"application", "payment"} {
			require.Equal(t, gjson.Null, root.Get(thing).Type, a.Raw)
		}
		require.Len(t, root.Get("problems").Array(), 1, a.Raw)
		require.NotEmpty(t, root.Get("problems.0.message").String())
		require.Equal(t, path, pathOf(root.Get("problems.0.path")), a.Raw)
		return true
	})
}

func pathOf(path gjson.Result) string {
	var parts []string
	for _, p := range path.Array() {
		parts = append(parts, p.String())
	}
	return strings.Join(parts, ".")
}

// texts are the strings of a list.
func texts(list gjson.Result) []string {
	all := []string{}
	for _, v := range list.Array() {
		all = append(all, v.String())
	}
	return all
}

// with is a copy of answers with other values, given as name, value, …; nil takes a name away.
func with(answers any, change ...any) map[string]any {
	out := map[string]any{}
	for k, v := range answers.(map[string]any) {
		out[k] = v
	}
	for i := 0; i+1 < len(change); i += 2 {
		name := change[i].(string)
		if change[i+1] == nil {
			delete(out, name)
		} else {
			out[name] = change[i+1]
		}
	}
	return out
}
