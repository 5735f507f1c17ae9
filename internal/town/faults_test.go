package town_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"nelke/internal/town"
)

const (
	smallTown   = "small.yaml"
	smallForm   = "small/forms/bescheinigung.json"
	smallNotice = "small/notices/1.de.md"
)

// small is a town of two services, one office and one form, as files that a test may change.
func small(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("testdata"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path, "fuzz") {
			return err
		}
		raw, err := os.ReadFile("testdata/" + path)
		files[path] = &fstest.MapFile{Data: raw}
		return err
	})
	require.NoError(t, err)
	return files
}

func TestLoadTakesASmallTown(t *testing.T) {
	t.Parallel()
	got, err := town.Load(small(t), smallTown)
	require.NoError(t, err)
	require.Equal(t, 1, got.Services[0].MaxQuantity)
	require.True(t, got.Services[0].Combinable)
	require.Equal(t, 1, got.Services[1].MaxQuantity)
	require.Equal(t, "2026-11-01T07:00:00Z", got.Services[0].OpensAt.UTC().Format("2006-01-02T15:04:05Z07:00"))
	require.Equal(t, "# Datenschutz\n", got.Notices[0].DE.Text)
	require.Equal(t, [3]int{14, 30, 1440}, [3]int{got.Municipality.ProcessingDays, got.Municipality.PaymentMinutes, got.Municipality.GraceMinutes}, "what the file leaves out")
	require.Nil(t, got.Services[0].ProcessingDays)
}

