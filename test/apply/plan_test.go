package apply_test

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/job"
	"nelke/server"
	"nelke/test/bench/backlog"
	"nelke/test/bench/tap"
	"nelke/test/suite"
)

// archive is a service with a backlog in which a scan of the table would be the worst that can be done, and whose
// statements are heard on their way to PostgreSQL.
type archive struct {
	*suite.Process
	heard   *tap.Tap
	direct  *pgx.Conn // past the tap
	clerk   *suite.Client
	service string
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	h := &archive{}
	database := ""
	h.Process = suite.Serve(t, suite.Postgres(t), func(c *server.Config) {
		var err error
		database = c.DatabaseURL
		h.heard, c.DatabaseURL, err = tap.New(t.Context(), database)
		require.NoError(t, err)
		t.Cleanup(h.heard.Close)
	})
	var err error
	h.direct, err = pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.direct.Close(context.WithoutCancel(t.Context()))) })
	// What looks for applications when a server starts has looked before anything is listened to. It does again in ten minutes.
	require.Eventually(t, func() bool {
		var done int
		err := h.direct.QueryRow(t.Context(), `SELECT count(*) FROM river_job WHERE kind IN ($1, $2) AND state = 'completed'`,
			job.KindTendDrafts, job.KindSettlePayments).Scan(&done)
		require.NoError(t, err)
		return done == 2
	}, time.Minute, 20*time.Millisecond)
	h.clerk, h.service = h.Clerk(), h.Filing("abmeldung-ins-ausland").Service
	issuer := h.Config.PublicURL + "/demo/oidc|"
	require.NoError(t, backlog.Backlog{
		Town: "blomberg", Service: "abmeldung-ins-ausland", Clerks: []string{issuer + "erna", issuer + "karl", issuer + "rosa"},
		Total: 10_000, Open: 800, Now: h.Clock.Now(),
	}.Fill(t.Context(), h.direct))
	return h
}

// page asks for the page that a filter means, and gives the statements about applications that this took.
func (h *archive) page(t *testing.T, f backlog.Filter) (about []tap.Statement) {
	t.Helper()
	ask := func(after string) gjson.Result {
		a, err := h.clerk.Post(f.Request(backlog.Query, backlog.Page, after))
		require.NoError(t, err)
		page := a.OK("workQueue")
		require.Len(t, page.Get("nodes").Array(), backlog.Page)
		return page
	}
	after := ""
	if f.Second {
		after = ask("").Get("pageInfo.endCursor").String()
	}
	h.heard.Take()
	ask(after)
	for _, s := range h.heard.Take() {
		if !s.Housekeeping() && strings.Contains(s.SQL, "applications") {
			about = append(about, s)
		}
	}
	require.Len(t, about, 2, "the page, and its applications")
	return about
}

// What is explained here is what was sent: nobody has to keep a copy of it up to date.
func TestAPageOfTheQueueReadsNoMoreThanItShows(t *testing.T) {
	t.Parallel()
	h := newArchive(t)
	filters := backlog.Filters("blomberg", h.service)
	pages := make([][]tap.Statement, len(filters))
	for i, f := range filters {
		pages[i] = h.page(t, f)
	}

	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		for i, f := range filters {
			for _, s := range pages[i] {
				// PostgreSQL plans a prepared statement for its values at first, and for any values once that seems
				// no dearer. Both plans have to be good.
				for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
					plan := h.explain(t, s, mode)
					what := fmt.Sprintf("%s, %s:\n%s\n%s", f.Name, mode, s.SQL, plan.Raw)
					scans := scansOf(plan, "applications")
					require.NotEmpty(t, scans, what)
					for _, scan := range scans {
						require.NotContains(t, scan.Get("Node Type").String(), "Seq Scan", what)
						// One more than a page, to know whether there is another one.
						require.LessOrEqual(t, rowsRead(scan), backlog.Page+1, what)
					}
				}
			}
		}
	})

	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		db := suite.Serve(t, suite.SQLite()).Database()
		for i, f := range filters {
			// The portal puts the first statement together without a look at which database it is for.
			plan := queryPlan(t, db, pages[i][0])
			what := f.Name + ":\n" + pages[i][0].SQL
			reads := 0
			for id, step := range plan {
				require.False(t, strings.HasPrefix(step.detail, "SCAN applications"), what)
				if !strings.HasPrefix(step.detail, "CO-ROUTINE") {
					continue
				}
				// A state by itself: nothing is sorted, so that the limit ends it.
				below := []string{}
				for _, other := range plan {
					if other.parent == id {
						below = append(below, other.detail)
					}
				}
				require.Len(t, below, 1, what)
				require.Regexp(t, `^SEARCH applications USING INDEX application_municipality_id_\w*status_deadline_id \(municipality_id=\? .*AND status=\?`, below[0], what)
				reads++
			}
			require.Positive(t, reads, what)
		}
	})
}

