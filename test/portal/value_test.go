package portal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// Starts that aren't offered are refused, with the reason and with starts that are.
func TestHoldSlotRefusesStartsThatAreNotOffered(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		rows := []struct {
			name, start string
			quantity    int
			reason      string
		}{
			{"five minutes off the grid", "2026-11-25T09:05:00+01:00", 1, "OFF_GRID"},
			{"a second off the grid", "2026-11-25T09:00:01+01:00", 1, "OFF_GRID"},
			{"a nanosecond off the grid", "2026-11-25T09:00:00.000001+01:00", 1, "OFF_GRID"},
			{"on Friday, in the past", "2026-11-20T09:00:00+01:00", 1, "TOO_SOON"},
			{"long ago", "1970-01-01T09:00:00Z", 1, "TOO_SOON"},
			{"sooner than the lead time allows", "2026-11-23T07:45:00+01:00", 1, "CLOSED"},
			{"on the first day beyond the horizon", "2027-01-25T09:00:00+01:00", 1, "TOO_FAR"},
			{"at the end of time", "9999-12-31T23:45:00Z", 1, "TOO_FAR"},
			{"on a Saturday", "2026-11-28T09:00:00+01:00", 1, "CLOSED"},
			{"on Christmas Day", "2026-12-25T09:00:00+01:00", 1, "HOLIDAY"},
			{"on Christmas Eve, which the town closed", "2026-12-24T09:00:00+01:00", 1, "CLOSED"},
			{"at night", "2026-11-25T03:00:00+01:00", 1, "CLOSED"},
			{"in the lunch break", "2026-11-24T12:30:00+01:00", 1, "CLOSED"},
			{"so late before lunch that it would run into it", "2026-11-24T12:15:00+01:00", 2, "CLOSED"},
			{"so late that it would run beyond closing time", "2026-11-24T15:45:00+01:00", 2, "CLOSED"},
			{"on a Wednesday afternoon", "2026-11-25T14:00:00+01:00", 1, "CLOSED"},
		}
		hold := func(start string, quantity int) suite.Vars {
			return suite.Vars{"office": w.place.Office, "start": start, "concerns": []suite.Vars{{"service": w.place.Service, "quantity": quantity}}}
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					a := mutate(w.other, "holdSlot", hold(row.start, row.quantity))
					refused(t, a, "SLOT_NOT_OFFERED", "input.start")
					require.Equal(t, row.reason, a.Get("data.holdSlot.problems.0.reason").String(), a.Raw)
					for _, offered := range a.Get("data.holdSlot.problems.0.alternatives").Array() {
						require.NotEqual(t, row.start, offered.String())
					}
					if row.quantity == 1 { // as many as the appointment has
						a = mutate(w.holder, "rescheduleAppointment", suite.Vars{"appointment": w.booked, "start": row.start})
						refused(t, a, "SLOT_NOT_OFFERED", "input.start")
					}
				})
			})
		}
		t.Run("and what is offered instead can be held", func(t *testing.T) {
			w := w.in(t)
			a := mutate(w.other, "holdSlot", hold("2026-11-25T09:05:00+01:00", 1))
			alternatives := a.Get("data.holdSlot.problems.0.alternatives").Array()
			require.NotEmpty(t, alternatives, a.Raw)
			require.Contains(t, []string{"2026-11-25T09:00:00+01:00", "2026-11-25T09:15:00+01:00"}, alternatives[0].String())
			mutate(w.other, "holdSlot", hold(alternatives[0].String(), 1)).OK("holdSlot.appointment.id")
		})
	})
}

