package ledger

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"nelke/internal/payment/gateway"
	"nelke/server"
	"nelke/test/suite"
)

func (m *machine) pay(rt *rapid.T) {
	a := preferred(rt, "application", m.book.list, m.book.open)
	who := m.whose(rt, a)
	method := even(rt, "method", []string{"CREDIT_CARD", "CREDIT_CARD", "CREDIT_CARD", "CREDIT_CARD", "CREDIT_CARD", "CREDIT_CARD", "WERO", "GIROPAY"})
	m.startPayment(who, a, method, rapid.Bool().Draw(rt, "with a page to return to"), m.mood(rt))
}

func (m *machine) startPayment(who actor, a *application, method string, returns bool, mood moods) {
	not := m.refusalOfDraft(who, a, m.book.refusalUpTo(a, "REVIEW"),
		when(a.payment("CREATED", "PENDING", "PAID") != nil, "PAYMENT_UNDER_WAY"),
		when(m.book.dueNow(a) == 0, "NOTHING_DUE"),
		when(len(a.payments) >= maxPayments, "PAYMENT_LIMIT"),
		when(method != "CREDIT_CARD", "METHOD_NOT_OFFERED"))
	input := suite.Vars{"application": a.id, "method": method}
	if returns {
		input["returnUrl"] = "http://nelke.test/done"
	}
	m.say(a.owner, "startPayment of %s with %s by %s at %d, the provider %s: %s", m.name(a), method, who.name, m.at, mood.does, not)
	var got *gjson.Result
	m.within(mood, func() { got = m.send(who, "startPayment", a, input, not) })
	if got == nil {
		return
	}
	p := m.book.charge(got.Get("id").String(), a)
	p.returns = returns
	m.done[len(m.done)-1].charged = p
	m.book.settle(p, mood)
	m.showsPayment(p, *got)
}

// onPayment sends an operation on a payment, and does the same in the model where it isn't refused.
func (m *machine) onPayment(who actor, name string, p *payment, not string, also func()) {
	m.onPaymentWith(who, name, p, suite.Vars{}, not, also)
}

// onPaymentWith is onPayment for an input that says more.
func (m *machine) onPaymentWith(who actor, name string, p *payment, input suite.Vars, not string, also func()) {
	m.say(p.of.owner, "%s %s by %s at %d: %s", name, m.nameOf(p), who.name, m.at, not)
	input["payment"] = p.id
	if got := m.send(who, name, p.of, input, not); got != nil {
		also()
		m.showsPayment(p, *got)
	}
}

func (m *machine) cancel(rt *rapid.T) {
	p := preferred(rt, "payment", m.book.payments, func(p *payment) bool { return p.status == "CREATED" || p.status == "PENDING" })
	who := m.whose(rt, p.of)
	not := refusal(who, p.of)
	if not == "" {
		not = when(p.status != "CREATED" && p.status != "PENDING", "WRONG_STATE")
	}
	m.onPayment(who, "cancelPayment", p, not, func() { m.book.pay(p, "CANCELED", byPerson) })
}

// choose is the payer on the provider's page, which may be one that we gave up on.
func (m *machine) choose(rt *rapid.T) {
	p := preferred(rt, "page", m.deals("OPEN"), func(p *payment) bool { return p.status != "PENDING" })
	end := even(rt, "end", []string{"PAID", "PAID", "PAID", "FAILED", "CANCELED"})
	m.chooses(p, end, even(rt, "cents", []int{p.cents, p.cents, p.cents, p.cents, 1, p.cents + 100}))
}

func (m *machine) chooses(p *payment, end string, cents int) {
	m.say(p.of.owner, "the payer of %s, which is %s, ends it %s with %d of %d cents", m.nameOf(p), p.status, end, cents, p.cents)
	m.outcomes[end+" at the bank"]++
	p.deal.was = append(p.deal.was, end)
	if end == "PAID" {
		p.deal.cents = cents
		m.bank.pays(p.id, cents)
		return
	}
	m.bank.Ends(p.id, end)
}

// giveBack is the provider giving money back by itself.
func (m *machine) giveBack(rt *rapid.T) {
	p := one(rt, "payment", m.deals("PAID"))
	m.say(p.of.owner, "the provider gives the money of %s back by itself", m.nameOf(p))
	m.book.calls = append(m.book.calls, "refund "+p.id)
	m.book.effect(p, "refund")
	p.deal.byItself = true
	m.bank.gives(m.t, p.id)
}

// deals are the payments that the provider has in a state, or in any; and, where they are open, that a page was shown for.
func (m *machine) deals(status string) (list []*payment) {
	for _, p := range m.book.payments {
		is := p.deal.status()
		if is == "" || status != "" && is != status || status == "OPEN" && !p.shown {
			continue
		}
		list = append(list, p)
	}
	return list
}

// post is a webhook that was sent.
type post struct {
	p      *payment
	said   said
	body   []byte
	header http.Header
	at     time.Time
}

// webhook reports what the provider has, or had before, of a payment; now and then something that can't be.
func (m *machine) webhook(rt *rapid.T) {
	m.where(rt)
	p := one(rt, "payment", m.deals(""))
	was := p.deal.was
	state := was[len(was)-1-rapid.IntRange(0, len(was)-1).Draw(rt, "how old")]
	lies := []lie{"", "", "", "", "", "", otherOrder, otherCurrency, otherState, noAmount}
	if p.known { // who gets a report of an order for the first time believes the sender
		lies = append(lies, otherTransaction, noTransaction)
	}
	if state == "OPEN" {
		lies = append(lies, otherAmount)
	}
	m.tell(p, state, even(rt, "lie", lies), rapid.IntRange(0, 3).Draw(rt, "twice at once") == 3)
}

