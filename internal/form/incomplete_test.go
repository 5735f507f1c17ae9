package form_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/form"
	"nelke/internal/form/formtest"
)

func TestAcceptLeavesOutOnlyWhatMoreAnswersCanMend(t *testing.T) {
	t.Parallel()
	r := rich(t)
	plain := given{schema: compiled(t)}
	for _, c := range []struct {
		name    string
		form    given
		answers string
		want    string // pointer and keyword of each fault
	}{
		{"nothing answered", plain, `{}`, ""},
		{"the choice on which an answer depends is open", plain, `{"to": {}}`, ""},
		{"the choice asks for more", plain, `{"send": "OTHER"}`, ""},
		{"the choice rules the answer out", plain, `{"send": "HOME", "to": {}}`, "/to unevaluatedProperties"},
		{"an empty text is none", plain, `{"name": " "}`, ""},
		{"two empty texts in a list are alike", plain, `{"tags": ["", ""]}`, "/tags uniqueItems"},
		{"null is no missing answer", plain, `{"name": null}`, "/name type"},
		{"surplus", plain, `{"nom": "Anna"}`, "/nom unevaluatedProperties"},
		{"surplus within", plain, `{"to": {"zip": 1}}`, "/to/zip unevaluatedProperties"},
		{"list too long", plain, `{"tags": ["a", "b", "c"]}`, "/tags maxItems"},
		{"texts alike stay alike", plain, `{"tags": ["a", "a"]}`, "/tags uniqueItems"},

		{"an answer that asks for another", r, `{"mail": "erika@example.org"}`, ""},
		{"no alternative yet", r, `{"place": {}}`, ""},
		{"one alternative too many", r, `{"place": {"town": "Lage", "geo": "1,2"}}`, "/place oneOf"},
		{"list too short", r, `{"pets": []}`, ""},
		{"list still without its entry", r, `{"pets": ["DOG"]}`, ""},
		{"list with too many of an entry", r, `{"marks": [1, 1, 1, 1]}`, "/marks maxContains"},
		{"people who may yet differ", r, `{"people": [{"name": "Bo"}, {"name": "Bo"}, {}]}`, ""},
		{"people who can't", r, `{"people": [{"name": "Bo", "age": 1}, {}, {"name": "Bo", "age": 1}]}`, "/people uniqueItems"},
		{"limit under a condition that is open", r, `{"count": 10}`, ""},
		{"limit under a condition that holds", r, `{"count": 10, "kind": "B"}`, "/count maximum"},
		{"limit under a condition that doesn't", r, `{"count": 10, "kind": "A"}`, ""},
		{"ruled out unless a condition holds, which is open", r, `{"extra": "x", "spare": "x"}`, ""},
		{"ruled out for good", r, `{"kind": "A", "extra": "x"}`, "/extra unevaluatedProperties"},
		{"ruled out for good, by not", r, `{"code": "NO"}`, "/code not"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, faults := c.form.schema.Accept([]byte(c.answers), true, today)
			var got []string
			for _, f := range faults {
				got = append(got, f.Pointer+" "+f.Keyword)
			}
			require.Equal(t, c.want, strings.Join(got, ", "))
		})
	}
}

