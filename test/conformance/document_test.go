//go:build conformance

package conformance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// question is a document with its variables, as JSON, since 5.0 and 5 are one number to whoever has read them.
type question struct {
	document, variables string
}

// maker makes questions of a schema: most are right, and many have one thing wrong.
type maker struct {
	*rand.Rand
	schema *ast.Schema
	spoil  int  // one value of so many is wrong
	plain  bool // no variables
	heads  []string
	values []string
}

// questions are n of them, the same for the same seed.
func questions(schema *ast.Schema, seed uint64, n int) []question {
	all := make([]question, n)
	for i := range all {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, uint64(i))), schema: schema, spoil: 12}
		if i%3 == 0 {
			m.spoil = 1 << 30
		}
		all[i] = m.question()
	}
	return all
}

func (m *maker) one(n int) bool       { return m.IntN(n) == 0 }
func (m *maker) spoils() bool         { return m.one(m.spoil) }
func pick[T any](m *maker, of ...T) T { return of[m.IntN(len(of))] }

func (m *maker) question() question {
	root := pick(m, m.schema.Query, m.schema.Query, m.schema.Mutation, m.schema.Mutation, m.schema.Subscription)
	word := strings.ToLower(root.Name)
	count := 1
	if root != m.schema.Subscription && m.one(3) || m.one(12) {
		count = 2
	}
	var fields []string
	for i := range count {
		field := pick(m, m.fieldsOf(root)...)
		alias := ""
		if count > 1 && !m.one(8) || m.one(6) {
			alias = fmt.Sprintf("r%d: ", i)
		}
		fields = append(fields, alias+m.field(field, 3))
	}
	selections := "{ " + strings.Join(fields, " ") + " }"
	tail := ""
	if m.one(10) {
		selections, tail = "{ ...f }", fmt.Sprintf(" fragment f on %s %s", root.Name, selections)
	}
	if m.spoils() && m.one(3) {
		m.heads = append(m.heads, "$unused: Int")
	}
	head := ""
	if len(m.heads) > 0 {
		head = "(" + strings.Join(m.heads, ", ") + ")"
	}
	return question{word + " q" + head + " " + selections + tail, "{" + strings.Join(m.values, ", ") + "}"}
}

func (m *maker) fieldsOf(d *ast.Definition) []*ast.FieldDefinition {
	return slices.DeleteFunc(slices.Clone(d.Fields), func(f *ast.FieldDefinition) bool { return strings.HasPrefix(f.Name, "_") })
}

func (m *maker) field(f *ast.FieldDefinition, depth int) string {
	text := f.Name
	if m.spoils() && m.one(6) {
		text += "X"
	}
	var arguments []string
	for _, a := range f.Arguments {
		needed := a.Type.NonNull && a.DefaultValue == nil
		if needed && m.spoils() && m.one(3) || !needed && m.one(2) {
			continue
		}
		arguments = append(arguments, a.Name+": "+m.literal(a.Type, a.DefaultValue != nil))
	}
	if len(arguments) > 0 {
		text += "(" + strings.Join(arguments, ", ") + ")"
	}
	if m.one(12) {
		condition := pick(m, "true", "false", m.variable(ast.NonNullNamedType("Boolean", nil), false))
		if m.spoils() {
			condition = m.wrong()
		}
		text += " @" + pick(m, "skip", "include") + "(if: " + condition + ")"
	}
	d := m.schema.Types[f.Type.Name()]
	if d.Kind == ast.Scalar || d.Kind == ast.Enum {
		return text
	}
	inner := []string{"__typename"}
	if depth > 0 {
		fields := m.fieldsOf(d)
		for range 1 + m.IntN(2) {
			if len(fields) == 0 {
				break
			}
			child := pick(m, fields...)
			inner = append(inner, fmt.Sprintf("c%d: %s", len(inner), m.field(child, depth-1)))
		}
	}
	if m.spoils() && m.one(8) {
		return text
	}
	return text + " { " + strings.Join(inner, " ") + " }"
}

// literal writes a value into the document, or a variable in its place.
func (m *maker) literal(t *ast.Type, preset bool) string {
	switch {
	case !m.plain && m.one(4):
		return m.variable(t, preset)
	case m.spoils():
		return m.wrong()
	case !t.NonNull && m.one(10):
		return "null"
	case t.Elem != nil && m.one(4):
		return m.literal(t.Elem, false)
	case t.Elem != nil:
		var all []string
		for range m.IntN(3) {
			all = append(all, m.literal(t.Elem, false))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	return m.value(t, m.literal, func(name string) string { return name }, func(name string) string { return name })
}

// json writes a value among the variables.
func (m *maker) json(t *ast.Type, _ bool) string {
	switch {
	case m.spoils():
		return m.wrongJSON()
	case !t.NonNull && m.one(10):
		return "null"
	case t.Elem != nil && m.one(4):
		return m.json(t.Elem, false)
	case t.Elem != nil:
		var all []string
		for range m.IntN(3) {
			all = append(all, m.json(t.Elem, false))
		}
		return "[" + strings.Join(all, ", ") + "]"
	case t.NamedType == "Int" && m.one(5):
		return "5.0"
	case t.NamedType == "ID" && m.one(8):
		return "7.0"
	}
	quote := func(name string) string { return `"` + name + `"` }
	return m.value(t, m.json, quote, quote)
}

// value is a right one of a named type. Names of fields and of enum values are written by the functions.
func (m *maker) value(t *ast.Type, of func(*ast.Type, bool) string, field, enum func(string) string) string {
	d := m.schema.Types[t.NamedType]
	switch d.Kind {
	case ast.Enum:
		name := pick(m, d.EnumValues...).Name
		if m.spoils() {
			name = pick(m, strings.ToLower(name), name[:1]+strings.ToLower(name[1:]), name+"_")
		}
		return enum(name)
	case ast.InputObject:
		var fields []string
		if d.Directives.ForName("oneOf") != nil {
			count := 1
			if m.spoils() {
				count = pick(m, 0, 2)
			}
			for i := range count {
				f := d.Fields[(m.IntN(len(d.Fields))+i)%len(d.Fields)]
				certain := *f.Type
				certain.NonNull = !m.spoils()
				fields = append(fields, field(f.Name)+": "+of(&certain, false))
			}
			return "{" + strings.Join(fields, ", ") + "}"
		}
		for _, f := range d.Fields {
			needed := f.Type.NonNull && f.DefaultValue == nil
			if needed && m.spoils() && m.one(3) || !needed && m.one(2) {
				continue
			}
			fields = append(fields, field(f.Name)+": "+of(f.Type, f.DefaultValue != nil))
		}
		if m.spoils() && m.one(4) {
			fields = append(fields, field(pick(m, "unknown", "__typename"))+": 1")
		}
		return "{" + strings.Join(fields, ", ") + "}"
	default:
		return pick(m, map[string][]string{
			"Int": {"1", "2", "5"}, "Boolean": {"true", "false"}, "ID": {`"office_1"`, `"x"`, "7"}, "String": {`"blomberg"`, `"ä"`},
			"UUID": {`"5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11"`}, "Date": {`"2026-11-22"`, `" 2026-11-22 "`}, "DateTime": {`"2026-11-23T09:00:00+01:00"`},
			"LocalTime": {`"08:30"`}, "EmailAddress": {`"erika@example.org"`}, "PhoneNumber": {`"+4952355040"`}, "JSON": {"1", `"x"`, "[1]", "{}", "true"},
		}[d.Name]...)
	}
}

func (m *maker) wrong() string {
	return pick(m, "null", "1", "1.5", "5.0", "2147483648", "99999999999", `"x"`, `"5"`, "true", "{}", "[]", "[null]", "[[1]]", "{a: 1}", "online", "$missing")
}

func (m *maker) wrongJSON() string {
	return pick(m, "null", "1", "1.5", "1e2", "2147483648", "-2147483649", "99999999999", "1e30", `"x"`, `"5"`, "true", "{}", "[]", "[null]", "[[1]]", `{"a": 1}`, `"online"`)
}

// variable declares one for a place of a type, and gives it a value, or none.
func (m *maker) variable(t *ast.Type, preset bool) string {
	name := fmt.Sprintf("v%d", len(m.heads))
	declared := *t
	switch {
	case t.NonNull && (preset || m.spoils()):
		declared.NonNull = m.one(2)
	case m.spoils():
		declared = *pick(m, ast.NamedType("String", nil), ast.NamedType("Int", nil), ast.ListType(t, nil))
	}
	head := "$" + name + ": " + declared.String()
	defaulted := m.one(6)
	if defaulted {
		constant := &maker{Rand: m.Rand, schema: m.schema, spoil: m.spoil, plain: true}
		text := strings.ReplaceAll(constant.literal(&declared, false), "$missing", "online")
		if declared.NonNull && text == "null" {
			defaulted = false
		} else {
			head += " = " + text
		}
	}
	m.heads = append(m.heads, head)
	if (defaulted || !declared.NonNull || m.spoils() && m.one(2)) && m.one(3) {
		return "$" + name
	}
	m.values = append(m.values, fmt.Sprintf("%q: %s", name, m.json(&declared, false)))
	return "$" + name
}
