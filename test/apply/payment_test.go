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

	"nelke/internal/payment/sandbox"
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
		proved := sandbox.Sign(w.bank.Secret, now, body)
		still := func(want int, body []byte, header http.Header) {
			t.Helper()
			require.Equal(t, want, w.bank.Posts(w.Process, body, header))
			require.Equal(t, "PENDING", w.person.Payment(order).Get("status").String())
		}
		still(http.StatusUnauthorized, body, http.Header{})
		still(http.StatusUnauthorized, body, sandbox.Sign("another secret, of the same length as it", now, body))
		still(http.StatusUnauthorized, append(slices.Clone(body), ' '), proved)
		still(http.StatusUnauthorized, body, sandbox.Sign(w.bank.Secret, now.Add(-5*time.Minute-time.Second), body))
		still(http.StatusUnauthorized, body, sandbox.Sign(w.bank.Secret, now.Add(5*time.Minute+time.Second), body))
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
			still(http.StatusBadRequest, []byte(junk), sandbox.Sign(w.bank.Secret, now, []byte(junk)))
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

func TestAnotherAmountThanAskedGoesBack(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		id := w.due(w.person)
		order := w.pay(w.person, id).Get("id").String()
		require.Equal(t, http.StatusNoContent, w.bank.Tells(w.Process, w.bank.Pays(order, 1)))
		back := w.settles(t, w.person, order, "REFUNDED")
		require.Equal(t, "OTHER_AMOUNT", back.Get("refundReason").String())
		require.EqualValues(t, 1, back.Get("received.cents").Int())
		require.Equal(t, []string{"PAY"}, texts(w.person.Application(id).Get("openSteps")))
	})
}

