package ledger

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// mood is how the provider answers a call.
type mood string

const (
	truthful    mood = "tells the truth"
	down        mood = "is down"
	cutBefore   mood = "is cut off before it does anything"
	cutAfter    mood = "is cut off after it did it"
	answersPage mood = "answers a page"
	refuses     mood = "refuses"
	forgot      mood = "knows nothing of it"
)

// String says it in words.
func (m mood) String() string {
	if strings.HasPrefix(string(m), "of ") {
		return "speaks " + string(m)
	}
	return string(m)
}

// moods are how the provider answers what only looks, and what does something.
type moods struct{ says, does mood }

// before reports whether the call has no effect.
func (m mood) before(call string) bool {
	switch m {
	case down, cutBefore:
		return true
	case refuses:
		return call == "create" || call == "refund"
	case forgot:
		return call != "create"
	default:
		return false
	}
}

// lies reports whether the answer to a call is wrong about a transaction in this state. About money that it has the
// provider doesn't lie: nobody could find out.
func (m mood) lies(call, status string) bool {
	switch lie(m) {
	case otherOrder, otherCurrency, otherState:
		return true
	case otherTransaction: // the answer to the order is where we learn the name
		return call != "create"
	case otherAmount, noPage:
		return status == "OPEN"
	default:
		return false
	}
}

// allMoods has the truth first, and three times in five.
func allMoods() []mood {
	all := slices.Repeat([]mood{truthful}, 18)
	return append(all, down, cutBefore, cutAfter, answersPage, refuses, forgot,
		mood(otherOrder), mood(otherTransaction), mood(otherCurrency), mood(otherState), mood(otherAmount), mood(noPage))
}

// bank is the provider, with a mood. What was paid differs from what was asked where the payer has tampered with it.
type bank struct {
	*suite.Bank
	mu    sync.Mutex
	moods moods
	paid  map[string]int // cents, by order
	asked int            // calls before this run
}

func openBank(t *testing.T) *bank {
	t.Helper()
	b := &bank{Bank: suite.NewBank(t), paid: map[string]int{}}
	b.Misbehave(b.before, b.after)
	return b
}

// is sets the mood from here on.
func (b *bank) is(m moods) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moods = m
}

func (b *bank) mood(call string) mood {
	b.mu.Lock()
	defer b.mu.Unlock()
	if call == "get" {
		return b.moods.says
	}
	return b.moods.does
}

func (b *bank) before(call string, _ suite.Deal) *suite.Reply {
	m := b.mood(call)
	if !m.before(call) {
		return nil
	}
	switch m {
	case cutBefore:
		return &suite.Reply{}
	case refuses:
		return &suite.Reply{Status: http.StatusUnprocessableEntity}
	case forgot:
		return &suite.Reply{Status: http.StatusNotFound}
	default:
		return &suite.Reply{Status: http.StatusBadGateway}
	}
}

func (b *bank) after(call string, d suite.Deal) *suite.Reply {
	m := b.mood(call)
	switch m {
	case cutAfter:
		return &suite.Reply{}
	case answersPage:
		return &suite.Reply{Status: http.StatusOK, Body: "<html>"}
	}
	d = b.real(d)
	if m.lies(call, d.Status) {
		d = about(d, lie(m))
	}
	body, err := json.Marshal(d)
	if err != nil {
		return &suite.Reply{Status: http.StatusInternalServerError}
	}
	return &suite.Reply{Status: http.StatusOK, Body: string(body)}
}

// pays is the payer paying an amount.
func (b *bank) pays(order string, cents int) {
	b.mu.Lock()
	b.paid[order] = cents
	b.mu.Unlock()
	b.Ends(order, "PAID")
}

// real is a deal with the amount that was really paid.
func (b *bank) real(d suite.Deal) suite.Deal {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d.Status == "PAID" || d.Status == "REFUNDED" {
		d.Cents = b.paid[d.Order]
	}
	return d
}

// about makes a deal wrong.
func about(d suite.Deal, l lie) suite.Deal {
	switch l {
	case otherOrder:
		d.Order = "payment_x"
	case otherTransaction:
		d.ID = "T-0"
	case noTransaction:
		d.ID = ""
	case otherCurrency:
		d.Currency = "USD"
	case otherState:
		d.Status = "SETTLED"
	case otherAmount:
		d.Cents++
	case noAmount:
		d.Cents = 0
	case noPage:
		d.URL = "javascript:alert(1)"
	}
	return d
}

// gives is the bank giving money back that nobody asked it to give back.
func (b *bank) gives(t require.TestingT, order string) {
	r, err := http.Post(b.URL+"/transactions/"+b.Deal(order).ID+"/refund", "", nil)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
}
