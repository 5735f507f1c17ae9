package restore

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// copied makes a copy of a database while it is served, as docs/operations.md says, and returns what puts it back once no
// process serves it.
func copied(t *testing.T, cfg server.Config) (putBack func()) {
	t.Helper()
	copyOf := filepath.Join(t.TempDir(), "copy")
	if cfg.DatabaseURL != "" {
		program(t, "pg_dump", "--format=custom", "--file="+copyOf, cfg.DatabaseURL)
		return func() {
			program(t, "pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error", "--single-transaction", "--dbname="+cfg.DatabaseURL, copyOf)
		}
	}
	db := suite.OpenWriter(t, cfg)
	_, err := db.ExecContext(t.Context(), `VACUUM INTO $1`, copyOf)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	return func() {
		path := filepath.Join(cfg.Data, "nelke.db")
		for _, log := range []string{"-wal", "-shm"} { // of the database that is replaced
			if err := os.Remove(path + log); err != nil {
				require.ErrorIs(t, err, os.ErrNotExist)
			}
		}
		raw, err := os.ReadFile(copyOf)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, raw, 0o600))
	}
}

func program(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", name, out)
}
