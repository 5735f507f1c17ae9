package main

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// certificate is the story of a Meldebescheinigung, which costs money and comes by post.
type certificate struct {
	*story

	max *applying
}

func meldebescheinigung(ctx context.Context, told *story) {
	s := &certificate{story: told, max: &applying{who: told.max.at(told.scene.first()), name: "Max"}}
	s.introduce(ctx)
	s.understand(ctx)
	s.fill(ctx)
	s.pays(ctx)
	s.sends(ctx)
	s.work(ctx)
	s.happened(ctx)
}

func (s *certificate) introduce(ctx context.Context) {
	s.turn(10, 30)
	lines := []string{"It is " + hour(s.now()) + ". Where GET or POST stands at the right, a browser went there."}
	if len(s.scene.running) > 1 {
		lines = append(lines, "Max is at A now, the Bürgerbüro at B, and the browser at whichever is next.")
	}
	s.title("A Meldebescheinigung, paid and by post · "+s.up.title, lines...)
	if s.max.who.Token == "" {
		s.openCase(ctx, s.max.who)
	}
}

// understand: the information and the privacy notice come before the form.
func (s *certificate) understand(ctx context.Context) {
	s.chapter("Max understands")
	s.step("Max reads about the Meldebescheinigung.")
	found := s.about(ctx, s.max.who, "meldebescheinigung")
	s.check(found.Fee != nil && found.Delivery == "POST" && len(found.Information) > 0, "publicService", "a fee, by post", found)
	s.max.service = found
	s.note("“%s”", found.Summary)
	basis, _, _ := strings.Cut(found.Fee.LegalBasis, ",")
	s.note("%s, by %s.", euros(found.Fee.Amount.Cents), basis)
	for _, section := range found.Information {
		s.note("%s: %s", section.Title, brief(section.Body, 86-len(section.Title)))
	}
	s.openQueue(ctx)
	s.note("Nothing waits.")
	s.begin(ctx, s.max)
	s.leaveOpen(ctx, s.max)
	s.note("%s. Before him: %s.", s.max.Reference, inWords(s.max.OpenSteps))

	s.take(ctx, s.max)
	s.seeOwn(ctx, s.max, "left: "+inWords(s.max.OpenSteps), s.leaves(4))
	s.step("He wants to fill the form, and skips the Datenschutzerklärung.")
	skipped := s.refused(ctx, s.max.who, filing("saveAnswers"), "NOTICE_NOT_ACKNOWLEDGED", s.answers(0, map[string]any{}))
	s.note("NOTICE_NOT_ACKNOWLEDGED “%s”", skipped.Message)
	s.step("He reads it.")
	text := ask[notice](ctx, s.story, s.max.who, readNotice, nil).Municipality.PrivacyNotice
	s.check(len(text.Sha256) == 64, "privacyNotice", "a notice with its SHA-256", text)
	s.note("Version %d, SHA-256 %s…", text.Version, text.Sha256[:12])
	s.take(ctx, s.max)
	s.seeOwn(ctx, s.max, "left: "+inWords(s.max.OpenSteps), s.leaves(3))
}

// leaves reports whether an application has so many steps left.
func (s *certificate) leaves(n int) func(application) bool {
	return func(a application) bool { return len(a.OpenSteps) == n }
}

// answers fill the form, after those of a revision.
func (s *certificate) answers(after int, given map[string]any) vars {
	return vars{"application": s.max.ID, "revision": after, "answers": given}
}

