// Package form checks and compiles the online forms: JSON Schema (draft 2020-12) with labels in two languages.
//
// Compile, Accept and Check serve answers. Inspect serves whoever writes a form: it holds a schema to the rules that make
// every form renderable and tight, and says where it breaks them. The rules, beyond what JSON Schema itself asks:
//
//   - Every object lists its properties, has unevaluatedProperties false, and an x-layout: a list of groups
//     {"title": {"de","en"}, "fields": [names]} which together name each property once. That is the order on the page.
//   - Every property has an x-label {"de","en"}, and may have an x-hint {"de","en"} and an x-autocomplete
//     (a token of the HTML autocomplete attribute, WCAG 1.3.5).
//   - A property with an enum has x-values: {"VALUE": {"de","en"}, …} for exactly its values.
//   - Strings and lists are bounded.
//   - A pattern is one that Go and ECMAScript judge alike (see alike).
//   - The format partial-date has its pattern beside it.
//   - A date may have x-maxDaysAhead: so many days after today it may lie, 0 to 366.
//   - What an answer must equal (const, enum) is no object and no list.
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
)

// Schema is a compiled form. It is safe for concurrent use.
type Schema struct {
	whole *jsonschema.Schema // what the form asks of answers
	soFar *jsonschema.Schema // what it asks of answers that are not complete yet
	root  *node              // the form as it was written, with its hints and labels
}

// maxDepth bounds the nesting of answers and schemas. Real forms have three levels.
const maxDepth = 32

// Compile makes a form ready for use. It follows no reference out of the schema. Incomplete answers are judged rightly
// by forms that Inspect accepts.
func Compile(schema []byte) (*Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, fmt.Errorf("Compile: %w", err)
	}
	whole, err := compile(doc)
	if err != nil {
		return nil, fmt.Errorf("Compile: %w", err)
	}
	doc, err = soFar(doc)
	if err != nil {
		return nil, fmt.Errorf("Compile: %w", err)
	}
	incomplete, err := compile(doc, unlikeVocabulary())
	if err != nil {
		return nil, fmt.Errorf("Compile: for incomplete answers: %w", err)
	}
	root, _ := read(schema)
	return &Schema{whole, incomplete, root}, nil
}

func compile(doc any, vocabularies ...*jsonschema.Vocabulary) (*jsonschema.Schema, error) {
	const at = "form:///schema"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	formats(c)
	c.UseLoader(noLoader{})
	for _, vocabulary := range vocabularies {
		c.RegisterVocabulary(vocabulary)
		c.AssertVocabs()
	}
	if err := c.AddResource(at, doc); err != nil {
		return nil, err
	}
	return c.Compile(at)
}

// noLoader keeps a schema from reading files or the network.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, errors.New("a form may not refer to " + url)
}

// Check holds answers against the form, and returns what is wrong sorted by pointer; nothing means accepted. Answers are
// JSON as encoding/json decodes it into any, with or without UseNumber.
func (s *Schema) Check(answers any) []Fault {
	value, fault := plain(answers, 0)
	if fault != nil {
		return []Fault{*fault}
	}
	return s.judge(s.whole, value)
}

// judge holds plain answers against the form, or against what it asks of incomplete ones.
func (s *Schema) judge(form *jsonschema.Schema, value any) []Fault {
	err := form.Validate(value)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Fault{{Keyword: "type"}}
	}
	var faults []Fault
	collect(&faults, invalid)
	faults = slices.DeleteFunc(sorted(faults), func(f Fault) bool {
		return f.Keyword == "pattern" && slices.ContainsFunc(faults, func(g Fault) bool {
			return g.Pointer == f.Pointer && g.Params["format"] == PartialDate // whose pattern says the same
		})
	})
	for i := range faults {
		faults[i].Hint = s.hint(faults[i])
	}
	return faults
}

func sorted(faults []Fault) []Fault {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Keyword, b.Keyword))
	})
	return slices.CompactFunc(faults, func(a, b Fault) bool {
		return a.Pointer == b.Pointer && a.Keyword == b.Keyword && fmt.Sprint(a.Params["missing"]) == fmt.Sprint(b.Params["missing"])
	})
}

// plain copies answers with numbers as int64 or float64.
func plain(v any, depth int) (any, *Fault) {
	wrong := &Fault{Keyword: "type"}
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
		n, err := number(v)
		if err != nil {
			return nil, wrong
		}
		return n, nil
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			var fault *Fault
			if list[i], fault = plain(item, depth+1); fault != nil {
				fault.Pointer = pointer([]string{strconv.Itoa(i)}) + fault.Pointer
				return nil, fault
			}
		}
		return list, nil
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, item := range v {
			var fault *Fault
			if object[name], fault = plain(item, depth+1); fault != nil {
				fault.Pointer = pointer([]string{name}) + fault.Pointer
				return nil, fault
			}
		}
		return object, nil
	default:
		return nil, wrong
	}
}

// number reads a number as int64 or float64. The validator computes with exact fractions, which a number like 1e-9999999
// would make fail or crawl.
func number(n json.Number) (any, error) {
	if i, err := n.Int64(); err == nil {
		return i, nil
	}
	f, err := n.Float64()
	if err != nil {
		return nil, err
	}
	if f == 0 {
		return int64(0), nil // -0.0 would be written -0, which is read as 0
	}
	return f, nil
}
