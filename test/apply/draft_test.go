package apply_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

func TestADraftGoesItsWayStepByStep(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		me := w.person
		id := me.Mutate("startApplication", suite.Vars{"service": w.free.Service}).OK("startApplication.application.id").String()
		steps := func(want ...string) {
			t.Helper()
			require.Equal(t, want, texts(me.Application(id).Get("openSteps")))
		}
		save := suite.Vars{"application": id, "revision": 0, "answers": w.free.Accepted[0]}
		steps("CONFIRM_INFORMATION", "ACKNOWLEDGE_PRIVACY", "ANSWER", "REVIEW")
		w.unchanged(t, func() {
			refused(t, me.Mutate("saveAnswers", save), "INFORMATION_NOT_CONFIRMED", "input.application")
			refused(t, me.Mutate("submitApplication", suite.Vars{"application": id}), "INFORMATION_NOT_CONFIRMED", "input.application")
		})
		me.Mutate("confirmInformation", suite.Vars{"application": id}).OK("confirmInformation.application.id")
		steps("ACKNOWLEDGE_PRIVACY", "ANSWER", "REVIEW")
		w.unchanged(t, func() {
			refused(t, me.Mutate("saveAnswers", save), "NOTICE_NOT_ACKNOWLEDGED", "input.application")
			refused(t, me.Mutate("acknowledgePrivacyNotice", suite.Vars{"application": id, "privacyNotice": "privacynotice_x"}), "NOTICE_NOT_ACKNOWLEDGED", "input.privacyNotice")
		})
		me.Mutate("acknowledgePrivacyNotice", suite.Vars{"application": id, "privacyNotice": w.free.Notice}).OK("acknowledgePrivacyNotice.application.id")
		steps("ANSWER", "REVIEW")
		w.unchanged(t, func() {
			refused(t, me.Mutate("submitApplication", suite.Vars{"application": id}), "ANSWERS_INVALID", "input.application")
			refused(t, me.Mutate("reviewApplication", suite.Vars{"application": id, "revision": 0}), "ANSWERS_INVALID", "input.application")
		})
		require.EqualValues(t, 1, me.Mutate("saveAnswers", save).OK("saveAnswers.application.revision").Int())
		steps("REVIEW")
		w.unchanged(t, func() {
			refused(t, me.Mutate("saveAnswers", save), "STALE_REVISION", "input.revision") // the other tab
			refused(t, me.Mutate("reviewApplication", suite.Vars{"application": id, "revision": 2}), "STALE_REVISION", "input.revision")
			refused(t, me.Mutate("submitApplication", suite.Vars{"application": id}), "NOT_REVIEWED", "input.application")
		})
		me.Mutate("reviewApplication", suite.Vars{"application": id, "revision": 1}).OK("reviewApplication.application.id")
		require.Empty(t, texts(me.Application(id).Get("openSteps")))
		me.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 1, "answers": w.free.Accepted[1]}).OK("saveAnswers.application.id")
		steps("REVIEW")
		me.Mutate("reviewApplication", suite.Vars{"application": id, "revision": 2}).OK("reviewApplication.application.id")
		done := me.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application")
		require.Equal(t, "SUBMITTED", done.Get("status").String())
		require.NotEmpty(t, done.Get("deadline").String())
		w.unchanged(t, func() {
			refused(t, me.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 2, "answers": w.free.Accepted[0]}), "WRONG_STATE", "input.application")
			refused(t, me.Mutate("submitApplication", suite.Vars{"application": id}), "WRONG_STATE", "input.application")
		})
	})
}

func TestAWrongAnswerIsNamedInBothLanguages(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.person.Draft(w.free)
		bad := with(w.free.Accepted[0], "country", "", "surplus", 1, "birthDate", "31.12.2020")
		w.unchanged(t, func() {
			messages := map[string]string{}
			for _, language := range []string{"de", "en"} {
				w.person.Accept = language
				a := w.person.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 0, "answers": bad}).Clean()
				paths := map[string]string{}
				for _, p := range a.Get("data.saveAnswers.problems").Array() {
					require.Equal(t, "ANSWERS_INVALID", p.Get("code").String())
					paths[pathOf(p.Get("path"))] = p.Get("message").String()
				}
				require.Len(t, paths, 3, a.Raw)
				for _, field := range []string{"country", "surplus", "birthDate"} {
					require.NotEmpty(t, paths["input.answers."+field], a.Raw)
				}
				messages[language] = paths["input.answers.birthDate"]
			}
			require.NotEqual(t, messages["de"], messages["en"])
		})
		w.person.Accept = ""
		part := with(w.free.Accepted[0], "birthDate", nil)
		kept := w.person.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 0, "answers": part, "incomplete": true}).OK("saveAnswers.application")
		require.Equal(t, []string{"ANSWER", "REVIEW"}, texts(kept.Get("openSteps")))
		a := w.person.Mutate("reviewApplication", suite.Vars{"application": id, "revision": 1})
		require.Equal(t, "ANSWERS_INVALID", a.Problem(), a.Raw)
	})
}

