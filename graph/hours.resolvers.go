package graph

import (
	"context"
	"nelke/graph/model"
	"nelke/internal/portal"
)

func (r *mutationResolver) ChangeClosure(ctx context.Context, input portal.ChangeClosureInput) (*model.SchedulePayload, error) {
	s, err := r.Portal.ChangeClosure(ctx, input)
	return schedulePayload(ctx, s, err)
}

func (r *mutationResolver) RemoveClosure(ctx context.Context, input portal.RemoveClosureInput) (*model.SchedulePayload, error) {
	s, err := r.Portal.RemoveClosure(ctx, input)
	return schedulePayload(ctx, s, err)
}

func (r *mutationResolver) AddOpening(ctx context.Context, input portal.AddOpeningInput) (*model.SchedulePayload, error) {
	s, err := r.Portal.AddOpening(ctx, input)
	return schedulePayload(ctx, s, err)
}

func (r *mutationResolver) RemoveOpening(ctx context.Context, input portal.RemoveOpeningInput) (*model.SchedulePayload, error) {
	s, err := r.Portal.RemoveOpening(ctx, input)
	return schedulePayload(ctx, s, err)
}

func (r *mutationResolver) ResetOpeningHours(ctx context.Context, input portal.ResetOpeningHoursInput) (*model.SchedulePayload, error) {
	s, err := r.Portal.ResetOpeningHours(ctx, input)
	return schedulePayload(ctx, s, err)
}
