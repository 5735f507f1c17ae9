//go:build federation

// Package federation composes Nelke with a neighbour that shares nothing with it, puts two gateways in front, and asks
// through them. The programs of the others are in this folder, their versions in package.json: make test/federation.
package federation

import (
	"os"
	"testing"

	"nelke/test/suite"
)

func TestMain(m *testing.M) {
	code := suite.Run(m)
	composers.print(os.Stdout)
	gateways.print(os.Stdout)
	os.Exit(code)
}
