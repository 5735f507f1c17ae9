package apply_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// price sets what a service costs from a day on.
func (w *world) price(filing suite.Filing, cents int, from string) {
	w.Staff("anna", "ADMIN@"+suite.ARS).Do(`mutation($in: SetFeeInput!) { setFee(input: $in) { publicService { id } problems { code message } } }`, suite.Vars{"in": suite.Vars{
		"idempotencyKey": suite.Key(), "service": filing.Service, "cents": cents, "validFrom": from, "legalBasis": suite.Vars{"de": "Satzung", "en": "By-law"},
	}}).OK("setFee.publicService.id")
}

func TestThePriceIsThatOfTheDayOnWhichThePaymentIsStarted(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		w.price(w.paid, 1234, "2026-11-24")
		w.price(w.paid, 4321, "2026-11-25")
		early, late := w.due(w.person), w.due(w.other)
		today := w.person.Application(early).Get("due.cents").Int()
		require.NotEqual(t, int64(1234), today)
		w.Clock.Set(time.Date(2026, 11, 23, 23, 55, 0, 0, w.Clock.Now().Location()))
		order := w.pay(w.person, early).Get("id").String()
		w.Clock.Advance(10 * time.Minute) // another day
		require.Equal(t, today, w.person.Application(early).Get("due.cents").Int(), "frozen")
		require.EqualValues(t, 1234, w.other.Application(late).Get("due.cents").Int())
		w.bank.Paid(w.Process, order)
		require.Equal(t, "PAID", w.person.Payment(order).Get("status").String())
		w.person.Mutate("submitApplication", suite.Vars{"application": early}).OK("submitApplication.application.id")
		second := w.pay(w.other, late)
		require.EqualValues(t, 1234, second.Get("amount.cents").Int())
		w.other.Mutate("cancelPayment", suite.Vars{"payment": second.Get("id").String()}).OK("cancelPayment.payment.id")
		w.Clock.Advance(24 * time.Hour)
		require.EqualValues(t, 4321, w.other.Application(late).Get("due.cents").Int(), "and free to move again")
		require.Equal(t, today, w.person.Application(early).Get("due.cents").Int(), "what was submitted doesn't change")
	})
}

func TestCopiesAndPurposesDecideThePrice(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		c := w.person
		fee := c.Do(`query($id: ID!) { publicService(by: {id: $id}) { fee { amount { cents } furtherCopy { cents } } } }`, suite.Vars{"id": w.deed.Service}).OK("publicService.fee")
		first, further := fee.Get("amount.cents").Int(), fee.Get("furtherCopy.cents").Int()
		require.Positive(t, further)
		id, revision := c.Draft(w.deed), 0
		costs := func(change ...any) int64 {
			answers := with(w.deed.Accepted[0], change...)
			a := c.Mutate("saveAnswers", suite.Vars{"application": id, "revision": revision, "answers": answers}).OK("saveAnswers.application")
			revision++
			return a.Get("due.cents").Int()
		}
		require.Equal(t, first, costs("copies", 1, "purpose", "SONSTIGES"))
		require.Equal(t, first+further, costs("copies", 2, "purpose", "SONSTIGES"))
		require.Equal(t, first+3*further, costs("copies", 4, "purpose", "SONSTIGES"))
		require.Zero(t, costs("copies", 4, "purpose", "RENTE"))
		c.Mutate("reviewApplication", suite.Vars{"application": id, "revision": revision}).OK("reviewApplication.application.id")
		refused(t, c.Mutate("startPayment", suite.Vars{"application": id, "method": "CREDIT_CARD"}), "NOTHING_DUE", "input.application")
		c.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application.id")
		require.Zero(t, c.Application(id).Get("due.cents").Int())
	})
}

func TestAServiceThatCostsNothingTodayAsksForNoPayment(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		w.price(w.paid, 0, "2026-11-24")
		w.price(w.paid, 500, "2026-11-25")
		id := w.due(w.person)
		require.Equal(t, []string{"PAY"}, texts(w.person.Application(id).Get("openSteps")))
		watch := w.person.Subscribe(`subscription($id: ID!) { application(id: $id) { openSteps } }`, suite.Vars{"id": id})
		watch.Next()
		w.Clock.Advance(18 * time.Hour)
		require.Empty(t, watch.Next().Get("data.application.openSteps").Array(), "at midnight, by itself")
		w.Clock.Advance(24 * time.Hour)
		require.Equal(t, []string{"PAY"}, texts(watch.Next().Get("data.application.openSteps")))
		refused(t, w.person.Mutate("submitApplication", suite.Vars{"application": id}), "FEE_UNPAID", "input.application")
	})
}

func TestMethodsThatHaveEndedWorkedUntilTheyDid(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		zone := w.Clock.Now().Location()
		w.Clock.Set(time.Date(2024, 12, 31, 23, 0, 0, 0, zone))
		c := w.Case()
		id := w.due(c)
		for _, method := range []string{"GIROPAY", "PAYDIREKT"} {
			payment := c.Mutate("startPayment", suite.Vars{"application": id, "method": method}).OK("startPayment.payment")
			require.Equal(t, "PENDING", payment.Get("status").String())
			require.Equal(t, method, w.bank.Deal(payment.Get("id").String()).Method)
			c.Mutate("cancelPayment", suite.Vars{"payment": payment.Get("id").String()}).OK("cancelPayment.payment.id")
		}
		w.Clock.Set(time.Date(2025, 1, 1, 0, 0, 0, 0, zone))
		for _, method := range []string{"GIROPAY", "PAYDIREKT"} {
			refused(t, c.Mutate("startPayment", suite.Vars{"application": id, "method": method}), "METHOD_NOT_OFFERED", "input.method")
		}
	})
}

// A price that is corrected within its day changes what is still to be asked for, and nothing that was.
func TestAPriceCorrectedTodayLeavesPaymentsAsTheyWere(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		early, late := w.due(w.person), w.due(w.other)
		w.price(w.paid, 12340, "2026-11-23")
		order := w.pay(w.person, early)
		require.EqualValues(t, 12340, order.Get("amount.cents").Int())
		w.price(w.paid, 1234, "2026-11-23")
		require.EqualValues(t, 12340, w.person.Application(early).Get("due.cents").Int(), "asked for already")
		require.EqualValues(t, 1234, w.other.Application(late).Get("due.cents").Int())
		w.bank.Paid(w.Process, order.Get("id").String())
		w.person.Mutate("submitApplication", suite.Vars{"application": early}).OK("submitApplication.application.id")
		require.EqualValues(t, 12340, w.person.Application(early).Get("due.cents").Int())
		require.EqualValues(t, 1234, w.pay(w.other, late).Get("amount.cents").Int())
	})
}
