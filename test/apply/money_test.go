package apply_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/test/suite"
)

// imported writes a changed file of the town, as an operator would, and lets pass what a process may remember.
func (w *paying) imported(town *suite.Town) {
	town.Import(w.Config)
	w.Clock.Advance(11 * time.Second)
}

func TestADraftCostsWhatItsOwnFormSays(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		four := with(w.deed.Accepted[0], "copies", 4, "purpose", "SONSTIGES")
		draft, pension := w.person.Reviewed(w.deed, four), w.other.Reviewed(w.deed, with(w.deed.Accepted[0], "purpose", "RENTE"))

		town := suite.NewTown(t)
		town.Edit("", "{version: 2, file: blomberg/forms/sterbeurkunde.json}", "{version: 3, file: blomberg/forms/sterbeurkunde.json}").
			EditAfter("- slug: sterbeurkunde\n", "copies: /copies", "copies: /anzahl").
			EditAll("blomberg/forms/sterbeurkunde.json", `"copies"`, `"anzahl"`)
		w.imported(town)

		require.EqualValues(t, 2500, w.person.Application(draft).Get("due.cents").Int(), "10.00, and three times 5.00")
		require.Zero(t, w.other.Application(pension).Get("due.cents").Int())
		pay := w.pay(w.person, draft)
		require.EqualValues(t, 2500, pay.Get("amount.cents").Int())
		w.bank.Paid(w.Process, pay.Get("id").String())
		w.person.Mutate("submitApplication", suite.Vars{"application": draft}).OK("submitApplication.application.id")

		renamed := w.deed.Accepted[0].(map[string]any)
		answers := map[string]any{"anzahl": 2, "purpose": "SONSTIGES"}
		for name, answer := range renamed {
			if name != "copies" && name != "purpose" {
				answers[name] = answer
			}
		}
		require.EqualValues(t, 1500, w.person.Application(w.person.Reviewed(w.deed, answers)).Get("due.cents").Int(), "by the new form")
	})
}

func TestThePriceOfAStartedPaymentStands(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		id := w.due(w.person)
		order := w.pay(w.person, id).Get("id").String()
		w.imported(suite.NewTown(t).EditAfter("- slug: meldebescheinigung\n", "cents: 900", "cents: 950"))
		require.EqualValues(t, 950, w.other.Application(w.due(w.other)).Get("due.cents").Int(), "the price of this day was corrected")
		require.EqualValues(t, 900, w.person.Application(id).Get("due.cents").Int())
		w.bank.Paid(w.Process, order)
		require.Equal(t, "PAID", w.person.Payment(order).Get("status").String())
		w.person.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application.id")
		require.EqualValues(t, 900, w.person.Application(id).Get("due.cents").Int())
	})
}

func TestNobodyPaysOrSubmitsByRulesThatWereChanged(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		paid, free := w.due(w.person), w.person.Reviewed(w.free, w.free.Accepted[0])
		suite.NewTown(t).EditAfter("- slug: meldebescheinigung\n", "cents: 900", "cents: 950").
			EditAfter("- slug: abmeldung-ins-ausland\n", "channels: [ONLINE", "opensAt: 2027-01-01T00:00:00+01:00\n    channels: [ONLINE").Import(w.Config)
		// Whatever is remembered, at once:
		require.EqualValues(t, 950, w.pay(w.person, paid).Get("amount.cents").Int())
		refused(t, w.person.Mutate("submitApplication", suite.Vars{"application": free}), "SERVICE_CLOSED", "input.application")
		refused(t, w.person.Mutate("startApplication", suite.Vars{"service": w.free.Service}), "SERVICE_CLOSED", "input.service")
	})
}

func TestWhatAProviderWritesIsKeptAsFarAsItCanBeShown(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		order := w.pay(w.person, w.due(w.person)).Get("id").String()
		deal := w.bank.Ends(order, "PAID")
		for name, change := range map[string]func(*suite.Deal){
			"a transaction with a NUL":       func(d *suite.Deal) { d.ID += "\x00" },
			"a transaction that never ends":  func(d *suite.Deal) { d.ID = strings.Repeat("T", 5000) },
			"an order with a control symbol": func(d *suite.Deal) { d.Currency = "EUR\x1b" },
		} {
			strange := deal
			change(&strange)
			require.Equal(t, http.StatusNoContent, w.bank.Tells(w.Process, strange), name)
			require.Equal(t, "PENDING", w.person.Payment(order).Get("status").String(), name)
		}
		deal.Reference = "KZ\x00 1\u202e" + strings.Repeat("9", 300)
		require.Equal(t, http.StatusNoContent, w.bank.Tells(w.Process, deal))
		payment := w.person.Payment(order)
		require.Equal(t, "PAID", payment.Get("status").String())
		require.Equal(t, "KZ 1"+strings.Repeat("9", 56), payment.Get("reference").String())
	})
}

