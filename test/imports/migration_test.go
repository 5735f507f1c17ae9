package imports_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"nelke/ent/migrations"
	"nelke/internal/testbed"
	"nelke/server"
	"nelke/test/suite"
)

// second is the version of the database before applications and payments came.
const second = 2

// A database of version 2, in use, becomes one of the newest version without a row lost or changed, and is served.
func TestADatabaseOfVersion2IsTakenOver(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := newPlace(t, b)
		appointments := inUse(t, b, p)
		database := suite.OpenWriter(t, p.cfg)
		old := versions(t, b, database)
		_, err := old.DownTo(t.Context(), second)
		require.NoError(t, err)
		require.Equal(t, shape(t, empty(t, b)), shape(t, database), "what became of the newest by going back is version 2")
		p.exec(t, `UPDATE municipalities SET import_hash = 'of a program that knew less of the file'`)

		columns := columnsOf(t, p.db)
		require.NotContains(t, columns, "applications")
		// What answers do to a fee has moved from the service to its forms.
		columns["public_services"] = slices.DeleteFunc(columns["public_services"], func(name string) bool { return name == "fee_rules" })
		rules := lines(t, p.db, `SELECT s.slug || coalesce(CAST(s.fee_rules AS text), '') FROM public_services s JOIN forms f ON f.service_id = s.id ORDER BY s.slug`)
		require.Contains(t, strings.Join(rules, "\n"), "/copies")
		before := rows(t, p.db, columns)
		for _, table := range []string{"allocation", "appointments", "cases", "closures", "counters", "events", "fees", "forms", "offices", "opening_rules", "payment_options", "privacy_notices", "public_services"} {
			require.Contains(t, before, "\n"+table+": 1 ", "%s holds rows", table)
		}
		keys := foreignKeys(t, p.db)

		pending, err := server.Migrate(t.Context(), p.cfg, true)
		require.NoError(t, err)
		require.Positive(t, pending)
		_, err = server.Migrate(t.Context(), p.cfg, false)
		require.NoError(t, err)
		require.Equal(t, before, rows(t, p.db, columns), "no row is lost or changed")
		require.Equal(t, rules, lines(t, p.db, `SELECT s.slug || coalesce(CAST(f.fee_rules AS text), '') FROM public_services s JOIN forms f ON f.service_id = s.id ORDER BY s.slug`))
		require.Subset(t, foreignKeys(t, p.db), keys)
		intact(t, b, p.db)
		for query, want := range map[string]int{
			`SELECT count(*) FROM municipalities WHERE processing_days = 14 AND payment_minutes = 30 AND grace_minutes = 1440 AND NOT methods_set`: 1,
			`SELECT count(*) FROM public_services WHERE processing_days IS NOT NULL`:                                                               0,
			`SELECT count(*) FROM opening_rules WHERE source <> ''`:                                                                                0,
			`SELECT count(*) FROM closures WHERE source <> ''`:                                                                                     0,
			`SELECT count(*) FROM applications`:                                                                                                    0, `SELECT count(*) FROM payments`: 0,
		} {
			n := -1
			require.NoError(t, p.db.QueryRow(query).Scan(&n))
			require.Equal(t, want, n, query)
		}

		p.exec(t, `INSERT INTO demo_marks (name, at) VALUES ('demo', CURRENT_TIMESTAMP)`) // or no demo would serve it
		require.True(t, suite.NewTown(t).Import(p.cfg), "the same file says more now")
		n := 0
		require.NoError(t, p.db.QueryRow(`SELECT processing_days FROM public_services WHERE slug = 'meldebescheinigung'`).Scan(&n))
		require.Equal(t, 5, n)
		process := suite.Serve(t, b, suite.In(p.cfg.Data))
		clerk := process.Clerk()
		for id, status := range appointments {
			shown := clerk.Do(`query($id: ID!) { appointment(id: $id) { status person { familyName } case { id } } }`, suite.Vars{"id": id}).OK("appointment")
			require.Equal(t, status, shown.Get("status").String())
			require.NotEmpty(t, shown.Get("case.id").String())
		}
		_, faults, err := server.Audit(t.Context(), p.cfg)
		require.NoError(t, err)
		require.Empty(t, faults)
	})
}

// inUse fills the place with a day's work, and gives the appointments with their states.
func inUse(t *testing.T, b *suite.Backend, p place) map[string]string {
	t.Helper()
	process := suite.Serve(t, b, suite.In(p.cfg.Data))
	place, holder, clerk := process.Place(), process.Case(), process.Clerk()
	appointments := map[string]string{}
	at := func(clock string) string { return "2026-11-24T" + clock + ":00+01:00" }
	booked := holder.Booked(place, at("09:00")).Get("id").String()
	moved := holder.Booked(place, at("09:30")).Get("id").String()
	holder.Reschedule(moved, at("10:30"), suite.Key()).OK("rescheduleAppointment.appointment.id")
	canceled := holder.Booked(place, at("10:00")).Get("id").String()
	holder.On("cancelAppointment", canceled, suite.Key()).OK("cancelAppointment.appointment.id")
	here := holder.Booked(place, "2026-11-23T11:00:00+01:00").Get("id").String()
	clerk.On("checkIn", here, suite.Key()).OK("checkIn.appointment.id")
	held := process.Case().Hold(place, at("11:30"), suite.Key()).OK("holdSlot.appointment.id").String()
	appointments[booked], appointments[moved], appointments[canceled] = "BOOKED", "BOOKED", "CANCELED"
	appointments[here], appointments[held] = "CHECKED_IN", "HELD"

	admin := process.Staff("anna", "ADMIN@"+suite.ARS)
	admin.Do(`mutation($in: SetFeeInput!) { setFee(input: $in) { problems { code } } }`, suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "service": place.Service, "cents": 5000, "legalBasis": suite.Vars{"de": "Satzung", "en": "By-law"}, "validFrom": "2026-12-01",
	}}).OK("setFee.problems")
	require.NoError(t, process.Stop())
	return appointments
}

