package portal

import (
	"context"
	"slices"

	"nelke/ent"
	"nelke/ent/appointment"
	"nelke/internal/catalogue"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// AheadOf returns, for each appointment, how many people CallNext will probably call before it: those checked in at the office today
// who come before it in callNext's order and whom one of the counters that may call it serves too. It is nil for an appointment that
// doesn't wait today, and for one that no counter serves whole, which staff call by hand.
func (p *Portal) AheadOf(ctx context.Context, all []*ent.Appointment) (_ []*int, err error) {
	defer problem.Wrap(&err, "AheadOf(%d)", len(all))

	ahead := make([]*int, len(all))
	waiting := map[string][]*ent.Appointment{} // by office
	for i, a := range all {
		if a.Status != appointment.StatusCHECKED_IN {
			continue
		}
		o, err := p.Office(ctx, a.OfficeID)
		if err != nil {
			return nil, err
		}
		if o == nil {
			continue
		}
		zone := o.Rules.Zone
		today := schedule.DateOf(p.clock(), zone)
		if a.Day != today.String() {
			continue
		}
		p.depend(ctx, today.AddDays(1).Midnight(zone), live.Board(o.ID, today.String()))
		if waiting[o.ID] == nil {
			if waiting[o.ID], err = p.waitingOn(ctx, o, today); err != nil {
				return nil, err
			}
		}
		ahead[i] = aheadIn(waiting[o.ID], o.ActiveCounters(), a)
	}
	return ahead, nil
}

// waitingOn reads who waits at an office on a day, in the order in which CallNext takes them.
func (p *Portal) waitingOn(ctx context.Context, o *catalogue.Office, day schedule.Date) ([]*ent.Appointment, error) {
	return p.store.Reader().Appointment.Query().Where(
		appointment.OfficeID(o.ID), appointment.Day(day.String()), appointment.StatusEQ(appointment.StatusCHECKED_IN),
	).Order(callOrder()...).All(ctx)
}

// callOrder is the order in which CallNext takes those who wait.
func callOrder() []appointment.OrderOption {
	return []appointment.OrderOption{appointment.ByStartsAt(), appointment.ByCheckedInAt(), appointment.ByID()}
}

func aheadIn(waiting []*ent.Appointment, counters []*ent.Counter, a *ent.Appointment) *int {
	counters = slices.DeleteFunc(counters, func(c *ent.Counter) bool { return !servesAll(c, a) })
	if len(counters) == 0 {
		return nil
	}
	n := 0
	for _, other := range waiting {
		if other.ID == a.ID {
			break
		}
		if slices.ContainsFunc(counters, func(c *ent.Counter) bool { return servesAll(c, other) }) {
			n++
		}
	}
	return &n
}
