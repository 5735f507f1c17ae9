package ledger

import (
	"slices"
	"strconv"
	"time"
)

// payment is one attempt to pay.
type payment struct {
	id               string
	of               *application
	cents            int
	status           string
	started, expires time.Time
	paidAt           time.Time
	received         int
	reason           string // why it goes back
	note             string // how it went back by hand
	byHand           int    // how often that was noted
	known            bool   // we know the provider's name of it
	shown            bool   // people were shown the page
	returns          bool   // it was said where the payer goes from there
	revision         int    // of the answers that it was asked for
	swept            time.Time
	deal             deal
}

// deal is the payment at the provider.
type deal struct {
	was       []string // every state that it was in; none: it never heard of the order
	cents     int      // what was really paid
	forgotten bool     // it denied once that it has the order: nobody may ask it again
	byItself  bool     // it gave the money back without being asked
}

func (d *deal) status() string {
	if len(d.was) == 0 {
		return ""
	}
	return d.was[len(d.was)-1]
}

// said is what the provider says of an order: a state that it is in or was in, and what is wrong about it.
type said struct {
	status   string
	cents    int
	nameless bool // without the provider's own name of it
	lie      lie
}

// lie is something that can't be.
type lie string

const (
	otherOrder       lie = "of another order"
	otherTransaction lie = "of another transaction"
	noTransaction    lie = "of no transaction"
	otherCurrency    lie = "of another currency"
	otherState       lie = "of a state that there isn't"
	otherAmount      lie = "of another amount"
	noAmount         lie = "of no amount"
	noPage           lie = "of a page that is none"
)

// says is what the provider has, or had.
func (p *payment) says(status string) said {
	cents := p.cents
	if status == "PAID" || status == "REFUNDED" {
		cents = p.deal.cents
	}
	return said{status: status, cents: cents}
}

// believable reports whether what is said can be at all.
func (p *payment) believable(s said) bool {
	switch s.lie {
	case otherOrder, otherTransaction, noTransaction, otherCurrency, otherState:
		return false
	case otherAmount, noAmount: // who says that nothing was paid need not say how much
		return s.status == "FAILED" || s.status == "CANCELED"
	case noPage:
		return p.known || s.status != "OPEN"
	default: // once it is known how much there is, it stays so
		return s.status != "PAID" && s.status != "REFUNDED" || p.received == 0 || p.received == s.cents
	}
}

// unsettled are the states in which no money is known of.
func (p *payment) unsettled() bool {
	return slices.Contains([]string{"CREATED", "PENDING", "FAILED", "CANCELED", "EXPIRED"}, p.status)
}

// hear is what comes of what the provider says, whichever way it comes.
func (b *plain) hear(p *payment, way string, s said) (believable bool) {
	state, outcome := s.status, "KNOWN"
	if s.lie == otherState {
		state = "SETTLED"
	}
	if believable = p.believable(s); !believable {
		outcome = "REFUSED"
	}
	before := p.status
	if believable {
		b.believe(p, s)
	}
	if p.status != before {
		outcome = "APPLIED"
	}
	cents := s.cents
	switch s.lie {
	case otherAmount:
		cents++
	case noAmount:
		cents = 0
	}
	b.reports[[5]string{p.id, way, state, strconv.Itoa(cents), outcome}] = true
	return believable
}

func (b *plain) believe(p *payment, s said) {
	underWay := p.status == "CREATED" || p.status == "PENDING"
	switch {
	case s.status == "OPEN" && p.status == "CREATED":
		p.known, p.shown = true, true
		b.pay(p, "PENDING", bySystem)
	case (s.status == "FAILED" || s.status == "CANCELED") && underWay:
		p.known = p.known || !s.nameless
		b.pay(p, s.status, bySystem)
	case s.status == "PAID" && p.unsettled():
		p.known, p.received, p.paidAt = true, s.cents, b.now
		if p.reason = b.tooLate(p); p.reason != "" {
			b.pay(p, "REFUND_DUE", bySystem)
			return
		}
		other := p.of.payment("CREATED", "PENDING")
		if other == p {
			other = nil
		}
		b.pay(p, "PAID", bySystem)
		b.outlast(p.of, p.paidAt.Add(grace), bySystem)
		if other != nil {
			b.pay(other, "CANCELED", bySystem)
		}
	case s.status == "REFUNDED" && p.status != "REFUNDED":
		p.known = true
		if p.unsettled() {
			p.received, p.paidAt = s.cents, b.now
		}
		if p.reason == "" {
			p.reason = "PROVIDER"
		}
		b.pay(p, "REFUNDED", bySystem)
		b.owe(p.id, "payment.refunded", "")
	}
}

// tooLate says why the application can't take the money that came; "" if it can.
func (b *plain) tooLate(p *payment) string {
	a := p.of
	switch {
	case p.received != p.cents:
		return "OTHER_AMOUNT"
	case a.status != "DRAFT", a.paid() != nil, a.revision != p.revision && a.service.price(a.answers, b.day(p.started)) != p.cents:
		return "LATE"
	default:
		return ""
	}
}