func TestADraftEndsThirtyDaysAfterItsLastEdit(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		me := w.person
		me.Do(`mutation($in: SetContactInput!) { setContact(input: $in) { case { id } problems { code } } }`, suite.Vars{"in": suite.Vars{
			"idempotencyKey": suite.Key(), "privacyNotice": w.free.Notice, "givenName": "Erika", "familyName": "Mustermann", "email": "erika@example.org",
		}}).OK("setContact.case.id")
		id := me.Draft(w.free)
		day := 24 * time.Hour
		w.Clock.Advance(20 * day)
		me.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 0, "answers": w.free.Accepted[0]}).OK("saveAnswers.application.id")
		stream := me.Subscribe(`subscription($id: ID!) { application(id: $id) { status } }`, suite.Vars{"id": id})
		require.Equal(t, "DRAFT", stream.Next().Get("data.application.status").String())
		w.Clock.Advance(22 * day) // the job of the first 23 days looks, and waits on
		require.Empty(t, w.notices(t, id))
		w.Clock.Advance(2 * day)
		require.Eventually(t, func() bool { return len(w.notices(t, id)) == 1 }, 20*time.Second, 50*time.Millisecond)
		require.Equal(t, []string{"application.expiring"}, w.notices(t, id))
		w.Clock.Advance(6*day - time.Second)
		require.Equal(t, "DRAFT", me.Application(id).Get("status").String())
		w.Clock.Advance(time.Second)
		require.Equal(t, "EXPIRED", me.Application(id).Get("status").String(), "at that very instant, swept or not")
		require.Equal(t, "EXPIRED", stream.Next().Get("data.application.status").String())
		refused(t, me.Mutate("submitApplication", suite.Vars{"application": id}), "WRONG_STATE", "input.application")
		require.Eventually(t, func() bool {
			var status string
			require.NoError(t, w.database.QueryRow(`SELECT status FROM applications WHERE id = $1`, id).Scan(&status))
			return status == "EXPIRED"
		}, 20*time.Second, 50*time.Millisecond)
	})
}

// notices are the kinds of notices about a subject that were dealt with, in their order.
func (w *world) notices(t *testing.T, subject string) []string {
	t.Helper()
	rows, err := w.database.Query(`SELECT kind FROM notices WHERE subject = $1 ORDER BY id`, subject)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	kinds := []string{}
	for rows.Next() {
		var kind string
		require.NoError(t, rows.Scan(&kind))
		kinds = append(kinds, kind)
	}
	require.NoError(t, rows.Err())
	return kinds
}

func TestACaseHasNoMoreDraftsThanItsLimit(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		var ids []string
		for range 10 {
			ids = append(ids, w.person.Mutate("startApplication", suite.Vars{"service": w.free.Service}).OK("startApplication.application.id").String())
		}
		w.unchanged(t, func() {
			refused(t, w.person.Mutate("startApplication", suite.Vars{"service": w.free.Service}), "DRAFT_LIMIT", "input.service")
		})
		begin := func() {
			ids = append(ids, w.person.Mutate("startApplication", suite.Vars{"service": w.free.Service}).OK("startApplication.application.id").String())
		}
		giveUp := func() {
			w.person.Mutate("withdrawApplication", suite.Vars{"application": ids[0]}).OK("withdrawApplication.application.id")
			ids = ids[1:]
		}
		w.other.Mutate("startApplication", suite.Vars{"service": w.free.Service}).OK("startApplication.application.id")
		for range 20 { // with those before, thirty in a day
			giveUp()
			begin()
		}
		giveUp()
		w.unchanged(t, func() {
			refused(t, w.person.Mutate("startApplication", suite.Vars{"service": w.free.Service}), "DRAFT_LIMIT", "input.service")
		})
		w.Clock.Advance(24 * time.Hour)
		begin()
	})
}
