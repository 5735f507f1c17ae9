package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"nelke/data"
)

// applying is one person's way to one document: the application as the last answer showed it, and what they have open.
type applying struct {
	application

	who     *client
	name    string // of the person
	service service
	answers any
	window  *window[oneApplication] // nil: nobody looks
}

// file sends a mutation that must succeed with an application in a state. The clerk's queue must come to show that state
// each time, also where the story doesn't tell of it.
func (s *story) file(ctx context.Context, c *client, name, status string, input vars) application {
	w := s.write(ctx, c, filing(name), input)
	s.check(len(w.Payload.Problems) == 0, name, "no problems", w.Payload.Problems)
	s.check(w.Payload.Application != nil && w.Payload.Application.Status == status, name, status, w.Payload.Application)
	a := *w.Payload.Application
	s.queued(ctx, name, a)
	return a
}

// queued holds the clerk's queue against an application: it shows what waits for somebody, and never a draft.
func (s *story) queued(ctx context.Context, after string, a application) {
	if s.queue == nil {
		return
	}
	switch a.Status {
	case "DRAFT":
		for _, state := range s.queue.all() {
			s.check(state.Data.find(a.ID) == nil, "the clerk's queue after "+after, "no drafts", state.Data)
		}
	case "SUBMITTED", "IN_PROGRESS", "WAITING_FOR_APPLICANT":
		_, err := s.queue.await(ctx, func(q workQueue) bool { found := q.find(a.ID); return found != nil && found.Status == a.Status })
		s.must(err, "the clerk's queue after %s", after)
	default:
		_, err := s.queue.await(ctx, func(q workQueue) bool { return q.find(a.ID) == nil })
		s.must(err, "the clerk's queue after %s", after)
	}
}

// openQueue has the clerk open the work queue and leave it open.
func (s *story) openQueue(ctx context.Context) {
	if s.queue == nil {
		s.step("Frau Amtmann opens the work queue.")
		s.queue = watching[workQueue](ctx, s, s.clerk, watchQueue, vars{"in": waiting()})
	}
}

// waiting asks for what waits for somebody in Blomberg.
func waiting() vars { return vars{"municipality": vars{"ars": blomberg}} }

// seeQueue waits until the clerk's queue shows an application in a state.
func (s *story) seeQueue(ctx context.Context, a application, status string) {
	see(ctx, s, s.queue, "the clerk's queue", func(q workQueue) string {
		found := q.find(a.ID)
		if found == nil || found.Status != status {
			return ""
		}
		text := found.Reference + "  " + found.Service.Name + "  " + status
		if found.Clerk != "" {
			text += " · " + found.Clerk
		}
		return text
	})
}

// seeGone waits until the clerk's queue shows an application no more.
func (s *story) seeGone(ctx context.Context, a application) {
	see(ctx, s, s.queue, "the clerk's queue", func(q workQueue) string {
		if q.find(a.ID) != nil {
			return ""
		}
		return a.Reference + " is gone"
	})
}

// seeOwn waits until the person's window fits.
func (s *story) seeOwn(ctx context.Context, f *applying, text string, fits func(application) bool) {
	see(ctx, s, f.window, f.name+"'s window", func(o oneApplication) string {
		if o.Application == nil || !fits(*o.Application) {
			return ""
		}
		return text
	})
}

// about is what the town says of a service.
func (s *story) about(ctx context.Context, c *client, slug string) service {
	found := ask[struct{ PublicService *service }](ctx, s, c, readService, vars{"slug": slug}).PublicService
	s.check(found != nil, "publicService", slug, found)
	return *found
}

// begin starts an application.
func (s *story) begin(ctx context.Context, f *applying) {
	s.step("%s begins an application.", f.name)
	f.application = s.file(ctx, f.who, "startApplication", "DRAFT", vars{"service": f.service.ID})
	s.check(f.Revision == 0 && f.Answers == nil && f.Reference != "", "startApplication", "an empty draft", f.application)
}

// leaveOpen has the person leave the page of the application open.
func (s *story) leaveOpen(ctx context.Context, f *applying) {
	f.window = watching[oneApplication](ctx, s, f.who, watchApplication, vars{"id": f.ID})
}

// inWords are the steps as the story calls them.
func inWords(steps []string) string {
	words := strings.NewReplacer(
		"CONFIRM_INFORMATION", "the information", "ACKNOWLEDGE_PRIVACY", "the Datenschutzerklärung", "ANSWER", "the form",
		"REVIEW", "the review", "PAY", "the fee",
	)
	return words.Replace(strings.Join(steps, ", "))
}

// take takes the step that the application names first, as a program would that is made for no service.
// Exactly that step must be done then.
func (s *story) take(ctx context.Context, f *applying) (step string) {
	step, rest := f.OpenSteps[0], f.OpenSteps[1:]
	input := vars{"application": f.ID}
	switch step {
	case "CONFIRM_INFORMATION":
		s.step("%s confirms that the information was read.", f.name)
		f.application = s.file(ctx, f.who, "confirmInformation", "DRAFT", input)
	case "ACKNOWLEDGE_PRIVACY":
		text := quietly[notice](ctx, s, f.who, readNotice, nil).Municipality.PrivacyNotice
		s.step("%s acknowledges version %d of the Datenschutzerklärung.", f.name, text.Version)
		input["privacyNotice"] = text.ID
		f.application = s.file(ctx, f.who, "acknowledgePrivacyNotice", "DRAFT", input)
	case "ANSWER":
		s.step("%s fills the form.", f.name)
		input["revision"], input["answers"] = f.Revision, f.answers
		f.application = s.file(ctx, f.who, "saveAnswers", "DRAFT", input)
	case "REVIEW":
		s.step("%s looks it over.", f.name)
		input["revision"] = f.Revision
		f.application = s.file(ctx, f.who, "reviewApplication", "DRAFT", input)
	case "PAY":
		s.pay(ctx, f)
	default:
		s.check(false, "openSteps", "a step that a person can take", step)
	}
	s.check(slices.Equal(f.OpenSteps, rest), "openSteps after "+step, rest, f.OpenSteps)
	return step
}

// read is the application as its person sees it now.
func (s *story) read(ctx context.Context, f *applying) application {
	found := quietly[oneApplication](ctx, s, f.who, readApplication, vars{"id": f.ID}).Application
	s.check(found != nil, "application", f.Reference, found)
	return *found
}

// submit hands the application to the office.
func (s *story) submit(ctx context.Context, f *applying, at *client) {
	f.application = s.file(ctx, at, "submitApplication", "SUBMITTED", vars{"application": f.ID})
	s.check(f.Deadline != nil && f.Deadline.After(s.now()) && len(f.OpenSteps) == 0, "submitApplication", "a deadline", f.application)
}

// samples are the answers beside a service's form that it accepts.
func (s *story) samples(slug string) (accepted []sample) {
	text, err := data.Towns.ReadFile("lippe/blomberg/samples/" + slug + ".json")
	s.must(err, "the samples of %s", slug)
	var all struct{ Accepted []sample }
	s.must(json.Unmarshal(text, &all), "the samples of %s", slug)
	s.check(len(all.Accepted) > 0, "the samples of "+slug, "accepted ones", all)
	return all.Accepted
}

type sample struct {
	Name    string
	Answers map[string]any
}
