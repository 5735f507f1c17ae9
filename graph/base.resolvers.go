package graph

import (
	"context"
	"nelke/graph/model"
)

func (r *queryResolver) Node(ctx context.Context, id string) (model.Node, error) {
	return r.node(ctx, id)
}

func (r *queryResolver) Viewer(ctx context.Context) (*model.Viewer, error) {
	return r.viewer(ctx)
}

func (r *Resolver) Query() QueryResolver { return &queryResolver{r} }

type queryResolver struct{ *Resolver }
