package form_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/form"
	"nelke/internal/schedule"
)

// person has each kind of date.
const person = `{
  "type": "object",
  "properties": {
    "born": {"type": "string", "format": "partial-date", "pattern": %q, "x-maxDaysAhead": 0},
    "married": {"type": "string", "format": "date", "x-maxDaysAhead": 0},
    "moves": {"type": "string", "format": "date", "x-maxDaysAhead": 7},
    "children": {"type": "array", "items": {"type": "object", "properties": {"born": {"type": "string", "format": "partial-date", "x-maxDaysAhead": 0}}}}
  }
}`

func TestDatesKnownInPart(t *testing.T) {
	t.Parallel()
	s, err := form.Compile(fmt.Appendf(nil, person, form.PartialDatePattern))
	require.NoError(t, err)
	for typed, kept := range map[string]string{
		"1965": "1965", "1965-06": "1965-06", "1965-06-24": "1965-06-24", "1965-00-00": "1965", "1965-06-00": "1965-06", "1965-00": "1965",
		"2024-02-29": "2024-02-29", "\u20031965-06\u00a0": "1965-06", "1900-02-28": "1900-02-28", "2000-02-29": "2000-02-29",
	} {
		canonical, faults := s.Accept(encoded(t, map[string]any{"born": typed, "children": []any{map[string]any{"born": typed}}}), false, today)
		require.Empty(t, faults, typed)
		require.JSONEq(t, fmt.Sprintf(`{"born": %q, "children": [{"born": %q}]}`, kept, kept), canonical)
	}
	for _, typed := range []string{
		"1965-13", "1965-06-31", "1900-02-29", "2023-02-29", "1965-00-24", "65", "19650624", "1965-6-4", "24.06.1965", "1965-06-24T00:00:00Z", "1965-", "0000", "1799", "ca. 1965",
	} {
		_, faults := s.Accept(encoded(t, map[string]any{"born": typed}), false, today)
		require.Len(t, faults, 1, typed)
	}
}

// The pattern says of each day, month and year what the format says, to validators that don't know the format.
func TestThePatternOfPartialDatesIsTheFormat(t *testing.T) {
	t.Parallel()
	s, err := form.Compile([]byte(`{"type": "object", "properties": {"d": {"type": "string", "format": "partial-date"}}}`))
	require.NoError(t, err)
	pattern := regexp.MustCompile(form.PartialDatePattern)
	for year := 1800; year <= 2099; year++ {
		for month := 0; month <= 13; month++ {
			for day := 0; day <= 32; day++ {
				d := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
				when := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
				exists := when.Day() == day && int(when.Month()) == month || day == 0 && month <= 12
				if pattern.MatchString(d) != exists {
					t.Fatalf("the pattern on %s: %t", d, !exists)
				}
				if year/4 == 2024/4 && (len(s.Check(map[string]any{"d": d})) == 0) != exists {
					t.Fatalf("the format on %s: %t", d, !exists)
				}
			}
		}
	}
}

func TestDatesThatCannotLieAhead(t *testing.T) {
	t.Parallel()
	s, err := form.Compile(fmt.Appendf(nil, person, form.PartialDatePattern))
	require.NoError(t, err)
	today := schedule.Date{Year: 2026, Month: time.November, Day: 25}
	for answers, want := range map[string]string{
		`{"born": "2026-11-25", "married": "2026-11-25", "moves": "2026-12-02"}`: "",
		`{"born": "2026-11-26"}`: "/born", `{"born": "2026-12"}`: "/born", `{"born": "2027"}`: "/born", `{"born": "2026-11"}`: "", `{"born": "2026"}`: "",
		`{"born": "2026-12-00"}`: "/born", `{"married": "2031-01-01"}`: "/married", `{"moves": "2026-12-03"}`: "/moves",
		`{"children": [{"born": "2026"}, {"born": "2027-00-00"}]}`: "/children/1/born",
	} {
		for _, incomplete := range []bool{false, true} {
			_, faults := s.Accept([]byte(answers), incomplete, today)
			if want == "" {
				require.Empty(t, faults, answers)
				continue
			}
			require.Len(t, faults, 1, answers)
			require.Equal(t, want, faults[0].Pointer)
			require.Equal(t, form.MaxDaysAhead, faults[0].Keyword)
			understood(t, faults[0])
		}
	}
	_, faults := s.Accept([]byte(`{"moves": "2027-01-01"}`), false, schedule.Date{Year: 2026, Month: time.December, Day: 25})
	require.Empty(t, faults, "what lies ahead is a question of the day")
}

// A birth that can't have been, or a name in NFD, would go to paper and to registers: each date of each form of the town
// says how far ahead it may lie.
func TestEachDateOfTheTownSaysHowFarAheadItMayLie(t *testing.T) {
	t.Parallel()
	dates := 0
	for _, f := range blomberg(t) {
		each(t, f.raw, func(name string, s map[string]any) {
			switch {
			case s["format"] == "date" || s["format"] == form.PartialDate:
				dates++
				require.Contains(t, s, form.MaxDaysAhead, "%s: %s", f.name, name)
			case s["type"] == "string" && s["enum"] == nil && s["const"] == nil:
				_, bounded := s["maxLength"]
				require.True(t, bounded, "%s: %s", f.name, name)
			}
		})
	}
	require.Equal(t, 14, dates)
}