func TestHoldSlotRefusesConcernsThatCanNotBe(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		one := func(service string, quantity any) []suite.Vars {
			return []suite.Vars{{"service": service, "quantity": quantity}}
		}
		rows := []struct {
			name     string
			concerns []suite.Vars
			code     string
			path     string
		}{
			{"none", []suite.Vars{}, "INVALID_INPUT", ""},
			{"eleven", slicesRepeat(suite.Vars{"service": w.place.Service}, 11), "INVALID_INPUT", ""},
			{"a hundred", slicesRepeat(suite.Vars{"service": w.place.Service}, 100), "INVALID_INPUT", ""},
			{"quantity 0", one(w.place.Service, 0), "INVALID_INPUT", ".0.quantity"},
			{"quantity -1", one(w.place.Service, -1), "INVALID_INPUT", ".0.quantity"},
			{"quantity 1000", one(w.place.Service, 1000), "INVALID_INPUT", ".0.quantity"},
			{"one more than the service allows", one(w.place.Service, 3), "INVALID_INPUT", ".0.quantity"},
			{"quantity of the largest number", one(w.place.Service, 1<<31-1), "INVALID_INPUT", ".0.quantity"},
			{"the same service twice", append(one(w.place.Service, 1), one(w.place.Service, 1)...), "INVALID_INPUT", ".1.service"},
			{"over two hours", append(one(w.service("verlust-personalausweis"), 5), one(w.service("verlust-reisepass"), 5)...), "INVALID_INPUT", ""},
			{"a service without appointments", one(w.service("wohnungsgeberbestaetigung"), 1), "NO_APPOINTMENTS", ".0.service"},
			{"the second one unknown", append(one(w.place.Service, 1), one("service_01kaqd0000e8ar0000000000zz", 1)...), "NOT_FOUND", ".1.service"},
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				w := w.in(t)
				slot := suite.Vars{"office": w.place.Office, "start": "2026-11-25T09:00:00+01:00", "concerns": row.concerns}
				w.unchanged(t, func() {
					refused(t, mutate(w.other, "holdSlot", slot), row.code, "input.concerns"+row.path)
					refused(t, mutate(w.clerk, "bookAppointmentFor", with(slot, "channel", "PHONE", "person", person())), row.code, "input.concerns"+row.path)
				})
				a := w.anonymous.Do(`query($in: AvailabilityInput!) { availability(input: $in) { asOf } }`,
					suite.Vars{"in": suite.Vars{"office": w.place.Office, "concerns": row.concerns}})
				failed(t, a, row.code, "input.concerns"+row.path)
			})
		}
		t.Run("services that no counter serves together are told so", func(t *testing.T) {
			w := w.in(t)
			concerns := append(one(w.service("beglaubigung-dokumente"), 1), one(w.service("gewerbe-anmelden"), 1)...)
			w.unchanged(t, func() {
				a := mutate(w.other, "holdSlot", suite.Vars{"office": w.place.Office, "start": "2026-11-25T09:00:00+01:00", "concerns": concerns})
				refused(t, a, "SLOT_NOT_OFFERED", "input.start")
				require.Equal(t, "NO_QUALIFIED_COUNTER", a.Get("data.holdSlot.problems.0.reason").String())
			})
		})
	})
}

func slicesRepeat[T any](v T, n int) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = v
	}
	return all
}

