package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/testbed"
)

// TestEveryPartRuns takes all measures in their tiny form, whose figures mean nothing: a table comes only where each of them could
// be taken.
func TestEveryPartRuns(t *testing.T) {
	t.Parallel()
	if os.Getenv(testbed.DatabaseVariable) == "" {
		testbed.Missing(t, testbed.DatabaseVariable+" is unset: make test")
	}
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "bench")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./test/bench")
	build.Dir = root
	text, err := build.CombinedOutput()
	require.NoError(t, err, string(text))

	var out, progress bytes.Buffer
	bench := exec.CommandContext(t.Context(), program, "-short")
	bench.Dir, bench.Stdout, bench.Stderr = root, &out, &progress
	_ = bench.Run() // that bars are missed is an error, too
	measured := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		if words := strings.Fields(line); len(words) > 0 {
			measured[words[0]] = true
		}
	}
	for _, p := range parts() {
		if !p.extra {
			require.True(t, measured[p.name], "%s is not in the table:\n%s%s", p.name, out.String(), progress.String())
		}
	}
}
