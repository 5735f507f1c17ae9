package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// besideLeast is what a measure must keep of the other revision's: it is missed where all pairs lie below.
const besideLeast = 0.97

// beside runs this program and that of another revision of the repository by turns, each measuring the build of its own, and
// compares what both measure. It returns how many measures are worse in every pair.
func beside(ctx context.Context, opts options, out, progress io.Writer) (missed int, err error) {
	folder, err := os.MkdirTemp("", "nelke-beside-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	other, own := filepath.Join(folder, "other"), filepath.Join(folder, "own")
	here, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	tree := filepath.Join(folder, "tree")
	for _, step := range [][]string{
		{here, "git", "-c", "advice.detachedHead=false", "clone", "-q", "--shared", "--no-checkout", here, tree},
		{tree, "git", "-c", "advice.detachedHead=false", "checkout", "-q", opts.beside},
		{tree, "go", "build", "-o", other, "./test/bench"},
		{here, "go", "build", "-o", own, "./test/bench"},
	} {
		if err := execute(ctx, step[0], progress, progress, step[1:]...); err != nil {
			return 0, err
		}
	}
	if slices.ContainsFunc([]string{"mercurius", "gateway"}, func(part string) bool { return opts.only[part] }) {
		for _, at := range []string{"test/bench/mercurius", "test/federation"} {
			for _, of := range []string{tree, here} {
				if err := execute(ctx, filepath.Join(of, at), progress, progress, "npm", "ci", "--silent"); err != nil {
					return 0, err
				}
			}
		}
	}
	args := []string{"-rounds", "1", "-seconds", opts.seconds.String(), "-only", strings.Join(opts.names(), ",")}
	var pairs [][2]map[measureName]measured
	for n := range opts.pairs {
		var pair [2]map[measureName]measured
		for turn := range 2 {
			which := (n + turn) % 2 // who is first changes from pair to pair
			at, program := here, own
			if which == 1 {
				at, program = tree, other
			}
			fmt.Fprintf(progress, "bench: pair %d of %d: %s\n", n+1, opts.pairs, []string{"this one", opts.beside}[which])
			var table, said bytes.Buffer
			err := execute(ctx, at, &table, &said, append([]string{program}, args...)...)
			if pair[which] = readTable(table.String()); len(pair[which]) == 0 {
				// A missed bar is an exit status too. The pairs before are measured all the same.
				return printPairs(out, opts.beside, pairs), errors.Join(err, fmt.Errorf("no table: %s%s", table.String(), said.String()))
			}
		}
		pairs = append(pairs, pair)
	}
	return printPairs(out, opts.beside, pairs), nil
}

// execute runs a command in a folder.
func execute(ctx context.Context, folder string, out, errOut io.Writer, words ...string) error {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, out, errOut
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(words, " "), err)
	}
	return nil
}

// measureName names a row of a report.
type measureName struct{ part, what string }

// measured is a row's median. better is 1 where more of it is better, -1 where less is; 0: nobody can say.
type measured struct {
	value  float64
	better int
}

var columns = regexp.MustCompile(`\s{2,}`)

// readTable reads the table that a report prints, by the names of its rows.
func readTable(text string) map[measureName]measured {
	rows := map[measureName]measured{}
	for line := range strings.Lines(text) {
		cells := columns.Split(strings.TrimSpace(line), -1)
		if len(cells) < 4 || cells[0] == "part" {
			continue
		}
		number, unit, _ := strings.Cut(cells[2], " ")
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			continue
		}
		m := measured{value: value}
		switch unit {
		case "/s":
			m.better = 1
		case "µs", "ms", "s", "MiB", "KiB", "MB":
			m.better = -1
		default:
			switch {
			case strings.Contains(line, "≥"):
				m.better = 1
			case strings.Contains(line, "≤"):
				m.better = -1
			}
		}
		rows[measureName{cells[0], cells[1]}] = m
	}
	return rows
}

// printPairs prints for each measure how much of the other's this one has, 1 being as good and more better, and returns how many are
// worse in all pairs.
func printPairs(out io.Writer, other string, pairs [][2]map[measureName]measured) (missed int) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "part\tmeasure\tthis : %s\tpairs\t\n", other)
	names := map[measureName]bool{}
	for _, pair := range pairs {
		for name := range pair[0] {
			names[name] = true
		}
	}
	sorted := make([]measureName, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.SortFunc(sorted, func(a, b measureName) int {
		return strings.Compare(a.part+"\x00"+a.what, b.part+"\x00"+b.what)
	})
	for _, name := range sorted {
		var shares []float64
		for _, pair := range pairs {
			own, ok := pair[0][name]
			theirs, both := pair[1][name]
			if !ok || !both || own.better == 0 || own.value == 0 || theirs.value == 0 {
				continue
			}
			shares = append(shares, math.Pow(own.value/theirs.value, float64(own.better)))
		}
		if len(shares) == 0 {
			continue
		}
		low, high := spread(shares)
		verdict := ""
		if high < besideLeast {
			verdict = "MISSED"
			missed++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s – %s\t%s\n", name.part, name.what, amount(median(shares), ""), amount(low, ""), amount(high, ""), verdict)
	}
	_ = table.Flush() // to a terminal, or to a buffer
	return missed
}
