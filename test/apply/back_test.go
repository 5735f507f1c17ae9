package apply_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// asked is an application of the person's that the clerk has claimed and asked about.
func (w *world) asked() string {
	id := w.person.Submitted(w.free).Get("id").String()
	w.clerk.Mutate("claimApplication", suite.Vars{"application": id}).OK("claimApplication.application.id")
	w.clerk.Mutate("requestInformation", suite.Vars{"application": id, "question": "Wohin?"}).OK("requestInformation.application.id")
	return id
}

// told are the notices about a thing that wait or were sent, by kind, with how many there are of each.
func (w *world) told(t *testing.T, subject string) map[string]int {
	t.Helper()
	rows, err := w.database.Query(`SELECT args ->> 'key', args ->> 'subject', args ->> 'notice' FROM river_job WHERE kind = 'deliver_notice'`)
	require.NoError(t, err)
	defer rows.Close()
	told, keys := map[string]int{}, map[string]bool{}
	for rows.Next() {
		var key, about, notice string
		require.NoError(t, rows.Scan(&key, &about, &notice))
		// One notice is sent for a key, however often it is enqueued.
		if about == subject && !keys[key] {
			keys[key] = true
			told[notice]++
		}
	}
	require.NoError(t, rows.Err())
	return told
}

const whatWasAsked = `query($id: ID!) { application(id: $id) { status clerk endedAt rejection dispatch { method }
	requests { question answer answeredVia answeredAt withdrawnAt corrections }
	reopenings { status rejection dispatch { method sentOn trackingNumber } decidedAt reopenedAt reason } events { action before after } } }`

func TestAQuestionIsTakenBack(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.asked()
		back := suite.Vars{"application": id}
		w.unchanged(t, func() {
			refused(t, w.colleague.Mutate("withdrawInformationRequest", back), "ALREADY_CLAIMED", "input.application")
			refused(t, w.person.Mutate("withdrawInformationRequest", back), "NOT_FOUND", "input.application")
			refused(t, w.foreign.Mutate("withdrawInformationRequest", back), "NOT_FOUND", "input.application")
			refused(t, w.Anonymous().Mutate("withdrawInformationRequest", back), "UNAUTHENTICATED", "")
		})
		w.clerk.Mutate("withdrawInformationRequest", back).OK("withdrawInformationRequest.application.id")
		a := w.person.Do(whatWasAsked, suite.Vars{"id": id}).OK("application")
		require.Equal(t, "IN_PROGRESS", a.Get("status").String())
		require.Equal(t, "2026-11-23T07:00:00+01:00", a.Get("requests.0.withdrawnAt").String())
		require.Equal(t, gjson.Null, a.Get("requests.0.answeredVia").Type)
		require.Equal(t, 1, w.told(t, id)["application.question_withdrawn"], "the person needn't answer any more")
		refused(t, w.clerk.Mutate("withdrawInformationRequest", back), "WRONG_STATE", "input.application")
		refused(t, w.person.Mutate("answerRequest", suite.Vars{"application": id, "message": "Nach Norwegen."}), "WRONG_STATE", "input.application")

		w.clerk.Mutate("requestInformation", suite.Vars{"application": id, "question": "Wann?"}).OK("requestInformation.application.id")
		w.supervisor.Mutate("withdrawInformationRequest", back).OK("withdrawInformationRequest.application.id")
		w.clerk.Mutate("requestInformation", suite.Vars{"application": id, "question": "Warum?"}).OK("requestInformation.application.id")
		w.person.Mutate("answerRequest", suite.Vars{"application": id, "message": "Der Arbeit wegen."}).OK("answerRequest.application.id")
		a = w.person.Do(whatWasAsked, suite.Vars{"id": id}).OK("application")
		require.Len(t, a.Get("requests").Array(), 3)
		require.Equal(t, gjson.Null, a.Get("requests.1.answer").Type, "an answer is to the question that is open")
		require.Equal(t, "Der Arbeit wegen.", a.Get("requests.2.answer").String())
		require.Equal(t, "ONLINE", a.Get("requests.2.answeredVia").String())
	})
}

