package search_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/search"
)

// Each is a name, then what else it is called.
func things() [][]string {
	return [][]string{
		{"Personalausweis", "Perso", "Ausweis verlängern", "Identitätskarte"},
		{"Reisepass", "Paß", "Pass verlängern", "Express-Pass"},
		{"Meldebescheinigung", "Aufenthaltsbescheinigung", "Wohnsitzbestätigung"},
		{"Führungszeugnis", "polizeiliches Führungszeugnis", "Strafregisterauszug"},
		{"Abmeldung ins Ausland", "Wegzug", "auswandern"},
		{"Sterbeurkunde", "Todesurkunde"},
		{"Wohnungsgeberbestätigung", "Vermieterbescheinigung", "Einzugsbestätigung"},
	}
}

func index() *search.Index {
	x := search.New()
	for _, thing := range things() {
		texts := []search.Text{{Text: thing[0], Language: "de", Weight: search.Name}}
		for _, other := range thing[1:] {
			texts = append(texts, search.Text{Text: other, Language: "de", Weight: search.Synonym})
		}
		x.Add(texts...)
	}
	return x
}

// find searches without an end.
func find(x *search.Index, query, language string) map[int]int {
	scores, err := x.Find(context.Background(), query, language)
	if err != nil {
		panic(err) // only a context that has ended makes one
	}
	return scores
}

// found are the names of what a query finds, the best first.
func found(x *search.Index, query string) []string {
	scores := find(x, query, "de")
	names := []string{}
	for _, n := range slices.SortedFunc(maps.Keys(scores), func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) }) {
		names = append(names, things()[n][0])
	}
	return names
}

func TestPeopleFindWhatTheyMean(t *testing.T) {
	t.Parallel()
	x := index()
	for query, first := range map[string]string{
		"Perso":                           "Personalausweis",
		"perso":                           "Personalausweis",
		"Ausweis verlängern":              "Personalausweis",
		"Ausweis verlaengern":             "Personalausweis",
		"meinen Ausweis verlängern":       "Personalausweis",
		"ausweise":                        "Personalausweis",
		"personalausweiß":                 "Personalausweis",
		"Personalauswies":                 "Personalausweis",
		"Pass":                            "Reisepass",
		"Reisepaß":                        "Reisepass",
		"Fuehrungszeugnis":                "Führungszeugnis",
		"Fuhrungszeugniss":                "Führungszeugnis",
		"ich brauche ein Führungszeugnis": "Führungszeugnis",
		"bescheinigung vermieter":         "Wohnungsgeberbestätigung",
		"ins Ausland ziehen":              "Abmeldung ins Ausland",
		"abmelden":                        "Abmeldung ins Ausland",
		"Urkunde":                         "Sterbeurkunde",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, found(x, query))
			require.Equal(t, first, found(x, query)[0])
		})
	}
}

func TestWhatFitsNothingFindsNothing(t *testing.T) {
	t.Parallel()
	x := index()
	for _, query := range []string{"", "   ", "der die das", "Hundesteuer", "xyzzy", "%", "a' OR 1=1", "🙂", "\x00"} {
		require.Empty(t, find(x, query, "de"), query)
	}
}

func TestEveryWordCounts(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"Personalausweis"}, found(index(), "Ausweis verlängern")[:1])
	require.NotContains(t, found(index(), "Pass verlängern"), "Personalausweis", "one of two words isn't enough where another thing has both")
	require.Contains(t, found(index(), "Pass Blomberg"), "Reisepass", "half of them is, where nothing has more")
}

func TestABeginningOrATypoFindsTheWord(t *testing.T) {
	t.Parallel()
	x := index()
	rapid.Check(t, func(t *rapid.T) {
		thing := rapid.SampledFrom(things()).Draw(t, "thing")
		name := []rune(strings.Fields(thing[0])[0])
		begun := string(name[:rapid.IntRange(3, len(name)).Draw(t, "letters")])
		require.Contains(t, found(x, begun), thing[0], begun)

		at := rapid.IntRange(1, len(name)-1).Draw(t, "at")
		var typo string
		switch rapid.IntRange(0, 3).Draw(t, "typo") {
		case 0:
			typo = string(name[:at]) + string(name[at+1:])
		case 1:
			typo = string(name[:at]) + "x" + string(name[at:])
		case 2:
			typo = string(name[:at]) + "x" + string(name[at+1:])
		default:
			swapped := slices.Clone(name)
			swapped[at], swapped[at-1] = swapped[at-1], swapped[at]
			typo = string(swapped)
		}
		require.Contains(t, found(x, typo), thing[0], typo)
	})
}

func TestGermanInOtherLettersFindsTheWord(t *testing.T) {
	t.Parallel()
	x := index()
	for query, first := range map[string]string{
		"фюрунгсцойгнис":    "Führungszeugnis",
		"фюрунгсцойгниса":   "Führungszeugnis",
		"Персоналаусвайс":   "Personalausweis",
		"аусвайс":           "Personalausweis",
		"райзепасс":         "Reisepass",
		"мельдебешайнигунг": "Meldebescheinigung",
		"штербеуркунде":     "Sterbeurkunde",
		"ميلدبشاينيغونغ":    "Meldebescheinigung",
		"собака":            "",
		"иосифович":         "", // has the sounds of Ausweis, and little else of it
		"школа":             "",
		"مدرسة":             "",
	} {
		if first == "" {
			require.Empty(t, found(x, query), query)
		} else {
			require.Equal(t, []string{first}, found(x, query), query)
		}
	}
}

func TestArabicHasArticlesAndPossessives(t *testing.T) {
	t.Parallel()
	x := search.New()
	x.Add(search.Text{Text: "بطاقة هوية", Language: "ar", Weight: search.Synonym})
	x.Add(search.Text{Text: "جواز سفر", Language: "ar", Weight: search.Synonym})
	for query, thing := range map[string]int{"هويتي": 0, "الهوية": 0, "بالهوية": 0, "بطاقتي": 0, "جوازي": 1, "الجواز": 1, "للجواز": 1} {
		found, err := x.Find(t.Context(), query, "de")
		require.NoError(t, err)
		require.Len(t, found, 1, query)
		require.Contains(t, found, thing, query)
	}
}

func TestEnglishHasItsOwnEndings(t *testing.T) {
	t.Parallel()
	x := search.New()
	x.Add(search.Text{Text: "Death certificate", Language: "en", Weight: search.Name})
	x.Add(search.Text{Text: "ID card", Language: "en", Weight: search.Name}, search.Text{Text: "renewing an identity card", Language: "en", Weight: search.Synonym})
	require.Contains(t, find(x, "certificates", "en"), 0)
	require.Contains(t, find(x, "renew my ID", "en"), 1)
	require.NotContains(t, find(x, "renew my ID", "en"), 0)
}

func FuzzFind(f *testing.F) {
	for _, query := range []string{"Perso", "ä ö ü ß", "\xff\xfe", strings.Repeat("a", 1000), "ae ue oe"} {
		f.Add(query)
	}
	x := index()
	f.Fuzz(func(t *testing.T, query string) {
		for n, score := range find(x, query, "de") {
			require.Positive(t, score)
			require.Less(t, n, len(things()))
		}
	})
}
