// Package form knows the online forms: JSON Schema (draft 2020-12) with labels in two languages.
//
// Compile and Check serve answers. Inspect serves whoever writes a form: it holds a schema to the rules that make every
// form renderable and tight, and says where it breaks them. The rules, beyond what JSON Schema itself asks:
//
//   - Every object lists its properties, has unevaluatedProperties false, and an x-layout: a list of groups
//     {"title": {"de","en"}, "fields": [names]} which together name each property once. That is the order on the page.
//   - Every property has an x-label {"de","en"}, and may have an x-hint {"de","en"} and an x-autocomplete
//     (a token of the HTML autocomplete attribute, WCAG 1.3.5).
//   - A property with an enum has x-values: {"VALUE": {"de","en"}, …} for exactly its values.
//   - Strings and lists are bounded.
//   - No references and no unknown keywords.
package form

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Schema is a compiled form. It is safe for concurrent use.
type Schema struct{ compiled *jsonschema.Schema }

// Fault is one way in which answers break their form.
type Fault struct {
	Pointer string         // JSON pointer (RFC 6901) to the answer; to the missing or surplus property where that is the fault
	Keyword string         // the rule of the schema: required, pattern, format, enum, unevaluatedProperties, …
	Params  map[string]any // what the rule asks, for a message: limit, format, values, type. Never what was answered
}

// maxDepth bounds the nesting of answers and schemas. Real forms have three levels.
const maxDepth = 32

// Compile makes a form ready for use. It follows no reference out of the schema.
func Compile(schema []byte) (*Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, fmt.Errorf("Compile: %w", err)
	}
	const at = "form:///schema"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(noLoader{})
	if err := c.AddResource(at, doc); err != nil {
		return nil, fmt.Errorf("Compile: %w", err)
	}
	compiled, err := c.Compile(at)
	if err != nil {
		return nil, fmt.Errorf("Compile: %w", err)
	}
	return &Schema{compiled}, nil
}

// noLoader keeps a schema from reading files or the network.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, errors.New("a form may not refer to " + url)
}

// Check holds answers against the form, and returns what is wrong sorted by pointer; nothing means accepted. Answers are
// JSON as encoding/json decodes it into any, with or without UseNumber.
func (s *Schema) Check(answers any) []Fault {
	value, fault := plain(answers, "", 0)
	if fault != nil {
		return []Fault{*fault}
	}
	err := s.compiled.Validate(value)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Fault{{Keyword: "type"}}
	}
	var faults []Fault
	collect(&faults, invalid)
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Keyword, b.Keyword))
	})
	return slices.CompactFunc(faults, func(a, b Fault) bool { return a.Pointer == b.Pointer && a.Keyword == b.Keyword })
}

// plain copies answers with numbers as int64 or float64. The validator computes with exact fractions, which a number
// like 1e-9999999 would make fail or crawl.
func plain(v any, pointer string, depth int) (any, *Fault) {
	wrong := &Fault{Pointer: pointer, Keyword: "type"}
	if depth > maxDepth {
		return nil, wrong
	}
	switch v := v.(type) {
	case nil, bool, string, int64:
		return v, nil
	case int:
		return int64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, wrong
		}
		return v, nil
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i, nil
		}
		f, err := v.Float64()
		if err != nil {
			return nil, wrong
		}
		return f, nil
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			var fault *Fault
			if list[i], fault = plain(item, pointer+"/"+strconv.Itoa(i), depth+1); fault != nil {
				return nil, fault
			}
		}
		return list, nil
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, item := range v {
			var fault *Fault
			if object[name], fault = plain(item, pointer+"/"+escape(name), depth+1); fault != nil {
				return nil, fault
			}
		}
		return object, nil
	default:
		return nil, wrong
	}
}

// collect turns the validator's tree of errors into faults a person can act on: its leaves, except that a failed choice
// (anyOf, oneOf, not, contains) is one fault, since its leaves say what each alternative would have wanted.
func collect(faults *[]Fault, e *jsonschema.ValidationError) {
	at := ""
	for _, part := range e.InstanceLocation {
		at += "/" + escape(part)
	}
	add := func(pointer, keyword string, params map[string]any) {
		*faults = append(*faults, Fault{pointer, keyword, params})
	}
	missing := func(keyword string, names []string) {
		for _, name := range names {
			add(at+"/"+escape(name), keyword, nil)
		}
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		missing("required", k.Missing)
	case *kind.DependentRequired:
		missing("dependentRequired", k.Missing)
	case *kind.AdditionalProperties:
		missing("additionalProperties", k.Properties)
	case *kind.FalseSchema:
		// Not a property of the form, or one that other answers rule out ("else": {"properties": {"x": false}}).
		add(at, "unevaluatedProperties", nil)
	case *kind.Not:
		add(at, "not", nil)
	case *kind.AnyOf, *kind.OneOf, *kind.Contains, *kind.MinContains, *kind.MaxContains:
		add(at, k.KeywordPath()[0], nil)
	default:
		if len(e.Causes) > 0 {
			for _, cause := range e.Causes {
				collect(faults, cause)
			}
			return
		}
		keyword := "type"
		if path := k.KeywordPath(); len(path) > 0 {
			keyword = path[0]
		}
		add(at, keyword, wanted(k))
	}
}

// wanted gives what a rule asks for.
func wanted(k jsonschema.ErrorKind) map[string]any {
	switch k := k.(type) {
	case *kind.Type:
		return map[string]any{"type": k.Want}
	case *kind.Enum:
		return map[string]any{"values": k.Want}
	case *kind.Const:
		return map[string]any{"value": k.Want}
	case *kind.Format:
		return map[string]any{"format": k.Want}
	case *kind.Pattern:
		return map[string]any{"pattern": k.Want}
	case *kind.MinLength:
		return map[string]any{"limit": k.Want}
	case *kind.MaxLength:
		return map[string]any{"limit": k.Want}
	case *kind.MinItems:
		return map[string]any{"limit": k.Want}
	case *kind.MaxItems:
		return map[string]any{"limit": k.Want}
	case *kind.Minimum:
		return map[string]any{"limit": json.Number(k.Want.RatString())}
	case *kind.Maximum:
		return map[string]any{"limit": json.Number(k.Want.RatString())}
	default:
		return nil
	}
}

// escape writes one part of a JSON pointer.
func escape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}
