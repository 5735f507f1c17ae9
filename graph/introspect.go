package graph

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/maypok86/otter/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// keptSchemas is how many bytes of rendered answers to __schema are kept: the standard query of a tool has half a megabyte.
const keptSchemas = 8 << 20

// introspected writes what __schema and __type answer as package plain writes lists: without a goroutine and a context for every
// field, and no more of it than an answer may have. The whole answer to __schema is kept by what was selected, so that the query of
// a tool is answered from one copy.
type introspected struct {
	limit  int
	schema func() *meta // made when it is first asked for
	tables *metaTables
	kept   *otter.Cache[string, rendered]
}

func newIntrospected(limit int) *introspected {
	return &introspected{limit: limit, kept: otter.Must(&otter.Options[string, rendered]{
		MaximumWeight: keptSchemas,
		Weigher:       func(key string, r rendered) uint32 { return uint32(len(key) + len(r)) },
	})}
}

func (*introspected) ExtensionName() string { return "Introspected" }

// Validate gets the schema.
func (i *introspected) Validate(schema graphql.ExecutableSchema) error {
	i.schema = sync.OnceValue(func() *meta { return newMeta(schema.Schema()) })
	i.tables = newMetaTables(i.limit)
	return nil
}

// rendered is JSON. Nobody changes it.
type rendered []byte

// MarshalGQL writes it.
func (r rendered) MarshalGQL(w io.Writer) { _, _ = w.Write(r) }

// InterceptField writes the schema, or a type of it.
func (i *introspected) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	fc := graphql.GetFieldContext(ctx)
	if fc.Field.Name != "__schema" && fc.Field.Name != "__type" {
		return next(ctx)
	}
	value, err := next(ctx)
	op := graphql.GetOperationContext(ctx)
	switch v := value.(type) {
	case *introspection.Schema:
		if v == nil || err != nil {
			return value, err
		}
		return i.whole(op, fc.Field), nil
	case *introspection.Type:
		if v == nil || v.Name() == nil || err != nil {
			return value, err
		}
		if write, ok := i.tables.types.plan(op, fc.Field.Selections); ok {
			return rendered(write(nil, i.schema().types[*v.Name()])), nil
		}
	}
	return value, err
}

func (i *introspected) whole(op *graphql.OperationContext, f graphql.CollectedField) rendered {
	key := string(signature(nil, op, f.Selections, i.limit))
	if r, ok := i.kept.GetIfPresent(key); ok {
		return r
	}
	write, _ := i.tables.schemas.plan(op, f.Selections) // the tables have all fields that validation lets pass
	r := rendered(write(nil, i.schema()))
	if len(r) <= i.limit && len(key) < 16<<10 && answerIn(op).goesOn(len(r)) {
		i.kept.Set(key, r)
	}
	return r
}

// signature is what a selection of the meta-schema comes to, fragments and directives resolved: two documents with one
// signature have one answer.
func signature(b []byte, op *graphql.OperationContext, selections ast.SelectionSet, limit int) []byte {
	b = append(b, '{')
	for _, f := range graphql.CollectFields(op, selections, metaNames) {
		b = append(append(append(b, f.Alias...), ':'), f.Name...)
		b = strconv.AppendBool(b, includesDeprecated(op, f))
		if len(f.Selections) > 0 && len(b) < limit {
			b = signature(b, op, f.Selections, limit)
		}
	}
	return append(b, '}')
}

//nolint:gochecknoglobals // a table, never written
var metaNames = []string{"__Schema", "__Type", "__Field", "__InputValue", "__EnumValue", "__Directive"}

func includesDeprecated(op *graphql.OperationContext, f graphql.CollectedField) bool {
	if f.Arguments.ForName("includeDeprecated") == nil {
		return false
	}
	include, _ := f.ArgumentMap(op.Variables)["includeDeprecated"].(bool)
	return include
}

// meta is the schema, ready to be written: texts are JSON already.
type meta struct {
	description                   rendered
	all                           []*metaType
	types                         map[string]*metaType
	query, mutation, subscription *metaType
	directives                    []*metaMember
}

type metaType struct {
	kind, name, description, url rendered
	fields, inputs, values       []*metaMember
	interfaces, possible         []*metaType
	of                           *metaType
	oneOf                        bool
}

// metaMember is a field, an argument, an input field, a value of an enum or a directive.
type metaMember struct {
	name, description, byDefault, reason rendered
	deprecated, repeatable               bool
	locations                            rendered
	args                                 []*metaMember
	of                                   *metaType
}

