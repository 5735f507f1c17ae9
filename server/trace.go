package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"nelke/graph"
	"nelke/internal/tracing"
	"nelke/internal/wire"
)

// tracer is where traces go, as OpenTelemetry's variables say; nil: nowhere.
func (c Config) tracer(ctx context.Context, log *slog.Logger) (*tracing.Tracer, error) {
	if c.TraceOff || c.TraceExporter == "none" {
		return nil, nil
	}
	sampler, err := tracing.NewSampler(c.TraceSampler, c.TraceSamplerArg)
	if err != nil {
		return nil, err
	}
	return tracing.Open(ctx, tracing.Config{
		Endpoint: c.TraceEndpoint, URL: c.TraceURL, Service: c.TraceService, Version: c.version(), Sampler: sampler, Log: log,
	})
}

func (c Config) checkTraces(found *ConfigError) {
	if c.TraceEndpoint != "" {
		checkURL(found, "OTEL_EXPORTER_OTLP_ENDPOINT", c.TraceEndpoint)
	}
	if c.TraceURL != "" {
		checkURL(found, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.TraceURL)
	}
	switch _, err := tracing.NewSampler(c.TraceSampler, c.TraceSamplerArg); {
	case errors.Is(err, tracing.ErrSampler):
		found.add("OTEL_TRACES_SAMPLER", "must be always_on, always_off, traceidratio, or one of these with parentbased_ before it")
	case err != nil:
		found.add("OTEL_TRACES_SAMPLER_ARG", "must be a number from 0 to 1")
	}
	if c.TraceExporter != "otlp" && c.TraceExporter != "none" {
		found.add("OTEL_TRACES_EXPORTER", "must be otlp or none")
	}
	if c.TraceProtocol != "http/protobuf" && c.TraceProtocol != "http/json" {
		found.add("OTEL_EXPORTER_OTLP_PROTOCOL", "must be http/protobuf or http/json")
	}
	if !slices.Contains([]string{"proxies", "all", "none"}, c.TraceAnswers) {
		found.add("NELKE_FTV1", "must be proxies, all or none")
	}
}

// endTraces delivers what is left of traces. It may take a tenth of the time for stopping, which the other parts leave.
func (p *parts) endTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.StopTimeout/10)
	defer cancel()
	p.tracer.Shutdown(ctx)
}

// traced gives each request its span, named by its route. It stands within observe, whose notes it takes over. The
// caller's trace is continued if a proxy of ours sent it, since anybody else could have every request of his recorded; to
// others' there is a link. A nil tracer leaves nothing in the way.
func traced(tracer *tracing.Tracer, proxies []netip.Prefix) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if tracer == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			e := exchangeOf(r.Context())
			path := route(r)
			if e == nil || path == "/livez" || path == "/readyz" || path == "/metrics" { // every few seconds, by machines
				next.ServeHTTP(w, r)
				return
			}
			ctx, span := begin(tracer, r, path, fromProxy(r, proxies))
			if span.SpanContext().IsSampled() {
				e.trace = span.SpanContext().TraceID().String()
			}
			if streams(r) { // it may be open for hours, and what comes in it has spans of its own
				ctx = tracing.Apart(ctx, span.SpanContext())
				span.SetAttributes(attribute.Bool("nelke.stream", true))
				span.End()
			} else {
				defer answered(span, e)
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func begin(tracer *tracing.Tracer, r *http.Request, path string, trusted bool) (context.Context, trace.Span) {
	ctx := r.Context()
	options := []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(semconv.HTTPRequestMethodKey.String(method(r)), semconv.HTTPRoute(path)),
	}
	switch from := tracing.From(r.Header); {
	case !from.IsValid():
	case trusted:
		ctx = trace.ContextWithRemoteSpanContext(ctx, from)
	default:
		options = append(options, trace.WithLinks(trace.Link{SpanContext: from}))
	}
	return tracer.Begin(ctx, method(r)+" "+path, options...)
}

// answered ends the span of a request with what the exchange has noted of its answer.
func answered(span trace.Span, e *exchange) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(e.status), semconv.HTTPResponseBodySize(e.bytes))
	if e.kept {
		span.SetAttributes(attribute.Bool("nelke.kept", true))
	}
	if e.status >= http.StatusInternalServerError || e.status == 0 {
		tracing.Failed(span, http.StatusText(e.status))
	}
}

// streams reports whether a request asks for a stream, as the transports see it.
func streams(r *http.Request) bool {
	return r.URL.Path == "/graphql" && (wire.WebSocket{}.Supports(r) || wire.SSE{}.Supports(r))
}

// fromProxy reports whether a proxy of ours sent the request.
func fromProxy(r *http.Request, proxies []netip.Prefix) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(remote.Addr().Unmap()) })
}

// tracesFor drops the wish for a trace in the answer where it isn't granted: it costs, keeps answers from being kept, and
// shows how long things take.
func tracesFor(cfg Config) func(http.Handler) http.Handler {
	networks := proxies(cfg)
	return func(next http.Handler) http.Handler {
		if cfg.TraceAnswers == "all" {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header[graph.FTV1Header] != nil && (cfg.TraceAnswers == "none" || !fromProxy(r, networks)) {
				r.Header.Del(graph.FTV1Header)
			}
			next.ServeHTTP(w, r)
		})
	}
}
