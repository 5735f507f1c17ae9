package access_test

import (
	"strings"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/identity"
	"nelke/test/suite"
)

// target is the id that a mutation on a town names: of its office, its counter, one of its services, or itself.
func (in *town) target(mutation string) string {
	switch mutation {
	case "openCase", "giveFeedback", "countVisit", "setPaymentMethods", "resetPaymentMethods", "setBanner", "removeBanner", "addPartner":
		return in.id
	case "holdSlot", "bookAppointmentFor", "addClosure", "addOpening", "setOpeningHours", "resetOpeningHours":
		return in.place.Office
	case "changeClosure", "removeClosure":
		return in.closure
	case "removeOpening":
		return in.opening
	case "callNext":
		return in.counters[1]
	case "startApplication":
		return in.free.Service
	case "setServiceState", "resetServiceState", "setFee", "removeFee":
		return in.other
	}
	return ""
}

// input is what a mutation needs beside its key, to write on the thing of that id, in a town. It is nil where the test
// has no such mutation.
func (w *world) input(mutation string, in *town, id string) suite.Vars {
	start := "2026-11-26T09:00:00+01:00"
	concerns := []suite.Vars{{"service": in.place.Other}}
	german := func(s string) suite.Vars { return suite.Vars{"de": s, "en": s} }
	switch mutation {
	case "setContact":
		return suite.Vars{
			"givenName": "Erika", "familyName": "Mustermann", "email": "erika@example.org", "phone": "+4952355040", "privacyNotice": in.place.Notice,
			"address": suite.Vars{"street": "Nederntor", "houseNumber": "14", "postalCode": "32825", "city": "Blomberg"},
		}

	case "confirmInformation", "submitApplication", "withdrawApplication", "claimApplication", "releaseApplication", "withdrawInformationRequest":
		return suite.Vars{"application": id}
	case "acknowledgePrivacyNotice":
		return suite.Vars{"application": id, "privacyNotice": in.place.Notice}
	case "saveAnswers":
		return suite.Vars{"application": id, "revision": 1, "answers": in.paid.Accepted[1]}
	case "reviewApplication":
		return suite.Vars{"application": id, "revision": 1}
	case "answerRequest":
		return suite.Vars{"application": id, "message": "Ja."}
	case "requestInformation":
		return suite.Vars{"application": id, "question": "Für wen?"}
	case "recordInformationAnswer":
		return suite.Vars{"application": id, "channel": "PHONE", "message": "Ja.", "answers": in.free.Accepted[1]}
	case "reopenApplication":
		return suite.Vars{"application": id, "reason": "Ein Irrtum."}
	case "completeApplication":
		return suite.Vars{"application": id, "dispatch": suite.Vars{}}
	case "rejectApplication":
		return suite.Vars{"application": id, "reason": "Nein."}

	case "startPayment":
		return suite.Vars{"application": id, "method": "CREDIT_CARD"}
	case "cancelPayment", "refundPayment", "undoRecordRefund":
		return suite.Vars{"payment": id}
	case "recordRefund":
		return suite.Vars{"payment": id, "note": "Überweisung"}

	case "extendHold", "releaseHold", "cancelAppointment", "checkIn", "undoCheckIn", "callAgain", "undoCall", "completeAppointment", "recordNoShow",
		"cancelAppointmentsOfCase":
		return suite.Vars{"appointment": id}
	case "callAppointment":
		return suite.Vars{"appointment": id, "counter": in.counters[1]}
	case "correctAppointment":
		return suite.Vars{"appointment": id, "person": somebody(), "reminder": true}
	case "bookAppointment":
		return suite.Vars{"appointment": id, "privacyNotice": in.place.Notice, "person": somebody(), "reminder": true}
	case "rescheduleAppointment":
		return suite.Vars{"appointment": id, "start": start}

	case "openCase":
		return suite.Vars{"municipality": suite.Vars{"id": id}, "caseKey": identity.NewCaseKey()}
	case "countVisit":
		return suite.Vars{"municipality": suite.Vars{"id": id}, "service": in.other, "page": "SERVICE"}
	case "giveFeedback":
		return suite.Vars{
			"municipality": suite.Vars{"id": id}, "service": in.other, "about": "APPLICATION", "step": "ANSWERS", "satisfaction": 4, "message": "Gut zu verstehen.",
		}
	case "addPartner":
		return suite.Vars{"municipality": id, "name": "Portal", "scopes": []string{"CATALOGUE_BULK"}}
	case "updatePartner":
		return suite.Vars{"partner": id, "name": "Portal Lippe", "scopes": []string{"WEBHOOKS_MANAGE"}, "status": "ACTIVE"}
	case "addPartnerKey":
		return suite.Vars{"partner": id, "label": "Server", "key": identity.NewPartnerKey()}
	case "revokePartnerKey":
		return suite.Vars{"key": id}
	case "addWebhookEndpoint":
		return suite.Vars{"partner": id, "url": w.receiver, "types": []string{"OFFICE"}, "secret": identity.NewCaseKey()}
	case "updateWebhookEndpoint":
		return suite.Vars{"endpoint": id, "url": w.receiver, "types": []string{"OFFICE"}, "secret": identity.NewCaseKey(), "status": "ACTIVE"}
	case "removeWebhookEndpoint", "replayWebhook", "pingWebhook":
		return suite.Vars{"endpoint": id}
	case "holdSlot":
		return suite.Vars{"office": id, "start": start, "concerns": concerns}
	case "bookAppointmentFor":
		return suite.Vars{"office": id, "start": start, "concerns": concerns, "channel": "PHONE", "person": somebody()}
	case "startApplication":
		return suite.Vars{"service": id}
	case "callNext":
		return suite.Vars{"counter": id}
	case "setServiceState":
		return suite.Vars{
			"service": id, "open": true, "opensAt": "2026-11-01T00:00:00+01:00", "closesAt": "2026-12-31T00:00:00+01:00", "message": german("Bis Jahresende"),
		}
	case "setFee":
		return suite.Vars{"service": id, "cents": 100, "furtherCopyCents": 50, "legalBasis": german("Gebührensatzung"), "validFrom": "2027-01-01"}
	case "removeFee":
		return suite.Vars{"service": id, "validFrom": "2027-01-01"}
	case "resetServiceState":
		return suite.Vars{"service": id}
	case "setBanner":
		return suite.Vars{
			"municipality": id, "text": german("Wartung"), "from": "2026-11-01T00:00:00+01:00", "to": "2027-01-01T00:00:00+01:00",
		}
	case "resetPaymentMethods", "removeBanner":
		return suite.Vars{"municipality": id}
	case "setPaymentMethods":
		return suite.Vars{"municipality": id, "methods": []suite.Vars{
			{"method": "PAYPAL", "validFrom": "2026-01-01", "validTo": "2030-12-31"}, {"method": "CREDIT_CARD"},
		}}
	case "addClosure":
		return suite.Vars{
			"office": id, "counter": in.counters[2], "from": "2026-12-28", "to": "2026-12-29", "hours": suite.Vars{"from": "09:00", "to": "10:00"},
			"reason": german("Wartung"),
		}
	case "changeClosure":
		return suite.Vars{"closure": id, "from": "2026-12-23", "to": "2026-12-24", "reason": german("Weihnachten")}
	case "removeClosure":
		return suite.Vars{"closure": id}
	case "addOpening":
		return suite.Vars{
			"office": id, "from": "2027-01-01", "to": "2027-01-01", "hours": []suite.Vars{{"from": "09:00", "to": "12:00"}}, "reason": german("Wahl"),
		}
	case "removeOpening":
		return suite.Vars{"opening": id}
	case "resetOpeningHours":
		return suite.Vars{"office": id, "validFrom": "2027-01-04"}
	case "setOpeningHours":
		var hours []suite.Vars // those of the counters with hours of their own stay inside
		for _, day := range []string{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"} {
			hours = append(hours, suite.Vars{"weekday": day, "from": "08:00", "to": "18:00"})
		}
		return suite.Vars{"office": id, "validFrom": "2027-01-04", "hours": hours}
	}
	return nil
}

