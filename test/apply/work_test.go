package apply_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

const queue = `($in: WorkQueueInput!, $first: Int%s) { workQueue(input: $in, first: $first%s) { nodes { id status clerk } pageInfo { hasNextPage endCursor } } }`

// queued are the references of the work queue as an actor sees it.
func (w *world) queued(c *suite.Client, filter suite.Vars) []string {
	in := suite.Vars{"municipality": suite.Vars{"ars": suite.ARS}}
	for k, v := range filter {
		in[k] = v
	}
	return texts(c.Do(fmt.Sprintf(`query`+queue, "", ""), suite.Vars{"in": in, "first": 100}).OK("workQueue").Get("nodes.#.id"))
}

func TestTheQueueShowsWhatWasSubmittedAndNothingElse(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		watch := w.clerk.Subscribe(fmt.Sprintf(`subscription`+queue, "", ""), suite.Vars{"in": suite.Vars{"municipality": suite.Vars{"ars": suite.ARS}}})
		require.Empty(t, texts(watch.Next().Get("data.workQueue.nodes.#.id")))
		draft := w.person.Reviewed(w.free, w.free.Accepted[0])
		require.Empty(t, w.queued(w.clerk, nil))
		w.person.Mutate("submitApplication", suite.Vars{"application": draft}).OK("submitApplication.application.id")
		require.Equal(t, []string{draft}, texts(watch.Next().Get("data.workQueue.nodes.#.id")), "drafts were no message, the submission is one")
		second := w.other.Submitted(w.free).Get("id").String()
		require.Equal(t, []string{draft, second}, w.queued(w.clerk, nil))

		require.Empty(t, w.queued(w.clerk, suite.Vars{"mine": true}))
		w.clerk.Mutate("claimApplication", suite.Vars{"application": second}).OK("claimApplication.application.id")
		require.Equal(t, []string{second}, w.queued(w.clerk, suite.Vars{"mine": true}))
		require.Empty(t, w.queued(w.colleague, suite.Vars{"mine": true}))
		require.Equal(t, []string{draft}, w.queued(w.clerk, suite.Vars{"statuses": []string{"SUBMITTED"}}))
		require.Equal(t, []string{draft, second}, w.queued(w.clerk, suite.Vars{"statuses": []string{"SUBMITTED", "IN_PROGRESS", "SUBMITTED"}, "service": w.free.Service}))
		require.Empty(t, w.queued(w.clerk, suite.Vars{"service": w.paid.Service}))
		require.Empty(t, w.queued(w.clerk, suite.Vars{"statuses": []string{"DRAFT", "EXPIRED"}}), "drafts never")

		require.Empty(t, w.queued(w.clerk, suite.Vars{"overdue": true}))
		deadline := w.clerk.Instant(w.clerk.Application(draft).Get("deadline").String())
		w.Clock.Set(deadline)
		require.Equal(t, []string{draft, second}, w.queued(w.Clerk(), suite.Vars{"overdue": true}))

		for _, nobody := range []*suite.Client{w.person, w.Anonymous(), w.Staff("fritz", "ADMIN@"+suite.OtherARS)} {
			a := nobody.Do(fmt.Sprintf(`query`+queue, "", ""), suite.Vars{"in": suite.Vars{"municipality": suite.Vars{"ars": suite.ARS}}})
			require.Equal(t, gjson.Null, a.OK("workQueue").Type, a.Raw)
		}
	})
}

