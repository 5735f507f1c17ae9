package form_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nelke/data"
	judge "nelke/internal/form"
	"nelke/internal/schedule"
	"nelke/web/form"
)

func background() context.Context { return context.Background() }

// today is the day on which samples are judged.
func today() schedule.Date { return schedule.Date{Year: 2026, Month: 11, Day: 25} }

type sample struct {
	Name    string
	Answers map[string]any
}

// town is a form of the town with answers that it accepts.
type town struct {
	name     string
	raw      []byte
	form     *form.Form
	accepted []sample
}

func towns(t testing.TB) []town {
	t.Helper()
	files, err := data.Towns.ReadDir("lippe/blomberg/forms")
	require.NoError(t, err)
	var all []town
	for _, file := range files {
		all = append(all, oneTown(t, file.Name()))
	}
	require.Len(t, all, 13)
	return all
}

func oneTown(t testing.TB, name string) town {
	t.Helper()
	raw, err := data.Towns.ReadFile("lippe/blomberg/forms/" + name)
	require.NoError(t, err)
	read, err := form.Read(raw)
	require.NoError(t, err)
	file, err := data.Towns.ReadFile("lippe/blomberg/samples/" + name)
	require.NoError(t, err)
	var samples struct{ Accepted []sample }
	require.NoError(t, json.Unmarshal(file, &samples))
	require.NotEmpty(t, samples.Accepted)
	return town{strings.TrimSuffix(name, ".json"), raw, read, samples.Accepted}
}

func canonical(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

// fill enters the answers of an object into a page, as far as the page asks for them. It reports the lists that need more
// entries than the page shows.
func (c *client) fill(at string, object map[string]any, language string) (short []string) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		short = append(short, c.fillOne(at+"/"+strings.NewReplacer("~", "~0", "/", "~1", ".", "~2").Replace(name), object[name], language)...)
	}
	return short
}

func (c *client) fillOne(at string, v any, language string) (short []string) {
	switch v := v.(type) {
	case map[string]any:
		return c.fill(at, v, language)
	case []any:
		if c.count(at) > 0 || c.button("add", at) {
			if c.count(at) < len(v) {
				return []string{at}
			}
			for i, entry := range v {
				short = append(short, c.fillOne(at+"/"+strconv.Itoa(i), entry, language)...)
			}
			return short
		}
		c.clear(at)
		for _, value := range v {
			c.enter(at, fmt.Sprint(value))
		}
	case string:
		if len(c.inputs(at+".year")) > 0 {
			parts := append(strings.Split(v, "-"), "", "")
			c.enter(at+".year", parts[0])
			c.enter(at+".month", parts[1])
			c.enter(at+".day", parts[2])
			return nil
		}
		c.enter(at, v)
	case float64:
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if language == "de" {
			s = strings.Replace(s, ".", ",", 1)
		}
		c.enter(at, s)
	default:
		c.enter(at, fmt.Sprint(v))
	}
	return nil
}

// apply fills in a form page by page as a person does without script, and returns the answers in the end.
func apply(t fataler, f *form.Form, wanted map[string]any, language string) map[string]any {
	t.Helper()
	answers := map[string]any{}
	for section := range f.Sections() {
		if f.Empty(section, answers) {
			continue
		}
		change := form.Change{}
		for round := 0; ; round++ {
			if round > 20 {
				t.Fatalf("section %d is shown again and again", section)
			}
			page := show(t, f.View(form.Page{Section: section, Answers: answers, Change: change, Language: language}))
			short := page.fill("", wanted, language)
			posted := page.submit()
			if len(short) > 0 {
				posted = page.press("add", short[0])
			}
			answers, change = f.Parse(section, posted, answers, language)
			if len(change.Faults) > 0 {
				t.Fatalf("what was typed in section %d can't be read: %v", section, change.Faults)
			}
			if !change.Again() {
				break
			}
		}
	}
	return answers
}

func TestEveryFormIsFilledInPageByPage(t *testing.T) {
	t.Parallel()
	for _, town := range towns(t) {
		compiled, err := judge.Compile(town.raw)
		require.NoError(t, err)
		for _, s := range town.accepted {
			for _, language := range []string{"de", "en"} {
				t.Run(town.name+"/"+s.Name+"/"+language, func(t *testing.T) {
					t.Parallel()
					answers := apply(t, town.form, s.Answers, language)
					assert.Equal(t, canonical(t, s.Answers), canonical(t, answers))
					_, faults := compiled.Accept([]byte(canonical(t, answers)), false, today())
					assert.Empty(t, faults)
				})
			}
		}
	}
}

func TestPagesShowTheAnswersThatTheyAreMadeOf(t *testing.T) {
	t.Parallel()
	for _, town := range towns(t) {
		for _, s := range town.accepted {
			answers := s.Answers
			for section := range town.form.Sections() {
				page := show(t, town.form.View(form.Page{Section: section, Answers: answers, Language: "de"}))
				again, change := town.form.Parse(section, page.submit(), answers, "de")
				assert.False(t, change.Again(), "%s: %s: section %d", town.name, s.Name, section)
				assert.Equal(t, canonical(t, answers), canonical(t, again), "%s: %s: section %d", town.name, s.Name, section)
			}
		}
	}
}
