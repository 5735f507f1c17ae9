package ledger

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"nelke/test/suite"
	"nelke/test/suite/property"
)

// machine is one run.
type machine struct {
	*town
	t      property.T
	book   *plain
	people []*suite.Client
	clerks map[string]*suite.Client
	minted map[string]time.Time // when their tokens were made
	at     int                  // the process that the last operation went to
	done   []replay
	posts  []post
	about  []*person // whose cases the last operation was about
	turn   int
	count  int
	last   string // the last operation, for what fails after it
}

// replay is an operation that took place, to be sent again.
type replay struct {
	who     actor
	name    string
	input   suite.Vars
	outcome string // id
	on      *application
	charged *payment // where it started a payment
	at      time.Time
}

// person is whose case it was about; nil: nobody's.
func (r replay) person() *person {
	if r.on != nil {
		return r.on.owner
	}
	return r.who.person
}

// actions are what can happen, and how often among some 120 times. Where there is nothing to do it with, somebody goes
// on instead: a run that skips a lot is cut short.
func (m *machine) actions() map[string]func(*rapid.T) {
	always := func() bool { return true }
	applied := func() bool { return len(m.book.list) > 0 }
	begun := func() bool { return len(m.book.payments) > 0 }
	deals := func(status string) func() bool { return func() bool { return len(m.deals(status)) > 0 } }
	type action struct {
		often int
		does  func(*rapid.T)
		can   func() bool
	}
	var all []action
	for _, a := range []action{
		{34, m.goOn, always},
		{2, m.start, always},
		{2, m.confirm, applied},
		{1, m.acknowledge, applied},
		{5, m.save, applied},
		{2, m.review, applied},
		{3, m.submit, applied},
		{3, m.withdraw, applied},
		{2, m.answer, applied},
		{4, m.pay, applied},
		{3, m.claim, applied},
		{2, m.ask, applied},
		{2, m.complete, applied},
		{1, m.reject, applied},
		{2, m.takeBack, applied},
		{2, m.recordAnswer, applied},
		{2, m.release, applied},
		{2, m.reopen, applied},
		{2, m.recordRefund, begun},
		{1, m.undoRecordRefund, begun},
		{4, m.cancel, begun},
		{3, m.comeBack, begun},
		{3, m.refund, begun},
		{5, m.choose, deals("OPEN")},
		{1, m.giveBack, deals("PAID")},
		{6, m.webhook, deals("")},
		{1, m.forged, deals("")},
		{2, m.replayed, func() bool { return len(m.posts) > 0 }},
		{2, m.setFee, always},
		{2, m.setState, always},
		{8, m.pass, always},
		{8, m.work, func() bool { return len(m.due()) > 0 }},
		{2, m.sweep, always},
		{1, m.night, always},
		{6, m.repeat, func() bool { return len(m.done) > 0 }},
		{3, m.reuse, func() bool { return len(m.done) > 0 }},
	} {
		for range a.often {
			all = append(all, a)
		}
	}
	return map[string]func(*rapid.T){
		"something": func(rt *rapid.T) {
			if a := even(rt, "what", all); a.can() {
				a.does(rt)
			} else {
				m.goOn(rt)
			}
			m.operations++
		},
		"": func(*rapid.T) { m.compare() },
	}
}

// even draws one of a list as often as any other, where rapid itself would prefer the first ones.
func even[T any](rt *rapid.T, label string, list []T) T {
	return list[rapid.Custom(func(rt *rapid.T) int {
		n := 0
		for range bits.Len(uint(len(list))) + 3 {
			n *= 2
			if rapid.Bool().Draw(rt, "bit") {
				n++
			}
		}
		return n % len(list)
	}).Draw(rt, label)]
}

// actor is who does something.
type actor struct {
	name   string
	person *person // nil for staff, and for nobody
}

func (m *machine) holder(who *person) actor {
	return actor{fmt.Sprintf("person %d", slices.Index(m.book.people, who)+1), who}
}

// The people of the office: two clerks, a supervisor, an administrator, and one who is all of that in another town.
func roles() map[string]string {
	return map[string]string{
		"erna": "CLERK@" + suite.ARS, "karl": "CLERK@" + suite.ARS, "susi": "SUPERVISOR@" + suite.ARS, "anna": "ADMIN@" + suite.ARS,
		"fritz": "ADMIN@" + suite.OtherARS,
	}
}

