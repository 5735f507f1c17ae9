package rollout

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"nelke/ent/migrations"
	"nelke/internal/testbed"
)

// A migration runs while the landed build serves, so it only adds. What is no longer read is dropped by a later one, once no
// build that is in use reads it. Migrations up to lastVersion are history.

// contracts are the statements after which an older build's own don't work any more.
var contracts = regexp.MustCompile(`(?i)\bDROP\s+(TABLE|COLUMN|VIEW|TYPE|SCHEMA)\b|\bRENAME\b|\bALTER\s+COLUMN\b.*\b(TYPE|SET\s+NOT\s+NULL|DROP\s+DEFAULT)\b|\bTRUNCATE\b`)

func TestMigrationsOnlyAdd(t *testing.T) {
	t.Parallel()
	for _, name := range []string{dialect.Postgres, dialect.SQLite} {
		files, err := migrations.FS(name)
		require.NoError(t, err)
		paths, err := fs.Glob(files, "*.sql")
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(paths), lastVersion)
		for _, path := range paths {
			version, err := strconv.Atoi(path[:5])
			require.NoError(t, err)
			text, err := fs.ReadFile(files, path)
			require.NoError(t, err)
			for n, line := range upLines(string(text)) {
				if version > lastVersion {
					require.NotRegexp(t, contracts, line, "%s/%s: statement %d takes something away that the landed build may read", name, path, n+1)
				}
			}
		}
	}
	for _, statement := range []string{
		`ALTER TABLE "a" DROP COLUMN "b";`, `DROP TABLE "a";`, `ALTER TABLE "a" RENAME TO "b";`, `ALTER TABLE "a" RENAME COLUMN "b" TO "c";`,
		`ALTER TABLE "a" ALTER COLUMN "b" TYPE text;`, `ALTER TABLE "a" ALTER COLUMN "b" SET NOT NULL;`,
	} {
		require.Regexp(t, contracts, statement)
	}
}

// upLines are the lines of the part that goes up, without comments.
func upLines(text string) (lines []string) {
	up, _, _ := strings.Cut(text, "-- +goose Down")
	for line := range strings.Lines(up) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestWhatTheLandedBuildReadsAndWritesIsStillThere(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *sql.DB{
		dialect.Postgres: func(t *testing.T) *sql.DB { return opened(t, "pgx", testbed.Postgres(t)) },
		dialect.SQLite:   func(t *testing.T) *sql.DB { return opened(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "empty.db")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			files, err := migrations.FS(name)
			require.NoError(t, err)
			kind := map[string]goose.Dialect{dialect.Postgres: goose.DialectPostgres, dialect.SQLite: goose.DialectSQLite3}[name]
			provider, err := goose.NewProvider(kind, db, files, goose.WithDisableGlobalRegistry(true))
			require.NoError(t, err)
			_, err = provider.UpTo(t.Context(), lastVersion)
			require.NoError(t, err)
			before := columnsOf(t, name, db)
			require.Contains(t, before, "appointments")
			_, err = provider.Up(t.Context())
			require.NoError(t, err)
			after := columnsOf(t, name, db)
			for table, columns := range before {
				for column, was := range columns {
					is, there := after[table][column]
					require.True(t, there, "%s.%s is gone", table, column)
					require.Equal(t, was.kind, is.kind, "%s.%s has another type", table, column)
					require.False(t, is.needed && !was.needed, "%s.%s takes NULL no more, or lost its default", table, column)
				}
				for column, is := range after[table] {
					if _, known := columns[column]; !known {
						require.False(t, is.needed, "%s.%s has neither NULL nor a default, so that the landed build can't insert rows", table, column)
					}
				}
			}
		})
	}
}

// column is a column as an INSERT sees it: needed where a statement that doesn't name it fails.
type column struct {
	kind   string
	needed bool
}

func columnsOf(t *testing.T, name string, db *sql.DB) map[string]map[string]column {
	t.Helper()
	query := `SELECT table_name, column_name, data_type, is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' FROM information_schema.columns WHERE table_schema = 'public'`
	if name == dialect.SQLite {
		query = `SELECT m.name, c.name, lower(c.type), c."notnull" = 1 AND c.dflt_value IS NULL AND NOT (c.pk = 1 AND lower(c.type) = 'integer') FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`
	}
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer rows.Close()
	all := map[string]map[string]column{}
	for rows.Next() {
		var table, name string
		var c column
		require.NoError(t, rows.Scan(&table, &name, &c.kind, &c.needed))
		if all[table] == nil {
			all[table] = map[string]column{}
		}
		all[table][name] = c
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, all)
	return all
}

func opened(t *testing.T, driver, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}
