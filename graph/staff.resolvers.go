package graph

import (
	"context"
	"nelke/ent"
	"nelke/graph/model"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
	"nelke/internal/schedule"
)

func (r *mutationResolver) BookAppointmentFor(ctx context.Context, input portal.BookAppointmentForInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.BookAppointmentFor(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) CheckIn(ctx context.Context, input portal.AppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.CheckIn(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) UndoCheckIn(ctx context.Context, input portal.AppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.UndoCheckIn(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) CallNext(ctx context.Context, input portal.CallNextInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.CallNext(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) CallAppointment(ctx context.Context, input portal.CallAppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.CallAppointment(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) CallAgain(ctx context.Context, input portal.AppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.CallAgain(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) UndoCall(ctx context.Context, input portal.AppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.UndoCall(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) CompleteAppointment(ctx context.Context, input portal.AppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.CompleteAppointment(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) RecordNoShow(ctx context.Context, input portal.AppointmentInput) (*model.AppointmentPayload, error) {
	a, err := r.Portal.RecordNoShow(ctx, input)
	return appointmentPayload(ctx, a, err)
}

func (r *mutationResolver) CancelAppointmentsOfCase(ctx context.Context, input portal.AppointmentInput) (*model.CanceledAppointmentsPayload, error) {
	c, err := r.Portal.CancelAppointmentsOfCase(ctx, input)
	return canceledAppointmentsPayload(ctx, c, err)
}

func (r *queryResolver) Appointments(ctx context.Context, municipality catalogue.MunicipalityKey, reference *string, name *string, day *schedule.Date, first *int, after *string) (*model.Connection[*ent.Appointment], error) {
	in := portal.LookupInput{Municipality: municipality, Reference: reference, Name: name, Day: day}
	return connection(r.Portal.FindAppointments(ctx, in, catalogue.Page{First: first, After: after}))
}

func (r *queryResolver) AppointmentBoard(ctx context.Context, office string, date schedule.Date) (*portal.Board, error) {
	return r.Portal.AppointmentBoard(ctx, office, date)
}

func (r *subscriptionResolver) AppointmentBoard(ctx context.Context, office string, date schedule.Date) (<-chan *portal.Board, error) {
	return follow(ctx, func(ctx context.Context) (*portal.Board, error) { return r.Portal.AppointmentBoard(ctx, office, date) })
}
