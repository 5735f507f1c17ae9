package form

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// unread stands in the place of an answer for what was typed and can't be read.
type unread struct {
	typed [3]string // the text, or day, month and year
	part  string    // the input at fault: "day", "month" or "year"; "" for the whole
	fault Text
}

// dateParts are the inputs of a date, in their order on the page.
//
//nolint:gochecknoglobals // a table, never written
var dateParts = [3]string{"day", "month", "year"}

var (
	grouped = regexp.MustCompile(`^[0-9]{1,3}([., '’][0-9]{3})+$`)
	digits  = regexp.MustCompile(`^[0-9]+$`)
	decimal = regexp.MustCompile(`^[0-9]*([.,][0-9]+)?$`)
)

const (
	maxDigits  = 18 // of a whole number: int64 holds it
	maxDecimal = 15 // characters of another number: float64 holds it
)

// readInteger reads a whole number as people type it: with spaces, with separators between thousands, and with the dash
// that stands for no cents. It returns a json.Number, or unread; nil where nothing was typed.
func readInteger(typed string) any {
	sign, s := signed(typed)
	if s == "" && sign == "" {
		return nil
	}
	if grouped.MatchString(s) {
		s = separators.Replace(s)
	}
	s = strings.ReplaceAll(s, " ", "")
	if !digits.MatchString(s) || len(s) > maxDigits {
		return unread{typed: [3]string{typed}, fault: Text{
			"Bitte geben Sie eine ganze Zahl an, zum Beispiel 2.", "Please enter a whole number, for example 2.",
		}}
	}
	return canonicalNumber(sign + s)
}

// separators takes out what stands between thousands.
//
//nolint:gochecknoglobals // a table, never written
var separators = strings.NewReplacer(".", "", ",", "", " ", "", "'", "", "’", "")

// readNumber reads a number as people type it in a language. A single separator before exactly three digits stands
// between thousands if it is the language's: "2.000" is two thousand in German and two in English.
func readNumber(typed, language string) any {
	sign, s := signed(typed)
	if s == "" && sign == "" {
		return nil
	}
	point, thousands := ".", ","
	if language == "de" {
		point, thousands = ",", "."
	}
	s = strings.NewReplacer(" ", "", "'", "", "’", "").Replace(s)
	whole, fraction, _ := strings.Cut(s, point)
	if grouped.MatchString(whole) {
		whole = strings.ReplaceAll(whole, thousands, "")
		s = strings.TrimSuffix(whole+point+fraction, point)
	}
	if s == "" || !decimal.MatchString(s) || len(s) > maxDecimal {
		return unread{typed: [3]string{typed}, fault: Text{
			"Bitte geben Sie eine Zahl an, zum Beispiel 2,5.", "Please enter a number, for example 2.5.",
		}}
	}
	return canonicalNumber(sign + strings.ReplaceAll(s, ",", "."))
}

// signed splits a number into its sign and the rest, without the dash that stands for no cents.
func signed(typed string) (sign, rest string) {
	s := strings.NewReplacer("\u00a0", " ", "\u2009", " ", "\u202f", " ", "−", "-", "–", "-", "—", "-").Replace(typed)
	s = strings.TrimSpace(s)
	if cut, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = "-", cut
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	for _, dash := range []string{",-", ".-", "-"} {
		if cut, ok := strings.CutSuffix(s, dash); ok {
			s = cut
			break
		}
	}
	return sign, strings.TrimSpace(s)
}

// canonicalNumber writes a number of digits and one point without surplus zeros.
func canonicalNumber(s string) any {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return json.Number(strconv.FormatInt(i, 10))
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f == 0 {
		return json.Number("0")
	}
	return json.Number(strconv.FormatFloat(f, 'f', -1, 64))
}

// readDate reads a date of three texts. It returns 2006-01-02, with partial also 2006-01 or 2006, or unread; nil where
// nothing was typed.
func readDate(typed [3]string, partial bool) any {
	var trimmed, missing []string
	for i, s := range typed {
		s = strings.TrimRight(strings.TrimSpace(s), ". ")
		if s == "" {
			missing = append(missing, dateParts[i])
		} else if !digits.MatchString(s) || len(s) > 4 {
			return unread{typed, dateParts[i], Text{
				"Bitte geben Sie Tag, Monat und Jahr als Zahlen an, zum Beispiel 31 3 1999.",
				"Please enter day, month and year as numbers, for example 31 3 1999.",
			}}
		}
		trimmed = append(trimmed, s)
	}
	day, month, year := trimmed[0], trimmed[1], trimmed[2]
	switch {
	case len(missing) == 3:
		return nil
	case len(missing) > 0 && (!partial || year == "" || month == "" && day != ""):
		return unread{typed, missing[0], missingParts(missing)}
	case len(year) != 4:
		return unread{typed, "year", Text{
			"Bitte geben Sie das Jahr mit vier Ziffern an, zum Beispiel 1999.", "Please enter the year with four digits, for example 1999.",
		}}
	case month != "" && !within(month, 12):
		return unread{typed, "month", Text{"Bitte geben Sie einen Monat von 1 bis 12 an.", "Please enter a month from 1 to 12."}}
	case day != "" && !within(day, 31):
		return unread{typed, "day", Text{"Bitte geben Sie einen Tag von 1 bis 31 an.", "Please enter a day from 1 to 31."}}
	}
	s := year
	for _, part := range []string{month, day} {
		if part != "" {
			n, _ := strconv.Atoi(part)
			s += fmt.Sprintf("-%02d", n)
		}
	}
	if _, err := time.Parse(time.DateOnly, s); day != "" && err != nil {
		return unread{typed, "", Text{
			"Dieses Datum gibt es nicht. Bitte prüfen Sie Tag und Monat.", "This date does not exist. Please check day and month.",
		}}
	}
	return s
}

// within reports whether digits are a number from 1 to last.
func within(digits string, last int) bool {
	n, err := strconv.Atoi(digits)
	return err == nil && n >= 1 && n <= last
}

func missingParts(missing []string) Text {
	names := map[string]Text{"day": {"den Tag", "the day"}, "month": {"den Monat", "the month"}, "year": {"das Jahr", "the year"}}
	var german, english []string
	for _, part := range missing {
		german, english = append(german, names[part].German), append(english, names[part].English)
	}
	return Text{
		"Bitte geben Sie auch " + strings.Join(german, " und ") + " an.", "Please give " + strings.Join(english, " and ") + " too.",
	}
}
