package form

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"nelke/internal/normal"
)

// draft is the only dialect that forms are written in.
const draft = "https://json-schema.org/draft/2020-12/schema"

// Layout is the keyword that holds the order of a form on the page.
const Layout = "x-layout"

// SchemaFault is one rule that a form's schema breaks.
type SchemaFault struct {
	Line    int    // of the file, counted from 1
	Pointer string // into the schema
	Message string
}

// Inspect holds a schema to the rules of the package and compiles it. Faults come sorted by line.
func Inspect(raw []byte) (*Inspected, []SchemaFault) {
	root, faults := read(raw)
	if root == nil {
		return nil, faults
	}
	in := &inspector{faults: faults}
	if root.object {
		if s, _ := root.get("$schema").text(); s != draft {
			in.fault(cmp.Or(root.get("$schema"), root), "/$schema", "must be %q", draft)
		}
		if !root.get("type").is("object") {
			in.fault(cmp.Or(root.get("type"), root), "/type", `must be "object"`)
		} else {
			in.schema(root, "")
		}
	} else {
		in.fault(root, "", "a form is an object")
	}
	if len(in.faults) == 0 {
		if _, err := Compile(raw); err != nil {
			pointer, text := compileError(err)
			in.fault(cmp.Or(root.at(pointer), root), pointer, "%s", text)
		}
	}
	slices.SortStableFunc(in.faults, func(a, b SchemaFault) int { return cmp.Compare(a.Line, b.Line) })
	return &Inspected{root}, in.faults
}

// compileError finds where in a schema the compiler stopped: the first leaf of its tree of errors.
func compileError(err error) (pointer, text string) {
	var meta *jsonschema.SchemaValidationError
	var leaf *jsonschema.ValidationError
	if !errors.As(err, &meta) || !errors.As(meta.Err, &leaf) {
		return "", err.Error()
	}
	for len(leaf.Causes) > 0 {
		leaf = leaf.Causes[0]
	}
	for _, part := range leaf.InstanceLocation {
		pointer += "/" + escape(part)
	}
	return pointer, leaf.ErrorKind.LocalizedString(message.NewPrinter(language.English))
}

type inspector struct{ faults []SchemaFault }

func (in *inspector) fault(n *node, pointer, format string, args ...any) {
	in.faults = append(in.faults, SchemaFault{n.line, pointer, fmt.Sprintf(format, args...)})
}

// keywords are all that a schema may use.
//
//nolint:gochecknoglobals // a list, never changed
var keywords = strings.Fields(`$schema $comment title description type enum const default examples format
	properties required dependentRequired unevaluatedProperties minProperties maxProperties
	items minItems maxItems uniqueItems contains minContains maxContains
	minLength maxLength pattern minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
	if then else allOf anyOf oneOf not
	x-label x-hint x-values x-layout x-autocomplete x-maxDaysAhead`)

func (in *inspector) known(n *node, at string) {
	for _, m := range n.members {
		if !slices.Contains(keywords, m.name) {
			in.faults = append(in.faults, SchemaFault{m.line, at + "/" + escape(m.name), "unknown keyword"})
		}
	}
	if pattern := n.get("pattern"); pattern != nil {
		if s, ok := pattern.text(); ok {
			if err := alike(s); err != nil {
				in.fault(pattern, at+"/pattern", "would not be judged alike everywhere: %s", err)
			}
		}
	}
	in.single(n.get("const"), at+"/const")
	if enum := n.get("enum"); enum != nil {
		for i, value := range enum.items {
			in.single(value, fmt.Sprintf("%s/enum/%d", at, i))
		}
	}
}

// single refuses objects and lists as what an answer must equal: of incomplete answers nobody can tell whether they will.
func (in *inspector) single(value *node, at string) {
	if value != nil && (value.object || value.list) {
		in.fault(value, at, "must not be an object or a list")
	}
	in.settled(value, at)
}