// TestLoadNamesFileLineAndField breaks the small town in one place at a time.
func TestLoadNamesFileLineAndField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		file     string // what is broken; the town's own file if empty
		old, new string // the breakage; all of the file if old is empty
		want     string // the one fault
	}{
		{"ARS too short", "", `"057660016016"`, `"05766001601"`, `small.yaml:3: municipality.ars: "05766001601" does not have 12 digits`},
		{"ARS with letters", "", `"057660016016"`, `"05766001601X"`, `small.yaml:3: municipality.ars: "05766001601X" does not have 12 digits`},
		{"ARS without quotes", "", `"057660016016"`, `057660016016`, `small.yaml:3: municipality.ars: must be a text: put it in quotes`},
		{"ARS of another town", "", `"057660016016"`, `"057660012012"`, `small.yaml:3: municipality.ars: 057660012012 does not belong to the AGS 05766016`},
		{"AGS too long", "", `"05766016"`, `"057660160"`, `small.yaml:4: municipality.ags: "057660160" does not have 8 digits`},
		{"slug with capitals", "", "slug: kleinstadt", "slug: Kleinstadt", `small.yaml:2: municipality.slug: "Kleinstadt" is no slug: lower-case letters a to z, digits and hyphens, at most 60`},
		{"bad time zone", "", "Europe/Berlin", "Europe/Blomberg", `small.yaml:6: municipality.timeZone: "Europe/Blomberg" is no IANA time zone`},
		{"time zone of the machine", "", "Europe/Berlin", "Local", `small.yaml:6: municipality.timeZone: "Local" is no IANA time zone`},
		{"unknown holidays", "", "DE-NW", "DE-XX", `small.yaml:7: municipality.holidays: "DE-XX" is none of DE-BB, DE-BE`},
		{"website without TLS", "", "name: Kleinstadt", "name: Kleinstadt\n  website: http://k.de", `small.yaml:6: municipality.website: "http://k.de" is no https address`},
		{"no processing days", "", "name: Kleinstadt", "name: Kleinstadt\n  processingDays: 0", `small.yaml:6: municipality.processingDays: 0 is not between 1 and 365`},
		{"too many processing days", "", "name: Kleinstadt", "name: Kleinstadt\n  processingDays: 366", `small.yaml:6: municipality.processingDays: 366 is not between 1 and 365`},
		{"too little time to pay", "", "name: Kleinstadt", "name: Kleinstadt\n  paymentMinutes: 4", `small.yaml:6: municipality.paymentMinutes: 4 is not between 5 and 1440`},
		{"too much time to pay", "", "name: Kleinstadt", "name: Kleinstadt\n  paymentMinutes: 1441", `small.yaml:6: municipality.paymentMinutes: 1441 is not between 5 and 1440`},
		{"too little grace", "", "name: Kleinstadt", "name: Kleinstadt\n  graceMinutes: 29", `small.yaml:6: municipality.graceMinutes: 29 is not between 30 and 20160`},
		{"too much grace", "", "name: Kleinstadt", "name: Kleinstadt\n  graceMinutes: 20161", `small.yaml:6: municipality.graceMinutes: 20161 is not between 30 and 20160`},
		{"unknown field", "", "name: Kleinstadt", "name: Kleinstadt\n  mayor: Erika", `small.yaml:6: municipality.mayor: unknown field`},
		{"missing field", "", "  name: Kleinstadt\n", "", `small.yaml:1: municipality.name: missing`},
		{"field twice", "", "name: Kleinstadt", "name: Kleinstadt\n  name: Grossstadt", `small.yaml:6: municipality.name: stands here twice`},
		{"empty field", "", "name: Kleinstadt", "name:", `small.yaml:5: municipality.name: is empty`},
		{"blank field", "", "name: Kleinstadt", `name: " "`, `small.yaml:5: municipality.name: is empty`},
		{"list instead of text", "", "name: Kleinstadt", "name: [Klein, Stadt]", `small.yaml:5: municipality.name: must be a single value`},
		{"source of an unknown field", "", "source: {delivery: assumed}", "source: {deliverry: assumed}", `small.yaml:57: services[0].source.deliverry: there is no such field beside it`},
		{"source of another word", "", "source: {delivery: assumed}", "source: {delivery: guessed}", `small.yaml:57: services[0].source.delivery: "guessed" is none of assumed`},

		{"notice version 0", "", "version: 1\n    validFrom", "version: 0\n    validFrom", `small.yaml:9: notices[0].version: must be 1 or more`},
		{"notice file missing", "", "1.de.md", "2.de.md", `small.yaml:11: notices[0].de.file: small/notices/2.de.md: file does not exist`},
		{"notice file outside", "", "small/notices/1.de.md", "../1.de.md", `small.yaml:11: notices[0].de.file: "../1.de.md" is not inside the folder of the town's file`},
		{"notice without German", "", "    de: {file: small/notices/1.de.md}\n", "", `small.yaml:9: notices[0].de: missing`},
		{"notice with an empty German text", smallNotice, "", " \n", `small/notices/1.de.md:1: the text is empty`},
		{"notice that is not UTF-8", smallNotice, "", "\xff", `small.yaml:11: notices[0].de.file: small/notices/1.de.md: is not UTF-8`},
		{"no notice", "", "notices:\n  - version: 1\n    validFrom: 2026-01-01\n    de: {file: small/notices/1.de.md}\n    en: {file: small/notices/1.en.md}\n", "notices: []\n", `small.yaml:8: notices: there must be at least one`},
		{"notice versions out of order", "", "paymentMethods:\n", "  - {version: 1, validFrom: 2026-02-01, de: {file: small/notices/1.de.md}, en: {file: small/notices/1.en.md}}\npaymentMethods:\n", `small.yaml:13: notices[1].version: must be above 1, the version before`},
		{"notices that begin together", "", "paymentMethods:\n", "  - {version: 2, validFrom: 2026-01-01, de: {file: small/notices/1.de.md}, en: {file: small/notices/1.en.md}}\npaymentMethods:\n", `small.yaml:13: notices[1].validFrom: must be after 2026-01-01, when the version before begins`},
		{"date that does not exist", "", "validFrom: 2026-01-01\n    de", "validFrom: 2026-02-30\n    de", `small.yaml:10: notices[0].validFrom: "2026-02-30" is no date like 2026-11-22`},

		{"GIROPAY without end", "", "enabled: true, validTo: 2024-12-31", "enabled: true", `small.yaml:15: paymentMethods[1].validTo: GIROPAY ended on 2024-12-31, so it needs an end by then`},
		{"GIROPAY beyond its end", "", "validTo: 2024-12-31", "validTo: 2025-01-01", `small.yaml:15: paymentMethods[1].validTo: GIROPAY ended on 2024-12-31, so it needs an end by then`},
		{"PAYDIREKT without end", "", "method: CREDIT_CARD", "method: PAYDIREKT", `small.yaml:14: paymentMethods[0].validTo: PAYDIREKT ended on 2024-12-31, so it needs an end by then`},
		{"unknown method", "", "method: CREDIT_CARD", "method: CASH", `small.yaml:14: paymentMethods[0].method: "CASH" is none of CREDIT_CARD, GIROPAY, PAYDIREKT, PAYPAL, WERO`},
		{"method ends before it begins", "", "validTo: 2024-12-31", "validFrom: 2024-06-01, validTo: 2024-05-31", `small.yaml:15: paymentMethods[1].validTo: 2024-05-31 is before the first day, 2024-06-01`},
		{"method twice at a time", "", "offices:\n", "  - {method: CREDIT_CARD, enabled: false, validFrom: 2030-01-01}\noffices:\n", `small.yaml:16: paymentMethods[2]: overlaps in time with paymentMethods[0], which is CREDIT_CARD too`},
		{"enabled is no boolean", "", "CREDIT_CARD, enabled: true", "CREDIT_CARD, enabled: yes", `small.yaml:14: paymentMethods[0].enabled: "yes" is neither true nor false`},

		{"postcode of four digits", "", `"32825"`, `"3282"`, `small.yaml:19: offices[0].address.postalCode: "3282" does not have 5 digits`},
		{"step is no divisor of an hour", "", "stepMinutes: 15", "stepMinutes: 25", `small.yaml:20: offices[0].stepMinutes: 25 is none of 5, 10, 15, 20, 30, 60`},
		{"step is no multiple of a cell", "", "stepMinutes: 15", "stepMinutes: 12", `small.yaml:20: offices[0].stepMinutes: 12 is none of`},
		{"step of zero", "", "stepMinutes: 15", "stepMinutes: 0", `small.yaml:20: offices[0].stepMinutes: 0 is none of`},
		{"octal number", "", "leadMinutes: 60", "leadMinutes: 060", `small.yaml:21: offices[0].leadMinutes: "060" is no whole number`},
		{"fraction", "", "leadMinutes: 60", "leadMinutes: 1.5", `small.yaml:21: offices[0].leadMinutes: "1.5" is no whole number`},
		{"horizon too far", "", "horizonDays: 28", "horizonDays: 400", `small.yaml:22: offices[0].horizonDays: 400 is not between 1 and 366`},
		{"hours reversed", "", "from: 17:00, to: 19:00", "from: 19:00, to: 17:00", `small.yaml:27: offices[0].openingHours[1].to: 17:00 is not after 19:00`},
		{"hours overlapping", "", "from: 17:00, to: 19:00", "from: 15:55, to: 19:00", `small.yaml:27: offices[0].openingHours[1]: overlaps with offices[0].openingHours[0] on MONDAY`},
		{"hours off the cells", "", "from: 17:00, to: 19:00", "from: 17:02, to: 19:00", `small.yaml:27: offices[0].openingHours[1].from: 17:02 is no multiple of five minutes`},
		{"time that does not exist", "", "from: 17:00, to: 19:00", "from: 17:00, to: 24:05", `small.yaml:27: offices[0].openingHours[1].to: "24:05" is no time like 08:30`},
		{"break outside the hours", "", "{from: 12:00, to: 13:00}", "{from: 15:30, to: 16:30}", `small.yaml:26: offices[0].openingHours[0].break: 15:30 to 16:30 is not inside 08:00 to 16:00`},
		{"break reversed", "", "{from: 12:00, to: 13:00}", "{from: 13:00, to: 12:00}", `small.yaml:26: offices[0].openingHours[0].break.to: 12:00 is not after 13:00`},
		{"unknown weekday", "", "MONDAY, from: 17:00", "MONTAG, from: 17:00", `small.yaml:27: offices[0].openingHours[1].weekday: "MONTAG" is none of SUNDAY, MONDAY`},
		{"closure ends before it begins", "", "to: 2026-12-31, reason", "to: 2026-12-23, reason", `small.yaml:29: offices[0].closures[0].to: 2026-12-23 is before the first day, 2026-12-24`},
		{"closures overlapping", "", "    counters:\n", "      - {from: 2026-12-31, to: 2027-01-02, reason: {de: Inventur, en: Stocktaking}}\n    counters:\n", `small.yaml:30: offices[0].closures[1].from: must be after 2026-12-31, when the closure before ends`},
		{"counter opens before the office", "", "from: 09:00, to: 12:00", "from: 07:00, to: 12:00", `small.yaml:35: offices[0].counters[0].hours[0]: MONDAY, 07:00 to 12:00, is not inside one span of the hours around it`},
		{"public hours beyond the counter's own", "", "to: 12:00}\n", "to: 12:00}\n        publicHours:\n          - {weekday: MONDAY, from: 09:00, to: 12:30}\n", `small.yaml:37: offices[0].counters[0].publicHours[0]: MONDAY, 09:00 to 12:30, is not inside one span of the hours around it`},
		{"unknown service at a counter", "", "services: [pass]", "services: [pass, passs]", `small.yaml:33: offices[0].counters[0].services[1]: there is no service "passs"`},
		{"service without appointments at a counter", "", "services: [pass]", "services: [pass, bescheinigung]", `small.yaml:33: offices[0].counters[0].services[1]: "bescheinigung" has no appointments`},
		{"service twice at a counter", "", "services: [pass]", "services: [pass, pass]", `small.yaml:33: offices[0].counters[0].services[1]: "pass" is used by offices[0].counters[0].services[0] already`},

		{"missing English text", "", "name: {de: Pass, en: Passport}", "name: {de: Pass}", `small.yaml:61: services[1].name.en: missing`},
		{"third language", "", "name: {de: Pass, en: Passport}", "name: {de: Pass, en: Passport, fr: Passeport}", `small.yaml:61: services[1].name.fr: unknown field`},
		{"duplicate kind", "", "kind: passport", "kind: certificate", `small.yaml:59: services[1].kind: "certificate" is used by services[0].kind already`},
		{"duplicate leikaKey", "", `"99085001000000"`, `"99115003012000"`, `small.yaml:60: services[1].leikaKey: "99115003012000" is used by services[0].leikaKey already`},
		{"leikaKey too short", "", `"99085001000000"`, `"9908500100000"`, `small.yaml:60: services[1].leikaKey: "9908500100000" does not have 14 digits`},
		{"unknown channel", "", "[APPOINTMENT, LINK]", "[APPOINTMENT, FAX, LINK]", `small.yaml:64: services[1].channels[1]: "FAX" is none of ONLINE, APPOINTMENT, LINK, POST`},
		{"link without an address", "", "    links:\n      - {url: \"https://example.org\", label: {de: Mehr, en: More}}\n", "", `small.yaml:58: services[1].links: missing: channel LINK needs one`},
		{"link to a script", "", "https://example.org", "javascript:alert(1)", `small.yaml:66: services[1].links[0].url: "javascript:alert(1)" is no https address`},
		{"appointment of seven minutes", "", "appointmentMinutes: 15", "appointmentMinutes: 7", `small.yaml:67: services[1].appointmentMinutes: 7 is no multiple of five minutes`},
		{"no processing days of a service", "", "appointmentMinutes: 15", "appointmentMinutes: 15\n    processingDays: 0", `small.yaml:68: services[1].processingDays: 0 is not between 1 and 365`},
		{"quantity of zero", "", "appointmentMinutes: 15", "appointmentMinutes: 15\n    maxQuantity: 0", `small.yaml:68: services[1].maxQuantity: 0 is not between 1 and 20`},
		{"one information section", "", "      - title: {de: Zwei, en: Two}\n        body: {de: Text., en: Text.}\n", "", `small.yaml:42: services[0].information: a service with an online form needs at least two sections`},
		{"fee of nothing", "", "cents: 900", "cents: 0", `small.yaml:50: services[0].fees[1].cents: 0 is not between 1 and 99999900`},
		{"fee below zero", "", "cents: 900", "cents: -900", `small.yaml:50: services[0].fees[1].cents: -900 is not between 1 and 99999900`},
		{"fee in another currency", "", "cents: 900, currency: EUR", "cents: 900, currency: DEM", `small.yaml:50: services[0].fees[1].currency: "DEM" is not EUR`},
		{"fee rows overlapping", "", "validTo: 2025-12-31", "validTo: 2026-01-01", `small.yaml:50: services[0].fees[1].validFrom: overlaps in time with services[0].fees[0]`},
		{"open fee row before another", "", ", validTo: 2025-12-31}", "}", `small.yaml:50: services[0].fees[1].validFrom: overlaps in time with services[0].fees[0]`},
		{"fee ends before it begins", "", "validTo: 2025-12-31", "validTo: 2023-12-31", `small.yaml:49: services[0].fees[0].validTo: 2023-12-31 is before the first day, 2024-01-01`},
		{"further copies without a count", "", "copies: /copies, ", "", `small.yaml:49: services[0].fees[0].furtherCopyCents: needs feeRules.copies to know the number of copies`},
		{"copies that the form lacks", "", "copies: /copies", "copies: /copys", `small.yaml:51: services[0].feeRules.copies: the form has no property "/copys"`},
		{"copies that are a text", "", "copies: /copies", "copies: /name", `small.yaml:51: services[0].feeRules.copies: "/name" is of type string in the form, not integer`},
		{"copies without a least number", smallForm, `"minimum": 1, `, ``, `small.yaml:51: services[0].feeRules.copies: "/copies" needs a minimum of 1 or more in the form`},
		{"copies from none on", smallForm, `"minimum": 1`, `"minimum": 0`, `small.yaml:51: services[0].feeRules.copies: "/copies" needs a minimum of 1 or more in the form`},
		{"copies without end", smallForm, `, "maximum": 9`, ``, `small.yaml:51: services[0].feeRules.copies: "/copies" needs a maximum of 99 or less in the form`},
		{"too many copies", smallForm, `"maximum": 9`, `"maximum": 100`, `small.yaml:51: services[0].feeRules.copies: "/copies" needs a maximum of 99 or less in the form`},
		{"pointer that the form lacks", "", `{"/purpose": [RENTE]}`, `{"/porpoise": [RENTE]}`, `small.yaml:51: services[0].feeRules.freeWhen["/porpoise"]: the form has no property "/porpoise"`},
		{"value that the form lacks", "", `{"/purpose": [RENTE]}`, `{"/purpose": [RENTE, ERBE]}`, `small.yaml:51: services[0].feeRules.freeWhen["/purpose"][1]: "ERBE" is no value of "/purpose" in the form`},
		{"window reversed", "", "closesAt: 2026-12-01T15", "closesAt: 2026-10-01T15", `small.yaml:55: services[0].closesAt: is not after opensAt`},
		{"instant without an offset", "", "2026-12-01T15:00:00+01:00", "2026-12-01T15:00:00", `small.yaml:55: services[0].closesAt: "2026-12-01T15:00:00" is no instant like`},
		{"form version 0", "", "{version: 1, file: small/forms", "{version: 0, file: small/forms", `small.yaml:56: services[0].form.version: must be 1 or more`},
		{"form file missing", "", "forms/bescheinigung.json", "forms/zeugnis.json", `small.yaml:56: services[0].form.file: small/forms/zeugnis.json: file does not exist`},

		{"broken JSON in a form", smallForm, `"copies", "purpose"],`, `"copies", "purpose"`, `small/forms/bescheinigung.json:6: invalid character '"' after array element`},
		{"form that ends too soon", smallForm, "\n    }\n  }\n}\n", "\n", `small/forms/bescheinigung.json:14: the JSON document ends too soon`},
		{"form with a surplus end", smallForm, "\n    }\n  }\n}\n", "\n    }\n  }\n}}\n", `small/forms/bescheinigung.json:17: there is more after the end of the JSON document`},
		{"property twice in a form", smallForm, `"copies": {"type"`, `"name": {"type": "boolean", "x-label": {"de": "x", "en": "x"}}, "copies": {"type"`, `small/forms/bescheinigung.json:9: /properties/name: stands here twice`},
		{"schema that does not compile", smallForm, `"minimum": 1`, `"minimum": "one"`, `small/forms/bescheinigung.json:9: /properties/copies/minimum: got string, want number`},
		{"pattern that does not compile", smallForm, `"maxLength": 80`, `"maxLength": 80, "pattern": "("`, `small/forms/bescheinigung.json:8: /properties/name/pattern: '(' is not valid regex`},
		{"schema without unevaluatedProperties", smallForm, "  \"unevaluatedProperties\": false,\n", "", `small/forms/bescheinigung.json:1: /unevaluatedProperties: must be false`},
		{"schema with unevaluatedProperties true", smallForm, `"unevaluatedProperties": false`, `"unevaluatedProperties": true`, `small/forms/bescheinigung.json:4: /unevaluatedProperties: must be false`},
		{"older draft", smallForm, "draft/2020-12", "draft/2019-09", `small/forms/bescheinigung.json:2: /$schema: must be "https://json-schema.org/draft/2020-12/schema"`},
		{"keyword misspelt", smallForm, `"maxLength"`, `"maxlength": 3, "maxLength"`, `small/forms/bescheinigung.json:8: /properties/name/maxlength: unknown keyword`},
		{"reference out of the form", smallForm, `"minimum": 1`, `"$ref": "file:///etc/passwd"`, `small/forms/bescheinigung.json:9: /properties/copies/$ref: unknown keyword`},
		{"text without bound", smallForm, `, "maxLength": 80`, ``, `small/forms/bescheinigung.json:8: /properties/name/maxLength: missing: a text must be bounded`},
		{"label without English", smallForm, `"x-label": {"de": "Zweck", "en": "Purpose"}`, `"x-label": {"de": "Zweck"}`, `small/forms/bescheinigung.json:12: /properties/purpose/x-label/en: missing`},
		{"value without label", smallForm, `, "SONST": {"de": "Sonstiges", "en": "Other"}`, ``, `small/forms/bescheinigung.json:14: /properties/purpose/x-values/SONST: missing`},
		{"property without a place", smallForm, `"fields": ["name", "copies", "purpose"]`, `"fields": ["name", "purpose"]`, `small/forms/bescheinigung.json:6: /x-layout: "copies" has no place`},
		{"property with two places", smallForm, `"fields": ["name",`, `"fields": ["name", "name",`, `small/forms/bescheinigung.json:6: /x-layout/0/fields/1: "name" has a place already`},
		{"required property misspelt", smallForm, `"required": ["name"`, `"required": ["nome"`, `small/forms/bescheinigung.json:5: /required/0: there is no property "nome"`},
		{"form that is a list", smallForm, "", "[]", `small/forms/bescheinigung.json:1: a form is an object`},
		{"empty form", smallForm, "", "", `small/forms/bescheinigung.json:1: the JSON document ends too soon`},

		{"no YAML", "", "", "a: [", `small.yaml:1: did not find`},
		{"tabs", "", "  name: Kleinstadt", "\tname: Kleinstadt", `small.yaml:5: found character that cannot start any token`},
		{"nothing", "", "", "", `small.yaml:1: the file is empty`},
		{"a list", "", "", "- a", `small.yaml:1: must be a mapping`},
		{"two documents", "", "services:\n", "---\nservices:\n", `small.yaml:36: a second document begins here; a town is one document`},
		{"alias", "", "name: {de: Pass, en: Passport}", "name: {de: &x Pass, en: Passport}", `small.yaml:61: services[1].name.de: anchors and aliases are not used here; write it out`},
		{"not UTF-8", "", "", "\xff\xfe", `small.yaml: is not UTF-8`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := small(t)
			file := c.file
			if file == "" {
				file = smallTown
			}
			text := c.new
			if c.old != "" {
				whole := string(files[file].Data)
				require.Equal(t, 1, strings.Count(whole, c.old), "the breakage is one place")
				text = strings.Replace(whole, c.old, c.new, 1)
			}
			files[file] = &fstest.MapFile{Data: []byte(text)}

			_, err := town.Load(files, smallTown)
			var faults *town.Faults
			require.ErrorAs(t, err, &faults)
			require.Len(t, faults.List, 1, err.Error())
			require.Zero(t, faults.More)
			require.True(t, strings.HasPrefix(err.Error(), c.want), "got  %s\nwant %s", err, c.want)
		})
	}
}

