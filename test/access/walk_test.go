package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// The ways out of states that the table names are there: each is taken in the running service.
func TestTheWaysOutAreThere(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.Clock.Set(w.Clock.Now().Add(70 * time.Minute)) // the office has opened
		staff := w.actors['S']
		starts := map[string]time.Time{}
		book := func() string {
			for at := w.Clock.Now().Truncate(5 * time.Minute).Add(5 * time.Minute); ; at = at.Add(5 * time.Minute) {
				document, vars := w.document("bookAppointmentFor", []suite.Vars{keyed(suite.Vars{
					"office": w.here.place.Office, "start": at.Format(time.RFC3339), "concerns": []suite.Vars{{"service": w.here.place.Other}},
					"channel": "IN_PERSON", "person": somebody(),
				})}, "{ id }")
				a := staff.Do(document, vars)
				if a.Problem() == "" {
					id := a.OK("m0.appointment.id").String()
					starts[id] = at
					return id
				}
				require.Less(t, at.Sub(w.Clock.Now()), 12*time.Hour, a.Raw)
			}
		}
		hold := func() string {
			other := w.here.place
			other.Service = other.Other
			starts := w.Anonymous().Starts(other, 5)
			return w.open(w.here).Hold(other, starts[len(starts)-1], suite.Key()).OK("holdSlot.appointment.id").String()
		}
		w.walks(t, "Appointment", "AppointmentStatus", map[string]func() string{"HELD": hold, "BOOKED": book}, func(id, mutation string) {
			if mutation == "recordNoShow" && w.Clock.Now().Before(starts[id]) {
				w.Clock.Set(starts[id])
			}
		}, func(id string) { // whoever is called leaves the counter
			document, vars := w.document("cancelAppointment", []suite.Vars{keyed(suite.Vars{"appointment": id})}, "{ id }")
			staff.Do(document, vars)
		})
		submitted := func() string { return w.open(w.here).Submitted(w.here.free).Get("id").String() }
		w.walks(t, "Application", "ApplicationStatus", map[string]func() string{"SUBMITTED": submitted}, func(string, string) {}, func(string) {})
	})
}
