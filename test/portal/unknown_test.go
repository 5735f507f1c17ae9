package portal_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// Ids that lead nowhere, or to what isn't the caller's, read alike in every write and leave nothing behind.
func TestWritesByAWrongIDAreNotFound(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		start := "2026-11-25T09:00:00+01:00"
		concerns := []suite.Vars{{"service": w.place.Service}}
		rows := []struct {
			mutation, path string
			as             *suite.Client
			prefix         string
			input          func(id string) suite.Vars
		}{
			{"openCase", "input.municipality", w.anonymous, "municipality", func(id string) suite.Vars {
				return suite.Vars{"municipality": suite.Vars{"id": id}, "caseKey": caseKey()}
			}},
			{"holdSlot", "input.office", w.holder, "office", func(id string) suite.Vars {
				return suite.Vars{"office": id, "start": start, "concerns": concerns}
			}},
			{"holdSlot", "input.concerns.0.service", w.holder, "service", func(id string) suite.Vars {
				return suite.Vars{"office": w.place.Office, "start": start, "concerns": []suite.Vars{{"service": id}}}
			}},
			{"extendHold", "input.appointment", w.holder, "appointment", appointment},
			{"releaseHold", "input.appointment", w.holder, "appointment", appointment},
			{"bookAppointment", "input.appointment", w.holder, "appointment", func(id string) suite.Vars {
				return suite.Vars{"appointment": id, "privacyNotice": w.place.Notice, "person": person()}
			}},
			{"rescheduleAppointment", "input.appointment", w.holder, "appointment", func(id string) suite.Vars {
				return suite.Vars{"appointment": id, "start": start}
			}},
			{"cancelAppointment", "input.appointment", w.holder, "appointment", appointment},
			{"bookAppointmentFor", "input.office", w.clerk, "office", func(id string) suite.Vars {
				return suite.Vars{"office": id, "start": start, "concerns": concerns, "channel": "PHONE", "person": person()}
			}},
			{"bookAppointmentFor", "input.concerns.0.service", w.clerk, "service", func(id string) suite.Vars {
				return suite.Vars{"office": w.place.Office, "start": start, "concerns": []suite.Vars{{"service": id}}, "channel": "PHONE", "person": person()}
			}},
			{"correctAppointment", "input.appointment", w.holder, "appointment", func(id string) suite.Vars {
				return suite.Vars{"appointment": id, "person": person()}
			}},
			{"undoCheckIn", "input.appointment", w.clerk, "appointment", appointment},
			{"callAgain", "input.appointment", w.clerk, "appointment", appointment},
			{"undoCall", "input.appointment", w.clerk, "appointment", appointment},
			{"callAppointment", "input.appointment", w.clerk, "appointment", func(id string) suite.Vars {
				return suite.Vars{"appointment": id, "counter": w.counters[0]}
			}},
			{"callAppointment", "input.counter", w.clerk, "counter", func(id string) suite.Vars {
				return suite.Vars{"appointment": w.booked, "counter": id}
			}},
			{"checkIn", "input.appointment", w.clerk, "appointment", appointment},
			{"completeAppointment", "input.appointment", w.clerk, "appointment", appointment},
			{"recordNoShow", "input.appointment", w.clerk, "appointment", appointment},
			{"callNext", "input.counter", w.clerk, "counter", func(id string) suite.Vars { return suite.Vars{"counter": id} }},
			{"setServiceState", "input.service", w.admin, "service", func(id string) suite.Vars {
				return suite.Vars{"service": id, "open": false}
			}},
			{"setFee", "input.service", w.admin, "service", func(id string) suite.Vars {
				return suite.Vars{"service": id, "cents": 1, "legalBasis": basis(), "validFrom": "2027-01-01"}
			}},
			{"removeFee", "input.service", w.admin, "service", func(id string) suite.Vars {
				return suite.Vars{"service": id, "validFrom": "2027-01-01"}
			}},
			{"resetServiceState", "input.service", w.admin, "service", func(id string) suite.Vars { return suite.Vars{"service": id} }},
			{"resetPaymentMethods", "input.municipality", w.admin, "municipality", func(id string) suite.Vars { return suite.Vars{"municipality": id} }},
			{"changeClosure", "input.closure", w.admin, "closure", func(id string) suite.Vars {
				return suite.Vars{"closure": id, "from": "2027-01-11", "to": "2027-01-11", "reason": basis()}
			}},
			{"removeClosure", "input.closure", w.admin, "closure", func(id string) suite.Vars { return suite.Vars{"closure": id} }},
			{"addOpening", "input.office", w.admin, "office", func(id string) suite.Vars { return w.opening("office", id) }},
			{"addOpening", "input.counter", w.admin, "counter", func(id string) suite.Vars { return w.opening("counter", id) }},
			{"removeOpening", "input.opening", w.admin, "dayopening", func(id string) suite.Vars { return suite.Vars{"opening": id} }},
			{"resetOpeningHours", "input.office", w.admin, "office", func(id string) suite.Vars {
				return suite.Vars{"office": id, "validFrom": "2027-01-04"}
			}},
			{"resetOpeningHours", "input.counter", w.admin, "counter", func(id string) suite.Vars {
				return suite.Vars{"office": w.place.Office, "counter": id, "validFrom": "2027-01-04"}
			}},
			{"setPaymentMethods", "input.municipality", w.admin, "municipality", func(id string) suite.Vars {
				return suite.Vars{"municipality": id, "methods": []suite.Vars{}}
			}},
			{"setBanner", "input.municipality", w.admin, "municipality", func(id string) suite.Vars {
				return suite.Vars{"municipality": id, "text": basis()}
			}},
			{"removeBanner", "input.municipality", w.admin, "municipality", func(id string) suite.Vars { return suite.Vars{"municipality": id} }},
			{"addClosure", "input.office", w.admin, "office", func(id string) suite.Vars { return with(w.closure(), "office", id) }},
			{"addClosure", "input.counter", w.admin, "counter", func(id string) suite.Vars { return with(w.closure(), "counter", id) }},
			{"setOpeningHours", "input.office", w.admin, "office", func(id string) suite.Vars { return with(w.week(), "office", id) }},
			{"setOpeningHours", "input.counter", w.admin, "counter", func(id string) suite.Vars { return with(w.week(), "counter", id) }},
		}
		for _, row := range rows {
			for name, id := range w.never(row.prefix) {
				t.Run(row.mutation+" "+row.prefix+" "+name, func(t *testing.T) {
					w.unchanged(t, func() {
						refused(t, mutate(row.as.For(t), row.mutation, row.input(id)), "NOT_FOUND", row.path)
					})
				})
			}
		}
	})
}

