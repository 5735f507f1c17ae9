// Package normal brings what people type into the one form in which it is judged, compared and kept.
package normal

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Line returns a text of one line in the form in which it is kept: NFC, as DIN 91379 asks, without invisible characters
// and without white space at its ends. It reports false for a text that no reader should be shown: see Lines, and also
// with a line break or a tab inside.
func Line(s string) (string, bool) {
	s, ok := Lines(s)
	return s, ok && !strings.ContainsAny(s, "\n\t")
}

// Lines is Line for a text that may have several lines: every kind of line end becomes a line feed. It reports false for
// broken text (no UTF-8, or U+FFFD, which stands where half a surrogate pair was), for control characters, and for those
// that turn the direction of writing around. What it returns is returned unchanged when it comes again.
func Lines(s string) (string, bool) {
	if ascii(s) {
		return trim(s), true
	}
	if !utf8.ValidString(s) {
		return "", false
	}
	s = lineEnds.Replace(s)
	if strings.ContainsFunc(s, Unfit) {
		return "", false
	}
	return trim(norm.NFC.String(trim(visible(s)))), true
}

// lineEnds are CR, CRLF and Unicode's own separators (Unicode Standard, 5.8). NEL, VT and FF are refused as controls.
//
//nolint:gochecknoglobals // a table, never changed
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

// ascii reports whether a text has printable ASCII, line feeds and tabs alone, so that nothing of it changes.
func ascii(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\n' && c != '\t') || c >= 0x7f {
			return false
		}
	}
	return true
}

// Unfit reports whether a text may not hold a character: one that stands for broken text, a control other than tab and
// line end, or one that makes a text read otherwise than it is written (Unicode TR 36, 2.5).
func Unfit(r rune) bool {
	switch {
	case r == '\n', r == '\r', r == '\t':
		return false
	case r == utf8.RuneError, unicode.IsControl(r):
		return true
	default: // the embeddings, overrides and isolates of the Unicode Bidirectional Algorithm
		return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
	}
}

// visible returns a text without its invisible characters, such as the soft hyphen and the zero-width space, by which
// two names that look alike would differ. Joiners, marks of direction and variation selectors stay where they can mean
// something: behind a character of a script other than Latin, Greek and Cyrillic, and within emoji.
func visible(s string) string {
	var last rune
	return strings.Map(func(r rune) rune {
		if !invisible(r) {
			last = r
			return r
		}
		if selects(r) && (unicode.IsLetter(last) || unicode.IsMark(last) || unicode.Is(unicode.S, last)) &&
			!unicode.In(last, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Inherited) {
			return r
		}
		return -1
	}, s)
}

// invisible is Default_Ignorable_Code_Point, and the marks of interlinear annotation.
func invisible(r rune) bool {
	return r >= utf8.RuneSelf && unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// selects reports whether an invisible character changes how its neighbours are shown.
func selects(r rune) bool {
	return r >= '\u200c' && r <= '\u200f' || unicode.Is(unicode.Variation_Selector, r)
}

// trim cuts white space, joiners and marks of direction from both ends.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= '\u200c' && r <= '\u200f' })
}

// Digits returns a text whose decimal digits are those of ASCII, whichever script they were of, and whose wide plus is the
// usual one.
func Digits(s string) string {
	if ascii(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == '\uff0b' {
			return '+'
		}
		if r < utf8.RuneSelf || !unicode.IsDigit(r) {
			return r
		}
		return '0' + decimal(r)
	}, s)
}

// decimal is the value of a digit: those of a script stand side by side from 0 to 9, and so do those of several (The Unicode
// Standard, 4.6).
func decimal(r rune) rune {
	for _, of := range unicode.Nd.R16 {
		if r >= rune(of.Lo) && r <= rune(of.Hi) {
			return (r - rune(of.Lo)) % 10
		}
	}
	for _, of := range unicode.Nd.R32 {
		if r >= rune(of.Lo) && r <= rune(of.Hi) {
			return (r - rune(of.Lo)) % 10
		}
	}
	return 0
}
