package form_test

import (
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	judge "nelke/internal/form"
	"nelke/web/form"
)

// small makes a form with one section of an object's properties and further keywords.
func small(t testing.TB, properties string, more ...string) *form.Form {
	t.Helper()
	var parsed map[string]map[string]any
	require.NoError(t, json.Unmarshal([]byte(properties), &parsed))
	var names []string
	for name, p := range parsed {
		names = append(names, name)
		if p["x-label"] == nil {
			p["x-label"] = inBoth("Feld " + name)
		}
	}
	schema := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "unevaluatedProperties": false,
		"properties": parsed, "x-layout": []any{object{"title": inBoth("Abschnitt"), "fields": sorted(names)}},
	}
	for _, keywords := range more {
		require.NoError(t, json.Unmarshal([]byte(keywords), &schema))
	}
	raw, err := json.Marshal(schema)
	require.NoError(t, err)
	_, faults := judge.Inspect(raw)
	require.Empty(t, faults)
	f, err := form.Read(raw)
	require.NoError(t, err)
	return f
}

// typed posts one text for the property x of a form of one property, and returns its answer and the fault's sentence.
func typed(t *testing.T, property, language string, parts ...string) (answer any, fault string) {
	t.Helper()
	f := small(t, `{"x": `+property+`}`)
	posted := url.Values{"/x": {parts[0]}}
	if len(parts) == 3 {
		posted = url.Values{"/x.day": {parts[0]}, "/x.month": {parts[1]}, "/x.year": {parts[2]}}
	}
	answers, change := f.Parse(0, posted, form.Answers{}, language)
	if len(change.Faults) > 0 {
		require.Len(t, change.Faults, 1)
		assert.Equal(t, "/x", change.Faults[0].Pointer)
		assert.NotContains(t, answers, "x")
		assert.True(t, change.Again())
		page := show(t, f.View(form.Page{Answers: answers, Change: change, Language: language}))
		for name, values := range posted {
			require.Len(t, page.inputs(name), 1)
			shown, _ := attribute(page.inputs(name)[0], "value")
			assert.Equal(t, values[0], shown, "what was typed is shown again")
		}
		fault = change.Faults[0].Message.In(language)
	}
	return answers["x"], fault
}

func TestNumbersAreReadAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	const whole, other = `{"type": "integer"}`, `{"type": "number"}`
	for _, c := range []struct{ kind, language, typed, want string }{
		{whole, "de", "2", "2"},
		{whole, "de", " 12 ", "12"},
		{whole, "de", "2.000", "2000"},
		{whole, "en", "2,000", "2000"},
		{whole, "de", "1.234.567", "1234567"},
		{whole, "de", "12 000", "12000"},
		{whole, "de", "12\u202f000", "12000"},
		{whole, "de", "12,-", "12"},
		{whole, "de", "12,–", "12"},
		{whole, "de", "007", "7"},
		{whole, "de", "−3", "-3"},
		{whole, "de", "-0", "0"},
		{whole, "de", "+4", "4"},
		{other, "de", "0,75", "0.75"},
		{other, "de", "0.75", "0.75"},
		{other, "de", "2.000", "2000"},
		{other, "en", "2.000", "2"},
		{other, "en", "2,000", "2000"},
		{other, "de", "1.234,50", "1234.5"},
		{other, "en", "1,234.50", "1234.5"},
		{other, "de", ",5", "0.5"},
		{other, "en", "0.0000005", "0.0000005"},
	} {
		got, fault := typed(t, c.kind, c.language, c.typed)
		assert.Empty(t, fault, "%s in %s", c.typed, c.language)
		assert.Equal(t, json.Number(c.want), got, "%s in %s", c.typed, c.language)
	}
}

func TestNumbersThatCanNotBeReadAreFaults(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"zwei", "2,5", "1-2", "-", "2x", "1e3", "2.0000", strings.Repeat("9", 19)} {
		got, fault := typed(t, `{"type": "integer"}`, "de", s)
		assert.Nil(t, got, s)
		assert.Equal(t, "Bitte geben Sie eine ganze Zahl an, zum Beispiel 2.", fault, s)
	}
	for _, s := range []string{"two", "1,2,3", "1.2.3", "1e3", "0x10", "1,234.5,6", strings.Repeat("1", 30)} {
		got, fault := typed(t, `{"type": "number"}`, "en", s)
		assert.Nil(t, got, s)
		assert.Equal(t, "Please enter a number, for example 2.5.", fault, s)
	}
}

