package apply_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/internal/payment/gateway"
	"nelke/server"
	"nelke/test/suite"
)

// paying is a world with a bank.
type paying struct {
	*world
	bank *suite.Bank
}

func newPaying(t *testing.T, b *suite.Backend, options ...suite.Option) *paying {
	t.Helper()
	bank := suite.NewBank(t)
	return &paying{world: newWorld(t, b, append(options, bank.Takes)...), bank: bank}
}

// due is a reviewed application of a person, with everything done but the paying.
func (w *paying) due(c *suite.Client) string { return c.Reviewed(w.paid, w.paid.Accepted[0]) }

// pay begins to pay for an application and gives the payment.
func (w *paying) pay(c *suite.Client, application string) gjson.Result {
	return c.Mutate("startPayment", suite.Vars{"application": application, "method": "CREDIT_CARD"}).OK("startPayment.payment")
}

// settles waits until a payment has a state, which a job brings about.
func (w *paying) settles(t *testing.T, c *suite.Client, payment, status string) gjson.Result {
	t.Helper()
	var now gjson.Result
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if now = c.Payment(payment); now.Get("status").String() == status {
			return now
		}
		<-time.After(50 * time.Millisecond)
	}
	require.Failf(t, "it never became "+status, "%s", now)
	return now
}

func TestWhatCostsMoneyIsPaidBeforeItIsSubmitted(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		me := w.person
		id := me.Draft(w.paid)
		save := suite.Vars{"application": id, "revision": 0, "answers": w.paid.Accepted[0]}
		start := suite.Vars{"application": id, "method": "CREDIT_CARD"}
		refused(t, me.Mutate("startPayment", start), "ANSWERS_INVALID", "input.application")
		me.Mutate("saveAnswers", save).OK("saveAnswers.application.id")
		refused(t, me.Mutate("startPayment", start), "NOT_REVIEWED", "input.application")
		me.Mutate("reviewApplication", suite.Vars{"application": id, "revision": 1}).OK("reviewApplication.application.id")
		a := me.Application(id)
		require.Equal(t, []string{"PAY"}, texts(a.Get("openSteps")))
		cents := a.Get("due.cents").Int()
		require.Positive(t, cents)
		w.unchanged(t, func() {
			refused(t, me.Mutate("submitApplication", suite.Vars{"application": id}), "FEE_UNPAID", "input.application")
			for _, method := range []string{"PAYPAL", "WERO", "GIROPAY", "PAYDIREKT"} {
				refused(t, me.Mutate("startPayment", suite.Vars{"application": id, "method": method}), "METHOD_NOT_OFFERED", "input.method")
			}
			for _, url := range []string{"https://evil.example/", "https://nelke.test/", "javascript:alert(1)", "//evil.example", "http://nelke.test@evil.example", "", "http://"} {
				refused(t, me.Mutate("startPayment", suite.Vars{"application": id, "method": "CREDIT_CARD", "returnUrl": url}), "INVALID_INPUT", "input.returnUrl")
			}
		})
		watch := me.Subscribe(`subscription($id: ID!) { application(id: $id) { openSteps payment { status } } }`, suite.Vars{"id": id})
		watch.Next()
		start["returnUrl"] = "http://nelke.test/done"
		payment := me.Mutate("startPayment", start).OK("startPayment.payment")
		require.Equal(t, "PENDING", payment.Get("status").String())
		require.Equal(t, cents, payment.Get("amount.cents").Int())
		order := payment.Get("id").String()
		deal := w.bank.Deal(order)
		require.Equal(t, deal.URL, payment.Get("redirectUrl").String())
		require.EqualValues(t, cents, deal.Cents)
		require.Regexp(t, `^[\w\s-]{1,27}$`, deal.Purpose)
		w.unchanged(t, func() {
			refused(t, me.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 1, "answers": w.paid.Accepted[1]}), "WRONG_STATE", "input.application")
			refused(t, me.Mutate("startPayment", start), "PAYMENT_UNDER_WAY", "input.application")
			refused(t, me.Mutate("submitApplication", suite.Vars{"application": id}), "FEE_UNPAID", "input.application")
		})
		require.Equal(t, gjson.Null, w.clerk.Payment(order).Type, "it is a draft's")
		w.bank.Paid(w.Process, order)
		require.Equal(t, "PAID", watch.Until(func(m gjson.Result) bool { return m.Get("data.application.payment.status").String() == "PAID" }).Get("data.application.payment.status").String())
		paid := me.Payment(order)
		require.Equal(t, cents, paid.Get("received.cents").Int())
		require.Equal(t, gjson.Null, paid.Get("redirectUrl").Type)
		require.Equal(t, "KZ-"+deal.ID, paid.Get("reference").String())
		w.unchanged(t, func() {
			refused(t, me.Mutate("saveAnswers", suite.Vars{"application": id, "revision": 1, "answers": w.paid.Accepted[1]}), "WRONG_STATE", "input.application")
			refused(t, me.Mutate("startPayment", start), "PAYMENT_UNDER_WAY", "input.application")
			refused(t, me.Mutate("cancelPayment", suite.Vars{"payment": order}), "WRONG_STATE", "input.payment")
		})
		me.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application.id")
		require.Equal(t, "PAID", w.clerk.Payment(order).Get("status").String())
		require.Equal(t, gjson.Null, w.foreign.Payment(order).Type)
		require.Equal(t, gjson.Null, w.other.Payment(order).Type)
	})
}

