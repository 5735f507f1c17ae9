package formtest

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

func (b *breaker) text(s map[string]any, at spot, v string) {
	if s["const"] != nil || s["enum"] != nil {
		return // what is one of a few values breaks no further rule by itself
	}
	if format, ok := s["format"].(string); ok {
		for _, wrong := range unlike(format) {
			b.instead(at, "format", fmt.Sprintf("%q", wrong), wrong)
		}
	}
	runes := []rune(v)
	low, high := 0, math.MaxInt
	if n, ok := s["minLength"].(float64); ok && n > 1 { // an empty text is no answer
		low = int(n)
		b.instead(at, "minLength", "one too short", string(runes[:low-1]))
	}
	if n, ok := s["maxLength"].(float64); ok {
		high = int(n)
		last := "x"
		if len(runes) > 0 {
			last = string(runes[len(runes)-1])
		}
		b.instead(at, "maxLength", "one too long", lengthened(s["format"], v, last, high+1-len(runes)))
	}
	pattern, ok := s["pattern"].(string)
	if !ok {
		return
	}
	expression := regexp.MustCompile(pattern)
	rest := string(runes[min(1, len(runes)):])
	others := []string{"x\nx" + rest, "x\tx" + rest, v + "?", "?" + v, "?" + rest, strings.ToLower(v), strings.ToUpper(v), v + "\n" + v}
	if s["format"] == "date" {
		others = []string{"1848-03-18", "2099-12-31", "2000-06-15"}
	}
	if s["format"] == "partial-date" {
		others = []string{"1799", "1799-12", "0965-06-24"}
	}
	n := 0
	for _, other := range others {
		length := utf8.RuneCountInString(other)
		if !expression.MatchString(other) && length >= low && length <= high && n < 3 {
			b.instead(at, "pattern", fmt.Sprintf("%q", other), other)
			n++
		}
	}
}

// lengthened makes a text longer, and leaves it in its format if that is possible.
func lengthened(format any, v, last string, by int) string {
	if format == nil {
		return v + strings.Repeat(last, by)
	}
	for i := range v {
		for _, more := range []string{strings.Repeat("x", by), "." + strings.Repeat("0", by)} {
			if longer := v[:i] + more + v[i:]; holds(map[string]any{"format": format}, longer) {
				return longer
			}
		}
	}
	return v + strings.Repeat(last, by)
}

// unlike gives texts that are not of a format.
func unlike(format string) []string {
	switch format {
	case "date":
		return []string{"2026-02-30", "2025-02-29", "31.03.2026", "2026-3-1", "2026-03-31T00:00:00Z"}
	case "partial-date":
		return []string{"1965-13", "1965-02-30", "2025-02-29", "24.06.1965", "65", "1965-6", "1965-00-24", "Juni 1965"}
	case "time":
		return []string{"25:00:00Z", "14.30 Uhr"}
	case "date-time":
		return []string{"2026-03-31", "2026-03-31 14:30"}
	case "email":
		return []string{"nobody", "a b@example.org"}
	case "uri", "iri":
		return []string{"example", "//example.org"}
	case "ipv4":
		return []string{"256.0.0.1", "1.2.3"}
	case "ipv6":
		return []string{"12345::", "1.2.3.4"}
	case "hostname":
		return []string{"-example.org", "example..org"}
	case "uuid":
		return []string{"2eb8aa08-aa98-11ea-b4aa-73b441d1638"}
	case "duration":
		return []string{"three days", "P"}
	default:
		return nil
	}
}

func (b *breaker) number(s map[string]any, at spot, v float64) {
	if n, ok := s["minimum"].(float64); ok {
		b.instead(at, "minimum", "one too small", n-1)
	}
	if n, ok := s["maximum"].(float64); ok {
		b.instead(at, "maximum", "one too large", n+1)
	}
	if n, ok := s["exclusiveMinimum"].(float64); ok {
		b.instead(at, "exclusiveMinimum", "the limit itself", n)
	}
	if n, ok := s["exclusiveMaximum"].(float64); ok {
		b.instead(at, "exclusiveMaximum", "the limit itself", n)
	}
	if n, ok := s["multipleOf"].(float64); ok {
		if s["type"] == "integer" {
			b.instead(at, "multipleOf", "one beside", v+1)
		} else {
			b.instead(at, "multipleOf", "half a step beside", v+n/2)
		}
	}
}

