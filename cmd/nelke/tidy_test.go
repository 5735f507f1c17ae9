package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemoryIsGivenBackAfterARush(t *testing.T) {
	t.Parallel()

	var d tidier
	require.False(t, d.due(heap{5, 100 * tidyFrom}), "it was collected just now")
	require.True(t, d.due(heap{5, 100 * tidyFrom}), "and is quiet now")
	d.did = heap{6, 100 * tidyFrom}
	require.False(t, d.due(heap{6, 100 * tidyFrom}), "that was the tidying")
	require.False(t, d.due(heap{6, 100*tidyFrom + tidyFrom/2}), "too little")
	require.True(t, d.due(heap{6, 101 * tidyFrom}), "little by little enough")
	d.did = heap{7, 101 * tidyFrom}
	require.False(t, d.due(heap{9, 120 * tidyFrom}), "a rush: it is collected by itself")
	require.False(t, d.due(heap{12, 150 * tidyFrom}))
	require.True(t, d.due(heap{12, 150 * tidyFrom}))
}
