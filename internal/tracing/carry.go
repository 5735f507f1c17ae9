package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// What goes from process to process is W3C's traceparent and tracestate, and never baggage, which is anybody's words.

// From returns the span that headers name; an invalid one if they name none.
func From(header http.Header) trace.SpanContext {
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(header)))
}

// Traceparent names the context's span, for what is done later and elsewhere. It is empty unless the span is recorded.
func Traceparent(ctx context.Context) string {
	if !recorded(ctx) {
		return ""
	}
	if l := lazyOf(ctx); l != nil {
		ctx = l.within(ctx)
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// Later returns a context whose next Begin is a trace of its own, with a link to the span that a traceparent names.
func Later(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	carrier := propagation.MapCarrier{"traceparent": traceparent}
	return Apart(ctx, trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier)))
}

// Transport gives every call to another service a span, and sends that service its traceparent. The span names host and method:
// paths hold ids. A nil tracer gives next itself.
func (t *Tracer) Transport(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return transport{t, next, true}
}

// Outward is Transport for calls to strangers: they get spans like others, and no traceparent. What a stranger
// is sent should name nothing by which calls to several of them could be put together.
func (t *Tracer) Outward(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return transport{t, next, false}
}

type transport struct {
	tracer *Tracer
	next   http.RoundTripper
	tells  bool
}

// RoundTrip implements http.RoundTripper. The span ends with the answer's header.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	span := t.tracer.Leaf(r.Context(), func() string { return r.Method }, trace.WithSpanKind(trace.SpanKindClient))
	if span == nil {
		return t.next.RoundTrip(r)
	}
	defer span.End()
	span.SetAttributes(semconv.HTTPRequestMethodKey.String(r.Method), semconv.ServerAddress(r.URL.Host))
	if t.tells {
		ctx := trace.ContextWithSpan(r.Context(), span)
		r = r.Clone(ctx) // a round tripper must not change the request
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
	}
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		Failed(span, Class(err))
		return nil, err
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(answer.StatusCode))
	if answer.StatusCode >= http.StatusBadRequest {
		Failed(span, http.StatusText(answer.StatusCode))
	}
	return answer, nil
}

// CloseIdleConnections lets http.Client reach the transport below.
func (t transport) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}