// Names and contact details: what breaks a rule is named, and nothing of it is kept.
func TestPersonalDataIsChecked(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		names := map[string]string{
			"101 characters": strings.Repeat("ä", 101), "1,000 characters": strings.Repeat("x", 1_000),
			"NUL": "Eri\x00ka", "a line break": "Eri\nka", "a carriage return": "Eri\rka", "a line separator": "Eri\u2028ka",
			"a paragraph separator": "Eri\u2029ka", "a tab": "Eri\tka", "half a surrogate pair": "Eri\ufffdka", "a bell": "Eri\aka", "DEL": "Eri\x7fka", "a C1 control": "Eri\u0085ka",
			"an override of direction": "Eri\u202eka", "an isolate of direction": "Eri\u2066ka",
		}
		book := suite.Vars{"appointment": w.held, "privacyNotice": w.place.Notice}
		behalf := suite.Vars{"office": w.place.Office, "start": "2026-11-25T09:00:00+01:00", "concerns": []suite.Vars{{"service": w.place.Service}}, "channel": "PHONE"}
		contact := suite.Vars{"privacyNotice": w.place.Notice, "givenName": "Erika", "familyName": "Mustermann"}
		for name, value := range names {
			for _, field := range []string{"givenName", "familyName"} {
				t.Run(field+" of "+name, func(t *testing.T) {
					w := w.in(t)
					w.unchanged(t, func() {
						p := person(field, value)
						refused(t, mutate(w.holder, "bookAppointment", with(book, "person", p)), "INVALID_INPUT", "input.person."+field)
						refused(t, mutate(w.clerk, "bookAppointmentFor", with(behalf, "person", p)), "INVALID_INPUT", "input.person."+field)
						refused(t, mutate(w.holder, "setContact", with(contact, field, value)), "INVALID_INPUT", "input."+field)
					})
				})
			}
		}
		for name, value := range map[string]string{"empty": "", "spaces": " \u00a0 ", "nothing to see": "\u200b\u200b\u3164"} {
			t.Run("no name at all, "+name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					p := with(person(), "givenName", value, "familyName", value)
					refused(t, mutate(w.holder, "bookAppointment", with(book, "person", p)), "INVALID_INPUT", "input.person.familyName")
					refused(t, mutate(w.clerk, "bookAppointmentFor", with(behalf, "person", p)), "INVALID_INPUT", "input.person.familyName")
					refused(t, mutate(w.holder, "setContact", with(contact, "givenName", value, "familyName", value)), "INVALID_INPUT", "input.familyName")
				})
			})
		}
		address := suite.Vars{"street": "Marktplatz", "houseNumber": "1", "postalCode": "32825", "city": "Blomberg"}
		for field, value := range map[string]string{
			"street": strings.Repeat("x", 101), "houseNumber": strings.Repeat("1", 21), "postalCode": "", "city": "Blom\x00berg", "country": "D",
		} {
			t.Run("address with a wrong "+field, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					refused(t, mutate(w.holder, "setContact", with(contact, "address", with(address, field, value))), "INVALID_INPUT", "input.address."+field)
				})
			})
		}
		for _, country := range []string{"de", "D1", "ÄÖ", "DEU", "D "} {
			t.Run("country "+country, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					refused(t, mutate(w.holder, "setContact", with(contact, "address", with(address, "country", country))), "INVALID_INPUT", "input.address.country")
				})
			})
		}
		t.Run("a reminder without an address to send it to", func(t *testing.T) {
			w := w.in(t)
			w.unchanged(t, func() {
				p := suite.Vars{"givenName": "Erika", "familyName": "Mustermann"}
				refused(t, mutate(w.holder, "bookAppointment", with(book, "person", p, "reminder", true)), "INVALID_INPUT", "input.person.email")
				refused(t, mutate(w.clerk, "bookAppointmentFor", with(behalf, "person", p, "reminder", true)), "INVALID_INPUT", "input.person.email")
			})
		})
		t.Run("staff can't say that somebody booked online", func(t *testing.T) {
			w := w.in(t)
			w.unchanged(t, func() {
				refused(t, mutate(w.clerk, "bookAppointmentFor", with(behalf, "person", person(), "channel", "ONLINE")), "INVALID_INPUT", "input.channel")
			})
		})
		for name, value := range map[string]string{
			"umlauts":                           "Jürgen-Möbius ß",
			"of 100 characters":                 strings.Repeat("é", 100),
			"written right to left":             "מרים",
			"with what looks like SQL and HTML": `Robert'); DROP TABLE "cases";-- <b>`,
		} {
			t.Run("names "+name+" stay as they are", func(t *testing.T) {
				w := w.in(t)
				a := mutate(w.holder, "setContact", with(contact, "familyName", value))
				require.Equal(t, value, a.OK("setContact.case.contact.familyName").String())
			})
		}
	})
}

