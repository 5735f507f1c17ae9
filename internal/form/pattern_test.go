package form_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/form"
)

// each visits what describes each answer of a form.
func each(t testing.TB, raw []byte, visit func(name string, s map[string]any)) {
	t.Helper()
	var root map[string]any
	require.NoError(t, json.Unmarshal(raw, &root))
	var walk func(s map[string]any)
	walk = func(s map[string]any) {
		properties, _ := s["properties"].(map[string]any)
		for name, p := range properties {
			if property, ok := p.(map[string]any); ok {
				visit(name, property)
				walk(property)
			}
		}
		if items, ok := s["items"].(map[string]any); ok {
			walk(items)
		}
	}
	walk(root)
}

func inspectedPattern(pattern string) string {
	_, faults := form.Inspect(fmt.Appendf(nil, `{
  "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "unevaluatedProperties": false,
  "x-layout": [{"title": {"de": "A", "en": "A"}, "fields": ["a"]}],
  "properties": {"a": {"type": "string", "x-label": {"de": "A", "en": "A"}, "maxLength": 9, "pattern": %s}}
}`, quoted(pattern)))
	var all []string
	for _, fault := range faults {
		all = append(all, fmt.Sprintf("%d %s %s", fault.Line, fault.Pointer, fault.Message))
	}
	return strings.Join(all, "\n")
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestPatternsThatAreJudgedAlike(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		form.LinePattern, form.PartialDatePattern, `^[0-9]{5}$`, `^(?:a|b)+$`, `^[A-Z]{0,2} ?[0-9]{1,6}/[0-9]{4}$`, `^[0-9A-Z \-]{1,}$`, `\.\/\$`, `^\P{L}[^\p{Lu}]*$`, `^ä[ö-ü]½$`,
		`^[\p{L}\p{M}\-\/]{1,1000}$`, `^a?$`, ``,
	} {
		require.Empty(t, inspectedPattern(pattern), pattern)
	}
	for _, pattern := range []string{
		`^\S(.*\S)?$`, `^.$`, `\s`, `\w`, `\d`, `\b`, `\n`, `\x41`, `\u0041`, `(?i)a`, `(?P<n>a)`, `(?<n>a)`, `(?=a)`, `a^`, `$a`, `[]a]`, `[[:alpha:]]`, `[a&&b]`, `[a--b]`, `[0-9 /-]`, `[-a]`,
		`\pL`, `\p{Latin}`, `\p{Script=Latin}`, `\p{C}`, `\p{Cn}`, `a**`, `a+?`, `a{2}?`, `a{,3}`, `a{1001}`, `a{`, `a}`, `a]`, `[a`, `(a`, `a)`, `\`, `\-`, `[\s]`, `[(]`, `[\`, `\p`, `a{x}`, `[z-a]`, `^*`,
	} {
		got := inspectedPattern(pattern)
		require.Contains(t, got, "4 /properties/a/pattern ", pattern)
	}
}

// 20 values for each pattern that the town's forms have. test/conformance asks JavaScript the same.
func TestPatternsOfTheTownJudgeThese(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/patterns.json")
	require.NoError(t, err)
	var patternValues map[string]struct{ Yes, No []string }
	require.NoError(t, json.Unmarshal(raw, &patternValues))
	seen := map[string]bool{}
	for _, f := range blomberg(t) {
		each(t, f.raw, func(name string, s map[string]any) {
			if pattern, ok := s["pattern"].(string); ok {
				seen[pattern] = true
				require.Contains(t, patternValues, pattern, "%s: %s has a pattern without values here", f.name, name)
			}
		})
	}
	for pattern, values := range patternValues {
		require.True(t, seen[pattern], "no form has %s", pattern)
		require.GreaterOrEqual(t, len(values.Yes)+len(values.No), 20, pattern)
		expression := regexp.MustCompile(pattern)
		for _, v := range values.Yes {
			require.True(t, expression.MatchString(v), "%s: %+q", pattern, v)
		}
		for _, v := range values.No {
			require.False(t, expression.MatchString(v), "%s: %+q", pattern, v)
		}
	}
}
