package schedule

import (
	"cmp"
	"fmt"
	"time"
)

// Date is a day of the civil calendar, without a zone. The zero value is no date; where a bound is optional it means none.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads "2026-11-22" (RFC 3339 full-date, years 0001 to 9999), and refuses days that don't exist.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return Date{}, fmt.Errorf("ParseDate(%q): not a date like 2026-11-22", s)
	}
	return dateOf(t), nil
}

// DateOf is the date that the wall clock of loc shows at t.
func DateOf(t time.Time, loc *time.Location) Date { return dateOf(t.In(loc)) }

func dateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String gives "2026-11-22", and "" for the zero value.
func (d Date) String() string {
	return string(d.Append(make([]byte, 0, len("2026-11-22"))))
}

// Append appends what String gives.
func (d Date) Append(b []byte) []byte {
	switch {
	case d.IsZero():
		return b
	case d.Year < 0 || d.Year > 9999:
		return fmt.Appendf(b, "%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
	}
	two := func(n int) { b = append(b, byte('0'+n/10), byte('0'+n%10)) }
	two(d.Year / 100)
	two(d.Year % 100)
	b = append(b, '-')
	two(int(d.Month))
	b = append(b, '-')
	two(d.Day)
	return b
}

// AddDays goes n days on, or back.
func (d Date) AddDays(n int) Date { return dateOf(d.utc().AddDate(0, 0, n)) }

// Sub is the number of days from o to d, negative if d is the earlier one.
func (d Date) Sub(o Date) int { return int((d.utc().Unix() - o.utc().Unix()) / 86400) }

// Weekday is d's day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Before reports whether d is earlier than o.
func (d Date) Before(o Date) bool { return d.Compare(o) < 0 }

// Compare is negative if d is earlier than o, zero if both are the same day, positive otherwise.
func (d Date) Compare(o Date) int {
	return cmp.Or(cmp.Compare(d.Year, o.Year), cmp.Compare(d.Month, o.Month), cmp.Compare(d.Day, o.Day))
}

// Midnight is the first instant at which the wall clock of loc shows d. That is 00:00 unless the clock skips it: where summer time begins
// at midnight it is 01:00, and where loc skipped the whole date it is the first instant of the next.
//
// time.Date doesn't do: it leaves open which instant it gives for a time that is skipped or repeated.
func (d Date) Midnight(loc *time.Location) time.Time {
	civil := d.utc().Unix()
	for at := time.Unix(civil, 0).Add(-36 * time.Hour).In(loc); ; {
		_, offset := at.Zone()
		first := time.Unix(civil-int64(offset), 0).In(loc)
		if first.Before(at) {
			first = at
		}
		change := clockChange(at)
		if change.IsZero() || first.Before(change) {
			return first
		}
		at = change
	}
}

// clockChange is the next instant at which the wall clock of at's zone may jump; zero where none comes soon.
func clockChange(at time.Time) time.Time {
	_, to := at.ZoneBounds()
	if !to.After(at) {
		return time.Time{} // by a zone's last rule, which holds from 2038 on, Go lets leap years end a day early, and then time stands
	}
	return to
}

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// MarshalText gives String; JSON uses it too.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDate reads, and "" as the zero value.
func (d *Date) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	*d, err = ParseDate(string(text))
	return err
}
