package form_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/form"
	"nelke/internal/form/formtest"
)

// mendable are the rules that more answers can come to meet.
var mendable = []string{"required", "dependentRequired", "minItems", "minProperties", "contains", "minContains"}

// TestEveryRuleOfAFormIsKept breaks each rule of each form, and asks the form, and a person, about it.
func TestEveryRuleOfAFormIsKept(t *testing.T) {
	t.Parallel()
	for _, f := range append(blomberg(t), rich(t)) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			unbroken := map[string]bool{}
			for _, rule := range rules(t, f.raw) {
				unbroken[rule] = true
			}
			whole, broken, alone, missing := len(unbroken), 0, 0, 0
			for _, s := range f.accepted {
				for _, b := range formtest.Breakages(f.raw, s.answers) {
					broken++
					delete(unbroken, b.Rule)
					canonical, faults := f.schema.Accept(encoded(t, b.Answers), false, today)
					require.Empty(t, canonical, b.Name)
					fault := found(t, faults, b)
					understood(t, fault)
					if len(faults) == 1 {
						alone++
					}
					_, faults = f.schema.Accept(encoded(t, b.Answers), true, today)
					if slices.Contains(mendable, b.Keyword) || (b.Keyword == "anyOf" || b.Keyword == "oneOf") && fault.Params["missing"] != nil {
						missing++
						require.Empty(t, faults, "%s: %s is missing, and that is all", s.name, b.Name)
					} else {
						understood(t, found(t, faults, b))
					}
				}
			}
			require.Empty(t, slices.Sorted(maps.Keys(unbroken)), "rules that no breakage breaks")
			t.Logf("%s: %d rules broken in %d ways, %d of them with no other fault, %d by what is missing", f.name, whole, broken, alone, missing)
		})
	}
}

func found(t *testing.T, faults []form.Fault, b formtest.Breakage) form.Fault {
	t.Helper()
	i := slices.IndexFunc(faults, func(f form.Fault) bool { return f.Pointer == b.Pointer && f.Keyword == b.Keyword })
	require.GreaterOrEqual(t, i, 0, "%s: %s at %q is not among %+v of %s", b.Name, b.Keyword, b.Pointer, faults, encoded(t, b.Answers))
	return faults[i]
}

// technical are words that no person should read: keywords, and what they are written in.
var technical = regexp.MustCompile(`(?i)\b(json|schema|pattern|regexp?|enum|const|oneOf|anyOf|allOf|null|string|integer|boolean|array|object|` +
	`(unevaluated|additional|min|max)Properties|dependentRequired|(min|max)(Length|Items|Contains|imum)|exclusive(Min|Max)imum|multipleOf|uniqueItems)\b`)

var english = regexp.MustCompile(`(?i)\b(please|the|this|required|type|format|not|text must|size|duplicate|answers?)\b`)

// understood holds a fault's sentences to what a person can understand.
func understood(t *testing.T, f form.Fault) {
	t.Helper()
	de, en := f.Text("de"), f.Text("en")
	require.NotEqual(t, de, en)
	for _, text := range []string{de, en} {
		require.GreaterOrEqual(t, strings.Count(text, " "), 2, text)
		require.Regexp(t, `^[A-Z]`, text)
		require.Regexp(t, `[.?]$`, text)
		require.NotRegexp(t, technical, text)
		require.NotContains(t, text, "%")
		require.NotContains(t, text, "  ")
		for _, sign := range []string{"^", "$", "\\", "{", "[", "]", "<nil>", `"`} {
			require.NotContains(t, text, sign)
		}
		if limit := fmt.Sprint(f.Params["limit"]); f.Params["limit"] != nil && limit != "1" && f.Keyword != "size" {
			require.Contains(t, strings.Replace(text, ",", ".", 1), limit)
		}
	}
	require.NotRegexp(t, english, de)
	require.Equal(t, en, f.Text("fr"))
}

// rules are pointers to all that a schema demands.
func rules(t *testing.T, raw []byte) []string {
	t.Helper()
	var root any
	require.NoError(t, json.Unmarshal(raw, &root))
	var all []string
	var walk func(at string, schema any)
	walk = func(at string, schema any) {
		s, ok := schema.(map[string]any)
		if !ok {
			if schema == false {
				all = append(all, at)
			}
			return
		}
		for keyword, rule := range s {
			here := at + "/" + keyword
			switch keyword {
			case "$schema", "if": // "if" demands nothing
			case "required":
				for i := range rule.([]any) {
					all = append(all, fmt.Sprintf("%s/%d", here, i))
				}
			case "dependentRequired":
				for name, names := range rule.(map[string]any) {
					for i := range names.([]any) {
						all = append(all, fmt.Sprintf("%s/%s/%d", here, name, i))
					}
				}
			case "properties":
				for name, property := range rule.(map[string]any) {
					walk(here+"/"+name, property)
				}
			case "items", "then", "else":
				walk(here, rule)
			case "allOf":
				for i, part := range rule.([]any) {
					walk(fmt.Sprintf("%s/%d", here, i), part)
				}
			case "contains":
				if s["minContains"] == nil {
					all = append(all, here)
				}
			default:
				if !strings.HasPrefix(keyword, "x-") && (keyword != "minLength" || rule != 1.0) { // an empty text is no answer
					all = append(all, here)
				}
			}
		}
	}
	walk("", root)
	return all
}
