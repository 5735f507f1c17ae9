package apply_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

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
