package ledger

import (
	"maps"

	"pgregory.net/rapid"

	"nelke/test/suite"
)

// goOn does the next thing that somebody would do about an application, or begins a new one.
func (m *machine) goOn(rt *rapid.T) {
	m.where(rt)
	var open []*application
	for _, a := range m.book.list {
		if !m.book.ended(a) {
			open = append(open, a)
		}
	}
	n := rapid.IntRange(0, 4).Draw(rt, "which") // 0 is the newest
	if n >= len(open) && (len(open) == 0 || n == 4) {
		m.start(rt)
		return
	}
	a := open[len(open)-1-n%len(open)]
	owner := m.holder(a.owner)
	switch a.status {
	case "SUBMITTED":
		m.claimApplication(actor{name: "erna"}, a, false)
	case "IN_PROGRESS":
		if rapid.Bool().Draw(rt, "ask") {
			m.requestInformation(actor{name: a.clerk}, a)
		} else {
			m.completeApplication(actor{name: a.clerk}, a)
		}
	case "WAITING_FOR_APPLICANT":
		m.answerRequest(owner, a, nil, true)
	default:
		m.nextStep(rt, owner, a)
	}
}

func (m *machine) nextStep(rt *rapid.T, owner actor, a *application) {
	steps := m.book.steps(a)
	if len(steps) == 0 {
		m.submitApplication(owner, a)
		return
	}
	switch steps[0] {
	case "AWAIT_OPENING":
		m.setServiceState(actor{name: "anna"}, a.service, false, 0, 0)
	case "CONFIRM_INFORMATION":
		m.confirmInformation(owner, a)
	case "ACKNOWLEDGE_PRIVACY":
		m.acknowledgeNotice(owner, a, m.notice())
	case "ANSWER":
		m.saveAnswers(owner, a, m.right(rt, a.service), true, a.revision, false)
	case "REVIEW":
		m.reviewApplication(owner, a, a.revision)
	case "PAY":
		p := a.paying()
		switch {
		case p == nil:
			m.startPayment(owner, a, "CREDIT_CARD", false, m.mood(rt))
		case p.deal.status() == "OPEN" && p.shown:
			m.chooses(p, "PAID", p.cents)
		case p.deal.status() == "" || p.status == "CREATED":
			m.workAll(moods{truthful, truthful})
		case rapid.Bool().Draw(rt, "webhook"):
			m.tell(p, p.deal.status(), "", false)
		default:
			m.comesBack(p, moods{truthful, truthful})
		}
	}
}

// start begins an application, mostly for something that costs money, and may fill it in at once.
func (m *machine) start(rt *rapid.T) {
	m.where(rt)
	free, plain, copies := m.book.services[0], m.book.services[1], m.book.services[2]
	who := m.holder(even(rt, "who", m.book.people))
	a := m.startApplication(who, even(rt, "service", []*service{plain, copies, plain, copies, free}))
	if a == nil || rapid.Bool().Draw(rt, "and nothing else") {
		return
	}
	m.confirmInformation(who, a)
	m.acknowledgeNotice(who, a, m.notice())
	m.saveAnswers(who, a, m.right(rt, a.service), true, 0, false)
	m.reviewApplication(who, a, 1)
}

func (m *machine) startApplication(who actor, s *service) *application {
	refusal := m.book.refusalOfStart(who.person, s)
	m.say(who.person, "startApplication for %s by %s at %d: %s", s.slug, who.name, m.at, refusal)
	got := m.send(who, "startApplication", nil, suite.Vars{"service": m.filings[s.slug].Service}, refusal)
	if got == nil {
		return nil
	}
	a := m.book.start(got.Get("id").String(), who.person, s)
	m.done[len(m.done)-1].on = a
	m.shows(a, *got)
	return a
}

func (m *machine) confirm(rt *rapid.T) {
	a := preferred(rt, "application", m.book.list, m.book.open)
	m.confirmInformation(m.whose(rt, a), a)
}

func (m *machine) confirmInformation(who actor, a *application) {
	m.onApplication(who, "confirmInformation", a, suite.Vars{}, m.refusalOfDraft(who, a), func() {
		a.informed = true
		m.book.move(a, "DRAFT", byPerson)
	})
}

// refusalOfDraft is what an actor is answered who writes on an application as if it were their draft.
func (m *machine) refusalOfDraft(who actor, a *application, further ...string) string {
	if not := refusal(who, a); not != "" {
		return not
	}
	if not := m.book.refusalOfDraft(a, who.person); not != "" {
		return not
	}
	for _, not := range further {
		if not != "" {
			return not
		}
	}
	return ""
}

// when is a refusal that holds under a condition.
func when(condition bool, code string) string {
	if condition {
		return code
	}
	return ""
}

func (m *machine) acknowledge(rt *rapid.T) {
	a := preferred(rt, "application", m.book.list, m.book.open)
	notice := m.notice()
	if rapid.IntRange(0, 3).Draw(rt, "notice") == 3 {
		notice = "privacynotice_x"
	}
	m.acknowledgeNotice(m.whose(rt, a), a, notice)
}

func (m *machine) acknowledgeNotice(who actor, a *application, notice string) {
	refusal := m.refusalOfDraft(who, a, when(notice != m.notice(), "NOTICE_NOT_ACKNOWLEDGED"))
	m.onApplication(who, "acknowledgePrivacyNotice", a, suite.Vars{"privacyNotice": notice}, refusal, func() {
		if !a.owner.noticed {
			a.owner.noticed = true
			m.book.happened(a.owner, a.owner.id, "", notice, byPerson)
		}
	})
}

