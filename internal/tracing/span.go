package tracing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

type (
	lazyKey struct{}
	linkKey struct{}
)

// Begin begins a span within that of the context, or else a trace of its own. End it.
func (t *Tracer) Begin(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	if l := lazyOf(ctx); l != nil {
		ctx = context.WithValue(l.within(ctx), lazyKey{}, (*lazy)(nil)) // what comes in the new span is not in the lazy one
	}
	if !trace.SpanContextFromContext(ctx).IsValid() {
		if link, ok := ctx.Value(linkKey{}).(trace.SpanContext); ok {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: link}))
		}
	}
	return t.Start(ctx, name, options...)
}

// recorded reports whether what is done in the context is part of a trace that is recorded. Its span may have ended: nested
// fields are resolved when the field around them has been.
func recorded(ctx context.Context) bool { return trace.SpanContextFromContext(ctx).IsSampled() }

// Leaf begins a span for what calls nothing of ours, a statement say, if the context is part of a trace that is recorded;
// otherwise it gives nil. So what machines do by themselves every second makes no traces.
func (t *Tracer) Leaf(ctx context.Context, name func() string, options ...trace.SpanStartOption) trace.Span {
	if !recorded(ctx) {
		return nil
	}
	if l := lazyOf(ctx); l != nil {
		ctx = l.within(ctx)
	}
	_, span := t.Start(ctx, name(), options...)
	return span
}

// Apart returns a context in which every Begin is a trace of its own, with a link to the given span: for what lasts for
// hours, where one trace would tell nothing until its end, and too much then.
func Apart(ctx context.Context, from trace.SpanContext) context.Context {
	ctx = trace.ContextWithSpan(context.WithValue(ctx, lazyKey{}, (*lazy)(nil)), nil)
	if !from.IsSampled() { // nobody would find it
		return ctx
	}
	return context.WithValue(ctx, linkKey{}, from)
}

// Lazily returns a context for work that gets a span only if another span begins in it: most resolvers read what is there
// already, and a span for each would hide those that ask the database. Call end when the work is over.
func (t *Tracer) Lazily(ctx context.Context, name string) (inner context.Context, end func()) {
	if !recorded(ctx) {
		return ctx, func() {}
	}
	l := &lazy{tracer: t, name: name, at: time.Now(), outer: lazyOf(ctx), around: trace.SpanFromContext(ctx)}
	return context.WithValue(ctx, lazyKey{}, l), l.end
}

// Within returns the first context with the span of the second, if that has one.
func Within(ctx, other context.Context) context.Context {
	if span := trace.SpanFromContext(other); span.SpanContext().IsValid() {
		return trace.ContextWithSpan(ctx, span)
	}
	return ctx
}

// lazy is a span that may never be.
type lazy struct {
	tracer *Tracer
	name   string
	at     time.Time
	outer  *lazy      // nil: none
	around trace.Span // what is around all of them

	mu   sync.Mutex
	span trace.Span // nil: not yet
	over bool
}

func lazyOf(ctx context.Context) *lazy {
	l, _ := ctx.Value(lazyKey{}).(*lazy)
	return l
}

// within returns the context with the span, which begins here if it is still time.
func (l *lazy) within(ctx context.Context) context.Context {
	return trace.ContextWithSpan(ctx, l.begun())
}

// begun is the span, or if its work was over before anybody needed it, the one around it.
func (l *lazy) begun() trace.Span {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.span != nil {
		return l.span
	}
	around := l.around
	if l.outer != nil {
		around = l.outer.begun()
	}
	if l.over {
		return around
	}
	ctx := trace.ContextWithSpan(context.Background(), around)
	_, l.span = l.tracer.Start(ctx, l.name, trace.WithTimestamp(l.at))
	return l.span
}

func (l *lazy) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	if l.span != nil {
		l.span.End()
	}
}

// Failed marks a span as failed by an error of a class: a code, a state, a type. The error's text stays out: it may quote
// what somebody sent.
func Failed(span trace.Span, class string) {
	span.SetStatus(codes.Error, "")
	span.SetAttributes(semconv.ErrorTypeKey.String(class))
}

// Class is the part of a foreign error that may be in a span.
func Class(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return fmt.Sprintf("%T", err)
}
