// Command mutants proves that the tests can fail. Each patch in patches/ breaks one promise of the service. Its first line
// names the test that must turn red, as go test prints it, and its second line says what is broken:
//
//	test: ./test/portal TestAHoldIsExtendedOnce/sqlite
//	A hold can be extended again and again.
//
// The patches are applied to copies of the repository, as many side by side as -workers says, each for itself. A test that stays green under its patch, one
// that is red without it, a patch that no longer applies and one that doesn't compile are all failures.
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
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	only := flag.String("only", "", "run patches whose name holds this")
	loud := flag.Bool("v", false, "print what the tests say")
	workers := flag.Int("workers", runtime.NumCPU(), "how many patches are tried side by side")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, "test/mutants/patches", *only, *loud, *workers)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder, only string, loud bool, workers int) error {
	mutants, err := readAll(folder)
	if err != nil {
		return err
	}
	mutants = slices.DeleteFunc(mutants, func(m mutant) bool { return !strings.Contains(m.name, only) })
	if len(mutants) == 0 {
		return errors.New("no patch")
	}
	parent, err := os.MkdirTemp("", "nelke-mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(parent) }()
	dirs := make([]string, min(max(workers, 1), len(mutants)))
	for i := range dirs {
		dirs[i] = filepath.Join(parent, strconv.Itoa(i))
		if err := copyTree(ctx, dirs[i]); err != nil {
			return err
		}
	}
	begun := time.Now()
	healthy, err := whole(ctx, dirs[0], mutants)
	if err != nil {
		return err
	}
	fmt.Printf("%-100s %6.1fs\n", "the tests that must turn red, without any patch", time.Since(begun).Seconds())
	killed := killAll(ctx, dirs, mutants, healthy, loud)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	fmt.Printf("%d of %d mutants killed in %s\n", killed, len(mutants), time.Since(begun).Round(time.Second))
	if killed < len(mutants) {
		return fmt.Errorf("%d survived", len(mutants)-killed)
	}
	return nil
}

// killAll tries the patches, in each folder one after the other, and prints what became of each. It returns how many were killed.
func killAll(ctx context.Context, dirs []string, mutants []mutant, healthy map[string]error, loud bool) (killed int) {
	next := make(chan mutant)
	var workers sync.WaitGroup
	var printing sync.Mutex
	for _, dir := range dirs {
		workers.Go(func() {
			for m := range next {
				begun := time.Now()
				var out []byte
				err := healthy[m.name]
				if err == nil {
					out, err = m.kill(ctx, dir)
				}
				if ctx.Err() != nil {
					continue
				}
				printing.Lock()
				verdict := "killed"
				if err != nil {
					verdict = "SURVIVED: " + err.Error()
				} else {
					killed++
				}
				fmt.Printf("%-34s %-65s %6.1fs  %s\n", m.name, m.test, time.Since(begun).Seconds(), verdict)
				if loud {
					fmt.Printf("%s\n", out)
				}
				printing.Unlock()
			}
		})
	}
	for _, m := range mutants {
		next <- m
	}
	close(next)
	workers.Wait()
	return killed
}

// whole runs the named tests without any patch, folder by folder: a test that is red anyway proves nothing.
func whole(ctx context.Context, dir string, mutants []mutant) (faults map[string]error, err error) {
	tests := map[string][]string{}
	for _, m := range mutants {
		tests[m.folder] = append(tests[m.folder], m.test)
	}
	faults = map[string]error{}
	for folder, names := range tests {
		out, err := runTests(ctx, dir, folder, names...)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("%s without a patch: %w", folder, err)
		}
		for _, m := range mutants {
			if got := resultOf(out, m.test); m.folder == folder && got != passed {
				faults[m.name] = fmt.Errorf("without the patch the test is %s: %s", got, lastLines(out))
			}
		}
	}
	return faults, nil
}

// mutant is one patch.
type mutant struct {
	name, folder, test string
	patch              []byte
}

func readAll(folder string) (mutants []mutant, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.patch"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		m, err := read(path)
		if err != nil {
			return nil, err
		}
		mutants = append(mutants, m)
	}
	return mutants, nil
}

func read(path string) (m mutant, err error) {
	m.name = strings.TrimSuffix(filepath.Base(path), ".patch")
	if m.patch, err = os.ReadFile(path); err != nil {
		return m, err
	}
	head, rest, _ := strings.Cut(string(m.patch), "\n")
	words := strings.Fields(head)
	if len(words) != 3 || words[0] != "test:" || !strings.HasPrefix(words[1], "./") {
		return m, fmt.Errorf("%s: the first line isn't `test: ./folder TestName`", path)
	}
	if promise, _, _ := strings.Cut(rest, "\n"); promise == "" || strings.HasPrefix(promise, "diff ") || strings.HasPrefix(promise, "--- ") {
		return m, fmt.Errorf("%s: the second line doesn't say what is broken", path)
	}
	m.folder, m.test = words[1], words[2]
	return m, nil
}

// kill applies the patch, runs the test and takes the patch back. It returns what the test said, and an error if the
// mutant lives.
func (m mutant) kill(ctx context.Context, dir string) (out []byte, err error) {
	if out, err := m.git(ctx, dir, "apply"); err != nil {
		return nil, fmt.Errorf("the patch doesn't apply: %s", lastLines(out))
	}
	defer func() {
		if out, back := m.git(context.WithoutCancel(ctx), dir, "apply", "-R"); back != nil {
			err = errors.Join(err, fmt.Errorf("the patch can't be taken back: %s", lastLines(out)))
		}
	}()
	if out, err = runTests(ctx, dir, m.folder, m.test); err != nil {
		return nil, err
	}
	if got := resultOf(out, m.test); got != failed {
		return out, fmt.Errorf("the test is %s: %s", got, lastLines(out))
	}
	return out, nil
}

func (m mutant) git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append(args, "--whitespace=nowarn", "-")...)
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader(m.patch)
	return cmd.CombinedOutput()
}

// runTests compiles a folder's tests and runs those that are named. Its error says that they couldn't be compiled: what
// became of them stands in the output. The two steps are separate because a test that was never run is not red.
func runTests(ctx context.Context, dir, folder string, tests ...string) (out []byte, err error) {
	binary := filepath.Join(dir, "mutant.test")
	// The graph's generated code is most of what a patch has compiled anew, which takes half as long without optimization.
	if out, err := command(ctx, dir, "go", "test", "-c", "-ldflags=-s -w", "-gcflags=nelke/graph=-N -l", "-o", binary, folder); err != nil {
		return nil, fmt.Errorf("it doesn't compile: %s", lastLines(out))
	}
	patterns := make([]string, len(tests))
	for i, test := range tests {
		patterns[i] = pattern(test)
	}
	patience := 5*time.Minute + time.Duration(len(tests)-1)*30*time.Second
	out, err = command(ctx, filepath.Join(dir, folder), binary, "-test.v", "-test.timeout="+patience.String(), "-test.run", strings.Join(patterns, "|"))
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("run tests of %s: %w", folder, err)
	}
	return out, nil
}

func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.WaitDelay = 10 * time.Second // a grandchild may keep the pipe open
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
