package graph

import (
	"context"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"nelke/graph/bound"
	"nelke/graph/scalar"
	"nelke/internal/problem"
)

// strict refuses arguments that the specification refuses, and those that are longer than their bound, before anything of
// the document is executed. gqlgen reads arguments where their field is executed, after the mutations before it, and both it
// and gqlparser take what the specification doesn't: names of enum values in any case, "5" for 5, null where none may be.
type strict struct {
	schema  *ast.Schema
	bounds  map[any]bound.Bound // by *ast.ArgumentDefinition and *ast.FieldDefinition
	readers map[string]func(any) error
}

func newStrict(schema *ast.Schema) *strict {
	s := &strict{schema: schema, bounds: map[any]bound.Bound{}, readers: scalar.Readers()}
	for _, definition := range schema.Types {
		for _, field := range definition.Fields {
			place := definition.Name + "." + field.Name
			if definition.Kind == ast.InputObject {
				s.bounds[field] = s.boundOf(place, field.Type)
			}
			for _, argument := range field.Arguments {
				s.bounds[argument] = s.boundOf(place+"("+argument.Name+")", argument.Type)
			}
		}
	}
	for _, directive := range schema.Directives {
		for _, argument := range directive.Arguments {
			s.bounds[argument] = s.boundOf("@"+directive.Name+"("+argument.Name+")", argument.Type)
		}
	}
	return s
}

// boundOf is the bound of a place, or of a value of its type anywhere.
func (s *strict) boundOf(place string, t *ast.Type) bound.Bound {
	b := bound.OfInput(place, t)
	if t.Elem != nil && b.Entries == 0 {
		b.Entries = bound.Otherwise().Entries
		if d := s.schema.Types[t.Name()]; d != nil && d.Kind == ast.Enum {
			b.Entries = bound.EnumEntries
		}
	}
	if b.Letters == 0 {
		known, ok := bound.Scalars()[t.Name()]
		if !ok {
			known = bound.Otherwise()
		}
		b.Letters, b.Typed = known.Letters, b.Typed || known.Typed
	}
	return b
}

// check judges all arguments of an operation. It replaces variables by what they are coerced to: a list where one value
// stood for it, int64 for an Int however it was written, a string for an ID.
func (s *strict) check(op *graphql.OperationContext) *gqlerror.Error {
	if err := checkSurrogates(op.RawQuery); err != nil {
		return err
	}
	j := judge{strict: s, op: op}
	f := j.defaults(op.Operation.VariableDefinitions)
	if f == nil {
		f = j.directives(op.Operation.Directives)
	}
	if f == nil {
		f = j.selections(op.Operation.SelectionSet)
	}
	if f != nil {
		return f.error()
	}
	if op.Operation.Operation == ast.Subscription {
		if n := len(graphql.CollectFields(op, op.Operation.SelectionSet, []string{s.schema.Subscription.Name})); n != 1 {
			return refusal(errcode.ValidationFailed, "A subscription selects exactly one field; this one selects %d.", n)
		}
	}
	if len(j.misread) > 0 {
		answerMisread(op, j.misread)
	}
	return nil
}

// fault is what is wrong with a value.
type fault struct {
	path  []string // from the root of the arguments
	where string   // the same for people; from the variable on, with a $, where the value came in one
	words string
	at    *ast.Position
}

func (f *fault) error() *gqlerror.Error {
	err := refusal(errcode.ValidationFailed, "%s: %s.", f.where, f.words)
	err.Extensions["path"] = f.path
	if f.at != nil {
		err.Locations = []gqlerror.Location{{Line: f.at.Line, Column: f.at.Column}}
	}
	return err
}

// judge is one reading of one operation.
type judge struct {
	*strict
	op       *graphql.OperationContext
	spread   map[string]bool // fragments that were read
	seen     map[use]bool
	path     []step // to the value that is read, from the root of the arguments
	variable string // that it came in; empty for a literal
	within   int    // length of the path to the variable
	at       *ast.Position
	reading  string // key in the answer of the mutation whose arguments are read; empty elsewhere
	misread  map[string][]*problem.Problem
}

// step is a name, or an index where there is none.
type step struct {
	name  string
	index int
}

