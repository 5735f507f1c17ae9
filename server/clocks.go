package server

import (
	"context"
	"sync"
	"time"
)

const (
	compareEvery    = time.Minute
	comparePatience = 5 * time.Second
)

// compareClocks measures every minute how far the database's clock and the process's are apart, and logs when that passes
// the limit, either way. It returns what ends it.
func (p *parts) compareClocks(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(compareEvery)
		defer tick.Stop()
		apart := false
		for {
			if now := p.clocksApart(); now != apart {
				apart = now
				p.tellOfClocks(ctx, apart)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			short, stop := context.WithTimeout(ctx, comparePatience)
			if err := p.store.MeasureSkew(short); err != nil {
				p.log.DebugContext(ctx, "the clocks can't be compared", "error", err)
			}
			stop()
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// clocksApart reports whether the clocks differ by more than the limit.
func (p *parts) clocksApart() bool { return p.store.Skew().Abs() > p.cfg.ClockLimit }

func (p *parts) tellOfClocks(ctx context.Context, apart bool) {
	ahead := p.store.Skew().Round(time.Millisecond).String()
	if apart {
		p.log.ErrorContext(ctx, "the clocks of the database and of this process are too far apart: it isn't ready",
			"database ahead by", ahead, "limit", p.cfg.ClockLimit.String())
		return
	}
	p.log.InfoContext(ctx, "the clocks of the database and of this process agree again", "database ahead by", ahead)
}
