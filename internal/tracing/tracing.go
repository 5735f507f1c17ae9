// Package tracing sends spans of the parts of a request to an OpenTelemetry collector.
//
// A nil [Tracer] is tracing that is off. Whoever traces is not built in then, rather than asked each time: requests cost
// what they would without this package.
//
// What is written into spans names operations, fields and statements. It never holds a value that a person sent or that
// the database gave: no variables, arguments, keys, tokens, addresses, and no text of errors, which may quote all of those.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Config says where spans go. What it doesn't say (headers, certificates, compression, timeouts, batches, limits) the
// SDK reads from the OTEL_* variables of the environment by itself.
type Config struct {
	// Endpoint is the base URL of a collector that speaks OTLP over HTTP; /v1/traces is added. Empty, with URL: tracing is off.
	Endpoint string
	// URL is the whole URL for traces, and goes before Endpoint.
	URL string
	// Service is what the process is called. "nelke" when empty, unless OTEL_RESOURCE_ATTRIBUTES says something else.
	Service string
	// Version of the program.
	Version string
	// Sampler decides which traces are recorded: see [NewSampler]. nil: all, but those whose caller decided otherwise.
	Sampler sdk.Sampler
	// Log gets a line when spans can't be delivered, and when they can again.
	Log *slog.Logger
}

// Tracer begins spans. The nil Tracer is off; only its Shutdown may be called.
type Tracer struct {
	trace.Tracer

	provider *sdk.TracerProvider
	exporter *exporter
}

// Open makes a tracer, nil if the configuration names no collector. It connects to nothing: a collector that is away
// costs spans, nothing else.
func Open(ctx context.Context, cfg Config) (*Tracer, error) {
	target, err := cfg.target()
	if err != nil || target == "" {
		return nil, err
	}
	described, err := describe(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("tracing.Open: %w", err)
	}
	to, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(target))
	if err != nil {
		return nil, fmt.Errorf("tracing.Open(%s): %w", target, err)
	}
	sampler := cfg.Sampler
	if sampler == nil {
		sampler = sdk.ParentBased(sdk.AlwaysSample())
	}
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	e := newExporter(to, log)
	// The batcher's queue is bounded: what doesn't fit is dropped, and nobody waits for a collector.
	provider := sdk.NewTracerProvider(sdk.WithBatcher(e), sdk.WithResource(described), sdk.WithSampler(sampler))
	return &Tracer{Tracer: provider.Tracer("nelke"), provider: provider, exporter: e}, nil
}

func (c Config) target() (string, error) {
	if c.URL != "" || c.Endpoint == "" {
		return c.URL, nil
	}
	target, err := url.JoinPath(c.Endpoint, "v1", "traces")
	if err != nil {
		return "", errors.New("tracing.Open: the collector's endpoint is no URL")
	}
	return target, nil
}

// describe names the process, and no more: neither host nor user nor command line.
func describe(ctx context.Context, cfg Config) (*resource.Resource, error) {
	options := []resource.Option{
		resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName("nelke"), semconv.ServiceVersion(cfg.Version)),
		resource.WithFromEnv(),
	}
	if cfg.Service != "" {
		options = append(options, resource.WithAttributes(semconv.ServiceName(cfg.Service)))
	}
	return resource.New(ctx, options...)
}

// Shutdown delivers what is left, until ctx ends; what is still left then is lost. Nothing of the tracer runs afterwards.
func (t *Tracer) Shutdown(ctx context.Context) {
	if t == nil {
		return
	}
	// The batcher stops waiting when ctx ends, but goes on delivering until its own timeouts: that is cut off.
	unfollow := context.AfterFunc(ctx, t.exporter.cut)
	defer unfollow()
	_ = t.provider.Shutdown(ctx) // the exporter has logged what couldn't be delivered
	<-t.exporter.ended
}

// Delivered and Lost count spans that the collector took, and that it was asked to take and didn't. Those that didn't
// fit into the queue are in neither.
func (t *Tracer) Delivered() uint64 { return t.exporter.delivered.Load() }

// Lost is explained at Delivered.
func (t *Tracer) Lost() uint64 { return t.exporter.lost.Load() }

// NewSampler makes a sampler from the values of OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, as the specification of
// OpenTelemetry has them: always_on, always_off, traceidratio, and each with parentbased_ before it. Empty is
// parentbased_always_on. A ratio is from 0 to 1, empty is 1.
func NewSampler(name, arg string) (sdk.Sampler, error) {
	ratio := 1.0
	if arg != "" {
		var err error
		if ratio, err = strconv.ParseFloat(arg, 64); err != nil || !(ratio >= 0 && ratio <= 1) {
			return nil, ErrSamplerArg
		}
	}
	switch name {
	case "", "parentbased_always_on":
		return sdk.ParentBased(sdk.AlwaysSample()), nil
	case "parentbased_always_off":
		return sdk.ParentBased(sdk.NeverSample()), nil
	case "parentbased_traceidratio":
		return sdk.ParentBased(sdk.TraceIDRatioBased(ratio)), nil
	case "always_on":
		return sdk.AlwaysSample(), nil
	case "always_off":
		return sdk.NeverSample(), nil
	case "traceidratio":
		return sdk.TraceIDRatioBased(ratio), nil
	}
	return nil, ErrSampler
}

// What NewSampler refuses.
var (
	ErrSampler    = errors.New("no such sampler")
	ErrSamplerArg = errors.New("the sampler's argument must be a number from 0 to 1")
)
