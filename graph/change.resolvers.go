package graph

import (
	"context"
	"nelke/internal/portal"
)

func (r *queryResolver) Changes(ctx context.Context, since *string, types []portal.ChangeType, first *int) (*portal.ChangeFeed, error) {
	return r.Portal.Changes(ctx, since, types, first)
}
