package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nelke/internal/testbed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ars = "057660016016"

// nelke runs the program with a folder of data.
func nelke(t *testing.T, data string, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), args, []string{"NELKE_DATA=" + data}, &o, &e)
	return status, o.String(), e.String()
}

func TestNelke(t *testing.T) {
	t.Parallel()

	t.Run("version prints the version, whatever the configuration", func(t *testing.T) {
		t.Parallel()
		status, out, _ := nelke(t, t.TempDir(), "version", "--addr", "wrong")
		require.Zero(t, status)
		require.Equal(t, "dev\n", out)
	})

	t.Run("help names every variable and no command line makes sense without a command", func(t *testing.T) {
		t.Parallel()
		status, out, _ := nelke(t, t.TempDir(), "--help")
		require.Zero(t, status)
		for _, word := range []string{"NELKE_ADDR", "DATABASE_URL", "NELKE_STOP_DELAY", "serve", "audit"} {
			require.Contains(t, out, word)
		}
		status, _, errOut := nelke(t, t.TempDir())
		require.Equal(t, 2, status)
		require.Contains(t, errOut, "expected one of")
		status, _, _ = nelke(t, t.TempDir(), "nonsense")
		require.Equal(t, 2, status)
	})

	t.Run("a wrong configuration ends every command that needs one, with all its faults", func(t *testing.T) {
		t.Parallel()
		for _, command := range []string{"serve", "migrate", "audit"} {
			status, out, errOut := nelke(t, t.TempDir(), command, "--addr", "wrong", "--log", "xml")
			require.Equal(t, 1, status)
			require.Empty(t, out)
			require.Contains(t, errOut, "NELKE_ADDR")
			require.Contains(t, errOut, "NELKE_LOG")
		}
	})

	t.Run("migrate, import twice, audit", func(t *testing.T) {
		t.Parallel()
		data := t.TempDir()
		status, _, errOut := nelke(t, data, "migrate", "--check")
		require.Equal(t, 1, status)
		require.Contains(t, errOut, "pending")
		status, out, _ := nelke(t, data, "migrate")
		require.Zero(t, status)
		require.Contains(t, out, "applied")
		status, out, _ = nelke(t, data, "migrate", "--check")
		require.Zero(t, status)
		require.Equal(t, "nothing to migrate\n", out)

		const blomberg = "../../data/lippe/blomberg.yaml"
		status, out, errOut = nelke(t, data, "import", blomberg)
		require.Zero(t, status, errOut)
		require.Equal(t, blomberg+": imported\n", out)
		_, out, _ = nelke(t, data, "import", blomberg)
		require.Equal(t, blomberg+": nothing changed\n", out)
		status, out, _ = nelke(t, data, "audit")
		require.Zero(t, status)
		require.Regexp(t, `^[1-9]\d* events, no fault\n$`, out)
	})

	t.Run("one wrong file keeps all of them out, and says where it is wrong", func(t *testing.T) {
		t.Parallel()
		data := t.TempDir()
		require.NoError(t, os.CopyFS(filepath.Join(data, "towns"), os.DirFS("../../data/lippe")))
		right := filepath.Join(data, "towns", "blomberg.yaml")
		text, err := os.ReadFile(right)
		require.NoError(t, err)
		wrong := filepath.Join(data, "towns", "wrong.yaml")
		require.NoError(t, os.WriteFile(wrong, bytes.Replace(text, []byte(ars), []byte("1234"), 1), 0o600))
		status, out, errOut := nelke(t, data, "import", right, wrong)
		require.Equal(t, 1, status)
		require.Empty(t, out)
		require.Regexp(t, `(?m)^`+wrong+`:\d+: municipality\.ars: `, errOut)
		_, out, _ = nelke(t, data, "import", right)
		require.Contains(t, out, ": imported", "it wasn't there before")
	})

	t.Run("token prints a token and nothing else", func(t *testing.T) {
		t.Parallel()
		data := t.TempDir()
		status, out, _ := nelke(t, data, "token", "--role", "CLERK@"+ars, "--name", "Erika Muster")
		require.Zero(t, status)
		require.Equal(t, 2, strings.Count(out, "."))
		require.Equal(t, 1, strings.Count(out, "\n"))
		for _, wrong := range [][]string{{"token"}, {"token", "--role", "KING@" + ars}, {"token", "--role", "CLERK@" + ars, "--issuer", "https://idp.example"}} {
			status, out, _ := nelke(t, data, wrong...)
			require.NotZero(t, status, wrong)
			require.NotContains(t, out, ".", wrong)
		}
	})

	t.Run("health asks a service whether it is ready", func(t *testing.T) {
		t.Parallel()
		status := http.StatusOK
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/readyz" {
				w.WriteHeader(status)
			}
		}))
		for _, url := range []string{service.URL, service.URL + "/", service.URL + "/readyz"} {
			status = http.StatusOK
			exit, _, _ := nelke(t, t.TempDir(), "health", url)
			require.Zero(t, exit)
			status = http.StatusServiceUnavailable
			exit, _, _ = nelke(t, t.TempDir(), "health", url)
			require.Equal(t, 1, exit)
		}
		service.Close()
		exit, _, _ := nelke(t, t.TempDir(), "health", service.URL)
		require.Equal(t, 1, exit)
	})

	t.Run("web serves the pages in front of a graph elsewhere, without a database, and ends when told", func(t *testing.T) {
		t.Parallel()
		graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, r.URL.Path, http.StatusBadGateway)
		}))
		defer graph.Close()
		ctx, cancel := context.WithCancel(t.Context())
		data, addr, ended := filepath.Join(t.TempDir(), "none"), testbed.FreeAddr(t), make(chan int, 1)
		go func() {
			ended <- run(ctx, []string{"web", "--graph", graph.URL + "/graphql", "--addr", addr, "--log-level", "error"}, []string{"NELKE_DATA=" + data}, io.Discard, io.Discard)
		}()
		var status int
		require.Eventually(t, func() bool {
			answer, err := http.Get("http://" + addr + "/en")
			if err != nil {
				return false
			}
			status = answer.StatusCode
			return answer.Body.Close() == nil
		}, 30*time.Second, 20*time.Millisecond)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.NoDirExists(t, data)
		http.DefaultClient.CloseIdleConnections()
		cancel()
		require.Zero(t, <-ended)
		exit, _, _ := nelke(t, data, "web")
		require.Equal(t, 2, exit, "without a graph")
	})

	t.Run("serve --demo prints the address, a query and, to others than a terminal, how to get a token, and ends when told", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		reader, writer, err := os.Pipe()
		require.NoError(t, err)
		ended := make(chan int, 1)
		var log bytes.Buffer
		go func() {
			ended <- run(ctx, []string{"serve", "--demo", "--addr", "127.0.0.1:0", "--stop-delay", "0s", "--log-level", "error"}, []string{"NELKE_DATA=" + t.TempDir()}, writer, &log)
			_ = writer.Close()
		}()
		var text []byte
		buffer := make([]byte, 64<<10)
		for !bytes.Contains(text, []byte("nelke token --role CLERK@")) {
			require.NoError(t, reader.SetReadDeadline(time.Now().Add(time.Minute)))
			n, err := reader.Read(buffer)
			require.NoError(t, err, "%s", log.String())
			text = append(text, buffer[:n]...)
		}
		require.Contains(t, string(text), "Nelke is at http://127.0.0.1:")
		require.Contains(t, string(text), "publicServices")
		require.NotContains(t, string(text), "Bearer")
		require.NotContains(t, string(text), "eyJ", "whoever reads the log of a container reads this, too")
		cancel()
		require.Zero(t, <-ended, log.String())
		require.NoError(t, reader.Close())
	})
}
