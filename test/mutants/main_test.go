package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// A change that takes a patch's ground away shows here, long before the mutants are run.
func TestEveryPatchAppliesAndNamesATest(t *testing.T) {
	t.Parallel()
	mutants, err := readAll("patches")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(mutants), 20)
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			require.Regexp(t, `^\d{2,3}-[a-z0-9-]+$`, m.name)
			out, err := m.git(t.Context(), "../..", "apply", "--check")
			require.NoError(t, err, string(out))
			files, err := filepath.Glob(filepath.Join("..", "..", m.folder, "*_test.go"))
			require.NoError(t, err)
			top := regexp.MustCompile(`^\w+`).FindString(m.test)
			found := false
			for _, file := range files {
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				found = found || regexp.MustCompile(`(?m)^func `+top+`\(`).Match(text)
			}
			require.True(t, found, "%s has no %s", m.folder, top)
		})
	}
}

func TestReadRefusesAPatchWithoutItsTwoLines(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no test":    "diff --git a/x b/x\n",
		"no folder":  "test: TestX\nIt breaks.\n",
		"no ./":      "test: test/portal TestX\nIt breaks.\n",
		"no promise": "test: ./test/portal TestX\ndiff --git a/x b/x\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "01-x.patch")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			_, err := read(file)
			require.Error(t, err)
		})
	}
}

func TestResultIsThatOfTheTestItself(t *testing.T) {
	t.Parallel()
	out := []byte(`=== RUN   TestHold
=== RUN   TestHold/sqlite
=== RUN   TestHold/sqlite/the_first,_(once)
    hold_test.go:1: --- FAIL: TestOther (0.00s)
--- FAIL: TestHold (0.10s)
    --- FAIL: TestHold/sqlite (0.10s)
        --- PASS: TestHold/sqlite/the_first,_(once) (0.05s)
        --- SKIP: TestHold/sqlite/second (0.05s)
--- PASS: TestHoldSlot (0.00s)
FAIL
`)
	for test, want := range map[string]result{
		"TestHold": failed, "TestHold/sqlite": failed, "TestHold/sqlite/the_first,_(once)": passed,
		"TestHold/sqlite/second": skipped, "TestHoldSlot": passed, "TestHold/sql": absent, "TestOther": absent,
	} {
		require.Equal(t, want, resultOf(out, test), test)
	}
}

func TestPatternSelectsOneTest(t *testing.T) {
	t.Parallel()
	require.Equal(t, `^TestHold$/^sqlite$/^the_first,_\(once\)$`, pattern("TestHold/sqlite/the_first,_(once)"))
}
