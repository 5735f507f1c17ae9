package form

import (
	"encoding/json"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// kind is how a field is shown and read.
type kind int

const (
	text        kind = iota // one line
	longText                // several lines
	email                   // one line
	phone                   // one line
	integer                 // a number in a text input
	number                  // a number in a text input
	date                    // three inputs
	partialDate             // three inputs, of which day and month may stay empty
	choice                  // one of some values
	yesNo                   // two radio buttons
	agreement               // one checkbox, which is true or no answer
	several                 // checkboxes
	group                   // an object: a fieldset of fields
	list                    // entries of one kind
)

const (
	// maxDepth bounds the nesting of a form. Real ones have three levels.
	maxDepth = 32
	// longTextFrom is the maxLength above which a text has several lines.
	longTextFrom = 200
	// maxRadios is how many values a choice shows as radio buttons; with more it is a select element.
	maxRadios = 7
)

// field is one property of a form, the items of a list, or the form itself.
type field struct {
	name         string
	kind         kind
	label, hint  Text
	autocomplete string
	inputMode    string
	maxLength    int            // in characters; 0 where the schema has none
	separable    bool           // a text of which separators can be left out, since its pattern has none
	pattern      *regexp.Regexp // nil where the schema has none
	constant     any            // the only answer allowed: a string, bool or json.Number; nil where there is none
	options      []option
	conditional  bool         // whether some rule may rule it out
	when         *when        // nil where no simple condition decides whether it is shown
	groups       []fieldGroup // of an object
	items        *field       // of a list
	minItems     int          // of a list
	maxItems     int          // of a list
	schema       *jsonschema.Schema
}

type option struct {
	value string
	label Text
}

type fieldGroup struct {
	title  Text
	fields []*field
}

func readField(name string, raw map[string]any, schema *jsonschema.Schema, depth int) (*field, error) {
	if raw == nil || depth > maxDepth {
		return nil, fmt.Errorf("%q is no schema of a field, or nested too deep", name)
	}
	f := &field{name: name, label: textOf(raw["x-label"]), hint: textOf(raw["x-hint"]), constant: raw["const"], schema: schema}
	f.autocomplete, _ = raw["x-autocomplete"].(string)
	f.maxLength = count(raw["maxLength"])
	switch raw["type"] {
	case "object":
		f.kind = group
		return f, f.readProperties(raw, depth)
	case "array":
		f.kind = list
		return f, f.readItems(raw, depth)
	case "boolean":
		f.kind = yesNo
		if f.constant == true {
			f.kind = agreement
		}
	case "integer":
		f.kind = integer
		if least(raw) {
			f.inputMode = "numeric"
		}
	case "number":
		f.kind = number
		if least(raw) {
			f.inputMode = "decimal"
		}
	case "string":
		f.readText(raw)
	default:
		return nil, fmt.Errorf("%q has a type that no form has", name)
	}
	return f, nil
}

// least reports whether a number can't be negative: the keys that phones offer for numbers have no minus.
func least(raw map[string]any) bool {
	for _, keyword := range []string{"minimum", "exclusiveMinimum"} {
		if n, ok := raw[keyword].(json.Number); ok && !strings.HasPrefix(n.String(), "-") {
			return true
		}
	}
	return false
}

func (f *field) readProperties(raw map[string]any, depth int) error {
	properties, _ := raw["properties"].(map[string]any)
	layout, _ := raw["x-layout"].([]any)
	placed := map[string]bool{}
	for _, item := range layout {
		g, _ := item.(map[string]any)
		names, _ := g["fields"].([]any)
		read := fieldGroup{title: textOf(g["title"])}
		for _, item := range names {
			name, _ := item.(string)
			property, ok := properties[name].(map[string]any)
			if !ok || placed[name] {
				return fmt.Errorf("the layout of %q names %q, which is no property or has a place already", f.name, name)
			}
			placed[name] = true
			child, err := readField(name, property, f.schema.Properties[name], depth+1)
			if err != nil {
				return err
			}
			read.fields = append(read.fields, child)
		}
		f.groups = append(f.groups, read)
	}
	if len(placed) == 0 || len(placed) != len(properties) {
		return fmt.Errorf("the layout of %q names %d of %d properties", f.name, len(placed), len(properties))
	}
	return nil
}

func (f *field) readItems(raw map[string]any, depth int) error {
	f.minItems, f.maxItems = count(raw["minItems"]), count(raw["maxItems"])
	items, _ := raw["items"].(map[string]any)
	read, err := readField(f.name, items, f.schema.Items2020, depth+1)
	if err != nil {
		return err
	}
	f.items = read
	if read.kind == choice {
		f.kind, f.options = several, read.options
	}
	return nil
}

func (f *field) readText(raw map[string]any) {
	pattern, _ := raw["pattern"].(string)
	values, _ := raw["enum"].([]any)
	switch {
	case len(values) > 0:
		f.kind = choice
		labels, _ := raw["x-values"].(map[string]any)
		for _, v := range values {
			if value, _ := v.(string); value != "" { // an empty text is no answer
				f.options = append(f.options, option{value, textOf(labels[value])})
			}
		}
		return
	case raw["format"] == "date":
		f.kind = date
		return
	case raw["format"] == "partial-date":
		f.kind = partialDate
		return
	case raw["format"] == "email":
		f.kind = email
	case slices.ContainsFunc(strings.Fields(f.autocomplete), func(token string) bool { return token == "tel" || strings.HasPrefix(token, "tel-") }):
		f.kind = phone
	case f.maxLength > longTextFrom:
		f.kind = longText
	}
	f.readPattern(pattern)
	if constant, ok := f.constant.(string); ok && constant != "" && strings.Trim(constant, "0123456789") == "" {
		f.inputMode = "numeric"
	}
}

func (f *field) readPattern(pattern string) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if pattern == "" || err != nil {
		return
	}
	if f.pattern, err = regexp.Compile(pattern); err != nil {
		return
	}
	digits, other, separator := letters(parsed)
	if digits && !other {
		f.inputMode = "numeric"
	}
	f.separable = !separator
}