// TestConditionsAreSettledOnlyByWhatStays: a condition holds for good, or fails for good, or is open.
func TestConditionsAreSettledOnlyByWhatStays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ condition, answers, want string }{
		{`{"required": ["a"]}`, `{"a": 1}`, "holds"},
		{`{"required": ["a"]}`, `{}`, "open"},
		{`{"properties": {"a": {"const": 1}}}`, `{"a": 1}`, "holds"},
		{`{"properties": {"a": {"const": 1}}}`, `{"a": 2}`, "fails"},
		{`{"properties": {"a": {"const": 1}}}`, `{}`, "open"},
		{`{"properties": {"a": true}}`, `{}`, "holds"},
		{`{"properties": {"a": false}}`, `{}`, "open"},
		{`{"properties": {"a": false}}`, `{"a": 1}`, "fails"},
		{`{"dependentRequired": {"a": ["b"]}}`, `{}`, "open"},
		{`{"dependentRequired": {"a": ["b"]}}`, `{"a": 1}`, "open"},
		{`{"dependentRequired": {"a": ["b"]}}`, `{"b": 1}`, "holds"},
		{`{"minProperties": 2}`, `{"a": 1}`, "holds"}, // z is there too
		{`{"minProperties": 2}`, `{}`, "open"},
		{`{"maxProperties": 2}`, `{"a": 1}`, "open"},
		{`{"maxProperties": 2}`, `{"a": 1, "b": 1}`, "fails"},
		{`{"properties": {"l": {"minItems": 1}}, "required": ["l"]}`, `{"l": []}`, "open"},
		{`{"properties": {"l": {"minItems": 1}}, "required": ["l"]}`, `{"l": [1]}`, "holds"},
		{`{"properties": {"l": {"maxItems": 1}}}`, `{"l": [1]}`, "open"},
		{`{"properties": {"l": {"maxItems": 1}}}`, `{"l": [1, 2]}`, "fails"},
		{`{"properties": {"l": {"uniqueItems": true}}}`, `{"l": [1, 2]}`, "open"},
		{`{"properties": {"l": {"uniqueItems": true}}}`, `{"l": [1, 1]}`, "fails"},
		{`{"properties": {"l": {"uniqueItems": true}}}`, `{"l": [{}, {}]}`, "open"},
		{`{"properties": {"l": {"items": {"const": 1}}}}`, `{"l": [1]}`, "open"},
		{`{"properties": {"l": {"items": {"const": 1}}}}`, `{"l": [2]}`, "fails"},
		{`{"properties": {"l": {"contains": {"const": 1}}}}`, `{"l": [2]}`, "open"},
		{`{"properties": {"l": {"contains": {"const": 1}}}}`, `{"l": [2, 1]}`, "holds"},
		{`{"properties": {"l": {"contains": {"required": ["a"]}, "maxContains": 1}}}`, `{"l": [{"a": 1}, {}]}`, "open"},
		{`{"properties": {"l": {"contains": {"required": ["a"]}, "maxContains": 1}}}`, `{"l": [{"a": 1}, {"a": 2}]}`, "fails"},
		{`{"not": {"required": ["a"]}}`, `{}`, "open"},
		{`{"not": {"required": ["a"]}}`, `{"a": 1}`, "fails"},
		{`{"not": {"properties": {"a": {"const": 1}}}}`, `{"a": 2}`, "holds"},
		{`{"allOf": [{"required": ["a"]}, {"required": ["b"]}]}`, `{"a": 1}`, "open"},
		{`{"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}`, `{"a": 1}`, "holds"},
		{`{"anyOf": [{"required": ["a"]}, {"properties": {"b": false}}]}`, `{"b": 1}`, "open"},
		{`{"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}`, `{"a": 1}`, "open"},
		{`{"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}`, `{"a": 1, "b": 1}`, "fails"},
		{`{"oneOf": [{"required": ["a"]}, {"properties": {"b": {"const": 2}}}]}`, `{"a": 1, "b": 1}`, "holds"},
		{`{"oneOf": [{"properties": {"b": false}}, {"properties": {"b": {"const": 2}}}]}`, `{"b": 1}`, "fails"},
		{`{"if": {"required": ["a"]}, "then": {"required": ["b"]}}`, `{"b": 1}`, "holds"},
		{`{"if": {"required": ["a"]}, "then": {"required": ["b"]}}`, `{}`, "open"},
		{`{"if": {"required": ["a"]}, "then": {"properties": {"b": false}}}`, `{"a": 1, "b": 1}`, "fails"},
		{`{"if": {"required": ["a"]}, "then": {"properties": {"b": false}}}`, `{"b": 1}`, "open"},
		{`{"if": {"required": ["a"]}, "else": {"required": ["b"]}}`, `{"a": 1}`, "holds"},
		{`{"if": {"required": ["a"]}, "else": {"required": ["b"]}}`, `{"b": 1}`, "holds"},
		{`{"if": {"properties": {"a": {"const": 1}}}, "else": {"properties": {"b": false}}}`, `{"a": 2, "b": 1}`, "fails"},
		{`{"if": {"properties": {"a": {"const": 1}}}, "else": {"required": ["b"]}}`, `{}`, "open"},
	} {
		t.Run(c.condition+" "+c.answers, func(t *testing.T) {
			t.Parallel()
			refused := func(branch string) bool {
				s, err := form.Compile([]byte(`{"type": "object", "if": ` + c.condition + `, "` + branch + `": {"properties": {"z": false}}}`))
				require.NoError(t, err)
				_, faults := s.Accept([]byte(strings.Replace(`{"z": 1, `+c.answers[1:], ", }", "}", 1)), true, today)
				return len(faults) > 0
			}
			require.Equal(t, c.want == "holds", refused("then"))
			require.Equal(t, c.want == "fails", refused("else"))
		})
	}
}

