package ledger

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nelke/test/suite"
)

// colleague draws who acts for the office: now and then somebody who may not.
func (m *machine) colleague(rt *rapid.T) actor {
	m.where(rt)
	names := []string{"erna", "erna", "erna", "karl", "susi", "anna", "fritz", "nobody", ""}
	name := rapid.SampledFrom(names).Draw(rt, "colleague")
	if name == "" {
		return m.holder(m.book.people[0])
	}
	return actor{name: name}
}

// submitted draws an application: mostly one that is with the office.
func (m *machine) submitted(rt *rapid.T) *application {
	return preferred(rt, "application", m.book.list, func(a *application) bool { return !a.submitted.IsZero() && !m.book.ended(a) })
}

// works reports whether somebody is staff of the town.
func works(who actor) bool { return strings.HasSuffix(roles()[who.name], "@"+suite.ARS) }

func supervises(who actor) bool { return who.name == "susi" || who.name == "anna" }

// refusalOfWork is what somebody is answered who acts for the office on an application: a draft isn't there.
func refusalOfWork(who actor, a *application) string {
	switch {
	case who.name == "nobody":
		return "UNAUTHENTICATED"
	case !works(who) || a.submitted.IsZero():
		return "NOT_FOUND"
	default:
		return ""
	}
}

func (m *machine) claim(rt *rapid.T) {
	who, a := m.colleague(rt), m.submitted(rt)
	m.claimApplication(who, a, rapid.Bool().Draw(rt, "take over"))
}

func (m *machine) claimApplication(who actor, a *application, takeOver bool) {
	not := refusalOfWork(who, a)
	claimed := a.status == "IN_PROGRESS" || a.status == "WAITING_FOR_APPLICANT"
	switch {
	case not != "":
	case !claimed && a.status != "SUBMITTED", claimed && a.clerk == who.name:
		not = "WRONG_STATE"
	case claimed && !takeOver:
		not = "ALREADY_CLAIMED"
	case claimed && !supervises(who):
		not = "FORBIDDEN"
	}
	m.onApplication(who, "claimApplication", a, suite.Vars{"takeOver": takeOver}, not, func() {
		to := a.status
		if !claimed {
			to = "IN_PROGRESS"
		}
		a.clerk = who.name
		m.book.move(a, to, byStaff)
	})
}

// refusalOfMine is refusalOfWork for what the clerk does who has claimed it, in one of the states.
func refusalOfMine(who actor, a *application, state string) string {
	not := refusalOfWork(who, a)
	switch {
	case not != "":
		return not
	case a.clerk == "":
		return "WRONG_STATE"
	case a.clerk != who.name:
		return "ALREADY_CLAIMED"
	default:
		return when(a.status != state, "WRONG_STATE")
	}
}

func (m *machine) ask(rt *rapid.T) {
	m.requestInformation(m.colleague(rt), m.submitted(rt))
}

func (m *machine) requestInformation(who actor, a *application) {
	m.onApplication(who, "requestInformation", a, suite.Vars{"question": "Wohin?"}, refusalOfMine(who, a, "IN_PROGRESS"), func() {
		m.book.move(a, "WAITING_FOR_APPLICANT", byStaff)
		a.questions++
		m.book.owe(a.id, "application.question", strconv.Itoa(a.questions))
	})
}

func (m *machine) complete(rt *rapid.T) {
	m.completeApplication(m.colleague(rt), m.submitted(rt))
}

func (m *machine) completeApplication(who actor, a *application) {
	m.onApplication(who, "completeApplication", a, suite.Vars{"dispatch": suite.Vars{}}, refusalOfDecision(who, a), func() {
		m.book.decide(a, "COMPLETED", "application.completed")
	})
}

func (m *machine) reject(rt *rapid.T) {
	who, a := m.colleague(rt), m.submitted(rt)
	m.onApplication(who, "rejectApplication", a, suite.Vars{"reason": "Nicht zuständig."}, refusalOfDecision(who, a), func() {
		m.book.decide(a, "REJECTED", "application.rejected")
	})
}

// refusalOfDecision is refusalOfMine for what ends the work, also while the person is asked something.
func refusalOfDecision(who actor, a *application) string {
	if a.status == "WAITING_FOR_APPLICANT" {
		return refusalOfMine(who, a, "WAITING_FOR_APPLICANT")
	}
	return refusalOfMine(who, a, "IN_PROGRESS")
}

// refusalOfClaimed is refusalOfMine for what a supervisor may do as well.
func refusalOfClaimed(who actor, a *application, state string) string {
	if not := refusalOfMine(who, a, state); not != "ALREADY_CLAIMED" || !supervises(who) {
		return not
	}
	return when(a.status != state, "WRONG_STATE")
}

// waits draws an application: mostly one that waits for its person's answer.
func (m *machine) waits(rt *rapid.T) *application {
	return preferred(rt, "application", m.book.list, func(a *application) bool { return a.status == "WAITING_FOR_APPLICANT" })
}

