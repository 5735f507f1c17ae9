package form_test

import (
	"encoding/json"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/data"
	"nelke/internal/form"
	"nelke/internal/schedule"
)

// given is a form with answers that it accepts.
type given struct {
	name     string
	raw      []byte
	schema   *form.Schema
	accepted []sample
}

type sample struct {
	name    string
	answers any
}

// today is the day on which tests save answers.
var today = schedule.Date{Year: 2026, Month: 11, Day: 25}

// blomberg returns the town's forms with their samples.
func blomberg(t testing.TB) []given {
	t.Helper()
	files, err := data.Towns.ReadDir("lippe/blomberg/forms")
	require.NoError(t, err)
	var forms []given
	for _, file := range files {
		f := given{name: strings.TrimSuffix(file.Name(), path.Ext(file.Name()))}
		f.raw, err = data.Towns.ReadFile("lippe/blomberg/forms/" + file.Name())
		require.NoError(t, err)
		f.schema, err = form.Compile(f.raw)
		require.NoError(t, err)
		raw, err := data.Towns.ReadFile("lippe/blomberg/samples/" + file.Name())
		require.NoError(t, err)
		var samples struct {
			Accepted []struct {
				Name    string
				Answers any
			}
		}
		require.NoError(t, json.Unmarshal(raw, &samples))
		for _, s := range samples.Accepted {
			f.accepted = append(f.accepted, sample{s.Name, s.Answers})
		}
		require.NotEmpty(t, f.accepted, f.name)
		forms = append(forms, f)
	}
	require.Len(t, forms, 13)
	return forms
}

