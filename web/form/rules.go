package form

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// rules are what the schemas of one object ask for its properties, for the answers as they are.
type rules struct {
	active    []*jsonschema.Schema // the schemas, and those within them that hold: allOf, then or else, the only alternative left
	required  map[string]bool
	forbidden map[string]bool
	wanted    map[string]bool // named by a choice (anyOf, oneOf) that nothing else meets
	choices   [][]string      // the properties named by each choice that is not met
}

// rulesOf collects the rules of an object's schemas. For what is no object it collects the active schemas alone.
func rulesOf(schemas []*jsonschema.Schema, value any) *rules {
	r := &rules{required: map[string]bool{}, forbidden: map[string]bool{}, wanted: map[string]bool{}}
	for _, s := range schemas {
		r.add(s, value)
	}
	return r
}

// property returns the schemas that the active ones have for a property.
func (r *rules) property(name string) []*jsonschema.Schema {
	var all []*jsonschema.Schema
	for _, s := range r.active {
		if p := s.Properties[name]; p != nil {
			all = append(all, p)
		}
	}
	return all
}

// items returns the schemas that the active ones have for the entries of a list.
func (r *rules) items() []*jsonschema.Schema {
	var all []*jsonschema.Schema
	for _, s := range r.active {
		if s.Items2020 != nil {
			all = append(all, s.Items2020)
		}
	}
	return all
}

func (r *rules) add(s *jsonschema.Schema, value any) {
	if s == nil || s.Bool != nil {
		return
	}
	object, _ := value.(map[string]any)
	r.active = append(r.active, s)
	r.require(s.Required)
	for name, names := range s.DependentRequired {
		if _, there := object[name]; there {
			r.require(names)
		}
	}
	for name, p := range s.Properties {
		if never(p) {
			r.forbidden[name] = true
		}
	}
	for _, name := range ruledOut(s.Not) {
		r.forbidden[name] = true
	}
	for _, part := range s.AllOf {
		r.add(part, value)
	}
	if s.If != nil {
		if s.If.Validate(value) == nil {
			r.add(s.Then, value)
		} else {
			r.add(s.Else, value)
		}
	}
	r.choose(s.AnyOf, value, false)
	r.choose(s.OneOf, value, true)
}

func (r *rules) require(names []string) {
	for _, name := range names {
		r.required[name] = true
	}
}

// choose adds what alternatives have in common, of those that the answers still allow; one says that no more than one of
// them may hold.
func (r *rules) choose(alternatives []*jsonschema.Schema, value any, one bool) {
	object, _ := value.(map[string]any)
	var open []*rules
	for _, s := range alternatives {
		if !contradicted(s, object) {
			open = append(open, rulesOf([]*jsonschema.Schema{s}, value))
		}
	}
	switch len(open) {
	case 0:
		return
	case 1:
		r.merge(open[0])
		return
	}
	met := 0
	var names []string
	for _, alternative := range open {
		if alternative.met(object) {
			met++
		}
		for _, name := range sortedNames(alternative.required) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		if every(open, func(a *rules) bool { return a.required[name] }) {
			r.required[name] = true
		} else if one || !slices.ContainsFunc(open, func(a *rules) bool { return !a.required[name] && a.met(object) }) {
			r.wanted[name] = true
		}
	}
	for name := range open[0].forbidden {
		if every(open, func(a *rules) bool { return a.forbidden[name] }) {
			r.forbidden[name] = true
		}
	}
	if met == 0 || one && met > 1 {
		r.choices = append(r.choices, names)
	}
}

func (r *rules) merge(other *rules) {
	r.active = append(r.active, other.active...)
	r.choices = append(r.choices, other.choices...)
	for _, names := range []struct{ to, from map[string]bool }{
		{r.required, other.required}, {r.forbidden, other.forbidden}, {r.wanted, other.wanted},
	} {
		for name := range names.from {
			names.to[name] = true
		}
	}
}

// met reports whether an object has all that the rules require.
func (r *rules) met(object map[string]any) bool {
	for name := range r.required {
		if _, there := object[name]; !there {
			return false
		}
	}
	return true
}

// contradicted reports whether an alternative can't hold as long as no answer of the object changes or goes. What may
// still grow, objects and lists, contradicts it only where it rules them out.
func contradicted(s *jsonschema.Schema, object map[string]any) bool {
	if never(s) {
		return true
	}
	for name, p := range s.Properties {
		v, there := object[name]
		if !there {
			continue
		}
		switch v.(type) {
		case map[string]any, []any:
			if never(p) {
				return true
			}
		default:
			if p.Validate(v) != nil {
				return true
			}
		}
	}
	return false
}

func never(s *jsonschema.Schema) bool { return s.Bool != nil && !*s.Bool }

// ruledOut returns the properties that may not be there where not holds: {"required": [name]} alone, or anyOf of such.
func ruledOut(not *jsonschema.Schema) []string {
	if not == nil || !plain(not) {
		return nil
	}
	if len(not.AnyOf) == 0 {
		if len(not.Required) == 1 {
			return not.Required
		}
		return nil
	}
	if len(not.Required) > 0 {
		return nil
	}
	var names []string
	for _, s := range not.AnyOf {
		names = append(names, ruledOut(s)...)
	}
	return names
}

// plain reports whether a schema asks for nothing but required and anyOf.
func plain(s *jsonschema.Schema) bool {
	return s.Bool == nil && len(s.Properties) == 0 && len(s.AllOf) == 0 && len(s.OneOf) == 0 && s.Not == nil && s.If == nil &&
		s.Const == nil && s.Enum == nil && (s.Types == nil || s.Types.IsEmpty()) && s.MinProperties == nil && s.MaxProperties == nil &&
		len(s.DependentRequired) == 0 && s.UnevaluatedProperties == nil
}

func every(all []*rules, holds func(*rules) bool) bool {
	return !slices.ContainsFunc(all, func(r *rules) bool { return !holds(r) })
}
