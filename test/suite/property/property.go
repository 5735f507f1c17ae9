// Package property is where the models of test/model and test/ledger meet rapid: how long their runs are, and how the
// suite's own checks fail in them.
package property

import (
	"flag"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Defaults sets what nobody has said on the command line: one run at a time, of some `steps` operations, and how long a
// fault is made smaller. What fails is named by its seed.
func Defaults(steps int, shrink time.Duration) error {
	flag.Parse()
	for name, value := range map[string]string{
		"rapid.checks": "1", "rapid.steps": strconv.Itoa(steps), "rapid.nofailfile": "true", "rapid.shrinktime": shrink.String(),
	} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			if err := flag.Set(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// T is a test's and rapid's way to fail in one: rapid shrinks what the suite's own checks find.
type T struct {
	testing.TB
	Rapid *rapid.T
}

// Helper says nothing: rapid has no lines to leave out.
func (t T) Helper() {}

// Log and the rest of them are rapid's.
func (t T) Log(args ...any) { t.Rapid.Log(args...) }

// Logf is rapid's.
func (t T) Logf(format string, args ...any) { t.Rapid.Logf(format, args...) }

// Error is rapid's.
func (t T) Error(args ...any) { t.Rapid.Error(args...) }

// Errorf is rapid's.
func (t T) Errorf(format string, args ...any) { t.Rapid.Errorf(format, args...) }

// Fatal is rapid's.
func (t T) Fatal(args ...any) { t.Rapid.Fatal(args...) }

// Fatalf is rapid's.
func (t T) Fatalf(format string, args ...any) { t.Rapid.Fatalf(format, args...) }

// Fail is rapid's.
func (t T) Fail() { t.Rapid.Fail() }

// FailNow is rapid's.
func (t T) FailNow() { t.Rapid.FailNow() }

// Failed is rapid's.
func (t T) Failed() bool { return t.Rapid.Failed() }
