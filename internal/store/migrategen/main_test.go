package main

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"entgo.io/ent/dialect"
	"github.com/stretchr/testify/require"

	"nelke/internal/testbed"
)

func TestPlan(t *testing.T) { //nolint:paralleltest // ent keeps its tables in one variable, and planning writes to it
	for _, db := range []struct {
		folder, dialect string
		open            func(context.Context) (*sql.DB, func() error, error)
	}{
		{"sqlite", dialect.SQLite, scratchSQLite},
		{"postgres", dialect.Postgres, scratchPostgres},
	} {
		t.Run(db.folder+" is complete after one migration, beside the table written by hand", func(t *testing.T) {
			if db.dialect == dialect.Postgres && os.Getenv(testbed.DatabaseVariable) == "" {
				testbed.Missing(t, testbed.DatabaseVariable+" is unset")
			}
			byHand, err := os.ReadFile(filepath.Join("..", "..", "..", "ent", "migrations", db.folder, "00002_allocation.sql"))
			require.NoError(t, err)
			migrations := fstest.MapFS{"00002_allocation.sql": {Data: byHand}}

			scratch, drop, err := db.open(t.Context())
			require.NoError(t, err)
			defer func() { require.NoError(t, drop()) }()

			missing, err := plan(t.Context(), scratch, db.dialect, migrations, "init")
			require.NoError(t, err)
			require.Contains(t, missing, "-- create \"appointments\" table")
			require.NotContains(t, missing, "allocation")

			migrations["00001_init.sql"] = &fstest.MapFile{Data: []byte(missing)}
			missing, err = plan(t.Context(), scratch, db.dialect, migrations, "more")
			require.NoError(t, err)
			require.Empty(t, missing)
		})
	}
}

func TestFirstFree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, step := range []struct {
		file string
		next int
	}{{"00002_allocation.sql", 1}, {"00001_init.sql", 3}, {"embed.go", 3}, {"00003_more.sql", 4}} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, step.file), nil, 0o600))
		n, err := firstFree(dir)
		require.NoError(t, err)
		require.Equal(t, step.next, n)
	}
}
