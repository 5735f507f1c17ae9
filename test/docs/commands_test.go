// Package docs_test holds the documents and the comments to what they say: the commands of README.md and of docs are run as
// they stand, and comments use plain words.
package docs_test

import (
	"bytes"
	"fmt"
	"net"
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

	"nelke/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

const (
	root     = "../.."
	patience = 20 * time.Second
	poll     = 20 * time.Millisecond
)

// documents are those whose shell blocks are run. The word after "sh" says how:
//
//	serve   starts the service, which the document's other blocks ask
//	run     is run as it stands; what stands behind "# →" comes out of the commands before it, "…" being left out
//	watch   is run in the background from here on, as in a terminal of its own
//
// Any other word is the block's name in elsewhere.
func documents() []string {
	return []string{"README.md", "CONTRIBUTING.md", "docs/stories.md", "docs/supergraph.md", "docs/operations.md"}
}

// elsewhere are the blocks that aren't run here, and why.
func elsewhere() map[string]string {
	return map[string]string{
		"make-test":      "runs this test",
		"neighbour":      "npm ci needs the internet; test/federation runs it",
		"compose":        "needs npm's packages from the internet; test/federation runs it",
		"compose-itself": "needs npm's packages from the internet",
		"apollo":         "needs npm's packages from the internet; test/federation runs it",
		"across":         "asks a gateway that needs npm's packages from the internet",
	}
}

// block is a shell block of a document.
type block struct {
	kind string // the word after "sh"
	line int
	text string
}

// blocks returns the shell blocks of a document.
func blocks(t *testing.T, document string) (found []block) {
	t.Helper()
	inside := false
	for i, line := range strings.Split(read(t, document), "\n") {
		switch {
		case inside && line == "```":
			inside = false
		case inside:
			found[len(found)-1].text += line + "\n"
		case strings.HasPrefix(line, "```sh") || strings.HasPrefix(line, "```bash") || strings.HasPrefix(line, "```console"):
			_, kind, _ := strings.Cut(line, " ")
			found = append(found, block{kind: kind, line: i + 1})
			inside = true
		}
	}
	return found
}

func read(t *testing.T, document string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, document))
	require.NoError(t, err)
	return string(text)
}

// TestEveryShellBlockIsRunOrListed also fails where a name in the list is of no block any more.
func TestEveryShellBlockIsRunOrListed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, document := range documents() {
		for _, b := range blocks(t, document) {
			seen[b.kind] = true
			switch b.kind {
			case "serve", "run", "watch":
			default:
				require.NotEmpty(t, elsewhere()[b.kind], "%s:%d: the block is neither run nor listed", document, b.line)
			}
		}
	}
	for name := range elsewhere() {
		require.True(t, seen[name], "no document has a block %q", name)
	}
}

// TestTheCommandsOfTheDocumentsDoWhatTheySay runs the blocks of each document in one shell, in their order.
func TestTheCommandsOfTheDocumentsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	warm := exec.CommandContext(t.Context(), "go", "run", "./cmd/nelke", "version") // so that the documents don't each link it
	warm.Dir = root
	out, err := warm.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, document := range documents() {
		t.Run(document, func(t *testing.T) {
			t.Parallel()
			if all := blocks(t, document); len(all) > 0 {
				newTerminal(t).run(document, all)
			}
		})
	}
}

// terminal runs commands in the root of the repository, with a port and a folder of its own.
type terminal struct {
	*testing.T
	folder, address string
	environment     []string
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	term := &terminal{T: t, folder: t.TempDir(), address: free.Addr().String()}
	require.NoError(t, os.WriteFile(filepath.Join(term.folder, "nelke"), []byte("#!/bin/sh\nexec go run ./cmd/nelke \"$@\"\n"), 0o700)) //nolint:gosec // a program
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !strings.HasPrefix(name, "NELKE_") && name != "DATABASE_URL" && name != "REDIS_URL" && name != "PATH" {
			term.environment = append(term.environment, variable)
		}
	}
	term.environment = append(term.environment,
		"PATH="+term.folder+":"+os.Getenv("PATH"), "NELKE_ADDR="+term.address, "NELKE_DATA="+filepath.Join(term.folder, "var"))
	return term
}

// start runs a script in the background, until the test ends, and writes what it prints into files.
func (term *terminal) start(script, out, faults string) {
	term.Helper()
	create := func(name string) *os.File {
		file, err := os.Create(filepath.Join(term.folder, name))
		require.NoError(term, err)
		return file
	}
	stdout, stderr := create(out), create(faults)
	bash := exec.CommandContext(term.Context(), "bash", "-c", term.placed(script))
	bash.Dir, bash.Env, bash.Stdout, bash.Stderr = root, term.environment, stdout, stderr
	bash.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	bash.Cancel = func() error { return syscall.Kill(-bash.Process.Pid, syscall.SIGTERM) }
	require.NoError(term, bash.Start())
	term.Cleanup(func() {
		_ = bash.Cancel() // it may have ended
		_ = bash.Wait()
		_ = stdout.Close()
		_ = stderr.Close()
	})
}

// placed puts the terminal's port in the place of the documents'.
func (term *terminal) placed(text string) string {
	_, port, _ := strings.Cut(term.address, ":")
	return strings.NewReplacer("localhost:8080", "localhost:"+port, "127.0.0.1:8080", "127.0.0.1:"+port).Replace(text)
}