// One name is enough, in whichever field it stands; it is kept as the family name. What is typed is kept in one form.
func TestPeopleAreAsTheyAre(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		contact := suite.Vars{"privacyNotice": w.place.Notice}
		for name, row := range map[string]struct {
			in            suite.Vars
			given, family string
		}{
			"a family name alone":        {suite.Vars{"familyName": "Sukarno"}, "", "Sukarno"},
			"an empty given name":        {suite.Vars{"givenName": "", "familyName": "Sukarno"}, "", "Sukarno"},
			"a given name alone":         {suite.Vars{"givenName": "Sukarno"}, "", "Sukarno"},
			"an empty family name":       {suite.Vars{"givenName": "Sukarno", "familyName": " "}, "", "Sukarno"},
			"an umlaut in two parts":     {suite.Vars{"givenName": "Ju\u0308rgen", "familyName": "Mu\u0308ller"}, "Jürgen", "Müller"},
			"invisible characters":       {suite.Vars{"givenName": "\ufeffEri\u00adka", "familyName": "Muster\u200bmann"}, "Erika", "Mustermann"},
			"white space at its ends":    {suite.Vars{"givenName": "Erika\u00a0", "familyName": "\u2003Mustermann\r\n"}, "Erika", "Mustermann"},
			"marks around Hebrew":        {suite.Vars{"givenName": "\u200fמרים\u200f", "familyName": "לוי"}, "מרים", "לוי"},
			"letters of DIN 91379":       {suite.Vars{"givenName": "Ŝt̄a̋", "familyName": "K͟hān R̥̄"}, "Ŝt̄a̋", "K͟hān R̥̄"},
			"exactly 100 after cleaning": {suite.Vars{"familyName": strings.Repeat("u\u0308", 100)}, "", strings.Repeat("ü", 100)},
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				in := with(contact)
				for field, value := range row.in {
					in[field] = value
				}
				kept := mutate(w.holder, "setContact", in).OK("setContact.case.contact")
				require.Equal(t, row.given, kept.Get("givenName").String())
				require.Equal(t, row.family, kept.Get("familyName").String())
			})
		}
		t.Run("an address as it was meant", func(t *testing.T) {
			w := w.in(t)
			for number, kept := range map[string]string{"Schloß": "Schloß", "14½": "14½", "12a-c": "12a-c", "7/2": "7/2", "\u200312 a\u200b": "12 a"} {
				in := with(contact, "familyName", "Sukarno",
					"address", suite.Vars{"street": "Burg\u00adstrasse", "houseNumber": number, "postalCode": " 32825", "city": "Blomberg\u00a0"})
				a := mutate(w.holder, "setContact", in).OK("setContact.case.contact.address")
				require.Equal(t, kept, a.Get("houseNumber").String())
				require.Equal(t, "Burgstrasse 32825 Blomberg", a.Get("street").String()+" "+a.Get("postalCode").String()+" "+a.Get("city").String())
			}
		})
		t.Run("one name goes through to the board", func(t *testing.T) {
			w := w.in(t)
			a := mutate(w.clerk, "bookAppointmentFor", suite.Vars{
				"office": w.place.Office, "start": "2026-11-25T09:00:00+01:00", "concerns": []suite.Vars{{"service": w.place.Service}}, "channel": "PHONE",
				"person": suite.Vars{"givenName": "Sukarno", "familyName": ""},
			})
			require.Equal(t, "Sukarno", a.OK("bookAppointmentFor.appointment.person.familyName").String())
		})
	})
}

