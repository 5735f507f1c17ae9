package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	ftv1 "github.com/99designs/gqlgen/graphql/handler/apollofederatedtracingv1/generated"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// FTV1Header is the header by which a gateway asks for a trace in the answer, with the value "ftv1".
const FTV1Header = "Apollo-Federation-Include-Trace"

// DispatchOperation executes an operation. Where the request of a query or a mutation asks for Apollo's federated trace, the
// answer has it in extensions.ftv1: when each field was resolved, of what type, and where errors were, without their texts.
// The server decides whose header gets here. Without the header it costs a look at the headers.
//
// gqlgen's own extension is not used: it calls aliases fields, may give the items of a list twice, drops errors whose field
// it doesn't know, and sits between executor and every field whether or not anybody asked.
func (g *Graph) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	if !wantsTrace(op) {
		return g.Executor.DispatchOperation(ctx, op)
	}
	t := newFieldTimes(op.Stats.OperationStart)
	around := op.ResolverMiddleware
	op.ResolverMiddleware = func(ctx context.Context, next graphql.Resolver) (any, error) {
		defer t.resolve(graphql.GetFieldContext(ctx))()
		return around(ctx, next)
	}
	next, inner := g.Executor.DispatchOperation(ctx, op)
	return func(ctx context.Context) *graphql.Response {
		response := next(ctx)
		if response != nil {
			extensions := maps.Clone(response.Extensions)
			if extensions == nil {
				extensions = map[string]any{}
			}
			extensions["ftv1"] = t.encoded(response.Errors)
			response.Extensions = extensions
		}
		return response
	}, inner
}

func wantsTrace(op *graphql.OperationContext) bool {
	asked := op.Headers[FTV1Header]
	return len(asked) > 0 && asked[0] == "ftv1" && op.Operation.Operation != ast.Subscription
}

// fieldTimes are the fields of one operation in the making.
type fieldTimes struct {
	begin time.Time

	mu    sync.Mutex
	nodes map[*graphql.FieldContext]*ftv1.Trace_Node // the items of lists have contexts, too
	root  *ftv1.Trace_Node
}

func newFieldTimes(begin time.Time) *fieldTimes {
	if begin.IsZero() {
		begin = graphql.Now()
	}
	return &fieldTimes{begin: begin, nodes: map[*graphql.FieldContext]*ftv1.Trace_Node{}, root: &ftv1.Trace_Node{}}
}

func (t *fieldTimes) since() uint64 { return uint64(max(0, graphql.Now().Sub(t.begin))) }

// resolve notes that a field is being resolved, until done is called.
func (t *fieldTimes) resolve(field *graphql.FieldContext) (done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	node := t.node(field)
	node.Type = field.Field.Definition.Type.String()
	node.ParentType = field.Object
	node.StartTime = t.since()
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		node.EndTime = t.since()
	}
}

// node finds or makes the node of a field or an item, below that of its parent.
func (t *fieldTimes) node(field *graphql.FieldContext) *ftv1.Trace_Node {
	if field == nil || field.Index == nil && field.Field.Field == nil {
		return t.root
	}
	if node := t.nodes[field]; node != nil {
		return node
	}
	node := &ftv1.Trace_Node{}
	if field.Index != nil {
		node.Id = &ftv1.Trace_Node_Index{Index: uint32(*field.Index)}
	} else {
		node.Id = &ftv1.Trace_Node_ResponseName{ResponseName: field.Field.Alias}
		if field.Field.Name != field.Field.Alias {
			node.OriginalFieldName = field.Field.Name
		}
	}
	parent := t.node(field.Parent)
	parent.Child = append(parent.Child, node)
	t.nodes[field] = node
	return node
}

// encoded is the trace as gateways read it: a protobuf in base64. It is called once, when all fields have been resolved.
func (t *fieldTimes) encoded(errors gqlerror.List) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, err := range errors {
		t.fail(err)
	}
	took := t.since()
	data, err := proto.Marshal(&ftv1.Trace{
		StartTime: timestamppb.New(t.begin), EndTime: timestamppb.New(t.begin.Add(time.Duration(took))), DurationNs: took, Root: t.root,
	})
	if err != nil {
		return "" // a name that isn't UTF-8, which no document has
	}
	return base64.StdEncoding.EncodeToString(data)
}

// masked stands where a text might tell of persons: traces go on from gateways to whoever collects them.
const masked = "<masked>"

// fail notes an error at its field, or at the nearest field above it that was resolved.
func (t *fieldTimes) fail(err *gqlerror.Error) {
	node := t.root
	for _, step := range err.Path {
		next := below(node, step)
		if next == nil {
			break
		}
		node = next
	}
	told := &gqlerror.Error{Message: masked, Locations: err.Locations, Path: err.Path}
	if code, ok := err.Extensions["code"]; ok {
		told.Extensions = map[string]any{"code": code}
	}
	text, jsonErr := json.Marshal(told)
	if jsonErr != nil {
		text = nil // the error is noted all the same
	}
	out := &ftv1.Trace_Error{Message: masked, Json: string(text)}
	for _, l := range err.Locations {
		out.Location = append(out.Location, &ftv1.Trace_Location{Line: uint32(max(0, l.Line)), Column: uint32(max(0, l.Column))})
	}
	node.Error = append(node.Error, out)
}

func below(node *ftv1.Trace_Node, step ast.PathElement) *ftv1.Trace_Node {
	for _, child := range node.Child {
		switch id := child.Id.(type) {
		case *ftv1.Trace_Node_Index:
			if index, ok := step.(ast.PathIndex); ok && uint32(index) == id.Index {
				return child
			}
		case *ftv1.Trace_Node_ResponseName:
			if name, ok := step.(ast.PathName); ok && string(name) == id.ResponseName {
				return child
			}
		}
	}
	return nil
}
