package form_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/form"
)

var noObject = []form.Fault{{Keyword: "type", Params: map[string]any{"type": []string{"object"}}}}

func TestAcceptRefusesWhatCannotBeReliedOn(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	deep := `{"tags": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`
	at := func(keyword string, pointers ...string) []form.Fault {
		var faults []form.Fault
		for _, p := range pointers {
			faults = append(faults, form.Fault{Pointer: p, Keyword: keyword})
		}
		return faults
	}
	for _, c := range []struct {
		name, answers string
		want          []form.Fault
	}{
		{"nothing", ``, noObject},
		{"no JSON", `name=Anna`, noObject},
		{"half an object", `{"name": "Anna"`, noObject},
		{"one object after the other", `{} {}`, noObject},
		{"a list", `[]`, noObject},
		{"null", `null`, noObject},
		{"a byte order mark", "\ufeff{}", noObject},
		{"too deep", deep, at("type", "/tags"+strings.Repeat("/0", 32))},
		{"number out of all range", `{"weight": 1e999}`, at("type", "/weight")},
		{"bytes that are no UTF-8", "{\"name\": \"An\xffna\"}", at("text", "/name")},
		{"half a surrogate pair", `{"name": "An\ud800na"}`, at("text", "/name")},
		{"text broken before", `{"name": "M�ller"}`, at("text", "/name")},
		{"NUL", `{"name": "An\u0000na"}`, at("text", "/name")},
		{"escape", `{"name": "An\u001b[2Jna"}`, at("text", "/name")},
		{"control of the second block", "{\"name\": \"An\u0085na\"}", at("text", "/name")},
		{"delete", "{\"name\": \"An\u007fna\"}", at("text", "/name")},
		{"overriding direction", "{\"name\": \"An\u202ena\"}", at("text", "/name")},
		{"isolate", "{\"name\": \"An\u2067na\"}", at("text", "/name")},
		{"in a list and within", "{\"tags\": [\"a\", \"\u202a\"], \"to\": {\"city\": \"\\u0001\"}}", at("text", "/tags/1", "/to/city")},
		{"in a name, which is mended in the pointer", `{"na\u0000me": 1}`, at("text", "/na�me")},
		{"no UTF-8 in a name", "{\"na\xffme\": 1}", at("text", "/na�me")},
		{"a name twice", `{"name": "Anna", "send": "HOME", "name": "Bert"}`, at("duplicate", "/name")},
		{"a name twice, spelled otherwise", `{"name": "Anna", "send": "HOME", "n\u0061me": "Anna"}`, at("duplicate", "/name")},
		{"a name twice within, three times", `{"to": {"city": 1, "city": 2, "city": 3}}`, at("duplicate", "/to/city")},
		{"a name twice, with a slash", `{"a/b": true, "a/b": true}`, at("duplicate", "/a~1b")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, incomplete := range []bool{false, true} {
				canonical, faults := s.Accept([]byte(c.answers), incomplete, today)
				require.Empty(t, canonical)
				require.Equal(t, c.want, faults)
				for _, f := range faults {
					understood(t, f)
				}
			}
		})
	}
}

func TestAcceptTakesWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	s, err := form.Compile([]byte(`{"type": "object", "properties": {"text": {"type": "string"}}}`))
	require.NoError(t, err)
	for text, kept := range map[string]string{
		"erste Zeile\r\nzweite\tZeile\n": "erste Zeile\nzweite\tZeile", "Ayşe Yılmaz": "Ayşe Yılmaz", "שלום": "שלום", "مرحبا": "مرحبا", "山田": "山田",
		"\u200fא": "א", "👩‍👩‍👧": "👩‍👩‍👧", "<b>&amp;</b>": "<b>&amp;</b>", `"\`: `"\`, "": "", " Mu\u0308ller\u00a0": "Müller", "Muster\u00admann": "Mustermann",
	} {
		canonical, faults := s.Accept(encoded(t, map[string]string{"text": text}), false, today)
		require.Empty(t, faults, "%q", text)
		var back struct{ Text string }
		require.NoError(t, json.Unmarshal([]byte(canonical), &back))
		require.Equal(t, kept, back.Text)
	}
}

