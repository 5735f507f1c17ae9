package form_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	judge "nelke/internal/form"
	"nelke/web/form"
)

type object = map[string]any

// partialDatePattern is the pattern that every date known in part has.
const partialDatePattern = judge.PartialDatePattern

// drawnForm draws a schema of the form language whose rules are of every kind.
func drawnForm(t *rapid.T) object {
	s := drawnObject(t, 2)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	for _, g := range s["x-layout"].([]any) {
		g.(object)["title"] = inBoth("Abschnitt")
	}
	return s
}

func inBoth(s string) object { return object{"de": s, "en": s + " in English"} }

func drawnObject(t *rapid.T, depth int) object {
	names := rapid.SampledFrom([][]string{
		{"a"}, {"a", "b"}, {"a", "b", "c"}, {"a", "b", "c", "d", "e"}, {"a.day", "a", "a/b", "~", "ü ß"}, {"a-b", "a_b", "shown", "0"},
	}).Draw(t, "names")
	properties := object{}
	for _, name := range names {
		p := drawnValue(t, depth, name)
		p["x-label"] = inBoth("Feld " + name)
		if rapid.Bool().Draw(t, "hint") {
			p["x-hint"] = inBoth("Hinweis zu " + name)
		}
		properties[name] = p
	}
	s := object{"type": "object", "unevaluatedProperties": false, "properties": properties}
	s["x-layout"] = drawnLayout(t, names)
	drawnRules(t, s, names)
	return s
}

func drawnLayout(t *rapid.T, names []string) []any {
	var groups []any
	for rest := rapid.Permutation(names).Draw(t, "order"); len(rest) > 0; {
		n := rapid.IntRange(1, len(rest)).Draw(t, "fields")
		fields := []any{}
		for _, name := range rest[:n] {
			fields = append(fields, name)
		}
		groups, rest = append(groups, object{"fields": fields}), rest[n:]
	}
	return groups
}

// drawnValue draws the schema of a property or of an entry.
func drawnValue(t *rapid.T, depth int, name string) object {
	kinds := []string{"text", "code", "long", "email", "phone", "integer", "number", "date", "partial-date", "choice", "choices", "yes", "agree", "refuse", "only", "several"}
	if depth > 0 {
		kinds = append(kinds, "group", "group", "list", "list")
	}
	switch kind := rapid.SampledFrom(kinds).Draw(t, "kind of "+name); kind {
	case "code":
		return object{"type": "string", "maxLength": 5, "pattern": "^[A-Z]{2}[0-9]{3}$"}
	case "long":
		return object{"type": "string", "maxLength": 500}
	case "email":
		return object{"type": "string", "maxLength": 60, "format": "email"}
	case "phone":
		return object{"type": "string", "maxLength": 20, "x-autocomplete": "tel"}
	case "integer":
		return object{"type": "integer"}
	case "number":
		return object{"type": "number", "minimum": 0}
	case "date":
		return object{"type": "string", "format": "date", "x-autocomplete": "bday"}
	case "partial-date":
		return object{"type": "string", "format": "partial-date", "pattern": partialDatePattern}
	case "choice":
		return drawnChoice(3)
	case "choices":
		return drawnChoice(9)
	case "yes":
		return object{"type": "boolean"}
	case "agree":
		return object{"type": "boolean", "const": true}
	case "refuse":
		return object{"type": "boolean", "const": false}
	case "only":
		return object{"type": "string", "const": "32825"}
	case "several":
		return object{"type": "array", "maxItems": 4, "uniqueItems": true, "items": drawnChoice(4)}
	case "group":
		return drawnObject(t, depth-1)
	case "list":
		return object{"type": "array", "minItems": rapid.IntRange(0, 2).Draw(t, "at least"), "maxItems": 3, "items": drawnValue(t, depth-1, name)}
	default:
		return object{"type": "string", "maxLength": 40}
	}
}

func drawnChoice(n int) object {
	values, labels := []any{}, object{}
	for i := range n {
		value := fmt.Sprintf("V%d", i)
		values, labels[value] = append(values, value), inBoth("Wert "+value)
	}
	return object{"type": "string", "enum": values, "x-values": labels}
}

// drawnRules draws the rules between the properties of an object.
func drawnRules(t *rapid.T, s object, names []string) {
	if rapid.Bool().Draw(t, "require") {
		s["required"] = []any{rapid.SampledFrom(names).Draw(t, "required")}
	}
	var all []any
	for range rapid.IntRange(0, 2).Draw(t, "rules") {
		all = append(all, drawnRule(t, s, names, 1))
	}
	if len(all) > 0 {
		s["allOf"] = all
	}
}

