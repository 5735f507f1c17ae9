// Package testbed gives tests real servers: PostgreSQL databases that are empty or migrated, and servers of
// PostgreSQL and Redis of a test's own, to be killed, restarted and paused. All of it ends with the test.
//
// A test without the server that it needs is skipped on a laptop and fails where CI=true, so that
// nothing is quietly unproved. With -short, all tests that need a server are skipped.
package testbed

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"testing"
)

// Missing ends the test that can't run here: as a failure where CI=true, as skipped anywhere else.
// The reason says what to do about it.
func Missing(tb testing.TB, reason string) {
	tb.Helper()
	missing(tb, reason, os.Getenv("CI") == "true")
}

// beyondShort skips a test that needs a server where `go test -short` runs it: what is left needs nothing but this process.
func beyondShort(tb testing.TB) {
	tb.Helper()
	if testing.Testing() && testing.Short() { // programs that aren't tests have no such flag
		tb.Skip("-short leaves out what needs PostgreSQL or Redis")
	}
}

func missing(tb testing.TB, reason string, ci bool) {
	tb.Helper()
	if ci {
		tb.Fatalf("%s (nothing is skipped where CI=true)", reason)
	}
	tb.Skip(reason)
}

// Ports lie below Linux's ephemeral range (32768 and up). In it, a client that dials while the server is
// away may be given the server's own port as its source: it then talks to itself, and the server can't come back.
const firstPort, ports = 20000, 12000

// FreeAddr returns a loopback address, 127.0.0.1:port, on which nobody listens. Somebody else may take it before
// the caller does: whoever can should listen on port 0 instead.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(ports))
		if l, err := net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
	tb.Fatalf("no free port between %d and %d", firstPort, firstPort+ports)
	return ""
}
