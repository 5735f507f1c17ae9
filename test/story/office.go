package main

import (
	"context"
	"strings"
)

// work: the Bürgerbüro does its part.
func (s *certificate) work(ctx context.Context) {
	s.chapter("The Bürgerbüro works on it")
	s.turn(11, 5)
	s.step("Frau Amtmann claims it.")
	s.claim(ctx, s.max)
	s.seeQueue(ctx, s.max.application, "IN_PROGRESS")
	s.seeOwn(ctx, s.max, "the office works on it", func(a application) bool { return a.Status == "IN_PROGRESS" && a.Clerk == "" })
	s.step("Herr Stempel, her colleague, claims it too.")
	late := s.refused(ctx, s.colleague, filing("claimApplication"), "ALREADY_CLAIMED", vars{"application": s.max.ID})
	s.check(late.Clerk == "Frau Amtmann" && strings.Contains(late.Message, late.Clerk), "ALREADY_CLAIMED", "who did", late)
	s.note("ALREADY_CLAIMED „%s“", late.Message)

	question := "Wohnen Sie in 3 a oder in 3 b?"
	s.step("She asks: „%s“", question)
	s.file(ctx, s.clerk, "requestInformation", "WAITING_FOR_APPLICANT", vars{"application": s.max.ID, "question": question})
	s.seeOwn(ctx, s.max, "the office asks: „"+question+"“", func(a application) bool {
		return a.Status == "WAITING_FOR_APPLICANT" && len(a.Requests) == 1 && a.Requests[0].Question == question
	})
	s.turn(11, 20)
	answer := "In 3 a, im Erdgeschoss."
	s.step("Max answers: „%s“", answer)
	s.file(ctx, s.max.who, "answerRequest", "IN_PROGRESS", vars{"application": s.max.ID, "message": answer})
	see(ctx, s.story, s.queue, "the clerk's queue", func(q workQueue) string {
		a := q.find(s.max.ID)
		if a == nil || len(a.Requests) != 1 || a.Requests[0].Answer == nil || *a.Requests[0].Answer != answer {
			return ""
		}
		return a.Reference + "  he answers: „" + answer + "“"
	})

	s.turn(11, 45)
	s.step("She prints it and takes it to the post.")
	s.complete(ctx, s.max, "RR 1234 5678 9DE")
	s.seePosted(ctx, s.max)
	s.seeGone(ctx, s.max.application)
}

// claim takes an application to work on, as Frau Amtmann.
func (s *story) claim(ctx context.Context, f *applying) {
	a := s.file(ctx, s.clerk, "claimApplication", "IN_PROGRESS", vars{"application": f.ID})
	s.check(a.Clerk == "Frau Amtmann", "claimApplication", "her name", a)
}

// complete ends the work: the document is posted today, or there is none to post.
func (s *story) complete(ctx context.Context, f *applying, tracking string) {
	input := vars{"application": f.ID}
	if f.service.Delivery == "POST" {
		input["dispatch"] = vars{"trackingNumber": tracking}
	}
	f.application = s.file(ctx, s.clerk, "completeApplication", "COMPLETED", input)
	expected := dispatch{Method: f.service.Delivery}
	if f.service.Delivery == "POST" {
		expected.SentOn, expected.TrackingNumber = s.today(), tracking
	}
	s.check(f.Dispatch != nil && *f.Dispatch == expected, "completeApplication", expected, f.Dispatch)
}

// seePosted waits until the person's window shows what has become of the document.
func (s *story) seePosted(ctx context.Context, f *applying) {
	s.seeOwn(ctx, f, f.posted(), func(a application) bool { return a.Status == "COMPLETED" && a.posted() == f.posted() })
}

// posted is what has become of the document.
func (a application) posted() string {
	if a.Dispatch == nil || a.Dispatch.SentOn == "" {
		return "done"
	}
	return "done; posted on " + a.Dispatch.SentOn + ", " + a.Dispatch.TrackingNumber
}

// happened: what is written down of it.
func (s *certificate) happened(ctx context.Context) {
	s.chapter("What is written down")
	s.step("The application tells Max who did what.")
	found := ask[whatHappened](ctx, s.story, s.max.who, readEvents, vars{"id": s.max.ID}).Application
	s.check(found != nil, "application", "its events", found)
	did := map[string][]string{}
	for _, event := range found.Events {
		did[event.By] = append(did[event.By], strings.TrimPrefix(event.Action, "application."))
	}
	for _, by := range []struct{ actor, name, deeds string }{
		{"PERSON", "he:", "started information_confirmed answered reviewed payment.created payment.created submitted question_answered"},
		{"SYSTEM", "system:", "payment.pending payment.failed payment.pending payment.paid"},
		{"STAFF", "staff:", "claimed question_asked completed"},
	} {
		s.check(strings.Join(did[by.actor], " ") == by.deeds, "the events of the application", by.deeds, did[by.actor])
		s.note("  %-8s %s", by.name, strings.NewReplacer(" ", ", ", "_", " ", ".", " ").Replace(by.deeds))
	}
	s.check(len(did) == 3, "the events of the application", "three who did something", did)
}
