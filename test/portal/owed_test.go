package portal_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// owed are the notices that wait about an appointment, by kind, sorted.
func (w *world) owed(t *testing.T, appointment string) []string {
	t.Helper()
	rows, err := w.database.Query(`SELECT args ->> 'subject', args ->> 'notice' FROM river_job WHERE kind = 'deliver_notice'`)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	kinds := []string{}
	for rows.Next() {
		var subject, notice string
		require.NoError(t, rows.Scan(&subject, &notice))
		if subject == appointment {
			kinds = append(kinds, notice)
		}
	}
	require.NoError(t, rows.Err())
	slices.Sort(kinds)
	return kinds
}

// A booking and the notices that it calls for are one: there is no booking without them, and they without no booking.
func TestEveryDeliverNoticeAtIsAJobOfTheSameWrite(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.other.Hold(w.place, nine, suite.Key()).OK("holdSlot.appointment.id").String()
		require.Empty(t, w.owed(t, id))

		db := suite.OpenWriter(t, w.Config)
		trap := []string{`CREATE TRIGGER trap BEFORE INSERT ON river_job WHEN NEW.kind = 'deliver_notice' BEGIN SELECT RAISE(ABORT, 'trap'); END`}
		drop := `DROP TRIGGER trap`
		if w.Config.DatabaseURL != "" {
			trap = []string{
				`CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trap'; END $$`,
				`CREATE TRIGGER trap BEFORE INSERT ON river_job FOR EACH ROW WHEN (NEW.kind = 'deliver_notice') EXECUTE FUNCTION trap()`,
			}
			drop = `DROP TRIGGER trap ON river_job`
		}
		for _, statement := range trap {
			_, err := db.Exec(statement)
			require.NoError(t, err)
		}
		w.unchanged(t, func() { require.Equal(t, "INTERNAL", w.other.Book(w.place, id, suite.Key()).ErrorCode()) })
		_, err := db.Exec(drop)
		require.NoError(t, err)
		require.Empty(t, w.owed(t, id))

		w.other.Book(w.place, id, suite.Key()).OK("bookAppointment.appointment.id")
		require.Equal(t, []string{"appointment.booked", "appointment.reminder"}, w.owed(t, id))
		w.other.Reschedule(id, half, suite.Key()).OK("rescheduleAppointment.appointment.id")
		require.Equal(t, []string{"appointment.booked", "appointment.reminder", "appointment.reminder", "appointment.rescheduled"}, w.owed(t, id))
		refused(t, w.other.Reschedule(id, "2026-11-25T03:00:00+01:00", suite.Key()), "SLOT_NOT_OFFERED", "input.start")
		w.other.On("cancelAppointment", id, suite.Key()).OK("cancelAppointment.appointment.id")
		require.Equal(t, []string{"appointment.booked", "appointment.canceled", "appointment.reminder", "appointment.reminder", "appointment.rescheduled"}, w.owed(t, id))

		// A reminder comes on the day before, and not of a time that no longer stands.
		kept := w.other.Booked(w.place, nine).Get("id").String()
		w.Clock.Set(w.other.Instant(nine).Add(-24*time.Hour + time.Second))
		delivered := func(subject string) (n int) {
			require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM notices WHERE subject = $1 AND kind = 'appointment.reminder'`, subject).Scan(&n))
			return n
		}
		require.Eventually(t, func() bool { return delivered(kept) == 1 }, time.Minute, 20*time.Millisecond)
		require.Zero(t, delivered(id))
	})
}
