package faults

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/test/suite"
)

// stage is how far an application has come before the process is killed.
type stage int

const (
	reviewed stage = iota
	pending        // the payer has a page
	paid           // and the money is ours
)

// point is an instant at which a process is killed.
type point struct {
	name string
	from stage
	// do is what it is killed at. Done again after its death, it is the repetition that a client, or a provider, makes.
	do func(k *killed) error
	// job: the process does it by itself, after it has answered.
	job bool

	// The instant: as this call comes to the provider, before its effect or behind it;
	call   string
	effect bool
	// or as a row with this text is written, or when that is committed and the process doesn't know it yet.
	marker    string
	committed bool

	// leaves is what there is when it is dead: the payment by our books and by the provider's, and the application.
	leaves  string
	sandbox bool // the provider is the demo's own, in the process that is killed
	endings []ending
	brief   map[string]bool // the rows of the short form, as "set-up, ending"
}

// ending is how it goes on, and where the money is in the end, in fees.
type ending struct {
	name string
	goes func(k *killed)
	want books
	away time.Duration // until a process runs again
}

func points() []point {
	finishes := ending{"goes on", func(k *killed) { k.repeats(); k.goesOn() }, books{took: 1, kept: 1}, 0}
	givesUp := func(want books) ending { return ending{"gives up", func(*killed) {}, want, 0} }
	aDayLater := func(want books) ending {
		return ending{"finds it back a day later", func(*killed) {}, want, 25 * time.Hour}
	}
	nothing, refunded, kept := books{}, books{took: 1, refunded: 1}, books{took: 1, kept: 1}
	anew := ending{"pays anew", func(k *killed) { k.repeats(); k.goesOn() }, kept, 0}
	withdrawn := ending{"waits for the money", func(*killed) {}, refunded, 0}
	return []point{
		{
			name: "startPayment: the order comes to the provider", do: startPayment, call: "create",
			leaves:  "CREATED, , DRAFT",
			endings: []ending{finishes, givesUp(nothing), aDayLater(nothing)},
		}, {
			name: "startPayment: the provider has taken the order", do: startPayment, call: "create", effect: true,
			leaves:  "CREATED, OPEN, DRAFT",
			endings: []ending{finishes, givesUp(nothing), aDayLater(nothing)},
		}, {
			name: "startPayment: answered, while PENDING is written", do: startPayment, marker: "payment.pending",
			leaves:  "CREATED, OPEN, DRAFT",
			endings: []ending{finishes, givesUp(nothing), aDayLater(nothing)},
			brief:   map[string]bool{"PostgreSQL, taken over, goes on": true},
		}, {
			name: "webhook: heard, while PAID is written", from: pending, do: reportPaid, marker: "payment.paid",
			leaves:  "PENDING, PAID, DRAFT",
			endings: []ending{finishes, givesUp(refunded), aDayLater(refunded)},
			brief:   map[string]bool{"SQLite, restarted, gives up": true},
		}, {
			name: "webhook: PAID is committed, not answered", from: pending, do: reportPaid, marker: "payment.paid", committed: true,
			leaves:  "PAID, PAID, DRAFT",
			endings: []ending{finishes, givesUp(refunded)},
		}, {
			name: "submit: PAID, while SUBMITTED is written", from: paid, do: submit, marker: "application.submitted",
			leaves:  "PAID, PAID, DRAFT",
			endings: []ending{finishes, givesUp(refunded)},
		}, {
			name: "submit: SUBMITTED is committed, not answered", from: paid, do: submit, marker: "application.submitted", committed: true,
			leaves:  "PAID, PAID, SUBMITTED",
			endings: []ending{finishes, givesUp(kept)},
			brief:   map[string]bool{"PostgreSQL, taken over, goes on": true},
		}, {
			name: "refund: the call comes to the provider", from: paid, do: withdraw, job: true, call: "refund",
			leaves:  "REFUND_DUE, PAID, WITHDRAWN",
			endings: []ending{withdrawn, {"waits in vain: no refunds", noRefunds, books{took: 1, due: 1}, 0}},
		}, {
			name: "refund: the provider has given it back", from: paid, do: withdraw, job: true, call: "refund", effect: true,
			leaves:  "REFUND_DUE, REFUNDED, WITHDRAWN",
			endings: []ending{withdrawn},
			brief:   map[string]bool{"SQLite, restarted, waits for the money": true},
		}, {
			name: "refund: answered, while REFUNDED is written", from: paid, do: withdraw, job: true, marker: "payment.refunded",
			leaves:  "REFUND_DUE, REFUNDED, WITHDRAWN",
			endings: []ending{withdrawn},
		}, {
			name: "refund: REFUNDED is committed, its job isn't done", from: paid, do: withdraw, job: true, marker: "payment.refunded", committed: true,
			leaves:  "REFUNDED, REFUNDED, WITHDRAWN",
			endings: []ending{withdrawn},
		}, {
			name: "cancel: the call comes to the provider", from: pending, do: cancelPayment, job: true, call: "cancel",
			leaves: "CANCELED, OPEN, DRAFT",
			endings: []ending{
				anew, givesUp(nothing),
				{"pays on the old page", payOld, kept, 0},
				{"pays on both pages", payBoth, books{took: 2, kept: 1, refunded: 1}, 0},
			},
			brief: map[string]bool{"PostgreSQL, restarted, pays on both pages": true},
		}, {
			name: "cancel: the provider has closed the page", from: pending, do: cancelPayment, job: true, call: "cancel", effect: true,
			leaves:  "CANCELED, CANCELED, DRAFT",
			endings: []ending{anew, givesUp(nothing)},
		}, {
			name: "cancel: answered, while that is noted", from: pending, do: cancelPayment, job: true, marker: "RECONCILIATION",
			leaves:  "CANCELED, CANCELED, DRAFT",
			endings: []ending{anew, givesUp(nothing)},
		}, {
			name: "demo: between the page's choice and its webhook", from: pending, do: choosePaid, job: true, marker: "SBX-", committed: true,
			leaves:  "PENDING, PAID, DRAFT",
			sandbox: true, endings: []ending{{"goes on", (*killed).goesOn, kept, 0}, givesUp(refunded)},
		},
	}
}

