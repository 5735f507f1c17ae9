package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

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

// The collector begins when what is in use has doubled and spare was allocated, whatever is in use, and nothing of that memory is
// taken before it is needed. What an operator says of the collector holds.
func TestTheCollectorBeginsLate(t *testing.T) {
	for _, variable := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Setenv(variable, "")
	}
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	for _, variable := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "100")
			require.False(t, manageMemory(t.Context()))
		})
	}
	debug.SetGCPercent(100)
	runtime.GC()
	goal, inUse, _ := collector()
	require.Less(t, goal, uint64(spare), "with Go's own rule")
	require.Less(t, inUse, uint64(spare))

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	require.True(t, manageMemory(ctx))
	for _, size := range []int{0, 40 << 20, 0} {
		kept := make([]byte, size)
		runtime.GC()
		require.Eventually(t, func() bool {
			goal, _, live := collector()
			want := 2*live + spare
			return live >= uint64(size) && goal > want-want/10 && goal < want+want/10 //nolint:gosec // a size
		}, 15*time.Second, time.Millisecond, "%d bytes are in use", size)
		runtime.KeepAlive(kept)
	}
	_, inUse, _ = collector()
	require.Less(t, inUse, uint64(spare), "what is spare is not taken")
}

// collector returns the size at which the heap is collected, its size, and how much of it is live, in bytes.
func collector() (goal, inUse, live uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64(), samples[2].Value.Uint64()
}
