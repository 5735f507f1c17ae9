package portal

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/stretchr/testify/require"

	"nelke/ent"
	"nelke/internal/catalogue"
	"nelke/internal/schedule"
	"nelke/internal/store"
	"nelke/internal/testbed"
)

// Every search reads an index, whatever there is besides. NELKE_PROOFS=long looks in a million appointments, and says how
// long each took.
func TestEverySearchReadsAnIndex(t *testing.T) {
	t.Parallel()
	rows := 20_000
	if os.Getenv("NELKE_PROOFS") == "long" {
		rows = 1_000_000
	}
	for name, url := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" }, "postgres": func(t *testing.T) string { t.Helper(); return testbed.Postgres(t) }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), store.Config{DatabaseURL: url(t), DataDir: t.TempDir()})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			require.NoError(t, s.Migrate(t.Context()))
			crowd(t, s, rows)
			town := &catalogue.Town{Municipality: &ent.Municipality{ID: "m"}, Offices: []*catalogue.Office{{Office: &ent.Office{ID: "o"}}, {Office: &ent.Office{ID: "o2"}}}}
			day := schedule.Date{Year: 2026, Month: 11, Day: 24}
			for what, l := range map[string]lookup{
				"reference":            {reference: "BLO-7"},
				"reference and name":   {reference: "BLO-7", words: []string{"muller"}},
				"day":                  {day: &day},
				"day and name":         {day: &day, words: []string{"muller"}},
				"day, a page later":    {day: &day, after: "appointment_1"},
				"name":                 {words: []string{"muller"}},
				"two names":            {words: []string{"muller", "erika"}},
				"two names that clash": {words: []string{"muller", "nobody"}},
				"name, a page later":   {words: []string{"muller"}, after: "appointment_1"},
			} {
				for _, kind := range []string{namedAppointment, namedApplication} {
					l := l
					l.town, l.kind, l.first = town, kind, 20
					if kind == namedApplication && l.reference != "" {
						continue // there are none here, and a table without rows is read whole
					}
					if kind == namedApplication && l.day != nil {
						l.words = append([]string{"2026-11-24"}, l.words...)
					}
					a := s.Args()
					statement := l.statement(a)
					plan := explain(t, s, statement, a)
					require.NotContains(t, plan, "Seq Scan", "%s of %s: %s", what, kind, plan)
					require.NotRegexp(t, `SCAN (t|w|n)\b`, plan, "%s of %s", what, kind)
					start, id := time.Now(), ""
					require.NoError(t, s.Each(t.Context(), statement, a.List(), []any{&id}, func() {}))
					t.Logf("%s of %s: %s", what, kind, time.Since(start).Round(10*time.Microsecond))
				}
			}
		})
	}
}

// crowd makes so many appointments of one case: one in twenty is a Müller's, every second one an Erika's.
func crowd(t *testing.T, s *store.Store, n int) {
	t.Helper()
	series := fmt.Sprintf(`(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) SELECT i FROM c) AS s`, n)
	at, later := "1795000000000000 + i", "1795000900000000 + i"
	if s.Dialect == dialect.Postgres {
		series = fmt.Sprintf(`generate_series(1, %d) AS s(i)`, n)
		at, later = "now()", "now() + interval '15 minutes'"
	}
	const id = `'appointment_' || (1000000000 + i)`
	for _, statement := range []string{
		`INSERT INTO municipalities (id, slug, ars, ags, name, time_zone) VALUES ('m', 'blomberg', '1', '1', 'Blomberg', 'Europe/Berlin')`,
		`INSERT INTO cases (id, municipality_id, opened_at) VALUES ('c', 'm', ` + strings.ReplaceAll(at, "+ i", "") + `)`,
		`INSERT INTO appointments (id, case_id, municipality_id, office_id, counter_id, counter_number, reference, concerns, starts_at, ends_at, day, status,
			channel, given_name, family_name, created_at, booked_at)
			SELECT ` + id + `, 'c', 'm', 'o', 'k', 1, 'BLO-' || i, '[]', ` + at + `, ` + later + `, CASE WHEN i % 500 = 0 THEN '2026-11-24' ELSE '2026-11-' || (10 + i % 14) END,
			'BOOKED', 'ONLINE', 'Erika', 'Müller', ` + at + `, ` + at + ` FROM ` + series,
		`INSERT INTO name_words SELECT 'm', 'appointment', CASE WHEN i % 20 = 0 THEN 'muller' ELSE 'x' || i END, ` + id + ` FROM ` + series,
		`INSERT INTO name_words SELECT 'm', 'appointment', CASE WHEN i % 2 = 0 THEN 'erika' ELSE 'y' || i END, ` + id + ` FROM ` + series,
		`ANALYZE`,
	} {
		_, err := s.WriteDB().ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
}

// explain is how the database reads what a statement asks for.
func explain(t *testing.T, s *store.Store, statement string, a *store.Args) string {
	t.Helper()
	how := "EXPLAIN QUERY PLAN "
	if s.Dialect == dialect.Postgres {
		how = "EXPLAIN "
	}
	rows, err := s.ReadDB().QueryContext(t.Context(), how+statement, a.List()...)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var plan strings.Builder
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, rows.Scan(into...))
		fmt.Fprintln(&plan, values[len(values)-1])
	}
	require.NoError(t, rows.Err())
	return plan.String()
}