// TestAnswersLackingAnythingAreIncomplete takes properties out of accepted answers: each alone, then any together.
func TestAnswersLackingAnythingAreIncomplete(t *testing.T) {
	t.Parallel()
	forms := append(blomberg(t), rich(t))
	n := 0
	for _, f := range forms {
		for _, s := range f.accepted {
			for _, path := range properties(s.answers, nil) {
				n++
				requireIncomplete(t, f, without(s.answers, path))
			}
		}
	}
	t.Logf("%d properties taken out", n)
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(forms).Draw(t, "form")
		answers := rapid.SampledFrom(f.accepted).Draw(t, "sample").answers
		for range rapid.IntRange(2, 12).Draw(t, "times") {
			if left := properties(answers, nil); len(left) > 0 {
				answers = without(answers, rapid.SampledFrom(left).Draw(t, "property"))
			}
		}
		requireIncomplete(t, f, answers)
	})
}

func requireIncomplete(t require.TestingT, f given, answers any) {
	raw, err := json.Marshal(answers)
	require.NoError(t, err)
	canonical, faults := f.schema.Accept(raw, true, today)
	require.Empty(t, faults, "%s: %s", f.name, raw)
	require.Equal(t, string(raw), canonical)
}

// TestWrongAnswersStayWrongWhateverElseIsMissing breaks a rule and takes properties out elsewhere.
func TestWrongAnswersStayWrongWhateverElseIsMissing(t *testing.T) {
	t.Parallel()
	type broken struct {
		form given
		formtest.Breakage
	}
	var all []broken
	for _, f := range append(blomberg(t), rich(t)) {
		for _, s := range f.accepted {
			for _, b := range formtest.Breakages(f.raw, s.answers) {
				conditional := strings.Contains(b.Rule, "/then/") || strings.Contains(b.Rule, "/else/")
				if !conditional && !slices.Contains(mendable, b.Keyword) && b.Pointer != "" {
					all = append(all, broken{f, b})
				}
			}
		}
	}
	require.Greater(t, len(all), 4000)
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SampledFrom(all).Draw(t, "breakage")
		if strings.HasSuffix(b.Name, "no alternative") {
			return // by what is missing
		}
		answers := b.Answers
		for range rapid.IntRange(0, 12).Draw(t, "times") {
			elsewhere := slices.DeleteFunc(properties(answers, nil), func(path []string) bool {
				there := "/" + strings.Join(path, "/")
				return strings.HasPrefix(b.Pointer+"/", there+"/") || strings.HasPrefix(there+"/", b.Pointer+"/") || strings.ContainsAny(there, "~")
			})
			if len(elsewhere) > 0 {
				answers = without(answers, rapid.SampledFrom(elsewhere).Draw(t, "property"))
			}
		}
		raw, err := json.Marshal(answers)
		require.NoError(t, err)
		_, faults := b.form.schema.Accept(raw, true, today)
		require.True(t, slices.ContainsFunc(faults, func(f form.Fault) bool { return f.Pointer == b.Pointer && f.Keyword == b.Keyword }),
			"%s: %s: %+v", b.Name, raw, faults)
	})
}