func TestAcceptBoundsAnswers(t *testing.T) {
	t.Parallel()
	s, err := form.Compile([]byte(`{"type": "object", "properties": {"text": {"type": "string"}, "list": {"type": "array", "items": {"type": "string"}}}, "unevaluatedProperties": false}`))
	require.NoError(t, err)
	frame := len(`{"text":""}`)
	full := fmt.Sprintf(`{"text":%q}`, strings.Repeat("x", form.MaxSize-frame))
	canonical, faults := s.Accept([]byte(full), false, today)
	require.Empty(t, faults)
	require.Equal(t, full, canonical)

	tooLarge := []form.Fault{{Keyword: "size", Params: map[string]any{"limit": form.MaxSize}}}
	over := fmt.Sprintf(`{"text":%q}`, strings.Repeat("x", form.MaxSize-frame+1))
	_, faults = s.Accept([]byte(over), true, today)
	require.Equal(t, tooLarge, faults)
	understood(t, faults[0])
	_, faults = s.Accept([]byte(`{"text": "x"`+strings.Repeat(" ", 1<<20)+`}`), false, today)
	require.Equal(t, tooLarge, faults)

	t.Run("and what it says about them", func(t *testing.T) {
		t.Parallel()
		numbers := `{"list": [` + strings.Repeat("1,", 5000) + `1]}`
		_, faults := s.Accept([]byte(numbers), false, today)
		require.Len(t, faults, 100)
		foul := `{"list": [` + strings.Repeat(`"\u0000",`, 5000) + `""]}`
		_, faults = s.Accept([]byte(foul), false, today)
		require.Len(t, faults, 100)
		name := strings.Repeat("ä", 20_000)
		_, faults = s.Accept([]byte(fmt.Sprintf(`{%q: 1}`, name)), false, today)
		require.Equal(t, []form.Fault{{Pointer: "/" + strings.Repeat("ä", 100) + "…", Keyword: "unevaluatedProperties"}}, faults)
	})
}