func (s step) String() string {
	if s.name == "" {
		return strconv.Itoa(s.index)
	}
	return s.name
}

// use is a variable at one place, of one mutation where it is an argument of one.
type use struct {
	variable, reading string
	place             *ast.Type
}

func (j *judge) enter(name string) { j.path = append(j.path, step{name: name}) }
func (j *judge) leave()            { j.path = j.path[:len(j.path)-1] }

// fault is what is wrong with the value that is read, in words that follow its name and a colon.
func (j *judge) fault(words string) *fault {
	f := &fault{words: words, path: j.names(), at: j.at}
	if j.variable == "" {
		f.where = strings.Join(f.path, ".")
	} else {
		f.where = strings.Join(append([]string{"$" + j.variable}, f.path[j.within:]...), ".")
	}
	return f
}

func (j *judge) names() []string {
	names := make([]string, len(j.path))
	for i, s := range j.path {
		names[i] = s.String()
	}
	return names
}

// defaults judges what variables are without a value, whether they have one or not.
func (j *judge) defaults(variables ast.VariableDefinitionList) *fault {
	for _, v := range variables {
		if v.DefaultValue == nil {
			continue
		}
		j.variable = v.Variable
		if f := j.literal(v.DefaultValue, v.Type, j.boundOf("", v.Type)); f != nil {
			return f
		}
		j.variable = ""
	}
	return nil
}

func (j *judge) selections(set ast.SelectionSet) *fault {
	for _, selection := range set {
		var f *fault
		switch selection := selection.(type) {
		case *ast.Field:
			if f = j.directives(selection.Directives); f == nil {
				f = j.field(selection)
			}
		case *ast.InlineFragment:
			if f = j.directives(selection.Directives); f == nil {
				f = j.selections(selection.SelectionSet)
			}
		case *ast.FragmentSpread:
			f = j.directives(selection.Directives)
			if f == nil && selection.Definition != nil && !j.spread[selection.Name] {
				if j.spread == nil {
					j.spread = map[string]bool{}
				}
				j.spread[selection.Name] = true
				f = j.selections(selection.Definition.SelectionSet)
			}
		}
		if f != nil {
			return f
		}
	}
	return nil
}

func (j *judge) field(field *ast.Field) *fault {
	if len(field.Arguments) > 0 && field.Definition != nil {
		j.reading = ""
		if field.ObjectDefinition == j.schema.Mutation {
			j.reading = field.Alias
		}
		if f := j.arguments(field.Arguments, field.Definition.Arguments); f != nil {
			return f
		}
		j.reading = ""
	}
	return j.selections(field.SelectionSet)
}

func (j *judge) directives(list ast.DirectiveList) *fault {
	for _, directive := range list {
		if directive.Definition == nil {
			continue
		}
		if f := j.arguments(directive.Arguments, directive.Definition.Arguments); f != nil {
			return f
		}
	}
	return nil
}

func (j *judge) arguments(given ast.ArgumentList, definitions ast.ArgumentDefinitionList) *fault {
	for _, argument := range given {
		definition := definitions.ForName(argument.Name)
		if definition == nil {
			continue // gqlparser has refused it
		}
		j.enter(argument.Name)
		if f := j.literal(argument.Value, definition.Type, j.bounds[definition]); f != nil {
			return f
		}
		j.leave()
	}
	return nil
}

// literal judges a value that is written in the document.
func (j *judge) literal(v *ast.Value, t *ast.Type, b bound.Bound) *fault {
	j.at = v.Position
	switch {
	case v.Kind == ast.Variable:
		return j.use(v, t, b)
	case v.Kind == ast.NullValue && t.NonNull:
		return j.fault(mustNotBeNull)
	case v.Kind == ast.NullValue:
		return nil
	case t.Elem != nil && v.Kind != ast.ListValue:
		return j.literal(v, t.Elem, b)
	case t.Elem != nil:
		if len(v.Children) > b.MostEntries() {
			return j.tooMany(b)
		}
		for i, child := range v.Children {
			j.path = append(j.path, step{index: i})
			if f := j.literal(child.Value, t.Elem, b); f != nil {
				return f
			}
			j.leave()
		}
		return nil
	}
	definition := j.schema.Types[t.NamedType]
	switch {
	case definition.Kind == ast.InputObject:
		return j.literalObject(v, definition)
	case definition.Kind == ast.Enum:
		if v.Kind != ast.EnumValue || definition.EnumValues.ForName(v.Raw) == nil {
			return j.noneOf(definition)
		}
		return nil
	case !mayStandFor(v.Kind, definition.Name), j.readers[definition.Name] != nil && v.Kind != ast.StringValue && v.Kind != ast.BlockValue:
		return j.fault(mustBe(definition.Name))
	}
	value, err := v.Value(j.op.Variables)
	if err != nil {
		return j.fault("can't be read")
	}
	_, f := j.scalar(value, definition, b)
	return f
}