func TestDatesAreReadFromThreeInputs(t *testing.T) {
	t.Parallel()
	const whole = `{"type": "string", "format": "date"}`
	partial := `{"type": "string", "format": "partial-date", "pattern": ` + strconv.Quote(partialDatePattern) + `}`
	for _, c := range []struct {
		kind  string
		typed [3]string
		want  any
		fault string
	}{
		{whole, [3]string{"1", "2", "1999"}, "1999-02-01", ""},
		{whole, [3]string{"01", "02", "1999"}, "1999-02-01", ""},
		{whole, [3]string{"1.", " 2. ", "1999 "}, "1999-02-01", ""},
		{whole, [3]string{"", "", ""}, nil, ""},
		{whole, [3]string{"29", "2", "2000"}, "2000-02-29", ""},
		{whole, [3]string{"29", "2", "1900"}, nil, "Dieses Datum gibt es nicht. Bitte prüfen Sie Tag und Monat."},
		{whole, [3]string{"31", "4", "1999"}, nil, "Dieses Datum gibt es nicht. Bitte prüfen Sie Tag und Monat."},
		{whole, [3]string{"1", "2", "99"}, nil, "Bitte geben Sie das Jahr mit vier Ziffern an, zum Beispiel 1999."},
		{whole, [3]string{"1", "Januar", "1999"}, nil, "Bitte geben Sie Tag, Monat und Jahr als Zahlen an, zum Beispiel 31 3 1999."},
		{whole, [3]string{"1", "13", "1999"}, nil, "Bitte geben Sie einen Monat von 1 bis 12 an."},
		{whole, [3]string{"0", "1", "1999"}, nil, "Bitte geben Sie einen Tag von 1 bis 31 an."},
		{whole, [3]string{"", "1", "1999"}, nil, "Bitte geben Sie auch den Tag an."},
		{whole, [3]string{"", "", "1999"}, nil, "Bitte geben Sie auch den Tag und den Monat an."},
		{whole, [3]string{"1", "1", ""}, nil, "Bitte geben Sie auch das Jahr an."},
		{partial, [3]string{"", "", "1965"}, "1965", ""},
		{partial, [3]string{"", "6", "1965"}, "1965-06", ""},
		{partial, [3]string{"24", "06", "1965"}, "1965-06-24", ""},
		{partial, [3]string{"24", "", "1965"}, nil, "Bitte geben Sie auch den Monat an."},
		{partial, [3]string{"24", "6", ""}, nil, "Bitte geben Sie auch das Jahr an."},
		{partial, [3]string{"", "6", ""}, nil, "Bitte geben Sie auch den Tag und das Jahr an."},
		{partial, [3]string{"", "0", "1965"}, nil, "Bitte geben Sie einen Monat von 1 bis 12 an."},
		{partial, [3]string{"", "", "65"}, nil, "Bitte geben Sie das Jahr mit vier Ziffern an, zum Beispiel 1999."},
	} {
		got, fault := typed(t, c.kind, "de", c.typed[:]...)
		assert.Equal(t, c.want, got, c.typed)
		assert.Equal(t, c.fault, fault, c.typed)
	}
}

