package form

import (
	"slices"
	"strings"
)

// ruling is a place in a form's schema where a property is ruled out.
type ruling struct {
	property, object *field
	simple           *when // the simple condition under which it is not; nil where there is none
}

// findConditions marks the fields that some rule of the schema may rule out. It gives those a simple condition that one
// rule alone rules out, in the else branch of a condition on one property of the same object and page.
func (f *Form) findConditions(raw map[string]any) {
	all := rulings(raw, f.root, nil, true)
	times := map[*field]int{}
	for _, r := range all {
		r.property.conditional = true
		times[r.property]++
	}
	for _, r := range all {
		if r.simple == nil || times[r.property] > 1 || r.simple.name == r.property.name {
			continue
		}
		if r.object != f.root || f.section[r.simple.name] == f.section[r.property.name] {
			r.property.when = r.simple
		}
	}
}

// rulings lists where a schema rules out properties of a field and of all that is within it. simple is the condition that
// the schema itself stands under, where that is a simple one; own says that the schema is the field's own or an
// unconditional part of it.
func rulings(raw map[string]any, f *field, simple *when, own bool) []ruling {
	var all []ruling
	properties := object(raw["properties"])
	for _, child := range f.all() {
		if properties[child.name] == false {
			all = append(all, ruling{child, f, simple})
		}
		all = append(all, rulings(object(properties[child.name]), child, nil, own)...)
	}
	if items := object(raw["items"]); items != nil && f.items != nil {
		all = append(all, rulings(items, f.items, nil, own)...)
	}
	for _, name := range negated(object(raw["not"])) {
		if child := f.child(name); child != nil {
			all = append(all, ruling{child, f, nil})
		}
	}
	var condition *when
	if own {
		condition = f.simple(object(raw["if"]))
	}
	if raw["if"] != nil {
		all = append(all, rulings(object(raw["then"]), f, nil, false)...)
		all = append(all, rulings(object(raw["else"]), f, condition, false)...)
	}
	for _, part := range listOf(raw["allOf"]) {
		all = append(all, rulings(object(part), f, nil, own)...)
	}
	for _, part := range slices.Concat(listOf(raw["anyOf"]), listOf(raw["oneOf"])) {
		all = append(all, rulings(object(part), f, nil, false)...)
	}
	return all
}

// negated lists the properties that a not may rule out.
func negated(raw map[string]any) []string {
	names := texts(raw["required"])
	for _, part := range listOf(raw["anyOf"]) {
		names = append(names, negated(object(part))...)
	}
	return names
}

// simple returns a condition that asks of one property to be there and to equal one of some values; nil for any other.
func (f *field) simple(raw map[string]any) *when {
	required, properties := texts(raw["required"]), object(raw["properties"])
	if len(raw) != 2 || len(required) != 1 || len(properties) != 1 {
		return nil
	}
	name := required[0]
	asked, child := object(properties[name]), f.child(name)
	if len(asked) != 1 || child == nil {
		return nil
	}
	w := &when{name: name, values: listOf(asked["enum"])}
	if constant, ok := asked["const"]; ok {
		w.values = []any{constant}
	}
	if len(w.values) == 0 || slices.ContainsFunc(w.values, func(v any) bool { return !child.offers(v) }) {
		return nil
	}
	return w
}

// offers reports whether a value is one that a person chooses by the field, and can stand in a list separated by spaces.
func (f *field) offers(v any) bool {
	switch v := v.(type) {
	case string:
		offered := slices.ContainsFunc(f.options, func(o option) bool { return o.value == v })
		return f.kind == choice && offered && !strings.ContainsAny(v, " \t\r\n\f")
	case bool:
		return f.kind == yesNo || f.kind == agreement && v
	default:
		return false
	}
}

func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

// texts returns the texts of a list.
func texts(v any) []string {
	var all []string
	for _, item := range listOf(v) {
		if s, ok := item.(string); ok {
			all = append(all, s)
		}
	}
	return all
}
