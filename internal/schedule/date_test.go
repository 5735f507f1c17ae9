package schedule_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/internal/schedule"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func date(t testing.TB, s string) schedule.Date {
	t.Helper()
	d, err := schedule.ParseDate(s)
	require.NoError(t, err)
	return d
}

func TestDate(t *testing.T) {
	t.Parallel()

	t.Run("refuses what is no date", func(t *testing.T) {
		t.Parallel()
		for _, s := range []string{"", "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "0000-01-01", "26-01-01", "2026-11-22T00:00:00Z", " 2026-11-22"} {
			_, err := schedule.ParseDate(s)
			require.Error(t, err, s)
		}
	})

	t.Run("counts days over leap days and years", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "2028-02-29", date(t, "2028-02-28").AddDays(1).String())
		require.Equal(t, "2026-12-31", date(t, "2027-01-01").AddDays(-1).String())
		require.Equal(t, 366, date(t, "2029-01-01").Sub(date(t, "2028-01-01")))
		require.Equal(t, time.Sunday, date(t, "2026-11-22").Weekday())
		require.True(t, date(t, "2026-09-30").Before(date(t, "2026-10-01")))
		require.False(t, date(t, "2026-10-01").Before(date(t, "2026-10-01")))
		require.Positive(t, date(t, "2027-01-01").Compare(date(t, "2026-12-31")))
	})

	t.Run("is read back from JSON, absent ones too", func(t *testing.T) {
		t.Parallel()
		type rule struct {
			From schedule.Date
			To   schedule.Date
			At   schedule.LocalTime
		}
		text, err := json.Marshal(rule{From: date(t, "2026-11-22"), At: 510})
		require.NoError(t, err)
		require.JSONEq(t, `{"From":"2026-11-22","To":"","At":"08:30"}`, string(text))
		var back rule
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, rule{From: date(t, "2026-11-22"), At: 510}, back)
		require.Error(t, json.Unmarshal([]byte(`{"From":"2026-02-30"}`), &back))
		require.Error(t, json.Unmarshal([]byte(`{"At":"24:05"}`), &back))
	})

	t.Run("is what the wall clock shows, whatever the zone of the instant", func(t *testing.T) {
		t.Parallel()
		at := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)
		require.Equal(t, date(t, "2026-11-23"), schedule.DateOf(at, zone(t, "Europe/Berlin")))
		require.Equal(t, date(t, "2026-11-22"), schedule.DateOf(at, zone(t, "America/New_York")))
	})
}

func TestMidnight(t *testing.T) {
	t.Parallel()

	for _, c := range []struct{ zone, date, utc string }{
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"},
		{"Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"},
		{"Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z"},
		{"UTC", "2026-11-22", "2026-11-22T00:00:00Z"},
		{"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"},     // 00:00 is skipped: the day begins at 01:00
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"},   // 00:00 comes twice: the first
		{"America/Santiago", "2026-04-05", "2026-04-05T04:00:00Z"}, // the hour before comes twice
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},     // skipped as a whole: where the next begins
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
	} {
		t.Run(c.zone+" "+c.date+" begins at its first instant", func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.utc, date(t, c.date).Midnight(zone(t, c.zone)).UTC().Format(time.RFC3339))
		})
	}

	t.Run("is the instant before which the date is an earlier one", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			loc, err := time.LoadLocation(rapid.SampledFrom([]string{
				"Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "America/Santiago", "Asia/Kathmandu", "Pacific/Kiritimati",
			}).Draw(t, "zone"))
			require.NoError(t, err)
			d := schedule.Date{Year: 2026, Month: 1, Day: 1}.AddDays(rapid.IntRange(0, 730).Draw(t, "day"))
			midnight := d.Midnight(loc)
			require.Equal(t, d, schedule.DateOf(midnight, loc))
			require.True(t, schedule.DateOf(midnight.Add(-1), loc).Before(d))
			require.Zero(t, midnight.Unix()%300)
		})
	})
}

func TestEveryDayOfTheCenturyBeginsAtMidnight(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	for d := (schedule.Date{Year: 2026, Month: 1, Day: 1}); d.Year < 2101; d = d.AddDays(1) {
		require.Equal(t, time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, berlin), d.Midnight(berlin), d)
	}
}

func TestLocalTime(t *testing.T) {
	t.Parallel()

	for text, minutes := range map[string]schedule.LocalTime{"00:00": 0, "08:30": 510, "23:59": 1439, "24:00": 1440} {
		got, err := schedule.ParseLocalTime(text)
		require.NoError(t, err)
		require.Equal(t, minutes, got)
		require.Equal(t, text, got.String())
	}
	for _, text := range []string{"", "8:30", "24:01", "12:60", "-1:00", "08:30:00", "08.30", "08:30 "} {
		_, err := schedule.ParseLocalTime(text)
		require.Error(t, err, text)
	}
}

// What is read prints as it was written: there is one spelling of a date and of a time.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"2026-11-22", "2026-02-30", "0001-01-01", "08:30", "24:00", "8:30", "+1:30", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := schedule.ParseDate(s); err == nil {
			require.Equal(t, s, d.String())
			require.Equal(t, d, d.AddDays(1).AddDays(-1))
		}
		if at, err := schedule.ParseLocalTime(s); err == nil {
			require.Equal(t, s, at.String())
			require.LessOrEqual(t, at, schedule.LocalTime(1440))
		}
	})
}
