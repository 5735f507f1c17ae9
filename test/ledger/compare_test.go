package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// shows compares an application, as people see it, with the model.
func (m *machine) shows(a *application, got gjson.Result) {
	first := ""
	if p := a.matters(); p != nil {
		first = p.id
	}
	ends := a.expires
	if m.book.shown(a) != "DRAFT" {
		ends = time.Time{}
	}
	want := []string{fmt.Sprintf("%s open %v revision %d due %d paid by %s ends %s submitted %s deadline %s reopened %d",
		m.book.shown(a), m.book.steps(a), a.revision, m.book.dueNow(a), first, instant(ends), instant(a.submitted), instant(a.deadline), a.reopened)}
	for _, p := range a.payments {
		want = append(want, line(p))
	}
	have := []string{fmt.Sprintf("%s open %v revision %d due %d paid by %s ends %s submitted %s deadline %s reopened %d",
		got.Get("status"), texts(got.Get("openSteps")), got.Get("revision").Int(), got.Get("due.cents").Int(), got.Get("payment.id"),
		m.instant(got.Get("expiresAt")), m.instant(got.Get("submittedAt")), m.instant(got.Get("deadline")), len(got.Get("reopenings").Array()))}
	for _, p := range got.Get("payments").Array() {
		have = append(have, m.lineOf(p))
	}
	require.Equal(m.t, want, have, "%s as people see it after %s", m.name(a), m.last)
	var answers any
	if kept := m.book.answers(a); kept != nil {
		answers = kept
	}
	require.Equal(m.t, answers, got.Get("answers").Value(), "the answers of %s after %s", m.name(a), m.last)
}

// showsPayment does the same with a payment.
func (m *machine) showsPayment(p *payment, got gjson.Result) {
	require.Equal(m.t, line(p), m.lineOf(got), "%s after %s", m.nameOf(p), m.last)
}

func line(p *payment) string {
	return fmt.Sprintf("%s %s %d received %d because %s, by hand %s, page %t until %s paid %s",
		p.id, p.status, p.cents, p.received, p.reason, p.note, p.status == "PENDING", instant(p.expires), instant(p.paidAt))
}

func (m *machine) lineOf(p gjson.Result) string {
	return fmt.Sprintf("%s %s %d received %d because %s, by hand %s, page %t until %s paid %s",
		p.Get("id"), p.Get("status"), p.Get("amount.cents").Int(), p.Get("received.cents").Int(), p.Get("refundReason"), p.Get("refundNote"),
		p.Get("redirectUrl").String() != "", m.instant(p.Get("expiresAt")), m.instant(p.Get("paidAt")))
}

// instant is an instant to the second, as it is shown; "" where there is none.
func instant(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Truncate(time.Second).Format(time.RFC3339)
}

func (m *machine) instant(shown gjson.Result) string {
	if shown.Type == gjson.Null {
		return ""
	}
	at, err := time.Parse(time.RFC3339, shown.String())
	require.NoError(m.t, err)
	return instant(at)
}

func texts(list gjson.Result) []string {
	all := []string{}
	for _, v := range list.Array() {
		all = append(all, v.String())
	}
	return all
}

// compare looks at cases as their holders see them, at what happened in them, and at the provider: at those that the last
// operation was about, and at one more in turn.
func (m *machine) compare() {
	m.turn++
	m.about = append(m.about, m.book.people[m.turn%len(m.book.people)])
	var all []gjson.Result
	for i, who := range m.book.people {
		if slices.Contains(m.about, who) {
			all = append(all, m.compareCase(i, who))
		}
	}
	m.about = nil
	require.Equal(m.t, once(m.book.calls), once(m.bank.Calls()[m.bank.asked:]), "what the provider was asked to do after %s", m.last)
	m.explained(all, false)
}

// compareCase compares a case, and gives it as it was read.
func (m *machine) compareCase(i int, who *person) gjson.Result {
	seen := m.seen(i)
	apps := seen.Get("applications").Array()
	require.Len(m.t, apps, len(who.drafts), "after %s", m.last)
	for k, a := range who.drafts {
		m.shows(a, apps[len(apps)-1-k])
	}
	want, have := []string{}, []string{}
	for _, e := range who.events {
		want = append(want, fmt.Sprintf("%s %s→%s by %s at %s", e.subject, e.before, e.after, e.by, instant(e.at)))
	}
	for _, e := range seen.Get("events").Array()[who.skipped:] {
		have = append(have, fmt.Sprintf("%s %s→%s by %s at %s", e.Get("subject"), e.Get("before"), e.Get("after"), e.Get("by"), m.instant(e.Get("at"))))
	}
	require.Equal(m.t, want, have, "what happened in case %d after %s", i+1, m.last)
	return seen
}