func drawnRule(t *rapid.T, s object, names []string, depth int) object {
	name := func() string { return rapid.SampledFrom(names).Draw(t, "name") }
	kinds := []string{"required", "ruled out", "dependent", "not"}
	if depth > 0 {
		kinds = append(kinds, "if", "if", "if", "anyOf", "oneOf", "allOf", "inner")
	}
	inner := func() object { return drawnRule(t, s, names, depth-1) }
	switch kind := rapid.SampledFrom(kinds).Draw(t, "rule"); kind {
	case "ruled out":
		return object{"properties": object{name(): false}}
	case "dependent":
		return object{"dependentRequired": object{name(): []any{name()}}}
	case "not":
		return object{"not": object{"required": []any{name()}}}
	case "if":
		// A property whose own answer decides whether it may be there could never be shown.
		on := name()
		names = slices.DeleteFunc(slices.Clone(names), func(other string) bool { return other == on && len(names) > 1 })
		if len(names) == 1 && names[0] == on {
			return object{"required": []any{on}}
		}
		return object{"if": drawnCondition(t, s, on), "then": inner(), "else": inner()}
	case "anyOf", "oneOf", "allOf":
		return object{kind: []any{inner(), inner()}}
	case "inner":
		group := name()
		property := s["properties"].(object)[group].(object)
		properties, ok := property["properties"].(object)
		if !ok {
			return object{"required": []any{group}}
		}
		return object{"properties": object{group: drawnRule(t, property, slices.Sorted(maps.Keys(properties)), depth-1)}}
	default:
		return object{"required": []any{name()}}
	}
}

func drawnCondition(t *rapid.T, s object, name string) object {
	condition := object{"required": []any{name}}
	property := s["properties"].(object)[name].(object)
	switch {
	case property["enum"] != nil:
		values := property["enum"].([]any)
		condition["properties"] = object{name: rapid.SampledFrom([]object{{"const": values[0]}, {"enum": values[1:]}}).Draw(t, "values")}
	case property["type"] == "boolean":
		condition["properties"] = object{name: object{"const": rapid.Bool().Draw(t, "value")}}
	}
	return condition
}

// drawnAnswers draws answers to an object: without groups, lists and entries that have nothing in them.
func drawnAnswers(t *rapid.T, s object) object {
	answers := object{}
	properties := s["properties"].(object)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if rapid.IntRange(0, 2).Draw(t, "there") > 0 {
			if v := drawnAnswer(t, properties[name].(object)); v != nil {
				answers[name] = v
			}
		}
	}
	return answers
}

func drawnAnswer(t *rapid.T, s object) any {
	switch {
	case s["const"] != nil:
		return s["const"]
	case s["enum"] != nil:
		return rapid.SampledFrom(s["enum"].([]any)).Draw(t, "choice")
	case s["type"] == "boolean":
		return rapid.Bool().Draw(t, "yes")
	case s["type"] == "integer":
		return rapid.IntRange(-5, 1_000_000).Draw(t, "integer")
	case s["type"] == "number":
		return rapid.SampledFrom([]float64{0, 0.5, 1.125, 2, 1234.5, 1000}).Draw(t, "number")
	case s["type"] == "object":
		answers := drawnAnswers(t, s)
		for name, v := range answers {
			if s["properties"].(object)[name].(object)["const"] != v || v == true || v == false {
				return answers
			}
		}
		return nil
	case s["type"] == "array":
		return drawnEntries(t, s)
	case s["pattern"] == partialDatePattern:
		return rapid.SampledFrom([]string{"1965", "1965-06", "1965-06-04", "2000-02-29"}).Draw(t, "date")
	case s["format"] == "date":
		return rapid.SampledFrom([]string{"2026-01-02", "1999-12-31"}).Draw(t, "date")
	case s["format"] == "email":
		return "erika@example.org"
	case s["pattern"] != nil:
		return "AB123"
	case s["maxLength"] == 500:
		return rapid.SampledFrom([]string{"<b>", "eine\nzweite\n\nvierte Zeile", "</textarea>\"'&amp;"}).Draw(t, "text")
	default:
		return rapid.SampledFrom([]string{"x", "Köln", "\"><script>", "a & b", "O’Neill's", "1.000"}).Draw(t, "text")
	}
}

func drawnEntries(t *rapid.T, s object) any {
	items := s["items"].(object)
	if values, ok := items["enum"].([]any); ok {
		chosen := rapid.SliceOfN(rapid.Bool(), len(values), len(values)).Draw(t, "chosen")
		var entries []any
		for i, v := range values {
			if chosen[i] && len(entries) < s["maxItems"].(int) {
				entries = append(entries, v)
			}
		}
		if entries == nil {
			return nil
		}
		return entries
	}
	var entries []any
	for range rapid.IntRange(0, 3).Draw(t, "entries") {
		if v := drawnAnswer(t, items); v != nil {
			entries = append(entries, v)
		}
	}
	if entries == nil {
		return nil
	}
	return entries
}