func TestTwentyWhoPayAtOncePayOnce(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		id := w.due(w.person)
		answers := make([]*suite.Answer, 20)
		var racing sync.WaitGroup
		for i := range answers {
			racing.Go(func() {
				answers[i], _ = w.person.TryMutate("startPayment", suite.Vars{"application": id, "method": "CREDIT_CARD"})
			})
		}
		racing.Wait()
		problems := map[string]int{}
		for _, a := range answers {
			require.NotNil(t, a)
			problems[a.Clean().Problem()]++
		}
		require.Equal(t, map[string]int{"": 1, "PAYMENT_UNDER_WAY": 19}, problems)
		require.Len(t, w.bank.Deals(), 1)
	})
}

func TestAWebhookIsBelievedWhenItIsProvedAndMakesSense(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		order := w.pay(w.person, w.due(w.person)).Get("id").String()
		deal := w.bank.Deal(order)
		paid := deal
		paid.Status = "PAID"
		body, err := json.Marshal(paid)
		require.NoError(t, err)
		now := w.Clock.Now()
		proved := gateway.KeysOf(w.bank.Secret).Sign(now, body)
		still := func(want int, body []byte, header http.Header) {
			t.Helper()
			require.Equal(t, want, w.bank.Posts(w.Process, body, header))
			require.Equal(t, "PENDING", w.person.Payment(order).Get("status").String())
		}
		still(http.StatusUnauthorized, body, http.Header{})
		still(http.StatusUnauthorized, body, gateway.KeysOf("another secret, of the same length as it").Sign(now, body))
		still(http.StatusUnauthorized, append(slices.Clone(body), ' '), proved)
		still(http.StatusUnauthorized, body, gateway.KeysOf(w.bank.Secret).Sign(now.Add(-5*time.Minute-time.Second), body))
		still(http.StatusUnauthorized, body, gateway.KeysOf(w.bank.Secret).Sign(now.Add(5*time.Minute+time.Second), body))
		for name, change := range map[string]func(d *suite.Deal){
			"a state that there isn't": func(d *suite.Deal) { d.Status = "SETTLED" },
			"another currency":         func(d *suite.Deal) { d.Currency = "USD" },
			"another transaction":      func(d *suite.Deal) { d.ID = "T-99" },
			"no transaction":           func(d *suite.Deal) { d.ID = "" },
			"nothing":                  func(d *suite.Deal) { d.Cents = 0 },
			"less than nothing":        func(d *suite.Deal) { d.Cents = -900 },
		} {
			nonsense := paid
			change(&nonsense)
			w.bank.Tells(w.Process, nonsense)
			require.Equal(t, "PENDING", w.person.Payment(order).Get("status").String(), name)
		}
		unknown := paid
		unknown.Order = "payment_x"
		require.Equal(t, http.StatusNotFound, w.bank.Tells(w.Process, unknown))
		for _, junk := range []string{``, `null`, `[]`, `{`, `"PAID"`, "\xff", `{"order": 5}`} {
			still(http.StatusBadRequest, []byte(junk), gateway.KeysOf(w.bank.Secret).Sign(now, []byte(junk)))
		}

		w.bank.Ends(order, "PAID")
		require.Equal(t, http.StatusNoContent, w.bank.Posts(w.Process, body, proved))
		require.Equal(t, "PAID", w.person.Payment(order).Get("status").String())
		before := suite.Dump(t, w.database, "events", "payments", "applications", "cases")
		for range 3 {
			require.Equal(t, http.StatusNoContent, w.bank.Posts(w.Process, body, proved), "replayed")
		}
		for _, old := range []string{"OPEN", "FAILED", "CANCELED"} {
			late := deal
			late.Status = old
			require.Equal(t, http.StatusNoContent, w.bank.Tells(w.Process, late), "out of order")
		}
		require.Equal(t, before, suite.Dump(t, w.database, "events", "payments", "applications", "cases"))
	})
}

func TestOfTwoOpenPagesTheOtherIsClosed(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		w.bank.Misbehave(func(call string, d suite.Deal) *suite.Reply {
			if call == "cancel" && d.ID == "T-1" {
				return &suite.Reply{Status: 500}
			}
			return nil
		}, nil)
		id := w.due(w.person)
		first := w.pay(w.person, id).Get("id").String()
		w.person.Mutate("cancelPayment", suite.Vars{"payment": first}).OK("cancelPayment.payment.id")
		second := w.pay(w.person, id).Get("id").String()
		w.bank.Paid(w.Process, first)
		require.Equal(t, "PAID", w.person.Payment(first).Get("status").String())
		require.Equal(t, "CANCELED", w.person.Payment(second).Get("status").String())
		require.Eventually(t, func() bool { return w.bank.Deal(second).Status == "CANCELED" }, 20*time.Second, 50*time.Millisecond)
	})
}

func TestComingBackFromThePageProvesNothing(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		id := w.due(w.person)
		order := w.person.Mutate("startPayment", suite.Vars{"application": id, "method": "CREDIT_CARD", "returnUrl": "http://nelke.test/done?x=1"}).OK("startPayment.payment.id").String()
		back := func() (int, string) {
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+server.ReturnPath(w.Config.PaymentSecret, order), nil)
			require.NoError(t, err)
			answer, err := client.Do(r)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			return answer.StatusCode, answer.Header.Get("Location")
		}
		status, location := back()
		require.Equal(t, http.StatusSeeOther, status)
		require.Equal(t, "http://nelke.test/done?x=1&payment="+order, location)
		require.Equal(t, "PENDING", w.person.Payment(order).Get("status").String())
		w.bank.Ends(order, "PAID") // and its webhook is lost
		back()
		require.Equal(t, "PAID", w.person.Payment(order).Get("status").String())
	})
}
