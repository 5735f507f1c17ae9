package portal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// A typing error in a booking is corrected without booking anew, by the person or the staff, and messages go to the new address.
func TestABookingIsCorrected(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		read := func(id string) string {
			return w.clerk.Do(`query($id: ID!) { appointment(id: $id) { status start reminder person { givenName familyName email phone } } }`, suite.Vars{"id": id}).OK("appointment").Raw
		}
		start, later := "2026-11-24T10:00:00+01:00", "2026-11-24T10:30:00+01:00" // reminded of in three hours
		id := w.other.Booked(w.place, start).Get("id").String()
		key := suite.Key()
		right := suite.Vars{"givenName": "Erika", "familyName": "Muster", "email": "erika@example.net", "phone": "+4952355040"}
		require.Equal(t, "Muster", w.other.Correct(id, right, true, key).OK("correctAppointment.appointment.person.familyName").String())
		want := `{"status": "BOOKED", "start": "` + start + `", "reminder": true, "person": {"givenName": "Erika", "familyName": "Muster", "email": "erika@example.net", "phone": "+4952355040"}}`
		require.JSONEq(t, want, read(id))
		w.unchanged(t, func() { w.other.Correct(id, right, true, key).OK("correctAppointment.appointment.id") })
		require.Equal(t, []string{"appointment.booked", "appointment.corrected", "appointment.reminder", "appointment.reminder"}, w.owed(t, id))

		require.NoError(t, w.database.QueryRow(`SELECT subject FROM events WHERE action = 'appointment.corrected' AND actor = 'person' AND before = 'BOOKED' AND after = 'BOOKED'`).Scan(new(string)))
		w.unchanged(t, func() {
			refused(t, w.other.Correct(id, with(right, "givenName", "", "familyName", ""), true, suite.Key()), "INVALID_INPUT", "input.person.familyName")
			refused(t, w.other.Correct(id, with(right, "email", nil), true, suite.Key()), "INVALID_INPUT", "input.person.email")
			refused(t, w.holder.Correct(id, right, true, suite.Key()), "NOT_FOUND", "input.appointment")
			refused(t, w.foreign.Correct(id, right, true, suite.Key()), "NOT_FOUND", "input.appointment")
			refused(t, w.holder.Correct(w.held, right, true, suite.Key()), "WRONG_STATE", "input.appointment")
			refused(t, w.clerk.Correct(w.held, right, true, suite.Key()), "WRONG_STATE", "input.appointment")
		})

		t.Run("reminded once, and only while it is wished", func(t *testing.T) {
			w := w.in(t)
			off := w.holder.Booked(w.place, later).Get("id").String()
			w.holder.Correct(off, right, false, suite.Key()).OK("correctAppointment.appointment.id")
			w.Clock.Set(w.other.Instant(later).Add(-24*time.Hour + time.Second))
			reminded := func(subject string) (n int) {
				require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM notices WHERE subject = $1 AND kind = 'appointment.reminder'`, subject).Scan(&n))
				return n
			}
			waiting := func() (text string) {
				rows, err := w.database.Query(`SELECT (args ->> 'subject') || ' ' || (args ->> 'notice') || ' ' || state || ' ' || CAST(scheduled_at AS text) FROM river_job WHERE kind = 'deliver_notice' AND state <> 'completed'`)
				require.NoError(t, err)
				defer rows.Close()
				for rows.Next() {
					var line string
					require.NoError(t, rows.Scan(&line))
					text += line + "\n"
				}
				require.NoError(t, rows.Err())
				return text
			}
			deadline := time.Now().Add(time.Minute)
			for reminded(id) != 1 || waiting() != "" {
				require.True(t, time.Now().Before(deadline), "%d reminded, and these wait:\n%s", reminded(id), waiting())
				<-time.After(20 * time.Millisecond)
			}
			require.Equal(t, 1, reminded(id), "though both writes asked for it")
			require.Zero(t, reminded(off))
		})
		t.Run("once it has begun by staff alone", func(t *testing.T) {
			w := w.in(t)
			w.Clock.Set(w.other.Instant(start))
			clerk := w.Clerk().For(t)
			w.unchanged(t, func() {
				refused(t, w.other.Correct(id, right, false, suite.Key()), "WRONG_STATE", "input.appointment")
			})
			clerk.Correct(id, with(right, "familyName", "Mustermann"), false, suite.Key()).OK("correctAppointment.appointment.id")
			clerk.On("checkIn", id, suite.Key()).OK("checkIn.appointment.id")
			require.Equal(t, "CHECKED_IN", status(clerk.Correct(id, with(right, "familyName", "Müller"), false, suite.Key()), "correctAppointment"))
			clerk.On("cancelAppointment", id, suite.Key()).OK("cancelAppointment.appointment.id")
			w.unchanged(t, func() { refused(t, clerk.Correct(id, right, false, suite.Key()), "WRONG_STATE", "input.appointment") })
			_, faults, err := server.Audit(t.Context(), w.Config)
			require.NoError(t, err)
			require.Empty(t, faults)
		})
	})
}
