package kept_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// Nobody nudges when a window closes, a price begins or a hold expires: an answer is kept until the instant at which time
// alone makes it untrue, says so to others, and never for longer than ten seconds.
func TestTimeAloneEndsWhatIsKept(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		noon := suite.Start().Add(5 * time.Hour)
		clock := suite.NewClock(noon)
		p := suite.Serve(t, b, func(c *server.Config) { c.Options.Clock, c.Options.ClockMoved = clock.Now, nil }) // nothing is woken when it is moved
		admin, place := p.Staff("anna", "ADMIN@"+suite.ARS), p.Place()
		if b.Redis != nil {
			require.Eventually(t, func() bool { return metric(t, p, "nelke_relay_heard") == 1 }, patience, pause)
		}
		kept := func(document string) string { // as it comes from memory
			t.Helper()
			for range 2 {
				ask(t, p, http.MethodGet, document)
			}
			before := hits(t, p)
			a := ask(t, p, http.MethodGet, document)
			require.Equal(t, before+1, hits(t, p), document)
			return a.body
		}
		still := func(document, body, age string) {
			t.Helper()
			before := hits(t, p)
			a := ask(t, p, http.MethodGet, document)
			require.Equal(t, before+1, hits(t, p), "it is still true")
			require.Equal(t, body, a.body)
			require.Regexp(t, "^public, max-age="+age+"(, stale-if-error=[1-9][0-9]*)?$", a.header.Get("Cache-Control"))
		}
		anew := func(document, body string, same bool) {
			t.Helper()
			before := hits(t, p)
			a := ask(t, p, http.MethodGet, document)
			require.Equal(t, before, hits(t, p), "it is made anew")
			require.Equal(t, same, body == a.body, a.body)
		}

		open := `{ publicService(by: {slug: {municipality: "blomberg", service: "meldebescheinigung"}}) { id open } }`
		service := ask(t, p, http.MethodGet, open)
		admin.Do(`mutation($in: SetServiceStateInput!) { setServiceState(input: $in) { publicService { id } problems { code path } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "service": service.body[len(`{"data":{"publicService":{"id":"`):][:len("service_")+26], "open": true, "closesAt": noon.Add(5 * time.Second).Format(time.RFC3339),
		}}).OK("setServiceState.publicService.id")
		was := kept(open)
		require.Contains(t, was, `"open":true`)
		still(open, was, "2")
		clock.Advance(4 * time.Second)
		still(open, was, "1")
		clock.Advance(time.Second)
		anew(open, was, false)

		clock.Advance(10 * time.Second) // whatever it is made of is read again
		was = kept(open)
		clock.Advance(9 * time.Second)
		still(open, was, "2")
		clock.Advance(time.Second)
		anew(open, was, true)

		starts := fmt.Sprintf(`{ availability(input: {office: %q, concerns: [{service: %q}], days: 2}) { days { slots { start counters } } } }`, place.Office, place.Service)
		person := p.Case()
		person.Hold(place, person.Starts(place, 60)[0], suite.Key()).OK("holdSlot.appointment.id")
		clock.Advance(10*time.Minute - 3*time.Second) // a hold lasts ten minutes
		was = kept(starts)
		clock.Advance(2 * time.Second)
		still(starts, was, "1")
		clock.Advance(time.Second)
		anew(starts, was, false)

		clock.Set(time.Date(2026, time.November, 23, 23, 59, 55, 0, noon.Location()))
		free := `{ publicServices(first: 100) { facets { free } } }`
		admin.Do(`mutation($in: SetFeeInput!) { setFee(input: $in) { publicService { id } problems { code path } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "service": admin.Do(`{ publicServices(first: 1, filter: {free: true}) { nodes { id } } }`, nil).OK("publicServices.nodes.0.id").String(),
			"cents": 100, "validFrom": "2026-11-24", "legalBasis": suite.Vars{"de": "Satzung", "en": "By-law"},
		}}).OK("setFee.publicService.id")
		was = kept(free)
		clock.Advance(4 * time.Second)
		still(free, was, "1")
		clock.Advance(time.Second)
		anew(free, was, false)
	})
}
