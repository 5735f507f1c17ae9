package graph

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"

	"nelke/graph/bound"
)

const (
	mustBeGiven   = "must be given"
	mustNotBeNull = "must not be null"
)

// mustBe says what a built-in scalar takes.
func mustBe(name string) string {
	switch name {
	case "Int":
		return "must be a whole number from -2147483648 to 2147483647"
	case "Float":
		return "must be a number"
	case "Boolean":
		return "must be true or false"
	case "ID":
		return "must be a string or a whole number"
	default:
		return "must be a string"
	}
}

func (j *judge) noneOf(definition *ast.Definition) *fault {
	return j.fault("is none of the values of " + definition.Name)
}

func (j *judge) mustBeObject(definition *ast.Definition) *fault {
	return j.fault("must be an object with the fields of " + definition.Name)
}

func (j *judge) exactlyOne(definition *ast.Definition) *fault {
	return j.fault("exactly one field of " + definition.Name + " must be given, and not as null")
}

func (j *judge) noSuchField(definition *ast.Definition) *fault {
	return j.fault("is no field of " + definition.Name)
}

func (j *judge) tooMany(b bound.Bound) *fault {
	return j.fault(fmt.Sprintf("has more than %d entries", b.MostEntries()))
}

func oneOf(definition *ast.Definition) bool { return definition.Directives.ForName("oneOf") != nil }

// value judges a value that came as a variable, or within one, and returns what it is coerced to.
func (j *judge) value(v any, t *ast.Type, b bound.Bound) (any, *fault) {
	switch {
	case v == nil && t.NonNull:
		return nil, j.fault(mustNotBeNull)
	case v == nil:
		return nil, nil
	case t.Elem != nil:
		return j.list(v, t.Elem, b)
	}
	definition := j.schema.Types[t.NamedType]
	switch definition.Kind {
	case ast.InputObject:
		return v, j.object(v, definition)
	case ast.Enum:
		if name, ok := v.(string); !ok || definition.EnumValues.ForName(name) == nil {
			return v, j.noneOf(definition)
		}
		return v, nil
	default:
		return j.scalar(v, definition, b)
	}
}

func (j *judge) list(v any, t *ast.Type, b bound.Bound) (any, *fault) {
	list, ok := v.([]any)
	if !ok {
		list = listOf(v)
	}
	if len(list) > b.MostEntries() {
		return v, j.tooMany(b)
	}
	for i := range list {
		j.path = append(j.path, step{index: i})
		var f *fault
		if list[i], f = j.value(list[i], t, b); f != nil {
			return v, f
		}
		j.leave()
	}
	return list, nil
}

// listOf is the list that a value stands for. Where a list was wanted and one value came, gqlparser makes a slice of the
// value's own type of it.
func listOf(v any) []any {
	given := reflect.ValueOf(v)
	if given.Kind() != reflect.Slice {
		return []any{v}
	}
	list := make([]any, given.Len())
	for i := range list {
		list[i] = given.Index(i).Interface()
	}
	return list
}

func (j *judge) object(v any, definition *ast.Definition) *fault {
	object, ok := v.(map[string]any)
	if !ok {
		return j.mustBeObject(definition)
	}
	known, filled := 0, 0
	for _, field := range definition.Fields {
		value, given := object[field.Name]
		if !given && (!field.Type.NonNull || field.DefaultValue != nil) {
			continue
		}
		j.enter(field.Name)
		if !given {
			return j.fault(mustBeGiven)
		}
		known++
		if value != nil {
			filled++
		}
		var f *fault
		if object[field.Name], f = j.value(value, field.Type, j.bounds[field]); f != nil {
			return f
		}
		j.leave()
	}
	if known < len(object) {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if definition.Fields.ForName(name) == nil {
				j.enter(short(name))
				return j.noSuchField(definition)
			}
		}
	}
	if oneOf(definition) && (known != 1 || filled != 1) {
		return j.exactlyOne(definition)
	}
	return nil
}

// short is a name that a client made up, for a message.
func short(name string) string {
	if utf8.RuneCountInString(name) > 40 {
		return string([]rune(name)[:40]) + "…"
	}
	return name
}

