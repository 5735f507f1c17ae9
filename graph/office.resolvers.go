package graph

import (
	"context"
	"nelke/ent"
	"nelke/graph/model"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
	"nelke/internal/schedule"
)

func (r *closureResolver) Hours(ctx context.Context, obj *ent.Closure) (*catalogue.OpeningSpan, error) {
	return catalogue.ClosedHours(obj), nil
}

func (r *closureResolver) Counter(ctx context.Context, obj *ent.Closure) (*ent.Counter, error) {
	return r.Portal.Counter(ctx, obj.CounterID)
}

func (r *counterResolver) Services(ctx context.Context, obj *ent.Counter) ([]*catalogue.Service, error) {
	return r.Portal.ServicesAt(ctx, obj)
}

func (r *mutationResolver) AddClosure(ctx context.Context, input portal.AddClosureInput) (*model.SchedulePayload, error) {
	s, err := r.Portal.AddClosure(ctx, input)
	return schedulePayload(ctx, s, err)
}

func (r *mutationResolver) SetOpeningHours(ctx context.Context, input portal.SetOpeningHoursInput) (*model.SchedulePayload, error) {
	s, err := r.Portal.SetOpeningHours(ctx, input)
	return schedulePayload(ctx, s, err)
}

func (r *officeResolver) Address(ctx context.Context, obj *catalogue.Office) (*model.Address, error) {
	return addressOf(obj), nil
}

func (r *officeResolver) OpeningHours(ctx context.Context, obj *catalogue.Office, from schedule.Date, days int) ([]*catalogue.OpeningDay, error) {
	return r.Portal.OpeningHours(obj, from, days)
}

func (r *officeResolver) Closures(ctx context.Context, obj *catalogue.Office) ([]*ent.Closure, error) {
	return r.Portal.Closures(obj), nil
}

func (r *officeResolver) Openings(ctx context.Context, obj *catalogue.Office) ([]*ent.Opening, error) {
	return r.Portal.Openings(obj), nil
}

func (r *officeResolver) Availability(ctx context.Context, obj *catalogue.Office, concerns []*portal.ConcernInput, from *schedule.Date, days int) (*portal.Availability, error) {
	return r.Portal.Availability(ctx, portal.AvailabilityInput{Office: obj.ID, Concerns: values(concerns), From: from, Days: days}, wantsSlots(ctx))
}

func (r *openingResolver) Hours(ctx context.Context, obj *ent.Opening) ([]*catalogue.OpeningSpan, error) {
	return pointers(catalogue.OpeningHoursOf(obj)), nil
}

func (r *openingResolver) Counter(ctx context.Context, obj *ent.Opening) (*ent.Counter, error) {
	return r.Portal.Counter(ctx, obj.CounterID)
}

func (r *queryResolver) Availability(ctx context.Context, input portal.AvailabilityInput) (*portal.Availability, error) {
	return r.Portal.Availability(ctx, input, wantsSlots(ctx))
}

func (r *queryResolver) NextSlots(ctx context.Context, input portal.NextSlotsInput) ([]*portal.OfficeSlots, error) {
	return r.Portal.NextSlots(ctx, input)
}

func (r *subscriptionResolver) Availability(ctx context.Context, input portal.AvailabilityInput) (<-chan *portal.Availability, error) {
	return follow(ctx, func(ctx context.Context) (*portal.Availability, error) {
		return r.Portal.Availability(ctx, input, wantsSlots(ctx))
	})
}

func (r *Resolver) Closure() ClosureResolver { return &closureResolver{r} }

func (r *Resolver) Counter() CounterResolver { return &counterResolver{r} }

func (r *Resolver) Office() OfficeResolver { return &officeResolver{r} }

func (r *Resolver) Opening() OpeningResolver { return &openingResolver{r} }

type (
	closureResolver struct{ *Resolver }
	counterResolver struct{ *Resolver }
	officeResolver  struct{ *Resolver }
	openingResolver struct{ *Resolver }
)
