package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// breaking lists what a new schema takes away from clients of an old one, sorted: what they may select, send or compose
// that is gone or means another thing. What is only added breaks nobody who treats unknown enum values as such.
func breaking(was, is *ast.Schema) []string {
	c := &comparison{}
	for name, before := range was.Types {
		if strings.HasPrefix(name, "_") || before.BuiltIn {
			continue
		}
		after := is.Types[name]
		switch {
		case after == nil:
			c.say("%s: removed", name)
		case after.Kind != before.Kind:
			c.say("%s: was %s, is %s", name, before.Kind, after.Kind)
		default:
			c.compare(was, is, before, after)
		}
	}
	slices.Sort(c.changes)
	return c.changes
}

type comparison struct{ changes []string }

func (c *comparison) say(format string, args ...any) {
	c.changes = append(c.changes, fmt.Sprintf(format, args...))
}

func (c *comparison) compare(was, is *ast.Schema, before, after *ast.Definition) {
	for _, value := range before.EnumValues {
		if after.EnumValues.ForName(value.Name) == nil {
			c.say("%s.%s: value removed", before.Name, value.Name)
		}
	}
	for _, name := range before.Interfaces {
		if !slices.Contains(after.Interfaces, name) {
			c.say("%s: no longer implements %s", before.Name, name)
		}
	}
	for _, name := range before.Types {
		if !slices.Contains(after.Types, name) {
			c.say("%s: %s is no longer one of it", before.Name, name)
		}
	}
	for _, directive := range joined(before) {
		if !slices.Contains(joined(after), directive) {
			c.say("%s: no longer %s", before.Name, directive)
		}
	}
	if before.Kind == ast.InputObject {
		c.inputs(before, after)
	} else {
		c.outputs(was, is, before, after)
	}
}

// joined are the directives that other subgraphs build on: keys they join by, and values they may have too.
func joined(d *ast.Definition) (all []string) {
	for _, directive := range d.Directives {
		switch directive.Name {
		case "key":
			all = append(all, "@key(fields: "+directive.Arguments.ForName("fields").Value.String()+")")
		case "shareable":
			all = append(all, "@shareable")
		}
	}
	return all
}

func (c *comparison) outputs(was, is *ast.Schema, before, after *ast.Definition) {
	for _, field := range before.Fields {
		name := before.Name + "." + field.Name
		now := after.Fields.ForName(field.Name)
		if now == nil {
			if !strings.HasPrefix(field.Name, "_") {
				c.say("%s: removed", name)
			}
			continue
		}
		if !answers(was, is, field.Type, now.Type) {
			c.say("%s: was %s, is %s", name, field.Type, now.Type)
		}
		for _, argument := range field.Arguments {
			given := now.Arguments.ForName(argument.Name)
			if given == nil {
				c.say("%s(%s:): removed", name, argument.Name)
				continue
			}
			c.input(name+"("+argument.Name+":)", argument.Type, given.Type, argument.DefaultValue, given.DefaultValue)
		}
		for _, argument := range now.Arguments {
			if field.Arguments.ForName(argument.Name) == nil && needed(argument.Type, argument.DefaultValue) {
				c.say("%s(%s:): new, and must be given", name, argument.Name)
			}
		}
	}
}

func (c *comparison) inputs(before, after *ast.Definition) {
	for _, field := range before.Fields {
		name := before.Name + "." + field.Name
		now := after.Fields.ForName(field.Name)
		if now == nil {
			c.say("%s: removed", name)
			continue
		}
		c.input(name, field.Type, now.Type, field.DefaultValue, now.DefaultValue)
	}
	for _, field := range after.Fields {
		if before.Fields.ForName(field.Name) == nil && needed(field.Type, field.DefaultValue) {
			c.say("%s.%s: new, and must be given", after.Name, field.Name)
		}
	}
}

// input compares what may be sent in one place.
func (c *comparison) input(name string, was, is *ast.Type, before, after *ast.Value) {
	if !accepts(was, is, after) {
		c.say("%s: was %s, is %s", name, was, is)
	}
	if text(before) != text(after) && before != nil {
		c.say("%s: what is taken where nothing is given was %s, is %s", name, text(before), text(after))
	}
}

func text(v *ast.Value) string {
	if v == nil {
		return "nothing"
	}
	return v.String()
}

// needed reports whether an argument or input field must be given.
func needed(t *ast.Type, preset *ast.Value) bool { return t.NonNull && preset == nil }

// answers reports whether every answer of the new type could have been one of the old.
func answers(schemaWas, schemaIs *ast.Schema, was, is *ast.Type) bool {
	if was.NonNull && !is.NonNull || (was.Elem == nil) != (is.Elem == nil) {
		return false
	}
	if was.Elem != nil {
		return answers(schemaWas, schemaIs, was.Elem, is.Elem)
	}
	if was.NamedType == is.NamedType {
		return true
	}
	before, after := schemaWas.Types[was.NamedType], schemaIs.Types[is.NamedType]
	return slices.ContainsFunc(schemaIs.GetPossibleTypes(before), func(d *ast.Definition) bool { return d == after })
}

// accepts reports whether everything that could be sent as the old type can be sent as the new one.
func accepts(was, is *ast.Type, preset *ast.Value) bool {
	if !was.NonNull && is.NonNull && preset == nil || (was.Elem == nil) != (is.Elem == nil) {
		return false
	}
	if was.Elem != nil {
		return accepts(was.Elem, is.Elem, nil)
	}
	return was.NamedType == is.NamedType
}
