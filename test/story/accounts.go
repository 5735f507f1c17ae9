package main

import "context"

// accounts is the end: everything that happened is in the chain of events, and every cent is explained.
func accounts(ctx context.Context, s *story) {
	s.turn(15, 30)
	s.title("What is left · " + s.up.title)
	s.step("Frau Amtmann looks for what still waits.")
	left := ask[workQueue](ctx, s, s.clerk, readQueue, vars{"in": waiting()}).WorkQueue
	s.check(left != nil && len(left.Nodes) == 0, "workQueue", "nothing", left)
	s.note("Nothing.")
	s.cents(ctx)

	n, err := s.scene.audit(ctx)
	s.must(err, "nelke audit")
	s.check(n > len(s.people), "nelke audit", "the events of all cases", n)
	s.step("nelke audit: %d events of %s, no fault; the chain is whole.", n, plural(len(s.people), "case"))
	s.flush()
}

// sums are cents, by what has become of them.
type sums struct{ Received, Kept, GivenBack int }

func (t *sums) add(cents int, status string) {
	switch status {
	case "PAID", "Paid":
		t.Received, t.Kept = t.Received+cents, t.Kept+cents
	case "REFUNDED", "Payment refunded":
		t.Received, t.GivenBack = t.Received+cents, t.GivenBack+cents
	}
}

// cents holds against each other, payment by payment: what the graph shows each person, what the payers were shown when
// they pressed the button, and what the provider's page says today.
func (s *story) cents(ctx context.Context) {
	s.step("Every cent: what the graph tells the %s who opened a case.", plural(len(s.people), "person"))
	var graph, provider sums
	paidIn, told := 0, map[string]payment{}
	for _, c := range s.people {
		for _, a := range quietly[ownMoney](ctx, s, c, readMoney, nil).Viewer.Case.Applications {
			for _, p := range a.Payments {
				took := 0
				if p.Received != nil {
					took = p.Received.Cents
				}
				s.check((took > 0) == (p.Status == "PAID" || p.Status == "REFUNDED"), "a payment", "money where it is kept or given back", p)
				told[p.ID] = p
				graph.add(took, p.Status)
				paidIn += took
			}
		}
	}
	s.check(len(told) == len(s.receipts), "the payments", len(s.receipts), told)
	pressed := 0
	for _, r := range s.receipts {
		v, err := s.browser.open(ctx, r.address)
		s.must(err, "the provider's page")
		p := told[r.payment]
		heading := map[string]string{"PAID": "Paid", "REFUNDED": "Payment refunded", "FAILED": "Payment failed"}[p.Status]
		s.check(v.Heading == heading && v.Facts["Amount"] == euros(r.cents) && p.Amount.Cents == r.cents, "the provider's page", p, v)
		provider.add(r.cents, v.Heading)
		if r.success {
			pressed += r.cents
		}
	}
	s.check(paidIn > 0 && paidIn == graph.Kept+graph.GivenBack, "the sum of what was received", "kept and given back", graph)
	s.check(graph == provider && pressed == paidIn, "the provider's pages", graph, provider)
	s.note("  received %s  =  kept %s  +  given back %s", euros(graph.Received), euros(graph.Kept), euros(graph.GivenBack))
	s.note("%s; the provider's pages say the same of each.", plural(len(told), "payment"))
}
