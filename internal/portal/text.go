package portal

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"nelke/internal/normal"
	"nelke/internal/problem"
)

// plain reports whether a text from another program can be kept and shown as it is. What people type goes through
// cleanLine and its like instead.
func plain(s string) bool { return utf8.ValidString(s) && shown(s) == s }

// shown is what is plain of a text.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if normal.Unfit(r) || r == '\n' || r == '\r' || r == '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// cleanLine returns a text of one line as it is kept (see normal.Line). It refuses one that is too short or too long then,
// in characters, and one that can't be kept.
func cleanLine(s string, low, high int, path ...string) (string, error) {
	return cleanText(normal.Line, s, low, high, path...)
}

// cleanLines is cleanLine for texts of several lines, which say something.
func cleanLines(s string, high int, path ...string) (string, error) {
	return cleanText(normal.Lines, s, 1, high, path...)
}

func cleanText(form func(string) (string, bool), s string, low, high int, path ...string) (string, error) {
	s, ok := form(s)
	if !ok {
		return "", problem.Invalid(problem.RuleText, path...)
	}
	if n := utf8.RuneCountInString(s); n < low || n > high {
		return "", &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleLength, Min: low, Max: high, Path: path}
	}
	return s, nil
}

// maxName bounds each part of a name, in characters.
const maxName = 100

// cleanName brings both parts of a name into the form in which they are kept. One part may be empty, but not both: who has
// one name alone has it in the family name, whichever part it was given as, so that it is found and sorted by it.
func cleanName(given, family *string, path ...string) (err error) {
	at := func(field string) []string { return append(slices.Clone(path), field) }
	if *given, err = cleanLine(*given, 0, maxName, at("givenName")...); err != nil {
		return err
	}
	if *family, err = cleanLine(*family, 0, maxName, at("familyName")...); err != nil {
		return err
	}
	if *family == "" {
		*given, *family = "", *given
	}
	if *family == "" {
		return problem.Invalid(problem.RuleName, at("familyName")...)
	}
	return nil
}

// cleanEmail returns an address in the form in which it is kept: as it was typed, without what stands around it by
// mistake. It refuses one that no mailer could write to.
func cleanEmail(s string, path ...string) (string, error) {
	s, ok := normal.Line(s)
	if !ok {
		return "", problem.Invalid(problem.RuleText, path...)
	}
	switch _, fault := normal.Email(s); fault {
	case normal.EmailForm:
		return "", problem.Invalid(problem.RuleEmailForm, path...)
	case normal.EmailLocal:
		return "", problem.Invalid(problem.RuleEmailLocal, path...)
	}
	return s, nil
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// ValidPhone reports whether a number has the form of E.164.
func ValidPhone(s string) bool { return e164.MatchString(s) }