// fill: the form, wrongly, rightly, and in a second tab.
func (s *certificate) fill(ctx context.Context) {
	s.chapter("Max fills the form")
	right := s.samples("meldebescheinigung")[1].Answers
	wrong := maps.Clone(right)
	wrong["birthDate"] = "28.02.1990"
	wrong["residence"] = map[string]any{"street": "Am Martiniturm", "houseNumber": "3 a", "postalCode": "32756"}

	s.step("He writes his birthday as 28.02.1990, and a postal code of Detmold.")
	problems := s.write(ctx, s.max.who, filing("saveAnswers"), s.answers(0, wrong)).Payload.Problems
	var german []problem
	s.aside("saveAnswers in German", func() {
		german = s.write(ctx, s.max.who.speaking("de"), filing("saveAnswers"), s.answers(0, wrong)).Payload.Problems
	})
	s.check(len(problems) == 2 && len(german) == 2, "saveAnswers", "two problems", problems)
	for i, at := range []string{"birthDate", "residence.postalCode"} {
		p := problems[i]
		s.check(p.Code == "ANSWERS_INVALID" && strings.Join(p.Path, ".") == "input.answers."+at, "saveAnswers", at, p)
		s.check(p.Message != "" && german[i].Message != p.Message, "saveAnswers", "another language", german[i])
		s.note("%s:", at)
		s.note("  “%s”", p.Message)
		s.note("  „%s“", german[i].Message)
	}

	s.max.answers = right
	s.take(ctx, s.max)
	s.check(s.max.Revision == 1 && reflect.DeepEqual(s.max.Answers, right), "saveAnswers", right, s.max.Answers)
	s.seeOwn(ctx, s.max, "revision 1 of the answers is kept", func(a application) bool { return a.Revision == 1 })
	s.step("A second tab still shows the empty form. He fills it in there too.")
	stale := s.refused(ctx, s.max.who, filing("saveAnswers"), "STALE_REVISION", s.answers(0, s.samples("meldebescheinigung")[0].Answers))
	s.note("STALE_REVISION “%s”", stale.Message)
	kept := s.read(ctx, s.max)
	s.check(kept.Revision == 1 && reflect.DeepEqual(kept.Answers, right), "the answers after it", right, kept)
	s.take(ctx, s.max)
	s.seeOwn(ctx, s.max, "left: "+inWords(s.max.OpenSteps), s.leaves(1))
}

// pays: what costs money is paid before it is sent, at the second attempt here.
func (s *certificate) pays(ctx context.Context) {
	s.chapter("Max pays")
	s.step("He sends it, and hasn't paid.")
	unpaid := s.refused(ctx, s.max.who, filing("submitApplication"), "FEE_UNPAID", vars{"application": s.max.ID})
	s.note("FEE_UNPAID “%s”", unpaid.Message)

	s.step("He pays by credit card.")
	p := s.startPayment(ctx, s.max)
	w := s.watchPayment(ctx, s.max, p)
	s.note("%s, until %s, at %s", euros(p.Amount.Cents), hour(p.ExpiresAt.In(s.scene.zone)), p.RedirectURL[:len(publicURL)+len("/sandbox/pay/sandbox_")]+"…")
	s.step("His browser goes there.")
	v := s.openPage(ctx, s.max, p)
	s.note("%s · %s · %s", v.Facts["Amount"], v.Facts["Purpose"], v.Facts["Payment method"])
	s.step("He presses “Payment fails”, and is sent back.")
	s.press(ctx, v, p, "Payment fails")
	s.seePayment(ctx, s.max, w, "FAILED", "FAILED")
	s.must(w.close(), "the payment's window")
	open := s.read(ctx, s.max).OpenSteps
	s.check(slices.Equal(open, []string{"PAY"}), "openSteps after it", "PAY", open)

	s.turn(10, 41)
	s.take(ctx, s.max)
	s.step("Frau Amtmann asks for it by its id: null. It is a draft.")
	seen := ask[oneApplication](ctx, s.story, s.clerk, readApplication, vars{"id": s.max.ID})
	s.check(seen.Application == nil, "application", "null", seen.Application)
	s.check(len(s.queue.all()) == 1, "the clerk's queue", "one message, when it was opened", s.queue.all())
	s.note("In her queue nothing has moved since she opened it.")
}

// sends: from here on it is the office's.
func (s *certificate) sends(ctx context.Context) {
	s.step("He sends it.")
	s.submit(ctx, s.max, s.max.who)
	s.seeQueue(ctx, s.max.application, "SUBMITTED")
	s.seeOwn(ctx, s.max, "sent; an answer is due by "+s.day(s.max.Deadline.Add(-time.Second)), func(a application) bool { return a.Status == "SUBMITTED" })
	s.check(s.queue.all()[0].Data.find(s.max.ID) == nil, "the clerk's queue", "no draft in its first message", s.queue.all())
}

// day is a date as English readers write it.
func (s *story) day(at time.Time) string { return at.In(s.scene.zone).Format("2 January") }
