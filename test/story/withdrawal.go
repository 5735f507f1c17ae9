package main

import (
	"context"
	"net/http"
)

// withdrawal is the story of somebody who changes her mind before anybody has begun to work.
func withdrawal(ctx context.Context, s *story) {
	s.turn(14, 30)
	f := s.somebody("Ayşe")
	s.title("A Meldebescheinigung, withdrawn · " + s.up.title)
	s.openQueue(ctx)
	s.step("Ayşe reads about the Meldebescheinigung.")
	f.service = s.about(ctx, f.who, "meldebescheinigung")
	f.answers = s.samples("meldebescheinigung")[2].Answers
	s.fill(ctx, f)
	s.take(ctx, f)
	s.step("Ayşe sends it.")
	s.submit(ctx, f, f.who)
	s.seeQueue(ctx, f.application, "SUBMITTED")

	bill := s.receipts[len(s.receipts)-1]
	s.turn(14, 40)
	s.step("Ayşe has found the old one. She opens the payment,")
	w := s.watchPayment(ctx, f, payment{ID: bill.payment})
	s.step("and withdraws.")
	f.application = s.file(ctx, f.who, "withdrawApplication", "WITHDRAWN", vars{"application": f.ID})
	s.seeOwn(ctx, f, "withdrawn", func(a application) bool { return a.Status == "WITHDRAWN" })
	s.seeGone(ctx, f.application)
	back := s.seePayment(ctx, f, w, "REFUNDED", "REFUNDED, all of it")
	s.check(back.RefundReason == "WITHDRAWN" && back.Received != nil && *back.Received == back.Amount, "the payment", "given back, since it was withdrawn", back)
	s.step("She looks at the page where she paid.")
	v := s.browse(s.browser.open(ctx, bill.address))
	s.check(v.Status == http.StatusOK && v.Heading == "Payment refunded" && v.Facts["Amount"] == euros(bill.cents) && len(v.Buttons) == 0,
		"the provider's page", "Payment refunded", v)
	s.note("“%s”, %s.", v.Heading, v.Facts["Amount"])
	s.step("Frau Amtmann, late, claims it.")
	late := s.refused(ctx, s.clerk, filing("claimApplication"), "WRONG_STATE", vars{"application": f.ID})
	s.note("WRONG_STATE „%s“", late.Message)
}
