package main

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"nelke/data"
)

// everyService walks all services that the town offers online to their end.
func everyService(ctx context.Context, s *story) {
	s.turn(15, 0)
	s.title("Every online service, to its end · "+s.up.title, "It is "+hour(s.now())+". Each by somebody else, with the first sample beside its form.")
	online := s.online(ctx)
	s.openQueue(ctx)
	all := make([]*walker, len(online))
	queue := s.queue
	s.queue = nil // it is looked at when many things have happened, as one answer has them all
	defer func() { s.queue = queue }()

	s.round("All of them apply, pay where there is a fee, and send.", online, func(i int) {
		all[i] = s.walk(ctx, online[i])
	})
	s.seeAll(ctx, queue, "SUBMITTED", len(all))
	s.round("Frau Amtmann claims one after the other.", online, func(i int) { s.claim(ctx, &all[i].applying) })
	s.seeAll(ctx, queue, "IN_PROGRESS", len(all))
	s.round("She completes one after the other.", online, func(i int) {
		s.complete(ctx, &all[i].applying, fmt.Sprintf("RR 1234 57%02d 0DE", i))
	})
	s.seeAll(ctx, queue, "", 0)
	for _, w := range all {
		seen := s.read(ctx, &w.applying)
		s.check(seen.Status == "COMPLETED" && seen.posted() == w.posted(), w.service.Slug, w.application, seen)
	}

	row := "  %-30s %6s  %-19.19s %5s  %-11s %s"
	s.line("")
	s.line(row, "service", "fee", "answers", "steps", "reference", "end")
	for _, w := range all {
		s.line(row, w.service.Name, free(w.Due.Cents), brief(w.sample.Name, 18), fmt.Sprint(w.steps), w.Reference, w.Status+" "+w.Dispatch.Method)
	}
}

// round does something for each service, and prints it as one.
func (s *story) round(text string, services []service, do func(i int)) {
	s.step("%s", text)
	began := time.Now()
	for i, one := range services {
		s.aside(one.Slug, func() { do(i) })
	}
	s.ends(plural(len(services), "application") + "  " + number(time.Since(began)) + " ms")
}

// seeAll waits until the clerk's queue has so many, all in one state.
func (s *story) seeAll(ctx context.Context, queue *window[workQueue], status string, n int) {
	see(ctx, s, queue, "the clerk's queue", func(q workQueue) string {
		if q.WorkQueue == nil || len(q.WorkQueue.Nodes) != n {
			return ""
		}
		for _, a := range q.WorkQueue.Nodes {
			if a.Status != status {
				return ""
			}
		}
		if n == 0 {
			return "nothing waits"
		}
		return plural(n, "application") + "  " + status
	})
}

// online are the services with channel ONLINE: those that the town's list has, and no others have a form here.
func (s *story) online(ctx context.Context) []service {
	s.step("What does Blomberg offer online?")
	online := ask[services](ctx, s, s.erika.speaking("de"), listServices, vars{"filter": vars{"ars": blomberg, "channel": "ONLINE"}}).PublicServices
	all := quietly[services](ctx, s, s.erika, listServices, vars{"filter": vars{"ars": blomberg}}).PublicServices
	var offered, listed, sampled []string
	for _, one := range all.Nodes {
		if slices.Contains(one.Channels, "ONLINE") {
			offered = append(offered, one.Slug)
		}
	}
	for _, one := range online.Nodes {
		listed = append(listed, one.Slug)
	}
	files, err := fs.Glob(data.Towns, "lippe/blomberg/samples/*.json")
	s.must(err, "the samples")
	for _, file := range files {
		sampled = append(sampled, strings.TrimSuffix(file[strings.LastIndexByte(file, '/')+1:], ".json"))
	}
	s.check(slices.Equal(listed, offered) && len(listed) == online.TotalCount, "publicServices", offered, listed)
	slices.Sort(listed)
	s.check(slices.Equal(listed, sampled) && len(listed) == 13, "the samples", listed, sampled)
	s.note("%d of its %d services, and exactly those have a form.", len(listed), all.TotalCount)
	return online.Nodes
}

// walker is somebody who applies for a service with its first sample.
type walker struct {
	applying

	sample sample
	steps  int // that were open at first
}

// walk takes an application to the office, by its open steps alone.
func (s *story) walk(ctx context.Context, of service) *walker {
	w := &walker{applying: *s.somebody(of.Name), sample: s.samples(of.Slug)[0]}
	w.service, w.answers = of, w.sample.Answers
	s.openCase(ctx, w.who)
	s.begin(ctx, &w.applying)
	for ; len(w.OpenSteps) > 0; w.steps++ {
		s.take(ctx, &w.applying)
	}
	due := expected(of, w.sample.Answers)
	s.check(w.Due.Cents == due && w.paid() == (due > 0), "due", due, w.application)
	s.submit(ctx, &w.applying, w.who)
	return w
}

// expected is what a reader of the service's page expects to pay for their answers.
func expected(of service, answers map[string]any) int {
	if of.Fee == nil {
		return 0
	}
	cents := of.Fee.Amount.Cents
	if copies, ok := answers["copies"].(float64); ok && of.Fee.FurtherCopy != nil {
		cents += (int(copies) - 1) * of.Fee.FurtherCopy.Cents
	}
	return cents
}

// free writes an amount, or that there is none.
func free(cents int) string {
	if cents == 0 {
		return "free"
	}
	return euros(cents)
}