// Values that aren't of their scalar's kind never reach the heart.
func TestScalarsRefuseWhatTheyAreNot(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		contact := suite.Vars{"privacyNotice": w.place.Notice, "givenName": "Erika", "familyName": "Mustermann"}
		slot := suite.Vars{"office": w.place.Office, "concerns": []suite.Vars{{"service": w.place.Service}}}
		price := suite.Vars{"service": w.place.Service, "cents": 100, "legalBasis": basis()}
		rows := []struct {
			kind     string
			mutation string
			as       *suite.Client
			input    suite.Vars
			field    string
			wrong    []any
		}{
			{"EmailAddress", "setContact", w.holder, contact, "email", []any{42, true, []string{"a@b.de", "c@d.de"}, suite.Vars{"a": 1}}},
			{"PhoneNumber", "setContact", w.holder, contact, "phone", []any{4952355040, true}},
			{"UUID", "setContact", w.holder, contact, "idempotencyKey", []any{
				"", "x", "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b1", "5f0c8a709a0e4d538a1b0d7a6c3d8b11", "{5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11}",
				"5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11\n", "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b1g", 42, nil,
			}},
			{"DateTime", "holdSlot", w.holder, slot, "start", []any{
				"", "tomorrow", "2026-11-25", "2026-11-25T09:00:00", "2026-11-25 09:00:00+01:00", "0000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z",
				"1969-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "2026-11-25T24:00:00+01:00", "2026-06-30T23:59:60Z",
				"2026-02-29T09:00:00+01:00", "2026-13-01T09:00:00+01:00", "2026-11-25T09:00:00+24:00", "2026-11-25T09:00:00+99:99",
				"2026-11-25T09:00:00+01:00\x00", 1764054000, nil,
			}},
			{"Date", "setFee", w.admin, price, "validFrom", []any{20261125, nil, []string{"2027-01-01", "2027-01-02"}}},
			{"Int", "setFee", w.admin, with(price, "validFrom", "2027-01-01"), "cents", []any{"a hundred", 1.5, 1e20, true, nil}},
			{"String", "setContact", w.holder, contact, "familyName", []any{nil, []any{1, 2}, suite.Vars{}}},
			{"Boolean", "setServiceState", w.admin, suite.Vars{"service": w.place.Service}, "open", []any{"true", 1, nil}},
			{"enum", "setContact", w.holder, contact, "language", []any{"FR", "de", "", 1}},
			{"input object", "holdSlot", w.holder, with(slot, "start", "2026-11-25T09:00:00+01:00"), "concerns", []any{nil, 42, "x", []any{nil}, []any{42}, []any{suite.Vars{}}, []any{suite.Vars{"service": w.place.Service, "price": 1}}}},
		}
		for _, row := range rows {
			t.Run(row.kind, func(t *testing.T) {
				w := w.in(t)
				for _, value := range row.wrong {
					w.unchanged(t, func() {
						a := mutate(row.as.For(t), row.mutation, with(row.input, row.field, value))
						a.Clean()
						require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.ErrorCode(), "%q: %s", value, a.Raw)
						require.Empty(t, a.Get("data."+row.mutation).Raw, a.Raw)
					})
				}
			})
		}
		t.Run("what was typed as an address or number and is none is a problem", func(t *testing.T) {
			w := w.in(t)
			book := suite.Vars{"appointment": w.held, "privacyNotice": w.place.Notice}
			behalf := with(slot, "start", "2026-11-25T09:00:00+01:00", "channel", "PHONE")
			for field, wrong := range map[string][]string{
				"email": {
					"erika", "erika@", "@example.org", "erika@@example.org", "Erika <erika@example.org>", "a@b.de, c@d.de", "erika@example.org\nBcc: x@y.de",
					"eri\x00ka@example.org", strings.Repeat("x", 250) + "@example.org",
				},
				"phone": {"5040", "+0523", "call me", "+49523550400000000", "+4952355\x00", "+４９５２３５５０４"},
			} {
				for _, value := range wrong {
					w.unchanged(t, func() {
						refused(t, mutate(w.holder, "setContact", with(contact, field, value)), "INVALID_INPUT", "input."+field)
						refused(t, mutate(w.holder, "bookAppointment", with(book, "person", person(field, value))), "INVALID_INPUT", "input.person."+field)
						refused(t, mutate(w.clerk, "bookAppointmentFor", with(behalf, "person", person(field, value))), "INVALID_INPUT", "input.person."+field)
					})
				}
			}
			english := *w.holder
			english.Accept = "en"
			a := mutate(english.For(t), "setContact", with(contact, "phone", "5040"))
			require.Equal(t, "Give a phone number with its area code, like 05235 5040 or +49 5235 5040.", a.Get("data.setContact.problems.0.message").String(), a.Raw)
			a = mutate(w.holder, "setContact", with(contact, "email", " erika@example.org\u200b ", "phone", "05235 5040"))
			require.JSONEq(t, `{"email": "erika@example.org", "phone": "+4952355040"}`, w.holder.Do(`{ viewer { case { contact { email phone } } } }`, nil).OK("viewer.case.contact").Raw, a.Raw)
			mutate(w.holder, "setContact", with(contact, "email", "", "phone", " ")).OK("setContact.case.id")
			require.JSONEq(t, `{"email": null, "phone": null}`, w.holder.Do(`{ viewer { case { contact { email phone } } } }`, nil).OK("viewer.case.contact").Raw)
		})
		t.Run("what was typed as a date and is none is a problem", func(t *testing.T) {
			w := w.in(t)
			for _, value := range []string{"", "today", "2026-11-31", "2026-2-1", "0000-01-01", "1969-12-31", "10000-01-01", "2026-11-25T00:00:00Z", "2026-11-25\x00"} {
				w.unchanged(t, func() {
					refused(t, mutate(w.admin, "setFee", with(price, "validFrom", value)), "INVALID_INPUT", "input.validFrom")
				})
			}
			mutate(w.admin, "setFee", with(price, "validFrom", "\u00a02027-01-01 \u200b")).OK("setFee.publicService.id")
		})
		t.Run("as literals too", func(t *testing.T) {
			w := w.in(t)
			for _, document := range []string{
				`mutation { setContact(input: {idempotencyKey: "x", givenName: "E", familyName: "M"}) { case { id } problems { code } } }`,
				`mutation { setContact(input: {idempotencyKey: "5f0c8a70-9a0e-4d53-8a1b-0d7a6c3d8b11", givenName: "E", familyName: "M", email: {}}) { case { id } problems { code } } }`,
				`{ municipality(by: {slug: "blomberg"}) { offices { openingHours(from: "2026-02-30", days: 1) { date } } } }`,
				`{ appointmentBoard(office: "` + w.place.Office + `", date: "yesterday") { waiting } }`,
				`{ publicServices(first: 99999999999999999999) { totalCount } }`,
				`{ publicServices(first: "20") { totalCount } }`,
				`{ publicServices(filter: {text: 42}) { totalCount } }`,
				`{ publicServices(filter: {channel: FAX}) { totalCount } }`,
				`{ publicServices(filter: {unknown: 1}) { totalCount } }`,
			} {
				w.unchanged(t, func() {
					a := w.holder.Do(document, nil)
					a.Clean()
					require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.ErrorCode(), "%s: %s", document, a.Raw)
				})
			}
		})
	})
}

