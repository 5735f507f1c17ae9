package graph

import (
	"context"
	"nelke/ent"
	"nelke/graph/model"
	"nelke/internal/portal"
)

func (r *mutationResolver) StartPayment(ctx context.Context, input portal.StartPaymentInput) (*model.PaymentPayload, error) {
	p, err := r.Portal.StartPayment(ctx, input)
	return paymentPayload(ctx, p, err)
}

func (r *mutationResolver) CancelPayment(ctx context.Context, input portal.PaymentInput) (*model.PaymentPayload, error) {
	p, err := r.Portal.CancelPayment(ctx, input)
	return paymentPayload(ctx, p, err)
}

func (r *mutationResolver) RefundPayment(ctx context.Context, input portal.RefundPaymentInput) (*model.PaymentPayload, error) {
	p, err := r.Portal.RefundPayment(ctx, input)
	return paymentPayload(ctx, p, err)
}

func (r *mutationResolver) RecordRefund(ctx context.Context, input portal.RecordRefundInput) (*model.PaymentPayload, error) {
	p, err := r.Portal.RecordRefund(ctx, input)
	return paymentPayload(ctx, p, err)
}

func (r *mutationResolver) UndoRecordRefund(ctx context.Context, input portal.PaymentInput) (*model.PaymentPayload, error) {
	p, err := r.Portal.UndoRecordRefund(ctx, input)
	return paymentPayload(ctx, p, err)
}

func (r *paymentResolver) Application(ctx context.Context, objs []*ent.Payment) ([]*ent.Application, error) {
	return batch(ctx, objs, func(ctx context.Context, objs []*ent.Payment) ([]*ent.Application, error) {
		return r.Portal.Applications(ctx, each(objs, func(p *ent.Payment) string { return p.ApplicationID }))
	})
}

func (r *paymentResolver) Amount(ctx context.Context, obj *ent.Payment) (*model.Money, error) {
	return &model.Money{Cents: obj.Cents, Currency: obj.Currency}, nil
}

func (r *paymentResolver) RedirectURL(ctx context.Context, obj *ent.Payment) (*string, error) {
	return payPage(obj), nil
}

func (r *paymentResolver) Reference(ctx context.Context, obj *ent.Payment) (*string, error) {
	return orNil(obj.Reference), nil
}

func (r *paymentResolver) Received(ctx context.Context, obj *ent.Payment) (*model.Money, error) {
	return receivedOf(obj), nil
}

func (r *queryResolver) Payment(ctx context.Context, id string) (*ent.Payment, error) {
	return r.Portal.Payment(ctx, id)
}

func (r *subscriptionResolver) Payment(ctx context.Context, id string) (<-chan *ent.Payment, error) {
	return follow(ctx, func(ctx context.Context) (*ent.Payment, error) { return r.Portal.Payment(ctx, id) })
}

func (r *Resolver) Payment() PaymentResolver { return &paymentResolver{r} }

type paymentResolver struct{ *Resolver }
