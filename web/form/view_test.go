package form_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"nelke/web/form"
)

// page shows the only section of a form.
func page(t *testing.T, f *form.Form, answers form.Answers) *client {
	t.Helper()
	return show(t, f.View(form.Page{Answers: answers, Language: "de"}))
}

// caption returns the label or legend of a field.
func (c *client) caption(id string) string {
	for n := range c.root.Descendants() {
		target, _ := attribute(n, "for")
		if n.DataAtom == atom.Label && target == id || n.DataAtom == atom.Legend && n.Parent == c.find(id) {
			return strings.Join(strings.Fields(content(n)), " ")
		}
	}
	return ""
}

func value(n *html.Node, name string) string {
	v, _ := attribute(n, name)
	return v
}

func TestWhatMayBeLeftOutIsMarked(t *testing.T) {
	t.Parallel()
	f := small(t, `{
		"a": {"type": "string", "maxLength": 9}, "b": {"type": "string", "maxLength": 9}, "c": {"type": "string", "maxLength": 9},
		"d": {"type": "string", "maxLength": 9}, "e": {"type": "boolean"}, "f": {"type": "string", "maxLength": 9}
	}`, `{"required": ["c"], "dependentRequired": {"c": ["d"]}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
		"if": {"required": ["e"], "properties": {"e": {"const": true}}}, "then": {"allOf": [{"required": ["f"]}]}}`)
	captions := func(answers form.Answers) map[string]bool {
		marked := map[string]bool{}
		p := page(t, f, answers)
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			caption := p.caption("f-" + name)
			require.Contains(t, caption, "Feld "+name)
			marked[name] = strings.HasSuffix(caption, " (freiwillig)")
			assert.NotContains(t, caption, "*")
		}
		return marked
	}
	assert.Equal(t, map[string]bool{"a": false, "b": false, "c": false, "d": true, "e": true, "f": true}, captions(form.Answers{}))
	assert.Equal(t, map[string]bool{"a": false, "b": true, "c": false, "d": false, "e": true, "f": false}, captions(form.Answers{"a": "x", "c": "x", "e": true}))
	assert.Equal(t, map[string]bool{"a": true, "b": true, "c": false, "d": true, "e": true, "f": true}, captions(form.Answers{"a": "x", "b": "x", "e": false}))
}

func TestAlternativesThatExcludeEachOther(t *testing.T) {
	t.Parallel()
	f := small(t, `{"a": {"type": "boolean"}, "b": {"type": "string", "maxLength": 9}, "c": {"type": "string", "maxLength": 9}, "d": {"type": "string", "maxLength": 9}}`,
		`{"oneOf": [{"required": ["a", "b"], "properties": {"a": {"const": true}, "c": false}}, {"required": ["a", "c"], "properties": {"a": {"const": false}, "b": false}}],
		"not": {"required": ["d"]}}`)
	p := page(t, f, form.Answers{})
	assert.Equal(t, "Feld a", p.caption("f-a"))
	assert.Equal(t, "Feld b", p.caption("f-b"))
	assert.Equal(t, "Feld c", p.caption("f-c"))
	assert.Nil(t, p.find("f-d"), "what is ruled out has no field")
	p = page(t, f, form.Answers{"a": true})
	assert.Equal(t, "Feld b", p.caption("f-b"))
	assert.Nil(t, p.find("f-c"))
}

func TestWhatEveryAlternativeRulesOutIsNotShown(t *testing.T) {
	t.Parallel()
	f := small(t, `{"a": {"type": "boolean"}, "b": {"type": "boolean"}, "x": {"type": "string", "maxLength": 9}}`,
		`{"anyOf": [{"required": ["a"], "properties": {"x": false}}, {"required": ["b"], "properties": {"x": false}}], "not": {"required": ["a"], "properties": {"b": {"const": true}}}}`)
	p := page(t, f, form.Answers{})
	assert.False(t, p.shows("/x"))
	assert.True(t, p.shows("/a"), "a not that asks for more rules nothing out by itself")
	p = page(t, small(t, `{"a": {"type": "boolean"}, "b": {"type": "boolean"}, "c": {"type": "boolean"}}`, `{"not": {"anyOf": [{"required": ["c"]}, {"required": ["a", "b"]}]}}`), form.Answers{})
	assert.True(t, p.shows("/a"))
	assert.True(t, p.shows("/b"))
	assert.False(t, p.shows("/c"))
}

func TestDatesAreShownAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	f := small(t, `{"d": {"type": "string", "format": "date"}, "p": {"type": "string", "format": "partial-date", "pattern": `+quoted(partialDatePattern)+`}}`)
	p := page(t, f, form.Answers{"d": "2001-02-03", "p": "1965-06"})
	assert.Equal(t, url.Values{"/d.day": {"3"}, "/d.month": {"2"}, "/d.year": {"2001"}, "/p.day": {""}, "/p.month": {"6"}, "/p.year": {"1965"}}, p.submit())
}

func TestNamesThatLookAlikeHaveIDsOfTheirOwn(t *testing.T) {
	t.Parallel()
	inner := `{"type": "object", "unevaluatedProperties": false, "x-layout": [{"fields": ["b"]}], "properties": {"b": {"type": "boolean", "x-label": {"de": "B", "en": "B"}}}}`
	f := small(t, `{"a": `+inner+`, "a-b": {"type": "boolean"}, "a2db": {"type": "boolean"}, "a_2d_b": {"type": "boolean"}, "a.day": {"type": "boolean"}, "a/b": {"type": "boolean"}}`)
	page(t, f, form.Answers{}) // checks that ids and names are unique
}

func TestGroupsOfRulesReachInside(t *testing.T) {
	t.Parallel()
	f := small(t, `{"a": {"type": "boolean"}, "g": {"type": "object", "unevaluatedProperties": false, "x-layout": [{"fields": ["p", "q"]}],
		"properties": {"p": {"type": "string", "maxLength": 9, "x-label": {"de": "P", "en": "P"}}, "q": {"type": "string", "maxLength": 9, "x-label": {"de": "Q", "en": "Q"}}}}}`,
		`{"if": {"required": ["a"], "properties": {"a": {"const": true}}}, "then": {"properties": {"g": {"required": ["p"], "properties": {"q": false}}}}}`)
	p := page(t, f, form.Answers{})
	assert.Equal(t, "P (freiwillig)", p.caption("f-g-p"))
	assert.Equal(t, "Q (freiwillig)", p.caption("f-g-q"))
	p = page(t, f, form.Answers{"a": true})
	assert.Equal(t, "P", p.caption("f-g-p"))
	assert.Nil(t, p.find("f-g-q"))
}

func TestInputsSayWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	f := small(t, `{
		"mail": {"type": "string", "format": "email", "maxLength": 254, "x-autocomplete": "email"},
		"tel": {"type": "string", "maxLength": 30, "x-autocomplete": "tel"},
		"code": {"type": "string", "maxLength": 5, "pattern": "^[0-9]{5}$", "x-autocomplete": "postal-code"},
		"count": {"type": "integer", "minimum": 1}, "below": {"type": "integer"}, "share": {"type": "number", "minimum": 0},
		"name": {"type": "string", "maxLength": 200}, "story": {"type": "string", "maxLength": 201},
		"born": {"type": "string", "format": "date", "x-autocomplete": "bday"}
	}`)
	p := page(t, f, form.Answers{"story": "\nzuerst"})
	for id, want := range map[string]map[string]string{
		"f-mail":       {"type": "email", "maxlength": "254", "autocomplete": "email", "inputmode": ""},
		"f-tel":        {"type": "tel", "maxlength": "30", "autocomplete": "tel"},
		"f-code":       {"type": "text", "maxlength": "", "autocomplete": "postal-code", "inputmode": "numeric"},
		"f-count":      {"type": "text", "inputmode": "numeric"},
		"f-below":      {"type": "text", "inputmode": ""},
		"f-share":      {"type": "text", "inputmode": "decimal"},
		"f-name":       {"type": "text", "maxlength": "200"},
		"f-story":      {"type": "", "maxlength": "201", "rows": "5"},
		"f-born-day":   {"type": "text", "inputmode": "numeric", "autocomplete": "bday-day"},
		"f-born-month": {"type": "text", "inputmode": "numeric", "autocomplete": "bday-month"},
		"f-born-year":  {"type": "text", "inputmode": "numeric", "autocomplete": "bday-year"},
	} {
		n := p.find(id)
		require.NotNil(t, n, id)
		for name, v := range want {
			assert.Equal(t, v, value(n, name), "%s of %s", name, id)
		}
	}
	assert.Equal(t, "\nzuerst", content(p.find("f-story")), "a first line break is not lost")
	for _, never := range []string{" required", "pattern=", `type="number"`} {
		assert.NotContains(t, p.raw, never)
	}
}

