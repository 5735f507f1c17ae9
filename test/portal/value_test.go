package portal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// Values that aren't of their scalar's kind never reach the portal.
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
				"phone": {"5040", "+0523", "call me", "+49523550400000000", "+4952355\x00", "五二三五五〇四〇"},
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
