package form_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/internal/form"
)

func TestTextTellsAPersonWhatIsWrong(t *testing.T) {
	t.Parallel()
	forms := map[string]*form.Schema{}
	for _, f := range append(blomberg(t), rich(t)) {
		forms[f.name] = f.schema
	}
	for _, c := range []struct{ form, answers, pointer, keyword, de, en string }{
		{"meldebescheinigung", `{}`, "", "anyOf", "Bitte machen Sie mindestens eine dieser Angaben: „Familienname“ oder „Vornamen“.", "Please give at least one of these answers: “Family name” or “Given names”."},
		{"meldebescheinigung", `{"birthDate": " "}`, "/birthDate", "required", "Bitte machen Sie diese Angabe.", "Please fill this in."},
		{"melderegisterauskunft", `{"givenNames": "Sukarno"}`, "", "anyOf", "Bitte machen Sie mindestens eine dieser Angaben: „Geburtsdatum“, „Früherer Name“ oder „Letzte bekannte Anschrift“.", "Please give at least one of these answers: “Date of birth”, “Former name” or “Last known address”."},
		{"melderegisterauskunft", `{"noAdvertising": false}`, "/noAdvertising", "const", "Bitte stimmen Sie hier zu, sonst können wir Ihren Antrag nicht annehmen. Ohne diese Erklärung dürfen wir keine Auskunft erteilen (§ 44 Absatz 3 Bundesmeldegesetz).", "Please agree to this, or else we cannot accept your application. Without this declaration we may not give information (section 44 (3) of the Federal Act on Registration)."},
		{"melderegisterauskunft", `{"recipient": {"postalCode": "3282"}}`, "/recipient/postalCode", "pattern", "Bitte geben Sie genau fünf Ziffern ein.", "Please enter exactly five digits."},
		{"briefwahlantrag", `{"residence": {"postalCode": "32756"}}`, "/residence/postalCode", "const", "Hier ist nur „32825“ möglich. Zu Blomberg gehört nur die Postleitzahl 32825.", "Only “32825” is possible here. Blomberg has one postcode only, 32825."},
		{"briefwahlantrag", `{"residence": {"houseNumber": "1\n2"}}`, "/residence/houseNumber", "pattern", "Bitte schreiben Sie diese Angabe in eine Zeile.", "Please write this on one line."},
		{"briefwahlantrag", `{"shippingAddress": {"country": "at"}}`, "/shippingAddress/country", "pattern", "Bitte prüfen Sie diese Angabe: Länderkürzel aus zwei Buchstaben, DE für Deutschland.", "Please check this answer: Two-letter country code, DE for Germany."},
		{"abmeldung-ins-ausland", `{"familyName": "Nol\nte"}`, "/familyName", "pattern", "Bitte schreiben Sie diese Angabe in eine Zeile.", "Please write this on one line."},
		{"abmeldung-ins-ausland", `{"moveOutDate": "31.03.2026"}`, "/moveOutDate", "format", "Bitte geben Sie ein Datum ein, das es gibt: Jahr, Monat und Tag wie 2026-03-31.", "Please enter a date that exists: year, month and day like 2026-03-31."},
		{"abmeldung-ins-ausland", `{"birthDate": "24.06.1965"}`, "/birthDate", "format", "Bitte geben Sie ein Datum ein, das es gibt, wie 1965-06-24. Ist nur ein Teil bekannt, genügt das Jahr oder Jahr und Monat: 1965 oder 1965-06.", "Please enter a date that exists, like 1965-06-24. If only a part is known, the year will do, or year and month: 1965 or 1965-06."},
		{"abmeldung-ins-ausland", `{"birthDate": "1799"}`, "/birthDate", "pattern", "Bitte geben Sie ein Jahr zwischen 1800 und 2099 an.", "Please give a year from 1800 to 2099."},
		{"abmeldung-ins-ausland", `{"birthDate": "2026-11-26"}`, "/birthDate", "x-maxDaysAhead", "Dieses Datum liegt in der Zukunft. Bitte prüfen Sie es.", "This date lies in the future. Please check it."},
		{"abmeldung-ins-ausland", `{"moveOutDate": "2026-12-03"}`, "/moveOutDate", "x-maxDaysAhead", "Dieses Datum darf höchstens 7 Tage in der Zukunft liegen. Die Abmeldung ist frühestens eine Woche vor dem Auszug möglich.", "This date may lie at most 7 days ahead. You can deregister one week before moving out at the earliest."},
		{"uebermittlungssperre", `{"objections": []}`, "/objections", "minItems", "Bitte geben Sie mindestens einen Eintrag an.", "Please give at least one entry."},
		{"wohnungsgeberbestaetigung", `{"persons": [{}, {}]}`, "/persons", "uniqueItems", "Ein Eintrag kommt mehrmals vor. Bitte nennen Sie jeden nur einmal.", "One entry occurs more than once. Please give each only once."},
		{"rich", `{"ratio": 2.25}`, "/ratio", "exclusiveMaximum", "Bitte geben Sie weniger als 2,25 an.", "Please enter less than 2.25."},
		{"rich", `{"marks": [2]}`, "/marks", "minContains", "In dieser Liste fehlen Einträge: Mindestens 2 von der verlangten Art gehören dazu.", "Entries are missing from this list: at least 2 of the kind asked for belong in it."},
		{"rich", `{"place": {"town": "Lage", "geo": "1,2"}}`, "/place", "oneOf", "Bitte machen Sie nur eine der Angaben, die einander hier ausschließen.", "Please give only one of the answers that exclude each other here."},
	} {
		_, faults := forms[c.form].Accept([]byte(c.answers), false, today)
		found := false
		for _, f := range faults {
			if f.Pointer == c.pointer && f.Keyword == c.keyword {
				found = true
				require.Equal(t, c.de, f.Text("de"))
				require.Equal(t, c.en, f.Text("en"))
			}
		}
		require.True(t, found, "%s at %s of %s: %+v", c.keyword, c.pointer, c.answers, faults)
	}
}

