//go:build conformance

// Package conformance has the suites and the clients of others judge Nelke: Apollo's for subgraphs, graphql-http's for
// GraphQL over HTTP, and the reference clients for what streams. They are programs of Node, their versions in
// package.json: make test/conformance.
package conformance

import (
	"os"
	"testing"

	"nelke/test/suite"
)

func TestMain(m *testing.M) {
	code := suite.Run(m)
	for _, s := range []*sheet{&subgraph, &overHTTP, &sockets, &events} {
		s.print(os.Stdout)
	}
	os.Exit(code)
}