func TestChoices(t *testing.T) {
	t.Parallel()
	few := `"enum": ["1", "2"], "x-values": {"1": {"de": "eins", "en": "one"}, "2": {"de": "zwei", "en": "two"}}`
	many := `"enum": ["1", "2", "3", "4", "5", "6", "7", "8"], "x-values": {` + strings.TrimSuffix(strings.Repeat(`"#": {"de": "Wert", "en": "value"}, `, 8), ", ") + `}`
	for _, digit := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		many = strings.Replace(many, "#", digit, 1)
	}
	f := small(t, `{"few": {"type": "string", `+few+`}, "may": {"type": "string", `+few+`}, "many": {"type": "string", `+many+`}, "yes": {"type": "boolean"}, "agreed": {"type": "boolean", "const": true}}`,
		`{"required": ["few", "yes", "agreed"]}`)
	p := page(t, f, form.Answers{"may": "2"})
	assert.Len(t, p.inputs("/few"), 2)
	assert.Len(t, p.inputs("/may"), 3, "what may be left out can be taken back")
	assert.Equal(t, url.Values{"/may": {"2"}, "/many": {""}}, p.submit())
	require.True(t, p.enter("/may", ""))
	answers, _ := f.Parse(0, p.submit(), form.Answers{"may": "2"}, "de")
	assert.Empty(t, answers)
	assert.Equal(t, "radiogroup", value(p.find("f-few"), "role"))
	assert.Equal(t, atom.Select, p.find("f-many").DataAtom)
	assert.Len(t, p.inputs("/yes"), 2)
	assert.Equal(t, "checkbox", value(p.find("f-agreed"), "type"))
}

func TestDependentFieldsWaitHidden(t *testing.T) {
	t.Parallel()
	f := oneTown(t, "briefwahlantrag.json").form
	p := show(t, f.View(form.Page{Section: 1, Answers: form.Answers{}, Language: "de"}))
	waiting := p.find("f-shippingAddress").Parent
	_, isHidden := attribute(waiting, "hidden")
	assert.True(t, isHidden)
	assert.Equal(t, "/sendTo", value(waiting, "data-when"))
	assert.Equal(t, "OTHER", value(waiting, "data-is"))
	assert.Equal(t, "Andere Anschrift", p.caption("f-shippingAddress"), "not marked: it will be required")
	for n := range waiting.Descendants() {
		if n.DataAtom == atom.Input {
			_, disabled := attribute(n, "disabled")
			assert.True(t, disabled, value(n, "name"))
		}
	}
	assert.Equal(t, url.Values{}, p.submit())

	// Without script the page comes again with what appeared.
	require.True(t, p.enter("/sendTo", "OTHER"))
	answers, change := f.Parse(1, p.submit(), form.Answers{}, "de")
	assert.True(t, change.Appeared)
	assert.True(t, change.Again())
	p = show(t, f.View(form.Page{Section: 1, Answers: answers, Change: change, Language: "de"}))
	assert.NotEmpty(t, p.inputs("/shippingAddress/street"))
	assert.Equal(t, "/sendTo", value(p.find("f-shippingAddress").Parent, "data-when"), "a script can hide it again")
	_, focused := attribute(p.find("f-shippingAddress-addition"), "autofocus")
	assert.True(t, focused)
	_, change = f.Parse(1, p.submit(), answers, "de")
	assert.False(t, change.Again())

	// With script what was shown at once is not shown again.
	posted := url.Values{"/sendTo": {"OTHER"}, "shown": {"/shippingAddress"}, "/shippingAddress/street": {"Heutorstraße"}}
	answers, change = f.Parse(1, posted, form.Answers{}, "de")
	assert.False(t, change.Again())
	assert.Equal(t, form.Answers{"sendTo": "OTHER", "shippingAddress": map[string]any{"street": "Heutorstraße"}}, answers)
}

