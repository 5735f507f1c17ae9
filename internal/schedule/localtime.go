package schedule

import (
	"fmt"
	"time"
)

// LocalTime is a wall-clock time as minutes since 00:00, from 0 to 1440. 1440 is "24:00", the end of a day.
type LocalTime int

const dayEnd LocalTime = 24 * 60

// ParseLocalTime reads "08:30", two digits each, up to "24:00".
func ParseLocalTime(s string) (LocalTime, error) {
	if s == "24:00" {
		return dayEnd, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") { // time.Parse takes "8:30" too
		return 0, fmt.Errorf("ParseLocalTime(%q): not a time like 08:30", s)
	}
	return LocalTime(t.Hour()*60 + t.Minute()), nil
}

// String gives "08:30".
func (t LocalTime) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// MarshalText gives String; JSON uses it too.
func (t LocalTime) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what ParseLocalTime reads.
func (t *LocalTime) UnmarshalText(text []byte) (err error) {
	*t, err = ParseLocalTime(string(text))
	return err
}
