package graph

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

func TestWhatIsLateBecauseOfTheDatabaseSaysSo(t *testing.T) {
	t.Parallel()
	codes := func(given ...string) []string {
		var list gqlerror.List
		for _, code := range given {
			list = append(list, refusal(code, "%s", code))
		}
		return codesOf(blamed(list))
	}
	require.Equal(t, []string{codeUnavailable}, codes(codeTimeout, codeUnavailable, codeTimeout))
	require.Equal(t, []string{codeTimeout, codeInternal}, codes(codeTimeout, codeInternal))
	require.Equal(t, []string{codeUnavailable, codeInternal}, codes(codeUnavailable, codeInternal))
	require.Empty(t, blamed(nil))
}