func TestAnAnswerByPhoneIsNoted(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.asked()
		said := suite.Vars{"application": id, "channel": "PHONE", "message": "Nach Norwegen."}
		w.unchanged(t, func() {
			refused(t, w.colleague.Mutate("recordInformationAnswer", said), "ALREADY_CLAIMED", "input.application")
			refused(t, w.person.Mutate("recordInformationAnswer", said), "NOT_FOUND", "input.application")
			refused(t, w.clerk.Mutate("recordInformationAnswer", suite.Vars{"application": id, "channel": "ONLINE", "message": "?"}), "INVALID_INPUT", "input.channel")
			refused(t, w.clerk.Mutate("recordInformationAnswer", suite.Vars{"application": id, "channel": "PHONE", "message": " "}), "INVALID_INPUT", "input.message")
			wrong := w.clerk.Mutate("recordInformationAnswer", suite.Vars{"application": id, "channel": "PHONE", "message": "?", "answers": with(w.free.Accepted[1], "birthDate", nil)})
			require.Equal(t, "ANSWERS_INVALID", wrong.Problem(), wrong.Raw)
		})
		w.clerk.Mutate("recordInformationAnswer", said).OK("recordInformationAnswer.application.id")
		refused(t, w.clerk.Mutate("recordInformationAnswer", said), "WRONG_STATE", "input.application")
		w.clerk.Mutate("requestInformation", suite.Vars{"application": id, "question": "Und sonst?"}).OK("requestInformation.application.id")
		w.supervisor.Mutate("recordInformationAnswer", suite.Vars{"application": id, "channel": "LETTER", "message": "Siehe Anlage.", "answers": w.free.Accepted[1]}).
			OK("recordInformationAnswer.application.id")
		a := w.person.Do(whatWasAsked, suite.Vars{"id": id}).OK("application")
		require.Equal(t, "IN_PROGRESS", a.Get("status").String())
		require.Equal(t, "Nach Norwegen.", a.Get("requests.0.answer").String())
		require.Equal(t, []string{"PHONE", "LETTER"}, texts(a.Get("requests.#.answeredVia")))
		require.True(t, a.Get("requests.1.corrections").IsObject())
		require.Equal(t, 2, count(texts(a.Get("events.#.action")), "application.answer_recorded"))
	})
}

func TestWhatWaitsForThePersonIsDecidedAllTheSame(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		for _, decide := range []struct {
			operation, status string
			input             suite.Vars
		}{
			{"completeApplication", "COMPLETED", suite.Vars{"dispatch": suite.Vars{}}},
			{"rejectApplication", "REJECTED", suite.Vars{"reason": "Keine Antwort."}},
		} {
			id := w.asked()
			decide.input["application"] = id
			w.clerk.Mutate(decide.operation, decide.input).OK(decide.operation + ".application.id")
			a := w.person.Do(whatWasAsked, suite.Vars{"id": id}).OK("application")
			require.Equal(t, decide.status, a.Get("status").String())
			require.NotEqual(t, gjson.Null, a.Get("requests.0.withdrawnAt").Type)
			last := a.Get("events.@reverse.1")
			require.Equal(t, `{"action":"application.question_withdrawn","before":"WAITING_FOR_APPLICANT","after":"IN_PROGRESS"}`, last.Raw)
			require.Zero(t, w.told(t, id)["application.question_withdrawn"], "the decision says enough")
		}
		id := w.asked()
		w.person.Mutate("withdrawApplication", suite.Vars{"application": id}).OK("withdrawApplication.application.id")
		a := w.person.Do(whatWasAsked, suite.Vars{"id": id}).OK("application")
		require.NotEqual(t, gjson.Null, a.Get("requests.0.withdrawnAt").Type, "nobody waits for an answer")
	})
}

func TestAClaimIsGivenBack(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.person.Submitted(w.free).Get("id").String()
		release := suite.Vars{"application": id}
		refused(t, w.clerk.Mutate("releaseApplication", release), "WRONG_STATE", "input.application")
		w.clerk.Mutate("claimApplication", release).OK("claimApplication.application.id")
		refused(t, w.colleague.Mutate("releaseApplication", release), "ALREADY_CLAIMED", "input.application")
		w.clerk.Mutate("releaseApplication", release).OK("releaseApplication.application.id")
		a := w.clerk.Application(id)
		require.Equal(t, "SUBMITTED", a.Get("status").String())
		require.Equal(t, gjson.Null, a.Get("clerk").Type)
		require.Equal(t, []string{id}, w.queued(w.clerk, suite.Vars{"statuses": []string{"SUBMITTED"}}))
		w.colleague.Mutate("claimApplication", release).OK("claimApplication.application.id")
		w.supervisor.Mutate("releaseApplication", release).OK("releaseApplication.application.id")
		w.clerk.Mutate("claimApplication", release).OK("claimApplication.application.id")
		w.clerk.Mutate("requestInformation", suite.Vars{"application": id, "question": "?"}).OK("requestInformation.application.id")
		refused(t, w.clerk.Mutate("releaseApplication", release), "WRONG_STATE", "input.application")
	})
}

