package form_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nelke/web/form"
)

const people = `"people": {"type": "array", "minItems": 1, "maxItems": 3, "x-label": {"de": "Personen", "en": "People"}, "items": {
	"type": "object", "x-label": {"de": "Person", "en": "Person"}, "unevaluatedProperties": false, "x-layout": [{"fields": ["name", "age"]}], "properties": {
		"name": {"type": "string", "maxLength": 9, "x-label": {"de": "Name", "en": "Name"}},
		"age": {"type": "integer", "x-label": {"de": "Alter", "en": "Age"}, "minimum": 0}}}}`

func TestEntriesAreAddedAndRemovedWithoutScript(t *testing.T) {
	t.Parallel()
	f := small(t, "{"+people+"}", `{"required": ["people"]}`)
	p := page(t, f, form.Answers{})
	assert.Equal(t, 1, p.count("/people"), "a list that must have an entry shows one")
	assert.Equal(t, "Person 1", p.caption("f-people-0"))
	assert.False(t, p.button("remove", "/people/0"), "the only entry stays")
	p.enter("/people/0/name", "Ada")
	p.enter("/people/0/age", "alt")

	answers, change := f.Parse(0, p.press("add", "/people"), form.Answers{}, "de")
	assert.True(t, change.Pressed)
	assert.Equal(t, form.Answers{"people": []any{map[string]any{"name": "Ada"}}}, answers, "empty entries and unread answers are not kept")
	p = show(t, f.View(form.Page{Answers: answers, Change: change, Language: "de"}))
	assert.Equal(t, 2, p.count("/people"))
	assert.Equal(t, "alt", value(p.find("f-people-0-age"), "value"), "what was typed stays")
	assert.NotContains(t, p.raw, "autofocus", "the summary of errors takes the focus")
	p.enter("/people/0/age", "36")
	p.enter("/people/1/name", "Bo")
	answers, change = f.Parse(0, p.press("add", "/people"), answers, "de")
	p = show(t, f.View(form.Page{Answers: answers, Change: change, Language: "de"}))
	_, focused := attribute(p.find("f-people-2-name"), "autofocus")
	assert.True(t, focused)

	p.enter("/people/1/name", "Bo")
	posted := p.submit()
	posted.Set("remove", "/people/1")
	kept, _ := f.Parse(0, posted, answers, "de")
	assert.Equal(t, form.Answers{"people": []any{map[string]any{"name": "Ada", "age": json.Number("36")}}}, kept)
	answers, change = f.Parse(0, p.press("remove", "/people/0"), answers, "de")
	assert.True(t, change.Pressed)
	assert.Empty(t, change.Faults, "what went is no fault")
	assert.Equal(t, form.Answers{"people": []any{map[string]any{"name": "Bo"}}}, answers)
	p = show(t, f.View(form.Page{Answers: answers, Change: change, Language: "de"}))
	assert.Equal(t, "Bo", value(p.find("f-people-0-name"), "value"))
	_, focused = attribute(p.find("a-people"), "autofocus")
	assert.True(t, focused)
}

func TestEmptyEntriesAreLeftOut(t *testing.T) {
	t.Parallel()
	f := small(t, "{"+people+"}", `{"required": ["people"]}`)
	three := form.Answers{"people": []any{map[string]any{"name": "Ada"}, map[string]any{"name": "Bo"}, map[string]any{"name": "Cy"}}}
	p := page(t, f, three)
	assert.False(t, p.button("add", "/people"), "no more than the list may have")
	p.enter("/people/1/name", " ")
	answers, change := f.Parse(0, p.submit(), three, "de")
	assert.False(t, change.Again())
	assert.Equal(t, form.Answers{"people": []any{map[string]any{"name": "Ada"}, map[string]any{"name": "Cy"}}}, answers)
	posted := p.submit()
	posted.Set("/people", "99")
	posted.Set("/people/3/name", "Di")
	answers, _ = f.Parse(0, posted, three, "de")
	assert.Len(t, answers["people"], 2, "names behind the last entry are ignored")

	p = page(t, f, form.Answers{})
	answers, _ = f.Parse(0, p.submit(), form.Answers{}, "de")
	assert.Equal(t, form.Answers{"people": []any{map[string]any{}}}, answers, "what is missing is missing within the entry")
}

