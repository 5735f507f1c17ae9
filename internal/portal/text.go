package portal

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain tells whether a text can be kept and shown as it is: no broken UTF-8, no control characters, and none that turn
// the direction of what stands beside the text, on a counter's screen say. Marks of direction (U+200E, U+200F) belong to
// names and stay.
func plain(s string) bool { return utf8.ValidString(s) && shown(s) == s }

// shown is what is plain of a text.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || turns(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// turns tells of the embeddings, overrides and isolates of the Unicode Bidirectional Algorithm.
func turns(r rune) bool { return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' }

// checkText refuses texts that are too short or too long (in characters, spaces at the ends aside), those in which there
// is nothing to see, and those that aren't plain.
func checkText(s string, low, high int, path ...string) error {
	if !plain(s) {
		return invalid(RuleText, path...)
	}
	n := utf8.RuneCountInString(strings.TrimSpace(s))
	if n < low || n > high || low > 0 && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }) {
		return &Problem{Code: InvalidInput, Rule: RuleLength, Min: low, Max: high, Path: path}
	}
	return nil
}

// checkLines is checkText for texts of several lines.
func checkLines(s string, low, high int, path ...string) error {
	if err := checkText(strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(s), low, high, path...); err != nil {
		return err
	}
	return nil
}

// ValidEmail tells whether an address can be written to: one addr-spec of RFC 5322 with at most 254 characters.
func ValidEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && utf8.ValidString(s)
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// ValidPhone tells whether a number has the form of E.164.
func ValidPhone(s string) bool { return e164.MatchString(s) }
