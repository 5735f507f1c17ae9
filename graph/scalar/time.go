// Package scalar maps the graph's scalars and enums to Go types, and refuses what isn't one.
package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

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
		return time.Time{}, refuse("%q is not an instant like 2026-11-23T09:00:00+01:00", s)
	}
	return t, nil
}

// MarshalDate writes a date.
func MarshalDate(d schedule.Date) graphql.Marshaler { return graphql.MarshalString(d.String()) }

// UnmarshalDate reads a date such as 2026-11-22, from 1970 on.
func UnmarshalDate(v any) (schedule.Date, error) {
	s, err := text(v)
	if err != nil {
		return schedule.Date{}, err
	}
	d, err := schedule.ParseDate(s)
	if err != nil || d.Year < 1970 {
		return schedule.Date{}, refuse("%q is not a date like 2026-11-22", s)
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

// UnmarshalLocalTime reads a wall-clock time such as 08:30.
func UnmarshalLocalTime(v any) (schedule.LocalTime, error) {
	s, err := text(v)
	if err != nil {
		return 0, err
	}
	t, err := schedule.ParseLocalTime(s)
	if err != nil {
		return 0, refuse("%q is not a time like 08:30", s)
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

// InputError says what is wrong with a client's own value, so it may be told.
type InputError struct{ Message string }

func (e *InputError) Error() string { return e.Message }

func refuse(format string, args ...any) error { return &InputError{fmt.Sprintf(format, args...)} }

func text(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", refuse("%s is not a string", kind(v))
	}
	return s, nil
}

// kind describes a value that is no string, without repeating what may be long or personal.
func kind(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return "a number"
	case int, int64, float64:
		return "a number"
	case nil:
		return "null"
	default:
		return "the value"
	}
}