// unknown is an id of the same kind that nothing has.
func unknown(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	return prefix + "_01kaqd0000e8ar0000000000zz"
}

// document is a mutation, as many times as there are inputs $in0, $in1, …, with a selection of what it carries.
func (s shape) document(mutation string, inputs []suite.Vars, carried string) (string, suite.Vars) {
	var head, body strings.Builder
	vars := suite.Vars{}
	if !s.graph.object(s.graph.result(mutation).Type.Name()) {
		carried = ""
	}
	keys := s.graph.field(strings.Trim(s.graph.input(mutation), "!"), "idempotencyKey") != nil
	for i, input := range inputs {
		n := string(rune('0' + i))
		if !keys {
			delete(input, "idempotencyKey")
		}
		vars["in"+n] = input
		head.WriteString("$in" + n + ": " + s.graph.input(mutation) + " ")
		body.WriteString("m" + n + ": " + mutation + "(input: $in" + n + ") { __typename " + s.graph.result(mutation).Name + " " + carried + " problems " + problems + "} ")
	}
	return s.complete("mutation(" + head.String() + ") { " + body.String() + "}"), vars
}

// keyed is an input with a key of its own.
func keyed(input suite.Vars) suite.Vars {
	out := suite.Vars{"idempotencyKey": suite.Key()}
	for name, v := range input {
		out[name] = v
	}
	return out
}

// mutate runs a mutation that must take place, and gives its payload.
func (w *world) mutate(c *suite.Client, mutation string, input suite.Vars) gjson.Result {
	document, vars := w.document(mutation, []suite.Vars{keyed(input)}, "{ __typename id }")
	a := c.Do(document, vars)
	require.Empty(w.Test(), a.Problem(), "%s: %s", mutation, a.Raw)
	return a.OK("m0")
}

// does is mutate for somebody of the table: that it took place is noted, and that the caller got what was written.
func (w *world) does(actor byte, mutation string, input suite.Vars) gjson.Result {
	payload := w.mutate(w.actors[actor], mutation, input)
	w.took(actor, mutation, payload)
	return payload
}

// took notes that a mutation took place.
func (w *world) took(actor byte, mutation string, payload gjson.Result) {
	if w.succeeded[mutation] == nil {
		w.succeeded[mutation] = map[byte]bool{}
	}
	w.succeeded[mutation][actor] = true
	field := w.graph.result(mutation)
	if v := payload.Get(field.Name); v.IsObject() || v.IsArray() {
		w.note(actor, joined(payload.Get("__typename").String(), field.Name), "written")
	}
}
