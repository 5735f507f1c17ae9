// Package scalar maps the graph's scalars and enums to Go types, and refuses what isn't one.
package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/99designs/gqlgen/graphql"

	"nelke/internal/schedule"
)

// MarshalTime writes an instant in RFC 3339 with the offset it carries.
func MarshalTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		var b [40]byte
		_, _ = w.Write(t.AppendFormat(b[:0], `"`+time.RFC3339+`"`)) // the executor's buffer never fails
	})
}

// UnmarshalTime reads an instant in RFC 3339, to the second or finer, from the year 1 to 9999.
func UnmarshalTime(v any) (time.Time, error) {
	s, err := text(v)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, s)
	_, offset := t.Zone() // time.Parse takes +24:00, which RFC 3339 has not and nothing could write again
	if err != nil || t.UTC().Year() < 1970 || t.UTC().Year() > 9999 || max(offset, -offset) >= 24*60*60 {
		return time.Time{}, refuse("not an instant like 2026-11-23T09:00:00+01:00")
	}
	return t, nil
}

// MarshalDate writes a date.
func MarshalDate(d schedule.Date) graphql.Marshaler { return graphql.MarshalString(d.String()) }

// UnmarshalDate reads a date such as 2026-11-22, from 1970 on. What is none reads as the zero value: it was judged before.
func UnmarshalDate(v any) (schedule.Date, error) {
	s, err := text(v)
	if err != nil {
		return schedule.Date{}, err
	}
	d, _ := parseDate(s)
	return d, nil
}

func parseDate(s string) (schedule.Date, error) {
	d, err := schedule.ParseDate(trimmed(s))
	if err != nil || d.Year < 1970 {
		return schedule.Date{}, refuse("not a date like 2026-11-22")
	}
	return d, nil
}

// MarshalDateString writes a date that is kept as text; the empty one is null.
func MarshalDateString(s string) graphql.Marshaler {
	if s == "" {
		return graphql.Null
	}
	return graphql.MarshalString(s)
}

// UnmarshalDateString reads a date to text.
func UnmarshalDateString(v any) (string, error) {
	d, err := UnmarshalDate(v)
	return d.String(), err
}

// MarshalLocalTime writes a wall-clock time.
func MarshalLocalTime(t schedule.LocalTime) graphql.Marshaler {
	return graphql.MarshalString(t.String())
}

// UnmarshalLocalTime reads a wall-clock time such as 08:30. What is none reads as 00:00: it was judged before.
func UnmarshalLocalTime(v any) (schedule.LocalTime, error) {
	s, err := text(v)
	if err != nil {
		return 0, err
	}
	t, _ := parseLocalTime(s)
	return t, nil
}

func parseLocalTime(s string) (schedule.LocalTime, error) {
	t, err := schedule.ParseLocalTime(trimmed(s))
	if err != nil {
		return 0, refuse("not a time like 08:30")
	}
	return t, nil
}

// MarshalJSON writes JSON as it is.
func MarshalJSON(v json.RawMessage) graphql.Marshaler {
	if len(v) == 0 {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(v) })
}

// UnmarshalJSON reads any JSON value.
func UnmarshalJSON(v any) (json.RawMessage, error) { return json.Marshal(v) }

// Readers judge values as they come in, by the name of their scalar: each returns an error that says what is wrong with a
// value, without repeating it.
func Readers() map[string]func(any) error {
	return map[string]func(any) error{
		"Date":         reader(parseDate),
		"DateTime":     func(v any) error { _, err := UnmarshalTime(v); return err },
		"LocalTime":    reader(parseLocalTime),
		"UUID":         func(v any) error { _, err := UnmarshalUUID(v); return err },
		"EmailAddress": func(v any) error { _, err := UnmarshalEmail(v); return err },
		"PhoneNumber":  func(v any) error { _, err := UnmarshalPhone(v); return err },
	}
}

func reader[T any](parse func(string) (T, error)) func(any) error {
	return func(v any) error {
		s, err := text(v)
		if err == nil {
			_, err = parse(s)
		}
		return err
	}
}

func refuse(format string, args ...any) error { return fmt.Errorf(format, args...) }

func text(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", refuse("must be a string")
	}
	return s, nil
}

// trimmed is what a person typed without blanks and characters that nobody sees at its ends.
func trimmed(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}
