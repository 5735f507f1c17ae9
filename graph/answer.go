package graph

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"nelke/ent/schema"
	"nelke/internal/portal"
	"nelke/internal/wire"
)

const (
	// MaxAnswer is how many bytes the data of one response may have unless Options say otherwise.
	MaxAnswer = 4 << 20
	// bulkAnswers is how many times as much partners with the scope CATALOGUE_BULK may have.
	bulkAnswers = 8
	// maxPiece bounds a part of an answer that is written in one go.
	maxPiece = bulkAnswers * MaxAnswer
	// fieldBytes is what a field comes to beside its name and its text, and about what a number, a date or an id has.
	fieldBytes = 24
	// maxName is how long an alias may be: it stands in the answer as often as its field does.
	maxName = 128
	// lightAnswer is how many bytes of an answer take no room of what is on its way: about what a connection takes anyway. For more of
	// it there must be room, answerStep ahead, so that not each field asks.
	lightAnswer = 8 << 10
	answerStep  = 32 << 10
)

// The codes of answers that end before they are whole.
const codeTooLarge = "RESPONSE_TOO_LARGE"

// answers bounds what one operation may answer, and stops an execution whose answer is too large or that nobody waits for any
// more: between two fields, so also between the elements of a list.
type answers struct {
	limit  int
	portal *portal.Portal
}

func (answers) ExtensionName() string                   { return answerExtension }
func (answers) Validate(graphql.ExecutableSchema) error { return nil }

const answerExtension = "Answer"

// answer is what one operation has answered so far, of a subscription: in the response that is being made.
type answer struct {
	limit  atomic.Int64
	usual  int64       // the limit of who may not have more
	widen  func() bool // whether the caller may have more, asked when there is need
	fields atomic.Int64
	bytes  atomic.Int64
	room   atomic.Int64    // how many bytes have room
	load   *wire.Load      // what has room is weighed for; nil for a subscription, whose messages are weighed by who sends them
	ending atomic.Int32    // why the rest is left out
	ctx    context.Context //nolint:containedctx // of the operation, whose answer this is: fields look whether it has ended
	mu     sync.Mutex
	read   map[readKey][]*reading
	cut    []truncated
}

const (
	tooLarge = 1 + iota
	tooLate
	tooMuch
)

// MutateOperationContext puts the bound in front of every field. The operation has its own chain, so that a field needs no look
// into its context.
func (e answers) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	a := &answer{ctx: ctx}
	a.limit.Store(int64(e.limit))
	a.usual = int64(e.limit)
	a.widen = sync.OnceValue(func() bool {
		bulk, err := e.portal.MayAs(a.ctx, portal.BulkCatalogue)
		if err != nil || !bulk || op.Operation.Operation != ast.Query {
			return false
		}
		a.limit.Store(int64(e.limit) * bulkAnswers)
		return true
	})
	op.Stats.SetExtension(answerExtension, a)
	chain := op.ResolverMiddleware
	op.ResolverMiddleware = func(ctx context.Context, next graphql.Resolver) (any, error) {
		if a.over() {
			return graphql.Null, nil // the response is replaced, so nobody reads it
		}
		value, err := chain(ctx, next)
		a.weigh(ctx, value)
		return value, err
	}
	return nil
}

// InterceptOperation notes whose deadline counts.
func (answers) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	a := answerOf(ctx)
	a.ctx = ctx
	a.room.Store(math.MaxInt64)
	if graphql.GetOperationContext(ctx).Operation.Operation != ast.Subscription {
		a.load = wire.LoadOf(ctx)
		a.room.Store(lightAnswer)
	}
	return next(ctx)
}

// InterceptResponse replaces a response that isn't whole by its error. What a mutation has written stays written, so the data is
// null, which says that something was executed.
func (answers) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	a := answerOf(ctx)
	if a == nil {
		return next(ctx) // refused before it was an operation
	}
	response := next(ctx)
	if response != nil {
		a.check(int64(len(response.Data)))
		switch a.ending.Load() {
		case tooLarge:
			response = &graphql.Response{Data: json.RawMessage("null"), Errors: gqlerror.List{
				refusal(codeTooLarge, "The answer has more than %d bytes. Ask for less at a time.", a.limit.Load()),
			}}
		case tooLate:
			late := refusal(codeTimeout, messageTimeout)
			if says(response.Errors, codeUnavailable) {
				late = refusal(codeUnavailable, messageUnavailable)
			}
			response = &graphql.Response{Data: json.RawMessage("null"), Errors: gqlerror.List{late}}
		case tooMuch:
			response = &graphql.Response{Data: json.RawMessage("null"), Errors: gqlerror.List{
				refusal(codeUnavailable, "Please try again in a moment: %s.", wire.Full{}),
			}}
		default:
			response.Errors = blamed(response.Errors)
			response.Extensions = a.noted(response.Extensions)
		}
	}
	a.reset()
	return response
}