// once is a list of calls, where a look that was made twice in a row stands once: one whose answer is cut off may be
// repeated by the connection itself.
func once(calls []string) string {
	return strings.Join(slices.CompactFunc(slices.Clone(calls), func(x, y string) bool { return x == y && strings.HasPrefix(x, "get ") }), "\n")
}

// rested says that all is done, and every cent where it belongs.
func (m *machine) rested() {
	var all []gjson.Result
	for i := range m.book.people {
		all = append(all, m.seen(i))
	}
	m.explained(all, true)
}

// seen is a case as its holder sees it.
func (m *machine) seen(i int) gjson.Result {
	return m.client(m.holder(m.book.people[i])).Do(`{ viewer { case { events { subject before after by at } applications { `+applicationFields+` } } } }`, nil).OK("viewer.case")
}

// explained holds what people see against the provider's own books, without asking the model. At rest, every cent has to
// be where it belongs; before that, no more than was reported can be known.
func (m *machine) explained(cases []gjson.Result, atRest bool) {
	deals := map[string]suite.Deal{}
	for _, d := range m.bank.Deals() {
		deals[d.Order] = m.bank.real(d)
	}
	received, kept, due, back, lying := 0, 0, 0, 0, 0
	for _, seen := range cases {
		for _, a := range seen.Get("applications").Array() {
			paid := 0
			for _, p := range a.Get("payments").Array() {
				d, status, cents := deals[p.Get("id").String()], p.Get("status").String(), int(p.Get("received.cents").Int())
				at := fmt.Sprintf("after %s: %s, and the provider says %+v", m.last, p.Raw, d)
				switch status {
				case "PAID":
					paid++
					kept += cents
					require.Equal(m.t, p.Get("amount.cents").Int(), p.Get("received.cents").Int(), at)
				case "REFUND_DUE":
					due += cents
				case "REFUNDED":
					back += cents
					if p.Get("refundNote").Type == gjson.Null { // by hand, the provider has nothing of it
						require.Equal(m.t, "REFUNDED", d.Status, at)
					}
				default:
					require.Zero(m.t, cents, at)
				}
				if cents > 0 {
					require.Contains(m.t, []string{"PAID", "REFUNDED"}, d.Status, at)
					require.Equal(m.t, d.Cents, cents, at)
					received += d.Cents
				}
				if d.Status == "PAID" && p.Get("refundNote").Type == gjson.Null {
					lying += d.Cents
				}
				if atRest {
					m.rests(a, p, d, at)
				}
			}
			require.LessOrEqual(m.t, paid, 1, "after %s: paid twice: %s", m.last, a.Raw)
			if atRest {
				require.NotEqual(m.t, "DRAFT", a.Get("status").String(), a.Raw)
			}
		}
	}
	require.Equal(m.t, received, kept+due+back, "after %s", m.last)
	if atRest {
		require.Equal(m.t, lying, kept, "what lies at the provider is what was kept")
		require.Zero(m.t, due)
	}
}

// rests says that nothing is left to do about a payment.
func (m *machine) rests(a, p gjson.Result, d suite.Deal, at string) {
	status := p.Get("status").String()
	require.NotContains(m.t, []string{"CREATED", "PENDING", "REFUND_DUE"}, status, at)
	require.Equal(m.t, status == "PAID", d.Status == "PAID" && p.Get("refundNote").Type == gjson.Null, at)
	if p.Get("refundNote").Type == gjson.Null {
		require.Equal(m.t, status == "REFUNDED", d.Status == "REFUNDED", at)
	}
	if status == "PAID" {
		require.NotEmpty(m.t, a.Get("submittedAt").String(), "paid, and never submitted: %s", at)
		require.Equal(m.t, a.Get("due.cents").Int(), p.Get("amount.cents").Int(), at)
	}
	if q := m.book.orders[p.Get("id").String()]; d.Status == "OPEN" && q.shown {
		require.True(m.t, q.deal.forgotten, "a page that was given up can still be paid on: %s", at)
	}
}
