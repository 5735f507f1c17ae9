// Package model checks the book against a plain model of itself: random operations, and races.
package model

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// One run at a time, of some 150 operations. What fails is told by its seed.
	for name, value := range map[string]string{
		"rapid.checks": "1", "rapid.steps": "150", "rapid.nofailfile": "true", "rapid.shrinktime": "10s",
	} {
		if flag.Lookup(name).Value.String() != flag.Lookup(name).DefValue {
			continue // said on the command line
		}
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
