package graph

import (
	"context"
	"nelke/ent"
	"nelke/ent/webhookdelivery"
	"nelke/graph/model"
	"nelke/graph/scalar"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
)

func (r *mutationResolver) AddPartner(ctx context.Context, input portal.AddPartnerInput) (*model.PartnerPayload, error) {
	thing, err := r.Portal.AddPartner(ctx, input)
	return partnerPayload(ctx, thing, err)
}

func (r *mutationResolver) UpdatePartner(ctx context.Context, input portal.UpdatePartnerInput) (*model.PartnerPayload, error) {
	thing, err := r.Portal.UpdatePartner(ctx, input)
	return partnerPayload(ctx, thing, err)
}

func (r *mutationResolver) AddPartnerKey(ctx context.Context, input portal.AddPartnerKeyInput) (*model.PartnerKeyPayload, error) {
	thing, err := r.Portal.AddPartnerKey(ctx, input)
	return partnerKeyPayload(ctx, thing, err)
}

func (r *mutationResolver) RevokePartnerKey(ctx context.Context, input portal.RevokePartnerKeyInput) (*model.PartnerKeyPayload, error) {
	thing, err := r.Portal.RevokePartnerKey(ctx, input)
	return partnerKeyPayload(ctx, thing, err)
}

func (r *mutationResolver) AddWebhookEndpoint(ctx context.Context, input portal.AddWebhookEndpointInput) (*model.WebhookEndpointPayload, error) {
	thing, err := r.Portal.AddWebhookEndpoint(ctx, input)
	return endpointPayload(ctx, thing, err)
}

func (r *mutationResolver) UpdateWebhookEndpoint(ctx context.Context, input portal.UpdateWebhookEndpointInput) (*model.WebhookEndpointPayload, error) {
	thing, err := r.Portal.UpdateWebhookEndpoint(ctx, input)
	return endpointPayload(ctx, thing, err)
}

func (r *mutationResolver) RemoveWebhookEndpoint(ctx context.Context, input portal.WebhookEndpointInput) (*model.PartnerPayload, error) {
	thing, err := r.Portal.RemoveWebhookEndpoint(ctx, input)
	return partnerPayload(ctx, thing, err)
}

func (r *mutationResolver) ReplayWebhook(ctx context.Context, input portal.ReplayWebhookInput) (*model.WebhookEndpointPayload, error) {
	thing, err := r.Portal.ReplayWebhook(ctx, input)
	return endpointPayload(ctx, thing, err)
}

func (r *mutationResolver) PingWebhook(ctx context.Context, input portal.WebhookEndpointInput) (*model.WebhookEndpointPayload, error) {
	thing, err := r.Portal.PingWebhook(ctx, input)
	return endpointPayload(ctx, thing, err)
}

func (r *partnerResolver) Keys(ctx context.Context, objs []*ent.Partner) ([][]*ent.PartnerKey, error) {
	return batch(ctx, objs, r.Portal.KeysOf)
}

func (r *partnerResolver) Endpoints(ctx context.Context, objs []*ent.Partner) ([][]*ent.WebhookEndpoint, error) {
	return batch(ctx, objs, r.Portal.EndpointsOf)
}

func (r *queryResolver) Partner(ctx context.Context, id string) (*ent.Partner, error) {
	return r.Portal.Partner(ctx, id)
}

func (r *queryResolver) Partners(ctx context.Context, municipality catalogue.MunicipalityKey, first *int, after *string) (*model.Connection[*ent.Partner], error) {
	return connection(r.Portal.Partners(ctx, municipality, catalogue.Page{First: first, After: after}))
}

func (r *webhookDeliveryResolver) LastHTTPStatus(ctx context.Context, obj *ent.WebhookDelivery) (*int, error) {
	return statusOf(obj), nil
}

func (r *webhookDeliveryResolver) LastError(ctx context.Context, obj *ent.WebhookDelivery) (*string, error) {
	return orNil(faultWords(portal.FaultOf(obj), scalar.LanguageOf(ctx))), nil
}

func (r *webhookEndpointResolver) Deliveries(ctx context.Context, obj *ent.WebhookEndpoint, statuses []webhookdelivery.Status, first *int, after *string) (*model.Connection[*ent.WebhookDelivery], error) {
	return connection(r.Portal.DeliveriesOf(ctx, obj, statuses, catalogue.Page{First: first, After: after}))
}

func (r *Resolver) Partner() PartnerResolver { return &partnerResolver{r} }

func (r *Resolver) WebhookDelivery() WebhookDeliveryResolver { return &webhookDeliveryResolver{r} }

func (r *Resolver) WebhookEndpoint() WebhookEndpointResolver { return &webhookEndpointResolver{r} }

type (
	partnerResolver         struct{ *Resolver }
	webhookDeliveryResolver struct{ *Resolver }
	webhookEndpointResolver struct{ *Resolver }
)
