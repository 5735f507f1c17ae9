package form

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// written returns a text or a number as a person reads and types it in a language: with a decimal comma in German. It
// returns "" for other values.
func written(v any, language string) string {
	var s string
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		s = v.String()
		if strings.ContainsAny(s, "eE") {
			f, _ := v.Float64()
			s = strconv.FormatFloat(f, 'f', -1, 64)
		}
	case float64:
		s = strconv.FormatFloat(v, 'f', -1, 64)
	case int64:
		s = strconv.FormatInt(v, 10)
	case int:
		s = strconv.Itoa(v)
	}
	if language == "de" {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// writtenDate returns a date, known whole or in part, as a person reads it: "12. August 1964", "August 1964" or "1964". It
// returns any other text as it is.
func writtenDate(s, language string) string {
	whole, err := time.Parse(time.DateOnly, s)
	if err == nil {
		if language == "de" {
			return strconv.Itoa(whole.Day()) + ". " + monthName(whole.Month(), language) + " " + s[:4]
		}
		return strconv.Itoa(whole.Day()) + " " + monthName(whole.Month(), language) + " " + s[:4]
	}
	if month, err := time.Parse("2006-01", s); err == nil {
		return monthName(month.Month(), language) + " " + s[:4]
	}
	return s
}

func monthName(m time.Month, language string) string {
	if language != "de" {
		return m.String()
	}
	return [...]string{
		"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember",
	}[m-1]
}
