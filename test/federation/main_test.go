//go:build federation

// Package federation composes Nelke with a neighbour that shares nothing with it, puts two gateways in front, and asks
// through them. The programs of the others are in this folder, their versions in package.json: make test/federation.
package federation

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	composers.print(os.Stdout)
	gateways.print(os.Stdout)
	os.Exit(code)
}