func TestADecisionIsReopened(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.person.Submitted(w.free).Get("id").String()
		again := suite.Vars{"application": id, "reason": "Wir haben uns geirrt."}
		refused(t, w.supervisor.Mutate("reopenApplication", again), "WRONG_STATE", "input.application")
		w.clerk.Mutate("claimApplication", suite.Vars{"application": id}).OK("claimApplication.application.id")
		w.clerk.Mutate("rejectApplication", suite.Vars{"application": id, "reason": "Nein."}).OK("rejectApplication.application.id")
		w.unchanged(t, func() {
			refused(t, w.clerk.Mutate("reopenApplication", again), "FORBIDDEN", "input.application")
			refused(t, w.person.Mutate("reopenApplication", again), "NOT_FOUND", "input.application")
			refused(t, w.foreign.Mutate("reopenApplication", again), "NOT_FOUND", "input.application")
			refused(t, w.supervisor.Mutate("reopenApplication", suite.Vars{"application": id, "reason": "\t"}), "INVALID_INPUT", "input.reason")
		})
		w.supervisor.Mutate("reopenApplication", again).OK("reopenApplication.application.id")
		a := w.clerk.Do(whatWasAsked, suite.Vars{"id": id}).OK("application")
		require.Equal(t, "IN_PROGRESS", a.Get("status").String())
		require.Equal(t, "Clerk erna", a.Get("clerk").String(), "who decided goes on")
		require.Equal(t, gjson.Null, a.Get("rejection").Type)
		require.Equal(t, gjson.Null, a.Get("endedAt").Type)
		require.Equal(t, []string{id}, w.queued(w.clerk, suite.Vars{"mine": true}))

		w.clerk.Mutate("completeApplication", suite.Vars{"application": id, "dispatch": suite.Vars{"trackingNumber": "RR 1"}}).OK("completeApplication.application.id")
		w.supervisor.Mutate("reopenApplication", suite.Vars{"application": id, "reason": "Es ging an die alte Anschrift."}).OK("reopenApplication.application.id")
		w.clerk.Mutate("completeApplication", suite.Vars{"application": id, "dispatch": suite.Vars{}}).OK("completeApplication.application.id")
		a = w.person.Do(whatWasAsked, suite.Vars{"id": id}).OK("application")
		require.Equal(t, []string{"REJECTED", "COMPLETED"}, texts(a.Get("reopenings.#.status")))
		require.Equal(t, "Nein.", a.Get("reopenings.0.rejection").String())
		require.Equal(t, "Wir haben uns geirrt.", a.Get("reopenings.0.reason").String())
		require.Equal(t, gjson.Null, a.Get("reopenings.0.dispatch").Type)
		require.Equal(t, "RR 1", a.Get("reopenings.1.dispatch.trackingNumber").String())
		require.Equal(t, "2026-11-23T07:00:00+01:00", a.Get("reopenings.1.decidedAt").String())
		require.Equal(t, map[string]int{
			"application.submitted": 1, "application.rejected": 1, "application.reopened": 2, "application.completed": 2,
		}, w.told(t, id), "each decision, and each time that it is none")

		withdrawn := w.other.Submitted(w.free).Get("id").String()
		w.other.Mutate("withdrawApplication", suite.Vars{"application": withdrawn}).OK("withdrawApplication.application.id")
		refused(t, w.supervisor.Mutate("reopenApplication", suite.Vars{"application": withdrawn, "reason": "?"}), "WRONG_STATE", "input.application")
	})
}

