package graph

import (
	"context"
	"nelke/ent"
	"nelke/graph/model"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
)

func (r *feedbackResolver) Service(ctx context.Context, obj *ent.Feedback) (*catalogue.Service, error) {
	return r.Portal.FeedbackService(ctx, obj)
}

func (r *feedbackResolver) Step(ctx context.Context, obj *ent.Feedback) (*string, error) {
	return orNil(obj.Step), nil
}

func (r *mutationResolver) GiveFeedback(ctx context.Context, input portal.GiveFeedbackInput) (*model.GiveFeedbackPayload, error) {
	return feedbackPayload(ctx, r.Portal.GiveFeedback(ctx, input))
}

func (r *queryResolver) Feedback(ctx context.Context, municipality catalogue.MunicipalityKey, first *int, after *string) (*model.Connection[*ent.Feedback], error) {
	return connection(r.Portal.FeedbackOf(ctx, municipality, catalogue.Page{First: first, After: after}))
}

func (r *Resolver) Feedback() FeedbackResolver { return &feedbackResolver{r} }

type feedbackResolver struct{ *Resolver }