func TestTextsComeIntoTheFormOfTheirPattern(t *testing.T) {
	t.Parallel()
	const (
		postcode = `{"type": "string", "maxLength": 5, "pattern": "^[0-9]{5}$"}`
		serial   = `{"type": "string", "maxLength": 9, "pattern": "^[0-9A-Z]{9}$"}`
		register = `{"type": "string", "maxLength": 20, "pattern": "^[A-Z]{0,2} ?[0-9]{1,6}/[0-9]{4}$"}`
		line     = `{"type": "string", "maxLength": 300, "pattern": "^[^\\p{Zl}\\p{Zp}\\p{Cc}]*$"}`
		only     = `{"type": "string", "const": "32825"}`
		free     = `{"type": "string", "maxLength": 300}`
	)
	for _, c := range []struct{ kind, typed, want string }{
		{postcode, "32 825", "32825"},
		{postcode, "3.28-25", "32825"},
		{postcode, "D 32825", "D 32825"},
		{serial, "l01x 00t47", "L01X00T47"},
		{register, "g 123/1985", "G 123/1985"},
		{line, "eine\r\nzweite", "eine zweite"},
		{only, "32 825", "32825"},
		{only, "32839", "32839"},
		{free, "  a - b.c\r\nd ", "a - b.c\nd"},
	} {
		got, fault := typed(t, c.kind, "de", c.typed)
		assert.Empty(t, fault)
		assert.Equal(t, c.want, got)
	}
}

func TestOnlyWhatIsOfferedIsChosen(t *testing.T) {
	t.Parallel()
	f := small(t, `{
		"c": {"type": "string", "enum": ["A", "B"], "x-values": {"A": {"de": "A", "en": "A"}, "B": {"de": "B", "en": "B"}}},
		"s": {"type": "array", "maxItems": 2, "items": {"type": "string", "enum": ["A", "B"], "x-values": {"A": {"de": "A", "en": "A"}, "B": {"de": "B", "en": "B"}}}},
		"y": {"type": "boolean"}, "a": {"type": "boolean", "const": true}
	}`)
	answers, change := f.Parse(0, url.Values{"/c": {"C"}, "/s": {"C", "B", "B", "A"}, "/y": {"on"}, "/a": {"false"}, "/z": {"x"}, "z": {"y"}}, form.Answers{}, "de")
	assert.Equal(t, form.Answers{"s": []any{"A", "B"}}, answers)
	assert.False(t, change.Again())
	answers, _ = f.Parse(0, url.Values{"/c": {"B"}, "/y": {"false"}, "/a": {"true"}}, answers, "de")
	assert.Equal(t, form.Answers{"c": "B", "y": false, "a": true}, answers)
}

func TestRichFormIsFilledIn(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/rich.json")
	require.NoError(t, err)
	f, err := form.Read(raw)
	require.NoError(t, err)
	compiled, err := judge.Compile(raw)
	require.NoError(t, err)
	file, err := os.ReadFile("testdata/rich.answers.json")
	require.NoError(t, err)
	var accepted []map[string]any
	require.NoError(t, json.Unmarshal(file, &accepted))
	for _, wanted := range accepted {
		answers := apply(t, f, wanted, "de")
		assert.JSONEq(t, canonical(t, wanted), canonical(t, answers))
		_, faults := compiled.Accept([]byte(canonical(t, answers)), false, today())
		assert.Empty(t, faults)
	}
}

func TestWhatIsNotAskedForAnyMoreGoes(t *testing.T) {
	t.Parallel()
	f := oneTown(t, "briefwahlantrag.json").form
	answers := form.Answers{
		"familyName": "Muster", "sendTo": "OTHER", "shippingAddress": map[string]any{"street": "Heutorstraße"}, "surplus": 1,
	}
	before := canonical(t, answers)
	got, change := f.Parse(1, url.Values{"/sendTo": {"RESIDENCE"}, "/shippingAddress/street": {"Heutorstraße"}, "/familyName": {"X"}}, answers, "de")
	assert.False(t, change.Again())
	assert.Equal(t, form.Answers{"familyName": "Muster", "sendTo": "RESIDENCE"}, got)
	assert.Equal(t, before, canonical(t, answers), "the answers given are not changed")
}