func newMeta(schema *ast.Schema) *meta {
	m := &meta{description: textOrNull(schema.Description), types: map[string]*metaType{}}
	for name, def := range schema.Types {
		t := &metaType{kind: quoted(string(def.Kind)), name: quoted(name), description: textOrNull(def.Description), url: null}
		m.types[name] = t
		if d := def.Directives.ForName("specifiedBy"); d != nil && def.Kind == ast.Scalar {
			t.url = quoted(d.Arguments.ForName("url").Value.Raw)
		}
		t.oneOf = def.Kind == ast.InputObject && def.Directives.ForName("oneOf") != nil
	}
	for name, def := range schema.Types {
		t := m.types[name]
		switch def.Kind {
		case ast.Object, ast.Interface:
			for _, f := range def.Fields {
				if !strings.HasPrefix(f.Name, "__") {
					t.fields = append(t.fields, m.member(f.Name, f.Description, f.Type, nil, f.Directives, f.Arguments))
				}
			}
			for _, name := range def.Interfaces {
				t.interfaces = append(t.interfaces, m.types[name])
			}
		case ast.InputObject:
			for _, f := range def.Fields {
				t.inputs = append(t.inputs, m.member(f.Name, f.Description, f.Type, f.DefaultValue, f.Directives, nil))
			}
		case ast.Enum:
			for _, v := range def.EnumValues {
				t.values = append(t.values, m.member(v.Name, v.Description, nil, nil, v.Directives, nil))
			}
		}
		if def.Kind == ast.Interface || def.Kind == ast.Union {
			for _, possible := range schema.GetPossibleTypes(def) {
				t.possible = append(t.possible, m.types[possible.Name])
			}
		}
	}
	for _, t := range m.types {
		m.all = append(m.all, t)
	}
	slices.SortFunc(m.all, func(a, b *metaType) int { return strings.Compare(string(a.name), string(b.name)) })
	for _, d := range schema.Directives {
		m.directives = append(m.directives, m.directive(d))
	}
	slices.SortFunc(m.directives, func(a, b *metaMember) int { return strings.Compare(string(a.name), string(b.name)) })
	for _, root := range []struct {
		def *ast.Definition
		to  **metaType
	}{{schema.Query, &m.query}, {schema.Mutation, &m.mutation}, {schema.Subscription, &m.subscription}} {
		if root.def != nil {
			*root.to = m.types[root.def.Name]
		}
	}
	return m
}

func (m *meta) directive(d *ast.DirectiveDefinition) *metaMember {
	member := m.member(d.Name, d.Description, nil, nil, nil, d.Arguments)
	member.repeatable = d.IsRepeatable
	member.locations = rendered("[")
	for i, location := range d.Locations {
		if i > 0 {
			member.locations = append(member.locations, ',')
		}
		member.locations = append(member.locations, quoted(string(location))...)
	}
	member.locations = append(member.locations, ']')
	return member
}

func (m *meta) member(name, description string, of *ast.Type, byDefault *ast.Value, directives ast.DirectiveList, args ast.ArgumentDefinitionList) *metaMember {
	member := &metaMember{name: quoted(name), description: textOrNull(description), byDefault: null, reason: null, of: m.typeOf(of)}
	if byDefault != nil {
		member.byDefault = quoted(byDefault.String())
	}
	if d := directives.ForName("deprecated"); d != nil {
		member.deprecated = true
		reason := "No longer supported"
		if given := d.Arguments.ForName("reason"); given != nil {
			reason = given.Value.Raw
		}
		member.reason = quoted(reason)
	}
	for _, arg := range args {
		member.args = append(member.args, m.member(arg.Name, arg.Description, arg.Type, arg.DefaultValue, arg.Directives, nil))
	}
	return member
}

func (m *meta) typeOf(t *ast.Type) *metaType {
	switch {
	case t == nil:
		return nil
	case t.NonNull:
		inner := *t
		inner.NonNull = false
		return &metaType{kind: rendered(`"NON_NULL"`), name: null, description: null, url: null, of: m.typeOf(&inner)}
	case t.Elem != nil:
		return &metaType{kind: rendered(`"LIST"`), name: null, description: null, url: null, of: m.typeOf(t.Elem)}
	default:
		return m.types[t.NamedType]
	}
}

//nolint:gochecknoglobals // never written
var null = rendered("null")

func quoted(text string) rendered { return appendText(nil, text) }

func textOrNull(text string) rendered { return appendTextOrNull(nil, text) }

// metaTables write the types of the meta-schema.
type metaTables struct {
	limit                        int
	schemas                      *object[meta]
	types                        *object[metaType]
	fields, inputs, values, dirs *object[metaMember]
}