// schema inspects what describes one answer by itself: the form, a property, or the items of a list.
func (in *inspector) schema(n *node, at string) {
	if !n.object {
		in.fault(n, at, "must be an object")
		return
	}
	in.known(n, at)
	kind, _ := n.get("type").text()
	switch kind {
	case "object":
		in.object(n, at)
	case "array":
		if n.get("maxItems") == nil {
			in.fault(n, at+"/maxItems", "missing: a list must be bounded")
		}
		if items := n.get("items"); items == nil {
			in.fault(n, at+"/items", "missing")
		} else {
			in.schema(items, at+"/items")
		}
	case "string":
		dated := n.get("format").is("date") || n.get("format").is(PartialDate)
		free := n.get("enum") == nil && n.get("const") == nil && !dated
		if free && n.get("maxLength") == nil {
			in.fault(n, at+"/maxLength", "missing: a text must be bounded")
		}
		if n.get("format").is(PartialDate) && !n.get("pattern").is(PartialDatePattern) {
			in.fault(cmp.Or(n.get("pattern"), n), at+"/pattern", "must be that of dates known in part, for validators that don't know the format: %s", PartialDatePattern)
		}
	case "integer", "number", "boolean":
	default:
		in.fault(cmp.Or(n.get("type"), n), at+"/type", "must be one of object, array, string, integer, number, boolean")
	}
	if days := n.get(MaxDaysAhead); days != nil {
		dated := n.get("format").is("date") || n.get("format").is(PartialDate)
		if number, ok := days.integer(); !ok || number < 0 || number > 366 || !dated {
			in.fault(days, at+"/"+MaxDaysAhead, "must be a number of days from 0 to 366, of a date")
		}
	}
	if hint := n.get("x-hint"); hint != nil {
		in.twoLanguages(hint, at+"/x-hint")
	}
	in.values(n, at)
}

func (in *inspector) object(n *node, at string) {
	if !n.get("unevaluatedProperties").is(false) {
		in.fault(cmp.Or(n.get("unevaluatedProperties"), n), at+"/unevaluatedProperties", "must be false")
	}
	properties := n.get("properties")
	if properties == nil || len(properties.members) == 0 {
		in.fault(n, at+"/properties", "missing")
		return
	}
	for _, p := range properties.members {
		pointer := at + "/properties/" + escape(p.name)
		in.schema(p.node, pointer)
		if label := p.node.get("x-label"); label == nil {
			in.fault(p.node, pointer+"/x-label", "missing")
		} else {
			in.twoLanguages(label, pointer+"/x-label")
		}
	}
	in.layout(n, at, properties.names())
	in.condition(n, at, properties, true)
}

// condition inspects the rules that hold between properties. They may only name properties that the object has.
func (in *inspector) condition(n *node, at string, properties *node, root bool) {
	if !n.object {
		return // true, false, or for the compiler to refuse
	}
	if !root {
		in.known(n, at)
	}
	have := properties.names()
	unknown := func(list *node, pointer string) {
		if list == nil {
			return
		}
		for i, item := range list.items {
			if name, ok := item.text(); ok && !slices.Contains(have, name) {
				in.fault(item, fmt.Sprintf("%s/%d", pointer, i), "there is no property %q", name)
			}
		}
	}
	unknown(n.get("required"), at+"/required")
	if dependent := n.get("dependentRequired"); dependent != nil {
		for _, m := range dependent.members {
			pointer := at + "/dependentRequired/" + escape(m.name)
			if !slices.Contains(have, m.name) {
				in.fault(m.node, pointer, "there is no property %q", m.name)
			}
			unknown(m.node, pointer)
		}
	}
	if p := n.get("properties"); p != nil && !root {
		for _, m := range p.members {
			pointer := at + "/properties/" + escape(m.name)
			property := properties.get(m.name)
			if property == nil {
				in.fault(m.node, pointer, "there is no property %q", m.name)
			} else if inner := property.get("properties"); inner != nil {
				in.condition(m.node, pointer, inner, false)
			} else if m.node.object {
				in.known(m.node, pointer)
				if days := m.node.get(MaxDaysAhead); days != nil {
					in.fault(days, pointer+"/"+MaxDaysAhead, "stands with the property itself: it holds under no condition")
				}
			}
		}
	}
	for _, word := range []string{"if", "then", "else", "not"} {
		if s := n.get(word); s != nil {
			in.condition(s, at+"/"+word, properties, false)
		}
	}
	for _, word := range []string{"allOf", "anyOf", "oneOf"} {
		if list := n.get(word); list != nil {
			for i, s := range list.items {
				in.condition(s, fmt.Sprintf("%s/%s/%d", at, word, i), properties, false)
			}
		}
	}
}

