package town_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/town"
)

// What stands in the place of a file that a town names is read only where it is a regular file inside the town's folder.
func TestOnlyRegularFilesInsideTheFolderAreRead(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "secret.md")
	require.NoError(t, os.WriteFile(outside, []byte("Not for everybody.\n"), 0o600))
	for name, row := range map[string]struct {
		put  func(t *testing.T, path string)
		want string
	}{
		"a link out of it": {
			func(t *testing.T, path string) { require.NoError(t, os.Symlink(outside, path)) }, "is a symbolic link, and only regular files are read",
		},
		"a link to a file beside it": {
			func(t *testing.T, path string) { require.NoError(t, os.Symlink("1.de.md", path)) }, "is a symbolic link, and only regular files are read",
		},
		"a named pipe that nobody writes to": {
			func(t *testing.T, path string) { require.NoError(t, syscall.Mkfifo(path, 0o600)) }, "is no regular file",
		},
		"a socket": {
			func(t *testing.T, path string) {
				var config net.ListenConfig
				l, err := config.Listen(t.Context(), "unix", path)
				require.NoError(t, err)
				t.Cleanup(func() { _ = l.Close() })
			}, "is no regular file",
		},
		"a folder": {func(t *testing.T, path string) { require.NoError(t, os.Mkdir(path, 0o700)) }, "is no regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, err := os.MkdirTemp("", "town") //nolint:usetesting // a socket takes a short path only
			require.NoError(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(folder) })
			require.NoError(t, os.CopyFS(folder, os.DirFS("testdata")))
			notice := filepath.Join(folder, "small", "notices", "1.en.md")
			require.NoError(t, os.Remove(notice))
			row.put(t, notice)
			_, err = town.LoadFile(filepath.Join(folder, "small.yaml"))
			require.ErrorContains(t, err, "small/notices/1.en.md: "+row.want)
		})
	}

	t.Run("a folder on the way that leads out of it", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		require.NoError(t, os.CopyFS(folder, os.DirFS("testdata")))
		notices := filepath.Join(folder, "small", "notices")
		elsewhere := filepath.Join(t.TempDir(), "notices")
		require.NoError(t, os.Rename(notices, elsewhere))
		require.NoError(t, os.Symlink(elsewhere, notices))
		_, err := town.LoadFile(filepath.Join(folder, "small.yaml"))
		require.ErrorContains(t, err, "path escapes from parent")
	})

	t.Run("the town's own file is a link", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		require.NoError(t, os.CopyFS(folder, os.DirFS("testdata")))
		require.NoError(t, os.Symlink("small.yaml", filepath.Join(folder, "other.yaml")))
		_, err := town.LoadFile(filepath.Join(folder, "other.yaml"))
		require.ErrorContains(t, err, "other.yaml: is a symbolic link")
	})
}
