package town_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/data"
	"nelke/internal/form"
)

// samples are answers to one form, as they stand beside it.
type samples struct {
	Accepted []struct {
		Name    string `json:"name"`
		Answers any    `json:"answers"`
	} `json:"accepted"`
	Refused []struct {
		Name    string `json:"name"`
		Like    string `json:"like"`    // the accepted sample that it is but for one answer
		Pointer string `json:"pointer"` // where the form must find the fault
		Keyword string `json:"keyword"` // and by which rule
		Answers any    `json:"answers"`
	} `json:"refused"`
}

func TestBlombergFormsJudgeTheirSamples(t *testing.T) {
	t.Parallel()
	for _, s := range blomberg(t).Services {
		if !s.Online() {
			continue
		}
		t.Run(s.Slug, func(t *testing.T) {
			t.Parallel()
			raw, err := data.Towns.ReadFile("lippe/blomberg/samples/" + s.Slug + ".json")
			require.NoError(t, err)
			dec := json.NewDecoder(strings.NewReader(string(raw)))
			dec.DisallowUnknownFields()
			var all samples
			require.NoError(t, dec.Decode(&all))
			require.Len(t, all.Accepted, 3)
			require.Len(t, all.Refused, 5)
			compiled, err := form.Compile(s.Form.Schema)
			require.NoError(t, err)

			accepted := map[string]any{}
			for _, sample := range all.Accepted {
				require.Empty(t, compiled.Check(sample.Answers), sample.Name)
				accepted[sample.Name] = sample.Answers
			}
			require.Len(t, accepted, 3, "names are unique")
			reasons := map[string]bool{}
			for _, sample := range all.Refused {
				faults := compiled.Check(sample.Answers)
				require.NotEmpty(t, faults, sample.Name)
				var keywords []string
				for _, fault := range faults {
					require.Equal(t, sample.Pointer, fault.Pointer, "%s: %+v", sample.Name, faults)
					keywords = append(keywords, fault.Keyword)
				}
				require.Contains(t, keywords, sample.Keyword, sample.Name)
				reasons[sample.Pointer+" "+sample.Keyword] = true

				like, known := accepted[sample.Like]
				require.True(t, known, sample.Like)
				differences := differ("", like, sample.Answers)
				require.NotEmpty(t, differences, sample.Name)
				for _, pointer := range differences {
					require.True(t, pointer == sample.Pointer || strings.HasPrefix(pointer, sample.Pointer+"/"),
						"%s differs from %s at %s too", sample.Name, sample.Like, pointer)
				}
			}
			require.Len(t, reasons, 5, "five different reasons")
		})
	}
}

// differ returns the pointers at which two JSON values differ.
func differ(at string, a, b any) []string {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return []string{at}
		}
		var all []string
		for name := range merged(a, b) {
			x, inA := a[name]
			y, inB := b[name]
			if inA != inB {
				all = append(all, at+"/"+name)
			} else {
				all = append(all, differ(at+"/"+name, x, y)...)
			}
		}
		return all
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return []string{at}
		}
		var all []string
		for i := range a {
			all = append(all, differ(fmt.Sprintf("%s/%d", at, i), a[i], b[i])...)
		}
		return all
	default:
		if a != b {
			return []string{at}
		}
		return nil
	}
}

func merged(a, b map[string]any) map[string]bool {
	all := map[string]bool{}
	for name := range a {
		all[name] = true
	}
	for name := range b {
		all[name] = true
	}
	return all
}

func TestBlombergFormsAskDifferentThings(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, s := range blomberg(t).Services {
		if !s.Online() {
			continue
		}
		var schema struct {
			Properties map[string]json.RawMessage `json:"properties"`
		}
		require.NoError(t, json.Unmarshal(s.Form.Schema, &schema))
		raw, err := json.Marshal(schema.Properties)
		require.NoError(t, err)
		require.Empty(t, seen[string(raw)], "%s asks just what another form asks", s.Slug)
		seen[string(raw)] = s.Slug
		require.NotEmpty(t, s.Form.Layout, s.Slug)
		require.Len(t, s.Form.SHA256, 64, s.Slug)
	}
	require.Len(t, seen, 13)
}
