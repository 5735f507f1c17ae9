package tracing

import (
	"context"
	"log/slog"
	"sync/atomic"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// exporter delivers spans, and logs failures: once when they begin and once when they end, not for every
// batch. (The SDK would write each to stderr, past the log.)
type exporter struct {
	to    sdk.SpanExporter
	log   *slog.Logger
	life  context.Context //nolint:containedctx // of the exporter itself, for those whose context the batcher makes up
	cut   context.CancelFunc
	ended chan struct{} // closed when the batcher is done

	failing         atomic.Bool
	delivered, lost atomic.Uint64
}

func newExporter(to sdk.SpanExporter, log *slog.Logger) *exporter {
	life, cut := context.WithCancel(context.Background())
	return &exporter{to: to, log: log, life: life, cut: cut, ended: make(chan struct{})}
}

// ExportSpans implements sdk.SpanExporter. It has no errors.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	unfollow := context.AfterFunc(e.life, cancel)
	defer unfollow()
	if err := e.to.ExportSpans(ctx, spans); err != nil {
		e.lost.Add(uint64(len(spans)))
		if !e.failing.Swap(true) {
			e.log.WarnContext(ctx, "traces can't be delivered", "err", err)
		}
		return nil
	}
	e.delivered.Add(uint64(len(spans)))
	if e.failing.Swap(false) {
		e.log.InfoContext(ctx, "traces are delivered again")
	}
	return nil
}

// Shutdown implements sdk.SpanExporter. The batcher calls it last of all.
func (e *exporter) Shutdown(ctx context.Context) error {
	defer close(e.ended)
	return e.to.Shutdown(ctx)
}