// explain runs a statement with its own values, and gives its plan.
func (h *archive) explain(t *testing.T, s tap.Statement, mode string) gjson.Result {
	t.Helper()
	_, err := h.direct.Exec(t.Context(), "SET plan_cache_mode = "+mode)
	require.NoError(t, err)
	prepared, err := h.direct.PgConn().Prepare(t.Context(), "asked", s.SQL, nil)
	require.NoError(t, err)
	values := make([]string, len(s.Params))
	for i, raw := range s.Params {
		values[i] = literal(t, h.direct.TypeMap(), prepared.ParamOIDs[i], s.Format(i), raw)
	}
	results, err := h.direct.PgConn().Exec(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked("+strings.Join(values, ", ")+")").ReadAll()
	require.NoError(t, err)
	require.NoError(t, h.direct.PgConn().Deallocate(t.Context(), "asked"))
	return gjson.ParseBytes(results[0].Rows[0][0]).Get("0.Plan")
}

// literal is a parameter as it stands in SQL.
func literal(t *testing.T, types *pgtype.Map, oid uint32, format int16, raw []byte) string {
	t.Helper()
	known, ok := types.TypeForOID(oid)
	require.True(t, ok, "type %d", oid)
	value, err := known.Codec.DecodeDatabaseSQLValue(types, oid, format, raw)
	require.NoError(t, err)
	if _, binary := value.([]byte); binary {
		value, err = known.Codec.DecodeValue(types, oid, format, raw)
		require.NoError(t, err)
	}
	switch v := value.(type) {
	case []any:
		words := make([]string, len(v))
		for i, word := range v {
			words[i] = fmt.Sprintf("'%s'", word) // states, which have no quotes
		}
		return "ARRAY[" + strings.Join(words, ", ") + "]"
	case nil:
		return "NULL"
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case time.Time:
		return "'" + v.Format(time.RFC3339Nano) + "'"
	default:
		require.Failf(t, "no literal", "%T", value)
		return ""
	}
}

// scansOf are the nodes of a plan that read a table.
func scansOf(plan gjson.Result, table string) (scans []gjson.Result) {
	if plan.Get("Relation Name").String() == table {
		scans = append(scans, plan)
	}
	for _, below := range plan.Get("Plans").Array() {
		scans = append(scans, scansOf(below, table)...)
	}
	return scans
}

// rowsRead is how many rows a node has looked at, whether or not it gave them on.
func rowsRead(scan gjson.Result) int {
	rows := 0.0
	for _, name := range []string{"Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"} {
		rows += scan.Get(name).Float()
	}
	return int(rows * scan.Get("Actual Loops").Float())
}

// planStep is a line of SQLite's EXPLAIN QUERY PLAN.
type planStep struct {
	parent int
	detail string
}

// queryPlan is SQLite's plan of a statement, by the numbers of its lines. It depends on the schema alone: nobody runs
// ANALYZE on SQLite.
func queryPlan(t *testing.T, db *sql.DB, s tap.Statement) map[int]planStep {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+s.SQL, make([]any, len(s.Params))...)
	require.NoError(t, err)
	defer rows.Close()
	plan := map[int]planStep{}
	for rows.Next() {
		var id, unused int
		var step planStep
		require.NoError(t, rows.Scan(&id, &step.parent, &unused, &step.detail))
		plan[id] = step
	}
	require.NoError(t, rows.Err())
	return plan
}