func (b *breaker) list(s map[string]any, at spot, v []any) {
	if n, ok := s["minItems"].(float64); ok && n > 0 {
		b.instead(at, "minItems", "one too few", v[:int(n)-1])
	}
	if n, ok := s["maxItems"].(float64); ok {
		b.instead(at, "maxItems", "one too many", repeated(v, int(n)+1))
	}
	if s["uniqueItems"] == true && len(v) > 0 {
		twice := append(slices.Clone(v), v[0])
		if n, ok := s["maxItems"].(float64); ok && len(twice) > int(n) {
			twice = append(slices.Clone(v[:len(v)-1]), v[0])
		}
		if len(twice) > 1 {
			b.instead(at, "uniqueItems", "the first twice", twice)
		}
	}
	if contains, ok := s["contains"]; ok {
		var like, other []any
		for _, item := range v {
			if holds(contains, item) {
				like = append(like, item)
			} else {
				other = append(other, item)
			}
		}
		if n, ok := s["minContains"].(float64); !ok {
			b.instead(at, "contains", "none", slices.Concat([]any{}, other))
		} else if n > 0 {
			b.instead(at, "minContains", "one too few", slices.Concat(other, like[:int(n)-1]))
		}
		if n, ok := s["maxContains"].(float64); ok && len(like) > 0 {
			b.instead(at, "maxContains", "one too many", slices.Concat(other, repeated(like, int(n)+1)))
		}
	}
	for i, item := range v {
		b.schema(s["items"], at.rule+"/items", at.in(fmt.Sprint(i)), item)
	}
}

func repeated(items []any, n int) []any {
	all := slices.Clone(items)
	for len(all) < n {
		if len(items) == 0 {
			all = append(all, nil)
			continue
		}
		all = append(all, items[len(all)%len(items)])
	}
	return all
}

func (b *breaker) object(s map[string]any, at spot, v map[string]any) {
	for i, name := range listOf(s["required"]) {
		path := at.in(name.(string))
		b.add(at, fmt.Sprintf("/required/%d", i), "missing", "required", path, b.without(path))
	}
	dependent, _ := s["dependentRequired"].(map[string]any)
	for _, name := range names(dependent) {
		if v[name] == nil {
			continue
		}
		for i, other := range listOf(dependent[name]) {
			path := at.in(other.(string))
			b.add(at, fmt.Sprintf("/dependentRequired/%s/%d", escaped(name), i), "missing", "dependentRequired", path, b.without(path))
		}
	}
	for _, keyword := range []string{"unevaluatedProperties", "additionalProperties"} {
		if s[keyword] == false {
			for _, name := range []string{"surplus", "sur/pl~us", ""} {
				b.add(at, "/"+keyword, fmt.Sprintf("surplus %q", name), keyword, at.in(name), b.with(at.in(name), "x"))
			}
		}
	}
	if n, ok := s["minProperties"].(float64); ok && n > 0 {
		fewer := map[string]any{}
		for _, name := range names(v)[:int(n)-1] {
			fewer[name] = v[name]
		}
		b.instead(at, "minProperties", "one too few", fewer)
	}
	properties, _ := s["properties"].(map[string]any)
	if n, ok := s["maxProperties"].(float64); ok {
		more := copied(v).(map[string]any)
		for _, name := range append(names(properties), "surplus") {
			if _, there := more[name]; !there && len(more) <= int(n) {
				more[name] = "x"
			}
		}
		b.instead(at, "maxProperties", "one too many", more)
	}
	for _, name := range names(properties) {
		rule, path := at.rule+"/properties/"+escaped(name), at.in(name)
		inner, there := v[name]
		switch {
		case there:
			b.schema(properties[name], rule, path, inner)
		case properties[name] == false:
			b.add(spot{rule, path}, "", "ruled out", "unevaluatedProperties", path, b.with(path, "x"))
		default:
			filled := &breaker{form: b.form, fits: b.fits, whole: b.with(path, example(properties[name]))}
			if b.fits(filled.whole) {
				filled.schema(properties[name], rule, path, value(filled.whole, path))
				b.all = append(b.all, filled.all...)
			}
		}
	}
}