func TestSuccessAfterWeGaveUpStillCounts(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		w.bank.Misbehave(func(call string, _ suite.Deal) *suite.Reply {
			if call == "cancel" {
				return &suite.Reply{Status: 500} // the page stays open
			}
			return nil
		}, nil)
		id := w.due(w.person)
		order := w.pay(w.person, id).Get("id").String()
		w.Clock.Advance(92 * time.Minute)
		require.Equal(t, "EXPIRED", w.settles(t, w.person, order, "EXPIRED").Get("status").String())
		require.Equal(t, []string{"PAY"}, texts(w.person.Application(id).Get("openSteps")))
		w.bank.Paid(w.Process, order)
		require.Equal(t, "PAID", w.person.Payment(order).Get("status").String())
		w.person.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application.id")

		// The same, but something else has paid for the application meanwhile.
		id = w.due(w.other)
		order = w.pay(w.other, id).Get("id").String()
		w.other.Mutate("cancelPayment", suite.Vars{"payment": order}).OK("cancelPayment.payment.id")
		second := w.pay(w.other, id).Get("id").String()
		w.bank.Paid(w.Process, second)
		w.bank.Paid(w.Process, order)
		back := w.settles(t, w.other, order, "REFUNDED")
		require.Equal(t, "LATE", back.Get("refundReason").String())
		require.Equal(t, "PAID", w.other.Payment(second).Get("status").String())
		require.Equal(t, "REFUNDED", w.bank.Deal(order).Status)
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

func TestMoneyGoesBackWhereNothingComesOfIt(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		paid := func(c *suite.Client) (application, payment string) {
			application = w.due(c)
			payment = w.pay(c, application).Get("id").String()
			w.bank.Paid(w.Process, payment)
			return application, payment
		}
		submitted := func(c *suite.Client) (application, payment string) {
			application, payment = paid(c)
			c.Mutate("submitApplication", suite.Vars{"application": application}).OK("submitApplication.application.id")
			return application, payment
		}
		refund := func(c *suite.Client, payment string) *suite.Answer {
			return c.Mutate("refundPayment", suite.Vars{"payment": payment})
		}
		withdraw := func(c *suite.Client, application string) {
			c.Mutate("withdrawApplication", suite.Vars{"application": application}).OK("withdrawApplication.application.id")
		}

		draft, payment := paid(w.person)
		withdraw(w.person, draft)
		require.Equal(t, "WITHDRAWN", w.settles(t, w.person, payment, "REFUNDED").Get("refundReason").String())

		waiting, payment := submitted(w.person)
		withdraw(w.person, waiting)
		require.Equal(t, "WITHDRAWN", w.settles(t, w.person, payment, "REFUNDED").Get("refundReason").String())

		retried := w.due(w.person)
		given := w.pay(w.person, retried).Get("id").String()
		w.person.Mutate("cancelPayment", suite.Vars{"payment": given}).OK("cancelPayment.payment.id")
		w.bank.Paid(w.Process, w.pay(w.person, retried).Get("id").String())
		w.person.Mutate("submitApplication", suite.Vars{"application": retried}).OK("submitApplication.application.id")
		refused(t, refund(w.supervisor, given), "WRONG_STATE", "input.payment") // nothing was paid

		worked, payment := submitted(w.person)
		w.clerk.Mutate("claimApplication", suite.Vars{"application": worked}).OK("claimApplication.application.id")
		withdraw(w.person, worked)
		require.Equal(t, "PAID", w.person.Payment(payment).Get("status").String(), "the work has begun")
		refused(t, refund(w.clerk, payment), "FORBIDDEN", "input.payment")
		refused(t, refund(w.person, payment), "NOT_FOUND", "input.payment")
		refused(t, refund(w.foreign, payment), "NOT_FOUND", "input.payment")
		refused(t, refund(w.Anonymous(), payment), "UNAUTHENTICATED", "")
		refund(w.supervisor, payment).OK("refundPayment.payment.id")
		require.Equal(t, "STAFF", w.settles(t, w.person, payment, "REFUNDED").Get("refundReason").String())
		refused(t, refund(w.supervisor, payment), "WRONG_STATE", "input.payment")

		forgotten, payment := paid(w.other)
		w.Clock.Advance(23 * time.Hour)
		require.Equal(t, "PAID", w.other.Payment(payment).Get("status").String())
		w.Clock.Advance(time.Hour + time.Minute)
		require.Equal(t, "NOT_SUBMITTED", w.settles(t, w.other, payment, "REFUNDED").Get("refundReason").String())
		require.Equal(t, []string{"PAY"}, texts(w.other.Application(forgotten).Get("openSteps")), "it can be paid again")
		require.Equal(t, gjson.Null, w.Clerk().Application(forgotten).Type)
		seen := w.Clerk().Do(`query($id: ID!) { payment(id: $id) { status application { id } } }`, suite.Vars{"id": payment}).OK("payment")
		require.Equal(t, `{"status":"REFUNDED","application":null}`, seen.Raw, "money that goes back concerns the town, the draft doesn't")
	})
}

func TestAProviderThatGivesNoRefundLeavesItDue(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		w.bank.Misbehave(func(call string, _ suite.Deal) *suite.Reply {
			if call == "refund" {
				return &suite.Reply{Status: http.StatusConflict}
			}
			return nil
		}, nil)
		id := w.due(w.person)
		order := w.pay(w.person, id).Get("id").String()
		w.bank.Paid(w.Process, order)
		w.person.Mutate("withdrawApplication", suite.Vars{"application": id}).OK("withdrawApplication.application.id")
		require.Eventually(t, func() bool { return slices.Contains(w.bank.Calls(), "refund "+order) }, 20*time.Second, 50*time.Millisecond)
		require.Equal(t, "REFUND_DUE", w.quiet(t, w.person, order).Get("status").String(), "no job asks once more by itself")
		w.bank.Misbehave(nil, nil)
		w.supervisor.Mutate("refundPayment", suite.Vars{"payment": order}).OK("refundPayment.payment.id")
		w.settles(t, w.person, order, "REFUNDED")
	})
}

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
		// Nobody can pay on that page any more, once the provider has been told.
		require.Eventually(t, func() bool { return w.bank.Deal(order).Status == "CANCELED" }, 20*time.Second, 50*time.Millisecond)
		require.Equal(t, "PENDING", w.pay(w.person, id).Get("status").String())
	})
}
