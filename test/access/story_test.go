package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// stories has everybody do, for once and for real, all that the table lets them do: with things made for it, in the state
// in which the mutation takes place.
func (w *world) stories(t *testing.T) {
	t.Helper()
	var late []string
	stories := []struct {
		person        byte
		in            *town
		staff, refund string
	}{
		{'H', w.here, "CSA", "SA"},
		{'O', w.here, "C", ""},
		{'E', w.elsewhere, "F", ""},
	}
	for _, s := range stories {
		w.applies(s.person, s.in, s.staff, s.refund)
		late = append(late, w.books(s.person, s.in, s.staff)...)
	}
	w.Clock.Advance(12 * time.Hour)
	for _, s := range stories {
		for _, actor := range []byte(s.staff) {
			w.does(actor, "recordNoShow", suite.Vars{"appointment": late[0]})
			late = late[1:]
		}
	}
	document, vars := w.document("countVisit", []suite.Vars{w.input("countVisit", w.here, unknown(w.here.id))}, "")
	w.object('N', "CountVisitPayload", w.actors['N'].For(t).Do(document, vars).Clean().Get("data.m0"), "")
	for _, mutation := range []string{"openCase", "giveFeedback"} {
		w.tooMany(t, mutation)
	}
	for _, r := range w.table.mutations() {
		for i := range r.section.columns {
			for _, actor := range w.table.actors {
				if letter := actor.name[0]; r.sees(letter, i) {
					w.checks++
					require.True(t, w.succeeded[r.mutation()][letter], "the test never had %c do %s", letter, r.mutation())
				}
			}
		}
	}
}

// tooMany runs a mutation that is anybody's until that is too often.
func (w *world) tooMany(t *testing.T, mutation string) {
	t.Helper()
	for range openings {
		document, vars := w.document(mutation, []suite.Vars{keyed(w.input(mutation, w.here, w.here.id))}, "{ id }")
		a := w.actors['N'].For(t).Do(document, vars)
		if a.Problem() == "RATE_LIMITED" {
			w.object('N', a.Get("data.m0.__typename").String(), a.Get("data.m0"), "")
			return
		}
	}
	require.Fail(t, "nobody was told that it is too many", mutation)
}

// applies makes applications of a person, with each of the staff, and of refunds by those who may.
func (w *world) applies(person byte, in *town, staff, refund string) {
	does := func(actor byte, mutation, id string) string {
		return w.does(actor, mutation, w.input(mutation, in, id)).Get(w.graph.result(mutation).Name + ".id").String()
	}
	ready := func() string {
		id := does(person, "startApplication", in.free.Service)
		does(person, "confirmInformation", id)
		does(person, "acknowledgePrivacyNotice", id)
		w.does(person, "saveAnswers", suite.Vars{"application": id, "revision": 0, "answers": in.free.Accepted[0]})
		return does(person, "reviewApplication", id)
	}
	does(person, "setContact", "")
	does(person, "withdrawApplication", ready())
	paid := w.actors[person].Reviewed(in.paid, in.paid.Accepted[0])
	does(person, "cancelPayment", does(person, "startPayment", paid))
	for i := range len(staff) {
		id := does(person, "submitApplication", ready())
		does(staff[i], "claimApplication", id)
		does(staff[i], "requestInformation", id)
		does(person, "answerRequest", id)
		does(staff[i], "releaseApplication", id)
		does(staff[i], "claimApplication", id)
		does(staff[i], "requestInformation", id)
		does(staff[i], "withdrawInformationRequest", id)
		does(staff[i], "requestInformation", id)
		does(staff[i], "recordInformationAnswer", id)
		does(staff[i], "completeApplication", id)
		for k := range len(refund) {
			does(refund[k], "reopenApplication", id)
			does(staff[i], "completeApplication", id)
		}
		id = does(person, "submitApplication", ready())
		does(staff[i], "claimApplication", id)
		does(staff[i], "rejectApplication", id)
	}
	for i := range len(refund) {
		id, payment := w.bought(w.actors[person], in)
		w.stuck.Store(payment, true)
		does(person, "submitApplication", id)
		does(refund[i], "refundPayment", payment)
		does(refund[i], "recordRefund", payment)
		does(refund[i], "undoRecordRefund", payment)
	}
}

// books makes appointments of a person, with each of the staff. It gives those to which, for each of the staff, the
// person won't come.
func (w *world) books(person byte, in *town, staff string) (late []string) {
	concerns := []suite.Vars{{"service": in.place.Other}}
	does := func(actor byte, mutation, id string) string {
		return w.does(actor, mutation, w.input(mutation, in, id)).Get("appointment.id").String()
	}
	hold := func() string {
		return w.does(person, "holdSlot", suite.Vars{"office": in.place.Office, "start": w.next(in), "concerns": concerns}).Get("appointment.id").String()
	}
	move := func(actor byte, id string) {
		w.does(actor, "rescheduleAppointment", suite.Vars{"appointment": id, "start": w.next(in)})
		does(actor, "cancelAppointment", id)
	}
	does(person, "releaseHold", does(person, "extendHold", hold()))
	for i := range len(staff) {
		late = append(late, does(person, "bookAppointment", hold()))
		here := does(person, "bookAppointment", hold())
		does(staff[i], "correctAppointment", here)
		does(staff[i], "undoCheckIn", does(staff[i], "checkIn", here))
		does(staff[i], "checkIn", here)
		does(staff[i], "undoCall", does(staff[i], "callAgain", does(staff[i], "callNext", in.counters[1])))
		does(staff[i], "completeAppointment", does(staff[i], "callAppointment", here))
	}
	move(person, does(person, "correctAppointment", does(person, "bookAppointment", hold())))
	for i := range len(staff) {
		move(staff[i], w.does(staff[i], "bookAppointmentFor", suite.Vars{
			"office": in.place.Office, "start": w.next(in), "concerns": concerns, "channel": "PHONE", "person": somebody(),
		}).Get("appointment.id").String())
	}
	for _, actor := range []byte(staff) {
		if actor == 'S' || actor == 'A' {
			w.cancelsAll(actor, in)
		}
	}
	return late
}

// cancelsAll has somebody cancel the appointments of a case that has a hold and a booking.
func (w *world) cancelsAll(actor byte, in *town) {
	person := w.open(in)
	person.Booked(in.place, w.next(in))
	held := person.Hold(in.place, w.next(in), suite.Key()).OK("holdSlot.appointment.id").String()
	payload := w.actors[actor].Do(`mutation($in: CancelAppointmentsOfCaseInput!) {
		cancelAppointmentsOfCase(input: $in) { __typename appointments { __typename } remaining problems { __typename } }
	}`, suite.Vars{"in": keyed(suite.Vars{"appointment": held})}).OK("cancelAppointmentsOfCase")
	require.Len(w.Test(), payload.Get("appointments").Array(), 2, payload.Raw)
	w.took(actor, "cancelAppointmentsOfCase", payload)
	w.object(actor, "CanceledAppointmentsPayload", payload, "")
}
