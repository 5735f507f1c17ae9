package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// tidyEvery is how often is looked whether there is memory to give back, and tidyFrom how many bytes make it worth while.
	tidyEvery = 15 * time.Second
	tidyFrom  = 32 << 20
)

// tidy gives memory back to the system once a rush is over. The collector begins when there is enough to collect, so after the
// last request of a rush it may be two minutes until it does.
func tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	last := tidied{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if last.due(readTidied()) {
				debug.FreeOSMemory()
			}
		}
	}
}

// tidied is how often was collected, and what was allocated since the process began.
type tidied struct{ cycles, allocated uint64 }

// due reports whether nothing was collected since the last look, and enough was allocated since the last collection.
func (t *tidied) due(now tidied) bool {
	quiet := now.cycles == t.cycles
	due := quiet && now.allocated-t.allocated >= tidyFrom
	if due {
		now.cycles++ // the one that follows
	}
	if due || !quiet {
		*t = now
	}
	return due
}

func readTidied() tidied {
	samples := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(samples)
	return tidied{samples[0].Value.Uint64(), samples[1].Value.Uint64()}
}
