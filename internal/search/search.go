// Package search finds things by what people type: a word of their name, its beginning, a part of a compound, a synonym,
// with a letter wrong. It is made for a catalogue of some hundred texts, all in memory.
package search

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/german"
)

// Index holds the words of texts in one language. Add to it first, then search it: it isn't for both at once.
type Index struct {
	stem  func(*snowballstem.Env) bool
	stop  []string
	texts map[string][]word // by text, since many things are called the same
	docs  []doc
}

// doc is one thing: the texts about it, and how much each of them says.
type doc struct {
	words  [][]word
	weight []int
}

// word is how a word is compared: as it is written, without marks over letters; and its stem.
type word struct{ text, stem string }

// New makes an index for a language: "de" or "en".
func New(language string) *Index {
	x := &Index{stem: german.Stem, stop: germanStops(), texts: map[string][]word{}}
	if language == "en" {
		x.stem, x.stop = english.Stem, englishStops()
	}
	return x
}

// Words that say nothing about what somebody is looking for.
func germanStops() []string {
	return strings.Fields("der die das den dem des ein eine einen einem einer eines und oder für fuer in im am an zu zum zur von vom mit bei auf " +
		"mein meine meinen meinem meiner ich wir will möchte moechte brauche muss kann wie wo was neu neue neuen neuer neues bitte")
}

func englishStops() []string {
	return strings.Fields("a an the my our your of for to in on at with and or i we want need must can how where what do get apply please new")
}

// Add adds a thing by weighted texts about it, and gives its number: 0, 1, 2 …
func (x *Index) Add(texts ...Text) int {
	d := doc{}
	for _, t := range texts {
		d.words, d.weight = append(d.words, x.words(t.Text)), append(d.weight, t.Weight)
	}
	x.docs = append(x.docs, d)
	return len(x.docs) - 1
}

// Text is a text about a thing. Of two texts that both fit, that of the higher weight counts.
type Text struct {
	Text   string
	Weight int
}

func (x *Index) words(text string) []word {
	if known, ok := x.texts[text]; ok {
		return known
	}
	words := []word{}
	for field := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if !slices.Contains(x.stop, field) {
			words = append(words, x.word(field))
		}
	}
	x.texts[text] = words
	return words
}

func (x *Index) word(lower string) word {
	env := snowballstem.NewEnv(lower)
	x.stem(env)
	return word{fold(lower), fold(env.Current())}
}

// fold makes one of the ways in which umlauts and marks are typed.
func fold(s string) string { return folds.Replace(s) }

//nolint:gochecknoglobals // a table, never written
var folds = strings.NewReplacer(
	"ä", "a", "ae", "a", "ö", "o", "oe", "o", "ü", "u", "ue", "u", "ß", "ss",
	"á", "a", "à", "a", "â", "a", "é", "e", "è", "e", "ê", "e", "í", "i", "ì", "i", "î", "i", "ó", "o", "ò", "o", "ô", "o", "ú", "u", "ù", "u", "û", "u",
	"ç", "c", "ñ", "n",
)

// Find gives the things that a query fits, each with how well: higher is better. Every word of the query has to fit, or, where
// nothing is found so, as many of them as fit anything, half of them at least. What fits less than half as well as the
// best isn't what anybody meant.
func (x *Index) Find(query string) map[int]int {
	var asked []word
	for _, field := range strings.FieldsFunc(strings.ToLower(query), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if !slices.Contains(x.stop, field) && len(asked) < maxWords {
			asked = append(asked, x.word(field))
		}
	}
	most, found := 1, map[int]int{}
	for n, d := range x.docs {
		matched, score := d.score(asked)
		if matched == 0 || matched < most || matched*2 < len(asked) {
			continue
		}
		if matched > most {
			most, found = matched, map[int]int{}
		}
		found[n] = score
	}
	best := 0
	for _, score := range found {
		best = max(best, score)
	}
	maps.DeleteFunc(found, func(_, score int) bool { return score*2 < best })
	return found
}

const maxWords = 10 // of a query; nobody types more

// score adds up how well each word of a query fits the thing, by the text that it fits best.
func (d *doc) score(asked []word) (matched, score int) {
	for _, a := range asked {
		best := 0
		for i, words := range d.words {
			for _, w := range words {
				best = max(best, fit(a, w)*d.weight[i])
			}
		}
		if best > 0 {
			matched++
		}
		score += best
	}
	return matched, score
}

// fit tells how well a typed word fits one of a text: 0 is not at all.
func fit(asked, w word) int {
	switch n := utf8.RuneCountInString(asked.text); {
	case asked.text == w.text:
		return 10
	case asked.stem == w.stem:
		return 8
	case n >= 2 && strings.HasPrefix(w.text, asked.text):
		return 6
	case n >= 4 && strings.Contains(w.text, asked.stem) && len(asked.stem) >= 4: // of a compound: Ausweis in Personalausweis
		return 4
	}
	letters := 0
	switch n := utf8.RuneCountInString(asked.text); {
	case n >= 8:
		letters = 2
	case n >= 5:
		letters = 1
	}
	if letters > 0 && (near(asked.text, w.text, letters) || near(asked.stem, w.stem, letters)) {
		return 2
	}
	return 0
}

// near tells whether two words differ by at most so many letters that are missing, wrong, too many, or swapped with the next.
func near(a, b string, limit int) bool {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return false
	}
	before, last, this := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		this[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			this[j+1] = min(last[j+1]+1, this[j]+1, last[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				this[j+1] = min(this[j+1], before[j-1]+1)
			}
		}
		before, last, this = last, this, before
	}
	return last[len(y)] <= limit
}
