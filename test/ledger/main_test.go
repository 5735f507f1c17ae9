// Package ledger checks applications and what is paid for them against a plain model of both: random operations of people
// and staff, a provider that misbehaves, and a clock that runs from seconds to months.
package ledger

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
	// One run at a time, of some 60 operations. What fails is told by its seed.
	for name, value := range map[string]string{
		"rapid.checks": "1", "rapid.steps": "60", "rapid.nofailfile": "true", "rapid.shrinktime": "120s",
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
