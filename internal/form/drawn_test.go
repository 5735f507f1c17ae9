package form_test

import "pgregory.net/rapid"

// condition draws a schema such as stands beside the properties of an object with a, b, o and l; or a and b only, within.
func condition(t *rapid.T, depth int, outer bool) map[string]any {
	names := []any{"a", "b"}
	if outer {
		names = append(names, "o", "l")
	}
	name := func() string { return rapid.SampledFrom(names).Draw(t, "name").(string) }
	kinds := []string{"required", "properties", "properties", "minProperties", "maxProperties", "dependentRequired"}
	if depth > 0 {
		kinds = append(kinds, "not", "allOf", "anyOf", "oneOf", "if", "if")
	}
	inner := func() map[string]any { return condition(t, depth-1, outer) }
	switch kind := rapid.SampledFrom(kinds).Draw(t, "keyword"); kind {
	case "required":
		return map[string]any{kind: []any{name()}}
	case "minProperties", "maxProperties":
		return map[string]any{kind: rapid.IntRange(0, len(names)).Draw(t, "limit")}
	case "dependentRequired":
		return map[string]any{kind: map[string]any{name(): []any{name()}}}
	case "not":
		return map[string]any{kind: inner()}
	case "allOf", "anyOf", "oneOf":
		return map[string]any{kind: []any{inner(), inner()}}
	case "if":
		s := map[string]any{kind: inner()}
		if rapid.Bool().Draw(t, "then") {
			s["then"] = inner()
		}
		if rapid.Bool().Draw(t, "else") {
			s["else"] = inner()
		}
		return s
	default:
		n := name()
		return map[string]any{kind: map[string]any{n: propertyCondition(t, n, depth)}}
	}
}

func propertyCondition(t *rapid.T, name string, depth int) any {
	if rapid.IntRange(0, 9).Draw(t, "ruled out") == 0 {
		return false
	}
	switch name {
	case "a":
		return rapid.SampledFrom([]any{map[string]any{"const": "x"}, map[string]any{"enum": []any{"y"}}, map[string]any{"not": map[string]any{"const": "x"}}}).Draw(t, "a")
	case "b":
		return rapid.SampledFrom([]any{map[string]any{"const": 1}, map[string]any{"minimum": 1}, true}).Draw(t, "b")
	case "o":
		return condition(t, min(depth, 1), false)
	}
	item := func() any { return condition(t, 0, false) }
	limit := func() int { return rapid.IntRange(0, 2).Draw(t, "limit") }
	switch kind := rapid.SampledFrom([]string{"minItems", "maxItems", "uniqueItems", "items", "contains", "minContains", "maxContains"}).Draw(t, "l"); kind {
	case "minItems", "maxItems":
		return map[string]any{kind: limit()}
	case "uniqueItems":
		return map[string]any{kind: true}
	case "items", "contains":
		return map[string]any{kind: item()}
	default:
		return map[string]any{"contains": item(), kind: limit()}
	}
}

func answersOf(t *rapid.T, outer bool) map[string]any {
	v := map[string]any{}
	there := func() bool { return rapid.IntRange(0, 3).Draw(t, "there") > 0 }
	if there() {
		v["a"] = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "a")
	}
	if there() {
		v["b"] = rapid.IntRange(0, 1).Draw(t, "b")
	}
	if outer && there() {
		v["o"] = answersOf(t, false)
	}
	if outer && there() {
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "entries") {
			list = append(list, answersOf(t, false))
		}
		v["l"] = list
	}
	return v
}
