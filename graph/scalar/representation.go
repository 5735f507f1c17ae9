package scalar

import (
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// keysOf are the keys of the entities as in the schema: each a list of fields, nested ones with a dot.
func keysOf(typename string) [][]string {
	switch typename {
	case "Appointment", "Case":
		return [][]string{{"id"}}
	case "Municipality":
		return [][]string{{"id"}, {"ars"}}
	case "Office", "PublicService":
		return [][]string{{"id"}, {"municipality.ars", "slug"}}
	default:
		return nil
	}
}

// MarshalRepresentation writes a representation as it is.
func MarshalRepresentation(v map[string]any) graphql.Marshaler { return graphql.MarshalMap(v) }

// UnmarshalRepresentation reads what a gateway knows of an entity: its type and one of its keys. What lacks them is the
// caller's fault, and is told so here: further in, it would read like ours.
func UnmarshalRepresentation(v any) (map[string]any, error) {
	representation, ok := v.(map[string]any)
	if !ok {
		return nil, refuse("a representation is an object with __typename and a key")
	}
	typename, _ := representation["__typename"].(string)
	keys := keysOf(typename)
	if keys == nil {
		return nil, refuse("__typename must be that of an entity of this graph")
	}
	whole := func(key []string) bool {
		return !slices.ContainsFunc(key, func(field string) bool { return !isText(representation, field) })
	}
	if !slices.ContainsFunc(keys, whole) {
		return nil, refuse("a representation of %s needs one of its keys", typename)
	}
	return representation, nil
}

func isText(object map[string]any, field string) bool {
	if outer, inner, nested := strings.Cut(field, "."); nested {
		object, _ = object[outer].(map[string]any)
		field = inner
	}
	_, ok := object[field].(string)
	return ok
}
