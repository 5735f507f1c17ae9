package portal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/schema"
	"nelke/internal/catalogue"
	"nelke/internal/identity"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/store"
)

// wanted is a start at an office for concerns, checked against the catalogue.
type wanted struct {
	office   *catalogue.Office
	start    time.Time
	concerns []schema.Concern
	services []string
	online   bool
}

func (w *wanted) end() time.Time {
	return w.start.Add(time.Duration(minutesOf(w.concerns)) * time.Minute)
}

func (w *wanted) day() schedule.Date { return schedule.DateOf(w.start, w.office.Rules.Zone) }

func (w *wanted) request(now time.Time) schedule.Request {
	return schedule.Request{Services: w.services, Cells: minutesOf(w.concerns) / 5, Now: now, Online: w.online}
}

// want checks the concerns of a start.
func (p *Portal) want(ctx context.Context, officeID string, start time.Time, concerns []ConcernInput, online bool) (*wanted, error) {
	o, err := p.Office(ctx, officeID)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, problem.New(problem.NotFound, "input", "office")
	}
	w := &wanted{office: o, start: store.Micro(start), online: online}
	w.concerns, w.services, err = checkConcerns(o.Town, concerns, "input", "concerns")
	return w, err
}

// wantAgain is want for an appointment that is moved: its concerns stay as they were held, whatever they take today.
func (p *Portal) wantAgain(ctx context.Context, a *ent.Appointment, start time.Time) (*wanted, error) {
	o, err := p.Office(ctx, a.OfficeID)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, problem.New(problem.NotFound, "input", "appointment")
	}
	online := identity.FromContext(ctx).Kind != identity.Staff
	w := &wanted{office: o, start: store.Micro(start), concerns: a.Concerns, online: online}
	for _, c := range a.Concerns {
		w.services = append(w.services, c.Service)
	}
	return w, nil
}

// refresh reads the office's rules anew, past everything remembered.
func (p *Portal) refresh(ctx context.Context, w *wanted) error {
	t, err := catalogue.ReadTown(ctx, p.store.Reader(), w.office.MunicipalityID, p.clock())
	if err != nil {
		return err
	}
	if t != nil {
		if o := t.Office(w.office.ID); o != nil {
			w.office = o
			return nil
		}
	}
	return problem.New(problem.NotFound, "input", "office")
}

// checkConcerns checks what somebody wants to come for: 1 to 10 services that are offered as appointments and may go
// together, each once, within their quantities and two hours in all.
func checkConcerns(t *catalogue.Town, in []ConcernInput, path ...string) (concerns []schema.Concern, services []string, err error) {
	if len(in) < 1 || len(in) > maxConcerns {
		return nil, nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: maxConcerns, Path: path}
	}
	minutes := 0
	for i, c := range in {
		at := append(slices.Clone(path), fmt.Sprint(i))
		s := t.Service(c.Service)
		switch {
		case s == nil || !s.Active:
			return nil, nil, problem.New(problem.NotFound, append(at, "service")...)
		case s.AppointmentMinutes == nil || !slices.Contains(s.Channels, "APPOINTMENT"):
			return nil, nil, problem.New(problem.NoAppointments, append(at, "service")...)
		case c.Quantity < 1 || c.Quantity > s.MaxQuantity:
			return nil, nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleRange, Min: 1, Max: s.MaxQuantity, Path: append(at, "quantity")}
		case slices.Contains(services, s.ID):
			return nil, nil, problem.Invalid(problem.RuleDuplicate, append(at, "service")...)
		case len(in) > 1 && !s.Combinable:
			return nil, nil, problem.Invalid(problem.RuleCombinable, append(at, "service")...)
		}
		concern := schema.Concern{Service: s.ID, Quantity: c.Quantity, Minutes: *s.AppointmentMinutes * c.Quantity}
		minutes += concern.Minutes
		concerns, services = append(concerns, concern), append(services, s.ID)
	}
	if minutes > maxMinutes {
		return nil, nil, &problem.Problem{Code: problem.InvalidInput, Rule: problem.RuleSpan, Max: maxMinutes, Path: path}
	}
	return concerns, services, nil
}

// nearest returns the free starts closest to a wanted one, read from the database itself.
func (p *Portal) nearest(ctx context.Context, w *wanted) ([]time.Time, error) {
	now := p.clock()
	today := schedule.DateOf(now, w.office.Rules.Zone)
	from := w.day().AddDays(-nearDays)
	if last := today.AddDays(w.office.HorizonDays - 2*nearDays); last.Before(from) {
		from = last
	}
	if from.Before(today) {
		from = today
	}
	lo, hi := w.office.Calendar.Cells(from, 2*nearDays+1)
	busy, _, err := p.taken(ctx, nil, w.office.Calendar.Qualified(nil, w.services), lo, hi, now)
	if err != nil {
		return nil, err
	}
	var free schedule.Slots
	w.office.Calendar.Fill(&free, w.request(now), from, 2*nearDays+1, busy)
	starts := []time.Time{}
	for _, s := range free.Nearest(w.start, alternatives) {
		starts = append(starts, s.Start)
	}
	return starts, nil
}