// right are answers that the service's form accepts.
func (m *machine) right(rt *rapid.T, s *service) map[string]any {
	answers := maps.Clone(rapid.SampledFrom(m.filings[s.slug].Accepted).Draw(rt, "answers").(map[string]any))
	if s.copies {
		answers["copies"] = float64(rapid.IntRange(1, 3).Draw(rt, "copies"))
		answers["purpose"] = rapid.SampledFrom([]string{"SONSTIGES", "SONSTIGES", "RENTE"}).Draw(rt, "purpose")
	}
	return answers
}

// given are answers of any kind: whole ones, some that lack something, and wrong ones.
func (m *machine) given(rt *rapid.T, s *service) (answers map[string]any, whole, wrong bool) {
	answers = m.right(rt, s)
	switch rapid.IntRange(0, 5).Draw(rt, "kind of answers") {
	case 3:
		delete(answers, map[bool]string{true: "deathDate", false: "birthDate"}[s.copies])
		return answers, false, false
	case 4:
		answers["religion"] = "evangelisch" // which nobody asked
		return answers, false, true
	default:
		return answers, true, false
	}
}

func (m *machine) save(rt *rapid.T) {
	a := preferred(rt, "application", m.book.list, m.book.open)
	who := m.whose(rt, a)
	answers, whole, wrong := m.given(rt, a.service)
	incomplete := rapid.Bool().Draw(rt, "incomplete")
	revision := a.revision + rapid.SampledFrom([]int{0, 0, 0, -1, 1}).Draw(rt, "off by")
	if wrong || !whole && !incomplete {
		m.saveAnswers(who, a, answers, false, revision, incomplete, "ANSWERS_INVALID")
		return
	}
	m.saveAnswers(who, a, answers, whole, revision, incomplete)
}

func (m *machine) saveAnswers(who actor, a *application, answers map[string]any, whole bool, revision int, incomplete bool, wrong ...string) {
	refusal := m.refusalOfDraft(who, a, append([]string{
		m.book.refusalUpTo(a, "ACKNOWLEDGE_PRIVACY"),
		when(a.payment("CREATED", "PENDING", "PAID") != nil, "WRONG_STATE"), // what is paid for doesn't change
		when(revision != a.revision, "STALE_REVISION"),
	}, wrong...)...)
	input := suite.Vars{"revision": revision, "answers": answers, "incomplete": incomplete}
	m.onApplication(who, "saveAnswers", a, input, refusal, func() {
		a.answers, a.whole, a.revision, a.expires = answers, whole, a.revision+1, m.book.now.Add(draftLife)
		m.book.move(a, "DRAFT", byPerson)
	})
}

func (m *machine) review(rt *rapid.T) {
	a := preferred(rt, "application", m.book.list, m.book.open)
	who := m.whose(rt, a)
	m.reviewApplication(who, a, a.revision+rapid.SampledFrom([]int{0, 0, 0, -1, 1}).Draw(rt, "off by"))
}

func (m *machine) reviewApplication(who actor, a *application, revision int) {
	refusal := m.refusalOfDraft(who, a, when(revision != a.revision, "STALE_REVISION"), m.book.refusalUpTo(a, "ANSWER"))
	m.onApplication(who, "reviewApplication", a, suite.Vars{"revision": revision}, refusal, func() {
		a.reviewed = revision
		m.book.move(a, "DRAFT", byPerson)
	})
}

func (m *machine) submit(rt *rapid.T) {
	a := preferred(rt, "application", m.book.list, m.book.open)
	m.submitApplication(m.whose(rt, a), a)
}

func (m *machine) submitApplication(who actor, a *application) {
	m.onApplication(who, "submitApplication", a, suite.Vars{}, m.refusalOfDraft(who, a, m.book.refusalUpTo(a, "PAY")), func() {
		m.book.submit(a)
	})
}

func (m *machine) withdraw(rt *rapid.T) {
	a := preferred(rt, "application", m.book.list, func(a *application) bool { return a.payment("PENDING", "PAID") != nil && !m.book.ended(a) })
	who := m.whose(rt, a)
	not := refusal(who, a)
	if not == "" {
		not = when(m.book.ended(a), "WRONG_STATE")
	}
	m.onApplication(who, "withdrawApplication", a, suite.Vars{}, not, func() { m.book.withdraw(a) })
}

func (m *machine) answer(rt *rapid.T) {
	a := preferred(rt, "application", m.book.list, func(a *application) bool { return a.status == "WAITING_FOR_APPLICANT" })
	who := m.whose(rt, a)
	if rapid.Bool().Draw(rt, "message only") {
		m.answerRequest(who, a, nil, true)
		return
	}
	answers, whole, _ := m.given(rt, a.service)
	m.answerRequest(who, a, answers, whole)
}

func (m *machine) answerRequest(who actor, a *application, corrected map[string]any, whole bool) {
	not := refusal(who, a)
	for _, further := range []string{when(a.status != "WAITING_FOR_APPLICANT", "WRONG_STATE"), when(!whole, "ANSWERS_INVALID")} {
		if not == "" {
			not = further
		}
	}
	input := suite.Vars{"message": "Nach Norwegen."}
	if corrected != nil {
		input["answers"] = corrected
	}
	m.onApplication(who, "answerRequest", a, input, not, func() {
		a.replies = append(a.replies, reply{corrected, "ONLINE"})
		m.book.move(a, "IN_PROGRESS", byPerson)
	})
}
