package main

import (
	"regexp"
	"strings"
)

// result is what became of a test.
type result string

const (
	passed  result = "green"
	failed  result = "red"
	skipped result = "skipped"
	// A test that hangs or takes its process down has no line of its own, and neither has one that isn't there.
	absent result = "neither green nor red"
)

// resultOf finds a test's line in the verbose output of a run.
func resultOf(out []byte, test string) result {
	line := regexp.MustCompile(`(?m)^ *--- (PASS|FAIL|SKIP): ` + regexp.QuoteMeta(test) + ` \(`)
	found := line.FindSubmatch(out)
	if found == nil {
		return absent
	}
	switch string(found[1]) {
	case "PASS":
		return passed
	case "FAIL":
		return failed
	default:
		return skipped
	}
}

// pattern selects one test, and nothing that merely begins like it. Subtests are named as they are printed, with
// underscores for spaces.
func pattern(test string) string {
	parts := strings.Split(test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}
