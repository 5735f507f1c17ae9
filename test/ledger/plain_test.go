package ledger

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A plain model of applications and what is paid for them: lists, and the rules in words. It has no rows, locks,
// jobs or reports, so what it has in common with the service is the town's data and the words of its states alone.

// How long things last, as the town's file and the law have it.
const (
	draftLife    = 30 * 24 * time.Hour
	draftWarning = 7 * 24 * time.Hour
	timeToPay    = 30 * time.Minute
	grace        = 24 * time.Hour
	lateLook     = time.Hour // how long we wait for a provider that doesn't answer, before we give up for it
	maxDrafts    = 10
	maxADay      = 30
	maxPayments  = 20
)

// Who did something, as events say it.
const (
	byPerson = "PERSON"
	byStaff  = "STAFF"
	bySystem = "SYSTEM"
)

// fee is a price from a day on.
type fee struct {
	from           string // local date
	cents, further int    // of the first copy, and of each further one
}

// service is what can be applied for.
type service struct {
	slug   string
	fees   []fee // ascending
	copies bool  // its answers say how many, and whether they are free
	days   int   // to process
	closed bool
	opens  time.Time // the window's edges; zero: none
	closes time.Time
}

func (s *service) open(now time.Time) bool {
	return !s.closed && (s.opens.IsZero() || !now.Before(s.opens)) && (s.closes.IsZero() || now.Before(s.closes))
}

// price is what the service costs on a day with these answers.
func (s *service) price(answers map[string]any, day string) int {
	now := fee{}
	for _, f := range s.fees {
		if f.from <= day {
			now = f
		}
	}
	if now.cents == 0 || s.copies && answers["purpose"] == "RENTE" {
		return 0
	}
	if n, ok := answers["copies"].(float64); ok && s.copies && n > 1 {
		return now.cents + (int(n)-1)*now.further
	}
	return now.cents
}

// person is one case: what its holder acknowledged, and everything that happened in it.
type person struct {
	id      string // of the case
	noticed bool
	email   bool // there is an address for notices
	drafts  []*application
	skipped int // events before the run
	events  []event
}

// event is one line of what happened.
type event struct {
	subject, before, after, by string
	at                         time.Time
}

// application is one filled form on its way.
type application struct {
	id      string
	owner   *person
	service *service
	status  string // DRAFT also where its time is over and nobody has noted it

	began              time.Time
	informed           bool
	answers            map[string]any // nil: none yet
	whole              bool           // the form accepts the answers
	revision, reviewed int
	expires            time.Time

	due                 int // frozen by the submission
	submitted, deadline time.Time
	clerk               string
	payments            []*payment // oldest first
	questions           int
	replies             []reply // to the questions that aren't open any more
	reopened            int     // how often a decision was taken back
}

// reply is how a question ended.
type reply struct {
	corrected map[string]any // nil: not
	via       string         // empty: it was taken back
}

// plain is everything that is known.
type plain struct {
	now      time.Time
	zone     *time.Location
	services []*service
	people   []*person
	list     []*application
	payments []*payment
	orders   map[string]*payment        // the same by id
	owed     map[string]map[string]bool // notices: their occasions by subject and kind
	named    map[string]map[string]bool // the keys by which they were asked for
	told     map[string]bool            // those keys by which they were sent
	calls    []string                   // what the provider was asked to do, and about which order
	reports  map[[5]string]bool         // what it said: payment, way, state, cents, and what came of it
}

func (b *plain) day(at time.Time) string { return at.In(b.zone).Format(time.DateOnly) }

// shown is the state as people see it.
func (b *plain) shown(a *application) string {
	if b.over(a) {
		return "EXPIRED"
	}
	return a.status
}

// over reports whether a draft's time is over, noted or not.
func (b *plain) over(a *application) bool { return a.status == "DRAFT" && !a.expires.After(b.now) }

// open reports whether an application is a draft still, and ended that nothing can become of it any more.
func (b *plain) open(a *application) bool { return b.shown(a) == "DRAFT" }

func (b *plain) ended(a *application) bool {
	return slices.Contains([]string{"COMPLETED", "REJECTED", "WITHDRAWN", "EXPIRED"}, b.shown(a))
}

// happened writes a line into the case's book.
func (b *plain) happened(who *person, subject, before, after, by string) {
	who.events = append(who.events, event{subject, before, after, by, b.now})
}

// move changes the state of an application, or notes that something else in it changed.
func (b *plain) move(a *application, to, by string) {
	b.happened(a.owner, a.id, a.status, to, by)
	a.status = to
}

// owe enqueues a notice to the person; there is one for each occasion.
func (b *plain) owe(subject, kind, occasion string) {
	note(b.owed, subject+" "+kind, occasion)
}

// paid is the payment that paid for the application, and paying the one under way.
func (a *application) paid() *payment   { return a.payment("PAID") }
func (a *application) paying() *payment { return a.payment("CREATED", "PENDING") }

func (a *application) payment(statuses ...string) *payment {
	i := slices.IndexFunc(a.payments, func(p *payment) bool { return slices.Contains(statuses, p.status) })
	if i < 0 {
		return nil
	}
	return a.payments[i]
}

// matters is the payment that people are shown first.
func (a *application) matters() *payment {
	switch {
	case a.paid() != nil:
		return a.paid()
	case a.paying() != nil:
		return a.paying()
	case len(a.payments) > 0:
		return a.payments[len(a.payments)-1]
	default:
		return nil
	}
}

// dueNow is what the application costs: as it was when it was submitted, or when its payment was started, or today.
func (b *plain) dueNow(a *application) int {
	switch frozen := a.payment("CREATED", "PENDING", "PAID"); {
	case !a.submitted.IsZero():
		return a.due
	case frozen != nil && b.shown(a) == "DRAFT":
		return frozen.cents
	default:
		return a.service.price(b.answers(a), b.day(b.now))
	}
}