func TestDependentFieldsWaitForOneOfSomeValues(t *testing.T) {
	t.Parallel()
	p := show(t, oneTown(t, "geburtsurkunde.json").form.View(form.Page{Section: 1, Answers: form.Answers{}, Language: "de", Faults: form.Faults{
		{Pointer: "/interest", Message: form.Text{German: "Bitte begründen.", English: "Give a reason."}, Section: 1},
	}}))
	waiting := p.find("f-interest").Parent.Parent
	assert.Equal(t, "/relationship", value(waiting, "data-when"))
	assert.Equal(t, "SIBLING OTHER", value(waiting, "data-is"))
	assert.NotContains(t, p.raw, "Bitte begründen.", "a field that waits shows no fault")
}

func TestConditionsThatAreNotSimpleTakeARoundTrip(t *testing.T) {
	t.Parallel()
	properties := `{"a": {"type": "boolean"}, "b": {"type": "boolean"}, "t": {"type": "string", "maxLength": 5}, "x": {"type": "string", "maxLength": 9}}`
	for _, c := range []struct {
		rules  string
		simple bool
	}{
		{`{"if": {"required": ["a"], "properties": {"a": {"const": true}}}, "else": {"properties": {"x": false}}}`, true},
		{`{"allOf": [{"if": {"required": ["a"], "properties": {"a": {"const": true}}}, "else": {"properties": {"x": false}}}]}`, true},
		{`{"if": {"required": ["a", "b"], "properties": {"a": {"const": true}}}, "else": {"properties": {"x": false}}}`, false},
		{`{"if": {"properties": {"a": {"const": true}}}, "else": {"properties": {"x": false}}, "required": ["b"]}`, false},
		{`{"if": {"required": ["a"], "properties": {"a": {"const": true}}}, "then": {"properties": {"x": false}}}`, false},
		{`{"if": {"required": ["t"], "properties": {"t": {"const": "a"}}}, "else": {"properties": {"x": false}}}`, false},
		{`{"allOf": [{"if": {"required": ["a"], "properties": {"a": {"const": true}}}, "else": {"properties": {"x": false}}},
			{"if": {"required": ["b"], "properties": {"b": {"const": true}}}, "else": {"properties": {"x": false}}}]}`, false},
		{`{"if": {"required": ["a"], "properties": {"a": {"const": true}}, "not": {"required": ["b"]}}, "else": {"properties": {"x": false}}}`, false},
		{`{"if": {"required": ["a"], "properties": {"a": {"const": true}, "b": {"const": true}}}, "else": {"properties": {"x": false}}}`, false},
		{`{"anyOf": [{"properties": {"x": false}}, {"required": ["b"]}],
			"if": {"required": ["a"], "properties": {"a": {"const": true}}}, "else": {"properties": {"x": false}}}`, false},
	} {
		p := page(t, small(t, properties, c.rules), form.Answers{"a": false})
		assert.Equal(t, c.simple, strings.Contains(p.raw, "data-when"), c.rules)
	}
}

func TestConditionsOfAnotherPageAreNotForTheScript(t *testing.T) {
	t.Parallel()
	f := small(t, `{"a": {"type": "boolean"}, "x": {"type": "string", "maxLength": 9}}`,
		`{"x-layout": [{"title": {"de": "A", "en": "A"}, "fields": ["a"]}, {"title": {"de": "B", "en": "B"}, "fields": ["x"]}],
		"if": {"required": ["a"], "properties": {"a": {"const": true}}}, "else": {"properties": {"x": false}}}`)
	for _, answers := range []form.Answers{{}, {"a": true}} {
		p := show(t, f.View(form.Page{Section: 1, Answers: answers, Language: "de"}))
		assert.NotContains(t, p.raw, "data-when")
		assert.Equal(t, answers["a"] == true, p.find("f-x") != nil)
	}
}

func TestEnterSubmitsThePage(t *testing.T) {
	t.Parallel()
	f := small(t, `{"l": {"type": "array", "maxItems": 3, "items": {"type": "string", "maxLength": 9}}}`)
	p := page(t, f, form.Answers{"l": []any{"x"}})
	for n := range p.root.Descendants() {
		if n.DataAtom == atom.Button {
			assert.Empty(t, value(n, "name"), "the first button of a form is what the enter key presses")
			assert.Equal(t, "submit", value(n, "type"))
			break
		}
	}
	assert.Contains(t, p.raw, "<button")
}