func TestAdminsWritesAreChecked(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		price := suite.Vars{"service": w.place.Service, "cents": 100, "legalBasis": basis(), "validFrom": "2027-01-01"}
		state := suite.Vars{"service": w.service("briefwahlantrag"), "open": true}
		rows := []struct {
			name, mutation string
			input          suite.Vars
			path           string
		}{
			{"negative cents", "setFee", with(price, "cents", -1), "cents"},
			{"more cents than anything costs", "setFee", with(price, "cents", 1_000_001), "cents"},
			{"negative cents for a copy", "setFee", with(price, "furtherCopyCents", -1), "furtherCopyCents"},
			{"a price from yesterday on", "setFee", with(price, "validFrom", "2026-11-22"), "validFrom"},
			{"no legal basis", "setFee", with(price, "legalBasis", suite.Vars{"de": "", "en": "x"}), "legalBasis.de"},
			{"a legal basis with NUL", "setFee", with(price, "legalBasis", suite.Vars{"de": "x", "en": "x\x00"}), "legalBasis.en"},
			{"a window that ends before it begins", "setServiceState", with(state, "opensAt", "2026-12-02T00:00:00+01:00", "closesAt", "2026-12-01T00:00:00+01:00"), "closesAt"},
			{"a window without length", "setServiceState", with(state, "opensAt", "2026-12-02T00:00:00+01:00", "closesAt", "2026-12-01T23:00:00Z"), "closesAt"},
			{"a message of 501 characters", "setServiceState", with(state, "message", suite.Vars{"de": strings.Repeat("x", 501), "en": ""}), "message.de"},
			{"a message with control characters", "setServiceState", with(state, "message", suite.Vars{"de": "", "en": "a\x00b"}), "message.en"},
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() { refused(t, mutate(w.admin, row.mutation, row.input), "INVALID_INPUT", "input."+row.path) })
			})
		}
		t.Run("the last day there is", func(t *testing.T) {
			w := w.in(t)
			mutate(w.admin, "setFee", with(price, "validFrom", "9999-12-31")).OK("setFee.publicService.id")
			a := mutate(w.admin, "setServiceState", with(state, "opensAt", "1970-01-01T00:00:00Z", "closesAt", "9999-12-31T22:59:59Z"))
			require.Equal(t, "9999-12-31T23:59:59+01:00", a.OK("setServiceState.publicService.closesAt").String())
		})
	})
}

