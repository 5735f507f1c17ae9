//go:build conformance

package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/node"
	"nelke/test/suite"
)

// audit is what graphql-http says of one audit. Its name begins with MUST, SHOULD or MAY.
type audit struct{ ID, Name, Status, Reason string }

// TestHTTP has graphql-http audit the service.
func TestHTTP(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		nelke := suite.Serve(t, b)
		stdout, stderr, err := node.Run(t, nil, "audits.js", nelke.URL+"/graphql")
		require.NoError(t, err, stderr)
		audits := read[[]audit](t, stdout)
		require.Len(t, audits, 61)
		for _, a := range audits {
			overHTTP.check(t, b.Name, a.ID+" "+a.Name, func(t *testing.T) { require.Equal(t, "ok", a.Status, a.Reason) })
		}
	})
}
