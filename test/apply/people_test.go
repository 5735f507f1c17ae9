package apply_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// Who has one name, a birth date that registers know in part, or a house without a number can apply online; what is typed
// is kept in one form, and dates that can't lie ahead don't.
func TestPeopleApplyAsTheyAre(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		residence := suite.Vars{"street": "Nederntor", "houseNumber": "14", "postalCode": "32825"}
		whole := suite.Vars{"familyName": "Mustermann", "givenNames": "Erika", "birthDate": "1964-08-12", "residence": residence}
		with := func(change suite.Vars) suite.Vars {
			answers := suite.Vars{}
			for name, v := range whole {
				answers[name] = v
			}
			for name, v := range change {
				if answers[name] = v; v == nil {
					delete(answers, name)
				}
			}
			return answers
		}
		revision := 0
		id := w.person.Draft(w.paid)
		save := func(answers any) *suite.Answer {
			return w.person.Mutate("saveAnswers", suite.Vars{"application": id, "revision": revision, "answers": answers})
		}
		for name, row := range map[string]struct {
			change suite.Vars
			path   string
			kept   string
		}{
			"a year":                       {suite.Vars{"birthDate": "1965"}, "birthDate", "1965"},
			"a year and a month":           {suite.Vars{"birthDate": "1965-06"}, "birthDate", "1965-06"},
			"zeros for what isn't known":   {suite.Vars{"birthDate": "1965-00-00"}, "birthDate", "1965"},
			"zeros for the day":            {suite.Vars{"birthDate": "1965-06-00"}, "birthDate", "1965-06"},
			"a family name alone":          {suite.Vars{"givenNames": nil, "familyName": "Sukarno"}, "familyName", "Sukarno"},
			"an empty given name":          {suite.Vars{"givenNames": "", "familyName": "Sukarno"}, "familyName", "Sukarno"},
			"a given name alone":           {suite.Vars{"givenNames": "Sukarno", "familyName": " "}, "givenNames", "Sukarno"},
			"an umlaut in two parts":       {suite.Vars{"familyName": "Mu\u0308ller"}, "familyName", "Müller"},
			"white space that RE2 forgets": {suite.Vars{"familyName": "\u2003Muster\u00a0"}, "familyName", "Muster"},
			"invisible characters":         {suite.Vars{"familyName": "Muster\u200bm\u00adann"}, "familyName", "Mustermann"},
			"a castle":                     {suite.Vars{"residence": suite.Vars{"street": "Burg", "houseNumber": "Schloß", "postalCode": "32825"}}, "residence.houseNumber", "Schloß"},
			"half a house":                 {suite.Vars{"residence": suite.Vars{"street": "Burg", "houseNumber": "14½", "postalCode": "32825"}}, "residence.houseNumber", "14½"},
			"born today":                   {suite.Vars{"birthDate": "2026-11-23"}, "birthDate", "2026-11-23"},
		} {
			a := save(with(row.change)).OK("saveAnswers.application")
			revision++
			require.Equal(t, row.kept, a.Get("answers."+row.path).String(), name)
		}
		for name, row := range map[string]struct {
			change suite.Vars
			path   string
		}{
			"no name":              {suite.Vars{"givenNames": nil, "familyName": "\u200b"}, "input.answers"},
			"born tomorrow":        {suite.Vars{"birthDate": "2026-11-24"}, "input.answers.birthDate"},
			"born next month":      {suite.Vars{"birthDate": "2026-12"}, "input.answers.birthDate"},
			"born in five years":   {suite.Vars{"birthDate": "2031-00-00"}, "input.answers.birthDate"},
			"a month that isn't":   {suite.Vars{"birthDate": "1965-13"}, "input.answers.birthDate"},
			"a carriage return":    {suite.Vars{"familyName": "Muster\rmann"}, "input.answers.familyName"},
			"a line separator":     {suite.Vars{"familyName": "Muster\u2028mann"}, "input.answers.familyName"},
			"an override":          {suite.Vars{"familyName": "Muster\u202emann"}, "input.answers.familyName"},
			"half a surrogate":     {suite.Vars{"familyName": "Muster\ufffdmann"}, "input.answers.familyName"},
			"no house number":      {suite.Vars{"residence": suite.Vars{"street": "Burg", "houseNumber": "\u00a0", "postalCode": "32825"}}, "input.answers.residence.houseNumber"},
			"no birth date at all": {suite.Vars{"birthDate": ""}, "input.answers.birthDate"},
		} {
			t.Run(name, func(t *testing.T) {
				w.unchanged(t, func() {
					refused(t, save(with(row.change)), "ANSWERS_INVALID", row.path)
				})
			})
		}
		t.Run("a move is told a week before at the earliest", func(t *testing.T) {
			c := w.other.For(t)
			id := c.Draft(w.free)
			answers, _ := w.free.Accepted[0].(map[string]any)
			moves := suite.Vars{}
			for name, v := range answers {
				moves[name] = v
			}
			moves["moveOutDate"] = "2026-12-01"
			save := func(incomplete bool) *suite.Answer {
				return c.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 0, "answers": moves, "incomplete": incomplete})
			}
			refused(t, save(true), "ANSWERS_INVALID", "input.answers.moveOutDate")
			w.Clock.Set(time.Date(2026, time.November, 23, 23, 30, 0, 0, suite.Start().Location()))
			refused(t, save(false), "ANSWERS_INVALID", "input.answers.moveOutDate")
			w.Clock.Set(time.Date(2026, time.November, 24, 0, 30, 0, 0, suite.Start().Location())) // 23:30 the day before, in UTC
			save(false).OK("saveAnswers.application.id")
		})
	})
}
