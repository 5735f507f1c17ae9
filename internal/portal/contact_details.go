package portal

import (
	"slices"
	"strings"
	"unicode"

	"nelke/internal/normal"
	"nelke/internal/problem"
)

// cleanReach brings how somebody can be reached, as a person typed it, into the form in which it is kept: blanks and what nobody
// sees around it don't count, and nothing but them is nothing. It refuses what is no e-mail address and no phone number.
func cleanReach(email, phone *string, path ...string) (err error) {
	if email != nil {
		if *email = trim(*email); *email != "" {
			if *email, err = cleanEmail(*email, append(slices.Clone(path), "email")...); err != nil {
				return err
			}
		}
	}
	if phone != nil {
		if *phone = trim(*phone); *phone == "" {
			return nil
		}
		number, ok := cleanPhone(*phone)
		if !ok {
			return problem.Invalid(problem.RulePhone, append(slices.Clone(path), "phone")...)
		}
		*phone = number
	}
	return nil
}

func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}

// countryCode is that of the towns' country, for numbers as people write them at home: 05235 5040.
const countryCode = "49"

// cleanPhone returns a phone number in the form of E.164; ok is false where it is none. Blanks, dashes, dots, slashes and brackets
// between digits don't count, and neither does the zero of +49 (0) 5235. 00 stands for the +, and what begins with one zero is a
// number of the towns' country. Digits may be those of any script.
func cleanPhone(typed string) (number string, ok bool) {
	typed = normal.Digits(typed)
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune("./()", r) {
			return -1
		}
		return r
	}, typed)
	abroad := strings.HasPrefix(digits, "+") || strings.HasPrefix(digits, "00")
	if abroad && strings.Contains(typed, "(0)") {
		return cleanPhone(strings.Replace(typed, "(0)", "", 1))
	}
	switch {
	case strings.HasPrefix(digits, "00"):
		digits = "+" + digits[2:]
	case strings.HasPrefix(digits, "0"):
		digits = "+" + countryCode + digits[1:]
	}
	return digits, ValidPhone(digits)
}
