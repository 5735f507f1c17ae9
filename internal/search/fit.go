package search

import (
	"slices"
	"strings"
)

// How well a typed word fits a word of a text; 0 is not at all.
const (
	fitExact    = 10
	fitStem     = 9
	fitBegin    = 6 // the typed word begins the other
	fitTypo     = 5 // one letter differs
	fitCompound = 4 // the typed word is a part of the other
	fitTypos    = 3 // two letters differ
)

// term is a typed word.
type term struct {
	text   string            // folded
	runes  []rune            // of text
	stems  map[string]string // by language
	verbs  []string          // stems of German verbs that the word makes with particles elsewhere in the query
	sound  string            // of a word in Cyrillic or Arabic letters
	latin  []rune            // the same in Latin ones
	filler bool
	weight float64 // the rarer the word, the higher
	fits   []int   // by word of the index
}

// fit returns how well a term fits a word.
func (t *term) fit(w *word, b *bounded) int {
	n := len(t.runes)
	stem := t.stems[w.language]
	switch {
	case n > maxLetters:
		return 0
	case t.text == w.text:
		return fitExact
	case stem == w.stem && stem != "":
		return fitStem
	case w.language == "de" && slices.Contains(t.verbs, w.stem):
		return fitStem
	case n >= 3 && strings.HasPrefix(w.text, t.text):
		return fitBegin
	}
	if limit := typos(n); limit > 0 {
		switch d := b.distance(t.runes, w.runes, limit); {
		case d == 1:
			return fitTypo
		case d <= limit && t.runes[0] == w.runes[0]:
			return fitTypos
		}
	}
	if t.sound != "" && t.sound == w.sound && b.distance(t.latin, w.runes, len(w.runes)/3) <= len(w.runes)/3 { // анмельдунг
		return fitTypo
	}
	if n >= 4 && len(stem) >= 4 && strings.Contains(w.text, stem) { // Ausweis in Personalausweis
		return fitCompound
	}
	return 0
}

// typos returns how many letters may differ in a word of n letters.
func typos(n int) int {
	switch {
	case n >= 8:
		return 2
	case n >= 5:
		return 1
	}
	return 0
}

// bounded computes distances between words, with room that it keeps for the next.
type bounded struct{ before, last, this []int }

// distance returns how many letters are missing, wrong, too many, or swapped with the next; limit+1 where it is more than limit.
func (b *bounded) distance(x, y []rune, limit int) int {
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	if len(b.last) <= len(y) {
		b.before, b.last, b.this = make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	}
	for j := range y {
		b.last[j+1] = j + 1
	}
	b.last[0] = 0
	for i := range x {
		b.this[0] = i + 1
		least := b.this[0]
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			b.this[j+1] = min(b.last[j+1]+1, b.this[j]+1, b.last[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				b.this[j+1] = min(b.this[j+1], b.before[j-1]+1)
			}
			least = min(least, b.this[j+1])
		}
		if least > limit {
			return limit + 1
		}
		b.before, b.last, b.this = b.last, b.this, b.before
	}
	return min(b.last[len(y)], limit+1)
}
