// Package search_test types what people type, and looks at what they find first.
package search_test

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

//go:embed typed.txt
var typedLines string

//go:embed holdout.txt
var holdoutLines string

// typed is one line of a list.
type typed struct {
	language, text string
	kinds          []string
}

func lines(t *testing.T, list string, least int) (all []typed) {
	t.Helper()
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, " | ")
		require.Len(t, parts, 3, line)
		all = append(all, typed{parts[0], parts[1], strings.Split(parts[2], "/")})
	}
	require.GreaterOrEqual(t, len(all), least)
	return all
}

// finder looks for services of one town among those of a region.
type finder struct{ *suite.Client }

const query = `query($text: String, $first: Int) { publicServices(first: $first, filter: {ars: "` + suite.ARS + `", text: $text}) {
	nodes { slug name kind { slug } } } }`

// first returns the kinds of the first services that a text finds, n at most.
func (f finder) first(t *testing.T, language, text string, n int) (kinds []string) {
	t.Helper()
	c := f.For(t)
	c.Accept = language
	if language != "en" {
		c.Accept = "de"
	}
	for _, node := range c.Do(query, suite.Vars{"text": text, "first": n}).OK("publicServices.nodes").Array() {
		kinds = append(kinds, node.Get("kind.slug").String())
	}
	return kinds
}

func region(t *testing.T, b *suite.Backend) finder {
	t.Helper()
	p := suite.Serve(t, b)
	_, err := server.Import(t.Context(), p.Config, []string{filepath.Dir(suite.NewTown(t).File)})
	require.NoError(t, err)
	p.Clock.Advance(11 * time.Second) // what a process may remember
	return finder{p.Anonymous()}
}

// Of what is typed in German and English 95 in 100 have the right service among the first three, in each other language 80.
func TestWhatPeopleTypeIsAmongTheFirstThree(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		f := region(t, b)
		for name, list := range map[string][]typed{"typed": lines(t, typedLines, 150), "holdout": lines(t, holdoutLines, 120)} {
			hits, of := map[string]int{}, map[string]int{}
			for _, line := range list {
				group := line.language
				if group == "de" || group == "en" {
					group = "German and English"
				}
				of[group]++
				found := f.first(t, line.language, line.text, 3)
				if slices.ContainsFunc(line.kinds, func(k string) bool { return slices.Contains(found, k) }) {
					hits[group]++
				} else {
					t.Logf("missed: %s: %s: %q finds %v", name, line.language, line.text, found)
				}
			}
			require.Len(t, of, 7)
			for group := range of {
				least := 80
				if group == "German and English" {
					least = 95
				}
				t.Logf("%s: %s: %d of %d", name, group, hits[group], of[group])
				require.GreaterOrEqual(t, hits[group]*100, least*of[group], "%s: %s", name, group)
			}
		}
	})
}

// Whoever types the name of a service finds it first, and among the first three whatever else is said of it.
func TestNothingThatIsSaidBesidesLosesAService(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		f := region(t, b)
		services := f.For(t).Do(query, suite.Vars{"first": 100}).OK("publicServices.nodes").Array()
		require.Len(t, services, 30)
		for _, s := range services {
			name, kind := s.Get("name").String(), s.Get("kind.slug").String()
			require.Equal(t, kind, f.first(t, "de", name, 1)[0], name)
			for _, besides := range []string{
				"%s beantragen", "%s online", "%s online beantragen", "%s kosten", "%s Blomberg", "Stadt Blomberg %s", "%s wie lange dauert", "wie lange dauert %s",
				"ich hätte gern %s", "%s per Post", "%s 2026", "was kostet %s in Blomberg", "%s Termin", "%s Formular pdf",
			} {
				text := fmt.Sprintf(besides, name)
				require.Contains(t, f.first(t, "de", text, 3), kind, text)
			}
		}
	})
}

// What the town doesn't offer here finds nothing, rather than something else.
func TestWhatIsNotOfferedFindsNothing(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		f := region(t, b)
		for _, text := range []string{"Hundesteuer", "Sperrmüll", "Baugenehmigung", "Kfz zulassen", "Parkausweis"} {
			require.Empty(t, f.first(t, "de", text, 3), text)
		}
	})
}

// However a text is written down, the same is found: letters of one or two characters, capitals, invisible characters.
func TestWritingsOfAWordFindTheSame(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		f := region(t, b)
		for text, others := range map[string][]string{
			"Briefwahl für Österreich": {"Briefwahl fu\u0308r O\u0308sterreich", "BRIEFWAHL FÜR ÖSTERREICH", "Brief\u00adwahl für Öster\u00adreich"},
			"Führungszeugnis":          {"Fu\u0308hrungszeugnis", "Fuehrungszeugnis", "Führungs\u200bzeugnis", "FÜHRUNGSZEUGNIS"},
			"Wohnungsgeberbestätigung": {"Wohnungsgeberbesta\u0308tigung", "wohnungsgeberbestaetigung"},
		} {
			for _, other := range others {
				require.Equal(t, f.first(t, "de", text, 10), f.first(t, "de", other, 10), "%+q", other)
			}
		}
	})
}
