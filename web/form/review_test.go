package form_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"nelke/web/form"
)

func TestAnswersAreReadable(t *testing.T) {
	t.Parallel()
	f := oneTown(t, "eheurkunde.json").form
	answers := form.Answers{
		"firstSpouse":  map[string]any{"familyName": "Muster", "givenNames": "Erika", "birthName": "Gabler"},
		"marriageDate": "1989-08-12", "relationship": "OTHER", "interest": "Erbe\nund mehr", "applicantOverSixteen": true,
		"copies": 2.0, "recipient": map[string]any{
			"familyName": "Muster", "givenNames": "Erika", "street": "Heutorstraße", "houseNumber": "9 a", "postalCode": "32825", "city": "Blomberg",
		},
	}
	assert.Equal(t, []form.ReviewGroup{
		{0, "Angaben zur Eheschließung", []form.Row{
			{"Erste Ehegattin oder erster Ehegatte", []string{"Familienname: Muster", "Geburtsname, falls abweichend: Gabler", "Vornamen: Erika"}, "f-firstSpouse"},
			{"Tag der Eheschließung", []string{"12. August 1989"}, "f-marriageDate"},
		}},
		{1, "Ihre Berechtigung", []form.Row{
			{"In welchem Verhältnis stehen Sie zu der eingetragenen Person?", []string{"Andere Person mit rechtlichem Interesse"}, "f-relationship"},
			{"Begründung Ihres Interesses", []string{"Erbe", "und mehr"}, "f-interest"},
			{"Ich bin mindestens 16 Jahre alt.", []string{"Ja"}, "f-applicantOverSixteen"},
		}},
		{2, "Zweck und Versand", []form.Row{
			{"Anzahl der Exemplare", []string{"2"}, "f-copies"},
			{"Empfänger der Sendung", []string{"Erika Muster", "Heutorstraße 9 a", "32825 Blomberg"}, "f-recipient"},
		}},
	}, f.Review(answers, "de"))
}

func TestListsAndNumbersAreReadable(t *testing.T) {
	t.Parallel()
	f := small(t, `{`+people+`,
		"n": {"type": "number"}, "p": {"type": "string", "format": "partial-date", "pattern": `+quoted(partialDatePattern)+`},
		"s": {"type": "array", "maxItems": 2, "items": {"type": "string", "enum": ["A", "B"], "x-values": {"A": {"de": "Äpfel", "en": "Apples"}, "B": {"de": "Birnen", "en": "Pears"}}}},
		"t": {"type": "array", "maxItems": 2, "items": {"type": "string", "maxLength": 9}}, "y": {"type": "boolean"}
	}`)
	rows := func(language string) []form.Row {
		return f.Review(form.Answers{
			"people": []any{map[string]any{"name": "Ada", "age": 36}, map[string]any{"name": "Bo"}},
			"n":      0.75, "p": "1965-06", "s": []any{"B", "A"}, "t": []any{"eins", "zwei"}, "y": false, "unknown": "x",
		}, language)[0].Rows
	}
	assert.Equal(t, []form.Row{
		{"Feld n", []string{"0,75"}, "f-n"},
		{"Feld p", []string{"Juni 1965"}, "f-p"},
		{"Person 1", []string{"Name: Ada", "Alter: 36"}, "f-people-0"},
		{"Person 2", []string{"Name: Bo"}, "f-people-1"},
		{"Feld s", []string{"Birnen", "Äpfel"}, "f-s"},
		{"Feld t", []string{"eins", "zwei"}, "f-t"},
		{"Feld y", []string{"Nein"}, "f-y"},
	}, rows("de"))
	english := rows("en")
	assert.Equal(t, []string{"0.75"}, english[0].Lines)
	assert.Equal(t, []string{"June 1965"}, english[1].Lines)
	assert.Equal(t, []string{"No"}, english[6].Lines)
}

func TestNothingAnsweredIsNothingToReview(t *testing.T) {
	t.Parallel()
	for _, town := range towns(t) {
		assert.Empty(t, town.form.Review(form.Answers{}, "de"), town.name)
		for _, s := range town.accepted {
			groups := town.form.Review(s.Answers, "en")
			assert.NotEmpty(t, groups)
			for _, g := range groups {
				for _, row := range g.Rows {
					assert.NotEmpty(t, row.Lines)
					assert.NotContains(t, row.Lines, "")
				}
			}
		}
	}
}