func TestMoneyThatIsKnownStaysAsMuch(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		order := w.pay(w.person, w.due(w.person)).Get("id").String()
		w.bank.Paid(w.Process, order)
		before := w.person.Payment(order).Raw
		for status, cents := range map[string]int{"PAID": 5000, "REFUNDED": 100} {
			deal := w.bank.Deal(order)
			deal.Status, deal.Cents = status, cents
			require.Equal(t, http.StatusNoContent, w.bank.Tells(w.Process, deal))
			require.Equal(t, before, w.person.Payment(order).Raw, status)
			var refusals int
			require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM payment_reports WHERE said = $1 AND cents = $2 AND outcome = 'REFUSED'`, status, cents).Scan(&refusals))
			require.Equal(t, 1, refusals)
		}
	})
}

func TestALongerGraceIsKeptToo(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		id := w.due(w.person)
		order := w.pay(w.person, id).Get("id").String()
		w.bank.Paid(w.Process, order)
		w.imported(suite.NewTown(t).Edit("", "graceMinutes: 1440", "graceMinutes: 2880"))
		w.Clock.Advance(24*time.Hour + 10*time.Minute)
		require.Equal(t, "PAID", w.quiet(t, w.person, order).Get("status").String(), "when its own job was due it was too early")
		w.Clock.Advance(24*time.Hour + 10*time.Minute)
		_, err := suite.OpenWriter(t, w.Config).Exec(`DELETE FROM river_job WHERE kind = 'settle_payment' AND state <> 'running'`)
		require.NoError(t, err)
		w.sweep(t, "settle_payments")
		require.Equal(t, "NOT_SUBMITTED", w.settles(t, w.person, order, "REFUNDED").Get("refundReason").String())
	})
}

// quiet waits until no job is due any more, and gives a payment as it is then.
func (w *paying) quiet(t *testing.T, c *suite.Client, payment string) gjson.Result {
	t.Helper()
	require.Eventually(t, func() bool {
		rows, err := w.database.Query(`SELECT state, scheduled_at FROM river_job WHERE kind IN ('settle_payment', 'settle_payments', 'tend_draft', 'tend_drafts')
			AND state NOT IN ('completed', 'discarded', 'cancelled')`)
		require.NoError(t, err)
		defer rows.Close()
		due := 0
		for rows.Next() {
			var state string
			var at time.Time
			require.NoError(t, rows.Scan(&state, &at))
			if state == "available" || state == "running" || !at.After(w.Clock.Now()) {
				due++
			}
		}
		require.NoError(t, rows.Err())
		return due == 0
	}, 40*time.Second, 50*time.Millisecond)
	return c.Payment(payment)
}

// sweep has a sweep run that recurs: River's timers don't follow the clock of a test.
func (w *paying) sweep(t *testing.T, kind string) {
	t.Helper()
	_, err := suite.OpenWriter(t, w.Config).Exec(`INSERT INTO river_job (args, kind, max_attempts, priority, queue, state, created_at, scheduled_at)
		VALUES ('{}', $1, 1, 1, 'default', 'available', $2, $2)`, kind, w.Clock.Now().UTC().Add(-time.Minute).Format("2006-01-02 15:04:05+00:00")) // as both databases read it
	require.NoError(t, err)
}

func TestADraftOutlastsWhatWasPaidForIt(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		id := w.due(w.person)
		ends := w.instant(t, w.person.Application(id).Get("expiresAt"))
		w.Clock.Set(ends.Add(-10 * time.Minute))
		order := w.pay(w.person, id).Get("id").String()
		require.Equal(t, ends.Add(20*time.Minute), w.instant(t, w.person.Application(id).Get("expiresAt")), "half an hour to pay")
		w.Clock.Set(ends.Add(5 * time.Minute))
		w.bank.Paid(w.Process, order)
		require.Equal(t, "PAID", w.person.Payment(order).Get("status").String())
		require.Equal(t, ends.Add(5*time.Minute+24*time.Hour), w.instant(t, w.person.Application(id).Get("expiresAt")), "a day to submit")
		w.Clock.Set(ends.Add(24 * time.Hour))
		w.person.Mutate("submitApplication", suite.Vars{"application": id}).OK("submitApplication.application.id")
	})
}

func (w *paying) instant(t *testing.T, shown gjson.Result) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, shown.String())
	require.NoError(t, err)
	return at.In(suite.Start().Location())
}

func TestAttemptsToPayHaveALimit(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		id := w.due(w.person)
		last := ""
		for range 20 {
			last = w.pay(w.person, id).Get("id").String()
			w.person.Mutate("cancelPayment", suite.Vars{"payment": last}).OK("cancelPayment.payment.id")
		}
		w.quiet(t, w.person, last) // the provider is called for each, and what it says is written down
		w.unchanged(t, func() {
			refused(t, w.person.Mutate("startPayment", suite.Vars{"application": id, "method": "CREDIT_CARD"}), "PAYMENT_LIMIT", "input.application")
		})
	})
}

func TestWhatCannotBeSettledKeepsNothingElseFromIt(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		writer := suite.OpenWriter(t, w.Config)
		stuck := w.pay(w.other, w.due(w.other)).Get("id").String()
		w.bank.Misbehave(func(call string, d suite.Deal) *suite.Reply {
			if call == "refund" || d.Order == stuck {
				return &suite.Reply{Status: http.StatusConflict}
			}
			return nil
		}, nil)
		w.bank.Tells(w.Process, w.bank.Pays(stuck, 1))
		require.Equal(t, "REFUND_DUE", w.quiet(t, w.other, stuck).Get("status").String())
		for i := range 150 {
			_, err := writer.Exec(`INSERT INTO payments (id, application_id, case_id, municipality_id, cents, currency, method, status, transaction_id, received_cents, refund_reason, created_at, expires_at, paid_at, ended_at)
				SELECT $1, application_id, case_id, municipality_id, cents, currency, method, status, transaction_id, received_cents, refund_reason, created_at, expires_at, paid_at, ended_at FROM payments WHERE id = $2`,
				fmt.Sprintf("payment_%03d", i), stuck)
			require.NoError(t, err)
		}
		order := w.pay(w.person, w.due(w.person)).Get("id").String()
		_, err := writer.Exec(`DELETE FROM river_job WHERE kind = 'settle_payment'`)
		require.NoError(t, err)
		swept := func() (n int) {
			require.NoError(t, w.database.QueryRow(`SELECT count(*) FROM payments WHERE status = 'REFUND_DUE' AND swept_at IS NOT NULL`).Scan(&n))
			return n
		}
		w.Clock.Advance(41 * time.Minute)
		w.sweep(t, "settle_payments")
		w.settles(t, w.person, order, "EXPIRED")
		require.Eventually(t, func() bool { return swept() >= 100 }, 30*time.Second, 50*time.Millisecond)
		w.Clock.Advance(11 * time.Minute)
		w.sweep(t, "settle_payments")
		require.Eventually(t, func() bool { return swept() == 151 }, 30*time.Second, 50*time.Millisecond, "those that didn't have their turn have it now")
		w.quiet(t, w.person, order)
		before := suite.Dump(t, w.database, "payments")
		w.Clock.Advance(11 * time.Minute)
		w.sweep(t, "settle_payments")
		w.quiet(t, w.person, order)
		require.Equal(t, before, suite.Dump(t, w.database, "payments"), "once a day each")
	})
}

func TestTheAnswersOfADraftThatHasEndedAreGone(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newPaying(t, b)
		kept := func(id string) (answers string) {
			require.NoError(t, w.database.QueryRow(`SELECT answers FROM applications WHERE id = $1`, id).Scan(&answers))
			return answers
		}
		writer := suite.OpenWriter(t, w.Config)
		expired, withdrawn, lost := w.due(w.person), w.due(w.person), w.due(w.other)
		submitted := w.person.Submitted(w.free).Get("id").String()
		w.person.Mutate("withdrawApplication", suite.Vars{"application": withdrawn}).OK("withdrawApplication.application.id")
		w.person.Mutate("withdrawApplication", suite.Vars{"application": submitted}).OK("withdrawApplication.application.id")
		require.Empty(t, kept(withdrawn))
		require.NotEmpty(t, kept(submitted), "the office had it")
		_, err := writer.Exec(`DELETE FROM river_job WHERE kind = 'tend_draft' AND args ->> 'application' = $1`, lost)
		require.NoError(t, err)
		require.NotEmpty(t, kept(expired))

		w.Clock.Advance(30 * 24 * time.Hour)
		for _, id := range []string{expired, lost} {
			c := w.person
			if id == lost {
				c = w.other
			}
			a := c.Application(id)
			require.Equal(t, "EXPIRED", a.Get("status").String())
			require.Equal(t, gjson.Null, a.Get("answers").Type, "whether or not a job came")
		}
		w.sweep(t, "tend_drafts")
		for _, id := range []string{expired, lost} {
			require.Eventually(t, func() bool { return kept(id) == "" }, 30*time.Second, 50*time.Millisecond)
		}
	})
}

func TestTheWorkQueueTakesNonsense(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b)
		w.person.Submitted(w.free)
		queue := func(service, after any) *suite.Answer {
			return w.clerk.Do(`query($in: WorkQueueInput!, $after: String) { workQueue(input: $in, after: $after) { nodes { id } } }`,
				suite.Vars{"in": suite.Vars{"municipality": suite.Vars{"ars": suite.ARS}, "service": service}, "after": after}).Clean()
		}
		require.Len(t, queue(nil, nil).OK("workQueue.nodes").Array(), 1)
		for _, service := range []string{"service_\x00", "", "application_1", strings.Repeat("x", 100)} {
			require.Empty(t, queue(service, nil).OK("workQueue.nodes").Array(), service)
		}
		for _, cursor := range []string{"w\x001\x00\xff\xfe", "w\x001\x00a\x00b", "w\x00\x00", "w\x00x\x00y"} {
			require.Equal(t, "INVALID_INPUT", queue(nil, base64.RawURLEncoding.EncodeToString([]byte(cursor))).ErrorCode(), "%q", cursor)
		}
		for _, far := range []string{"w\x00-9223372036854775808\x00x", "w\x009223372036854775807\x00x"} {
			queue(nil, base64.RawURLEncoding.EncodeToString([]byte(far))).OK("workQueue.nodes")
		}
	})
}
