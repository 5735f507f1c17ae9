package search

import "strings"

// leastSound is the length of sounds, in codes, below which they are those of too many words.
const leastSound = 4

// sound returns what a folded word, German or in Cyrillic or Arabic letters, sounds like in German: the codes of
// its consonants after the Kölner Phonetik, but n apart from m. Newcomers write the German words that they hear everywhere in
// their own letters: анмельдунг, انميلدونغ. "" is too little of a sound to tell words by.
func sound(word string) string {
	letters := latin(word)
	var codes []byte
	at := func(i int) byte {
		if i < 0 || i >= len(letters) {
			return ' '
		}
		return letters[i]
	}
	add := func(code byte) {
		if len(codes) == 0 || codes[len(codes)-1] != code {
			codes = append(codes, code)
		}
	}
	for i := range len(letters) {
		switch c := at(i); c {
		case 'a', 'e', 'i', 'j', 'o', 'u', 'y':
			if i == 0 {
				add('0')
			}
		case 'b':
			add('1')
		case 'p':
			if at(i+1) == 'h' {
				add('3')
			} else {
				add('1')
			}
		case 'd', 't':
			if strings.IndexByte("csz", at(i+1)) >= 0 {
				add('8')
			} else {
				add('2')
			}
		case 'f', 'v', 'w':
			add('3')
		case 'g', 'k', 'q':
			add('4')
		case 'c':
			if strings.IndexByte("sz", at(i-1)) < 0 && strings.IndexByte("ahkoqux", at(i+1)) >= 0 {
				add('4')
			} else {
				add('8')
			}
		case 'x':
			add('4')
			add('8')
		case 'l':
			add('5')
		case 'm':
			add('6')
		case 'n':
			add('9')
		case 'r':
			add('7')
		case 's', 'z':
			add('8')
		}
	}
	if len(codes) < leastSound {
		return ""
	}
	return string(codes)
}

// latin returns a folded word in Latin letters that sound to a German reader much like those it was written in.
func latin(word string) string {
	if rest, ok := strings.CutPrefix(word, "و"); ok { // it is a vowel elsewhere
		word = "w" + rest
	}
	return heard.Replace(word)
}

// A replacement goes before those behind it: х is h before a vowel, and ch elsewhere.
//
//nolint:gochecknoglobals // a table, never written
var heard = strings.NewReplacer(
	"ха", "ha", "хе", "he", "хи", "hi", "хо", "ho", "ху", "hu", "хы", "hy", "хэ", "he", "хю", "hu", "хя", "ha", "хі", "hi", "хє", "he",
	"а", "a", "б", "b", "в", "w", "г", "g", "ґ", "g", "д", "d", "е", "e", "є", "e", "ж", "s", "з", "s", "и", "i", "і", "i", "к", "k", "л", "l",
	"м", "m", "н", "n", "о", "o", "п", "p", "р", "r", "с", "s", "т", "t", "у", "u", "ф", "f", "х", "ch", "ц", "z", "ч", "tsch", "ш", "sch",
	"щ", "sch", "ъ", "", "ы", "y", "ь", "", "э", "e", "ю", "u", "я", "a",
	"ا", "a", "ع", "a", "و", "u", "ي", "i", "ه", "h", "ح", "h", "خ", "ch", "ء", "", "ب", "b", "پ", "p", "ت", "t", "ط", "t", "د", "d", "ض", "d",
	"ف", "f", "ڤ", "w", "ج", "g", "غ", "g", "گ", "g", "ك", "k", "ق", "k", "ر", "r", "ل", "l", "م", "m", "ن", "n", "س", "s", "ص", "s", "ش", "sch",
	"ث", "s", "ذ", "s", "ز", "s", "ظ", "s", "چ", "tsch", "ژ", "s",
)
