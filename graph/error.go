package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"nelke/graph/scalar"
	"nelke/internal/identity"
	"nelke/internal/problem"
)

// The codes of errors, in extensions.code. Problems of queries carry their own code.
const (
	codeInternal    = "INTERNAL"
	codeUnavailable = "UNAVAILABLE"
	codeTimeout     = "TIMEOUT"
	codeTooMany     = "TOO_MANY_REPRESENTATIONS"
)

const (
	messageUnavailable = "The service can't answer just now. Please try again in a moment."
	messageTimeout     = "The answer took too long."
)

var (
	errTooMany  = errors.New("at most 1000 representations of one type in a request")
	errNoStream = errors.New("a subscription outside the watcher")
	errNotRead  = errors.New("reading a field panicked")
)

// present makes of any error what a client may read: a problem in its own words, a fault of the request as the
// executor says it, and everything else as one of three codes. The whole of it stands in the log.
func present(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		var own *gqlerror.Error
		if errors.As(err, &own) && own.Err == nil && (own.Extensions["code"] != nil || own.Rule != "") {
			return own // a fault of the request, said by the parser, the validator or our limits
		}
		out := &gqlerror.Error{Path: graphql.GetPath(ctx)}
		if own != nil {
			out.Locations = own.Locations
			if own.Path != nil {
				out.Path = own.Path
			}
		}
		code := codeInternal
		refusal := (*problem.Problem)(nil)
		switch {
		case errors.As(err, &refusal):
			out.Message = messageOf(refusal, scalar.LanguageOf(ctx))
			code = string(refusal.Code)
			if len(refusal.Path) > 0 {
				out.Extensions = map[string]any{"path": refusal.Path}
			}
		case errors.Is(err, errTooMany):
			out.Message, code = errTooMany.Error(), codeTooMany
		case problem.Unavailable(err), errors.Is(err, identity.ErrIdentityUnavailable):
			out.Message, code = messageUnavailable, codeUnavailable
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
			out.Message, code = messageTimeout, codeTimeout
		case own != nil && own.Err == nil && graphql.GetFieldContext(ctx) == nil:
			own.Extensions = map[string]any{"code": errcode.ValidationFailed} // gqlgen's own, of a persisted document
			return own
		default:
			out.Message = "Something went wrong on our side. It has been noted."
			log.ErrorContext(ctx, "unexpected error", "error", err, "path", out.Path.String())
		}
		if out.Extensions == nil {
			out.Extensions = map[string]any{}
		}
		out.Extensions["code"] = code
		return out
	}
}

// says reports whether one of an answer's errors has one of the codes.
func says(errs gqlerror.List, codes ...any) bool {
	return slices.ContainsFunc(errs, func(err *gqlerror.Error) bool { return slices.Contains(codes, err.Extensions["code"]) })
}

// blamed replaces TIMEOUT by UNAVAILABLE in the errors of an answer that has UNAVAILABLE, too: other fields waited their turn
// behind the one that waited for the database, until there was no time left.
func blamed(errs gqlerror.List) gqlerror.List {
	if !says(errs, codeUnavailable) {
		return errs
	}
	for _, err := range errs {
		if err.Extensions["code"] == codeTimeout {
			err.Message, err.Extensions["code"] = messageUnavailable, codeUnavailable
		}
	}
	return errs
}

// recovered makes an error of a panic. Its text is for the log alone.
func recovered(log *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, value any) error {
		log.ErrorContext(ctx, "panic", "value", fmt.Sprint(value), "stack", string(debug.Stack()))
		return errors.New("panic")
	}
}
