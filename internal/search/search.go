// Package search finds things by what people type: a word of their name, its beginning, a part of a compound, a synonym, in one of
// several languages, with a letter wrong, a German word in Cyrillic or Arabic letters, between words that say nothing of the thing. It is made for a catalogue of some hundred
// texts, all in memory.
package search

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/blevesearch/snowballstem"
)

// Index holds the words of texts. Add to it first, then search it: it isn't for both at once. Searching is safe for concurrent use.
type Index struct {
	stemmers  map[string]func(*snowballstem.Env) bool
	stops     map[string]bool // folded
	fillers   map[string]bool // folded
	languages []string        // of the texts
	words     []word
	place     map[spelling]int // of a word in words
	german    map[string]bool  // German words and stems, of which compounds are made
	docs      []doc
}

// Text is a text about a thing. Of two texts that both fit, that of the higher weight counts; a text of weight Name or Synonym that is
// there whole in what is typed keeps its thing among what is found.
type Text struct {
	Text     string
	Language string // ISO 639-1
	Weight   int
}

// Weights of texts.
const (
	Summary = 1
	Synonym = 4
	Name    = 5
)

type spelling struct{ word, language string }

// word is a distinct word of the texts.
type word struct {
	text, stem, language string
	runes                []rune // of text
	sound                string // of a German word
	filler               bool
	docs                 int // things that have it
	last                 int // the last of them, and one
}

// doc is one thing.
type doc struct{ texts []text }

type text struct {
	words    []int // in Index.words
	language string
	weight   int
}

// New makes an empty index.
func New() *Index {
	return &Index{stemmers: stemmers(), stops: stops(), fillers: fillers(), place: map[spelling]int{}, german: map[string]bool{}}
}

// Fill makes the words of names fillers: such as that of the town, which everything in it has in common. Call it before Add.
func (x *Index) Fill(names ...string) {
	for _, name := range names {
		for _, word := range split(name, maxWords) {
			x.fillers[fold(word)] = true
		}
	}
}

// Add adds a thing by the texts about it, and returns its number: 0, 1, 2 …
func (x *Index) Add(texts ...Text) int {
	n := len(x.docs)
	d := doc{}
	for _, t := range texts {
		if !slices.Contains(x.languages, t.Language) {
			x.languages = append(x.languages, t.Language)
		}
		read := text{language: t.Language, weight: t.Weight}
		for _, typed := range split(t.Text, math.MaxInt) {
			folded := fold(typed)
			if folded == "" || x.stops[folded] {
				continue
			}
			at, known := x.place[spelling{typed, t.Language}]
			if !known {
				at = len(x.words)
				x.place[spelling{typed, t.Language}] = at
				x.words = append(x.words, word{
					text: folded, stem: x.stem(typed, t.Language), language: t.Language, runes: []rune(folded), filler: x.fillers[folded],
				})
			}
			if t.Language == "de" {
				x.german[folded], x.german[x.words[at].stem] = true, true
				x.words[at].sound = sound(folded)
			}
			if w := &x.words[at]; w.last != n+1 {
				w.docs, w.last = w.docs+1, n+1
			}
			read.words = append(read.words, at)
		}
		if len(read.words) > 0 {
			d.texts = append(d.texts, read)
		}
	}
	x.docs = append(x.docs, d)
	return n
}

// Find returns the numbers of the things that a query in a language fits, each with how well: higher is better. One word that fits is
// enough; rare words count for more than those that many things have, and fillers next to nothing unless they stand alone. What
// fits less than half as well as the best is left out, unless a whole name or synonym of it was typed. It returns the context's
// error as soon as it has ended.
func (x *Index) Find(ctx context.Context, query, language string) (map[int]int, error) {
	terms, err := x.terms(ctx, query)
	if err != nil {
		return nil, err
	}
	best, found, whole := 0.0, map[int]float64{}, map[int]bool{}
	for n := range x.docs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		score, all := x.docs[n].score(x, terms, language)
		if score > 0 {
			found[n], whole[n] = score, all
			best = max(best, score)
		}
	}
	maps.DeleteFunc(found, func(n int, score float64) bool { return score*2 < best && !whole[n] })
	scores := make(map[int]int, len(found))
	for n, score := range found {
		scores[n] = 1 + int(score*1000)
	}
	return scores, nil
}

// terms reads a query.
func (x *Index) terms(ctx context.Context, query string) ([]*term, error) {
	typed := split(query[:min(len(query), maxQuery)], maxWords*2)
	var beside []string
	for _, p := range particles() {
		if slices.Contains(typed, p) {
			beside = append(beside, p)
		}
	}
	var terms []*term
	meant, fits := false, false
	for _, w := range typed {
		if folded := fold(w); folded == "" || x.stops[folded] || len(terms) >= maxWords {
			continue
		}
		these, err := x.termsOf(ctx, w, beside)
		if err != nil {
			return nil, err
		}
		for _, t := range these {
			meant = meant || !t.filler
			fits = fits || !t.filler && slices.ContainsFunc(t.fits, func(fit int) bool { return fit > 0 })
		}
		terms = append(terms, these...)
	}
	if meant && !fits {
		return nil, nil
	}
	for _, t := range terms {
		if t.filler && meant {
			t.weight /= 10
		}
	}
	return terms, nil
}

