package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"nelke/internal/tracing"
)

// spans gives operations their spans: one for the operation, within it parsing, validation and execution, and within that
// each root field and those other resolvers that ask for something elsewhere. Of a subscription each message is an
// operation, not the hours between.
//
// It says what the document is (type, name, hash), never what is in it: variables and literals are people's own words.
type spans struct {
	tracer *tracing.Tracer
	names  *Names
}

type beganKey struct{}

func (*spans) ExtensionName() string                   { return "Spans" }
func (*spans) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation begins the span of a query or a mutation. It ends with the answer.
func (s *spans) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	ctx = context.WithValue(ctx, beganKey{}, true)
	if op.Operation.Operation == ast.Subscription { // its messages have spans: see watcher
		op.ResolverMiddleware = s.resolvers(op.ResolverMiddleware)
		return next(ctx)
	}
	ctx, operation := s.begin(ctx, op, op.Stats.OperationStart, true)
	if !operation.IsRecording() {
		return next(ctx)
	}
	s.prepared(ctx, op)
	op.ResolverMiddleware = s.resolvers(op.ResolverMiddleware)
	handler := next(ctx)
	return func(ctx context.Context) (response *graphql.Response) {
		ctx, execution := s.tracer.Begin(ctx, "graphql.execute")
		defer func() { // also where it panics
			execution.End()
			finish(ctx, operation, response)
		}()
		return handler(ctx)
	}
}

// InterceptResponse notes an operation that was refused: nothing of it was executed.
func (s *spans) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	if ctx.Value(beganKey{}) != nil || !graphql.HasOperationContext(ctx) {
		return response
	}
	op := graphql.GetOperationContext(ctx)
	ctx, operation := s.begin(ctx, op, op.Stats.OperationStart, false)
	if operation.IsRecording() {
		s.prepared(ctx, op)
	}
	finish(ctx, operation, response)
	return response
}

// begin begins the span of an operation, from the given instant. One that isn't executed gives no name: its document may be
// anything.
func (s *spans) begin(ctx context.Context, op *graphql.OperationContext, at time.Time, executed bool) (context.Context, trace.Span) {
	kind := "graphql" // what can't be read has no type
	attributes := make([]attribute.KeyValue, 0, 3)
	if op.Operation != nil {
		kind = string(op.Operation.Operation)
		attributes = append(attributes, semconv.GraphQLOperationTypeKey.String(kind))
		if executed {
			if name := s.names.Of(op); name != "" {
				attributes = append(attributes, semconv.GraphQLOperationName(name))
			}
		}
	}
	if at.IsZero() {
		at = graphql.Now()
	}
	ctx, span := s.tracer.Begin(ctx, kind, trace.WithTimestamp(at), trace.WithAttributes(attributes...))
	if span.IsRecording() && op.RawQuery != "" {
		hash := sha256.Sum256([]byte(op.RawQuery))
		span.SetAttributes(attribute.String("graphql.document.hash", "sha256:"+hex.EncodeToString(hash[:])))
	}
	return ctx, span
}

// prepared notes what came before the operation's span could begin.
func (s *spans) prepared(ctx context.Context, op *graphql.OperationContext) {
	for _, phase := range []struct {
		name   string
		timing graphql.TraceTiming
	}{{"graphql.parse", op.Stats.Parsing}, {"graphql.validate", op.Stats.Validation}} {
		if phase.timing.Start.IsZero() {
			continue
		}
		end := phase.timing.End
		if end.IsZero() { // it ended in a refusal
			end = graphql.Now()
		}
		_, span := s.tracer.Begin(ctx, phase.name, trace.WithTimestamp(phase.timing.Start))
		span.End(trace.WithTimestamp(end))
	}
}

// resolvers gives resolvers their spans, around what else is done with fields. Fields that are merely read have none.
func (s *spans) resolvers(around graphql.FieldMiddleware) graphql.FieldMiddleware {
	return func(ctx context.Context, next graphql.Resolver) (any, error) {
		field := graphql.GetFieldContext(ctx)
		if !field.IsResolver {
			return around(ctx, next)
		}
		name := field.Object + "." + field.Field.Name
		switch field.Object {
		case "Query", "Mutation", "Subscription":
			ctx, span := s.tracer.Begin(ctx, name)
			defer span.End()
			return around(ctx, next)
		default:
			ctx, end := s.tracer.Lazily(ctx, name)
			defer end()
			return around(ctx, next)
		}
	}
}

// finish ends the span of an operation. Of errors it notes the codes: their texts may quote what somebody sent. What the
// client did wrong is no failure.
func finish(ctx context.Context, span trace.Span, response *graphql.Response) {
	defer span.End()
	switch {
	case !span.IsRecording():
		return
	case response == nil && ctx.Err() != nil:
		tracing.Failed(span, codeTimeout)
		return
	case response == nil: // it panicked
		tracing.Failed(span, codeInternal)
		return
	}
	codes := codesOf(response.Errors)
	if len(codes) == 0 {
		return
	}
	span.SetAttributes(attribute.StringSlice("nelke.error.codes", codes))
	for _, ours := range []string{codeInternal, codeUnavailable, codeTimeout} {
		if slices.Contains(codes, ours) {
			tracing.Failed(span, ours)
			return
		}
	}
}

// codesOf are the codes of errors, each once.
func codesOf(errors gqlerror.List) (codes []string) {
	for _, err := range errors {
		if code, _ := err.Extensions["code"].(string); code != "" && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// message begins the span of a message that may be sent: reading the state anew, and executing what the client asked of
// it. A reading that brought no news is sent to nobody, and says so. The nil spans give the context itself.
func (s *spans) message(
	ctx context.Context, op *graphql.OperationContext, at time.Time,
) (inner context.Context, end func(response *graphql.Response, sent bool)) {
	if s == nil {
		return ctx, func(*graphql.Response, bool) {}
	}
	inner, span := s.begin(ctx, op, at, true)
	return inner, func(response *graphql.Response, sent bool) {
		if sent {
			finish(ctx, span, response)
			return
		}
		span.SetAttributes(attribute.Bool("nelke.message.sent", false))
		span.End()
	}
}
