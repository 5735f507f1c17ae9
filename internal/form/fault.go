package form

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"nelke/internal/normal"
)

// Fault is one way in which answers break their form.
type Fault struct {
	// Pointer is the JSON pointer (RFC 6901) to the answer; to the missing or surplus property where that is the fault.
	// A name that is too long for any form is cut, and characters that answers may not hold are U+FFFD in it.
	Pointer string
	// Keyword is the rule of the schema: required, pattern, format, enum, unevaluatedProperties, … Accept has three of
	// its own: text, duplicate and size.
	Keyword string
	// Params is what the rule asks, for a message: limit, format, values, value, type, pattern; matched, the number of
	// alternatives that hold where it must be one; missing, the properties of which a choice wants some. Never what was
	// answered.
	Params map[string]any
	// Hint is what the form says about the answer beside its field, "de" and "en"; of a choice, the labels of the answers
	// that it wants some of. Nil where the form says nothing.
	Hint map[string]string
}

// Path is the pointer in parts, unescaped; none for the answers as a whole.
func (f Fault) Path() []string {
	rest, ok := strings.CutPrefix(f.Pointer, "/")
	if !ok {
		return nil
	}
	parts := strings.Split(rest, "/")
	for i := range parts {
		parts[i] = unescape(parts[i])
	}
	return parts
}

// collect turns the validator's tree of errors into faults a person can act on: its leaves, except that a failed choice
// (anyOf, oneOf, not, contains) is one fault, since its leaves say what each alternative would have wanted.
func collect(faults *[]Fault, e *jsonschema.ValidationError) {
	at := pointer(e.InstanceLocation)
	add := func(pointer, keyword string, params map[string]any) {
		*faults = append(*faults, Fault{Pointer: pointer, Keyword: keyword, Params: params})
	}
	missing := func(keyword string, names []string) {
		for _, name := range names {
			add(at+pointer([]string{name}), keyword, nil)
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
	case *kind.AnyOf:
		add(at, "anyOf", wantedSome(e))
	case *kind.OneOf:
		params := wantedSome(e)
		if len(k.Subschemas) > 1 {
			params = map[string]any{"matched": len(k.Subschemas)}
		}
		add(at, "oneOf", params)
	case *kind.Contains, *kind.MinContains, *kind.MaxContains:
		add(at, k.KeywordPath()[0], wanted(k))
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

// wantedSome returns the properties that the alternatives of a failed choice miss, if missing them is all that is wrong.
func wantedSome(choice *jsonschema.ValidationError) map[string]any {
	var names []string
	for _, cause := range choice.Causes {
		k, ok := cause.ErrorKind.(*kind.Required)
		if !ok {
			return nil
		}
		for _, name := range k.Missing {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return map[string]any{"missing": names}
}

// wanted returns what a rule asks for.
func wanted(k jsonschema.ErrorKind) map[string]any {
	limit := func(v any) map[string]any { return map[string]any{"limit": v} }
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
		return limit(k.Want)
	case *kind.MaxLength:
		return limit(k.Want)
	case *kind.MinItems:
		return limit(k.Want)
	case *kind.MaxItems:
		return limit(k.Want)
	case *kind.MinContains:
		return limit(k.Want)
	case *kind.MaxContains:
		return limit(k.Want)
	case *kind.MinProperties:
		return limit(k.Want)
	case *kind.MaxProperties:
		return limit(k.Want)
	case *kind.Minimum:
		return limit(decimal(k.Want))
	case *kind.Maximum:
		return limit(decimal(k.Want))
	case *kind.ExclusiveMinimum:
		return limit(decimal(k.Want))
	case *kind.ExclusiveMaximum:
		return limit(decimal(k.Want))
	case *kind.MultipleOf:
		return limit(decimal(k.Want))
	default:
		return nil
	}
}

// decimal writes a limit as the form's author wrote it: 0.5, never 1/2.
func decimal(r *big.Rat) json.Number {
	digits, exact := r.FloatPrec()
	if !exact {
		digits = 10 // no decimal number of a schema is inexact
	}
	return json.Number(r.FloatString(digits))
}

// maxName bounds what a pointer repeats of a property's name, in bytes. Names in forms are far shorter.
const maxName = 200

// pointer writes a JSON pointer. The names in it may be anybody's, and it goes into answers, records and logs: so it holds
// none that is endless, and no character that text may not hold.
func pointer(path []string) string {
	var out strings.Builder
	for _, part := range path {
		if len(part) > maxName {
			part = part[:maxName]
			for !utf8.ValidString(part) {
				part = part[:len(part)-1]
			}
			part += "…"
		}
		out.WriteByte('/')
		out.WriteString(escape(strings.Map(func(r rune) rune {
			if normal.Unfit(r) {
				return utf8.RuneError
			}
			return r
		}, part)))
	}
	return out.String()
}

// escape writes one part of a JSON pointer.
func escape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}