func TestLoadReportsEverythingAtOnceSortedByLine(t *testing.T) {
	t.Parallel()
	files := small(t)
	text := string(files[smallTown].Data)
	for _, change := range [][2]string{
		{"slug: pass\n", "slug: bescheinigung\n"},
		{"channels: [ONLINE]", "channels: [POST]"},
		{"timeZone: Europe/Berlin", "timeZone: Mars"},
		{"stepMinutes: 15", "stepMinutes: 7"},
	} {
		require.Equal(t, 1, strings.Count(text, change[0]), change[0])
		text = strings.Replace(text, change[0], change[1], 1)
	}
	files[smallTown] = &fstest.MapFile{Data: []byte(text)}
	files[smallForm] = &fstest.MapFile{Data: []byte("{}")}
	files[smallNotice] = &fstest.MapFile{Data: nil}

	_, err := town.Load(files, smallTown)
	require.EqualError(t, err, strings.Join([]string{
		`small.yaml:6: municipality.timeZone: "Mars" is no IANA time zone`,
		`small.yaml:20: offices[0].stepMinutes: 7 is none of 5, 10, 15, 20, 30, 60: starts repeat every hour, in cells of five minutes`,
		`small.yaml:33: offices[0].counters[0].services[0]: there is no service "pass"`,
		`small.yaml:56: services[0].form: there is no channel ONLINE for it`,
		`small.yaml:58: services[1].slug: "bescheinigung" is used by services[0].slug already`,
		`small.yaml:67: services[1].appointmentMinutes: no counter serves "bescheinigung"`,
		`small/forms/bescheinigung.json:1: /$schema: must be "https://json-schema.org/draft/2020-12/schema"`,
		`small/forms/bescheinigung.json:1: /type: must be "object"`,
		`small/notices/1.de.md:1: the text is empty`,
	}, "\n"))
}