// layout checks that the groups of an object name each of its properties once.
func (in *inspector) layout(n *node, at string, properties []string) {
	layout := n.get(Layout)
	at += "/" + Layout
	if layout == nil || !layout.list {
		in.fault(cmp.Or(layout, n), at, "must be a list of groups")
		return
	}
	var placed []string
	for g, group := range layout.items {
		pointer := fmt.Sprintf("%s/%d", at, g)
		for _, m := range group.members {
			if m.name != "title" && m.name != "fields" {
				in.fault(m.node, pointer+"/"+escape(m.name), "unknown keyword")
			}
		}
		if title := group.get("title"); title != nil {
			in.twoLanguages(title, pointer+"/title")
		} else if at == "/"+Layout {
			in.fault(group, pointer+"/title", "missing")
		}
		fields := group.get("fields")
		if fields == nil || len(fields.items) == 0 {
			in.fault(group, pointer+"/fields", "missing")
			continue
		}
		for i, field := range fields.items {
			name, _ := field.text()
			switch here := fmt.Sprintf("%s/fields/%d", pointer, i); {
			case !slices.Contains(properties, name):
				in.fault(field, here, "there is no property %q", name)
			case slices.Contains(placed, name):
				in.fault(field, here, "%q has a place already", name)
			default:
				placed = append(placed, name)
			}
		}
	}
	for _, name := range properties {
		if !slices.Contains(placed, name) {
			in.fault(layout, at, "%q has no place", name)
		}
	}
}

// values checks that each value of an enum has its label.
func (in *inspector) values(n *node, at string) {
	enum, labels := n.get("enum"), n.get("x-values")
	if enum == nil {
		if labels != nil {
			in.fault(labels, at+"/x-values", "there is no enum")
		}
		return
	}
	if len(enum.items) != len(enum.texts()) {
		in.fault(enum, at+"/enum", "values must be texts")
		return
	}
	if labels == nil {
		in.fault(n, at+"/x-values", "missing")
		return
	}
	for _, value := range enum.texts() {
		pointer := at + "/x-values/" + escape(value)
		if label := labels.get(value); label == nil {
			in.fault(labels, pointer, "missing")
		} else {
			in.twoLanguages(label, pointer)
		}
	}
	for _, m := range labels.members {
		if !slices.Contains(enum.texts(), m.name) {
			in.fault(m.node, at+"/x-values/"+escape(m.name), "is no value of the enum")
		}
	}
}

// settled refuses texts in another form than that of answers: no answer would ever equal them.
func (in *inspector) settled(n *node, at string) {
	if s, ok := n.text(); ok {
		if kept, ok := normal.Lines(s); !ok || kept != s {
			in.fault(n, at, "must be in NFC, without invisible characters and without white space at its ends")
		}
	}
}

func (in *inspector) twoLanguages(n *node, at string) {
	for _, language := range []string{"de", "en"} {
		if s, ok := n.get(language).text(); !ok || strings.TrimSpace(s) == "" {
			in.fault(cmp.Or(n.get(language), n), at+"/"+language, "missing")
		}
		in.settled(n.get(language), at+"/"+language)
	}
	for _, m := range n.members {
		if m.name != "de" && m.name != "en" {
			in.fault(m.node, at+"/"+escape(m.name), "unknown language")
		}
	}
}
