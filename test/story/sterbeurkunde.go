package main

import (
	"context"
	"maps"
)

// sterbeurkunde is the story of two copies of a Sterbeurkunde, by somebody who comes out at another process than before.
func sterbeurkunde(ctx context.Context, s *story) {
	s.turn(13, 30)
	f := s.somebody("Brigitte")
	lines := []string{"It is " + hour(s.now()) + ". From here on a person does what the application names as its open steps."}
	where := ""
	if len(s.scene.running) > 1 {
		lines = append(lines, "Brigitte Nolte pays at A, page and all, and sends at B.")
		where = " at B"
	}
	s.title("A Sterbeurkunde in two copies · "+s.up.title, lines...)
	s.openQueue(ctx)
	answers := maps.Clone(s.samples("sterbeurkunde")[0].Answers)
	answers["copies"] = 2
	f.answers = answers
	s.step("%s reads about the Sterbeurkunde.", f.name)
	f.service = s.about(ctx, f.who, "sterbeurkunde")
	fee := f.service.Fee
	s.check(fee != nil && fee.FurtherCopy != nil, "publicService", "a price of further copies", f.service)
	s.note("The first %s, each further copy %s.", euros(fee.Amount.Cents), euros(fee.FurtherCopy.Cents))
	s.fill(ctx, f)
	s.check(f.Due.Cents == fee.Amount.Cents+fee.FurtherCopy.Cents, "due", "the first and a further copy", f.Due)
	s.note("Two copies: %s + %s = %s.", euros(fee.Amount.Cents), euros(fee.FurtherCopy.Cents), euros(f.Due.Cents))

	all := s.browser.processes
	s.browser.processes = all[:1]
	s.take(ctx, f)
	s.browser.processes = all
	s.step("%s sends it%s.", f.name, where)
	s.submit(ctx, f, f.who.at(s.scene.elsewhere(f.who.At)))
	s.seeQueue(ctx, f.application, "SUBMITTED")
	s.step("Frau Amtmann claims it.")
	s.claim(ctx, f)
	s.turn(14, 10)
	s.step("She posts both copies.")
	s.complete(ctx, f, "RR 1234 5679 2DE")
	s.seePosted(ctx, f)
	s.seeGone(ctx, f.application)
}

// somebody is a person who is new.
func (s *story) somebody(name string) *applying {
	return &applying{who: &client{At: s.scene.first(), Language: "en", http: s.scene.http}, name: name}
}

// fill opens a case where there is none, begins, and takes every step before the fee.
func (s *story) fill(ctx context.Context, f *applying) {
	if f.who.Token == "" {
		s.step("%s opens a case.", f.name)
		s.call(openCase.name(), f.who.At.Name, s.openCase(ctx, f.who))
	}
	s.begin(ctx, f)
	s.leaveOpen(ctx, f)
	for len(f.OpenSteps) > 0 && f.OpenSteps[0] != "PAY" {
		s.take(ctx, f)
	}
}