// letters returns which characters a regular expression names: digits, others, and among these a space.
func letters(re *syntax.Regexp) (digits, other, space bool) {
	note := func(low, high rune) {
		digits = digits || low <= '9' && high >= '0'
		other = other || low < '0' || high > '9'
		space = space || low <= ' ' && high >= ' '
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			note(r, r)
		}
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			note(re.Rune[i], re.Rune[i+1])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		note(0, '\U0010FFFF')
	}
	for _, sub := range re.Sub {
		d, o, s := letters(sub)
		digits, other, space = digits || d, other || o, space || s
	}
	return digits, other, space
}

// all returns the fields of an object in the order of the page.
func (f *field) all() []*field {
	var fields []*field
	for _, g := range f.groups {
		fields = append(fields, g.fields...)
	}
	return fields
}

// child returns the field of a property; nil where there is none.
func (f *field) child(name string) *field {
	for _, child := range f.all() {
		if child.name == name {
			return child
		}
	}
	return nil
}

func textOf(v any) Text {
	languages, _ := v.(map[string]any)
	german, _ := languages["de"].(string)
	english, _ := languages["en"].(string)
	return Text{german, english}
}

// count reads a keyword that counts; 0 where it is missing.
func count(v any) int {
	n, _ := v.(json.Number)
	f, err := n.Float64()
	if err != nil || f < 0 || f > 1<<30 {
		return 0
	}
	return int(f)
}

// pointer returns the pointer to a part of what a pointer points to. A dot is escaped beside what RFC 6901 escapes, since
// the names of a date's inputs end in one and a word.
func pointer(at, part string) string {
	return at + "/" + strings.NewReplacer("~", "~0", "/", "~1", ".", "~2").Replace(part)
}

// identifier returns an id of HTML for what a pointer points to. Each pointer has its own: segments are separated by a
// hyphen, and every character but ASCII letters and digits is written as its number.
func identifier(prefix, at string) string {
	var id strings.Builder
	id.WriteString(prefix)
	for i, segment := range strings.Split(at, "/") {
		if i > 0 {
			id.WriteByte('-')
		}
		id.WriteString(coded(segment))
	}
	return id.String()
}

func coded(s string) string {
	var id strings.Builder
	for _, r := range s {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			id.WriteRune(r)
		} else {
			id.WriteString("_" + strconv.FormatInt(int64(r), 16) + "_")
		}
	}
	return id.String()
}
