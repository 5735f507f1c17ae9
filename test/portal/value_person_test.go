package portal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

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
		for _, country := range []string{"", "D1", "ÄÖ", "DEU", "D ", "Bundesrepublik Deutschland", strings.Repeat("Vereinigte ", 18)} {
			t.Run("country "+country, func(t *testing.T) {
				w := w.in(t)
				w.unchanged(t, func() {
					refused(t, mutate(w.holder, "setContact", with(contact, "address", with(address, "country", country))), "INVALID_INPUT", "input.address.country")
				})
			})
		}
		for _, field := range []string{"houseNumber", "postalCode"} {
			t.Run("a German address without "+field, func(t *testing.T) {
				w := w.in(t)
				less := with(address)
				delete(less, field)
				w.unchanged(t, func() {
					refused(t, mutate(w.holder, "setContact", with(contact, "address", less)), "INVALID_INPUT", "input.address."+field)
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
		t.Run("an address of a place without numbers and codes, and a country in small letters", func(t *testing.T) {
			w := w.in(t)
			a := mutate(w.holder, "setContact", with(contact, "familyName", "Sukarno",
				"address", suite.Vars{"street": "Al Wasl", "city": "Dubai", "country": " ae"})).OK("setContact.case.contact.address")
			require.Equal(t, `["Al Wasl","","","Dubai","AE"]`, a.Get("[street,houseNumber,postalCode,city,country]").Raw)
			a = mutate(w.holder, "setContact", with(contact, "familyName", "Sukarno",
				"address", suite.Vars{"street": "Marktplatz", "houseNumber": "1", "postalCode": "٣٢٨٢٥", "city": "Blomberg", "country": "de"})).OK("setContact.case.contact.address")
			require.Equal(t, `["32825","DE"]`, a.Get("[postalCode,country]").Raw)
		})
		t.Run("a phone number in digits of another script", func(t *testing.T) {
			w := w.in(t)
			in := with(contact, "familyName", "Sukarno", "phone", "٠٥٢٣٥٥٠٤٠")
			mutate(w.holder, "setContact", in).OK("setContact.case.contact")
			require.Equal(t, "+4952355040", w.holder.Do(`{ viewer { case { contact { phone } } } }`, nil).Get("data.viewer.case.contact.phone").String())
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
