package graph

import (
	"context"
	"encoding/json"
	"nelke/ent"
	"nelke/ent/application"
	"nelke/graph/model"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
	"time"
)

func (r *applicationResolver) Case(ctx context.Context, objs []*ent.Application) ([]*ent.CaseFile, error) {
	return batch(ctx, objs, func(ctx context.Context, objs []*ent.Application) ([]*ent.CaseFile, error) {
		return r.Portal.Cases(ctx, each(objs, func(a *ent.Application) string { return a.CaseID }))
	})
}

func (r *applicationResolver) Service(ctx context.Context, obj *ent.Application) (*catalogue.Service, error) {
	return r.Portal.ConcernService(ctx, obj.ServiceID)
}

func (r *applicationResolver) OpenSteps(ctx context.Context, objs []*ent.Application) ([][]portal.Step, error) {
	return batch(ctx, objs, r.Portal.StepsOf)
}

func (r *applicationResolver) Form(ctx context.Context, obj *ent.Application) (*ent.Form, error) {
	return r.Portal.Form(ctx, obj.FormID)
}

func (r *applicationResolver) Answers(ctx context.Context, obj *ent.Application) (json.RawMessage, error) {
	return json.RawMessage(obj.Answers), nil
}

func (r *applicationResolver) AcknowledgedNotice(ctx context.Context, objs []*ent.Application) ([]*ent.PrivacyNotice, error) {
	all, err := batch(ctx, objs, r.Portal.AcknowledgedOf)
	return each(all, func(a portal.Acknowledged) *ent.PrivacyNotice { return a.Notice }), err
}

func (r *applicationResolver) AcknowledgedAt(ctx context.Context, objs []*ent.Application) ([]*time.Time, error) {
	all, err := batch(ctx, objs, r.Portal.AcknowledgedOf)
	return each(all, func(a portal.Acknowledged) *time.Time { return a.At }), err
}

func (r *applicationResolver) Due(ctx context.Context, objs []*ent.Application) ([]*model.Money, error) {
	all, err := batch(ctx, objs, r.Portal.DueOf)
	return each(all, func(cents int) *model.Money { return &model.Money{Cents: cents, Currency: euro} }), err
}

func (r *applicationResolver) Payment(ctx context.Context, objs []*ent.Application) ([]*ent.Payment, error) {
	return batch(ctx, objs, r.Portal.PaymentOf)
}

func (r *applicationResolver) Payments(ctx context.Context, objs []*ent.Application) ([][]*ent.Payment, error) {
	return batch(ctx, objs, r.Portal.PaymentsOf)
}

func (r *applicationResolver) Requests(ctx context.Context, objs []*ent.Application) ([][]*ent.InformationRequest, error) {
	return batch(ctx, objs, r.Portal.RequestsOf)
}

func (r *applicationResolver) Reopenings(ctx context.Context, objs []*ent.Application) ([][]*ent.Reopening, error) {
	return batch(ctx, objs, r.Portal.ReopeningsOf)
}

func (r *applicationResolver) Dispatch(ctx context.Context, obj *ent.Application) (*model.Dispatch, error) {
	return dispatchOf(obj), nil
}

func (r *applicationResolver) Appointment(ctx context.Context, objs []*ent.Application) ([]*ent.Appointment, error) {
	return batch(ctx, objs, r.Portal.AppointmentOf)
}

func (r *applicationResolver) Events(ctx context.Context, objs []*ent.Application) ([][]*ent.Event, error) {
	return batch(ctx, objs, r.Portal.ApplicationEventsOf)
}

func (r *applicationResolver) EventConnection(ctx context.Context, obj *ent.Application, first *int, after *string) (*model.Connection[*ent.Event], error) {
	return connection(r.Portal.ApplicationEvents(ctx, obj, catalogue.Page{First: first, After: after}))
}

func (r *applicationResolver) LastEvent(ctx context.Context, objs []*ent.Application) ([]*ent.Event, error) {
	return batch(ctx, objs, r.Portal.LastEventOf)
}

func (r *applicationResolver) Clerk(ctx context.Context, obj *ent.Application) (*string, error) {
	return orNil(r.Portal.ClerkOf(ctx, obj)), nil
}

func (r *applicationResolver) Rejection(ctx context.Context, obj *ent.Application) (*string, error) {
	return orNil(obj.Rejection), nil
}

func (r *informationRequestResolver) Answer(ctx context.Context, obj *ent.InformationRequest) (*string, error) {
	return orNil(obj.Answer), nil
}

func (r *informationRequestResolver) Corrections(ctx context.Context, obj *ent.InformationRequest) (json.RawMessage, error) {
	return json.RawMessage(obj.Corrections), nil
}

func (r *informationRequestResolver) AnsweredVia(ctx context.Context, obj *ent.InformationRequest) (*string, error) {
	return answeredVia(obj), nil
}

func (r *mutationResolver) StartApplication(ctx context.Context, input portal.StartApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.StartApplication(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) ConfirmInformation(ctx context.Context, input portal.ApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.ConfirmInformation(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) AcknowledgePrivacyNotice(ctx context.Context, input portal.AcknowledgePrivacyNoticeInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.AcknowledgePrivacyNotice(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) SaveAnswers(ctx context.Context, input portal.SaveAnswersInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.SaveAnswers(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) ReviewApplication(ctx context.Context, input portal.ReviewApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.ReviewApplication(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) SubmitApplication(ctx context.Context, input portal.ApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.SubmitApplication(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) AnswerRequest(ctx context.Context, input portal.AnswerRequestInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.AnswerRequest(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *mutationResolver) WithdrawApplication(ctx context.Context, input portal.ApplicationInput) (*model.ApplicationPayload, error) {
	a, err := r.Portal.WithdrawApplication(ctx, input)
	return applicationPayload(ctx, a, err)
}

func (r *queryResolver) Application(ctx context.Context, id string) (*ent.Application, error) {
	return r.Portal.Application(ctx, id)
}

func (r *reopeningResolver) Status(ctx context.Context, obj *ent.Reopening) (application.Status, error) {
	return application.Status(obj.Status), nil
}

func (r *reopeningResolver) Rejection(ctx context.Context, obj *ent.Reopening) (*string, error) {
	return orNil(obj.Rejection), nil
}

func (r *reopeningResolver) Dispatch(ctx context.Context, obj *ent.Reopening) (*model.Dispatch, error) {
	return sentBy(obj.DispatchMethod, obj.DispatchedOn, obj.TrackingNumber), nil
}

func (r *subscriptionResolver) Application(ctx context.Context, id string) (<-chan *ent.Application, error) {
	return follow(ctx, func(ctx context.Context) (*ent.Application, error) { return r.Portal.Application(ctx, id) })
}

func (r *Resolver) Application() ApplicationResolver { return &applicationResolver{r} }

func (r *Resolver) InformationRequest() InformationRequestResolver {
	return &informationRequestResolver{r}
}

func (r *Resolver) Reopening() ReopeningResolver { return &reopeningResolver{r} }

type (
	applicationResolver        struct{ *Resolver }
	informationRequestResolver struct{ *Resolver }
	reopeningResolver          struct{ *Resolver }
)
