package server_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/store"
	"nelke/server"
)

func TestOneProcessServesAnSQLiteFile(t *testing.T) {
	t.Parallel()
	s := start(t)
	second := testConfig(t, nil)
	second.Data = s.cfg.Data
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // were it let in, it would serve until then
	defer cancel()
	require.ErrorIs(t, server.Run(ctx, second), store.ErrServed)

	// Commands work beside it.
	n, err := server.Migrate(t.Context(), second, false)
	require.NoError(t, err)
	require.Zero(t, n)
	_, faults, err := server.Audit(t.Context(), second)
	require.NoError(t, err)
	require.Empty(t, faults)
	_, err = server.Token(second, "x", "X", []string{"CLERK@" + ars}, 1)
	require.NoError(t, err)
	done, err := server.Import(t.Context(), second, []string{filepath.Join("..", "data", "lippe", "blomberg.yaml")})
	require.NoError(t, err)
	require.Len(t, done, 1)
	require.Equal(t, http.StatusOK, s.do(http.MethodGet, "/readyz", "").status)

	s.stop()
	again := start(t, func(cfg *server.Config) { cfg.Data = s.cfg.Data })
	require.Equal(t, http.StatusOK, again.do(http.MethodGet, "/readyz", "").status, "the end of the first has freed it")
}

func TestTheDatabaseIsPrivate(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.Chmod(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "nelke.db"), nil, 0o644))
	s := start(t, func(cfg *server.Config) { cfg.Data = folder })
	require.Contains(t, s.open(), `"case_`)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(entries), 3)
	for _, e := range entries {
		about, err := e.Info()
		require.NoError(t, err)
		require.Zero(t, about.Mode().Perm()&0o077, "%s: %s", e.Name(), about.Mode())
	}

	open := testConfig(t, nil)
	require.NoError(t, os.Chmod(open.Data, 0o777))
	require.ErrorContains(t, server.Run(t.Context(), open), "everybody may write into the folder")
}

func TestMetricsNeedAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	plain := start(t, func(cfg *server.Config) { cfg.Demo = false })
	require.Equal(t, http.StatusNotFound, plain.do(http.MethodGet, "/metrics", "").status)
}

func TestAMalformedQueryOfTheExportIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, query := range []string{"ars=05766;x", "ars=%zz", "a;b"} {
		got := s.do(http.MethodGet, "/export/xzufi.xml?"+query, "")
		require.Equal(t, http.StatusBadRequest, got.status, query)
		require.Equal(t, "INVALID_INPUT", firstCode(t, got), query)
	}
	require.Equal(t, http.StatusOK, s.do(http.MethodGet, "/export/xzufi.xml?ars=05766", "").status)
}