// client is an actor at a process. The tokens of staff last for a day.
func (m *machine) client(who actor) *suite.Client {
	if who.person != nil {
		return m.people[slices.Index(m.book.people, who.person)].At(m.processes[m.at])
	}
	if who.name == "nobody" {
		return m.processes[m.at].Anonymous().For(m.t)
	}
	if m.clerks[who.name] == nil || m.book.now.Sub(m.minted[who.name]) > 23*time.Hour {
		if m.minted == nil {
			m.minted = map[string]time.Time{}
		}
		m.clerks[who.name] = m.processes[0].Staff(who.name, roles()[who.name]).For(m.t)
		m.minted[who.name] = m.book.now
	}
	return m.clerks[who.name].At(m.processes[m.at])
}

// one draws one of a list, of which the newest matter most.
func one[T any](rt *rapid.T, label string, list []T) T {
	return list[len(list)-1-rapid.IntRange(0, min(len(list), 6)-1).Draw(rt, label)]
}

// preferred is one of those for which an operation is meant, five times in six.
func preferred[T any](rt *rapid.T, label string, list []T, meant func(T) bool) T {
	var some []T
	for _, v := range list {
		if meant(v) {
			some = append(some, v)
		}
	}
	if len(some) == 0 || rapid.IntRange(0, 5).Draw(rt, "any") == 5 {
		some = list
	}
	return one(rt, label, some)
}

// where draws the process that an operation goes to.
func (m *machine) where(rt *rapid.T) {
	m.at = rapid.IntRange(0, len(m.processes)-1).Draw(rt, "process")
}

// whose draws who writes on an application as if it were theirs: seven times in eight it is.
func (m *machine) whose(rt *rapid.T, a *application) actor {
	m.where(rt)
	if rapid.IntRange(0, 7).Draw(rt, "owner") < 7 {
		return m.holder(a.owner)
	}
	return rapid.SampledFrom([]actor{m.holder(m.book.people[0]), m.holder(m.book.people[1]), {name: "erna"}, {name: "nobody"}}).Draw(rt, "who")
}

// refusal is what an actor is answered first: to staff and strangers it isn't there, and nobody has to say who they are.
func refusal(who actor, a *application) string {
	switch {
	case who.name == "nobody":
		return "UNAUTHENTICATED"
	case who.person != a.owner:
		return "NOT_FOUND"
	default:
		return ""
	}
}

// mood draws how the provider answers during an operation.
func (m *machine) mood(rt *rapid.T) moods {
	return moods{even(rt, "a look", allMoods()), even(rt, "a deed", allMoods())}
}

// within runs something while the provider has a mood.
func (m *machine) within(mood moods, run func()) {
	m.bank.is(mood)
	defer m.bank.is(moods{truthful, truthful})
	run()
}

// say notes an operation, in words that are the same each time it is tried, and whose case it is about: nil is everybody's.
func (m *machine) say(who *person, format string, args ...any) {
	if who == nil {
		m.about = slices.Clone(m.book.people)
	} else {
		m.about = append(m.about, who)
	}
	m.count++
	m.last = fmt.Sprintf("%d. %s", m.count, fmt.Sprintf(format, args...))
	m.t.Logf("%s  [%s]", m.last, m.book.now.In(m.zone).Format("2006-01-02 15:04:05.999999"))
}

// name is what an application or a payment is called in what is said.
func (m *machine) name(a *application) string {
	return fmt.Sprintf("A%d (%s)", slices.Index(m.book.list, a)+1, a.service.slug[:5])
}

func (m *machine) nameOf(p *payment) string {
	return fmt.Sprintf("P%d of %s", slices.Index(m.book.payments, p)+1, m.name(p.of))
}

// What is looked at of applications and payments.
const (
	paymentFields     = `id status amount { cents } received { cents } refundReason refundNote redirectUrl expiresAt paidAt`
	applicationFields = `id status openSteps revision answers due { cents } payment { id } payments { ` + paymentFields + ` }
		expiresAt submittedAt deadline reopenings { status }`
)

// do sends a mutation and gives what it left behind, or the code of the problem that kept it.
func (m *machine) do(c *suite.Client, name string, input suite.Vars) (gjson.Result, string) {
	kind, result := strings.ToUpper(name[:1])+name[1:]+"Input", `application { `+applicationFields+` }`
	field := "application"
	switch {
	case strings.HasSuffix(name, "Payment"), strings.HasSuffix(name, "Refund"):
		field, result = "payment", `payment { `+paymentFields+` }`
	case strings.HasPrefix(name, "set"):
		field, result = "publicService", `publicService { id }`
	}
	a := c.Do(`mutation($in: `+kind+`!) { `+name+`(input: $in) { `+result+` problems { code path message ... on AlreadyClaimed { clerk } } } }`,
		suite.Vars{"in": input}).Clean()
	require.False(m.t, a.Get("errors").Exists(), "%s: %s", m.last, a.Raw)
	code := a.Problem()
	m.outcomes[strings.TrimSpace(name+" "+code)]++
	if code != "" {
		require.False(m.t, a.Get("data."+name+"."+field+".id").Exists(), "%s: a problem, and a result: %s", m.last, a.Raw)
		return a.Get("data." + name + ".problems.0"), code
	}
	return a.Get("data." + name + "." + field), ""
}

