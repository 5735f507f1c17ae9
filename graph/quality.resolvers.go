package graph

import (
	"context"
	"nelke/graph/model"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
	"nelke/internal/schedule"
)

func (r *mutationResolver) CountVisit(ctx context.Context, input portal.CountVisitInput) (*model.CountVisitPayload, error) {
	counted, err := r.Portal.CountVisit(ctx, input)
	return visitPayload(ctx, counted, err)
}

func (r *queryResolver) ServiceQuality(ctx context.Context, municipality catalogue.MunicipalityKey, from schedule.Date, to schedule.Date) ([]*portal.ServiceQuality, error) {
	return r.Portal.ServiceQuality(ctx, municipality, from, to)
}