// whoever draws who acts on an application: as often as not the one who has claimed it.
func (m *machine) whoever(rt *rapid.T, a *application) actor {
	who := m.colleague(rt)
	if a.clerk != "" && rapid.Bool().Draw(rt, "its clerk") {
		return actor{name: a.clerk}
	}
	return who
}

func (m *machine) takeBack(rt *rapid.T) {
	a := m.waits(rt)
	who := m.whoever(rt, a)
	m.onApplication(who, "withdrawInformationRequest", a, suite.Vars{}, refusalOfClaimed(who, a, "WAITING_FOR_APPLICANT"), func() {
		m.book.dropQuestion(a)
		m.book.owe(a.id, "application.question_withdrawn", strconv.Itoa(a.questions))
	})
}

func (m *machine) recordAnswer(rt *rapid.T) {
	a := m.waits(rt)
	who := m.whoever(rt, a)
	input := suite.Vars{"channel": "LETTER", "message": "Nach Norwegen."}
	not := refusalOfClaimed(who, a, "WAITING_FOR_APPLICANT")
	var corrected map[string]any
	if rapid.Bool().Draw(rt, "corrected") {
		var whole bool
		if corrected, whole, _ = m.given(rt, a.service); not == "" {
			not = when(!whole, "ANSWERS_INVALID")
		}
		input["answers"] = corrected
	}
	m.onApplication(who, "recordInformationAnswer", a, input, not, func() {
		a.replies = append(a.replies, reply{corrected, "LETTER"})
		m.book.move(a, "IN_PROGRESS", byStaff)
	})
}

func (m *machine) release(rt *rapid.T) {
	a := m.submitted(rt)
	who := m.whoever(rt, a)
	m.onApplication(who, "releaseApplication", a, suite.Vars{}, refusalOfClaimed(who, a, "IN_PROGRESS"), func() {
		a.clerk = ""
		m.book.move(a, "SUBMITTED", byStaff)
	})
}

// decided reports whether the office has decided on an application.
func decided(a *application) bool { return a.status == "COMPLETED" || a.status == "REJECTED" }

func (m *machine) reopen(rt *rapid.T) {
	a := preferred(rt, "application", m.book.list, decided)
	m.where(rt)
	who := actor{name: rapid.SampledFrom([]string{"susi", "susi", "anna", "erna", "fritz", "nobody"}).Draw(rt, "colleague")}
	not := refusalOfWork(who, a)
	switch {
	case not != "":
	case !supervises(who):
		not = "FORBIDDEN"
	case !decided(a):
		not = "WRONG_STATE"
	}
	m.onApplication(who, "reopenApplication", a, suite.Vars{"reason": "Ein Irrtum."}, not, func() {
		a.reopened++
		m.book.move(a, "IN_PROGRESS", byStaff)
		m.book.owe(a.id, "application.reopened", strconv.Itoa(a.reopened))
	})
}

// refunder draws who gives money back: now and then somebody who may not.
func (m *machine) refunder(rt *rapid.T) actor {
	m.where(rt)
	return actor{name: rapid.SampledFrom([]string{"susi", "susi", "susi", "anna", "erna", "fritz", "nobody"}).Draw(rt, "colleague")}
}

// refusalOfRefund is what somebody is answered who writes on a payment for the office.
func refusalOfRefund(who actor, p *payment) string {
	back := p.status == "REFUND_DUE" || p.status == "REFUNDED"
	switch {
	case who.name == "nobody":
		return "UNAUTHENTICATED"
	case !works(who) || p.of.submitted.IsZero() && !back:
		return "NOT_FOUND"
	case !supervises(who):
		return "FORBIDDEN"
	default:
		return ""
	}
}

// recordRefund notes that money went back by hand.
func (m *machine) recordRefund(rt *rapid.T) {
	p := preferred(rt, "payment", m.book.payments, func(p *payment) bool { return p.status == "REFUND_DUE" })
	who := m.refunder(rt)
	not := refusalOfRefund(who, p)
	if not == "" {
		not = when(p.status != "REFUND_DUE", "WRONG_STATE")
	}
	m.onPaymentWith(who, "recordRefund", p, suite.Vars{"note": "Überweisung"}, not, func() {
		m.book.pay(p, "REFUNDED", byStaff)
		p.note = "Überweisung"
		p.byHand++
		m.book.owe(p.id, "payment.refunded", "by hand "+strconv.Itoa(p.byHand))
	})
}

// undoRecordRefund takes that back.
func (m *machine) undoRecordRefund(rt *rapid.T) {
	p := preferred(rt, "payment", m.book.payments, func(p *payment) bool { return p.note != "" })
	who := m.refunder(rt)
	not := refusalOfRefund(who, p)
	if not == "" {
		not = when(p.note == "", "WRONG_STATE")
	}
	m.onPaymentWith(who, "undoRecordRefund", p, suite.Vars{}, not, func() {
		m.book.happened(p.of.owner, p.id, "REFUNDED", "REFUND_DUE", byStaff)
		p.status, p.note = "REFUND_DUE", ""
	})
}

