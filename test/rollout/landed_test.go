package rollout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// landed is the commit of the build that is in use while this one is rolled out, and lastVersion the version of the database
// that it was built for. Whoever lands a build writes its commit and the number of its last migration here.
const (
	landed      = "4c57230"
	lastVersion = 7
)

// queueGoesBack: the landed build works on the job queue of an embedded database that this build has written to. The one with
// River 0.31 doesn't: River 0.51 stores jobs as JSONB there. On PostgreSQL the two share a queue.
const queueGoesBack = false

const startPatience = time.Minute

// binary is the landed build's program, made once.
var binary = sync.OnceValues(func() (string, error) {
	root, err := command("", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	root = strings.TrimSpace(root)
	if _, err := command(root, "git", "cat-file", "-e", landed+"^{commit}"); err != nil {
		return "", fmt.Errorf("commit %s isn't in this clone, which a shallow one lacks: git fetch --unshallow: %w", landed, err)
	}
	folder, err := os.MkdirTemp("", "nelke-landed")
	if err != nil {
		return "", err
	}
	source, archive := filepath.Join(folder, "source"), filepath.Join(folder, "source.tar")
	if err := os.Mkdir(source, 0o700); err != nil {
		return "", err
	}
	if _, err := command(root, "git", "archive", "--output", archive, landed); err != nil {
		return "", err
	}
	if _, err := command(source, "tar", "-xf", archive); err != nil {
		return "", err
	}
	program := filepath.Join(folder, "nelke")
	if _, err := command(source, "go", "build", "-trimpath", "-buildvcs=false", "-o", program, "./cmd/nelke"); err != nil {
		return "", err
	}
	made = folder
	return program, errors.Join(os.Remove(archive), os.RemoveAll(source))
})

// made is the folder to remove in the end; empty where none was made.
var made string

func command(folder, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = folder
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(append([]string{name}, args...), " "), err, errOut.String())
	}
	return out.String(), nil
}

// old is a running process of the landed build.
type old struct {
	*suite.Process
	cmd *exec.Cmd
	log suite.Log
}

// landedCommand is the landed build's program on the data of a configuration, with the same keys. It isn't started.
func landedCommand(t *testing.T, addr string, cfg server.Config) *exec.Cmd {
	t.Helper()
	program, err := binary()
	require.NoError(t, err)
	cmd := exec.Command(program, "serve", "--demo")
	cmd.Env = append(os.Environ(),
		"NELKE_ADDR="+addr, "NELKE_PUBLIC_URL="+cfg.PublicURL, "NELKE_DATA="+cfg.Data, "DATABASE_URL="+cfg.DatabaseURL,
		"REDIS_URL="+cfg.RedisURL, "NELKE_PAYMENT_SECRET="+cfg.PaymentSecret, "NELKE_STOP_DELAY=0s", "NELKE_OPENINGS_PER_HOUR=100000")
	return cmd
}

// serveLanded runs the landed build on the data of a configuration, with the same keys.
func serveLanded(t *testing.T, cfg server.Config) *old {
	t.Helper()
	addr := freeAddress(t)
	o := &old{cmd: landedCommand(t, addr, cfg)}
	o.cmd.Stderr = &o.log
	o.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	require.NoError(t, o.cmd.Start())
	t.Cleanup(func() {
		o.stop()
		if t.Failed() {
			t.Logf("log of the landed build:\n%s", &o.log)
		}
	})
	o.Process = suite.Remote(t, "http://"+addr)
	o.Config = cfg // its staff have tokens of the same issuer
	require.Eventually(t, func() bool { return o.status(t, "/readyz") == http.StatusOK }, startPatience, 20*time.Millisecond)
	return o
}

// ofNewKind reports whether a line of the log is about a job that the landed build may not know. It may be the one to take it up, and
// says so; such jobs recur.
func ofNewKind(line string) bool {
	return strings.Contains(line, `"index_names"`) || strings.Contains(line, `"forget_feedback"`)
}

// faults are the errors that the process has logged.
func (o *old) faults() (lines []string) {
	for line := range strings.Lines(o.log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) && !ofNewKind(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// stop ends the process as a roll-out does. It may be called again.
func (o *old) stop() {
	if o.cmd.ProcessState == nil {
		_ = o.cmd.Process.Signal(syscall.SIGTERM)
		_ = o.cmd.Wait()
	}
}

// status is that of an answer; 0: there was none.
func (o *old) status(t *testing.T, path string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URL+path, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func freeAddress(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}