// richSchema uses every keyword that a form may use.
const richSchema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "unevaluatedProperties": false,
  "minProperties": 3,
  "maxProperties": 14,
  "required": ["kind", "count"],
  "dependentRequired": {"mail": ["phone"]},
  "x-layout": [{"title": {"de": "Alles", "en": "All"}, "fields": ["kind", "count", "ratio", "score", "mail", "phone", "at", "day", "code", "agreed", "declined", "pets", "marks", "notes", "people", "place", "extra", "spare"]}],
  "properties": {
    "kind": {"type": "string", "x-label": {"de": "Art", "en": "Kind"}, "enum": ["A", "B", "C"],
      "x-values": {"A": {"de": "A", "en": "A"}, "B": {"de": "B", "en": "B"}, "C": {"de": "C", "en": "C"}}},
    "count": {"type": "integer", "x-label": {"de": "Anzahl", "en": "Count"}, "minimum": 2, "maximum": 20, "multipleOf": 2},
    "ratio": {"type": "number", "x-label": {"de": "Anteil", "en": "Ratio"}, "exclusiveMinimum": 0.5, "exclusiveMaximum": 2.25},
    "score": {"type": "number", "x-label": {"de": "Wert", "en": "Score"}, "multipleOf": 0.25},
    "mail": {"type": "string", "x-label": {"de": "E-Mail", "en": "Email"}, "format": "email", "maxLength": 40},
    "phone": {"type": "string", "x-label": {"de": "Telefon", "en": "Phone"}, "minLength": 3, "maxLength": 20, "pattern": "^\\+[0-9]+$",
      "x-hint": {"de": "Mit Vorwahl, wie +495235123.", "en": "With area code, like +495235123."}},
    "at": {"type": "string", "x-label": {"de": "Zeit", "en": "Time"}, "format": "date-time", "maxLength": 40},
    "day": {"type": "string", "x-label": {"de": "Tag", "en": "Day"}, "format": "date", "pattern": "^20"},
    "code": {"type": "string", "x-label": {"de": "Kürzel", "en": "Code"}, "minLength": 1, "maxLength": 4, "not": {"const": "NO"}},
    "agreed": {"type": "boolean", "x-label": {"de": "Ja", "en": "Yes"}, "const": true},
    "declined": {"type": "boolean", "x-label": {"de": "Nein", "en": "No"}, "const": false},
    "pets": {"type": "array", "x-label": {"de": "Tiere", "en": "Pets"}, "minItems": 2, "maxItems": 4, "uniqueItems": true,
      "items": {"type": "string", "maxLength": 9}, "contains": {"const": "CAT"}},
    "marks": {"type": "array", "x-label": {"de": "Noten", "en": "Marks"}, "maxItems": 9, "contains": {"const": 1}, "minContains": 2, "maxContains": 3,
      "items": {"type": "integer", "minimum": 1, "maximum": 6}},
    "notes": {"type": "array", "x-label": {"de": "Notizen", "en": "Notes"}, "minItems": 1, "maxItems": 1, "items": {"type": "string", "maxLength": 9}},
    "people": {"type": "array", "x-label": {"de": "Personen", "en": "People"}, "maxItems": 3, "uniqueItems": true,
      "items": {"type": "object", "unevaluatedProperties": false, "required": ["name"], "x-layout": [{"fields": ["name", "age"]}], "properties": {
        "name": {"type": "string", "x-label": {"de": "Name", "en": "Name"}, "maxLength": 9},
        "age": {"type": "integer", "x-label": {"de": "Alter", "en": "Age"}, "minimum": 0}}}},
    "place": {"type": "object", "x-label": {"de": "Ort", "en": "Place"}, "unevaluatedProperties": false, "x-layout": [{"fields": ["town", "geo"]}],
      "properties": {
        "town": {"type": "string", "x-label": {"de": "Stadt", "en": "Town"}, "maxLength": 9},
        "geo": {"type": "string", "x-label": {"de": "Koordinaten", "en": "Coordinates"}, "maxLength": 9}},
      "oneOf": [{"required": ["town"]}, {"required": ["geo"]}]},
    "extra": {"type": "string", "x-label": {"de": "Zusatz", "en": "Extra"}, "maxLength": 9},
    "spare": {"type": "string", "x-label": {"de": "Reserve", "en": "Spare"}, "maxLength": 9}
  },
  "anyOf": [{"required": ["phone"]}, {"required": ["place"]}],
  "allOf": [
    {"if": {"properties": {"kind": {"const": "A"}}, "required": ["kind"]}, "then": {"required": ["code"]}, "else": {"properties": {"spare": false}}},
    {"if": {"properties": {"kind": {"enum": ["B", "C"]}}, "required": ["kind"]},
      "then": {"properties": {"count": {"maximum": 8}}},
      "else": {"properties": {"extra": false}}}
  ]
}`

const richAnswers = `{"kind": "A", "count": 10, "ratio": 0.75, "mail": "erika@example.org", "phone": "+495235123", "at": "2026-03-31T14:30:00+02:00",
  "day": "2026-03-31", "code": "Q", "agreed": true, "pets": ["DOG", "CAT"], "marks": [1, 1, 2], "people": [{"name": "Ada", "age": 36}, {"name": "Bo"}], "spare": "x"}`

const moreRichAnswers = `{"kind": "B", "count": 4, "score": 1.75, "declined": false, "notes": ["x"], "place": {"town": "Lage"}, "extra": "x",
  "marks": [1, 1, 1]}`

const otherRichAnswers = `{"kind": "C", "count": 8, "place": {"geo": "51.9,9.1"}}`

// rich returns the form with every keyword, and answers that meet each of its rules.
func rich(t testing.TB) given {
	t.Helper()
	_, faults := form.Inspect([]byte(richSchema))
	require.Empty(t, faults)
	compiled, err := form.Compile([]byte(richSchema))
	require.NoError(t, err)
	f := given{name: "rich", raw: []byte(richSchema), schema: compiled}
	for _, raw := range []string{richAnswers, moreRichAnswers, otherRichAnswers} {
		var v any
		require.NoError(t, json.Unmarshal([]byte(raw), &v))
		f.accepted = append(f.accepted, sample{raw, v})
	}
	return f
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}
