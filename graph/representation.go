package graph

import (
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// entityKeys are the keys of an entity as in the schema: each a list of fields, nested ones with a dot.
func entityKeys(typename string) [][]string {
	switch typename {
	case "Application", "Appointment", "Case", "Payment":
		return [][]string{{"id"}}
	case "Municipality":
		return [][]string{{"id"}, {"ars"}}
	case "Office", "PublicService":
		return [][]string{{"id"}, {"municipality.ars", "slug"}}
	default:
		return nil
	}
}

// checkRepresentations refuses representations that lack a type or a key. It is the caller's fault, which further in
// would read like ours.
func checkRepresentations(selections ast.SelectionSet, variables map[string]any) *gqlerror.Error {
	for _, selection := range selections {
		var err *gqlerror.Error
		switch selection := selection.(type) {
		case *ast.Field:
			if selection.Name != "_entities" {
				continue
			}
			given, _ := selection.ArgumentMap(variables)["representations"].([]any)
			for _, representation := range given {
				if fault := faultOf(representation); fault != "" {
					return refusal(errcode.ValidationFailed, "%s", fault)
				}
			}
		case *ast.InlineFragment:
			err = checkRepresentations(selection.SelectionSet, variables)
		case *ast.FragmentSpread:
			err = checkRepresentations(selection.Definition.SelectionSet, variables)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func faultOf(representation any) string {
	object, ok := representation.(map[string]any)
	if !ok {
		return "A representation is an object with __typename and a key."
	}
	typename, _ := object["__typename"].(string)
	keys := entityKeys(typename)
	if keys == nil {
		return "__typename must be that of an entity of this graph."
	}
	whole := func(key []string) bool {
		return !slices.ContainsFunc(key, func(field string) bool { return !isText(object, field) })
	}
	if !slices.ContainsFunc(keys, whole) {
		return "A representation of " + typename + " needs one of its keys."
	}
	return ""
}

func isText(object map[string]any, field string) bool {
	if outer, inner, nested := strings.Cut(field, "."); nested {
		object, _ = object[outer].(map[string]any)
		field = inner
	}
	_, ok := object[field].(string)
	return ok
}