func TestTheQueueIsReadInPages(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		var all []string
		for i := range 7 {
			if i == 4 {
				w.Clock.Advance(20 * time.Hour) // a later deadline
			}
			all = append(all, w.Case().Submitted(w.free).Get("id").String())
		}
		var read []string
		after := any(nil)
		for range 4 {
			page := w.clerk.Do(fmt.Sprintf(`query`+queue, ", $after: String", ", after: $after"), suite.Vars{
				"in": suite.Vars{"municipality": suite.Vars{"ars": suite.ARS}}, "first": 2, "after": after,
			}).OK("workQueue")
			read = append(read, texts(page.Get("nodes.#.id"))...)
			require.Equal(t, len(read) < len(all), page.Get("pageInfo.hasNextPage").Bool())
			after = page.Get("pageInfo.endCursor").String()
		}
		require.Equal(t, all, read)
		for _, cursor := range []string{"nonsense", "cwA", "d8AA", ""} {
			a := w.clerk.Do(fmt.Sprintf(`query`+queue, ", $after: String", ", after: $after"), suite.Vars{
				"in": suite.Vars{"municipality": suite.Vars{"ars": suite.ARS}}, "after": cursor,
			}).Clean()
			require.Equal(t, "INVALID_INPUT", a.ErrorCode(), a.Raw)
		}
		for _, first := range []int{0, -1, 1001} {
			a := w.clerk.Do(fmt.Sprintf(`query`+queue, "", ""), suite.Vars{"in": suite.Vars{"municipality": suite.Vars{"ars": suite.ARS}}, "first": first}).Clean()
			require.Equal(t, "INVALID_INPUT", a.ErrorCode(), a.Raw)
		}
	})
}

func TestOfTwoClerksWhoClaimAtOnceOneWins(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.person.Submitted(w.free).Get("id").String()
		clerks := []*suite.Client{w.clerk, w.colleague, w.supervisor, w.admin}
		answers := make([]*suite.Answer, 4*len(clerks))
		var racing sync.WaitGroup
		for i := range answers {
			racing.Go(func() {
				answers[i], _ = clerks[i%len(clerks)].TryMutate("claimApplication", suite.Vars{"application": id})
			})
		}
		racing.Wait()
		winner := w.clerk.Application(id).Get("clerk").String()
		won := 0
		for _, a := range answers {
			require.NotNil(t, a)
			a.Clean()
			switch a.Problem() {
			case "":
				won++
				require.Equal(t, winner, a.Get("data.claimApplication.application.clerk").String())
			case "WRONG_STATE": // the winner's own other tries
			default:
				require.Equal(t, "ALREADY_CLAIMED", a.Problem(), a.Raw)
				require.Equal(t, winner, a.Get("data.claimApplication.problems.0.clerk").String())
				require.Contains(t, a.Get("data.claimApplication.problems.0.message").String(), winner)
			}
		}
		require.Equal(t, 1, won)
		require.Equal(t, gjson.Null, w.person.Application(id).Get("clerk").Type, "who it is stays in the office")
	})
}

