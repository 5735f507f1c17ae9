package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemoryIsGivenBackAfterARush(t *testing.T) {
	t.Parallel()

	var last tidied
	require.False(t, last.due(tidied{5, 100 * tidyFrom}), "it was collected just now")
	require.False(t, last.due(tidied{5, 100*tidyFrom + tidyFrom/2}), "too little")
	require.True(t, last.due(tidied{5, 101 * tidyFrom}), "little by little enough")
	require.False(t, last.due(tidied{6, 101*tidyFrom + 1}))
	require.False(t, last.due(tidied{7, 110 * tidyFrom}), "a rush: it is collected by itself")
	require.True(t, last.due(tidied{7, 112 * tidyFrom}))
}
