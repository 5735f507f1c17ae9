package graph

import (
	"context"
	"nelke/ent"
	"nelke/ent/townpage"
	"nelke/graph/model"
	"nelke/graph/scalar"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
)

func (r *municipalityResolver) Services(ctx context.Context, obj *catalogue.Town, filter *catalogue.PublicServiceFilter, first *int, after *string) (*model.Connection[*catalogue.Service], error) {
	return connection(r.Portal.ServicesOf(ctx, obj, catalogue.Page{First: first, After: after}, filter, scalar.LanguageOf(ctx)))
}

func (r *municipalityResolver) PaymentMethods(ctx context.Context, obj *catalogue.Town) ([]string, error) {
	return r.Portal.PaymentMethods(obj), nil
}

func (r *municipalityResolver) Occasions(ctx context.Context, obj *catalogue.Town) ([]*catalogue.Occasion, error) {
	return r.Portal.Occasions(ctx, obj)
}

func (r *municipalityResolver) Page(ctx context.Context, obj *catalogue.Town, kind townpage.Kind) (*ent.TownPage, error) {
	return obj.PageOf(kind, scalar.LanguageOf(ctx)), nil
}

func (r *municipalityResolver) Pages(ctx context.Context, obj *catalogue.Town) ([]*ent.TownPage, error) {
	return obj.PagesIn(scalar.LanguageOf(ctx)), nil
}

func (r *municipalityResolver) Banner(ctx context.Context, obj *catalogue.Town) (*catalogue.Banner, error) {
	return r.Portal.Banner(obj), nil
}

func (r *municipalityResolver) PrivacyNotice(ctx context.Context, obj *catalogue.Town, language *string) (*ent.PrivacyNotice, error) {
	return r.Portal.Notice(obj, languageOr(ctx, language)), nil
}

func (r *mutationResolver) SetPaymentMethods(ctx context.Context, input portal.SetPaymentMethodsInput) (*model.MunicipalityPayload, error) {
	t, err := r.Portal.SetPaymentMethods(ctx, input)
	return municipalityPayload(ctx, t, err)
}

func (r *mutationResolver) ResetPaymentMethods(ctx context.Context, input portal.ResetPaymentMethodsInput) (*model.MunicipalityPayload, error) {
	t, err := r.Portal.ResetPaymentMethods(ctx, input)
	return municipalityPayload(ctx, t, err)
}

func (r *mutationResolver) SetBanner(ctx context.Context, input portal.SetBannerInput) (*model.MunicipalityPayload, error) {
	t, err := r.Portal.SetBanner(ctx, input)
	return municipalityPayload(ctx, t, err)
}

func (r *mutationResolver) RemoveBanner(ctx context.Context, input portal.RemoveBannerInput) (*model.MunicipalityPayload, error) {
	t, err := r.Portal.RemoveBanner(ctx, input)
	return municipalityPayload(ctx, t, err)
}

func (r *paymentOptionResolver) Method(ctx context.Context, obj *ent.PaymentOption) (string, error) {
	return obj.Method.String(), nil
}

func (r *queryResolver) Municipality(ctx context.Context, by catalogue.MunicipalityKey) (*catalogue.Town, error) {
	return r.Portal.Municipality(ctx, by)
}

func (r *queryResolver) Municipalities(ctx context.Context, first *int, after *string, filter *catalogue.MunicipalityFilter) (*model.Connection[*catalogue.Town], error) {
	return connection(r.Portal.Municipalities(ctx, catalogue.Page{First: first, After: after}, filter))
}

func (r *Resolver) Municipality() MunicipalityResolver { return &municipalityResolver{r} }

func (r *Resolver) PaymentOption() PaymentOptionResolver { return &paymentOptionResolver{r} }

type (
	municipalityResolver  struct{ *Resolver }
	paymentOptionResolver struct{ *Resolver }
)
