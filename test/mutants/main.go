// Command mutants proves that the tests can fail. Each patch in patches/ breaks one promise of the service and names, in its
// first line, the test that must turn red:
//
//	test: ./test/model TestFiftyRacersForTheLastCounter
//
// The patches are applied one after the other to a copy of the repository. A test that stays green under its patch, a
// patch that no longer applies and one that doesn't compile are all failures.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	only := flag.String("only", "", "run patches whose name holds this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string) error {
	patches, err := filepath.Glob("test/mutants/patches/*.patch")
	if err != nil {
		return err
	}
	patches = slices.DeleteFunc(patches, func(p string) bool { return !strings.Contains(p, only) })
	if len(patches) == 0 {
		return errors.New("no patch")
	}
	dir, err := os.MkdirTemp("", "nelke-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := copyTree(ctx, dir); err != nil {
		return err
	}
	survived := 0
	for _, patch := range patches {
		begun := time.Now()
		m, err := read(patch)
		if err == nil {
			err = m.kill(ctx, dir)
		}
		verdict := "killed"
		if err != nil {
			verdict = "SURVIVED: " + err.Error()
			survived++
		}
		fmt.Printf("%-42s %-52s %5.1fs  %s\n", m.name, m.test, time.Since(begun).Seconds(), verdict)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	fmt.Printf("%d of %d mutants killed\n", len(patches)-survived, len(patches))
	if survived > 0 {
		return fmt.Errorf("%d survived", survived)
	}
	return nil
}

type mutant struct {
	name, folder, test string
	patch              []byte
}

func read(path string) (m mutant, err error) {
	m.name = strings.TrimSuffix(filepath.Base(path), ".patch")
	if m.patch, err = os.ReadFile(path); err != nil {
		return m, err
	}
	head, _, _ := strings.Cut(string(m.patch), "\n")
	words := strings.Fields(head)
	if len(words) != 3 || words[0] != "test:" {
		return m, fmt.Errorf("the first line isn't `test: ./folder TestName`")
	}
	m.folder, m.test = words[1], words[2]
	return m, nil
}

// kill applies the patch, runs the test and takes the patch back. It returns an error if the mutant lives.
func (m mutant) kill(ctx context.Context, dir string) (err error) {
	if out, err := m.git(ctx, dir, "apply", "--whitespace=nowarn", "-"); err != nil {
		return fmt.Errorf("the patch doesn't apply: %s", out)
	}
	defer func() {
		if out, back := m.git(context.WithoutCancel(ctx), dir, "apply", "-R", "--whitespace=nowarn", "-"); back != nil {
			err = errors.Join(err, fmt.Errorf("the patch can't be taken back: %s", out))
		}
	}()
	// Compiling first tells a test that fails from one that was never run.
	if out, err := command(ctx, dir, "go", "test", "-run", "^$", m.folder); err != nil {
		return fmt.Errorf("doesn't compile: %s", lastLines(out))
	}
	out, err := command(ctx, dir, "go", "test", "-count=1", "-timeout=5m", "-run", "^"+m.test+"$", "-v", m.folder)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case bytes.Contains(out, []byte("--- SKIP: "+m.test)):
		return errors.New("the test was skipped")
	case bytes.Contains(out, []byte("--- FAIL: "+m.test)), bytes.Contains(out, []byte("panic:")):
		return nil
	case err != nil:
		return fmt.Errorf("go test failed otherwise: %s", lastLines(out))
	default:
		return errors.New("the test is green")
	}
}

func (m mutant) git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader(m.patch)
	return cmd.CombinedOutput()
}

func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	return cmd.CombinedOutput()
}

func lastLines(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], " | ")
}

// copyTree copies what git tracks, and new files that it doesn't ignore, as they are in the working tree.
func copyTree(ctx context.Context, dir string) error {
	list, err := command(ctx, ".", "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return fmt.Errorf("git ls-files: %s", lastLines(list))
	}
	for name := range strings.SplitSeq(strings.Trim(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(to, content, info.Mode()); err != nil {
			return err
		}
	}
	return nil
}
