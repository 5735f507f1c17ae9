//go:build conformance

// Package conformance has the suites and the clients of others judge Nelke: Apollo's for subgraphs, graphql-http's for
// GraphQL over HTTP, and the reference clients for what streams. They are programs of Node, their versions in
// package.json: make test/conformance.
package conformance

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
	for _, s := range []*sheet{&subgraph, &overHTTP, &sockets, &events} {
		s.print(os.Stdout)
	}
	os.Exit(code)
}