func TestAcceptGivesNumbersOneSpelling(t *testing.T) {
	t.Parallel()
	s, err := form.Compile([]byte(`{"type": "object", "properties": {"n": {"type": "number"}}}`))
	require.NoError(t, err)
	for spelled, want := range map[string]string{
		"1.0": "1", "10e-1": "1", "-0": "0", "-0.0": "0", "1e-9999999": "0", "0.50": "0.5", "1E2": "100",
		"9007199254740993": "9007199254740993", "9223372036854775808": "9223372036854776000", "1e21": "1e+21",
	} {
		canonical, faults := s.Accept([]byte(`{"n": `+spelled+`}`), false, today)
		require.Empty(t, faults, spelled)
		require.Equal(t, `{"n":`+want+`}`, canonical)
	}
	rapid.Check(t, func(t *rapid.T) {
		spelled := rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?`).Draw(t, "number")
		canonical, faults := s.Accept([]byte(`{"n": `+spelled+`}`), false, today)
		if len(faults) > 0 {
			_, err := strconv.ParseFloat(spelled, 64)
			require.ErrorIs(t, err, strconv.ErrRange)
			return
		}
		again, faults := s.Accept([]byte(canonical), false, today)
		require.Empty(t, faults)
		require.Equal(t, canonical, again)
	})
}

// TestAcceptIsSettledOnceItIsCanonical: however the same answers are spelled, they are stored the same, and what is
// stored is accepted as it is.
func TestAcceptIsSettledOnceItIsCanonical(t *testing.T) {
	t.Parallel()
	forms := append(blomberg(t), rich(t))
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(forms).Draw(t, "form")
		s := rapid.SampledFrom(f.accepted).Draw(t, "sample")
		raw, err := json.Marshal(s.answers)
		require.NoError(t, err)
		want, faults := f.schema.Accept(raw, false, today)
		require.Empty(t, faults)
		respelled := spell(t, s.answers)
		require.True(t, json.Valid([]byte(respelled)), respelled)
		for _, incomplete := range []bool{false, true} {
			canonical, faults := f.schema.Accept([]byte(respelled), incomplete, today)
			require.Empty(t, faults, respelled)
			require.Equal(t, want, canonical)
			again, faults := f.schema.Accept([]byte(canonical), incomplete, today)
			require.Empty(t, faults)
			require.Equal(t, canonical, again)
		}
	})
}

// spell writes answers in another spelling: another order, white space, escapes, exponents.
func spell(t *rapid.T, v any) string {
	space := rapid.SampledFrom([]string{"", " ", "\n\t", "\r\n"})
	switch v := v.(type) {
	case map[string]any:
		var names []string
		for name := range v {
			names = append(names, name)
		}
		var members []string
		for _, name := range rapid.Permutation(sortedNames(names)).Draw(t, "order") {
			members = append(members, space.Draw(t, "space")+spell(t, name)+space.Draw(t, "space")+":"+space.Draw(t, "space")+spell(t, v[name]))
		}
		return "{" + strings.Join(members, ",") + space.Draw(t, "space") + "}"
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, space.Draw(t, "space")+spell(t, item))
		}
		return "[" + strings.Join(items, ",") + space.Draw(t, "space") + "]"
	case string:
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		if i := strings.IndexFunc(v, func(r rune) bool { return r < 1<<16 && r > ' ' && r != '"' && r != '\\' }); i >= 0 && rapid.Bool().Draw(t, "escaped") {
			r, size := utf8.DecodeRuneInString(v[i:])
			head, err := json.Marshal(v[:i])
			require.NoError(t, err)
			tail, err := json.Marshal(v[i+size:])
			require.NoError(t, err)
			return string(head[:len(head)-1]) + fmt.Sprintf(`\u%04x`, r) + string(tail[1:])
		}
		return string(raw)
	case float64:
		plain := strconv.FormatFloat(v, 'f', -1, 64)
		spellings := []string{plain, strconv.FormatFloat(v, 'e', -1, 64)}
		if !strings.Contains(plain, ".") {
			spellings = append(spellings, plain+".0", plain+"00e-2")
		}
		return rapid.SampledFrom(spellings).Draw(t, "number")
	default:
		return fmt.Sprint(v)
	}
}

// FuzzAccept: whatever comes in, no panic; what is accepted is settled, bounded and clean; what is refused is explained.
func FuzzAccept(f *testing.F) {
	forms := append(blomberg(f), rich(f))
	for i, given := range forms {
		for _, s := range given.accepted {
			f.Add(uint8(i), encoded(f, s.answers))
		}
	}
	f.Add(uint8(0), []byte("{\"a\": \"\xff\\ud800\", \"a\": [1e999, -0.0, {}]}"))
	f.Add(uint8(13), []byte(`{"people": [{"name": "A"}, {"name": "A"}], "pets": ["CAT", "CAT"], "place": {"town": "", "geo": ""}}`))
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		s := forms[int(which)%len(forms)].schema
		accepted := map[bool]string{}
		for _, incomplete := range []bool{false, true} {
			canonical, faults := s.Accept(raw, incomplete, today)
			accepted[incomplete] = canonical
			if len(faults) > 0 {
				require.Empty(t, canonical)
				require.LessOrEqual(t, len(faults), 100)
				for _, fault := range faults {
					require.NotEmpty(t, fault.Text("de"))
					require.NotEmpty(t, fault.Text("en"))
					require.True(t, utf8.ValidString(fault.Pointer))
					require.Len(t, fault.Path(), strings.Count(fault.Pointer, "/"))
				}
				continue
			}
			require.True(t, json.Valid(raw))
			require.LessOrEqual(t, len(canonical), form.MaxSize)
			require.False(t, strings.ContainsFunc(canonical, func(r rune) bool { return r < ' ' || r == utf8.RuneError || r >= '\u202a' && r <= '\u202e' }))
			again, faults := s.Accept([]byte(canonical), incomplete, today)
			require.Empty(t, faults)
			require.Equal(t, canonical, again)
		}
		if accepted[false] != "" {
			require.Equal(t, accepted[false], accepted[true], "what is complete is accepted as incomplete too")
		}
	})
}
