package formtest

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// example makes a plain value of a schema: the first choice, the shortest text of its pattern, the least number, and of
// an object what is required. It may miss rules that hold between answers.
func example(schema any) any {
	s, _ := schema.(map[string]any)
	if want, ok := s["const"]; ok {
		return want
	}
	if want := listOf(s["enum"]); len(want) > 0 {
		return want[0]
	}
	switch s["type"] {
	case "boolean":
		return true
	case "integer", "number":
		if n, ok := s["minimum"].(float64); ok {
			return n
		}
		return 1.0
	case "array":
		n, _ := s["minItems"].(float64)
		return slices.Repeat([]any{example(s["items"])}, int(n))
	case "object":
		properties, _ := s["properties"].(map[string]any)
		object := map[string]any{}
		names := listOf(s["required"])
		if choice := listOf(s["anyOf"]); len(choice) > 0 {
			first, _ := choice[0].(map[string]any)
			names = append(slices.Clone(names), listOf(first["required"])...)
		}
		for _, name := range names {
			object[name.(string)] = example(properties[name.(string)])
		}
		return object
	}
	switch s["format"] {
	case "date", "partial-date":
		return "2001-02-03"
	case "email":
		return "erika@example.org"
	}
	text := "x"
	if pattern, ok := s["pattern"].(string); ok {
		if parsed, err := syntax.Parse(pattern, syntax.Perl); err == nil {
			text = shortest(parsed)
		}
	}
	if n, ok := s["minLength"].(float64); ok && len(text) < int(n) {
		text += strings.Repeat("x", int(n)-len(text))
	}
	return text
}

// shortest writes a text that a regular expression matches, as far as it is made of letters, classes and repetitions.
func shortest(re *syntax.Regexp) string {
	part := func(i int) string { return shortest(re.Sub[i]) }
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		for _, r := range "x1X0-" {
			for i := 0; i < len(re.Rune); i += 2 {
				if re.Rune[i] <= r && r <= re.Rune[i+1] {
					return string(r)
				}
			}
		}
		return string(re.Rune[0])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpConcat:
		all := ""
		for i := range re.Sub {
			all += part(i)
		}
		return all
	case syntax.OpAlternate, syntax.OpCapture, syntax.OpPlus:
		return part(0)
	case syntax.OpRepeat:
		return strings.Repeat(part(0), re.Min)
	default: // nothing is short enough for the others
		return ""
	}
}