func versions(t *testing.T, b *suite.Backend, db *sql.DB) *goose.Provider {
	t.Helper()
	name, files := goose.DialectSQLite3, migrationsOf(t, dialect.SQLite)
	if b.Name == "postgres" {
		name, files = goose.DialectPostgres, migrationsOf(t, dialect.Postgres)
	}
	provider, err := goose.NewProvider(name, db, files, goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	return provider
}

func migrationsOf(t *testing.T, name string) fs.FS {
	t.Helper()
	files, err := migrations.FS(name)
	require.NoError(t, err)
	return files
}

// empty is a database that never had another version than 2, without the job queue's tables.
func empty(t *testing.T, b *suite.Backend) *sql.DB {
	t.Helper()
	driver, name := "sqlite", "file:"+filepath.Join(t.TempDir(), "empty.db")
	if b.Name == "postgres" {
		driver, name = "pgx", testbed.Postgres(t)
	}
	db, err := sql.Open(driver, name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	_, err = versions(t, b, db).UpTo(t.Context(), second)
	require.NoError(t, err)
	return db
}

// shape is every table, index and constraint of ours, as the database describes it, whichever order columns are in.
func shape(t *testing.T, db *sql.DB) string {
	t.Helper()
	list := lines(t, db, `SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_master WHERE tbl_name NOT LIKE 'river%' AND tbl_name NOT LIKE 'goose%' AND tbl_name NOT LIKE 'sqlite%'`)
	for i, line := range list {
		parts := strings.Split(strings.TrimSuffix(line, ")"), ", ")
		slices.Sort(parts[1:])
		list[i] = strings.Join(parts, ", ")
	}
	if list == nil {
		for _, query := range []string{
			`SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') FROM information_schema.columns
				WHERE table_schema = 'public' AND table_name NOT LIKE 'river%' AND table_name NOT LIKE 'goose%'`,
			`SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'river%' AND tablename NOT LIKE 'goose%'`,
			`SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
				WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE 'river%' AND conrelid::regclass::text NOT LIKE 'goose%'`,
		} {
			list = append(list, lines(t, db, query)...)
		}
	}
	require.NotEmpty(t, list)
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// lines are the rows of a query of one text; nil where the database doesn't know what is asked for.
func lines(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	found, err := db.Query(query)
	if err != nil {
		return nil
	}
	defer func() { _ = found.Close() }()
	list := []string{}
	for found.Next() {
		var line string
		require.NoError(t, found.Scan(&line))
		list = append(list, strings.Join(strings.Fields(line), " "))
	}
	require.NoError(t, found.Err())
	return list
}

// columnsOf are the columns of every table, those of the job queue too.
func columnsOf(t *testing.T, db *sql.DB) map[string][]string {
	t.Helper()
	columns := map[string][]string{}
	tables := append(suite.Tables(t, db), "river_job", "river_queue")
	for _, table := range tables {
		found, err := db.Query(`SELECT * FROM "` + table + `" WHERE 1 = 0`)
		require.NoError(t, err)
		columns[table], err = found.Columns()
		require.NoError(t, err)
		require.NoError(t, found.Err())
		require.NoError(t, found.Close()) //nolint:sqlclosecheck // in a loop, before the next table
	}
	return columns
}

// rows is every row of these columns as text, with how many there are: "table: 1 and more".
func rows(t *testing.T, db *sql.DB, columns map[string][]string) string {
	t.Helper()
	var all []string
	for table, names := range columns {
		found, err := db.Query(`SELECT "` + strings.Join(names, `", "`) + `" FROM "` + table + `"`)
		require.NoError(t, err)
		var list []string
		for found.Next() {
			values, into := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			require.NoError(t, found.Scan(into...))
			list = append(list, fmt.Sprintf("%q", values))
		}
		require.NoError(t, found.Err())
		require.NoError(t, found.Close()) //nolint:sqlclosecheck // in a loop, before the next table
		slices.Sort(list)
		for i, row := range list {
			all = append(all, fmt.Sprintf("%s: %d %s", table, i+1, row))
		}
	}
	slices.Sort(all)
	return "\n" + strings.Join(all, "\n") + "\n"
}

// foreignKeys are all references between tables.
func foreignKeys(t *testing.T, db *sql.DB) []string {
	t.Helper()
	list := lines(t, db, `SELECT m.name || '.' || f."from" || ' to ' || f."table" || '.' || f."to" FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`)
	if list == nil {
		list = lines(t, db, `SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND convalidated`)
	}
	require.NotEmpty(t, list)
	return list
}

// intact says that no row points to what isn't there.
func intact(t *testing.T, b *suite.Backend, db *sql.DB) {
	t.Helper()
	if b.Name == "sqlite" {
		require.Empty(t, lines(t, db, `SELECT "table" || ' ' || coalesce(rowid, 0) FROM pragma_foreign_key_check`))
		require.Equal(t, []string{"ok"}, lines(t, db, `SELECT integrity_check FROM pragma_integrity_check`))
		return
	}
	// PostgreSQL checks its references itself, unless one was added without looking.
	require.Empty(t, lines(t, db, `SELECT conname::text FROM pg_constraint WHERE NOT convalidated`))
}