// pay moves a payment. Money that goes back has been there, and was due to go back, also where we hear of it all at once.
func (b *plain) pay(p *payment, to, by string) {
	way := []string{"PAID", "REFUND_DUE", "REFUNDED"}
	states := []string{to}
	if i := slices.Index(way, to); i >= 0 {
		states = way[slices.Index(way, p.status)+1 : i+1]
	}
	for _, s := range states {
		b.happened(p.of.owner, p.id, p.status, s, by)
		p.status = s
	}
}

// refund makes money due to go back.
func (b *plain) refund(p *payment, reason, by string) {
	p.reason = reason
	b.pay(p, "REFUND_DUE", by)
}

// unpay ends what is under way or done to pay for what takes no money any more.
func (b *plain) unpay(a *application, reason, by string) {
	if p := a.paying(); p != nil {
		b.pay(p, "CANCELED", by)
	} else if p := a.paid(); p != nil {
		b.refund(p, reason, by)
	}
}

// charge begins a payment. Its order goes out after that.
func (b *plain) charge(id string, a *application) *payment {
	p := &payment{
		id: id, of: a, cents: a.service.price(a.answers, b.day(b.now)), status: "CREATED", started: b.now, expires: b.now.Add(timeToPay),
		revision: a.revision,
	}
	a.payments, b.payments, b.orders[id] = append(a.payments, p), append(b.payments, p), p
	b.happened(a.owner, id, "", "CREATED", byPerson)
	b.outlast(a, p.expires, byPerson)
	return p
}

// settle does what the state of a payment calls for. It is false where it has to be tried again.
func (b *plain) settle(p *payment, m moods) bool {
	over := !p.expires.After(b.now)
	switch p.status {
	case "CREATED":
		if over {
			b.pay(p, "EXPIRED", bySystem)
			return true
		}
		return b.ask(p, "create", "CALL", m.does)
	case "PENDING":
		answered := b.ask(p, "get", "RECONCILIATION", m.says)
		if !over || !answered && b.now.Before(p.expires.Add(lateLook)) {
			return answered
		}
		if p.status == "PENDING" {
			b.pay(p, "EXPIRED", bySystem)
		}
		return b.ask(p, "cancel", "RECONCILIATION", m.does)
	case "CANCELED", "FAILED", "EXPIRED":
		return !p.known || b.ask(p, "cancel", "RECONCILIATION", m.does)
	case "PAID":
		if p.of.submitted.IsZero() && !b.now.Before(p.paidAt.Add(grace)) {
			b.refund(p, "NOT_SUBMITTED", bySystem)
		}
	case "REFUND_DUE":
		return b.ask(p, "refund", "RECONCILIATION", m.does)
	}
	return true
}

// sweep settles what is due, for those whose own turns are over: payments that should have ended, what paid for a draft
// that nobody submitted, and refunds, these once a day. Who has waited longest comes first. It is false where some has to
// be tried again.
func (b *plain) sweep(m moods) bool {
	groups := make([][]*payment, 3)
	for _, p := range b.payments {
		switch {
		case (p.status == "CREATED" || p.status == "PENDING") && !p.expires.After(b.now):
			groups[0] = append(groups[0], p)
		case p.status == "PAID" && p.of.submitted.IsZero():
			groups[1] = append(groups[1], p)
		case p.status == "REFUND_DUE" && !b.now.Before(p.swept.Add(24*time.Hour)):
			groups[2] = append(groups[2], p)
		}
	}
	for _, group := range groups {
		slices.SortStableFunc(group, func(x, y *payment) int { return x.swept.Compare(y.swept) })
	}
	all := true
	for _, p := range slices.Concat(groups...) {
		p.swept = b.now
		all = b.settle(p, m) && all
	}
	return all
}

// outlast keeps a draft open until then at least.
func (b *plain) outlast(a *application, until time.Time, by string) {
	if a.status == "DRAFT" && a.expires.Before(until) {
		b.happened(a.owner, a.id, "DRAFT", "DRAFT", by)
		a.expires = until
	}
}

// back is the payer's browser coming back from the page, which proves nothing: the provider is asked.
func (b *plain) back(p *payment, m moods) {
	if p.status == "PENDING" {
		b.ask(p, "get", "RETURN", m.says)
	}
}

// ask calls the provider, and takes its answer. It is false where no answer could be understood.
func (b *plain) ask(p *payment, call, way string, m mood) bool {
	b.calls = append(b.calls, call+" "+p.id)
	if m.before(call) {
		switch {
		case m == refuses && call == "create":
			b.hear(p, way, said{status: "FAILED", cents: p.cents, nameless: true})
			return true
		case m == forgot:
			p.deal.forgotten = true
			return true
		case m == refuses: // to give money back: somebody has to
			return true
		}
		return false
	}
	b.effect(p, call)
	if m == cutAfter || m == answersPage {
		return false
	}
	answer := p.says(p.deal.status())
	if m.lies(call, answer.status) {
		answer.lie = lie(m)
	}
	return b.hear(p, way, answer)
}

// effect is what a call does at the provider.
func (b *plain) effect(p *payment, call string) {
	d := &p.deal
	switch was := d.status(); {
	case call == "create" && was == "":
		d.was = append(d.was, "OPEN")
	case call == "cancel" && was == "OPEN":
		d.was = append(d.was, "CANCELED")
	case call == "refund" && was == "PAID":
		d.was = append(d.was, "REFUNDED")
	}
}
