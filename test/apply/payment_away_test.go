package apply_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

func TestAProviderThatIsAwayOrTalksNonsenseIsAskedAgain(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		truth := func(d suite.Deal, change func(*suite.Deal)) *suite.Reply {
			change(&d)
			body, _ := json.Marshal(d)
			return &suite.Reply{Status: http.StatusOK, Body: string(body)}
		}
		created := map[string]*suite.Client{}
		for name, trouble := range map[string]struct {
			before, after func(string, suite.Deal) *suite.Reply
		}{
			"down":                             {before: func(string, suite.Deal) *suite.Reply { return &suite.Reply{Status: http.StatusBadGateway} }},
			"cut off before it took the order": {before: func(string, suite.Deal) *suite.Reply { return &suite.Reply{} }},
			"cut off after it took the order":  {after: func(string, suite.Deal) *suite.Reply { return &suite.Reply{} }},
			"a page instead of an answer":      {after: func(string, suite.Deal) *suite.Reply { return &suite.Reply{Status: 200, Body: "<html>"} }},
			"another order": {after: func(_ string, d suite.Deal) *suite.Reply {
				return truth(d, func(d *suite.Deal) { d.Order = "payment_x" })
			}},
			"another amount": {after: func(_ string, d suite.Deal) *suite.Reply {
				return truth(d, func(d *suite.Deal) { d.Cents++ })
			}},
			"no page": {after: func(_ string, d suite.Deal) *suite.Reply {
				return truth(d, func(d *suite.Deal) { d.URL = "javascript:alert(1)" })
			}},
		} {
			c := w.Case()
			w.bank.Misbehave(trouble.before, trouble.after)
			payment := w.pay(c, w.due(c))
			require.Equal(t, "CREATED", payment.Get("status").String(), name)
			require.Equal(t, gjson.Null, payment.Get("redirectUrl").Type, name)
			created[payment.Get("id").String()] = c
		}
		w.bank.Misbehave(nil, nil)
		w.Clock.Advance(time.Minute)
		for order, c := range created {
			require.NotEmpty(t, w.settles(t, c, order, "PENDING").Get("redirectUrl").String())
			require.Len(t, slices.DeleteFunc(w.bank.Deals(), func(d suite.Deal) bool { return d.Order != order }), 1)
		}

		c := w.Case()
		id := w.due(c)
		w.bank.Misbehave(func(string, suite.Deal) *suite.Reply { return &suite.Reply{Status: http.StatusUnprocessableEntity} }, nil)
		require.Equal(t, "FAILED", w.pay(c, id).Get("status").String(), "an order that is refused for good")
		w.bank.Misbehave(nil, nil)
		require.Equal(t, "PENDING", w.pay(c, id).Get("status").String(), "and the next try")
	})
}

func TestLostWebhooksAreFoundByLooking(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		ends := map[string]func(){}
		for _, end := range []string{"PAID", "FAILED", "CANCELED"} {
			c := w.Case()
			order := w.pay(c, w.due(c)).Get("id").String()
			w.bank.Ends(order, end)
			ends[order] = func() { w.settles(t, c, order, end) }
		}
		w.Clock.Advance(time.Minute)
		for _, settles := range ends {
			settles()
		}
	})
}

func TestAPaymentThatNobodyPaysExpires(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		id := w.due(w.person)
		order := w.pay(w.person, id).Get("id").String()
		w.Clock.Advance(30 * time.Minute)
		w.settles(t, w.person, order, "EXPIRED")
		// Nobody can pay on that page any more, once the provider has canceled it.
		require.Eventually(t, func() bool { return w.bank.Deal(order).Status == "CANCELED" }, 20*time.Second, 50*time.Millisecond)
		require.Equal(t, "PENDING", w.pay(w.person, id).Get("status").String())
	})
}
