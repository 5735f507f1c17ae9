package job

import (
	"context"
	"encoding/json"

	"github.com/riverqueue/river/rivertype"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"nelke/internal/tracing"
)

// origin is what a job keeps of the trace in which it is enqueued, as River's metadata; nil where that isn't recorded.
func (c *Client) origin(ctx context.Context) []byte {
	if c.opts.Tracer == nil {
		return nil
	}
	traceparent := tracing.Traceparent(ctx)
	if traceparent == "" {
		return nil
	}
	metadata, err := json.Marshal(kept{traceparent})
	if err != nil {
		panic(err) // strings always encode
	}
	return metadata
}

type kept struct {
	Traceparent string `json:"traceparent"`
}

// begin begins the trace of an attempt. It has one of its own, since it may come days later: the one in which the job was
// enqueued is over by then.
func (c *Client) begin(ctx context.Context, row *rivertype.JobRow) (inner context.Context, end func(error)) {
	if c.opts.Tracer == nil {
		return ctx, func(error) {}
	}
	var from kept
	_ = json.Unmarshal(row.Metadata, &from) // without it there is no link
	ctx, span := c.opts.Tracer.Begin(tracing.Later(ctx, from.Traceparent), "job "+row.Kind,
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.String("nelke.job.kind", row.Kind), attribute.Int("nelke.job.attempt", row.Attempt)))
	return ctx, func(err error) {
		if err != nil {
			tracing.Failed(span, tracing.Class(err))
		}
		span.End()
	}
}