func TestTheOfficeAsksBackAndThePersonAnswers(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.person.Submitted(w.free).Get("id").String()
		submitted := w.person.Application(id).Get("answers").Raw
		ask := suite.Vars{"application": id, "question": "Wohin ziehen Sie?\nBitte nennen Sie den Staat."}
		refused(t, w.clerk.Mutate("requestInformation", ask), "WRONG_STATE", "input.application")
		w.clerk.Mutate("claimApplication", suite.Vars{"application": id}).OK("claimApplication.application.id")
		refused(t, w.colleague.Mutate("requestInformation", ask), "ALREADY_CLAIMED", "input.application")
		refused(t, w.clerk.Mutate("requestInformation", suite.Vars{"application": id, "question": "  "}), "INVALID_INPUT", "input.question")
		refused(t, w.person.Mutate("answerRequest", suite.Vars{"application": id, "message": "?"}), "WRONG_STATE", "input.application")
		w.clerk.Mutate("requestInformation", ask).OK("requestInformation.application.id")
		require.Equal(t, "WAITING_FOR_APPLICANT", w.person.Application(id).Get("status").String())
		refused(t, w.clerk.Mutate("requestInformation", ask), "WRONG_STATE", "input.application")

		wrong := w.person.Mutate("answerRequest", suite.Vars{"application": id, "message": "Nach Norwegen.", "answers": with(w.free.Accepted[1], "birthDate", nil)})
		require.Equal(t, "ANSWERS_INVALID", wrong.Problem(), wrong.Raw)
		w.person.Mutate("answerRequest", suite.Vars{"application": id, "message": "Nach Norwegen.", "answers": w.free.Accepted[1]}).OK("answerRequest.application.id")
		a := w.clerk.Do(`query($id: ID!) { application(id: $id) { status answers requests { question answer corrections answeredAt } } }`, suite.Vars{"id": id}).OK("application")
		require.Equal(t, "IN_PROGRESS", a.Get("status").String())
		require.Equal(t, submitted, a.Get("answers").Raw, "what was submitted doesn't change")
		require.Equal(t, "Nach Norwegen.", a.Get("requests.0.answer").String())
		require.NotEqual(t, submitted, a.Get("requests.0.corrections").Raw)
		require.True(t, a.Get("requests.0.corrections").IsObject())

		refused(t, w.clerk.Mutate("completeApplication", suite.Vars{"application": id}), "INVALID_INPUT", "input.dispatch")
		refused(t, w.clerk.Mutate("completeApplication", suite.Vars{"application": id, "dispatch": suite.Vars{"sentOn": "2026-11-24"}}), "INVALID_INPUT", "input.dispatch.sentOn")
		done := w.clerk.Mutate("completeApplication", suite.Vars{"application": id, "dispatch": suite.Vars{"trackingNumber": "RR 1234 5678 9DE"}}).OK("completeApplication.application")
		require.Equal(t, `{"method":"POST","sentOn":"2026-11-23","trackingNumber":"RR 1234 5678 9DE"}`, done.Get("dispatch").Raw)
		require.Equal(t, "COMPLETED", w.person.Application(id).Get("status").String())
		refused(t, w.person.Mutate("withdrawApplication", suite.Vars{"application": id}), "WRONG_STATE", "input.application")
	})
}

func TestAnApplicationIsTurnedDownOrTakenOver(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.person.Submitted(w.free).Get("id").String()
		w.clerk.Mutate("claimApplication", suite.Vars{"application": id}).OK("claimApplication.application.id")
		over := suite.Vars{"application": id, "takeOver": true}
		refused(t, w.colleague.Mutate("claimApplication", over), "FORBIDDEN", "input.takeOver")
		taken := w.supervisor.Mutate("claimApplication", over).OK("claimApplication.application")
		require.Equal(t, "Clerk susi", taken.Get("clerk").String())
		reject := suite.Vars{"application": id, "reason": "Sie haben noch eine Wohnung in Deutschland."}
		refused(t, w.clerk.Mutate("rejectApplication", reject), "ALREADY_CLAIMED", "input.application")
		w.supervisor.Mutate("rejectApplication", reject).OK("rejectApplication.application.id")
		a := w.person.Application(id)
		require.Equal(t, "REJECTED", a.Get("status").String())
		require.Equal(t, "Sie haben noch eine Wohnung in Deutschland.", a.Get("rejection").String())
	})
}