func (m *machine) refund(rt *rapid.T) {
	p := preferred(rt, "payment", m.book.payments, func(p *payment) bool { return p.received > 0 && p.status != "REFUNDED" })
	who := m.refunder(rt)
	not := refusalOfRefund(who, p)
	if not == "" {
		not = when(p.status != "PAID" && p.status != "REFUND_DUE", "WRONG_STATE")
	}
	m.onPayment(who, "refundPayment", p, not, func() {
		if p.status == "PAID" {
			m.book.refund(p, "STAFF", byStaff)
		}
	})
}

// admin sends a change of the catalogue.
func (m *machine) admin(c *suite.Client, name string, input suite.Vars) *suite.Answer {
	kind := strings.ToUpper(name[:1]) + name[1:] + "Input"
	return c.Do(`mutation($in: `+kind+`!) { `+name+`(input: $in) { publicService { id } problems { code message } } }`, suite.Vars{"in": input})
}

// pricing is the input that sets a price.
func pricing(service string, f fee) suite.Vars {
	return suite.Vars{
		"idempotencyKey": suite.Key(), "service": service, "cents": f.cents, "furtherCopyCents": f.further, "validFrom": f.from,
		"legalBasis": suite.Vars{"de": "Satzung", "en": "By-law"},
	}
}

func (m *machine) setFee(rt *rapid.T) {
	m.where(rt)
	who := actor{name: rapid.SampledFrom([]string{"anna", "anna", "anna", "susi", "fritz"}).Draw(rt, "colleague")}
	s := even(rt, "service", m.book.services)
	f := fee{
		from:  m.book.now.In(m.zone).AddDate(0, 0, rapid.IntRange(1, 3).Draw(rt, "in days")).Format(time.DateOnly),
		cents: rapid.SampledFrom([]int{500, 1234, 0}).Draw(rt, "cents"), further: rapid.SampledFrom([]int{250, 1000, 0}).Draw(rt, "further"),
	}
	not := ""
	switch who.name {
	case "fritz":
		not = "NOT_FOUND"
	case "susi":
		not = "FORBIDDEN"
	}
	m.say(nil, "setFee of %s to %d, %d from %s by %s at %d: %s", s.slug, f.cents, f.further, f.from, who.name, m.at, not)
	if m.send(who, "setFee", nil, pricing(m.filings[s.slug].Service, f), not) == nil {
		return
	}
	m.changed[s.slug] = max(m.changed[s.slug], f.from)
	s.fees = append(slices.DeleteFunc(s.fees, func(other fee) bool { return other.from == f.from }), f)
	slices.SortFunc(s.fees, func(a, b fee) int { return strings.Compare(a.from, b.from) }) // those for later days stay
	m.worker.hub.Touch()
}

func (m *machine) setState(rt *rapid.T) {
	m.where(rt)
	who := actor{name: rapid.SampledFrom([]string{"anna", "anna", "anna", "susi", "fritz"}).Draw(rt, "colleague")}
	s := even(rt, "service", m.book.services)
	closed := rapid.Bool().Draw(rt, "closed")
	hours := []time.Duration{0, 0, -time.Hour, time.Hour, 30 * time.Hour}
	opens := rapid.SampledFrom(hours).Draw(rt, "opens in")
	closes := rapid.SampledFrom(hours).Draw(rt, "closes in")
	m.setServiceState(who, s, closed, opens, closes)
}

// setServiceState closes a service, or opens it within a window, whose edges are so far from now; 0: none.
func (m *machine) setServiceState(who actor, s *service, closed bool, opens, closes time.Duration) {
	not := when(opens != 0 && closes != 0 && opens >= closes, "INVALID_INPUT")
	switch {
	case not != "":
	case who.name == "fritz":
		not = "NOT_FOUND"
	case who.name == "susi":
		not = "FORBIDDEN"
	}
	id := m.filings[s.slug].Service
	input := suite.Vars{"service": id, "open": !closed}
	edge := func(name string, after time.Duration) (at time.Time) {
		if after != 0 {
			at = m.book.now.Add(after).Truncate(time.Second)
			input[name] = at.Format(time.RFC3339)
		}
		return at
	}
	from, to := edge("opensAt", opens), edge("closesAt", closes)
	m.say(nil, "setServiceState of %s: closed %t, opens in %s, closes in %s, by %s at %d: %s", s.slug, closed, opens, closes, who.name, m.at, not)
	if m.send(who, "setServiceState", nil, input, not) == nil {
		return
	}
	m.closed[s.slug] = true
	s.closed, s.opens, s.closes = closed, from, to
	m.heard(id)
}

// heard waits until every process has what was set of a service at the last one: the others are nudged.
func (m *machine) heard(id string) {
	m.worker.hub.Touch()
	state := func(i int) string {
		return m.processes[i].Anonymous().For(m.t).Do(`query($id: ID!) { publicService(by: {id: $id}) { open opensAt closesAt } }`, suite.Vars{"id": id}).OK("publicService").Raw
	}
	for i := range m.processes {
		for deadline := time.Now().Add(5 * time.Second); state(i) != state(m.at); <-time.After(2 * time.Millisecond) {
			require.True(m.t, time.Now().Before(deadline), "after %s, process %d hasn't heard in 5 s", m.last, i)
		}
	}
}
