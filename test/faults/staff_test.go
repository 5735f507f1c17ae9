package faults

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/testbed"
	"nelke/test/suite"
)

// desk is what staff of a town have before them.
type desk struct {
	appointment, application, payment string
	place                             suite.Place
	counter                           string
}

func newDesk(t *testing.T, process *suite.Process, bank *suite.Bank) desk {
	t.Helper()
	d := desk{place: process.Place()}
	starts := process.Anonymous().Starts(d.place, 2)
	d.appointment = process.Case().Booked(d.place, starts[len(starts)-1]).Get("id").String()
	d.counter = process.Anonymous().Do(`{ municipality(by: {slug: "blomberg"}) { offices { counters { id } } } }`, nil).
		OK("municipality.offices.0.counters.0.id").String()
	owner, filing := process.Case(), process.Filing("meldebescheinigung")
	d.application = owner.Reviewed(filing, filing.Accepted[0])
	begun := owner.Mutate("startPayment", suite.Vars{
		"application": d.application, "method": "CREDIT_CARD", "returnUrl": process.Config.PublicURL + "/done",
	}).OK("startPayment.payment")
	d.payment = begun.Get("id").String()
	bank.Paid(process, d.payment)
	owner.Mutate("submitApplication", suite.Vars{"application": d.application}).OK("submitApplication.application")
	return d
}

// TestStaffInAnOutage asks all that staff ask, and writes all that they write, while the database is away for longer than
// anything is remembered. Nothing reads as if it weren't there.
func TestStaffInAnOutage(t *testing.T) {
	t.Parallel()
	db, bank := testbed.OwnPostgres(t), suite.NewBank(t)
	p := at(settings{Data: t.TempDir(), DatabaseURL: db.URL()}, nil)
	process := p.serve(t, bank.Takes)
	d := newDesk(t, process, bank)
	people := map[string]*suite.Client{"clerk": process.Clerk()}
	for name, role := range map[string]string{"supervisor": "SUPERVISOR", "admin": "ADMIN"} {
		people[name] = process.Staff(name, role+"@"+suite.ARS)
	}

	reads := map[string]string{
		"appointment": `appointment(id: "` + d.appointment + `") { status }`,
		"application": `application(id: "` + d.application + `") { status }`,
		"payment":     `payment(id: "` + d.payment + `") { status }`,
		"board":       `appointmentBoard(office: "` + d.place.Office + `", date: "2026-11-24") { waiting }`,
		"queue":       `workQueue(input: {municipality: {slug: "blomberg"}}) { nodes { id } }`,
		"node":        `node(id: "` + d.application + `") { id }`,
		"partners":    `partners(municipality: {slug: "blomberg"}) { nodes { id } }`,
		"own roles":   `viewer { roles { role } }`,
		"several":     `a: appointment(id: "` + d.appointment + `") { id } b: application(id: "` + d.application + `") { id }`,
		"entity":      `_entities(representations: [{__typename: "Appointment", id: "` + d.appointment + `"}]) { __typename }`,
	}
	watches := map[string]*suite.Stream{}
	for name := range people {
		for _, root := range []string{"appointment", "application", "payment", "board", "queue"} {
			s := people[name].Subscribe(`subscription { `+reads[root]+` }`, nil)
			require.NotEqual(t, gjson.Null, s.Next().Get("data.*").Type, "%s %s", name, root)
			watches[name+" "+root] = s
		}
	}

	db.Kill()
	p.clock.Set(p.clock.Now().Add(time.Minute)) // longer than anything is remembered
	for name, person := range people {
		for root, read := range reads {
			a := person.Do(`{ `+read+` }`, nil)
			require.Equal(t, "UNAVAILABLE", a.ErrorCode(), "%s %s: %s", name, root, a.Raw)
			require.Equal(t, http.StatusServiceUnavailable, a.Status, "%s %s", name, root)
			require.NotEmpty(t, a.Header.Get("Retry-After"))
		}
		for what, a := range map[string]*suite.Answer{
			"checkIn":               person.On("checkIn", d.appointment, suite.Key()),
			"cancelAppointment":     person.On("cancelAppointment", d.appointment, suite.Key()),
			"completeAppointment":   person.On("completeAppointment", d.appointment, suite.Key()),
			"recordNoShow":          person.On("recordNoShow", d.appointment, suite.Key()),
			"callNext":              person.CallNext(d.counter, suite.Key()),
			"reschedule":            person.Reschedule(d.appointment, "2026-11-25T09:00:00+01:00", suite.Key()),
			"claimApplication":      person.Mutate("claimApplication", suite.Vars{"application": d.application}),
			"completeApplication":   person.Mutate("completeApplication", suite.Vars{"application": d.application}),
			"refundPayment":         person.Mutate("refundPayment", suite.Vars{"payment": d.payment}),
			"setOpeningHours":       person.Do(`mutation { setOpeningHours(input: {idempotencyKey: "`+suite.Key()+`", office: "`+d.place.Office+`", validFrom: "2027-01-01", hours: [{weekday: MONDAY, from: "08:00", to: "12:00"}]}) { problems { code } } }`, nil),
			"removePartner, absent": person.Do(`mutation { updatePartner(input: {idempotencyKey: "`+suite.Key()+`", partner: "part_x", name: "x"}) { problems { code } } }`, nil),
		} {
			require.Equal(t, "UNAVAILABLE", a.ErrorCode(), "%s %s: %s", name, what, a.Raw)
			require.Equal(t, http.StatusServiceUnavailable, a.Status, "%s %s", name, what)
		}
	}
	process.Clock.Advance(0) // has subscriptions read, and fail

	db.Restart()
	require.Eventually(t, func() bool { return ready(t, process) == http.StatusOK }, patience, 20*time.Millisecond)
	clerk := people["clerk"]
	clerk.Mutate("claimApplication", suite.Vars{"application": d.application}).OK("claimApplication.application")
	clerk.On("cancelAppointment", d.appointment, suite.Key()).OK("cancelAppointment.appointment")
	people["supervisor"].Mutate("refundPayment", suite.Vars{"payment": d.payment}).OK("refundPayment.payment")
	for name := range people {
		watches[name+" appointment"].Until(func(m gjson.Result) bool { return m.Get("data.appointment.status").String() == "CANCELED" })
		watches[name+" application"].Until(func(m gjson.Result) bool { return m.Get("data.application.status").String() == "IN_PROGRESS" })
		watches[name+" payment"].Until(func(m gjson.Result) bool {
			return m.Get("data.payment.status").String() == "REFUND_DUE" || m.Get("data.payment.status").String() == "REFUNDED"
		})
	}
}