func TestAnswersOfLaterSectionsGoWithTheirCondition(t *testing.T) {
	t.Parallel()
	f := small(t, `{"kind": {"type": "boolean"}, "first": {"type": "string", "maxLength": 9}, "second": {"type": "string", "maxLength": 9}}`, `{
		"x-layout": [{"title": {"de": "A", "en": "A"}, "fields": ["kind"]}, {"title": {"de": "B", "en": "B"}, "fields": ["first"]}, {"title": {"de": "C", "en": "C"}, "fields": ["second"]}],
		"allOf": [
			{"if": {"required": ["kind"], "properties": {"kind": {"const": true}}}, "else": {"properties": {"first": false}}},
			{"if": {"required": ["first"]}, "else": {"properties": {"second": false}}}
		]}`)
	answers := form.Answers{"kind": true, "first": "x", "second": "y"}
	assert.False(t, f.Empty(1, answers))
	got, _ := f.Parse(0, url.Values{"/kind": {"false"}}, answers, "de")
	assert.Equal(t, form.Answers{"kind": false}, got)
	assert.True(t, f.Empty(1, got))
	assert.True(t, f.Empty(2, got))
}

func TestLongChainsOfConditionsGoAtOnce(t *testing.T) {
	t.Parallel()
	var properties, rules []string
	answers := form.Answers{}
	for i := range 30 {
		name := "p" + strconv.Itoa(i)
		properties = append(properties, quoted(name)+`: {"type": "string", "maxLength": 9}`)
		rules = append(rules, `{"if": {"required": [`+quoted(name)+`]}, "else": {"properties": {`+quoted("p"+strconv.Itoa(i+1))+`: false}}}`)
		answers[name] = "x"
	}
	f := small(t, "{"+strings.Join(properties, ", ")+"}", `{"allOf": [`+strings.Join(rules[:29], ", ")+`]}`)
	posted := page(t, f, answers).submit()
	posted.Del("/p0")
	got, _ := f.Parse(0, posted, answers, "de")
	assert.Empty(t, got)
}

func TestGroupsThatHoldOnlyWhatIsFilledInAlreadyAreLeftOut(t *testing.T) {
	t.Parallel()
	group := `{"type": "object", "unevaluatedProperties": false, "x-layout": [{"fields": ["code", "street"]}], "required": ["code", "street"], "properties": {
		"code": {"type": "string", "const": "32825", "x-label": {"de": "PLZ", "en": "Postcode"}},
		"street": {"type": "string", "maxLength": 9, "x-label": {"de": "Straße", "en": "Street"}}}}`
	f := small(t, `{"may": `+group+`, "must": `+group+`}`, `{"required": ["must"]}`)
	p := page(t, f, form.Answers{})
	assert.Equal(t, "32825", value(p.find("f-may-code"), "value"))
	answers, _ := f.Parse(0, p.submit(), form.Answers{}, "de")
	assert.Equal(t, form.Answers{"must": map[string]any{"code": "32825"}}, answers)
	p.enter("/may/street", "Markt")
	answers, _ = f.Parse(0, p.submit(), form.Answers{}, "de")
	assert.Equal(t, map[string]any{"code": "32825", "street": "Markt"}, answers["may"])
}

func TestTooMuchTextIsAFaultAndChangesNothing(t *testing.T) {
	t.Parallel()
	f := small(t, `{"x": {"type": "string", "maxLength": 9}, "l": {"type": "array", "maxItems": 100000, "items": {"type": "integer"}}}`)
	for _, posted := range []url.Values{{"/x": {strings.Repeat("x", 64<<10+1)}}, {"/l": {"100000"}}} {
		got, change := f.Parse(0, posted, form.Answers{"x": "before"}, "en")
		assert.Equal(t, form.Answers{"x": "before"}, got)
		require.Len(t, change.Faults, 1)
		view := f.View(form.Page{Answers: got, Change: change, Language: "en"})
		assert.Equal(t, []form.Error{{Message: "Your answers are too long altogether. Please shorten them."}}, view.Errors())
	}
}

func TestContradictoryRulesEnd(t *testing.T) {
	t.Parallel()
	f := small(t, `{"x": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "integer"}}}`,
		`{"required": ["x"], "if": {"required": ["x"]}, "then": {"properties": {"x": false}}}`)
	got, _ := f.Parse(0, url.Values{"/x": {"1"}, "/x/0": {"1"}}, form.Answers{}, "de")
	assert.Empty(t, got)
}

func sorted(names []string) []any {
	var all []any
	for _, name := range slices.Sorted(slices.Values(names)) {
		all = append(all, name)
	}
	return all
}
