package graph

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// volatile has the fields that change by the clock alone. An answer in which nothing else changed isn't news.
func volatile(parent *ast.Definition, field string) bool {
	switch field {
	case "asOf":
		return parent.Name == "Availability"
	case "heldForSeconds":
		return parent.Name == "Appointment"
	default:
		return false
	}
}

// pruned is the data without its volatile fields, as JSON; nil where the operation selects none, or the data can't be
// read.
func pruned(op *graphql.OperationContext, data json.RawMessage) []byte {
	var root any
	if json.Unmarshal(data, &root) != nil || !prune(op.Operation.SelectionSet, root) {
		return nil
	}
	b, err := json.Marshal(root)
	if err != nil {
		return nil
	}
	return b
}

// prune removes volatile fields from a value that a selection set describes, and reports whether it selects any.
func prune(selections ast.SelectionSet, value any) (found bool) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			found = prune(selections, element) || found
		}
	case map[string]any:
		for _, selection := range selections {
			switch selection := selection.(type) {
			case *ast.Field:
				key := selection.Alias
				if key == "" {
					key = selection.Name
				}
				if volatile(selection.ObjectDefinition, selection.Name) {
					delete(value, key)
					found = true
				} else if len(selection.SelectionSet) > 0 {
					found = prune(selection.SelectionSet, value[key]) || found
				}
			case *ast.InlineFragment:
				found = prune(selection.SelectionSet, value) || found
			case *ast.FragmentSpread:
				found = prune(selection.Definition.SelectionSet, value) || found
			}
		}
	}
	return found
}

// wantsSlots reports whether an availability's slots are selected: starts alone are several times cheaper.
func wantsSlots(ctx context.Context) bool {
	return selects(graphql.GetFieldContext(ctx).Field.Selections, "slots")
}

func selects(selections ast.SelectionSet, name string) bool {
	return anyField(selections, func(f *ast.Field) bool { return f.Name == name })
}

// anyVolatile reports whether fields are selected that change by the clock alone.
func anyVolatile(selections ast.SelectionSet) bool {
	return anyField(selections, func(f *ast.Field) bool { return volatile(f.ObjectDefinition, f.Name) })
}

func anyField(selections ast.SelectionSet, is func(*ast.Field) bool) bool {
	return slices.ContainsFunc(selections, func(selection ast.Selection) bool {
		switch selection := selection.(type) {
		case *ast.Field:
			return is(selection) || anyField(selection.SelectionSet, is)
		case *ast.InlineFragment:
			return anyField(selection.SelectionSet, is)
		case *ast.FragmentSpread:
			return anyField(selection.Definition.SelectionSet, is)
		default:
			return false
		}
	})
}
