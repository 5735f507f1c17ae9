package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"nelke/internal/portal"
	"nelke/internal/problem"
)

// answerError answers a request over plain HTTP that the portal returned an error for. It calls write with the status: 404 for
// portal.ErrNoPayment, 503 with Retry-After where the same request may succeed later, or else 500. Of a 500 the log has the
// error, under what.
func answerError(ctx context.Context, w http.ResponseWriter, log *slog.Logger, what string, err error, write func(status int)) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, portal.ErrNoPayment):
		status = http.StatusNotFound
	case problem.Unavailable(err), ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", retryAfter)
	default:
		log.ErrorContext(ctx, what, "err", err)
	}
	write(status)
}

// writeStatus answers a program with a status and its standard text.
func writeStatus(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }
