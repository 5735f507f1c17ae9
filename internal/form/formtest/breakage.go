// Package formtest breaks answers in every way in which the rules of their form can be broken.
package formtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Breakage is one set of answers which a form must refuse.
type Breakage struct {
	Name    string // the rule that is broken, and how
	Rule    string // JSON pointer into the schema, to the rule
	Pointer string // where the form must find the fault
	Keyword string // and by which rule
	Answers any    // as json.Unmarshal makes them
}

// Breakages breaks each rule of a schema that applies to accepted answers, one at a time: each property of each object
// missing, of each wrong type, too long, too short, of another pattern, no date, not offered, too small, too large, one
// item too many, one twice, a property that the form doesn't have, and so on. What a breakage brings along is at its
// pointer too, or is the fault of a condition that it turned. Properties that these answers don't have are filled with an
// example first, and conditions that don't hold are turned, where the form then accepts the answers still; where it
// doesn't, those rules need other answers.
//
// It panics at a schema that isn't one. It asks the validator whether conditions hold, and never this repository's code.
func Breakages(schema []byte, accepted any) []Breakage {
	var root any
	if err := json.Unmarshal(schema, &root); err != nil {
		panic(fmt.Errorf("Breakages: schema: %w", err))
	}
	b := &breaker{form: root, fits: holding(root), whole: copied(accepted)}
	b.schema(root, "", nil, b.whole)
	return b.all
}

type breaker struct {
	form  any
	fits  func(any) bool // whether the form accepts
	whole any            // the answers that it breaks
	all   []Breakage
}

// spot is where a schema meets an answer.
type spot struct {
	rule string   // pointer to the schema
	path []string // to the answer
}

func (at spot) in(part string) []string { return append(slices.Clone(at.path), part) }

func (b *breaker) add(at spot, rule, how, keyword string, path []string, answers any) {
	b.all = append(b.all, Breakage{
		Name: at.rule + rule + ": " + how, Rule: at.rule + rule, Pointer: pointer(path), Keyword: keyword, Answers: answers,
	})
}

// instead breaks a rule by another value in the place of the answer.
func (b *breaker) instead(at spot, keyword, how string, value any) {
	b.add(at, "/"+keyword, how, keyword, at.path, b.with(at.path, value))
}

func (b *breaker) schema(schema any, rule string, path []string, v any) {
	s, ok := schema.(map[string]any)
	if !ok {
		return
	}
	at := spot{rule, path}
	b.types(s, at)
	b.choices(s, at, v)
	switch v := v.(type) {
	case string:
		b.text(s, at, v)
	case float64:
		b.number(s, at, v)
	case []any:
		b.list(s, at, v)
	case map[string]any:
		b.object(s, at, v)
	}
	if condition, ok := s["if"]; ok {
		branch := "else"
		if holds(condition, v) {
			branch = "then"
		} else {
			b.turn(s, at, v)
		}
		b.schema(s[branch], rule+"/"+branch, path, v)
	}
	for i, part := range listOf(s["allOf"]) {
		b.schema(part, fmt.Sprintf("%s/allOf/%d", rule, i), path, v)
	}
}

// turn makes a condition hold, with examples of what is required then, and breaks what it brings.
func (b *breaker) turn(s map[string]any, at spot, v any) {
	turned, ok := satisfied(s["if"], v).(map[string]any)
	then, conditional := s["then"].(map[string]any)
	if !ok || !conditional {
		return
	}
	object, rule := b.described(at.path)
	properties, _ := object["properties"].(map[string]any)
	var added []string
	for _, name := range listOf(then["required"]) {
		if name := name.(string); turned[name] == nil {
			turned[name] = example(properties[name])
			added = append(added, name)
		}
	}
	next := &breaker{form: b.form, fits: b.fits, whole: b.with(at.path, turned)}
	if !b.fits(next.whole) {
		return
	}
	next.schema(then, at.rule+"/then", at.path, turned)
	for _, name := range added {
		next.schema(properties[name], rule+"/properties/"+escaped(name), at.in(name), turned[name])
	}
	b.all = append(b.all, next.all...)
}

// described finds what describes the answer at a path by itself, and its place in the form.
func (b *breaker) described(path []string) (schema map[string]any, rule string) {
	schema, _ = b.form.(map[string]any)
	for _, part := range path {
		inner, of := schema["items"], "/items"
		if properties, ok := schema["properties"].(map[string]any); ok {
			inner, of = properties[part], "/properties/"+escaped(part)
		}
		schema, _ = inner.(map[string]any)
		rule += of
	}
	return schema, rule
}

func (b *breaker) types(s map[string]any, at spot) {
	want, ok := s["type"].(string)
	if !ok {
		return
	}
	for _, other := range []struct {
		kind  string
		value any
	}{
		{"string", "x"},
		{"number", 17.0},
		{"number", 1.5},
		{"boolean", true},
		{"null", nil},
		{"array", []any{}},
		{"object", map[string]any{}},
	} {
		if other.kind == want || want == "integer" && other.value == 17.0 {
			continue
		}
		b.instead(at, "type", fmt.Sprintf("%v for %s", other.value, want), other.value)
	}
}

// choices breaks what an answer must be or must not be as a whole.
func (b *breaker) choices(s map[string]any, at spot, v any) {
	if want, ok := s["const"]; ok {
		b.instead(at, "const", "another", another(want))
	}
	if want, ok := s["enum"].([]any); ok {
		b.instead(at, "enum", "not offered", another(want[0]))
	}
	if not, ok := s["not"]; ok {
		if ruledOut := satisfied(not, v); holds(not, ruledOut) {
			b.instead(at, "not", "ruled out", ruledOut)
		}
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		alternatives := listOf(s[keyword])
		if len(alternatives) == 0 {
			continue
		}
		// Break one after the other, until none holds.
		none := b.whole
		for _, alternative := range alternatives {
			next := &breaker{form: b.form, fits: b.fits, whole: none}
			if next.schema(alternative, "", at.path, value(none, at.path)); len(next.all) > 0 && holds(alternative, value(none, at.path)) {
				none = next.all[0].Answers
			}
		}
		if !slices.ContainsFunc(alternatives, func(a any) bool { return holds(a, value(none, at.path)) }) {
			b.add(at, "/"+keyword, "no alternative", keyword, at.path, none)
		}
		if keyword != "oneOf" {
			continue
		}
		for i, alternative := range alternatives {
			if two := satisfied(alternative, v); !holds(alternative, v) && count(alternatives, two) > 1 {
				b.instead(at, "oneOf", fmt.Sprintf("alternative %d too", i), two)
			}
		}
	}
}

func another(v any) any {
	switch v := v.(type) {
	case bool:
		return !v
	case float64:
		return v + 1
	case string:
		return v + "_"
	default:
		return "x"
	}
}

func count(alternatives []any, v any) int {
	n := 0
	for _, alternative := range alternatives {
		if holds(alternative, v) {
			n++
		}
	}
	return n
}

// satisfied changes a value so that a simple schema holds: const, enum, required and properties.
func satisfied(schema, v any) any {
	s, _ := schema.(map[string]any)
	if want, ok := s["const"]; ok {
		return want
	}
	if want := listOf(s["enum"]); len(want) > 0 {
		return want[0]
	}
	object, ok := copied(v).(map[string]any)
	if !ok {
		return v
	}
	for _, name := range listOf(s["required"]) {
		if name := name.(string); object[name] == nil {
			object[name] = "x"
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for name, property := range properties {
		object[name] = satisfied(property, object[name])
	}
	return object
}

// holds asks the validator.
func holds(schema, v any) bool { return holding(schema)(v) }

func holding(schema any) func(any) bool {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	const at = "formtest:///schema"
	if err := c.AddResource(at, schema); err != nil {
		panic(fmt.Errorf("Breakages: %w", err))
	}
	compiled, err := c.Compile(at)
	if err != nil {
		panic(fmt.Errorf("Breakages: %w", err))
	}
	return func(v any) bool { return compiled.Validate(v) == nil }
}

// with returns the answers with another value at a path.
func (b *breaker) with(path []string, v any) any {
	if len(path) == 0 {
		return v
	}
	return b.changed(path[:len(path)-1], func(parent any) any {
		last := path[len(path)-1]
		if list, ok := parent.([]any); ok {
			list[index(last)] = v
		} else {
			parent.(map[string]any)[last] = v
		}
		return parent
	})
}

// without returns the answers without the property at a path.
func (b *breaker) without(path []string) any {
	return b.changed(path[:len(path)-1], func(parent any) any {
		delete(parent.(map[string]any), path[len(path)-1])
		return parent
	})
}

func (b *breaker) changed(path []string, change func(any) any) any {
	whole := copied(b.whole)
	change(value(whole, path))
	return whole
}

func value(v any, path []string) any {
	for _, part := range path {
		if list, ok := v.([]any); ok {
			v = list[index(part)]
		} else {
			v = v.(map[string]any)[part]
		}
	}
	return v
}

func index(part string) int {
	i, err := strconv.Atoi(part)
	if err != nil {
		panic(fmt.Errorf("Breakages: %w", err))
	}
	return i
}

func copied(v any) any {
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		panic(fmt.Errorf("Breakages: answers: %w", err))
	}
	return v
}

func pointer(path []string) string {
	var out strings.Builder
	for _, part := range path {
		out.WriteString("/" + escaped(part))
	}
	return out.String()
}

func escaped(part string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(part) }

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

func names(object any) []string {
	m, _ := object.(map[string]any)
	return slices.Sorted(maps.Keys(m))
}
