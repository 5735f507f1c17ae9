package container

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"debug/elf"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/testbed"
)

const (
	version    = "v0.0.0-from-the-test"
	nobody     = 65534
	startLimit = 60 * time.Second
	stopLimit  = 10 * time.Second
)

func TestMakeBuildsWithTheDockerfilesFlags(t *testing.T) {
	t.Parallel()
	build := regexp.MustCompile(`CGO_ENABLED=0 go build .*main\.version=`)
	require.Equal(t, build.FindString(read(t, "Dockerfile")), build.FindString(read(t, "Makefile")))
	require.NotEmpty(t, build.FindString(read(t, "Makefile")))
}

// TestImage builds the binary by the Dockerfile's own words, lays it out as its last stage does, and runs it there,
// with nothing around it.
func TestImage(t *testing.T) {
	t.Parallel()
	root := layImage(t)
	binary := filepath.Join(root, "nelke")

	t.Run("the binary needs no library and no interpreter", func(t *testing.T) {
		f, err := elf.Open(binary)
		require.NoError(t, err)
		defer f.Close()
		libraries, err := f.ImportedLibraries()
		require.NoError(t, err)
		require.Empty(t, libraries)
		for _, p := range f.Progs {
			require.NotEqual(t, elf.PT_INTERP, p.Type)
		}
	})
	t.Run("time zones and CA roots are in the binary", func(t *testing.T) {
		info, err := buildinfo.ReadFile(binary)
		require.NoError(t, err)
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		require.Equal(t, "timetzdata", settings["-tags"])
		var modules []string
		for _, m := range info.Deps { // those that have a package in the binary
			modules = append(modules, m.Path)
		}
		// It registers itself, and stands in where the machine has no roots: see x509.SetFallbackRoots.
		require.Contains(t, modules, "golang.org/x/crypto/x509roots/fallback")
	})
	t.Run("it serves in an empty folder as nobody, and stops when asked", func(t *testing.T) {
		serve(t, root)
	})
}

// layImage returns a folder with what the final image has, and nothing else.
func layImage(t *testing.T) string {
	t.Helper()
	all := stages(t)
	build, final := all[0], all[1]
	require.Equal(t, "scratch", arg(t, final, "FROM"))
	require.Empty(t, args(final, "RUN"), "nothing could run in an empty image")
	require.Equal(t, "65534:65534", arg(t, final, "USER"))

	stage, root := t.TempDir(), t.TempDir()
	for _, command := range args(build, "RUN") {
		if !strings.Contains(command, "/image") {
			continue // fetches modules, which are here
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", strings.ReplaceAll(command, "/image", stage))
		cmd.Dir = repository
		cmd.Env = append(os.Environ(), "VERSION="+version)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", command, out)
	}
	for _, words := range args(final, "COPY") {
		lay(t, strings.Fields(words), stage, root)
	}
	return root
}

// lay does a COPY --from=build [--chown=65534:65534] /image/FROM /TO.
func lay(t *testing.T, words []string, stage, root string) {
	t.Helper()
	var flags []string
	for strings.HasPrefix(words[0], "--") {
		flags, words = append(flags, words[0]), words[1:]
	}
	require.Len(t, words, 2)
	require.Contains(t, flags, "--from=build")
	from := filepath.Join(stage, strings.TrimPrefix(words[0], "/image"))
	to := filepath.Join(root, words[1])
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
	require.NoError(t, os.Rename(from, to))
	if len(flags) == 1 {
		return
	}
	require.Contains(t, flags, "--chown=65534:65534")
	if os.Getuid() == 0 { // otherwise nobody is we ourselves: see inside
		require.NoError(t, os.Chown(to, nobody, nobody))
	}
}

// inside prepares the image's program, as nobody and with the image's environment, in a chroot.
// Who isn't root gets there by a user namespace, in which nobody is we ourselves.
func inside(ctx context.Context, t *testing.T, root string, env []string, arguments ...string) *exec.Cmd {
	t.Helper()
	final := stages(t)[1]
	entry := words(t, arg(t, final, "ENTRYPOINT"))
	cmd := exec.CommandContext(ctx, entry[0], append(entry[1:], arguments...)...)
	cmd.Dir = arg(t, final, "WORKDIR")
	cmd.Env = append(strings.Fields(arg(t, final, "ENV")), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     root,
		Credential: &syscall.Credential{Uid: nobody, Gid: nobody},
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Credential.NoSetGroups = true
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getgid(), Size: 1}}
	}
	return cmd
}