// TestWhatCanStillBeCompletedIsAcceptedSoFar holds forms that nobody would write to the promise: if answers are accepted,
// so are, as incomplete, all that they grow from, entries of lists included.
func TestWhatCanStillBeCompletedIsAcceptedSoFar(t *testing.T) {
	t.Parallel()
	tried, accepted := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		schema := map[string]any{
			"type": "object", "unevaluatedProperties": false,
			"properties": map[string]any{
				"a": map[string]any{"type": "string", "enum": []any{"x", "y"}},
				"b": map[string]any{"type": "integer"},
				"o": map[string]any{"type": "object", "unevaluatedProperties": false, "properties": map[string]any{
					"a": map[string]any{"type": "string"}, "b": map[string]any{"type": "integer"},
				}},
				"l": map[string]any{"type": "array", "uniqueItems": rapid.Bool().Draw(t, "unique"), "items": map[string]any{
					"type": "object", "properties": map[string]any{"a": map[string]any{"type": "string"}, "b": map[string]any{"type": "integer"}},
				}},
			},
		}
		var conditions []any
		for range rapid.IntRange(1, 3).Draw(t, "conditions") {
			conditions = append(conditions, condition(t, 3, true))
		}
		schema["allOf"] = conditions
		raw, err := json.Marshal(schema)
		require.NoError(t, err)
		s, err := form.Compile(raw)
		require.NoError(t, err)
		for range 40 {
			whole := answersOf(t, true)
			tried++
			if len(s.Check(whole)) > 0 {
				continue
			}
			accepted++
			less := lessOf(t, whole)
			part, err := json.Marshal(less)
			require.NoError(t, err)
			_, faults := s.Accept(part, true, today)
			require.Empty(t, faults, "%s is part of %v, which %s accepts", part, whole, raw)
		}
	})
	t.Logf("%d of %d answers accepted", accepted, tried)
	require.Greater(t, accepted*10, tried, "too few answers to prove anything")
}

// lessOf takes out properties and entries of lists.
func lessOf(t *rapid.T, v any) any {
	stays := func() bool { return rapid.Bool().Draw(t, "stays") }
	switch v := v.(type) {
	case map[string]any:
		less := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if stays() {
				less[name] = lessOf(t, v[name])
			}
		}
		return less
	case []any:
		less := []any{}
		for _, item := range v {
			if stays() {
				less = append(less, lessOf(t, item))
			}
		}
		return less
	default:
		return v
	}
}

func TestCompileRefusesConditionsBeyondMeasure(t *testing.T) {
	t.Parallel()
	nested := `{"required": ["a"]}`
	for range 12 {
		nested = `{"oneOf": [` + nested + `]}`
	}
	_, err := form.Compile([]byte(nested))
	require.ErrorContains(t, err, "nested too deep")
}

// properties returns the paths to all properties, at every level.
func properties(v any, at []string) [][]string {
	var all [][]string
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			path := append(slices.Clone(at), name)
			all = append(append(all, path), properties(v[name], path)...)
		}
	case []any:
		for i, item := range v {
			all = append(all, properties(item, append(slices.Clone(at), strconv.Itoa(i)))...)
		}
	}
	return all
}

// without copies answers but for the property at a path.
func without(v any, path []string) any {
	switch v := v.(type) {
	case map[string]any:
		less := maps.Clone(v)
		if len(path) == 1 {
			delete(less, path[0])
		} else {
			less[path[0]] = without(v[path[0]], path[1:])
		}
		return less
	case []any:
		less := slices.Clone(v)
		i, err := strconv.Atoi(path[0])
		if err != nil {
			panic(fmt.Errorf("without(%v): %w", path, err))
		}
		less[i] = without(less[i], path[1:])
		return less
	default:
		return v
	}
}

func sortedNames(names []string) []string {
	slices.Sort(names)
	return names
}
