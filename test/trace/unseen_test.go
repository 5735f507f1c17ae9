package trace

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// What is somebody else's costs the statements that an id costs which nothing has: times don't tell which of them it is.
func TestAnIDOfSomebodyElseCostsTheStatementsOfNone(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		c := collect(t)
		folder := t.TempDir()
		cfg := b.Configuration(folder)
		_, err := server.Migrate(t.Context(), cfg, false)
		require.NoError(t, err)
		suite.NewTown(t).Import(cfg)
		suite.NewTown(t).Renamed("lemgo", suite.OtherARS, "05766044").Import(cfg)
		p := suite.Serve(t, b, suite.In(folder), c.to)
		place, free, paid := p.Place(), p.Filing("abmeldung-ins-ausland"), p.Filing("meldebescheinigung")
		owner := p.Case()
		starts := owner.Starts(place, 7)
		sent := owner.Submitted(free).Get("id").String()
		draft := owner.Reviewed(paid, paid.Accepted[0])
		payment := owner.Mutate("startPayment", suite.Vars{"application": draft, "method": "CREDIT_CARD"}).OK("startPayment.payment.id").String()
		ids := map[string]string{
			"hold": owner.Hold(place, starts[0], suite.Key()).OK("holdSlot.appointment.id").String(), "booked": owner.Booked(place, starts[8]).Get("id").String(),
			"sent": sent, "draft": draft, "payment": payment, "case": owner.Do(`{ viewer { case { id } } }`, nil).OK("viewer.case.id").String(),
		}
		person := suite.Vars{"givenName": "Erika", "familyName": "Mustermann"}
		appointment := func(mutation string, more suite.Vars) asked {
			return asked{mutation, "appointment", more, []string{"hold", "booked"}}
		}
		application := func(mutation string, more suite.Vars) asked {
			return asked{mutation, "application", more, []string{"draft", "sent"}}
		}
		onPayment := func(mutation string, more suite.Vars) asked {
			return asked{mutation, "payment", more, []string{"payment"}}
		}
		// Those of persons; staff are answered for the most of them that nothing is there before any statement.
		writes := []asked{
			appointment("extendHold", nil), appointment("releaseHold", nil), appointment("cancelAppointment", nil),
			appointment("bookAppointment", suite.Vars{"privacyNotice": place.Notice, "person": person}),
			appointment("correctAppointment", suite.Vars{"person": person}), appointment("rescheduleAppointment", suite.Vars{"start": starts[16]}),
			application("confirmInformation", nil), application("acknowledgePrivacyNotice", suite.Vars{"privacyNotice": free.Notice}),
			application("saveAnswers", suite.Vars{"revision": 0, "answers": free.Accepted[0]}), application("reviewApplication", suite.Vars{"revision": 1}),
			application("submitApplication", nil), application("answerRequest", suite.Vars{"message": "Ja."}), application("withdrawApplication", nil),
			application("startPayment", suite.Vars{"method": "CREDIT_CARD"}), onPayment("cancelPayment", nil),

			appointment("checkIn", nil), appointment("undoCheckIn", nil), appointment("callAgain", nil), appointment("undoCall", nil),
			appointment("completeAppointment", nil), appointment("recordNoShow", nil), appointment("cancelAppointmentsOfCase", nil),
			application("claimApplication", nil), application("requestInformation", suite.Vars{"question": "Wer?"}), application("withdrawInformationRequest", nil),
			application("releaseApplication", nil), application("reopenApplication", suite.Vars{"reason": "Nein."}),
			application("completeApplication", suite.Vars{"dispatch": suite.Vars{}}), application("rejectApplication", suite.Vars{"reason": "Nein."}),
			onPayment("refundPayment", nil), onPayment("recordRefund", suite.Vars{"note": "Bank"}), onPayment("undoRecordRefund", nil),
		}
		actors := map[string]func() *suite.Client{
			"holder": p.Case, "nobody": p.Anonymous, "none": func() *suite.Client { return p.Staff("nora") },
			"foreign": func() *suite.Client { return p.Staff("fritz", "ADMIN@"+suite.OtherARS) },
			"clerk":   p.Clerk, // sees neither drafts nor what is paid for them
		}
		n := 0
		var pairs [][2]string // names of the operations on an id that is somebody else's, and on one that nothing has
		var actor *suite.Client
		ask := func(who, what string, run func(c *suite.Client, operation, id string), id string) {
			prefix, _, _ := strings.Cut(id, "_")
			n++
			pair := [2]string{fmt.Sprintf("%s_%s_%d_theirs", who, what, n), fmt.Sprintf("%s_%s_%d_none", who, what, n)}
			run(actor, "", prefix+"_01kaqd0000e8ar0000000000zz") // whatever the process reads for all
			run(actor, pair[0], id)
			run(actor, pair[1], prefix+"_01kaqd0000e8ar0000000000zz")
			pairs = append(pairs, pair)
		}
		for who, open := range actors {
			p.Clock.Advance(2 * time.Hour) // the names of the one before have left their places in the traces
			actor = open()
			for what, id := range ids {
				if who == "clerk" && what != "draft" && what != "payment" {
					continue
				}
				for _, query := range []string{"node", "appointment", "application", "payment", "_entities"} {
					ask(who, query+"_"+what, func(c *suite.Client, operation, id string) {
						if query == "_entities" {
							prefix, _, _ := strings.Cut(id, "_")
							c.Do(`query `+operation+`($r: [_Any!]!) { _entities(representations: $r) { __typename } }`,
								suite.Vars{"r": []suite.Vars{{"__typename": kinds[prefix], "id": id}}})
							return
						}
						c.Do(`query `+operation+`($id: ID!) { `+query+`(id: $id) { id } }`, suite.Vars{"id": id})
					}, id)
				}
			}
			for _, w := range writes {
				for _, what := range w.on {
					if who == "clerk" && what != "draft" && what != "payment" {
						continue
					}
					ask(who, w.mutation+"_"+what, func(c *suite.Client, operation, id string) {
						in := suite.Vars{"idempotencyKey": suite.Key(), w.field: id}
						for name, value := range w.more {
							in[name] = value
						}
						c.Do(`mutation `+operation+`($in: `+strings.ToUpper(w.mutation[:1])+w.mutation[1:]+`Input!) { `+w.mutation+`(input: $in) { problems { code } } }`, suite.Vars{"in": in})
					}, ids[what])
				}
			}
		}
		all := c.after(p)
		statements := map[string][]string{}
		for _, operation := range all {
			name := operation.attribute("graphql.operation.name")
			if name == "" {
				continue
			}
			statements[name] = []string{}
			for _, s := range all.of(operation.TraceId) {
				if text := s.attribute("db.query.text"); text != "" {
					statements[name] = append(statements[name], text)
				}
			}
			slices.Sort(statements[name])
		}
		some := 0
		for _, pair := range pairs {
			require.Contains(t, statements, pair[0])
			require.Contains(t, statements, pair[1])
			if !slices.Equal(statements[pair[0]], statements[pair[1]]) {
				t.Errorf("%s:\n%s\n%s", pair[0], strings.Join(statements[pair[0]], "\n"), strings.Join(statements[pair[1]], "\n"))
			}
			some += len(statements[pair[0]])
		}
		require.Greater(t, some, len(ids), "no statement was traced")
		t.Logf("%d pairs, %d statements", len(pairs), some)
	})
}

// asked is a mutation on an id, given in a field of its input.
type asked struct {
	mutation, field string
	more            suite.Vars
	on              []string
}

var kinds = map[string]string{"appointment": "Appointment", "application": "Application", "payment": "Payment", "case": "Case"}