// answers are kept until a draft ends: then nobody needs them.
func (b *plain) answers(a *application) map[string]any {
	if a.submitted.IsZero() && b.shown(a) != "DRAFT" {
		return nil
	}
	return a.answers
}

// steps are what stands between a draft and its submission.
func (b *plain) steps(a *application) []string {
	steps := []string{}
	if b.shown(a) != "DRAFT" {
		return steps
	}
	for _, s := range []struct {
		name string
		done bool
	}{
		{"AWAIT_OPENING", a.service.open(b.now)},
		{"CONFIRM_INFORMATION", a.informed},
		{"ACKNOWLEDGE_PRIVACY", a.owner.noticed},
		{"ANSWER", a.whole},
		{"REVIEW", a.revision > 0 && a.reviewed == a.revision},
		{"PAY", b.dueNow(a) == 0 || a.paid() != nil},
	} {
		if !s.done {
			steps = append(steps, s.name)
		}
	}
	return steps
}

// refusalUpTo is the problem of somebody who goes on past a step: that of the first open one of the person's own up to
// it, or else that the service is closed, where going on means to commit oneself.
func (b *plain) refusalUpTo(a *application, step string) string {
	open := b.steps(a)
	for _, s := range [][2]string{
		{"CONFIRM_INFORMATION", "INFORMATION_NOT_CONFIRMED"},
		{"ACKNOWLEDGE_PRIVACY", "NOTICE_NOT_ACKNOWLEDGED"},
		{"ANSWER", "ANSWERS_INVALID"},
		{"REVIEW", "NOT_REVIEWED"},
		{"PAY", "FEE_UNPAID"},
	} {
		if slices.Contains(open, s[0]) {
			return s[1]
		}
		if s[0] == step {
			break
		}
	}
	if slices.Contains(open, "AWAIT_OPENING") && (step == "REVIEW" || step == "PAY") {
		return "SERVICE_CLOSED"
	}
	return ""
}

// refusalOfDraft is the problem of somebody who writes on an application as if it were their draft.
func (b *plain) refusalOfDraft(a *application, who *person) string {
	switch {
	case a.owner != who:
		return "NOT_FOUND"
	case b.shown(a) != "DRAFT":
		return "WRONG_STATE"
	default:
		return ""
	}
}

// refusalOfStart is the problem of somebody who begins a draft.
func (b *plain) refusalOfStart(who *person, s *service) string {
	drafts, today := 0, 0
	for _, a := range who.drafts {
		if b.shown(a) == "DRAFT" {
			drafts++
		}
		if a.began.After(b.now.Add(-24 * time.Hour)) {
			today++
		}
	}
	switch {
	case !s.open(b.now):
		return "SERVICE_CLOSED"
	case drafts >= maxDrafts, today >= maxADay:
		return "DRAFT_LIMIT"
	default:
		return ""
	}
}

func (b *plain) start(id string, who *person, s *service) *application {
	a := &application{id: id, owner: who, service: s, began: b.now, expires: b.now.Add(draftLife)}
	b.list, who.drafts = append(b.list, a), append(who.drafts, a)
	b.move(a, "DRAFT", byPerson)
	return a
}

func (b *plain) submit(a *application) {
	a.due, a.submitted = b.dueNow(a), b.now
	local := b.now.In(b.zone)
	a.deadline = time.Date(local.Year(), local.Month(), local.Day()+a.service.days+1, 0, 0, 0, 0, b.zone)
	b.move(a, "SUBMITTED", byPerson)
	b.owe(a.id, "application.submitted", "")
}

func (b *plain) withdraw(a *application) {
	untouched := a.status == "DRAFT" || a.status == "SUBMITTED" && a.reopened == 0
	if a.status == "WAITING_FOR_APPLICANT" {
		a.replies = append(a.replies, reply{})
	}
	b.move(a, "WITHDRAWN", byPerson)
	if untouched {
		b.unpay(a, "WITHDRAWN", byPerson)
	}
}

// dropQuestion takes back what an application waits for.
func (b *plain) dropQuestion(a *application) {
	if a.status == "WAITING_FOR_APPLICANT" {
		a.replies = append(a.replies, reply{})
		b.move(a, "IN_PROGRESS", byStaff)
	}
}

// decide is the end of the work on an application. Each decision is sent, also one after another was taken back.
func (b *plain) decide(a *application, to, notice string) {
	b.dropQuestion(a)
	b.move(a, to, byStaff)
	b.owe(a.id, notice, strconv.Itoa(a.reopened))
}

// tend looks after a draft: its person is warned a week before its end, and it ends.
func (b *plain) tend(a *application) {
	switch {
	case a.status != "DRAFT" || b.now.Before(a.expires.Add(-draftWarning)):
	case b.now.Before(a.expires):
		b.owe(a.id, "application.expiring", a.expires.UTC().Format(time.DateOnly))
	default:
		b.move(a, "EXPIRED", bySystem)
		b.unpay(a, "NOT_SUBMITTED", bySystem)
	}
}

// deliver sends a notice that waits, under the key that it has, unless there is nobody to send it to, or the end of a
// draft has moved since.
func (b *plain) deliver(a *application, notice, key string) {
	note(b.named, notice, key)
	stands := !strings.HasSuffix(notice, " application.expiring") ||
		a.status == "DRAFT" && strings.HasSuffix(key, a.expires.UTC().Format(time.DateOnly))
	if a.owner.email && stands {
		b.told[key] = true
	}
}

func note(in map[string]map[string]bool, notice, of string) {
	if in[notice] == nil {
		in[notice] = map[string]bool{}
	}
	in[notice][of] = true
}