// termsOf reads a typed word: one term, or two where it fits nothing and is a compound of two words of the index. beside are the
// particles that stand elsewhere in the query.
func (x *Index) termsOf(ctx context.Context, typed string, beside []string) ([]*term, error) {
	whole, err := x.term(ctx, typed, beside)
	if err != nil || slices.ContainsFunc(whole.fits, func(fit int) bool { return fit > 0 }) {
		return []*term{whole}, err
	}
	head, tail, ok := x.parts(typed)
	if !ok {
		return []*term{whole}, nil
	}
	first, err := x.term(ctx, head, nil)
	if err != nil {
		return nil, err
	}
	second, err := x.term(ctx, tail, nil)
	return []*term{first, second}, err
}

// term reads a word and compares it with all words of the index.
func (x *Index) term(ctx context.Context, typed string, beside []string) (*term, error) {
	t := &term{text: fold(typed), stems: map[string]string{}}
	t.runes = []rune(t.text)
	t.filler = x.fillers[t.text] || t.runes[0] >= '0' && t.runes[0] <= '9'
	if len(t.runes) <= maxLetters {
		for _, language := range x.languages {
			t.stems[language] = x.stem(typed, language)
		}
		if t.runes[0] > unicode.MaxLatin1 {
			t.sound, t.latin = sound(t.text), []rune(latin(t.text))
		}
		for _, p := range beside {
			t.verbs = append(t.verbs, x.stem(p+typed, "de"))
		}
	}
	return t, x.compare(ctx, t)
}

// parts returns the two German words of the index that a compound is made of: Adresse and sperren of Adresssperre.
func (x *Index) parts(compound string) (head, tail string, ok bool) {
	letters := []rune(compound)
	if len(letters) > maxLetters {
		return "", "", false
	}
	known := func(part string) bool { return x.german[fold(part)] || x.german[x.stem(part, "de")] }
	for at := 4; at <= len(letters)-4; at++ {
		tail := string(letters[at:])
		if !known(tail) {
			continue
		}
		for _, link := range []string{"", "s", "es", "n", "en"} {
			if head, cut := strings.CutSuffix(string(letters[:at]), link); cut && len(head) >= 4 && known(head) {
				return head, tail, true
			}
		}
	}
	return "", "", false
}

// steps is how many words are compared between two looks at the context.
const steps = 256

// compare compares a term with every word, and weighs it: ln(1 + things / things that it fits).
func (x *Index) compare(ctx context.Context, t *term) error {
	t.fits = make([]int, len(x.words))
	room, spelled := &bounded{}, false
	for i := range x.words {
		if i%steps == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		t.fits[i] = t.fit(&x.words[i], room)
		spelled = spelled || t.fits[i] >= fitStem
	}
	if spelled { // then no other word is meant by a slip
		for i, fit := range t.fits {
			if fit == fitTypo || fit == fitTypos {
				t.fits[i] = 0
			}
		}
	}
	fitting := 0
	for _, d := range x.docs {
		if d.best(t, fitBegin) > 0 {
			fitting++
		}
	}
	t.weight = math.Log(1 + float64(len(x.docs))/float64(max(1, fitting)))
	return nil
}

// best returns the best fit of a term in the thing's texts, if it is least at least.
func (d *doc) best(t *term, least int) int {
	best := 0
	for _, text := range d.texts {
		for _, w := range text.words {
			best = max(best, t.fits[w])
		}
	}
	if best < least {
		return 0
	}
	return best
}

// foreign is what a text in another language than that of the request counts.
const foreign = 0.9

// score adds up how well each term fits the thing, by the text that it fits best, and how well the best single text fits what was
// typed as a whole. all reports whether a whole name or synonym was typed.
func (d *doc) score(x *Index, terms []*term, language string) (score float64, all bool) {
	best := 0.0
	each := make([]float64, len(terms))
	for i := range d.texts {
		text := &d.texts[i]
		weight := float64(text.weight) / Name
		if text.language != language {
			weight *= foreign
		}
		together := 0.0
		for k, t := range terms {
			fit := 0
			for _, w := range text.words {
				fit = max(fit, t.fits[w])
			}
			one := t.weight * weight * float64(fit) / fitExact
			each[k] = max(each[k], one)
			together += one
		}
		if together == 0 {
			continue
		}
		covered, whole := text.covered(x, terms)
		best = max(best, together*covered*covered)
		all = all || whole && text.weight > Summary
	}
	for _, one := range each {
		score += one
	}
	return score + best, all
}

// covered returns which part of a text's words was typed, and whether all of it was, fillers aside.
func (t *text) covered(x *Index, terms []*term) (part float64, whole bool) {
	sum, typed, said := 0.0, 0.0, false
	whole = true
	for _, at := range t.words {
		w := &x.words[at]
		share := 1.0
		if w.filler {
			share = 0.1
		}
		said = said || !w.filler
		sum += share
		fit := 0
		for _, term := range terms {
			fit = max(fit, term.fits[at])
		}
		typed += share * float64(fit) / fitExact
		whole = whole && (w.filler || fit == fitTypo || fit >= fitStem)
	}
	return typed / sum, whole && said
}
