package graph

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"nelke/internal/cache"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/tracing"
)

const (
	// coalesce is how long nudges are gathered before a subscription reads again: a burst of bookings is one message.
	coalesce = 50 * time.Millisecond
	// look is how often a subscription reads without being nudged, and fresh is how old its answer may be then: a
	// nudge that was lost, with the process that was to send it, shows within fifteen seconds.
	look  = 10 * time.Second
	fresh = 4 * time.Second
	// again is how long a subscription waits when its reading failed: it stays open and recovers.
	again = time.Second
	// readingLimit is how long one reading may take, as long as a query.
	readingLimit = 10 * time.Second
)

// watcher makes subscriptions: each sends the state first, then again whenever it changed. What the state depends on
// is gathered while it is read and executed, nested fields included; a nudge of any of it, the instant at which time
// alone changes it, or ten seconds wake it to read again. It sends only what differs from what it sent last.
type watcher struct {
	hub    *live.Hub
	cache  *cache.Cache
	now    func() time.Time
	groups groups
	spans  *spans // nil: not traced
}

func (*watcher) ExtensionName() string                   { return "Watch" }
func (*watcher) Validate(graphql.ExecutableSchema) error { return nil }
func (w *watcher) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	if op.Operation.Operation != ast.Subscription {
		return next(ctx)
	}
	if key, ok := shareable(ctx, op); ok {
		return w.whileProven(ctx, w.groups.join(ctx, key, func(ctx context.Context) graphql.ResponseHandler { return w.follow(ctx, next) }))
	}
	return w.whileProven(ctx, w.follow(ctx, next))
}

// whileProven holds back what a subscription has to say once its token has expired. It doesn't end it: the transport
// does, in the words of its protocol.
func (w *watcher) whileProven(ctx context.Context, next graphql.ResponseHandler) graphql.ResponseHandler {
	expires := identity.FromContext(ctx).ExpiresAt
	if expires.IsZero() {
		return next
	}
	return func(within context.Context) *graphql.Response {
		response := next(within)
		if w.now().Before(expires) {
			return response
		}
		<-ctx.Done()
		return nil
	}
}

type streamKey struct{}

// stream is one subscription on its way: emit reads its state anew, as part of the context's trace, and hands it to the
// executor.
type stream struct {
	emit func(context.Context) error
}

// follow is what every subscription resolver returns: the state that read gives now, and again each time the watcher
// asks for it. A nil state is sent and ends the subscription.
func follow[T any](ctx context.Context, read func(context.Context) (*T, error)) (<-chan *T, error) {
	s, ok := ctx.Value(streamKey{}).(*stream)
	if !ok {
		return nil, errNoStream
	}
	out := make(chan *T, 1) // the watcher takes each value out before it asks for the next
	emit := func(within context.Context) error {
		timed, cancel := context.WithTimeout(tracing.Within(ctx, within), readingLimit)
		defer cancel()
		value, err := read(timed)
		if err != nil {
			return err
		}
		out <- value
		if value == nil {
			close(out)
			s.emit = nil
		}
		return nil
	}
	s.emit = emit
	if err := emit(ctx); err != nil {
		s.emit = nil
		return nil, err
	}
	return out, nil
}

func (w *watcher) follow(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	s := &stream{}
	ctx, trace := cache.Collect(context.WithValue(ctx, streamKey{}, s))
	began, sent := w.spans.message(ctx, op, op.Stats.OperationStart)
	untimed := next(began)
	responses := func(ctx context.Context) *graphql.Response {
		timed, cancel := context.WithTimeout(ctx, readingLimit)
		defer cancel()
		return untimed(timed)
	}
	var last *fingerprint

	// The context is the one with the trace, whatever the transport passes: nested fields are read in it.
	return func(context.Context) *graphql.Response {
		if last == nil {
			response := responses(began)
			last = fingerprintOf(op, response)
			sent(response, true)
			return response
		}
		for s.emit != nil {
			if !w.wait(ctx, trace) {
				return nil
			}
			anew, end := w.spans.message(ctx, op, time.Time{})
			if err := s.emit(anew); err != nil {
				end(nil, false)
				if !pause(ctx, again) {
					return nil
				}
				continue
			}
			response := responses(anew)
			var next *fingerprint
			news := response != nil && !unavailable(response)
			if news {
				next = fingerprintOf(op, response)
				news = *next != *last
			}
			end(response, news)
			switch {
			case news:
				last = next
				return response
			case response == nil:
				return nil
			case unavailable(response):
				if !pause(ctx, again) {
					return nil
				}
			}
		}
		return responses(ctx)
	}
}

// wait returns when the state may have changed, and prepares the trace for reading it again. It returns false when the
// subscription is over: its client is gone.
func (w *watcher) wait(ctx context.Context, trace *cache.Deps) bool {
	// Open the watch first, then ask whether something changed since the reading: nothing is missed between the two.
	watch := w.hub.Watch(trace.Keys()...)
	defer watch.Close()

	maxAge := time.Duration(0)
	if w.cache.Holds(trace) {
		now := w.now()
		until := time.NewTimer(look)
		defer until.Stop()
		if at := trace.ValidUntil(); !at.IsZero() && at.Sub(now) < look {
			until.Reset(max(0, at.Sub(now)))
		}
		select {
		case <-ctx.Done():
			return false
		case <-watch.C():
		case <-until.C:
			maxAge = fresh
		}
	}
	if !pause(ctx, coalesce) {
		return false
	}
	trace.Reset(maxAge)
	return true
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// unavailable reports whether the database could not be asked for a part of the answer, or not in time. In the middle of a
// subscription such an answer isn't sent: the next reading replaces it.
func unavailable(r *graphql.Response) bool { return says(r.Errors, codeUnavailable, codeTimeout) }

// fingerprint is what a subscription keeps of what it sent last, to know whether there is news: not the answer, which may be long.
type fingerprint struct {
	errors int
	data   [sha256.Size]byte
}

// fingerprintOf leaves out fields that change by the clock alone; nil for nil.
func fingerprintOf(op *graphql.OperationContext, r *graphql.Response) *fingerprint {
	if r == nil {
		return nil
	}
	data := []byte(r.Data)
	if anyVolatile(op.Operation.SelectionSet) {
		if without := pruned(op, r.Data); without != nil {
			data = without
		}
	}
	return &fingerprint{len(r.Errors), sha256.Sum256(data)}
}
