package form_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nelke/web/form"
)

// problem makes a problem of an answer.
func problem(message, path string) form.Problem {
	return form.Problem{Message: message, Path: append([]string{"input", "answers"}, strings.FieldsFunc(path, func(r rune) bool { return r == '/' })...)}
}

func TestProblemsAreFoundTheirFields(t *testing.T) {
	t.Parallel()
	letters, landlord := oneTown(t, "briefwahlantrag.json"), oneTown(t, "wohnungsgeberbestaetigung.json")
	register := oneTown(t, "melderegisterauskunft.json")
	persons := form.Answers{"landlordIsOwner": true, "persons": []any{map[string]any{"givenNames": "A"}, map[string]any{}}}
	const names = "Bitte machen Sie mindestens eine dieser Angaben: „Familienname“ oder „Vornamen“."
	for _, c := range []struct {
		form    *form.Form
		answers form.Answers
		problem form.Problem
		pointer string
		section int
	}{
		{letters.form, form.Answers{}, problem("x", "residence/postalCode"), "/residence/postalCode", 0},
		{letters.form, form.Answers{}, problem("x", "residence"), "/residence", 0},
		{letters.form, form.Answers{}, problem("x", "residence/surplus"), "/residence", 0},
		{letters.form, form.Answers{}, problem(names, ""), "/familyName", 0},
		{letters.form, form.Answers{"givenNames": "x"}, problem("x", ""), "", -1},
		{letters.form, form.Answers{"sendTo": "RESIDENCE"}, problem("x", "shippingAddress/street"), "", -1},
		{letters.form, form.Answers{"sendTo": "OTHER"}, problem("x", "shippingAddress/street"), "/shippingAddress/street", 1},
		{letters.form, form.Answers{}, form.Problem{Message: "x", Path: []string{"input", "revision"}}, "", -1},
		{letters.form, form.Answers{}, form.Problem{Message: "x"}, "", -1},
		{landlord.form, persons, problem("x", "persons/0/givenNames"), "/persons/0/givenNames", 2},
		{landlord.form, persons, problem("x", "persons"), "/persons", 2},
		{landlord.form, persons, problem("x", "persons/7"), "/persons", 2},
		{landlord.form, persons, problem("x", "persons/first"), "/persons", 2},
		{landlord.form, persons, problem(names, "persons/1"), "/persons/1/familyName", 2},
		{register.form, form.Answers{}, problem(names, ""), "/familyName", 0},
		{register.form, form.Answers{}, problem("„Geburtsdatum“, „Früherer Name“ oder „Letzte bekannte Anschrift“", ""), "/birthDate", 0},
	} {
		faults := c.form.Place([]form.Problem{c.problem}, c.answers)
		require.Len(t, faults, 1)
		assert.Equal(t, c.pointer, faults[0].Pointer, c.problem)
		assert.Equal(t, c.section, faults[0].Section, c.problem)
	}
}

func TestAnswersThatExcludeEachOtherAreAtFaultTogether(t *testing.T) {
	t.Parallel()
	f := small(t, `{"a": {"type": "boolean"}, "b": {"type": "boolean"}, "c": {"type": "boolean"}}`, `{"oneOf": [{"required": ["b"]}, {"required": ["c"]}]}`)
	for _, answers := range []form.Answers{{}, {"b": true, "c": true}} {
		assert.Equal(t, "/b", f.Place([]form.Problem{problem("x", "")}, answers)[0].Pointer)
	}
	assert.Empty(t, f.Place([]form.Problem{problem("x", "")}, form.Answers{"b": true})[0].Pointer)
}

func TestFaultsStandBesideTheirFieldsAndInTheSummary(t *testing.T) {
	t.Parallel()
	f := oneTown(t, "briefwahlantrag.json").form
	faults := f.Place([]form.Problem{
		problem("PLZ falsch", "residence/postalCode"), problem("Name fehlt", ""), problem("Anschrift falsch", "residence"),
		problem("Datum fehlt", "birthDate"), problem("Wohin?", "sendTo"),
		{Message: "Zu spät", Path: []string{"input", "revision"}},
	}, form.Answers{})
	assert.Len(t, faults.In(0), 4)
	assert.Len(t, faults.In(1), 1)
	view := f.View(form.Page{Answers: form.Answers{}, Faults: faults, Language: "de"})
	assert.Equal(t, []form.Error{
		{"f-familyName", "Name fehlt"},
		{"f-birthDate-day", "Datum fehlt"},
		{"f-residence-street", "Anschrift falsch"},
		{"f-residence-postalCode", "PLZ falsch"},
		{"", "Zu spät"},
	}, view.Errors())
	p := show(t, view)
	input := p.find("f-residence-postalCode")
	assert.Equal(t, "true", value(input, "aria-invalid"))
	assert.Contains(t, value(input, "class"), "kern-form-input__input--error")
	assert.Contains(t, value(input, "aria-describedby"), "e-residence-postalCode")
	assert.Contains(t, value(input.Parent, "class"), "kern-form-input--error")
	assert.Contains(t, content(p.find("e-residence-postalCode")), "PLZ falsch")
	assert.Contains(t, value(p.find("f-residence"), "aria-describedby"), "e-residence")
	for _, part := range []string{"day", "month", "year"} {
		assert.Equal(t, "true", value(p.find("f-birthDate-"+part), "aria-invalid"))
	}
	assert.Empty(t, value(p.find("f-givenNames"), "aria-invalid"))

	view = f.View(form.Page{Section: 1, Answers: form.Answers{}, Faults: faults, Language: "de"})
	assert.Equal(t, []form.Error{{"f-sendTo-RESIDENCE", "Wohin?"}, {"", "Zu spät"}}, view.Errors())
	assert.Equal(t, "true", value(show(t, view).find("f-sendTo"), "aria-invalid"))
}

func TestThePartOfADateIsAtFault(t *testing.T) {
	t.Parallel()
	f := small(t, `{"x": {"type": "string", "format": "date"}}`)
	p := page(t, f, form.Answers{})
	p.enter("/x.day", "31.")
	p.enter("/x.month", "2")
	p.enter("/x.year", "99")
	answers, change := f.Parse(0, p.submit(), form.Answers{"x": "2001-01-01"}, "en")
	assert.Empty(t, answers)
	view := f.View(form.Page{Answers: answers, Change: change, Language: "en"})
	assert.Equal(t, []form.Error{{"f-x-year", "Please enter the year with four digits, for example 1999."}}, view.Errors())
	p = show(t, view)
	assert.Equal(t, "31.", value(p.find("f-x-day"), "value"))
	assert.Equal(t, "true", value(p.find("f-x-year"), "aria-invalid"))
	assert.Empty(t, value(p.find("f-x-day"), "aria-invalid"))
}
