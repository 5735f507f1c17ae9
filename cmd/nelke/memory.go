package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// spare is how many bytes may be allocated at least before the garbage collector begins. Go's own rule is as much again as is in
	// use, which is a few megabytes here, so that it would run all the time while requests come in.
	spare = 128 << 20

	// tidyEvery is the pause between two looks for memory to give back, and tidyFrom how many bytes must have been allocated since it
	// was given back last. The first look, after tidyFirst, gives back what starting left behind.
	tidyFirst = 2 * time.Second
	tidyEvery = 15 * time.Second
	tidyFrom  = 4 << 20
)

// manageMemory has the garbage collector begin late, and gives memory back in quiet times, until ctx ends. An operator who has said
// how the collector works is left alone: it returns false then.
func manageMemory(ctx context.Context) bool {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return false
	}
	collectLater()
	runtime.SetFinalizer(&cycle{ctx: ctx}, (*cycle).ended)
	go tidy(ctx)
	return true
}

// cycle is garbage: its finalizer runs after each cycle of the collector, until ctx ends.
type cycle struct {
	ctx context.Context //nolint:containedctx // a finalizer has no other way to know
}

func (c *cycle) ended() {
	if c.ctx.Err() == nil {
		collectLater()
		runtime.SetFinalizer(c, (*cycle).ended)
	}
}

// collectLater lets the heap grow to twice what is in use and spare more. The collector's percentage is of all that it scans, and of
// 4 MiB at least.
func collectLater() {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/globals:bytes"}, {Name: "/gc/scan/stack:bytes"}}
	metrics.Read(samples)
	live := samples[0].Value.Uint64()
	scanned := max(live+samples[1].Value.Uint64()+samples[2].Value.Uint64(), 4<<20)
	debug.SetGCPercent(int(100 * (live + spare) / scanned)) //nolint:gosec // at most 3,300
}

// tidy gives memory back to the system once a rush is over. The collector begins when there is enough to collect, so after the
// last request of a rush it may be two minutes until it does, and what it frees is kept for the next one.
func tidy(ctx context.Context) {
	timer := time.NewTimer(tidyFirst)
	defer timer.Stop()
	t := tidier{seen: readHeap()}
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			if t.due(readHeap()) {
				debug.FreeOSMemory()
				t.did = readHeap()
			}
			timer.Reset(tidyEvery)
		}
	}
}

// heap holds how many cycles of the collector there were since the process began, and how many bytes were allocated.
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