func (m *machine) tell(p *payment, state string, lie lie, twice bool) {
	d := m.bank.Deal(p.id)
	d.Status = state
	d = about(m.bank.real(d), lie)
	body, err := json.Marshal(d)
	require.NoError(m.t, err)
	s := p.says(state)
	s.lie = lie
	hook := post{p, s, body, gateway.KeysOf(m.bank.Secret).Sign(m.clock.Now(), body), m.book.now}
	m.say(p.of.owner, "a webhook at %d about %s, which is %s: %s %s", m.at, m.nameOf(p), p.status, state, lie)
	m.posts = append(m.posts, hook)
	if twice {
		m.last += ", twice at once"
		m.both(hook)
		return
	}
	m.hears(hook, m.send204(hook))
}

// send204 sends a webhook to the process of the operation, and gives the status of the answer.
func (m *machine) send204(hook post) int {
	return m.bank.Posts(m.processes[m.at], hook.body, hook.header)
}

// both sends a webhook twice at once: to both processes, where there are two.
func (m *machine) both(hook post) {
	var statuses [2]int
	var sending sync.WaitGroup
	for i := range statuses {
		sending.Go(func() { statuses[i] = m.bank.Posts(m.processes[i%len(m.processes)], hook.body, hook.header) })
	}
	sending.Wait()
	for _, status := range statuses {
		m.hears(hook, status)
	}
}

// hears does in the model what a webhook leads to.
func (m *machine) hears(hook post, status int) {
	if hook.said.lie == otherOrder {
		require.Equal(m.t, http.StatusNotFound, status, m.last)
		return
	}
	require.Equal(m.t, http.StatusNoContent, status, m.last)
	before := hook.p.status
	m.book.hear(hook.p, "WEBHOOK", hook.said)
	m.outcomes["webhook"]++
	if !hook.p.believable(hook.said) {
		m.outcomes["webhook refused"]++
	}
	if hook.p.status != before {
		m.outcomes["webhook "+hook.p.status]++
	}
}

// replayed sends a webhook again as it was: its signature lasts for five minutes.
func (m *machine) replayed(rt *rapid.T) {
	m.where(rt)
	hook := one(rt, "webhook", m.posts)
	m.say(hook.p.of.owner, "the webhook of %s about %s again", hook.at.In(m.zone).Format(time.DateTime), m.nameOf(hook.p))
	status := m.send204(hook)
	if m.book.now.Sub(hook.at.Truncate(time.Second)) > 5*time.Minute {
		require.Equal(m.t, http.StatusUnauthorized, status, m.last)
		return
	}
	m.hears(hook, status)
}

// forged sends what nobody should believe: nothing comes of it.
func (m *machine) forged(rt *rapid.T) {
	m.where(rt)
	p := one(rt, "payment", m.deals(""))
	d := m.bank.Deal(p.id)
	d.Status = "PAID"
	body, err := json.Marshal(d)
	require.NoError(m.t, err)
	now := m.clock.Now()
	want, header := http.StatusUnauthorized, http.Header{}
	kind := rapid.SampledFrom([]string{"unsigned", "signed by somebody else", "changed", "too old", "of the future", "junk", "null"}).Draw(rt, "kind")
	switch kind {
	case "signed by somebody else":
		header = gateway.KeysOf("another secret, of the same length as it").Sign(now, body)
	case "changed":
		header = gateway.KeysOf(m.bank.Secret).Sign(now, body)
		body = append(slices.Clone(body), ' ')
	case "too old":
		header = gateway.KeysOf(m.bank.Secret).Sign(now.Add(-5*time.Minute-time.Second), body)
	case "of the future":
		header = gateway.KeysOf(m.bank.Secret).Sign(now.Add(5*time.Minute+time.Second), body)
	case "junk":
		body, want = []byte(`{"order": 5}`), http.StatusBadRequest
		header = gateway.KeysOf(m.bank.Secret).Sign(now, body)
	case "null":
		body, want = []byte(`null`), http.StatusBadRequest
		header = gateway.KeysOf(m.bank.Secret).Sign(now, body)
	}
	m.say(p.of.owner, "a webhook about %s that is %s", m.nameOf(p), kind)
	require.Equal(m.t, want, m.bank.Posts(m.processes[m.at], body, header), m.last)
}

func (m *machine) comeBack(rt *rapid.T) {
	m.where(rt)
	m.comesBack(preferred(rt, "payment", m.book.payments, func(p *payment) bool { return p.status == "PENDING" }), m.mood(rt))
}

// comesBack is the payer's browser coming back from the page.
func (m *machine) comesBack(p *payment, mood moods) {
	m.say(p.of.owner, "the payer of %s, which is %s, comes back at %d, the provider %s", m.nameOf(p), p.status, m.at, mood.says)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, m.processes[m.at].URL+server.ReturnPath(m.processes[m.at].Config.PaymentSecret, p.id), nil)
	require.NoError(m.t, err)
	m.within(mood, func() {
		answer, err := client.Do(r)
		require.NoError(m.t, err)
		require.NoError(m.t, answer.Body.Close())
		require.Equal(m.t, map[bool]int{true: http.StatusSeeOther, false: http.StatusOK}[p.returns], answer.StatusCode, m.last)
	})
	m.outcomes["returned"]++
	m.book.back(p, mood)
}
