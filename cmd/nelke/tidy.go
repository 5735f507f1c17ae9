package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// tidyEvery is how often is looked whether there is memory to give back, and tidyFrom how many bytes allocated since the last
	// time make it worth while.
	tidyEvery = 15 * time.Second
	tidyFrom  = 4 << 20
)

// tidy gives memory back to the system once a rush is over. The collector begins when there is enough to collect, so after the
// last request of a rush it may be two minutes until it does, and what it frees is kept for the next one.
func tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	var t tidier
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if t.due(readHeap()) {
				debug.FreeOSMemory()
				t.did = readHeap()
			}
		}
	}
}

// heap is how often was collected, and what was allocated since the process began.
type heap struct{ cycles, allocated uint64 }

// tidier is the heap at the last look, and after it was tidied last.
type tidier struct{ seen, did heap }

// due reports whether nothing was collected since the last look, and something was since the last tidying, or could be.
func (t *tidier) due(now heap) bool {
	quiet := now.cycles == t.seen.cycles
	t.seen = now
	return quiet && (now.cycles != t.did.cycles || now.allocated-t.did.allocated >= tidyFrom)
}

func readHeap() heap {
	samples := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(samples)
	return heap{samples[0].Value.Uint64(), samples[1].Value.Uint64()}
}