func TestWhoMayNotWorkOnItIsToldAsIfItWereNotThere(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		submitted := w.person.Submitted(w.free).Get("id").String()
		draft := w.person.Draft(w.free)
		w.unchanged(t, func() {
			for name, in := range map[string]suite.Vars{
				"claimApplication":    {},
				"requestInformation":  {"question": "?"},
				"completeApplication": {},
				"rejectApplication":   {"reason": "?"},
			} {
				for _, id := range []string{submitted, draft, "application_x", "", "\x00", strings.Repeat("z", 100)} {
					in["application"] = id
					refused(t, w.foreign.Mutate(name, in), "NOT_FOUND", "input.application")
					refused(t, w.person.Mutate(name, in), "NOT_FOUND", "input.application")
					refused(t, w.Anonymous().Mutate(name, in), "UNAUTHENTICATED", "")
					if id != submitted {
						refused(t, w.clerk.Mutate(name, in), "NOT_FOUND", "input.application")
					}
				}
			}
			for name, in := range map[string]suite.Vars{
				"confirmInformation": {}, "submitApplication": {}, "withdrawApplication": {},
				"acknowledgePrivacyNotice": {"privacyNotice": w.free.Notice}, "saveAnswers": {"revision": 0, "answers": w.free.Accepted[0]},
				"reviewApplication": {"revision": 0}, "answerRequest": {"message": "?"}, "startPayment": {"method": "CREDIT_CARD"},
			} {
				for _, id := range []string{submitted, draft, "application_x"} {
					in["application"] = id
					refused(t, w.other.Mutate(name, in), "NOT_FOUND", "input.application")
					refused(t, w.clerk.Mutate(name, in), "NOT_FOUND", "input.application")
					refused(t, w.Anonymous().Mutate(name, in), "UNAUTHENTICATED", "")
				}
			}
		})
		require.Equal(t, gjson.Null, w.clerk.Application(draft).Type)
		require.Equal(t, gjson.Null, w.other.Application(draft).Type)
	})
}

func TestOneCaseHoldsAnApplicationAndAnAppointment(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		place := w.Place()
		id := w.person.Submitted(w.free).Get("id").String()
		visit := func() gjson.Result {
			return w.person.Do(`query($id: ID!) { application(id: $id) { appointment { id start } } }`, suite.Vars{"id": id}).OK("application.appointment")
		}
		require.Equal(t, gjson.Null, visit().Type)
		w.person.Booked(place, w.person.Starts(place, 5)[0]) // for a Personalausweis: another thing
		require.Equal(t, gjson.Null, visit().Type)
		place.Service = w.free.Service
		starts := w.person.Starts(place, 5)
		booked := w.person.Booked(place, starts[len(starts)-1])
		require.Equal(t, booked.Get("id").String(), visit().Get("id").String())
		a := w.clerk.Do(`query($id: ID!) { application(id: $id) { case { applications { id } appointments { id } } } }`, suite.Vars{"id": id})
		require.Equal(t, []string{id}, texts(a.OK("application.case.applications.#.id")))
		require.Len(t, a.OK("application.case.appointments").Array(), 2)
		w.person.On("cancelAppointment", booked.Get("id").String(), suite.Key()).OK("cancelAppointment.appointment.id")
		require.Equal(t, gjson.Null, visit().Type)
	})
}

func TestEveryChangeIsInTheChain(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		id := w.person.Submitted(w.free).Get("id").String()
		w.person.Draft(w.free)
		w.clerk.Mutate("claimApplication", suite.Vars{"application": id}).OK("claimApplication.application.id")
		document := `query($id: ID!) { application(id: $id) { events { action by before after } lastEvent { action } case { events { action } } } }`
		a := w.person.Do(document, suite.Vars{"id": id}).OK("application")
		require.Equal(t, []string{
			"application.started", "application.information_confirmed", "application.answered", "application.reviewed",
			"application.submitted", "application.claimed",
		}, texts(a.Get("events.#.action")))
		require.Equal(t, "application.claimed", a.Get("lastEvent.action").String())
		require.Equal(t, `{"action":"application.claimed","by":"STAFF","before":"SUBMITTED","after":"IN_PROGRESS"}`, a.Get("events.5").Raw)
		mine := texts(a.Get("case.events.#.action"))
		theirs := texts(w.clerk.Do(document, suite.Vars{"id": id}).OK("application.case.events.#.action"))
		require.Equal(t, 2, count(mine, "application.started"))
		require.Equal(t, 1, count(theirs, "application.started"), "the second is a draft still")
		require.Equal(t, http.StatusOK, w.clerk.Do(document, suite.Vars{"id": id}).Status)
	})
}

func count(list []string, s string) (n int) {
	for _, v := range list {
		if v == s {
			n++
		}
	}
	return n
}
