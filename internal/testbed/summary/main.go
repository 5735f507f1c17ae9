// Command summary reads the events of `go test -json`, prints what a person wants to see of them, one line a package
// and the whole output of each test that failed, and ends with the sum. It fails when a test did, when there was
// none, and, where CI=true, when one was skipped.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

func main() {
	if err := run(os.Stdin, os.Stdout, os.Getenv("CI") == "true"); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(1)
	}
}

// event is a line of `go test -json`; see `go doc test2json`, and `go help buildjson` for ImportPath.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// key names a test, or with an empty test its package.
type key struct{ pkg, test string }

type sum struct {
	passed, failed, packages, failedPackages int
	skipped                                  []string
}

func run(in io.Reader, out io.Writer, ci bool) error {
	var total sum
	output := map[key]string{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(out, lines.Text()) // go itself, say about a flag
			continue
		}
		total.add(e, output, out)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	return total.report(out, ci)
}

func (s *sum) add(e event, output map[key]string, out io.Writer) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(out, e.Output)
	case "output":
		output[k] += e.Output
	case "pass", "skip", "fail":
		if e.Test == "" {
			s.addPackage(e, output, out)
		} else {
			s.addTest(e, output[k], out)
		}
		delete(output, k)
	}
}

func (s *sum) addPackage(e event, output map[key]string, out io.Writer) {
	switch e.Action {
	case "fail":
		s.failedPackages++
		// What is left belongs to the package, or to tests that never ended: after a timeout, say.
		for _, k := range slices.SortedFunc(maps.Keys(output), func(a, b key) int { return cmp.Compare(a.test, b.test) }) {
			if k.pkg == e.Package {
				fmt.Fprint(out, output[k])
				delete(output, k)
			}
		}
		fmt.Fprintf(out, "FAIL  %s  %.1fs\n", e.Package, e.Elapsed)
	case "pass":
		s.packages++
		fmt.Fprintf(out, "ok    %s  %.1fs\n", e.Package, e.Elapsed)
	} // a package is skipped when it has no tests
}

func (s *sum) addTest(e event, output string, out io.Writer) {
	switch e.Action {
	case "fail":
		s.failed++
		fmt.Fprint(out, output)
	case "pass":
		s.passed++
	case "skip":
		s.skipped = append(s.skipped, fmt.Sprintf("skip  %s %s\n%s", e.Package, e.Test, output))
	}
}

func (s *sum) report(out io.Writer, ci bool) error {
	for _, skipped := range s.skipped {
		fmt.Fprint(out, skipped)
	}
	fmt.Fprintf(out, "%d tests passed, %d failed, %d skipped; %d packages passed, %d failed\n",
		s.passed, s.failed, len(s.skipped), s.packages, s.failedPackages)
	switch {
	case s.failed+s.failedPackages > 0:
		return errors.New("tests failed")
	case s.passed == 0:
		return errors.New("no test ran")
	case ci && len(s.skipped) > 0:
		return errors.New("tests were skipped, and CI=true")
	}
	return nil
}
