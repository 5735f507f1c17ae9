package form

import (
	"errors"
	"maps"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Answers grow while somebody fills in a form: properties come to objects, and items to lists. Of a schema there are two
// others that look ahead:
//
//   - may accepts what could still grow into what the schema accepts,
//   - must accepts what the schema accepts however it grows.
//
// may is what a form asks of incomplete answers. It needs must below a not, and for conditions: "then" holds once "if"
// holds for good, "else" once "if" can't come to hold any more. Both judge each rule by itself, so may lets pass too much
// and must too little, never the other way round.

type object = map[string]any

// growth writes may and must of a form's schema.
type growth struct{ left int } // how many more schemas it writes

// maxWritten bounds growth: conditions within conditions multiply what there is to write. Real forms take less than 50.
const maxWritten = 5_000

// soFar returns what a form asks of incomplete answers: faults that more answers could mend are none.
func soFar(schema any) (any, error) {
	g := &growth{maxWritten}
	s := g.may(schema)
	if g.left < 0 {
		return nil, errors.New("the conditions are nested too deep to judge incomplete answers")
	}
	return s, nil
}

// fixed marks a schema that looks ahead already: no number, text or boolean grows.
func (g *growth) fixed(schema any) (object, bool) {
	g.left--
	s, ok := schema.(object)
	return s, !ok || g.left < 0 || scalar(s)
}

func scalar(s object) bool {
	switch s["type"] {
	case "string", "integer", "number", "boolean", "null":
		return true
	default:
		return false
	}
}

func (g *growth) may(schema any) any {
	s, fixed := g.fixed(schema)
	if fixed {
		return schema
	}
	out := maps.Clone(s)
	for _, keyword := range []string{"required", "dependentRequired", "minProperties", "minItems", "contains", "minContains", "maxContains", "uniqueItems", "if", "then", "else", "oneOf"} {
		delete(out, keyword)
	}
	all := g.each(s["allOf"], g.may)
	out = g.inside(out, s, g.may, g.must)
	if s["contains"] != nil && s["maxContains"] != nil {
		out["contains"], out["minContains"], out["maxContains"] = g.must(s["contains"]), 0, s["maxContains"]
	}
	if s["uniqueItems"] == true {
		out[unlikeKeyword] = g.grown(s["items"])
	}
	if condition, ok := s["if"]; ok {
		if then, ok := s["then"]; ok {
			all = append(all, object{"if": g.must(condition), "then": g.may(then)})
		}
		if otherwise, ok := s["else"]; ok {
			all = append(all, object{"if": g.may(condition), "else": g.may(otherwise)})
		}
	}
	if s["oneOf"] != nil {
		// One at least can come to hold, and one at most holds for good.
		all = append(all,
			object{"if": object{"anyOf": g.each(s["oneOf"], g.may)}, "else": object{"oneOf": g.each(s["oneOf"], g.may)}},
			object{"if": object{"anyOf": g.each(s["oneOf"], g.must)}, "then": object{"oneOf": g.each(s["oneOf"], g.must)}})
	}
	return conjoined(out, all)
}

func (g *growth) must(schema any) any {
	s, fixed := g.fixed(schema)
	if fixed {
		return schema
	}
	out := maps.Clone(s)
	for _, keyword := range []string{"dependentRequired", "if", "then", "else", "oneOf"} {
		delete(out, keyword)
	}
	all := g.each(s["allOf"], g.must)
	// What more items or properties can break never holds for good.
	for kind, keywords := range map[string][]string{
		"array":  {"items", "maxItems", "uniqueItems", "maxContains"},
		"object": {"maxProperties", "unevaluatedProperties", "additionalProperties"},
	} {
		for _, keyword := range keywords {
			if _, ok := out[keyword]; ok {
				all = append(all, object{"not": object{"type": kind}})
				delete(out, keyword)
			}
		}
	}
	out = g.inside(out, s, g.must, g.may)
	if contains, ok := s["contains"]; ok {
		out["contains"] = g.must(contains)
	}
	// What isn't there yet may come with any value.
	for name, property := range objectOf(s["properties"]) {
		if property != true {
			all = append(all, object{"required": []any{name}})
		}
	}
	for _, names := range objectOf(s["dependentRequired"]) {
		all = append(all, object{"required": names})
	}
	if condition, ok := s["if"]; ok {
		then, otherwise := any(true), any(true)
		if t, ok := s["then"]; ok {
			then = g.must(t)
		}
		if e, ok := s["else"]; ok {
			otherwise = g.must(e)
		}
		all = append(all,
			object{"anyOf": []any{object{"not": g.may(condition)}, then}},
			object{"anyOf": []any{g.must(condition), otherwise}})
	}
	if s["oneOf"] != nil {
		all = append(all, object{"oneOf": g.each(s["oneOf"], g.may)}, object{"anyOf": g.each(s["oneOf"], g.must)})
	}
	return conjoined(out, all)
}

// inside writes the schemas within a schema, all in the same way but for the one below not.
func (g *growth) inside(out, s object, same, opposite func(any) any) object {
	for _, keyword := range []string{"items", "unevaluatedProperties", "additionalProperties"} {
		if inner, ok := out[keyword]; ok {
			out[keyword] = same(inner)
		}
	}
	if properties := objectOf(s["properties"]); properties != nil {
		written := object{}
		for name, property := range properties {
			written[name] = same(property)
		}
		out["properties"] = written
	}
	if s["anyOf"] != nil {
		out["anyOf"] = g.each(s["anyOf"], same)
	}
	if not, ok := s["not"]; ok {
		out["not"] = opposite(not)
	}
	return out
}

// grown accepts what can't grow any more: texts, numbers, and objects that have all of their properties.
func (g *growth) grown(schema any) any {
	s, _ := g.fixed(schema)
	if scalar(s) {
		return true
	}
	properties := objectOf(s["properties"])
	if len(properties) == 0 {
		return object{"not": object{"type": []any{"object", "array"}}}
	}
	inner, names := object{}, []any{}
	for name, property := range properties {
		names = append(names, name)
		inner[name] = g.grown(property)
	}
	return object{"not": object{"type": "array"}, "required": names, "properties": inner}
}

// unlikeKeyword stands in the place of uniqueItems where answers are incomplete: two items that are alike may yet come to
// differ, unless they are of its schema, which is that of items that can't grow.
const unlikeKeyword = "x-unlike"

type unlike struct{ grown *jsonschema.Schema }

// Validate compares the items that can't grow.
func (u unlike) Validate(ctx *jsonschema.ValidatorContext, v any) {
	list, _ := v.([]any)
	var grown []any
	for i, item := range list {
		if ctx.Validate(u.grown, item, []string{strconv.Itoa(i)}) == nil {
			grown = append(grown, item)
		}
	}
	i, j, err := ctx.Duplicates(grown)
	if err != nil {
		ctx.AddErr(err)
	} else if i >= 0 {
		ctx.AddError(&kind.UniqueItems{Duplicates: [2]int{i, j}})
	}
}

func unlikeVocabulary() *jsonschema.Vocabulary {
	return &jsonschema.Vocabulary{
		URL: "form:///unlike",
		Compile: func(ctx *jsonschema.CompilerContext, schema object) (jsonschema.SchemaExt, error) {
			if _, ok := schema[unlikeKeyword]; !ok {
				return nil, nil
			}
			return unlike{ctx.Enqueue([]string{unlikeKeyword})}, nil
		},
	}
}

func (g *growth) each(list any, write func(any) any) []any {
	var all []any
	for _, item := range listOf(list) {
		all = append(all, write(item))
	}
	return all
}

// conjoined puts schemas beside a schema, all of which must hold.
func conjoined(s object, all []any) object {
	delete(s, "allOf")
	if len(all) > 0 {
		s["allOf"] = all
	}
	return s
}

func objectOf(v any) object {
	o, _ := v.(object)
	return o
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}
