package form_test

import (
	"encoding/json"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"nelke/web/form"
)

func quoted(s string) string { return strconv.Quote(s) }

// markup stands in the place of every text.
const markup = `"'></textarea></option></select></fieldset><script id=evil onload=x>&lt;b&gt;`

// hostile makes every text of a schema that people see, and every name of a property and value, markup.
func hostile(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, inner := range v {
			if key == "properties" || key == "x-values" {
				out[name+markup] = hostile(inner, "")
			} else {
				out[name] = hostile(inner, name)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, inner := range v {
			out = append(out, hostile(inner, key))
		}
		return out
	case string:
		switch key {
		case "fields", "required", "enum":
			return v + markup
		case "de", "en", "x-autocomplete":
			return markup
		}
	}
	return v
}

func TestEveryTextIsEscaped(t *testing.T) {
	t.Parallel()
	allowed := map[atom.Atom]bool{
		atom.Html: true, atom.Head: true, atom.Body: true, atom.Form: true, atom.Div: true, atom.Label: true, atom.Input: true, atom.Textarea: true,
		atom.Select: true, atom.Option: true, atom.Fieldset: true, atom.Legend: true, atom.Span: true, atom.P: true, atom.Button: true,
	}
	for _, town := range towns(t) {
		var schema any
		require.NoError(t, json.Unmarshal(town.raw, &schema))
		schema = hostile(schema, "")
		raw, err := json.Marshal(schema)
		require.NoError(t, err)
		f, err := form.Read(raw)
		require.NoError(t, err)
		answers, _ := hostileAnswers(town.accepted[0].Answers).(map[string]any)
		seen := 0
		for i := range f.Sections() {
			faults := form.Faults{{Message: form.Text{German: markup, English: markup}, Section: i}}
			for _, field := range f.Sections()[i].Fields {
				faults = append(faults, form.Fault{Pointer: "/" + strings.NewReplacer("~", "~0", "/", "~1", ".", "~2").Replace(field), Message: form.Text{German: markup, English: markup}, Section: i})
			}
			p := show(t, f.View(form.Page{Section: i, Answers: answers, Faults: faults, Language: "de"}))
			for n := range p.root.Descendants() {
				if n.Type == html.ElementNode {
					require.True(t, allowed[n.DataAtom], "%s: %s", town.name, n.Data)
					assert.NotEqual(t, "evil", value(n, "id"))
					assert.Empty(t, value(n, "onload"))
				}
				if n.Type == html.TextNode && strings.Contains(n.Data, markup) {
					seen++
				}
			}
		}
		assert.Positive(t, seen, town.name)
	}
}

func hostileAnswers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, inner := range v {
			out[name+markup] = hostileAnswers(inner)
		}
		return out
	case string:
		return v + markup
	}
	return v
}

func TestSchemasOfNoFormAreRefused(t *testing.T) {
	t.Parallel()
	deep := `{"type": "array", "maxItems": 1, "x-label": {"de": "a", "en": "a"}, "items": `
	for _, raw := range []string{
		``, `[]`, `{}`, `{"type": "string"}`, `{"type": "object"}`, `{"type": "object", "properties": {}, "x-layout": []}`,
		`{"type": "object", "properties": {"a": {"type": "string"}}}`,
		`{"type": "object", "properties": {"a": {"type": "string"}}, "x-layout": [{"fields": ["a", "a"]}]}`,
		`{"type": "object", "properties": {"a": {"type": "string"}}, "x-layout": [{"fields": ["b"]}]}`,
		`{"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "x-layout": [{"fields": ["a"]}]}`,
		`{"type": "object", "properties": {"a": {"type": "null"}}, "x-layout": [{"fields": ["a"]}]}`,
		`{"type": "object", "properties": {"a": true}, "x-layout": [{"fields": ["a"]}]}`,
		`{"type": "object", "properties": {"a": {"$ref": "https://example.org/"}}, "x-layout": [{"fields": ["a"]}]}`,
		`{"type": "object", "properties": {"a": {"type": "array", "maxItems": 1}}, "x-layout": [{"fields": ["a"]}]}`,
		`{"type": "object", "x-layout": [{"fields": ["a"]}], "properties": {"a": ` + strings.Repeat(deep, 40) + `{"type": "string"}` + strings.Repeat("}", 40) + `}}`,
	} {
		_, err := form.Read([]byte(raw))
		assert.Error(t, err, raw)
	}
}

func TestAnswersOfAnotherShapeDoNoHarm(t *testing.T) {
	t.Parallel()
	for _, town := range towns(t) {
		for _, wrong := range []any{nil, "x", 1.5, true, []any{}, []any{nil, "x", 1, map[string]any{"x": 1}}, map[string]any{"x": []any{nil}}} {
			answers := form.Answers{}
			for _, section := range town.form.Sections() {
				for _, name := range section.Fields {
					answers[name] = wrong
				}
			}
			for section := range town.form.Sections() {
				p := show(t, town.form.View(form.Page{Section: section, Answers: answers, Language: "de"}))
				town.form.Parse(section, p.submit(), answers, "de")
			}
			town.form.Review(answers, "de")
			town.form.Place([]form.Problem{problem("x", ""), problem("x", "persons/0/givenNames")}, answers)
		}
		assert.Empty(t, town.form.View(form.Page{Section: 99}).Errors())
		town.form.Parse(-1, url.Values{"add": {"/persons"}}, nil, "de")
	}
}

// FuzzParse posts anything. What is read can be written as JSON, the page can be shown again, and posting the answers
// again leaves them as they are.
func FuzzParse(f *testing.F) {
	all := towns(f)
	raw, err := os.ReadFile("testdata/rich.json")
	require.NoError(f, err)
	rich, err := form.Read(raw)
	require.NoError(f, err)
	all = append(all, town{name: "rich", form: rich})
	f.Add(13, 0, "%2Fcount=2.000&%2Fpeople=2&%2Fpeople%2F1%2Fname=Ada&add=%2Fpeople&%2Fday.day=1&%2Fkind=A&shown=%2Fspare")
	f.Add(12, 2, "%2Fpersons=1&%2Fpersons%2F0%2FgivenNames=Ada&remove=%2Fpersons%2F0")
	f.Add(1, 1, "%2FsendTo=OTHER&shown=%2FshippingAddress&%2FshippingAddress%2Fcountry=de")
	f.Fuzz(func(t *testing.T, which, section int, body string) {
		town := all[uint(which)%uint(len(all))]
		section = int(uint(section) % uint(len(town.form.Sections())))
		posted, _ := url.ParseQuery(body)
		answers, change := town.form.Parse(section, posted, form.Answers{}, "de")
		_, err := json.Marshal(answers)
		require.NoError(t, err)
		show(t, town.form.View(form.Page{Section: section, Answers: answers, Change: change, Language: "de"}))
		town.form.Review(answers, "de")
		page := show(t, town.form.View(form.Page{Section: section, Answers: answers, Language: "de"}))
		again, _ := town.form.Parse(section, page.submit(), answers, "de")
		assert.Equal(t, canonical(t, answers), canonical(t, again))
	})
}
