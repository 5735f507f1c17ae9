package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
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

// representations checks what gateways send of entities, before anything is executed.
type representations struct{}

func (representations) ExtensionName() string                   { return "Representations" }
func (representations) Validate(graphql.ExecutableSchema) error { return nil }
func (representations) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	return checkRepresentations(op.Operation.SelectionSet, op.Variables)
}

// checkRepresentations refuses representations that lack a type or a key. It is the caller's fault, which further in
// would read like ours. Those of one type that come by several keys are given one.
func checkRepresentations(selections ast.SelectionSet, variables map[string]any) *gqlerror.Error {
	for _, selection := range selections {
		var err *gqlerror.Error
		switch selection := selection.(type) {
		case *ast.Field:
			if selection.Name != "_entities" {
				continue
			}
			given := graphql.CoerceList(selection.ArgumentMap(variables)["representations"])
			for _, representation := range given {
				if fault := faultOf(representation); fault != "" {
					return refusal(errcode.ValidationFailed, "%s", fault)
				}
			}
			written := selection.Arguments.ForName("representations").Value.Kind != ast.Variable
			if typename := unify(given); typename != "" && written {
				return refusal(errcode.ValidationFailed, "Representations of %s by several keys at once have to come in a variable.", typename)
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

// unify gives representations of a type that come by several keys one key, and names such a type: gqlgen has a resolver for
// each key, and takes that of the first representation for all. Where there is no id, a locator stands in for it.
func unify(representations []any) (mixed string) {
	byID, byOther := map[string]bool{}, map[string]bool{}
	for _, representation := range representations {
		object := representation.(map[string]any)
		typename := object["__typename"].(string)
		if isText(object, "id") {
			byID[typename] = true
		} else {
			byOther[typename] = true
		}
	}
	for _, representation := range representations {
		object := representation.(map[string]any)
		if typename := object["__typename"].(string); byID[typename] && byOther[typename] {
			mixed = typename
			if !isText(object, "id") {
				object["id"] = locate(object)
			}
		}
	}
	return mixed
}

// locator begins what stands in for an id: no id has it.
const locator = "="

// locate makes a locator of an entity's other key.
func locate(object map[string]any) string {
	if ars, ok := object["ars"].(string); ok {
		return locator + ars
	}
	municipality := object["municipality"].(map[string]any)
	return locator + municipality["ars"].(string) + "/" + object["slug"].(string)
}

// located reads a locator.
func located(id string) (ars, slug string, ok bool) {
	key, ok := strings.CutPrefix(id, locator)
	ars, slug, _ = strings.Cut(key, "/")
	return ars, slug, ok
}

func isText(object map[string]any, field string) bool {
	if outer, inner, nested := strings.Cut(field, "."); nested {
		object, _ = object[outer].(map[string]any)
		field = inner
	}
	_, ok := object[field].(string)
	return ok
}