// run runs a document's blocks, and compares what comes out with what they promise.
func (term *terminal) run(document string, all []block) {
	term.Helper()
	var script strings.Builder
	var promised [][]string          // of the parts of the script
	watched := map[string][]string{} // of what runs beside it, by the file of its output
	for _, b := range all {
		switch b.kind {
		case "serve":
			term.start(b.text, "service", "log")
			require.Eventually(term, term.ready, 3*patience, poll, "the service doesn't start")
		case "watch":
			name := fmt.Sprintf("watch-%d", b.line)
			out := filepath.Join(term.folder, name)
			commands, promises := split(b.text)
			watched[name] = promises
			fmt.Fprintf(&script, "( %s ) >%s 2>&1 &\nuntil [ -s %s ]; do sleep 0.05; done\n", commands, out, out)
		case "run":
			for text := b.text; text != ""; {
				commands, promises, rest := part(text)
				fmt.Fprintf(&script, "%s\necho '%s'\n", commands, mark)
				if len(watched) > 0 {
					script.WriteString("sleep 0.3\n") // a stream leaves out states that follow one another at once
				}
				promised = append(promised, promises)
				text = rest
			}
		}
	}
	term.start(script.String()+"\necho '"+done+"'\n", "out", "faults")
	require.Eventually(term, func() bool { return strings.Contains(term.said("out"), done) }, 3*patience, poll, "%s stops after:\n%s", document, said{term, "out"})
	require.Empty(term, term.said("faults"), document)
	parts := strings.Split(term.said("out"), mark+"\n")
	require.Len(term, parts, len(promised)+1)
	for i, promises := range promised {
		require.Empty(term, missing(parts[i], term.all(promises)), "%s promises otherwise than it does:\n%s", document, parts[i])
		require.NotContains(term, parts[i], `"errors"`, document)
	}
	for file, promises := range watched {
		require.Eventually(term, func() bool { return missing(term.said(file), term.all(promises)) == "" }, patience, poll, "%s: a stream brings\n%s", document, said{term, file})
	}
}

const (
	mark = "-- what is promised ends here --"
	done = "-- the document ends here --"
)

// said returns what a script has printed so far.
func (term *terminal) said(file string) string {
	text, err := os.ReadFile(filepath.Join(term.folder, file))
	require.NoError(term, err)
	return string(text)
}

// said is a file as it is when a failure is printed.
type said struct {
	term *terminal
	file string
}

func (s said) String() string { return s.term.said(s.file) }

// ready reports whether the service answers.
func (term *terminal) ready() bool {
	r, err := http.NewRequestWithContext(term.Context(), http.MethodGet, "http://"+term.address+"/readyz", nil)
	require.NoError(term, err)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func (term *terminal) all(promises []string) (placed []string) {
	for _, promise := range promises {
		placed = append(placed, term.placed(promise))
	}
	return placed
}

const arrow = "# → "

// part cuts the first commands off a block, up to what they promise.
func part(text string) (commands string, promises []string, rest string) {
	lines := strings.SplitAfter(text, "\n")
	i := 0
	for ; i < len(lines) && !strings.HasPrefix(lines[i], arrow); i++ {
		commands += lines[i]
	}
	for ; i < len(lines) && strings.HasPrefix(lines[i], arrow); i++ {
		promises = append(promises, strings.TrimSpace(strings.TrimPrefix(lines[i], arrow)))
	}
	return commands, promises, strings.Join(lines[i:], "")
}

// split returns the commands of a block and all its promises.
func split(text string) (commands string, promises []string) {
	for text != "" {
		some, promised, rest := part(text)
		commands, promises, text = commands+some, append(promises, promised...), rest
	}
	return commands, promises
}

// missing returns the first piece of what is promised that doesn't stand in a text, in the order of the promises. Empty: all
// is there.
func missing(text string, promises []string) string {
	for _, promise := range promises {
		for _, piece := range strings.Split(promise, "…") {
			_, after, found := strings.Cut(text, piece)
			if !found {
				return piece
			}
			text = after
		}
	}
	return ""
}

// TestCommandsInTheTextOfDocumentsExist looks at commands that stand in back-ticks or tables: targets of make, commands of
// nelke, packages and scripts.
func TestCommandsInTheTextOfDocumentsExist(t *testing.T) {
	t.Parallel()
	makefile := read(t, "Makefile")
	main := read(t, "cmd/nelke/main.go")
	quoted := regexp.MustCompile("`([^`\n]+)`")
	var wrong bytes.Buffer
	for _, document := range append(documents(), "test/README.md", "docs/webhooks.md", "docs/xzufi.md", "docs/payments.md") {
		for _, found := range quoted.FindAllStringSubmatch(read(t, document), -1) {
			words := strings.Fields(found[1])
			switch {
			case words[0] == "make" && len(words) > 1:
				if !strings.Contains(makefile, "\n"+words[1]+":") {
					fmt.Fprintf(&wrong, "%s: `%s`: no such target\n", document, found[1])
				}
			case words[0] == "nelke" && len(words) > 1:
				if name := strings.ToUpper(words[1][:1]) + words[1][1:]; !strings.Contains(main, name+" ") || !strings.Contains(main, words[1]+"Command") {
					fmt.Fprintf(&wrong, "%s: `%s`: no such command\n", document, found[1])
				}
			}
			for _, word := range words {
				path := strings.TrimSuffix(word, "/...")
				if (strings.HasPrefix(word, "./") || strings.HasPrefix(word, "script/")) && !strings.Contains(word, "<") {
					if _, err := os.Stat(filepath.Join(root, path)); err != nil && path != "./var" {
						fmt.Fprintf(&wrong, "%s: `%s`: no %s\n", document, found[1], path)
					}
				}
			}
		}
	}
	require.Empty(t, wrong.String())
}