// TestTextKnowsEachFormatAndType: no sentence is the general one, for none of what a form can ask.
func TestTextKnowsEachFormatAndType(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	told := func(what string, f form.Fault) {
		understood(t, f)
		for _, language := range []string{"de", "en"} {
			text := f.Text(language)
			require.Empty(t, seen[text], what)
			seen[text] = what
		}
	}
	told("anything", form.Fault{Pointer: "/a", Keyword: "type"})
	told("another format", form.Fault{Pointer: "/a", Keyword: "format", Params: map[string]any{"format": "json-pointer"}})
	for _, kind := range []string{"string", "integer", "number", "boolean", "array", "object"} {
		told(kind, form.Fault{Pointer: "/a", Keyword: "type", Params: map[string]any{"type": []string{kind}}})
	}
	for _, format := range []string{"date", "time", "date-time", "duration", "email", "uri", "uri-reference", "hostname", "ipv4", "ipv6", "uuid"} {
		told(format, form.Fault{Pointer: "/a", Keyword: "format", Params: map[string]any{"format": format}})
	}
	for _, keyword := range []string{"minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains", "minProperties", "maxProperties"} {
		told(keyword, form.Fault{Pointer: "/a", Keyword: keyword, Params: map[string]any{"limit": 1}})
		told(keyword+"s", form.Fault{Pointer: "/a", Keyword: keyword, Params: map[string]any{"limit": 3}})
	}
}

func TestFaultsNeverRepeatWhatWasAnswered(t *testing.T) {
	t.Parallel()
	const secret, number = "Geheimnis4711", 471147114711.5
	var hide func(v any) any
	hide = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			all := map[string]any{}
			for name, inner := range v {
				all[name] = hide(inner)
			}
			return all
		case []any:
			all := []any{secret, number}
			for _, inner := range v {
				all = append(all, hide(inner))
			}
			return all
		case string:
			return " " + secret
		default:
			return number
		}
	}
	n := 0
	for _, f := range append(blomberg(t), rich(t)) {
		for _, s := range f.accepted {
			answers := hide(s.answers).(map[string]any)
			answers["surplus"] = secret
			for _, foul := range []string{"", secret + "\x00"} {
				answers["foul"] = foul
				_, faults := f.schema.Accept(encoded(t, answers), false, today)
				require.NotEmpty(t, faults)
				for _, fault := range faults {
					n++
					told, err := json.Marshal(fault)
					require.NoError(t, err)
					all := string(told) + fault.Text("de") + fault.Text("en")
					require.NotContains(t, all, secret)
					require.NotContains(t, all, "4711", fmt.Sprint(fault))
				}
			}
		}
	}
	require.Greater(t, n, 300)
}

func TestPathIsThePointerInParts(t *testing.T) {
	t.Parallel()
	for pointer, want := range map[string][]string{
		"": nil, "/": {""}, "/name": {"name"}, "/to/city": {"to", "city"}, "/a~1b/0/c~0d": {"a/b", "0", "c~d"}, "/~01": {"~1"},
	} {
		require.Equal(t, want, form.Fault{Pointer: pointer}.Path(), pointer)
	}
}
