package main

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// receipt is what a payer keeps of a page to pay on.
type receipt struct {
	payment, address string
	cents            int // as the page said
	success          bool
}

// startPayment begins to pay for a reviewed draft.
func (s *story) startPayment(ctx context.Context, f *applying) payment {
	w := s.write(ctx, f.who, paying("startPayment"), vars{
		"application": f.ID, "method": "CREDIT_CARD", "returnUrl": publicURL + "/",
	})
	s.check(len(w.Payload.Problems) == 0, "startPayment", "no problems", w.Payload.Problems)
	p := w.Payload.Payment
	s.check(p != nil && p.Status == "PENDING" && p.Amount == f.Due && p.RedirectURL != "" && p.Received == nil, "startPayment",
		"a page to pay "+euros(f.Due.Cents)+" on", p)
	return *p
}

// watchPayment has the person leave the page of a payment open.
func (s *story) watchPayment(ctx context.Context, f *applying, p payment) *window[onePayment] {
	return watching[onePayment](ctx, s, f.who, watchPayment, vars{"id": p.ID})
}

// openPage opens the page to pay on and holds it against the payment.
func (s *story) openPage(ctx context.Context, f *applying, p payment) visit {
	v := s.browse(s.browser.open(ctx, p.RedirectURL))
	s.check(v.Status == http.StatusOK && v.Heading == "Pay", "the page to pay on", "a page", v)
	s.check(v.Facts["Amount"] == euros(f.Due.Cents), "the page to pay on", euros(f.Due.Cents), v.Facts)
	s.check(strings.Contains(v.Facts["Purpose"], f.Reference), "the page to pay on", f.Reference, v.Facts)
	s.receipts = append(s.receipts, receipt{payment: p.ID, address: p.RedirectURL, cents: f.Due.Cents})
	return v
}

// press presses a button of the page to pay on, and follows where that leads: to the return link, which proves nothing,
// and on to the page that the payment was to come back to.
func (s *story) press(ctx context.Context, v visit, p payment, label string) {
	s.sent = time.Now()
	v = s.browse(s.browser.press(ctx, v, label))
	s.check(v.Status == http.StatusSeeOther && strings.HasPrefix(v.On, publicURL+"/payments/return/"+p.ID+"/"), label, "303 to the return link", v)
	v = s.browse(s.browser.open(ctx, v.On))
	s.check(v.Status == http.StatusSeeOther && v.On == publicURL+"/?payment="+p.ID, "the return link", "303 to where the payment began", v)
	v = s.browse(s.browser.open(ctx, v.On))
	s.check(v.Status == http.StatusOK && v.Heading == "Bürgerservice Blomberg", "the way back", "the start page", v)
}

// browse makes and prints a request of a browser.
func (s *story) browse(v visit, err error) visit {
	s.must(err, "the browser")
	s.call(v.Method+" "+route(v.Address), v.At.Name, v.Took)
	return v
}

// seePayment waits until the payment's window shows a state.
func (s *story) seePayment(ctx context.Context, f *applying, w *window[onePayment], status, text string) payment {
	return *see(ctx, s, w, f.name+"'s payment", func(o onePayment) string {
		if o.Payment == nil || o.Payment.Status != status {
			return ""
		}
		return strings.TrimSuffix(text+", Kassenzeichen "+o.Payment.Reference, ", Kassenzeichen ")
	}).Payment
}

// pay pays for a draft, at the first attempt. Where somebody looks, they must come to see it; and whoever has come back
// to us finds it paid.
func (s *story) pay(ctx context.Context, f *applying) {
	s.step("%s pays %s.", f.name, euros(f.Due.Cents))
	p := s.startPayment(ctx, f)
	var w *window[onePayment]
	if f.window != nil {
		w = s.watchPayment(ctx, f, p)
	}
	s.step("%s opens the page to pay on.", f.name)
	v := s.openPage(ctx, f, p)
	s.note("%s, %s.", v.Facts["Purpose"], v.Facts["Amount"])
	s.step("%s presses “Payment succeeds”.", f.name)
	s.press(ctx, v, p, "Payment succeeds")
	s.receipts[len(s.receipts)-1].success = true
	if w != nil {
		got := s.seePayment(ctx, f, w, "PAID", "PAID")
		s.check(got.Received != nil && *got.Received == p.Amount && got.Reference != "" && got.RedirectURL == "", "the payment",
			"all of it, and no page any more", got)
		s.seeOwn(ctx, f, "paid; it can be submitted", func(a application) bool { return a.paid() && len(a.OpenSteps) == 0 })
		s.must(w.close(), "the payment's window")
	}
	f.application = s.read(ctx, f)
	s.check(f.paid(), "the application", "paid", f.application)
}