func TestOpenCaseTakesNoBadKey(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		good := caseKey()
		for name, key := range map[string]string{
			"empty": "", "42 characters": good[:42], "44 characters": good + "A", "padded": good + "=", "of the other base64": strings.Repeat("+", 43),
			"with a space": " " + good[:42], "with NUL": good[:42] + "\x00", "of 43 umlauts": strings.Repeat("ä", 43), "400 characters": strings.Repeat("A", 400),
			"of bits that nothing encodes to": strings.Repeat("A", 42) + "B",
		} {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					refused(t, mutate(w.anonymous, "openCase", suite.Vars{"municipality": suite.Vars{"slug": "blomberg"}, "caseKey": key}), "INVALID_INPUT", "input.caseKey")
				})
			})
		}
		t.Run("the key of a case is never said again", func(t *testing.T) {
			w := w.in(t)
			a := mutate(w.anonymous, "openCase", suite.Vars{"municipality": suite.Vars{"slug": "blomberg"}, "caseKey": good})
			a.OK("openCase.case.id")
			require.NotContains(t, a.Raw, good)
			require.NotContains(t, suite.Dump(t, w.database, suite.Tables(t, w.database)...), good)
			require.NotContains(t, w.Log.String(), good)
		})
	})
}

// Exactly one key: none, two, and null are refused, as literals and as variables.
func TestOneOfInputsTakeExactlyOne(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		town := w.anonymous.Do(`{ municipality(by: {slug: "blomberg"}) { id } }`, nil).OK("municipality.id").String()
		rows := []struct {
			name, document, path string
			literals             []string
			values               []suite.Vars
		}{
			{
				"MunicipalityKey", `query($v: MunicipalityKey!) { municipality(by: $v) { slug } }`, "by",
				[]string{`{}`, `{slug: "blomberg", ars: "057660016016"}`, `{id: "` + town + `", slug: "blomberg"}`, `{slug: null}`, `{id: null, slug: null}`},
				[]suite.Vars{{}, {"slug": "blomberg", "ars": suite.ARS}, {"id": town, "slug": "blomberg"}, {"slug": nil}, {"slug": "blomberg", "id": nil}},
			},
			{
				"PublicServiceKey", `query($v: PublicServiceKey!) { publicService(by: $v) { slug } }`, "by",
				[]string{`{}`, `{id: "` + w.place.Service + `", slug: {municipality: "blomberg", service: "reisepass"}}`, `{id: null}`},
				[]suite.Vars{{}, {"id": w.place.Service, "slug": suite.Vars{"municipality": "blomberg", "service": "reisepass"}}, {"slug": nil}},
			},
			{
				"NextSlotsPlace", `query($v: NextSlotsPlace!) { nextSlots(input: {where: $v, concerns: [{service: "` + w.place.Service + `"}]}) { starts } }`, "input.where",
				[]string{`{}`, `{office: "` + w.place.Office + `", municipality: {slug: "blomberg"}}`, `{office: null}`},
				[]suite.Vars{{}, {"office": w.place.Office, "municipality": suite.Vars{"slug": "blomberg"}}, {"municipality": nil}},
			},
			{
				"MunicipalityKey within", `query($v: MunicipalityKey!) { nextSlots(input: {where: {municipality: $v}, concerns: [{service: "` + w.place.Service + `"}]}) { starts } }`, "input.where.municipality",
				[]string{`{}`, `{slug: "blomberg", ars: "057660016016"}`},
				[]suite.Vars{{}, {"slug": "blomberg", "ars": suite.ARS}},
			},
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				w := w.in(t)
				for _, value := range row.values {
					failed(t, w.anonymous.Do(row.document, suite.Vars{"v": value}), "GRAPHQL_VALIDATION_FAILED", row.path)
				}
				_, body, _ := strings.Cut(row.document, ")")
				for _, literal := range row.literals {
					failed(t, w.anonymous.Do(strings.Replace(body, "$v", literal, 1), nil), "GRAPHQL_VALIDATION_FAILED", "")
				}
			})
		}
		t.Run("openCase", func(t *testing.T) {
			w := w.in(t)
			for _, key := range []suite.Vars{{}, {"slug": "blomberg", "ars": suite.ARS}, {"slug": nil}, {"slug": "blomberg", "ars": nil}} {
				w.unchanged(t, func() {
					failed(t, mutate(w.anonymous, "openCase", suite.Vars{"municipality": key, "caseKey": caseKey()}), "GRAPHQL_VALIDATION_FAILED", "input.municipality")
				})
			}
		})
	})
}

