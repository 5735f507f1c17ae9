package graph

import (
	"context"
	"nelke/ent"
	"nelke/ent/schema"
	"nelke/graph/model"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
)

func (r *appointmentResolver) Case(ctx context.Context, objs []*ent.Appointment) ([]*ent.CaseFile, error) {
	return batch(ctx, objs, func(ctx context.Context, objs []*ent.Appointment) ([]*ent.CaseFile, error) {
		return r.Portal.Cases(ctx, each(objs, func(a *ent.Appointment) string { return a.CaseID }))
	})
}

func (r *appointmentResolver) Office(ctx context.Context, obj *ent.Appointment) (*catalogue.Office, error) {
	return r.Portal.Office(ctx, obj.OfficeID)
}

func (r *appointmentResolver) Counter(ctx context.Context, obj *ent.Appointment) (*ent.Counter, error) {
	return r.Portal.CounterOf(ctx, obj)
}

func (r *appointmentResolver) HeldForSeconds(ctx context.Context, obj *ent.Appointment) (*int, error) {
	return r.Portal.HeldForSeconds(obj), nil
}

func (r *appointmentResolver) Extendable(ctx context.Context, obj *ent.Appointment) (bool, error) {
	return r.Portal.Extendable(obj), nil
}

func (r *appointmentResolver) Person(ctx context.Context, obj *ent.Appointment) (*model.Person, error) {
	return personOf(obj), nil
}

func (r *appointmentResolver) Ahead(ctx context.Context, objs []*ent.Appointment) ([]*int, error) {
	return batch(ctx, objs, r.Portal.AheadOf)
}

func (r *concernResolver) Service(ctx context.Context, obj *schema.Concern) (*catalogue.Service, error) {
	return r.Portal.ConcernService(ctx, obj.Service)
}

func (r *mutationResolver) HoldSlot(ctx context.Context, input portal.HoldSlotInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.HoldSlot(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) ExtendHold(ctx context.Context, input portal.HoldInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.ExtendHold(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) ReleaseHold(ctx context.Context, input portal.HoldInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.ReleaseHold(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) BookAppointment(ctx context.Context, input portal.BookAppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.BookAppointment(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) RescheduleAppointment(ctx context.Context, input portal.RescheduleAppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.RescheduleAppointment(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) CorrectAppointment(ctx context.Context, input portal.CorrectAppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.CorrectAppointment(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) CancelAppointment(ctx context.Context, input portal.CancelAppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.CancelAppointment(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *queryResolver) Appointment(ctx context.Context, id string) (*ent.Appointment, error) {
	return r.Portal.Appointment(ctx, id)
}

func (r *subscriptionResolver) Appointment(ctx context.Context, id string) (<-chan *ent.Appointment, error) {
	return follow(ctx, func(ctx context.Context) (*ent.Appointment, error) { return r.Portal.Appointment(ctx, id) })
}

func (r *Resolver) Appointment() AppointmentResolver { return &appointmentResolver{r} }

func (r *Resolver) Concern() ConcernResolver { return &concernResolver{r} }

type (
	appointmentResolver struct{ *Resolver }
	concernResolver     struct{ *Resolver }
)