// send is do for an operation whose refusal the model foretells. A nil answer says that it was refused.
func (m *machine) send(who actor, name string, on *application, input suite.Vars, refusal string) *gjson.Result {
	input["idempotencyKey"] = suite.Key()
	got, code := m.do(m.client(who), name, input)
	require.Equal(m.t, refusal, code, "%s: %s", m.last, got.Raw)
	if code != "" {
		return nil
	}
	m.done = append(m.done, replay{who, name, maps.Clone(input), got.Get("id").String(), on, nil, m.book.now})
	return &got
}

// onApplication sends an operation on an application, and does the same in the model where it isn't refused.
func (m *machine) onApplication(who actor, name string, a *application, input suite.Vars, refusal string, also func()) {
	m.say(a.owner, "%s %s by %s at %d: %s", name, m.name(a), who.name, m.at, refusal)
	input["application"] = a.id
	if got := m.send(who, name, a, input, refusal); got != nil {
		also()
		m.shows(a, *got)
	}
}

// repeat sends an operation again, at either process: the same outcome, and nothing more happens. (A payment that was
// started is looked after once more.)
func (m *machine) repeat(rt *rapid.T) {
	m.where(rt)
	r := one(rt, "operation", m.done)
	mood := m.mood(rt)
	m.say(r.person(), "again: %s by %s at %d, the provider %s and %s", r.name, r.who.name, m.at, mood.says, mood.does)
	var got gjson.Result
	var code string
	m.within(mood, func() { got, code = m.do(m.client(r.who), r.name, r.input) })
	require.Empty(m.t, code, "%s: %s", m.last, got.Raw)
	require.Equal(m.t, r.outcome, got.Get("id").String(), "%s: another outcome", m.last)
	if r.charged != nil {
		m.book.settle(r.charged, mood)
	}
	m.outcomes["repeated"]++
	if r.on != nil && r.charged == nil && r.on.id == r.outcome {
		m.shows(r.on, got)
	}
}

// reuse sends another input under the key of an operation that took place.
func (m *machine) reuse(rt *rapid.T) {
	m.where(rt)
	r := one(rt, "operation", m.done)
	input := maps.Clone(r.input)
	switch r.name {
	case "startApplication":
		for _, f := range m.filings {
			if f.Service != r.input["service"] {
				input["service"] = f.Service
			}
		}
	case "saveAnswers", "reviewApplication":
		input["revision"] = r.input["revision"].(int) + 1
	case "startPayment":
		input["method"] = "WERO"
	case "claimApplication":
		input["takeOver"] = r.input["takeOver"] != true
	case "requestInformation":
		input["question"] = "Und wann?"
	case "answerRequest", "recordInformationAnswer":
		input["message"] = "Ich weiß es nicht."
	case "completeApplication":
		input["dispatch"] = suite.Vars{"trackingNumber": "RR 9999 9999 9DE"}
	case "rejectApplication", "reopenApplication":
		input["reason"] = "Aus einem anderen Grund."
	case "recordRefund":
		input["note"] = "Bar"
	case "setFee":
		input["cents"] = r.input["cents"].(int) + 1
	case "setServiceState":
		input["open"] = r.input["open"] != true
	default: // it names a thing, and nothing else: another one of the same actor's
		if !m.other(r, input) {
			return
		}
	}
	m.say(r.person(), "%s by %s at %d with another input: IDEMPOTENCY_KEY_REUSED", r.name, r.who.name, m.at)
	_, code := m.do(m.client(r.who), r.name, input)
	require.Equal(m.t, "IDEMPOTENCY_KEY_REUSED", code, m.last)
	m.outcomes[code]++
}

// other names another thing in an input.
func (m *machine) other(r replay, input suite.Vars) bool {
	if r.who.person == nil {
		return false
	}
	for _, a := range r.who.person.drafts {
		if input["application"] != nil && a.id != r.input["application"] {
			input["application"] = a.id
			return true
		}
		for _, p := range a.payments {
			if input["payment"] != nil && p.id != r.input["payment"] {
				input["payment"] = p.id
				return true
			}
		}
	}
	return false
}