// mayStandFor reports whether a literal of a kind may stand for a scalar. For what isn't built in, its reader says so.
func mayStandFor(kind ast.ValueKind, scalar string) bool {
	switch scalar {
	case "Int":
		return kind == ast.IntValue
	case "Float":
		return kind == ast.IntValue || kind == ast.FloatValue
	case "String":
		return kind == ast.StringValue || kind == ast.BlockValue
	case "ID":
		return kind == ast.StringValue || kind == ast.BlockValue || kind == ast.IntValue
	case "Boolean":
		return kind == ast.BooleanValue
	default:
		return true
	}
}

func (j *judge) literalObject(v *ast.Value, definition *ast.Definition) *fault {
	if v.Kind != ast.ObjectValue {
		return j.mustBeObject(definition)
	}
	if oneOf(definition) && (len(v.Children) != 1 || v.Children[0].Value.Kind == ast.NullValue) {
		return j.exactlyOne(definition)
	}
	for _, child := range v.Children {
		j.enter(child.Name)
		field := definition.Fields.ForName(child.Name)
		if field == nil {
			return j.noSuchField(definition)
		}
		if f := j.literal(child.Value, field.Type, j.bounds[field]); f != nil {
			return f
		}
		j.leave()
	}
	for _, field := range definition.Fields {
		if field.Type.NonNull && field.DefaultValue == nil && v.Children.ForName(field.Name) == nil {
			j.enter(field.Name)
			return j.fault(mustBeGiven)
		}
	}
	return nil
}

// use judges a variable where it is used. A place that takes no null takes none of a variable with a default either.
func (j *judge) use(v *ast.Value, t *ast.Type, b bound.Bound) (f *fault) {
	j.variable, j.within = v.Raw, len(j.path)
	defer func() { j.variable = "" }()
	given, ok := j.op.Variables[v.Raw]
	if !ok {
		if d := j.op.Operation.VariableDefinitions.ForName(v.Raw); d != nil && d.Type.NonNull {
			return j.fault(mustBeGiven)
		}
		return nil
	}
	switch given.(type) {
	case nil, string, bool:
	default: // a long list at a thousand places is read once
		this := use{v.Raw, j.reading, t}
		if j.seen[this] {
			return nil
		}
		if j.seen == nil {
			j.seen = map[use]bool{}
		}
		j.seen[this] = true
	}
	j.op.Variables[v.Raw], f = j.value(given, t, b)
	return f
}

// CreateOperationContext parses and validates a document, and reads its variables.
//
// gqlparser reads variables before any extension can, by rules of its own: a whole number that was written 5.0 is none to it,
// and what it says of others is hard to understand. So what it refuses is asked of strict as well.
func (g *Graph) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	op, errs := g.Executor.CreateOperationContext(ctx, params)
	if len(errs) == 0 || op.Operation == nil || len(errs[0].Path) == 0 || errs[0].Path[0] != ast.PathName("variable") {
		return op, shortened(errs)
	}
	op.Variables = map[string]any{}
	for _, definition := range op.Operation.VariableDefinitions {
		value, given := params.Variables[definition.Variable]
		if !given && definition.DefaultValue != nil {
			var err error
			if value, err = definition.DefaultValue.Value(nil); err != nil {
				return op, shortened(errs)
			}
			given = true
		}
		if given {
			op.Variables[definition.Variable] = value
		}
	}
	if err := g.strict.check(op); err != nil {
		return op, gqlerror.List{err}
	}
	again := *params
	again.Variables = op.Variables
	op, errs = g.Executor.CreateOperationContext(ctx, &again)
	return op, shortened(errs)
}
