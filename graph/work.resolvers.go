package graph

import (
	"context"
	"nelke/ent"
	"nelke/graph/model"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
	"nelke/internal/schedule"
)

func (r *mutationResolver) ClaimApplication(ctx context.Context, input portal.ClaimApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.ClaimApplication(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) RequestInformation(ctx context.Context, input portal.RequestInformationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.RequestInformation(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) WithdrawInformationRequest(ctx context.Context, input portal.ApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.WithdrawInformationRequest(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) RecordInformationAnswer(ctx context.Context, input portal.RecordInformationAnswerInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.RecordInformationAnswer(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) ReleaseApplication(ctx context.Context, input portal.ApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.ReleaseApplication(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) ReopenApplication(ctx context.Context, input portal.ReopenApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.ReopenApplication(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) CompleteApplication(ctx context.Context, input portal.CompleteApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.CompleteApplication(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) RejectApplication(ctx context.Context, input portal.RejectApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.RejectApplication(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *queryResolver) WorkQueue(ctx context.Context, input portal.WorkQueueInput, first *int, after *string) (*model.Connection[*ent.Application], error) {
	return connection(r.Portal.WorkQueue(ctx, input, catalogue.Page{First: first, After: after}))
}

func (r *queryResolver) Applications(ctx context.Context, municipality catalogue.MunicipalityKey, reference *string, name *string, day *schedule.Date, first *int, after *string) (*model.Connection[*ent.Application], error) {
	in := portal.LookupInput{Municipality: municipality, Reference: reference, Name: name, Day: day}
	return connection(r.Portal.FindApplications(ctx, in, catalogue.Page{First: first, After: after}))
}

func (r *subscriptionResolver) WorkQueue(ctx context.Context, input portal.WorkQueueInput, first *int) (<-chan *model.Connection[*ent.Application], error) {
	return follow(ctx, func(ctx context.Context) (*model.ApplicationConnection, error) {
		return connection(r.Portal.WorkQueue(ctx, input, catalogue.Page{First: first}))
	})
}
