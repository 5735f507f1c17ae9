//go:build conformance

package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/data"
	"nelke/internal/form"
	"nelke/internal/normal"
	"nelke/internal/schedule"
	"nelke/test/node"
)

// filled is a form of the town with answers in which one text each is replaced.
type filled struct {
	Schema  json.RawMessage `json:"schema"`
	Answers []any           `json:"answers"`
}

// TestFormsAreJudgedAsByJavaScript has JavaScript's regular expressions and ajv judge what Nelke judges: 20 values for each
// pattern of the town's forms, and each text of their accepted answers replaced by each of these values.
func TestFormsAreJudgedAsByJavaScript(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../internal/form/testdata/patterns.json")
	require.NoError(t, err)
	var values map[string]struct{ Yes, No []string }
	require.NoError(t, json.Unmarshal(raw, &values))

	today := schedule.Date{Year: 2026, Month: time.November, Day: 25}
	asked := struct {
		Today    string              `json:"today"`
		Patterns map[string][]string `json:"patterns"`
		Forms    []filled            `json:"forms"`
	}{Today: today.String(), Patterns: map[string][]string{}}
	all := []string{today.String(), "2026-11-26", "2026-12", "2026-12-02", "2026-12-03", "2027", "2026-11", "2027-00-00"}
	for pattern, v := range values {
		asked.Patterns[pattern] = slices.Concat(v.Yes, v.No)
		all = append(all, asked.Patterns[pattern]...)
	}
	slices.Sort(all)
	all = slices.DeleteFunc(slices.Compact(all), func(v string) bool {
		kept, ok := normal.Lines(v)
		return !ok || kept != v || v == "" // what is mended, or refused, before a form judges
	})

	files, err := data.Towns.ReadDir("lippe/blomberg/forms")
	require.NoError(t, err)
	require.Len(t, files, 13)
	for _, file := range files {
		f := filled{}
		f.Schema, err = data.Towns.ReadFile("lippe/blomberg/forms/" + file.Name())
		require.NoError(t, err)
		raw, err := data.Towns.ReadFile("lippe/blomberg/samples/" + file.Name())
		require.NoError(t, err)
		var samples struct{ Accepted []struct{ Answers any } }
		require.NoError(t, json.Unmarshal(raw, &samples))
		for _, s := range samples.Accepted {
			f.Answers = append(f.Answers, s.Answers)
			f.Answers = append(f.Answers, replaced(s.Answers, all)...)
		}
		asked.Forms = append(asked.Forms, f)
	}
	input, err := json.Marshal(asked)
	require.NoError(t, err)
	var out, errs strings.Builder
	cmd := node.Command(nil, &errs, "patterns.js")
	cmd.Stdin, cmd.Stdout = strings.NewReader(string(input)), &out
	require.NoError(t, cmd.Run(), errs.String())
	var verdicts struct {
		Patterns map[string][][3]bool
		Forms    [][]bool
	}
	require.NoError(t, json.Unmarshal([]byte(out.String()), &verdicts))

	for _, pattern := range slices.Sorted(maps.Keys(asked.Patterns)) {
		expression := regexp.MustCompile(pattern)
		require.GreaterOrEqual(t, len(asked.Patterns[pattern]), 20)
		for i, v := range asked.Patterns[pattern] {
			ours := expression.MatchString(v)
			require.Equal(t, [3]bool{ours, ours, ours}, verdicts.Patterns[pattern][i], "%s: %+q", pattern, v)
		}
	}
	judged, refused := 0, 0
	for i, f := range asked.Forms {
		compiled, err := form.Compile(f.Schema)
		require.NoError(t, err)
		for j, answers := range f.Answers {
			raw, err := json.Marshal(answers)
			require.NoError(t, err)
			_, faults := compiled.Accept(raw, false, today)
			ours := len(faults) == 0
			require.Equal(t, ours, verdicts.Forms[i][j], "%s: %+q: %v", files[i].Name(), answers, faults)
			judged++
			if !ours {
				refused++
			}
		}
	}
	fmt.Printf("forms: %d answers judged as ajv does, %d of them refused; %d patterns with %d values as JavaScript does\n", judged, refused, len(asked.Patterns), len(all))
	require.Greater(t, judged, 10_000)
	require.Greater(t, refused, 10_000)
}

// replaced are copies of answers, in each of which one text is another value.
func replaced(answers any, values []string) []any {
	var all []any
	switch a := answers.(type) {
	case string:
		for _, v := range values {
			all = append(all, v)
		}
	case []any:
		for i, item := range a {
			for _, other := range replaced(item, values) {
				list := slices.Clone(a)
				list[i] = other
				all = append(all, list)
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(a)) {
			for _, other := range replaced(a[name], values) {
				object := maps.Clone(a)
				object[name] = other
				all = append(all, object)
			}
		}
	}
	return all
}
