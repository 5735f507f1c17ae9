package portal

import (
	"context"
	"slices"
	"sync"
	"time"

	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/store"
)

// lines have the writes of one thing take their turn before they take a connection to the database: whoever waited for
// its row within a transaction would keep a connection from everybody else meanwhile. They are of this process alone, and
// the row's lock is what decides.
type lines struct {
	mu sync.Mutex
	by map[string]*line
}

// line is those who write, or wait to write, on one thing.
type line struct {
	queue   chan struct{} // holds one element while somebody writes
	present int           // who writes and who waits; guarded by lines.mu
}

// queueWait is when a new try makes sense for whom a queue has no room.
const queueWait = time.Second

// take waits for the turn, unless most wait for it already (0: any number may). The caller must call done, if there is no
// error.
//
// Problems: RATE_LIMITED.
func (l *lines) take(ctx context.Context, thing string, most int) (done func(), err error) {
	l.mu.Lock()
	one := l.by[thing]
	if one == nil {
		one = &line{queue: make(chan struct{}, 1)}
		l.by[thing] = one
	}
	if most > 0 && one.present > most {
		l.mu.Unlock()
		return nil, &problem.Problem{Code: problem.RateLimited, RetryAfter: queueWait}
	}
	one.present++
	l.mu.Unlock()

	begun := time.Now() //nolint:forbidigo // how long something takes
	select {
	case one.queue <- struct{}{}:
		return func() {
			<-one.queue
			l.leave(thing, one)
		}, nil
	case <-ctx.Done():
		l.leave(thing, one)
		return nil, store.Late(ctx, begun, ctx.Err()) // who writes waits for the database
	}
}

func (l *lines) leave(thing string, one *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one.present--; one.present == 0 {
		delete(l.by, thing)
	}
}

// seats bound how many writes of one network are under way or wait at a time.
type seats struct {
	mu    sync.Mutex
	taken map[string]int
	most  int // of the narrowest network; 0: any number
}

// take doesn't wait: it refuses where a network has no seat left. The caller must call done, if there is no error.
//
// Problems: RATE_LIMITED.
func (s *seats) take(ctx context.Context) (done func(), err error) {
	n := networkOf(ctx)
	if s.most == 0 || n.Exempt || identity.FromContext(ctx).Kind == identity.Staff {
		return func() {}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, part := range n.Parts {
		if s.taken[part.Name] >= s.most*part.Times {
			return nil, &problem.Problem{Code: problem.RateLimited, RetryAfter: queueWait}
		}
	}
	for _, part := range n.Parts {
		s.taken[part.Name]++
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, part := range n.Parts {
			if s.taken[part.Name]--; s.taken[part.Name] == 0 {
				delete(s.taken, part.Name)
			}
		}
	}, nil
}

// lineUp has a write wait for its turn: one of a person or partner behind the others of theirs, one of staff behind its own
// repeats, and each behind the others of its case. Only persons and partners can find a queue full: before the case's they
// stand one by one, so that they keep nobody else out of it.
//
// Problems: RATE_LIMITED.
func (p *Portal) lineUp(ctx context.Context, r request) (leave func(), err error) {
	if err := p.limitWrite(ctx, r.operation); err != nil {
		return nil, err
	}
	line, most := r.owner, p.limits.CaseQueue
	if identity.FromContext(ctx).Kind == identity.Staff {
		line, most = r.scope()+" "+r.key, 0
	}
	var taken []func()
	leave = func() {
		for _, done := range slices.Backward(taken) {
			done()
		}
	}
	for _, next := range []func() (func(), error){
		func() (func(), error) { return p.seats.take(ctx) },
		func() (func(), error) { return p.lines.take(ctx, line, most) },
		func() (func(), error) { return p.lines.take(ctx, "case "+r.caseID, 0) },
	} {
		done, err := next()
		if err != nil {
			leave()
			return nil, err
		}
		taken = append(taken, done)
		if r.caseID == "" && len(taken) == 2 {
			break
		}
	}
	return leave, nil
}
