package graph

import (
	"context"
	"nelke/ent"
	"nelke/graph/model"
	"nelke/graph/scalar"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
)

func (r *caseResolver) Municipality(ctx context.Context, obj *ent.CaseFile) (*catalogue.Town, error) {
	return r.Portal.Municipality(ctx, catalogue.MunicipalityKey{ID: &obj.MunicipalityID})
}

func (r *caseResolver) Contact(ctx context.Context, obj *ent.CaseFile) (*model.Contact, error) {
	return contactOf(obj), nil
}

func (r *caseResolver) AcknowledgedNotice(ctx context.Context, obj *ent.CaseFile) (*ent.PrivacyNotice, error) {
	return r.Portal.PrivacyNotice(ctx, obj.NoticeID)
}

func (r *caseResolver) Appointments(ctx context.Context, objs []*ent.CaseFile) ([][]*ent.Appointment, error) {
	return batch(ctx, objs, r.Portal.AppointmentsOf)
}

func (r *caseResolver) AppointmentConnection(ctx context.Context, obj *ent.CaseFile, first *int, after *string) (*model.Connection[*ent.Appointment], error) {
	return connection(r.Portal.CaseAppointments(ctx, obj, catalogue.Page{First: first, After: after}))
}

func (r *caseResolver) Applications(ctx context.Context, objs []*ent.CaseFile) ([][]*ent.Application, error) {
	return batch(ctx, objs, r.Portal.ApplicationsOf)
}

func (r *caseResolver) ApplicationConnection(ctx context.Context, obj *ent.CaseFile, first *int, after *string) (*model.Connection[*ent.Application], error) {
	return connection(r.Portal.CaseApplications(ctx, obj, catalogue.Page{First: first, After: after}))
}

func (r *caseResolver) Events(ctx context.Context, objs []*ent.CaseFile) ([][]*ent.Event, error) {
	return batch(ctx, objs, r.Portal.EventsOf)
}

func (r *caseResolver) EventConnection(ctx context.Context, obj *ent.CaseFile, first *int, after *string) (*model.Connection[*ent.Event], error) {
	return connection(r.Portal.CaseEvents(ctx, obj, catalogue.Page{First: first, After: after}))
}

func (r *caseEventResolver) By(ctx context.Context, obj *ent.Event) (model.EventActor, error) {
	return eventActor(obj), nil
}

func (r *caseEventResolver) Before(ctx context.Context, obj *ent.Event) (*string, error) {
	return orNil(obj.Before), nil
}

func (r *mutationResolver) OpenCase(ctx context.Context, input portal.OpenCaseInput) (*model.CasePayload, error) {
	c, err := r.Portal.OpenCase(ctx, input, scalar.LanguageOf(ctx))
	return casePayload(ctx, c, err)
}

func (r *mutationResolver) SetContact(ctx context.Context, input portal.SetContactInput) (*model.CasePayload, error) {
	c, err := r.Portal.SetContact(ctx, input)
	return casePayload(ctx, c, err)
}

func (r *Resolver) Case() CaseResolver { return &caseResolver{r} }

func (r *Resolver) CaseEvent() CaseEventResolver { return &caseEventResolver{r} }

type (
	caseResolver      struct{ *Resolver }
	caseEventResolver struct{ *Resolver }
)