func serve(t *testing.T, root string) {
	t.Helper()
	addr := testbed.FreeAddr(t)
	env := []string{"NELKE_ADDR=" + addr, "NELKE_DEMO=true"} // as compose.yaml has it, on a port of our own
	command := words(t, arg(t, stages(t)[1], "CMD"))

	var log bytes.Buffer
	cmd := inside(t.Context(), t, root, env, command...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil && os.Getuid() != 0 {
		testbed.Missing(t, "neither root nor user namespaces, so there is no chroot: "+err.Error())
	} else {
		require.NoError(t, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop := func(sig os.Signal) error {
		_ = cmd.Process.Signal(sig)
		select {
		case err := <-ended:
			ended <- err // for the next call
			return err
		case <-time.After(stopLimit):
			_ = cmd.Process.Kill()
			err := <-ended
			ended <- err
			return err
		}
	}
	defer func() {
		_ = stop(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("what the service wrote:\n%s", log.String())
		}
	}()

	web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	base := "http://" + addr
	require.Eventually(t, func() bool {
		status, _ := get(web, base+"/readyz")
		return status == http.StatusOK || len(ended) > 0
	}, startLimit, 50*time.Millisecond)
	for path, want := range map[string]string{"/livez": "", "/readyz": "", "/version": version} {
		status, body := get(web, base+path)
		require.Equal(t, http.StatusOK, status, "%s: %s", path, body)
		require.Contains(t, body, want)
	}
	requireBerlin(t, web, base+"/graphql")
	requireHealth(t, root, base)

	written, err := os.ReadDir(filepath.Join(root, "var", "lib", "nelke"))
	require.NoError(t, err)
	require.NotEmpty(t, written, "the data are in the volume")

	require.NoError(t, stop(syscall.SIGTERM), "exit status after SIGTERM")
	require.Contains(t, log.String(), addr)
}

// requireHealth runs the health check of compose.yaml, against a service that is there and one that isn't.
func requireHealth(t *testing.T, root, base string) {
	t.Helper()
	check := compose(t).Services["nelke"].HealthCheck.Test
	require.Equal(t, []string{"CMD", "/nelke"}, check[:2])
	for from, ok := range map[string]bool{base: true, "http://" + testbed.FreeAddr(t): false} {
		args := bytes.ReplaceAll([]byte(strings.Join(check[2:], " ")), []byte("http://127.0.0.1:8080"), []byte(from))
		cmd := inside(t.Context(), t, root, nil, strings.Fields(string(args))...)
		out, err := cmd.CombinedOutput()
		if ok {
			require.NoError(t, err, "%s", out)
		} else {
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "%s", out)
		}
	}
}

// requireBerlin asks for bookable times: they carry the offset of the office's zone, which only zone data can give.
func requireBerlin(t *testing.T, web *http.Client, url string) {
	t.Helper()
	body := post(t, web, url, `{ publicService(by: {slug: {municipality: "blomberg", service: "personalausweis"}}) {
		id municipality { timeZone offices { id } } } }`)
	require.Contains(t, body, `"timeZone":"Europe/Berlin"`)
	office := regexp.MustCompile(`"(office_[0-9a-z]+)"`).FindStringSubmatch(body)
	service := regexp.MustCompile(`"id":"([a-z]*service_[0-9a-z]+)"`).FindStringSubmatch(body)
	require.Len(t, office, 2, body)
	require.Len(t, service, 2, body)

	body = post(t, web, url, `{ availability(input: {office: "`+office[1]+`", concerns: [{service: "`+service[1]+`"}]}) {
		days { starts } } }`)
	require.Regexp(t, `T\d\d:\d\d:00\+0[12]:00"`, body)
	require.NotRegexp(t, `T\d\d:\d\d:00Z"`, body)
}

func post(t *testing.T, web *http.Client, url, query string) string {
	t.Helper()
	query = strings.NewReplacer("\n", " ", "\t", " ", `"`, `\"`).Replace(query)
	answer, err := web.Post(url, "application/json", strings.NewReader(`{"query":"`+query+`"}`))
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", body)
	require.NotContains(t, string(body), `"errors"`)
	return string(body)
}

func get(web *http.Client, url string) (status int, body string) {
	answer, err := web.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}
