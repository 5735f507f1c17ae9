package graph

import (
	"context"
	"nelke/ent"
	"nelke/graph/model"
	"nelke/graph/scalar"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
)

func (r *feeResolver) Amount(ctx context.Context, obj *ent.Fee) (*model.Money, error) {
	return &model.Money{Cents: obj.Cents, Currency: obj.Currency}, nil
}

func (r *feeResolver) FurtherCopy(ctx context.Context, obj *ent.Fee) (*model.Money, error) {
	return furtherCopy(obj), nil
}

func (r *mutationResolver) SetServiceState(ctx context.Context, input portal.SetServiceStateInput) (*model.PublicServicePayload, error) {
	s, err := r.Portal.SetServiceState(ctx, input)
	return servicePayload(ctx, s, err)
}

func (r *mutationResolver) SetFee(ctx context.Context, input portal.SetFeeInput) (*model.PublicServicePayload, error) {
	s, err := r.Portal.SetFee(ctx, input)
	return servicePayload(ctx, s, err)
}

func (r *mutationResolver) RemoveFee(ctx context.Context, input portal.RemoveFeeInput) (*model.PublicServicePayload, error) {
	s, err := r.Portal.RemoveFee(ctx, input)
	return servicePayload(ctx, s, err)
}

func (r *mutationResolver) ResetServiceState(ctx context.Context, input portal.ResetServiceStateInput) (*model.PublicServicePayload, error) {
	s, err := r.Portal.ResetServiceState(ctx, input)
	return servicePayload(ctx, s, err)
}

func (r *publicServiceResolver) Kind(ctx context.Context, obj *catalogue.Service) (*ent.ServiceKind, error) {
	return r.Portal.KindOf(ctx, obj)
}

func (r *publicServiceResolver) Fee(ctx context.Context, obj *catalogue.Service) (*ent.Fee, error) {
	return r.Portal.Fee(obj), nil
}

func (r *publicServiceResolver) Fees(ctx context.Context, obj *catalogue.Service) ([]*ent.Fee, error) {
	return r.Portal.FeesFrom(obj), nil
}

func (r *publicServiceResolver) Open(ctx context.Context, obj *catalogue.Service) (bool, error) {
	return r.Portal.Open(obj), nil
}

func (r *publicServiceConnectionResolver) Facets(ctx context.Context, obj *model.Connection[*catalogue.Service]) (*catalogue.Facets, error) {
	return r.Portal.FacetsOf(ctx, obj.All)
}

func (r *queryResolver) PublicService(ctx context.Context, by catalogue.PublicServiceKey) (*catalogue.Service, error) {
	return r.Portal.PublicService(ctx, by)
}

func (r *queryResolver) PublicServices(ctx context.Context, first *int, after *string, filter *catalogue.PublicServiceFilter) (*model.Connection[*catalogue.Service], error) {
	return connection(r.Portal.PublicServices(ctx, catalogue.Page{First: first, After: after}, filter, scalar.LanguageOf(ctx)))
}

func (r *serviceKindResolver) Name(ctx context.Context, obj *ent.ServiceKind) (string, error) {
	return obj.Name[scalar.LanguageOf(ctx)], nil
}

func (r *subscriptionResolver) PublicService(ctx context.Context, by catalogue.PublicServiceKey) (<-chan *catalogue.Service, error) {
	return follow(ctx, func(ctx context.Context) (*catalogue.Service, error) { return r.Portal.PublicService(ctx, by) })
}

func (r *subscriptionResolver) PublicServices(ctx context.Context, first *int, filter *catalogue.PublicServiceFilter) (<-chan *model.Connection[*catalogue.Service], error) {
	return follow(ctx, func(ctx context.Context) (*model.PublicServiceConnection, error) {
		return connection(r.Portal.PublicServices(ctx, catalogue.Page{First: first}, filter, scalar.LanguageOf(ctx)))
	})
}

func (r *Resolver) Fee() FeeResolver { return &feeResolver{r} }

func (r *Resolver) Mutation() MutationResolver { return &mutationResolver{r} }

func (r *Resolver) PublicService() PublicServiceResolver { return &publicServiceResolver{r} }

func (r *Resolver) PublicServiceConnection() PublicServiceConnectionResolver {
	return &publicServiceConnectionResolver{r}
}

func (r *Resolver) ServiceKind() ServiceKindResolver { return &serviceKindResolver{r} }

func (r *Resolver) Subscription() SubscriptionResolver { return &subscriptionResolver{r} }

type (
	feeResolver                     struct{ *Resolver }
	mutationResolver                struct{ *Resolver }
	publicServiceResolver           struct{ *Resolver }
	publicServiceConnectionResolver struct{ *Resolver }
	serviceKindResolver             struct{ *Resolver }
	subscriptionResolver            struct{ *Resolver }
)