// scalar judges a value of a scalar.
func (j *judge) scalar(v any, definition *ast.Definition, b bound.Bound) (any, *fault) {
	switch definition.Name {
	case "Int":
		if n, ok := v.(int64); ok && n >= math.MinInt32 && n <= math.MaxInt32 {
			return v, nil
		}
		if n, ok := wholeNumber(v); ok && n >= math.MinInt32 && n <= math.MaxInt32 {
			return n, nil
		}
		return v, j.fault(mustBe("Int"))
	case "Float":
		if !isNumber(v) {
			return v, j.fault(mustBe("Float"))
		}
		return v, nil
	case "Boolean":
		if _, ok := v.(bool); !ok {
			return v, j.fault(mustBe("Boolean"))
		}
		return v, nil
	case "ID":
		if text, ok := v.(string); ok {
			return v, j.letters(text, b)
		}
		id, ok := idOf(v)
		if !ok {
			return v, j.fault(mustBe("ID"))
		}
		return id, j.letters(id, b)
	case "String":
		text, ok := v.(string)
		if !ok {
			return v, j.fault(mustBe("String"))
		}
		return v, j.letters(text, b)
	case "JSON":
		return v, j.weigh(v, bound.JSONBytes, bound.JSONDepth, bound.JSONValues)
	case "_Any":
		return v, j.weigh(v, bound.EntityBytes, bound.EntityDepth, bound.EntityValues)
	}
	if text, ok := v.(string); ok {
		if f := j.letters(text, b); f != nil {
			return v, f
		}
	}
	read := j.readers[definition.Name]
	if read == nil {
		return v, nil
	}
	if err := read(v); err != nil {
		if _, ok := v.(string); ok && j.reading != "" && j.misreads(definition.Name) {
			return v, nil
		}
		return v, j.fault(err.Error())
	}
	return v, nil
}

// letters refuses a string that is longer than its bound.
func (j *judge) letters(s string, b bound.Bound) *fault {
	most := b.MostLetters()
	if len(s) > most && (len(s) > utf8.UTFMax*most || utf8.RuneCountInString(s) > most) {
		return j.fault(fmt.Sprintf("has more than %d characters", most))
	}
	return nil
}

// wholeNumber is the number that a value is, if it is a whole one of 64 bits, however it was written: 5, 5.0 and 50e-1 are the same.
func wholeNumber(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, true
		}
		f, err := v.Float64()
		return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
	default:
		return 0, false
	}
}

func isNumber(v any) bool {
	switch v := v.(type) {
	case int, int64:
		return true
	case float64:
		return !math.IsInf(v, 0) && !math.IsNaN(v)
	case json.Number:
		_, err := v.Float64()
		return err == nil
	default:
		return false
	}
}

// idOf is the text of an ID that came as a whole number.
func idOf(v any) (string, bool) {
	if n, ok := wholeNumber(v); ok {
		return strconv.FormatInt(n, 10), true
	}
	n, ok := v.(json.Number) // of more than 64 bits
	return n.String(), ok && !strings.ContainsAny(n.String(), ".eE")
}

// weigh refuses JSON that is larger, deeper or of more values than its bounds.
func (j *judge) weigh(v any, bytes, depth, values int) *fault {
	s := scale{bytes: bytes, values: values}
	s.put(v, depth)
	switch {
	case s.deep:
		return j.fault(fmt.Sprintf("is nested deeper than %d levels", depth))
	case s.values < 0:
		return j.fault(fmt.Sprintf("has more than %d values", values))
	case s.bytes < 0:
		return j.fault(fmt.Sprintf("has more than %d bytes", bytes))
	}
	return nil
}

// scale is what may still come.
type scale struct {
	bytes, values int
	deep          bool
}

func (s *scale) put(v any, depth int) {
	s.values--
	s.bytes--
	if depth == 0 {
		s.deep = true
	}
	if s.deep || s.values < 0 || s.bytes < 0 {
		return
	}
	switch v := v.(type) {
	case string:
		s.bytes -= len(v)
	case json.Number:
		s.bytes -= len(v)
	case map[string]any:
		for name, value := range v {
			s.bytes -= len(name)
			s.put(value, depth-1)
		}
	case []any:
		for _, value := range v {
			s.put(value, depth-1)
		}
	}
}
