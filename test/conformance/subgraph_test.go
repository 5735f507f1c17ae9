//go:build conformance

package conformance

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/conformance/products"
	"nelke/test/node"
	"nelke/test/suite"
)

// compatibility is where the suite lies: its tests for jest, and the subgraphs beside ours.
const compatibility = "node_modules/@apollo/federation-subgraph-compatibility-tests"

// TestSubgraph has Apollo's suite judge the server with the schema that it asks for: alone, and behind a gateway with the
// suite's own subgraphs beside it.
func TestSubgraph(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		nelke := suite.Serve(t, b, func(c *server.Config) { c.Options.Schema, c.TraceAnswers = products.Schema(), "all" })
		ours := nelke.URL + "/graphql"
		arguments := []string{"supergraph.js", "products=" + ours + "=-"}
		for _, name := range []string{"users", "inventory"} {
			folder := filepath.Join(compatibility, "dist", "subgraphs", name)
			other := node.Start(t, regexp.MustCompile(`ready at (http://\S+/)\n`), nil, "--require", "./loopback.cjs", filepath.Join(folder, "index.js"))
			arguments = append(arguments, name+"="+other.URL+"="+filepath.Join(folder, name+".graphql"))
		}
		gateway := node.Start(t, regexp.MustCompile(`ready at (http://\S+/)\n`), nil, arguments...)

		results := judge(t, ours, gateway.URL)
		require.Len(t, results, 23)
		for _, r := range results {
			subgraph.check(t, b.Name, r.FullName, func(t *testing.T) {
				require.Equal(t, "passed", r.Status, strings.Join(r.FailureMessages, "\n"))
			})
		}
	})
}

// assertion is what jest says of one test.
type assertion struct {
	FullName, Status string
	FailureMessages  []string
}

// judge runs the suite's tests as the suite itself would, which wants Docker.
func judge(t *testing.T, ours, gateway string) (all []assertion) {
	t.Helper()
	folder, err := filepath.Abs(compatibility)
	require.NoError(t, err)
	setup, err := filepath.Abs("router.cjs")
	require.NoError(t, err)
	config, err := json.Marshal(map[string]any{
		"rootDir": filepath.Join(folder, "dist", "tests"), "testPathIgnorePatterns": []string{}, "haste": map[string]bool{"retainAllFiles": true},
		"setupFiles": []string{setup},
	})
	require.NoError(t, err)
	stdout, stderr, _ := node.Run(t, []string{"PRODUCTS_URL=" + ours, "ROUTER_URL=" + gateway},
		"node_modules/jest/bin/jest.js", "--ci", "--json", "--config", string(config)) // fails when a test does
	require.NotEmpty(t, stdout, stderr)
	for _, file := range read[struct {
		TestResults []struct {
			AssertionResults []assertion
			Message          string
		}
	}](t, stdout).TestResults {
		require.NotEmpty(t, file.AssertionResults, file.Message)
		all = append(all, file.AssertionResults...)
	}
	return all
}