func TestLoadAsksForAFormWithTheOnlineChannel(t *testing.T) {
	t.Parallel()
	files := small(t)
	text := strings.Replace(string(files[smallTown].Data), "    form: {version: 1, file: small/forms/bescheinigung.json}\n", "", 1)
	files[smallTown] = &fstest.MapFile{Data: []byte(text)}
	_, err := town.Load(files, smallTown)
	require.EqualError(t, err, "small.yaml:37: services[0].form: missing: channel ONLINE needs a form\n"+
		"small.yaml:51: services[0].feeRules: there is no form for it")
}

func TestLoadStopsCountingAtFifty(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 60 {
		fmt.Fprintf(&text, "field%d: 1\n", i)
	}
	_, err := town.Load(fstest.MapFS{"t.yaml": {Data: []byte(text.String())}}, "t.yaml")
	var faults *town.Faults
	require.ErrorAs(t, err, &faults)
	require.Len(t, faults.List, 50)
	require.Equal(t, 13, faults.More, "60 unknown fields and 3 missing ones")
	require.True(t, strings.HasSuffix(err.Error(), "\nand 13 more"), err.Error())
}

func TestLoadRefusesAFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := town.Load(small(t), "grossstadt.yaml")
	require.EqualError(t, err, "grossstadt.yaml: file does not exist")
	_, err = town.Load(small(t), "../small.yaml")
	require.EqualError(t, err, `../small.yaml: "../small.yaml" is no path inside the town's folder`)
	_, err = town.Load(fstest.MapFS{"t.yaml": {Data: make([]byte, 1<<20+1)}}, "t.yaml")
	require.EqualError(t, err, "t.yaml: is larger than 1048576 bytes")
}

