package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/turkish"
	"golang.org/x/text/unicode/norm"
)

// Sizes of what is searched for. What is beyond them is left out, and a word of more than maxLetters fits nothing.
const (
	maxQuery   = 2000 // bytes
	maxWords   = 12
	maxLetters = 40
)

// stemmers returns the stemming function of each language that has one, by ISO 639-1 code.
func stemmers() map[string]func(*snowballstem.Env) bool {
	return map[string]func(*snowballstem.Env) bool{
		"ar": arabic.Stem, "de": german.Stem, "en": english.Stem, "ro": romanian.Stem, "ru": russian.Stem, "tr": turkish.Stem,
	}
}

// split returns the words of a text in lower case and composed form (NFC), at most limit. Invisible characters inside a word, such as
// a soft hyphen or a zero-width space, are dropped; marks belong to the letter before them.
func split(text string, limit int) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, string(word))
		}
		word = word[:0]
	}
	for _, r := range norm.NFC.String(text) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			word = append(word, lower(r))
		case unicode.Is(unicode.Cf, r):
		default:
			flush()
			if len(words) == limit {
				return words
			}
		}
	}
	flush()
	return words
}

// lower returns the lower case of a letter; of the dotted capital I of Turkish, the plain i.
func lower(r rune) rune {
	if r == 'İ' {
		return 'i'
	}
	return unicode.ToLower(r)
}

// fold returns a word without the marks over its letters and with one spelling of what is typed in several ways: umlauts,
// ß, the Turkish dotless ı, the Polish ł, and the forms of the Arabic alef.
func fold(word string) string {
	plain := []rune(norm.NFKD.String(word))
	plain = slices.DeleteFunc(plain, func(r rune) bool { return unicode.IsMark(r) || r == 'ـ' })
	return folds.Replace(string(plain))
}

//nolint:gochecknoglobals // a table, never written
var folds = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u", "ß", "ss", "ı", "i", "ł", "l", "ø", "o", "ى", "ي", "ة", "ه")

// stem returns the folded stem of a word in a language.
func (x *Index) stem(word, language string) string {
	switch language {
	case "de":
		word = infinitive(word)
	case "ar":
		word = bare(word)
	}
	if stem := x.stemmers[language]; stem != nil {
		env := snowballstem.NewEnv(word)
		stem(env)
		return fold(env.Current())
	}
	folded := []rune(fold(word)) // endings of Slavic languages are up to three letters long
	if len(folded) < 6 {
		return string(folded)
	}
	return string(folded[:max(5, len(folded)-3)])
}

// particles are what German verbs leave at the end of a sentence: ich melde mich um.
func particles() []string { return []string{"ab", "an", "auf", "aus", "ein", "um", "weg"} }

// infinitive returns a German verb without the ge or zu behind its particle: anmelden for angemeldet and anzumelden. Other words
// are returned as they are.
func infinitive(word string) string {
	for _, p := range particles() {
		rest, ok := strings.CutPrefix(word, p)
		if !ok {
			continue
		}
		if verb, ok := strings.CutPrefix(rest, "zu"); ok && len(verb) >= 5 && strings.HasSuffix(verb, "en") {
			return p + verb
		}
		verb, ok := strings.CutPrefix(rest, "ge")
		if !ok || len(verb) < 5 {
			continue
		}
		if root, ok := strings.CutSuffix(verb, "et"); ok {
			return p + root + "en"
		}
		if root, ok := strings.CutSuffix(verb, "t"); ok {
			return p + root + "en"
		}
		return p + verb
	}
	return word
}

// bare returns an Arabic noun without the article, with or without a preposition written to it, and without the possessive that
// turns the last letter of a feminine one: هوية for الهوية, بالهوية and هويتي. Other words are returned as they are.
func bare(word string) string {
	for _, article := range []string{"وال", "بال", "فال", "كال", "ال", "لل"} {
		if rest, ok := strings.CutPrefix(word, article); ok && utf8.RuneCountInString(rest) >= 3 {
			word = rest
			break
		}
	}
	for _, possessive := range []string{"تي", "تك", "ته", "تها", "تنا", "تهم", "تكم"} {
		if rest, ok := strings.CutSuffix(word, possessive); ok && utf8.RuneCountInString(rest) >= 3 {
			return rest + "ة"
		}
	}
	return word
}