// Arguments of queries.
func TestQueriesRefuseWhatIsOutOfRange(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		available := `{ availability(input: {office: "` + w.place.Office + `", concerns: [{service: "` + w.place.Service + `"}]%s}) { asOf } }`
		next := `{ nextSlots(input: {where: {office: "` + w.place.Office + `"}, concerns: [{service: "` + w.place.Service + `"}]%s}) { starts } }`
		hours := `{ municipality(by: {slug: "blomberg"}) { offices { openingHours(from: "2026-11-23", days: %s) { date } } } }`
		rows := []struct{ name, document, path string }{
			{"first 0", `{ publicServices(first: 0) { totalCount } }`, "first"},
			{"first -1", `{ publicServices(first: -1) { totalCount } }`, "first"},
			{"first 101", `{ publicServices(first: 101) { totalCount } }`, "first"},
			{"first 0 of towns", `{ municipalities(first: 0) { totalCount } }`, "first"},
			{"first 101 of a town", `{ municipality(by: {slug: "blomberg"}) { services(first: 101) { totalCount } } }`, "first"},
			{"a cursor that is none", `{ publicServices(after: "!!!") { totalCount } }`, "after"},
			{"a cursor of another list", `{ publicServices(after: "YmxvbWJlcmc") { totalCount } }`, "after"},
			{"an empty cursor", `{ publicServices(after: "") { totalCount } }`, "after"},
			{"0 days", strings.Replace(available, "%s", ", days: 0", 1), "input.days"},
			{"63 days", strings.Replace(available, "%s", ", days: 63", 1), "input.days"},
			{"-1 days", strings.Replace(available, "%s", ", days: -1", 1), "input.days"},
			{"from long ago", strings.Replace(available, "%s", `, from: "1970-01-01"`, 1), "input.from"},
			{"from the end of time", strings.Replace(available, "%s", `, from: "9999-12-31"`, 1), "input.from"},
			{"0 starts", strings.Replace(next, "%s", ", count: 0", 1), "input.count"},
			{"21 starts", strings.Replace(next, "%s", ", count: 21", 1), "input.count"},
			{"opening hours of 0 days", strings.Replace(hours, "%s", "0", 1), "days"},
			{"opening hours of 63 days", strings.Replace(hours, "%s", "63", 1), "days"},
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				a := w.anonymous.For(t).Do(row.document, nil)
				a.Clean()
				require.Equal(t, "INVALID_INPUT", a.ErrorCode(), a.Raw)
				require.Equal(t, row.path, pathOf(a.Get("errors.0.extensions.path")), a.Raw)
			})
		}
		for name, document := range map[string]string{
			"starts from the end of time":         strings.Replace(next, "%s", `, from: "9999-12-31"`, 1),
			"starts from long ago":                strings.Replace(next, "%s", `, from: "1970-01-01"`, 1),
			"opening hours at the end of time":    `{ municipality(by: {slug: "blomberg"}) { offices { openingHours(from: "9999-12-31", days: 62) { date } } } }`,
			"opening hours at the start of time":  `{ municipality(by: {slug: "blomberg"}) { offices { openingHours(from: "1970-01-01", days: 62) { date } } } }`,
			"the board of a day that never comes": `{ appointmentBoard(office: "` + w.place.Office + `", date: "9999-12-31") { waiting } }`,
			"a search for NUL":                    `{ publicServices(filter: {text: "\u0000"}) { totalCount } }`,
			"a search for a lot":                  `{ publicServices(filter: {text: "` + strings.Repeat("x", 500) + `"}) { totalCount } }`,
			"no LeiKa key":                        `{ publicServices(filter: {leikaKeys: []}) { totalCount } }`,
			"a town that isn't":                   `{ municipality(by: {slug: "nirgendwo"}) { id } publicServices(filter: {ars: "000000000000"}) { totalCount } }`,
			"slots of a town that isn't":          `{ nextSlots(input: {where: {municipality: {slug: "nirgendwo"}}, concerns: []}) { starts } }`,
			"slots of an office that isn't":       `{ nextSlots(input: {where: {office: "office_1"}, concerns: []}) { starts } availability(input: {office: "office_1", concerns: []}) { asOf } }`,
		} {
			t.Run(name+" is answered", func(t *testing.T) {
				a := w.clerk.For(t).Do(document, nil)
				a.Clean()
				require.False(t, a.Get("errors").Exists(), a.Raw)
			})
		}
	})
}