func appointment(id string) suite.Vars { return suite.Vars{"appointment": id} }

func basis() suite.Vars { return suite.Vars{"de": "Gebührensatzung", "en": "By-law"} }

// What somebody may not do, they may not do; and who may not see it either, learns nothing.
func TestWritesAreRefusedToThoseWhoMayNot(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		start := "2026-11-25T09:00:00+01:00"
		concerns := []suite.Vars{{"service": w.place.Service}}
		plan(w.admin, "addOpening", w.opening()).OK("addOpening.office.id")
		inputs := map[string]suite.Vars{
			"setContact":            {"givenName": "Erika", "familyName": "Mustermann", "privacyNotice": w.place.Notice},
			"holdSlot":              {"office": w.place.Office, "start": start, "concerns": concerns},
			"extendHold":            appointment(w.held),
			"releaseHold":           appointment(w.held),
			"bookAppointment":       {"appointment": w.held, "privacyNotice": w.place.Notice, "person": person()},
			"rescheduleAppointment": {"appointment": w.booked, "start": start},
			"cancelAppointment":     appointment(w.booked),
			"bookAppointmentFor":    {"office": w.place.Office, "start": start, "concerns": concerns, "channel": "PHONE", "person": person()},
			"checkIn":               appointment(w.booked),
			"callNext":              {"counter": w.counters[0]},
			"completeAppointment":   appointment(w.booked),
			"recordNoShow":          appointment(w.booked),
			"setServiceState":       {"service": w.place.Service, "open": false},
			"setFee":                {"service": w.place.Service, "cents": 1, "legalBasis": basis(), "validFrom": "2027-01-01"},
			"setPaymentMethods":     {"municipality": w.municipality(), "methods": []suite.Vars{}},
			"setBanner":             {"municipality": w.municipality(), "text": basis()},
			"removeBanner":          {"municipality": w.municipality()},
			"addClosure":            w.closure(),
			"setOpeningHours":       w.week(),
			"correctAppointment":    {"appointment": w.booked, "person": person()},
			"undoCheckIn":           appointment(w.booked),
			"callAppointment":       {"appointment": w.booked, "counter": w.counters[0]},
			"callAgain":             appointment(w.booked),
			"undoCall":              appointment(w.booked),
			"removeFee":             {"service": w.place.Service, "validFrom": "2027-01-01"},
			"resetServiceState":     {"service": w.place.Service},
			"resetPaymentMethods":   {"municipality": w.municipality()},
			"changeClosure":         {"closure": w.ids("closures")[0], "from": "2027-01-11", "to": "2027-01-11", "reason": basis()},
			"removeClosure":         {"closure": w.ids("closures")[0]},
			"addOpening":            w.opening("from", "2027-01-06", "to", "2027-01-06"),
			"removeOpening":         {"opening": w.ids("openings")[0]},
			"resetOpeningHours":     {"office": w.place.Office, "validFrom": "2027-01-04"},
		}
		neverOpened := &suite.Client{}
		*neverOpened = *w.other
		neverOpened.Token = caseKey()
		rows := []struct {
			who     string
			as      *suite.Client
			refused map[string]string // mutation to code
		}{
			{"nobody", w.anonymous, all("UNAUTHENTICATED")},
			{"a case holder, a clerk's work", w.holder, map[string]string{
				"bookAppointmentFor": "NOT_FOUND", "checkIn": "NOT_FOUND", "undoCheckIn": "NOT_FOUND", "callNext": "NOT_FOUND", "callAppointment": "NOT_FOUND",
				"callAgain": "NOT_FOUND", "undoCall": "NOT_FOUND", "completeAppointment": "NOT_FOUND", "recordNoShow": "NOT_FOUND",
			}},
			{"a case holder, an admin's work", w.holder, adminsWork("NOT_FOUND")},
			{"another case holder, with this one's ids", w.other, map[string]string{
				"extendHold": "NOT_FOUND", "releaseHold": "NOT_FOUND", "bookAppointment": "NOT_FOUND",
				"rescheduleAppointment": "NOT_FOUND", "cancelAppointment": "NOT_FOUND", "correctAppointment": "NOT_FOUND",
			}},
			{"the holder of a key that opened nothing", neverOpened, map[string]string{
				"setContact": "NOT_FOUND", "holdSlot": "NOT_FOUND", "extendHold": "NOT_FOUND", "releaseHold": "NOT_FOUND",
				"bookAppointment": "NOT_FOUND", "rescheduleAppointment": "NOT_FOUND", "cancelAppointment": "NOT_FOUND",
			}},
			{"a clerk, a holder's work", w.clerk, map[string]string{
				"setContact": "UNAUTHENTICATED", "holdSlot": "UNAUTHENTICATED", "extendHold": "UNAUTHENTICATED",
				"releaseHold": "UNAUTHENTICATED", "bookAppointment": "UNAUTHENTICATED",
			}},
			{"a clerk, an admin's work", w.clerk, adminsWork("FORBIDDEN")},
			{"a supervisor, an admin's work", w.Staff("susi", "SUPERVISOR@"+suite.ARS), adminsWork("FORBIDDEN")},
			{"a clerk who is admin of another town, an admin's work", w.Staff("carla", "CLERK@"+suite.ARS, "ADMIN@"+suite.OtherARS), adminsWork("FORBIDDEN")},
			{"clerk and admin of another town", w.foreign, map[string]string{
				"rescheduleAppointment": "NOT_FOUND", "cancelAppointment": "NOT_FOUND", "correctAppointment": "NOT_FOUND", "bookAppointmentFor": "NOT_FOUND",
				"checkIn": "NOT_FOUND", "callNext": "NOT_FOUND", "callAppointment": "NOT_FOUND", "completeAppointment": "NOT_FOUND", "recordNoShow": "NOT_FOUND",
			}},
			{"clerk and admin of another town, an admin's work", w.foreign, adminsWork("NOT_FOUND")},
			{"staff without any role", w.Staff("nora"), map[string]string{
				"rescheduleAppointment": "NOT_FOUND", "cancelAppointment": "NOT_FOUND", "bookAppointmentFor": "NOT_FOUND",
				"checkIn": "NOT_FOUND", "callNext": "NOT_FOUND",
			}},
			{"staff without any role, an admin's work", w.Staff("nora"), adminsWork("NOT_FOUND")},
		}
		for _, row := range rows {
			for name, code := range row.refused {
				t.Run(row.who+"/"+name, func(t *testing.T) {
					w.unchanged(t, func() {
						a := mutate(row.as.For(t), name, inputs[name])
						a.Clean()
						require.Equal(t, code, a.Problem(), a.Raw)
						require.Equal(t, gjson.Null, a.Get("data."+name+"."+mutations[name].result).Type, a.Raw)
					})
				})
			}
		}
	})
}

func adminsWork(code string) map[string]string {
	codes := map[string]string{}
	for _, name := range []string{
		"setServiceState", "resetServiceState", "setFee", "removeFee", "setPaymentMethods", "resetPaymentMethods", "setBanner", "removeBanner", "addClosure", "changeClosure", "removeClosure",
		"addOpening", "removeOpening", "setOpeningHours", "resetOpeningHours",
	} {
		codes[name] = code
	}
	return codes
}

func all(code string) map[string]string {
	codes := map[string]string{}
	for name := range mutations {
		if name != "openCase" {
			codes[name] = code
		}
	}
	return codes
}
