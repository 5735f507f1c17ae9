package portal

import (
	"context"

	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/visit"
)

// CountVisitInput is a page that somebody looks at.
type CountVisitInput struct {
	Municipality catalogue.MunicipalityKey
	Service      *string
	Page         string
}

// visitPages are the kinds of pages.
func visitPages() []string { return []string{"START", "SERVICE", "APPLY", "BOOK", "CASE", "OTHER"} }

// The cells beside the pages: of all pages together, and of answers to a form that were refused.
const (
	pageAll     = "ALL"
	pageRefused = "REFUSED"
)

// CountVisit counts a view of a page, and a visit where the visitor hasn't been there on that day. A visitor is a
// network and a browser, as a hash that lasts for the day (see package visit). What staff look at isn't counted. It returns
// whether the view was.
//
// Problems: NOT_FOUND, RATE_LIMITED.
func (p *Portal) CountVisit(ctx context.Context, in CountVisitInput) (counted bool, err error) {
	defer problem.Wrap(&err, "CountVisit")

	t, err := p.Municipality(ctx, in.Municipality)
	if err != nil {
		return false, err
	}
	if t == nil {
		return false, problem.New(problem.NotFound, "input", "municipality")
	}
	if err := p.ofTown(ctx, t.Municipality, in.Service); err != nil {
		return false, err
	}
	if p.visits == nil || identity.FromContext(ctx).Kind == identity.Staff {
		return false, nil
	}
	if err := takeNetwork(ctx, p.limits.Visits); err != nil {
		return false, err
	}
	cells := []visit.Cell{{Municipality: t.ID, Page: in.Page}, {Municipality: t.ID, Page: pageAll}}
	if in.Service != nil {
		cells = append(cells, visit.Cell{Municipality: t.ID, Service: *in.Service, Page: in.Page}, visit.Cell{Municipality: t.ID, Service: *in.Service, Page: pageAll})
	}
	n := networkOf(ctx)
	network := ""
	if len(n.Parts) > 0 {
		network = n.Parts[0].Name
	}
	p.visits.View(ctx, t.Today(p.clock()).String(), network, n.Agent, cells...)
	return true, nil
}

// countRefused counts answers to the form of a service that were refused.
func (p *Portal) countRefused(s *catalogue.Service) {
	if p.visits == nil {
		return
	}
	day := s.Town.Today(p.clock()).String()
	for _, service := range []string{"", s.ID} {
		p.visits.Event(day, visit.Cell{Municipality: s.Town.ID, Service: service, Page: pageRefused})
	}
}

// FlushVisits writes down what this process has counted since the last time: one transaction for all of it, since one for each page
// view would keep the database busy with nothing else. What couldn't be written is kept for the next time.
func (p *Portal) FlushVisits(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "FlushVisits")

	if p.visits == nil {
		return nil
	}
	counts := p.visits.Flush(ctx)
	if len(counts) == 0 {
		return nil
	}
	err = p.write(ctx, func(ctx context.Context, tx *Tx) error {
		for _, n := range counts {
			a := tx.Args()
			if _, err := tx.exec(ctx, a, `INSERT INTO visit_counts (municipality_id, service_id, month, page, views, visits) VALUES (`+
				a.Bind(n.Municipality)+`, `+a.Bind(n.Service)+`, `+a.Bind(n.Day[:len("2006-01")])+`, `+a.Bind(n.Page)+`, `+a.Bind(n.Views)+`, `+a.Bind(n.Visits)+`)
				ON CONFLICT (municipality_id, month, service_id, page) DO UPDATE
				SET views = visit_counts.views + excluded.views, visits = visit_counts.visits + excluded.visits`); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		p.visits.Restore(counts)
	}
	return err
}