func startPayment(k *killed) error {
	return k.mutate("startPayment", suite.Vars{"application": k.application, "method": "CREDIT_CARD"})
}

func submit(k *killed) error {
	return k.mutate("submitApplication", suite.Vars{"application": k.application})
}

func withdraw(k *killed) error {
	return k.mutate("withdrawApplication", suite.Vars{"application": k.application})
}

func cancelPayment(k *killed) error {
	return k.mutate("cancelPayment", suite.Vars{"payment": k.order})
}

// reportPaid is the payer paying, and the provider's webhook about it.
func reportPaid(k *killed) error {
	k.bank.Ends(k.order, "PAID")
	return k.report(k.bank.Deal(k.order))
}

// choosePaid is the payer on the page of the demo's provider. Whether the browser gets its answer doesn't matter.
func choosePaid(k *killed) error {
	request, err := http.NewRequest(http.MethodPost, k.page(), strings.NewReader(url.Values{"choice": {"success"}}.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if answer, err := client.Do(request); err == nil {
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusSeeOther {
			return errors.New(answer.Status)
		}
	}
	return nil
}

// noRefunds is a provider that gives no money back.
func noRefunds(k *killed) {
	k.bank.Misbehave(func(call string, _ suite.Deal) *suite.Reply {
		if call == "refund" {
			return &suite.Reply{Status: http.StatusConflict}
		}
		return nil
	}, nil)
}

// payOld has the payer use a page that was given up and that nobody has closed yet.
func payOld(k *killed) {
	require.NoError(k.t, reportPaid(k))
	k.goesOn()
}

// payBoth has the payer pay on the old page and on a new one, of which the provider reports first.
func payBoth(k *killed) {
	old := k.bank.Ends(k.order, "PAID")
	require.NotEmpty(k.t, old.ID, "the page is closed already")
	k.goesOn()
	require.NoError(k.t, k.report(old))
}

// goesOn is a person who looks at how things are and does what comes next, until the application is submitted.
func (k *killed) goesOn() {
	k.t.Helper()
	for range 8 {
		now := k.person.Application(k.application)
		if now.Get("status").String() == "SUBMITTED" {
			return
		}
		order := now.Get("payment.id").String()
		switch status := now.Get("payment.status").String(); status {
		case "CREATED":
			k.passes(time.Minute)
		case "PENDING":
			if k.bank == nil {
				k.passes(time.Minute) // it has been paid
				continue
			}
			k.bank.Ends(order, "PAID")
			require.NoError(k.t, k.report(k.bank.Deal(order)))
		case "PAID":
			k.person.Mutate("submitApplication", suite.Vars{"application": k.application}).OK("submitApplication.application.id")
		default:
			k.person.Mutate("startPayment", suite.Vars{"application": k.application, "method": "CREDIT_CARD"}).OK("startPayment.payment.id")
		}
	}
	require.Fail(k.t, "it isn't submitted", "%s", k.person.Application(k.application))
}

// repeats does once more what the process was killed at, twice, as who has got no answer does. It is answered the same.
func (k *killed) repeats() {
	k.t.Helper()
	require.NoError(k.t, k.point.do(k))
	first := k.answer
	require.NoError(k.t, k.point.do(k))
	if first != nil {
		require.Equal(k.t, first.Raw, k.answer.Raw)
	}
}