// TestDrawnForms draws forms and answers. Every page is well formed, each property has one place, and reading the page of
// accepted answers gives the same answers.
func TestDrawnForms(t *testing.T) {
	t.Parallel()
	accepted, hidden := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawnForm(t)
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, faults := judge.Inspect(raw); len(faults) > 0 {
			t.Fatalf("%v: %s", faults, raw)
		}
		f, err := form.Read(raw)
		if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		compiled, err := judge.Compile(raw)
		if err != nil {
			t.Fatal(err)
		}
		answers := drawnAnswers(t, s)
		language := rapid.SampledFrom([]string{"de", "en"}).Draw(t, "language")
		if len(compiled.Check(answers)) == 0 {
			accepted++
			checkRoundTrip(t, f, answers, language)
			checkShown(t, f, s, compiled, answers)
		} else {
			hidden++
		}
		checkPlaces(t, f, s)
		checkSettles(t, f, answers, language)
	})
	assert.Positive(t, accepted, "no answers were accepted")
	assert.Positive(t, hidden, "all answers were accepted")
	t.Logf("%d of %d answers were accepted", accepted, accepted+hidden)
}

// checkRoundTrip checks that each page, posted as it is, leaves the answers as they are.
func checkRoundTrip(t *rapid.T, f *form.Form, answers object, language string) {
	t.Helper()
	for section := range f.Sections() {
		page := show(t, f.View(form.Page{Section: section, Answers: answers, Language: language}))
		got, change := f.Parse(section, page.submit(), answers, language)
		if a, b := encoded(t, answers), encoded(t, got); a != b || change.Again() {
			t.Fatalf("section %d: %s became %s (again: %v, faults: %v)\n%s", section, a, b, change.Again(), change.Faults, page.raw)
		}
	}
	f.Review(answers, language)
}

// checkShown checks what is shown for accepted answers: a field that isn't could not be answered, and one without an answer
// is marked as one that may be left out.
func checkShown(t *rapid.T, f *form.Form, s object, compiled *judge.Schema, answers object) {
	t.Helper()
	exclusive := strings.Contains(encoded(t, s), "oneOf")
	for i, section := range f.Sections() {
		p := show(t, f.View(form.Page{Section: i, Answers: answers, Language: "de"}))
		for _, name := range section.Fields {
			_, answered := answers[name]
			shown := p.shows("/" + strings.NewReplacer("~", "~0", "/", "~1", ".", "~2").Replace(name))
			more := maps.Clone(answers)
			more[name] = drawnAnswer(t, s["properties"].(object)[name].(object))
			switch {
			case answered && !shown:
				t.Fatalf("%q is answered and not shown", name)
			case !shown && more[name] != nil && len(compiled.Check(more)) == 0:
				t.Fatalf("%q could be answered and isn't shown: %s", name, encoded(t, more))
			case shown && !answered && !exclusive && len(name) == 1 && name != "~" && name != "0":
				if caption := p.caption("f-" + name); !strings.HasSuffix(caption, "(freiwillig)") {
					t.Fatalf("%q is not marked as optional: %q", name, caption)
				}
			}
		}
	}
}

// checkPlaces checks that each property has one place, on one page.
func checkPlaces(t *rapid.T, f *form.Form, s object) {
	t.Helper()
	var placed []string
	for _, section := range f.Sections() {
		placed = append(placed, section.Fields...)
	}
	slices.Sort(placed)
	if names := slices.Sorted(maps.Keys(s["properties"].(object))); !slices.Equal(names, placed) {
		t.Fatalf("%v have places, not %v", placed, names)
	}
}

// checkSettles checks that a page which is posted again as it was shown is not shown a third time, whatever the answers.
func checkSettles(t *rapid.T, f *form.Form, answers object, language string) {
	t.Helper()
	for section := range f.Sections() {
		page := show(t, f.View(form.Page{Section: section, Answers: answers, Language: language}))
		once, change := f.Parse(section, page.submit(), answers, language)
		if len(change.Faults) > 0 {
			t.Fatalf("%v can't be read", change.Faults)
		}
		page = show(t, f.View(form.Page{Section: section, Answers: once, Change: change, Language: language}))
		twice, change := f.Parse(section, page.submit(), once, language)
		if change.Again() {
			t.Fatalf("%s is shown again and again", encoded(t, twice))
		}
		answers = twice
	}
}

func encoded(t *rapid.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(raw)
}
