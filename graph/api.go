package graph

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
)

// API returns the schema as clients see it: without the types, fields and directives of federation. It is one document with
// nothing to extend, for tools that generate code of it.
func API() string {
	schema := gqlparser.MustLoadSchema(sources...) // a copy of its own
	for name, def := range schema.Types {
		if machinery(name) {
			delete(schema.Types, name)
			continue
		}
		def.Directives = visible(def.Directives)
		def.Fields = slices.DeleteFunc(def.Fields, func(f *ast.FieldDefinition) bool { return machinery(f.Name) })
		for _, field := range def.Fields {
			field.Directives = visible(field.Directives)
			for _, argument := range field.Arguments {
				argument.Directives = visible(argument.Directives)
			}
		}
		for _, value := range def.EnumValues {
			value.Directives = visible(value.Directives)
		}
	}
	for name := range schema.Directives {
		if !shown(name) {
			delete(schema.Directives, name)
		}
	}
	schema.SchemaDirectives = nil
	var out strings.Builder
	formatter.NewFormatter(&out, formatter.WithIndent("  ")).FormatSchema(schema)
	return out.String()
}

// machinery reports whether a type or field is there for gateways alone.
func machinery(name string) bool {
	return strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "__") || strings.HasPrefix(name, "federation__") || strings.HasPrefix(name, "link__")
}

// shown reports whether clients see the directive where it stands.
func shown(directive string) bool {
	return slices.Contains([]string{"deprecated", "specifiedBy", "oneOf", "skip", "include"}, directive)
}

func visible(directives ast.DirectiveList) ast.DirectiveList {
	return slices.DeleteFunc(directives, func(d *ast.Directive) bool { return !shown(d.Name) })
}