func TestLoadFileNamesFilesAsTheCallerSeesThem(t *testing.T) {
	t.Parallel()
	_, err := town.LoadFile("testdata/small.yaml")
	require.NoError(t, err)
	_, err = town.LoadFile("testdata/large.yaml")
	var faults *town.Faults
	require.ErrorAs(t, err, &faults)
	require.Equal(t, "testdata/large.yaml", faults.List[0].File)
}

func TestTownNamesTheLineOfAFieldForItsCaller(t *testing.T) {
	t.Parallel()
	got, err := town.Load(small(t), smallTown)
	require.NoError(t, err)
	require.EqualError(t, got.Fault("services[0].form.version", "version %d is in use", 1),
		"small.yaml:56: services[0].form.version: version 1 is in use")
	require.EqualError(t, got.Fault("services[1].form.version", "missing"), "small.yaml:58: services[1].form.version: missing")
	got, err = town.LoadFile("testdata/small.yaml")
	require.NoError(t, err)
	require.EqualError(t, got.Fault("municipality.ars", "known"), "testdata/small.yaml:3: municipality.ars: known")
}

// FuzzLoad holds Load to its word for any bytes: a town or faults, never both, never a panic.
func FuzzLoad(f *testing.F) {
	files := small(f)
	f.Add(files[smallTown].Data, files[smallForm].Data)
	f.Add([]byte("a: &a [*a]"), []byte(`{"type":"object","properties":{"a":{}}}`))
	f.Add([]byte("? [a]\n: b\n<<: {}"), []byte(`[`))
	f.Fuzz(func(t *testing.T, main, schema []byte) {
		files := fstest.MapFS{
			smallTown:               {Data: main},
			smallForm:               {Data: schema},
			smallNotice:             files[smallNotice],
			"small/notices/1.en.md": files["small/notices/1.en.md"],
		}
		got, err := town.Load(files, smallTown)
		if (got == nil) == (err == nil) {
			t.Fatalf("town %v and error %v", got, err)
		}
		var faults *town.Faults
		if err != nil && (!errors.As(err, &faults) || len(faults.List) == 0) {
			t.Fatalf("no faults: %v", err)
		}
	})
}
