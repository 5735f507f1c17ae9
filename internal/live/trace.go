package live

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"nelke/internal/tracing"
)

// Trace gives the commands of a client their spans, where they are part of a trace: what the relay does by itself isn't.
// A span names the command and nothing that was sent with it: keys tell of networks, and values of anything.
// A nil tracer changes nothing.
func Trace(client redis.UniversalClient, tracer *tracing.Tracer) {
	if tracer != nil {
		client.AddHook(traced{tracer})
	}
}

type traced struct{ tracer *tracing.Tracer }

// DialHook implements redis.Hook.
func (traced) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements redis.Hook.
func (t traced) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		span := t.begin(ctx, cmd.Name())
		err := next(ctx, cmd)
		ended(span, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (t traced) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		span := t.begin(ctx, "pipeline")
		if span != nil {
			span.SetAttributes(semconv.DBOperationBatchSize(len(cmds)))
		}
		err := next(ctx, cmds)
		ended(span, err)
		return err
	}
}

func (t traced) begin(ctx context.Context, command string) trace.Span {
	name := strings.ToUpper(command)
	return t.tracer.Leaf(ctx, func() string { return name }, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(semconv.DBSystemNameRedis, semconv.DBOperationName(name)))
}

// ended ends a span. That there is no value, or no script yet, is an answer.
func ended(span trace.Span, err error) {
	if span == nil {
		return
	}
	if err != nil && !errors.Is(err, redis.Nil) && !redis.HasErrorPrefix(err, "NOSCRIPT") {
		tracing.Failed(span, tracing.Class(err))
	}
	span.End()
}
