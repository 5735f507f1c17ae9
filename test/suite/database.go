package suite

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"nelke/internal/store"
	"nelke/server"
)

// OpenDatabase opens the database of a configuration beside whoever serves it, to look and not to write. It is closed
// with the test.
func OpenDatabase(t testing.TB, cfg server.Config) *sql.DB {
	t.Helper()
	driver, name := "pgx", cfg.DatabaseURL
	if name == "" {
		path, err := filepath.Abs(filepath.Join(cfg.Data, "nelke.db"))
		require.NoError(t, err)
		driver, name = "sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: "_busy_timeout=10000&_query_only=1"}).String()
	}
	db, err := sql.Open(driver, name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// OpenWriter is OpenDatabase to write: what has to go wrong is set up there.
func OpenWriter(t testing.TB, cfg server.Config) *sql.DB {
	t.Helper()
	if cfg.DatabaseURL != "" {
		return OpenDatabase(t, cfg)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(cfg.Data, "nelke.db")+"?_busy_timeout=10000")
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Database is OpenDatabase for a process.
func (p *Process) Database() *sql.DB {
	p.t.Helper()
	return OpenDatabase(p.t, p.Config)
}

// Tables are the names of all tables, sorted, but not those in which the job queue and the migrations keep their own.
func Tables(t testing.TB, db *sql.DB) []string {
	t.Helper()
	rows, err := db.Query(`SELECT name FROM sqlite_master WHERE type = 'table'`)
	if err != nil {
		rows, err = db.Query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
	}
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	var names []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		if !strings.HasPrefix(name, "river_") && !strings.HasPrefix(name, "goose_") && !strings.HasPrefix(name, "sqlite_") {
			names = append(names, name)
		}
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, names)
	slices.Sort(names)
	return names
}

// Dump is every row of the tables as text, sorted, so that two dumps are equal exactly where the contents are. It leaves out
// payments.swept_at, which the sweep sets whenever it has looked at a payment and which is no part of the payment's state.
func Dump(t testing.TB, db *sql.DB, tables ...string) string {
	t.Helper()
	return dump(t, db, time.Time{}, tables)
}

// Effects is Dump without the idempotency rows that are older than a week: jobs delete these at any time after the clock was moved.
func Effects(t testing.TB, db *sql.DB, clock *Clock, tables ...string) string {
	t.Helper()
	return dump(t, db, clock.Now().AddDate(0, 0, -7), tables)
}

// dump leaves out idempotency rows of before since.
func dump(t testing.TB, db *sql.DB, since time.Time, tables []string) string {
	t.Helper()
	var all strings.Builder
	for _, table := range tables {
		rows, err := db.Query(`SELECT * FROM "` + table + `"`)
		require.NoError(t, err)
		columns, err := rows.Columns()
		require.NoError(t, err)
		var lines []string
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			require.NoError(t, rows.Scan(into...))
			if table == "idempotencies" {
				var at store.Instant
				require.NoError(t, at.Scan(values[slices.Index(columns, "at")]))
				if at.Time.Before(since) {
					continue
				}
			}
			for i, v := range values {
				if b, ok := v.([]byte); ok {
					values[i] = string(b)
				}
				if columns[i] == "swept_at" {
					values[i] = nil
				}
			}
			lines = append(lines, fmt.Sprintf("%q", values))
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close()) //nolint:sqlclosecheck // in a loop, before the next table
		slices.Sort(lines)
		fmt.Fprintf(&all, "%s %v\n%s\n", table, columns, strings.Join(lines, "\n"))
	}
	return all.String()
}
