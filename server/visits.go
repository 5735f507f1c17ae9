package server

import (
	"context"
	"sync"
	"time"

	"nelke/internal/visit"
)

const (
	// visitsEvery is how often what was counted of visits is written down. A process that is lost takes so much with it.
	visitsEvery = 5 * time.Second
	// visitsPatience is how long the last ones may take when the service stops.
	visitsPatience = 3 * time.Second
)

// countVisits makes what counts visits: for all processes together where there is Redis.
func (p *parts) countVisits() *visit.Counter {
	if p.redis == nil {
		return visit.NewCounter(nil, p.now)
	}
	return visit.NewCounter(visit.NewInRedis(p.redis, p.cfg.RedisPrefix, p.now), p.now)
}

// writeVisits has what was counted of visits written down every few seconds. It returns what ends it, and writes the last ones.
func (p *parts) writeVisits(ctx context.Context) (end func()) {
	ctx = context.WithoutCancel(ctx) // the last ones come after the signal to stop
	every := visitsEvery
	if p.cfg.Options.VisitsEvery > 0 {
		every = p.cfg.Options.VisitsEvery
	}
	flush := func(patience time.Duration) {
		timed, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := p.portal.FlushVisits(timed); err != nil {
			p.log.WarnContext(ctx, "visits could not be written down; they are kept for the next time", "error", err)
		}
	}
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				flush(visitsPatience)
				return
			case <-ticker.C:
				flush(operationLimit)
			}
		}
	})
	return func() {
		close(done)
		running.Wait()
	}
}
