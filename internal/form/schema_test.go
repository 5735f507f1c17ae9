package form_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/form"
)

const schema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "unevaluatedProperties": false,
  "required": ["name", "send"],
  "x-layout": [{"title": {"de": "Alles", "en": "All"}, "fields": ["name", "born", "copies", "weight", "send", "to", "tags", "a/b"]}],
  "properties": {
    "name": {"type": "string", "x-label": {"de": "Name", "en": "Name"}, "minLength": 2, "maxLength": 5, "pattern": "^[A-Z]"},
    "born": {"type": "string", "x-label": {"de": "Geboren", "en": "Born"}, "format": "date"},
    "copies": {"type": "integer", "x-label": {"de": "Anzahl", "en": "Number"}, "minimum": 1, "maximum": 10},
    "weight": {"type": "number", "x-label": {"de": "Gewicht", "en": "Weight"}, "minimum": 0.5},
    "send": {"type": "string", "x-label": {"de": "Versand", "en": "Send"}, "enum": ["HOME", "OTHER"],
      "x-values": {"HOME": {"de": "Heim", "en": "Home"}, "OTHER": {"de": "Woanders", "en": "Elsewhere"}}},
    "to": {"type": "object", "x-label": {"de": "An", "en": "To"}, "unevaluatedProperties": false, "required": ["city"],
      "x-layout": [{"fields": ["city"]}],
      "properties": {"city": {"type": "string", "x-label": {"de": "Ort", "en": "Town"}, "maxLength": 9}}},
    "tags": {"type": "array", "x-label": {"de": "Marken", "en": "Tags"}, "maxItems": 2, "uniqueItems": true,
      "items": {"type": "string", "maxLength": 3}},
    "a/b": {"type": "boolean", "x-label": {"de": "Ja", "en": "Yes"}, "const": true}
  },
  "if": {"properties": {"send": {"const": "OTHER"}}, "required": ["send"]},
  "then": {"required": ["to"]},
  "else": {"properties": {"to": false}}
}`

func compiled(t testing.TB) *form.Schema {
	t.Helper()
	_, faults := form.Inspect([]byte(schema))
	require.Empty(t, faults)
	s, err := form.Compile([]byte(schema))
	require.NoError(t, err)
	return s
}

func answers(t *testing.T, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	require.NoError(t, dec.Decode(&v))
	return v
}

func TestCheckNamesTheAnswerAndTheRule(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	for _, c := range []struct {
		name, answers string
		want          []form.Fault
	}{
		{"accepted", `{"name": "Anna", "send": "HOME", "born": "2024-02-29", "copies": 1.0, "weight": 0.5, "tags": ["a", "b"], "a/b": true}`, nil},
		{"accepted elsewhere", `{"name": "Anna", "send": "OTHER", "to": {"city": "Blomberg"}}`, nil},
		{"missing", `{"send": "HOME"}`, []form.Fault{{Pointer: "/name", Keyword: "required"}}},
		{"two missing", `{}`, []form.Fault{{Pointer: "/name", Keyword: "required"}, {Pointer: "/send", Keyword: "required"}}},
		{"missing by condition", `{"name": "Anna", "send": "OTHER"}`, []form.Fault{{Pointer: "/to", Keyword: "required"}}},
		{"missing inside", `{"name": "Anna", "send": "OTHER", "to": {}}`, []form.Fault{{Pointer: "/to/city", Keyword: "required"}}},
		{"surplus", `{"name": "Anna", "send": "HOME", "x~y": 1}`, []form.Fault{{Pointer: "/x~0y", Keyword: "unevaluatedProperties"}}},
		{"surplus by condition", `{"name": "Anna", "send": "HOME", "to": {"city": "Lage"}}`, []form.Fault{{Pointer: "/to", Keyword: "unevaluatedProperties"}}},
		{"surplus inside", `{"name": "Anna", "send": "OTHER", "to": {"city": "Lage", "zip": 1}}`, []form.Fault{{Pointer: "/to/zip", Keyword: "unevaluatedProperties"}}},
		{"too long", `{"name": "Annabel", "send": "HOME"}`, []form.Fault{{Pointer: "/name", Keyword: "maxLength", Params: map[string]any{"limit": 5}}}},
		{"too short, and wrong", `{"name": "a", "send": "HOME"}`, []form.Fault{
			{Pointer: "/name", Keyword: "minLength", Params: map[string]any{"limit": 2}},
			{Pointer: "/name", Keyword: "pattern", Params: map[string]any{"pattern": "^[A-Z]"}},
		}},
		{"no date", `{"name": "Anna", "send": "HOME", "born": "2023-02-29"}`, []form.Fault{{Pointer: "/born", Keyword: "format", Params: map[string]any{"format": "date"}}}},
		{"too many", `{"name": "Anna", "send": "HOME", "copies": 11}`, []form.Fault{{Pointer: "/copies", Keyword: "maximum", Params: map[string]any{"limit": json.Number("10")}}}},
		{"too light", `{"name": "Anna", "send": "HOME", "weight": 0.4}`, []form.Fault{{Pointer: "/weight", Keyword: "minimum", Params: map[string]any{"limit": json.Number("0.5")}}}},
		{"a half", `{"name": "Anna", "send": "HOME", "copies": 1.5}`, []form.Fault{{Pointer: "/copies", Keyword: "type", Params: map[string]any{"type": []string{"integer"}}}}},
		{"not on the list", `{"name": "Anna", "send": "BY_DRONE"}`, []form.Fault{{Pointer: "/send", Keyword: "enum", Params: map[string]any{"values": []any{"HOME", "OTHER"}}}}},
		{"not agreed, pointer escaped", `{"name": "Anna", "send": "HOME", "a/b": false}`, []form.Fault{{Pointer: "/a~1b", Keyword: "const", Params: map[string]any{"value": true}}}},
		{"list too long", `{"name": "Anna", "send": "HOME", "tags": ["a", "b", "c"]}`, []form.Fault{{Pointer: "/tags", Keyword: "maxItems", Params: map[string]any{"limit": 2}}}},
		{"list item too long", `{"name": "Anna", "send": "HOME", "tags": ["a", "bcde"]}`, []form.Fault{{Pointer: "/tags/1", Keyword: "maxLength", Params: map[string]any{"limit": 3}}}},
		{"no object", `[]`, []form.Fault{{Pointer: "", Keyword: "type", Params: map[string]any{"type": []string{"object"}}}}},
		{"null", `null`, []form.Fault{{Pointer: "", Keyword: "type", Params: map[string]any{"type": []string{"object"}}}}},
		{"number out of all range", `{"name": "Anna", "send": "HOME", "weight": 1e999999999}`, []form.Fault{{Pointer: "/weight", Keyword: "type"}}},
		{"number nearest to nothing", `{"name": "Anna", "send": "HOME", "weight": 1e-999999999}`, []form.Fault{{Pointer: "/weight", Keyword: "minimum", Params: map[string]any{"limit": json.Number("0.5")}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, s.Check(answers(t, c.answers)))
		})
	}
}

func TestCheckRefusesWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	require.Equal(t, []form.Fault{{Pointer: "/weight", Keyword: "type"}}, s.Check(map[string]any{"weight": math.NaN()}))
	require.Equal(t, []form.Fault{{Pointer: "/name", Keyword: "type"}}, s.Check(map[string]any{"name": struct{}{}}))
	var deep any
	for range 100 {
		deep = []any{deep}
	}
	faults := s.Check(map[string]any{"tags": deep})
	require.Len(t, faults, 1)
	require.True(t, strings.HasPrefix(faults[0].Pointer, "/tags/0/0"), faults[0].Pointer)
}

func TestCompileFollowsNoReferenceOutOfTheForm(t *testing.T) {
	t.Parallel()
	for _, ref := range []string{"file:///etc/passwd", "https://example.org/schema", "other.json"} {
		_, err := form.Compile([]byte(`{"$ref": "` + ref + `"}`))
		require.ErrorContains(t, err, "a form may not refer to", ref)
	}
}

func TestCanonicalIsTheSameForEqualDocuments(t *testing.T) {
	t.Parallel()
	a, err := form.Canonical([]byte(`{"b": [1.50, "<ä>"], "a": null}`))
	require.NoError(t, err)
	require.Equal(t, `{"a":null,"b":[1.50,"<ä>"]}`, string(a))
	again, err := form.Canonical(a)
	require.NoError(t, err)
	require.Equal(t, a, again)
}

func TestInspectedKnowsItsProperties(t *testing.T) {
	t.Parallel()
	i, _ := form.Inspect([]byte(schema))
	for pointer, want := range map[string]string{"/name": "string", "/to/city": "string", "/copies": "integer", "/a~1b": "boolean"} {
		kind, ok := i.Type(pointer)
		require.True(t, ok, pointer)
		require.Equal(t, want, kind, pointer)
	}
	for _, pointer := range []string{"", "/", "name", "/nome", "/to/zip", "/name/x"} {
		_, ok := i.Type(pointer)
		require.False(t, ok, pointer)
	}
	require.Equal(t, []string{"HOME", "OTHER"}, i.Values("/send"))
}

func TestInspectHoldsConditionsToTheProperties(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, new, want string }{
		{`"then": {"required": ["to"]}`, `"then": {"required": ["too"]}`, "/then/required/0"},
		{`"if": {"properties": {"send"`, `"if": {"properties": {"sent"`, "/if/properties/sent"},
		{`{"const": "OTHER"}`, `{"konst": "OTHER"}`, "/if/properties/send/konst"},
		{`"then": {`, `"allOf": [{"required": ["nome"]}], "then": {`, "/allOf/0/required/0"},
		{`"then": {`, `"dependentRequired": {"born": ["nome"]}, "then": {`, "/dependentRequired/born/0"},
		{`"then": {`, `"dependentRequired": {"nome": ["born"]}, "then": {`, "/dependentRequired/nome"},
		{`"then": {"required": ["to"]}`, `"then": {"properties": {"to": {"required": ["zip"]}}}`, "/then/properties/to/required/0"},
		{`, "maxItems": 2`, ``, "/properties/tags/maxItems"},
		{`"items": {"type": "string", "maxLength": 3}`, `"items": {"type": "string"}`, "/properties/tags/items/maxLength"},
		{`{"const": "OTHER"}`, `{"const": {"a": 1}}`, "/if/properties/send/const"},
		{`{"const": "OTHER"}`, `{"enum": ["OTHER", ["HOME"]]}`, "/if/properties/send/enum/1"},
		{`"fields": ["city"]`, `"fields": ["town"]`, "/properties/to/x-layout/0/fields/0"},
		{`"x-label": {"de": "An", "en": "To"}, "unevaluatedProperties": false`, `"x-label": {"de": "An", "en": "To"}`, "/properties/to/unevaluatedProperties"},
		{`"format": "date"`, `"format": "date", "x-values": {}`, "/properties/born/x-values"},
		{`"format": "date"`, `"format": "date", "x-hint": {"de": "", "en": "Hint"}`, "/properties/born/x-hint/de"},
		{`"title": {"de": "Alles", "en": "All"}, `, ``, "/x-layout/0/title"},
		{`{"const": "OTHER"}`, `{"const": "u\u0308bel"}`, "/if/properties/send/const"},
		{`"de": "Ort"`, `"de": "O\u00adrt"`, "/properties/to/properties/city/x-label/de"},
		{`"format": "date"`, `"format": "partial-date"`, "/properties/born/pattern"},
		{`"format": "date"`, `"format": "date", "x-maxDaysAhead": -1`, "/properties/born/x-maxDaysAhead"},
		{`"format": "date"`, `"format": "date", "x-maxDaysAhead": "0"`, "/properties/born/x-maxDaysAhead"},
		{`"type": "boolean"`, `"type": "boolean", "x-maxDaysAhead": 0`, "/properties/a~1b/x-maxDaysAhead"},
		{`"then": {"required": ["to"]}`, `"then": {"properties": {"born": {"x-maxDaysAhead": 0}}}`, "/then/properties/born/x-maxDaysAhead"},
	} {
		require.Equal(t, 1, strings.Count(schema, c.old), c.old)
		_, faults := form.Inspect([]byte(strings.Replace(schema, c.old, c.new, 1)))
		require.NotEmpty(t, faults, c.new)
		require.Equal(t, c.want, faults[0].Pointer, "%s: %+v", c.new, faults)
	}
}

// FuzzInspect: whatever Inspect accepts compiles, and judges any answers without a panic.
func FuzzInspect(f *testing.F) {
	f.Add([]byte(schema), []byte(`{"name": "Anna", "send": "HOME"}`))
	f.Add([]byte(`{"type": "object", "x-layout": [[]], "properties": {"a": true}, "if": 1, "allOf": {}}`), []byte(`[]`))
	f.Fuzz(func(t *testing.T, schema, raw []byte) {
		_, faults := form.Inspect(schema)
		if len(faults) > 0 {
			return
		}
		s, err := form.Compile(schema)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if json.Unmarshal(raw, &v) == nil {
			s.Check(v)
		}
	})
}