// What was done for a decision isn't free because the decision was taken back.
func TestMoneyStaysWhereADecisionWasReopened(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		bought := func(c *suite.Client) (id, order string) {
			id = w.due(c)
			order = w.pay(c, id).Get("id").String()
			w.bank.Paid(w.Process, order)
			c.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application.id")
			w.clerk.Mutate("claimApplication", suite.Vars{"application": id}).OK("claimApplication.application.id")
			return id, order
		}
		id, order := bought(w.person)
		w.clerk.Mutate("completeApplication", suite.Vars{"application": id, "dispatch": suite.Vars{}}).OK("completeApplication.application.id")
		w.supervisor.Mutate("reopenApplication", suite.Vars{"application": id, "reason": "Falsch."}).OK("reopenApplication.application.id")
		w.clerk.Mutate("releaseApplication", suite.Vars{"application": id}).OK("releaseApplication.application.id")
		w.person.Mutate("withdrawApplication", suite.Vars{"application": id}).OK("withdrawApplication.application.id")
		require.Equal(t, "PAID", w.quiet(t, w.person, order).Get("status").String())

		id, order = bought(w.other)
		w.clerk.Mutate("releaseApplication", suite.Vars{"application": id}).OK("releaseApplication.application.id")
		w.other.Mutate("withdrawApplication", suite.Vars{"application": id}).OK("withdrawApplication.application.id")
		require.Equal(t, "REFUNDED", w.settles(t, w.other, order, "REFUNDED").Get("status").String(), "nobody has worked on it")
	})
}

func TestMoneyThatWentBackByHandIsNoted(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		id := w.due(w.person)
		order := w.pay(w.person, id).Get("id").String()
		w.bank.Misbehave(func(call string, d suite.Deal) *suite.Reply {
			if call == "refund" && d.Order == order {
				return &suite.Reply{Status: http.StatusConflict}
			}
			return nil
		}, nil)
		w.bank.Paid(w.Process, order)
		w.person.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application.id")
		note := suite.Vars{"payment": order, "note": "Überweisung 4711"}
		refused(t, w.supervisor.Mutate("recordRefund", note), "WRONG_STATE", "input.payment")
		w.supervisor.Mutate("refundPayment", suite.Vars{"payment": order}).OK("refundPayment.payment.id")
		require.Equal(t, "REFUND_DUE", w.quiet(t, w.person, order).Get("status").String(), "the provider gives none back")
		w.unchanged(t, func() {
			refused(t, w.clerk.Mutate("recordRefund", note), "FORBIDDEN", "input.payment")
			refused(t, w.person.Mutate("recordRefund", note), "NOT_FOUND", "input.payment")
			refused(t, w.supervisor.Mutate("recordRefund", suite.Vars{"payment": order, "note": ""}), "INVALID_INPUT", "input.note")
			refused(t, w.supervisor.Mutate("undoRecordRefund", suite.Vars{"payment": order}), "WRONG_STATE", "input.payment")
		})
		w.supervisor.Mutate("recordRefund", note).OK("recordRefund.payment.id")
		p := w.quiet(t, w.person, order)
		asked := len(w.bank.Calls())
		w.sweep(t, "settle_payments")
		w.quiet(t, w.person, order)
		require.Equal(t, "REFUNDED", p.Get("status").String())
		require.Equal(t, "Überweisung 4711", p.Get("refundNote").String())
		require.Equal(t, "STAFF", p.Get("refundReason").String())
		require.Len(t, w.bank.Calls(), asked, "the provider isn't asked any more")

		w.supervisor.Mutate("undoRecordRefund", suite.Vars{"payment": order}).OK("undoRecordRefund.payment.id")
		p = w.quiet(t, w.person, order)
		require.Equal(t, "REFUND_DUE", p.Get("status").String())
		require.Equal(t, gjson.Null, p.Get("refundNote").Type)
		require.Greater(t, len(w.bank.Calls()), asked, "it may give it back today")
		w.bank.Misbehave(nil, nil)
		w.supervisor.Mutate("refundPayment", suite.Vars{"payment": order}).OK("refundPayment.payment.id")
		require.Equal(t, gjson.Null, w.settles(t, w.person, order, "REFUNDED").Get("refundNote").Type)
		refused(t, w.supervisor.Mutate("undoRecordRefund", suite.Vars{"payment": order}), "WRONG_STATE", "input.payment")
	})
}