// over reports whether the rest of the answer is left out. Whether anybody still waits is asked at every sixteenth field.
func (a *answer) over() bool {
	if a.fields.Add(1)&15 == 0 && a.ctx.Err() != nil {
		a.ending.CompareAndSwap(0, tooLate)
	}
	return a.ending.Load() != 0
}

// weigh adds what a value will have in the answer: less than its bytes by a few for what is neither text nor a list of texts.
func (a *answer) weigh(ctx context.Context, value any) {
	n := fieldBytes
	if fc := graphql.GetFieldContext(ctx); fc != nil {
		n += len(fc.Field.Alias)
	}
	switch v := value.(type) {
	case string:
		n += len(v)
	case *string:
		if v != nil {
			n += len(*v)
		}
	case json.RawMessage:
		n += len(v)
	case []string:
		for _, s := range v {
			n += len(s) + 3
		}
	case schema.Text:
		longest := 0 // the answer has one language
		for _, s := range v {
			longest = max(longest, len(s))
		}
		n += longest
	case *whole:
		n += len(*v.json)
	case rendered:
		n += len(v)
	}
	a.check(a.bytes.Add(int64(n)))
}

func (a *answer) check(n int64) {
	if n > a.limit.Load() && (!a.widen() || n > a.limit.Load()) {
		a.ending.CompareAndSwap(0, tooLarge)
		return
	}
	if n > a.room.Load() && !a.more(n) {
		a.ending.CompareAndSwap(0, tooMuch)
	}
}

// goesOn reports whether a value that is written in one go, and has so many bytes by now, may have more: there is room for it before
// it is there.
func (a *answer) goesOn(n int) bool {
	if a == nil {
		return true
	}
	if bytes := a.bytes.Load() + int64(n); bytes > a.room.Load() {
		a.check(bytes)
	}
	return a.ending.Load() == 0 // what ended before stays so, though there may be room again
}

// more finds room for an answer of so many bytes.
func (a *answer) more(n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	has := a.room.Load()
	if n <= has {
		return true
	}
	to := n + answerStep
	if !a.load.Answer(has, to, to > a.usual+answerStep) {
		return false
	}
	a.room.Store(to)
	return true
}

// reset begins the next response of a subscription.
func (a *answer) reset() {
	a.fields.Store(0)
	a.bytes.Store(0)
	a.ending.Store(0)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.read, a.cut = nil, nil
}

func answerOf(ctx context.Context) *answer {
	if !graphql.HasOperationContext(ctx) {
		return nil
	}
	return answerIn(graphql.GetOperationContext(ctx))
}

func answerIn(op *graphql.OperationContext) *answer {
	a, _ := op.Stats.GetExtension(answerExtension).(*answer)
	return a
}

// readKey is a field of an object, and reading is what it came to for a list of them.
type readKey struct{ object, field string }

type reading struct {
	objs  any
	once  sync.Once
	value any
	err   error
}

// readOnce reads a field of some objects once in a response, however often it stands there under other names.
func readOnce[T, R any](ctx context.Context, objs []*T, read func(context.Context, []*T) ([]R, error)) ([]R, error) {
	a, fc := answerOf(ctx), graphql.GetFieldContext(ctx)
	if a == nil || fc == nil || len(fc.Args) > 0 {
		return read(ctx, objs)
	}
	r := a.reading(readKey{fc.Object, fc.Field.Name}, func(other any) bool {
		same, ok := other.([]*T)
		return ok && slices.Equal(same, objs)
	}, objs)
	r.once.Do(func() {
		r.value, r.err = nil, errNotRead // what stands there after a panic
		r.value, r.err = read(ctx, objs)
	})
	found, _ := r.value.([]R)
	return found, r.err
}

func (a *answer) reading(key readKey, same func(any) bool, objs any) *reading {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.read[key] {
		if same(r.objs) {
			return r
		}
	}
	r := &reading{objs: objs}
	if a.read == nil {
		a.read = map[readKey][]*reading{}
	}
	a.read[key] = append(a.read[key], r)
	return r
}

// truncated names a list of which an answer has the newest entries only.
type truncated struct {
	Path   ast.Path `json:"path"`
	Newest int      `json:"newest"`
}

// truncation notes that a list isn't whole. Clients read so in the response's extensions.
func truncation(ctx context.Context, newest int) {
	a := answerOf(ctx)
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.cut) < 100 {
		a.cut = append(a.cut, truncated{graphql.GetPath(ctx), newest})
	}
}

func (a *answer) noted(extensions map[string]any) map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.cut) == 0 {
		return extensions
	}
	if extensions == nil {
		extensions = map[string]any{}
	}
	extensions["truncated"] = a.cut
	return extensions
}