func TestListsOfTextsThatMayStayEmpty(t *testing.T) {
	t.Parallel()
	f := small(t, `{"notes": {"type": "array", "maxItems": 2, "x-label": {"de": "Notizen", "en": "Notes"}, "items": {"type": "string", "maxLength": 9}}}`)
	p := page(t, f, form.Answers{})
	assert.Equal(t, "Notizen (freiwillig)", p.caption("f-notes"))
	assert.Equal(t, 0, p.count("/notes"))
	answers, change := f.Parse(0, p.press("add", "/notes"), form.Answers{}, "en")
	assert.Empty(t, answers)
	p = show(t, f.View(form.Page{Answers: answers, Change: change, Language: "en"}))
	assert.Equal(t, "Entry 1", p.caption("f-notes-0"))
	assert.Contains(t, p.raw, "Add another entry")
	require.True(t, p.enter("/notes/0", "eins"))
	answers, change = f.Parse(0, p.submit(), answers, "en")
	assert.False(t, change.Again())
	assert.Equal(t, form.Answers{"notes": []any{"eins"}}, answers)
	p = show(t, f.View(form.Page{Answers: answers, Language: "en"}))
	answers, _ = f.Parse(0, p.press("remove", "/notes/0"), answers, "en")
	assert.Empty(t, answers)
}

func TestAListTakesNoMoreEntriesThanItMay(t *testing.T) {
	t.Parallel()
	f := small(t, "{"+people+"}", `{"required": ["people"]}`)
	three := form.Answers{"people": []any{map[string]any{"name": "Ada"}, map[string]any{"name": "Bo"}, map[string]any{"name": "Cy"}}}
	posted := page(t, f, three).submit()
	posted.Set("add", "/people")
	_, change := f.Parse(0, posted, three, "de")
	assert.Equal(t, 3, show(t, f.View(form.Page{Answers: three, Change: change, Language: "de"})).count("/people"))
}

func TestButtonsOfOtherSectionsDoNothing(t *testing.T) {
	t.Parallel()
	f := small(t, "{"+people+`, "note": {"type": "string", "maxLength": 9}}`,
		`{"x-layout": [{"title": {"de": "A", "en": "A"}, "fields": ["note"]}, {"title": {"de": "B", "en": "B"}, "fields": ["people"]}]}`)
	answers := form.Answers{"people": []any{map[string]any{"name": "Ada"}, map[string]any{"name": "Bo"}}}
	posted := page(t, f, answers).submit()
	posted.Set("remove", "/people/0")
	got, change := f.Parse(0, posted, answers, "de")
	assert.False(t, change.Pressed)
	assert.Equal(t, answers, got)
}

func TestRulesOfEntriesHoldForEachByItself(t *testing.T) {
	t.Parallel()
	f := small(t, `{"l": {"type": "array", "maxItems": 3, "items": {"type": "object", "unevaluatedProperties": false, "x-layout": [{"fields": ["a", "x"]}], "properties": {
		"a": {"type": "boolean", "x-label": {"de": "A", "en": "A"}}, "x": {"type": "string", "maxLength": 9, "x-label": {"de": "X", "en": "X"}}},
		"if": {"required": ["a"], "properties": {"a": {"const": true}}}, "then": {"required": ["x"]}, "else": {"properties": {"x": false}}}}}`)
	p := page(t, f, form.Answers{"l": []any{map[string]any{"a": false}, map[string]any{"a": true, "x": "da"}}})
	assert.Equal(t, "/l/0/a", value(p.find("f-l-0-x").Parent.Parent, "data-when"))
	assert.False(t, p.shows("/l/0/x"))
	assert.True(t, p.shows("/l/1/x"))
	p.enter("/l/0/a", "")
	answers, change := f.Parse(0, p.press("add", "/l"), form.Answers{}, "de")
	assert.Equal(t, form.Answers{"l": []any{map[string]any{"a": true, "x": "da"}}}, answers)
	p = show(t, f.View(form.Page{Answers: answers, Change: change, Language: "de"}))
	assert.Equal(t, 3, p.count("/l"))
	assert.False(t, p.shows("/l/0/x"))
	assert.True(t, p.shows("/l/1/x"), "the rules see each entry where the page has it")
	assert.Equal(t, "X", p.caption("f-l-1-x"))
	assert.False(t, p.shows("/l/2/x"))
}

func TestButtonsOfNoListDoNothing(t *testing.T) {
	t.Parallel()
	f := small(t, "{"+people+"}", `{"required": ["people"]}`)
	for _, name := range []string{"add", "remove"} {
		for _, at := range []string{"/other", "people", "/people/0/name", "/people/x/name/y", "/people/9", "/", "//", "/people/-1/x"} {
			posted := page(t, f, form.Answers{}).submit()
			posted.Set("/people/0/name", "Ada")
			posted.Set(name, at)
			answers, _ := f.Parse(0, posted, form.Answers{}, "de")
			assert.Equal(t, form.Answers{"people": []any{map[string]any{"name": "Ada"}}}, answers, "%s %s", name, at)
		}
	}
}