func newMetaTables(limit int) *metaTables {
	m := &metaTables{limit: limit}
	m.types = &object[metaType]{names: []string{"__Type"}, inline: true}
	m.inputs = &object[metaMember]{names: []string{"__InputValue"}, inline: true}
	m.fields = &object[metaMember]{names: []string{"__Field"}, inline: true}
	m.values = &object[metaMember]{names: []string{"__EnumValue"}, inline: true}
	m.dirs = &object[metaMember]{names: []string{"__Directive"}, inline: true}
	m.schemas = &object[meta]{names: []string{"__Schema"}, inline: true, fields: map[string]field[meta]{
		"description":      part(func(s *meta) rendered { return s.description }),
		"types":            typesOf(m, func(s *meta) []*metaType { return s.all }),
		"queryType":        typeOfA(m, func(s *meta) *metaType { return s.query }),
		"mutationType":     typeOfA(m, func(s *meta) *metaType { return s.mutation }),
		"subscriptionType": typeOfA(m, func(s *meta) *metaType { return s.subscription }),
		"directives":       membersOf(m.dirs, limit, func(s *meta) []*metaMember { return s.directives }),
	}}
	m.types.fields = map[string]field[metaType]{
		"kind":           part(func(t *metaType) rendered { return t.kind }),
		"name":           part(func(t *metaType) rendered { return t.name }),
		"description":    part(func(t *metaType) rendered { return t.description }),
		"specifiedByURL": part(func(t *metaType) rendered { return t.url }),
		"isOneOf":        truth(func(t *metaType) bool { return t.oneOf }),
		"ofType":         typeOfA(m, func(t *metaType) *metaType { return t.of }),
		"fields":         membersOf(m.fields, limit, func(t *metaType) []*metaMember { return t.fields }),
		"inputFields":    membersOf(m.inputs, limit, func(t *metaType) []*metaMember { return t.inputs }),
		"enumValues":     membersOf(m.values, limit, func(t *metaType) []*metaMember { return t.values }),
		"interfaces":     typesOf(m, func(t *metaType) []*metaType { return t.interfaces }),
		"possibleTypes":  typesOf(m, func(t *metaType) []*metaType { return t.possible }),
	}
	name := part(func(v *metaMember) rendered { return v.name })
	description := part(func(v *metaMember) rendered { return v.description })
	deprecated := truth(func(v *metaMember) bool { return v.deprecated })
	reason := part(func(v *metaMember) rendered { return v.reason })
	of := typeOfA(m, func(v *metaMember) *metaType { return v.of })
	args := membersOf(m.inputs, limit, func(v *metaMember) []*metaMember { return v.args })
	m.inputs.fields = map[string]field[metaMember]{
		"name": name, "description": description, "isDeprecated": deprecated, "deprecationReason": reason, "type": of,
		"defaultValue": part(func(v *metaMember) rendered { return v.byDefault }),
	}
	m.fields.fields = map[string]field[metaMember]{
		"name": name, "description": description, "isDeprecated": deprecated, "deprecationReason": reason, "type": of, "args": args,
	}
	m.values.fields = map[string]field[metaMember]{
		"name": name, "description": description, "isDeprecated": deprecated, "deprecationReason": reason,
	}
	m.dirs.fields = map[string]field[metaMember]{
		"name": name, "description": description, "args": args,
		"isRepeatable": truth(func(v *metaMember) bool { return v.repeatable }),
		"locations":    part(func(v *metaMember) rendered { return v.locations }),
	}
	return m
}

func part[T any](get func(*T) rendered) field[T] {
	return leaf(func(b []byte, value *T) []byte { return append(b, get(value)...) })
}

func truth[T any](get func(*T) bool) field[T] {
	return leaf(func(b []byte, value *T) []byte { return strconv.AppendBool(b, get(value)) })
}

func typeOfA[T any](m *metaTables, get func(*T) *metaType) field[T] {
	return func(op *graphql.OperationContext, f graphql.CollectedField) (writer[T], bool) {
		write, ok := m.types.plan(op, f.Selections)
		return func(b []byte, value *T) []byte {
			if t := get(value); t != nil {
				return write(b, t)
			}
			return append(b, null...)
		}, ok
	}
}

// typesOf is a field with a list of types.
func typesOf[T any](m *metaTables, get func(*T) []*metaType) field[T] {
	return func(op *graphql.OperationContext, f graphql.CollectedField) (writer[T], bool) {
		write, ok := m.types.plan(op, f.Selections)
		return func(b []byte, value *T) []byte { return appendPointers(b, get(value), m.limit, write) }, ok
	}
}

// membersOf is a field with a list of members, without those that are deprecated unless they are asked for.
func membersOf[T any](of *object[metaMember], limit int, get func(*T) []*metaMember) field[T] {
	return func(op *graphql.OperationContext, f graphql.CollectedField) (writer[T], bool) {
		write, ok := of.plan(op, f.Selections)
		all := f.Definition.Arguments.ForName("includeDeprecated") == nil || includesDeprecated(op, f)
		return func(b []byte, value *T) []byte {
			members := get(value)
			if !all {
				members = slices.DeleteFunc(slices.Clone(members), func(m *metaMember) bool { return m.deprecated })
			}
			return appendPointers(b, members, limit, write)
		}, ok
	}
}
