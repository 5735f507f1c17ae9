package graph

import (
	"context"
	"nelke/ent"
	"nelke/graph/model"
	"nelke/internal/catalogue"
)

func (r *entityResolver) FindManyApplicationByIDs(ctx context.Context, reps []*model.ApplicationByIDsInput) ([]*ent.Application, error) {
	ids, err := idsOf(reps, func(r *model.ApplicationByIDsInput) string { return r.ID })
	if err != nil {
		return nil, err
	}
	return r.Portal.Applications(ctx, ids)
}

func (r *entityResolver) FindManyAppointmentByIDs(ctx context.Context, reps []*model.AppointmentByIDsInput) ([]*ent.Appointment, error) {
	ids, err := idsOf(reps, func(rep *model.AppointmentByIDsInput) string { return rep.ID })
	if err != nil {
		return nil, err
	}
	return r.Portal.Appointments(ctx, ids)
}

func (r *entityResolver) FindManyCaseByIDs(ctx context.Context, reps []*model.CaseByIDsInput) ([]*ent.CaseFile, error) {
	ids, err := idsOf(reps, func(rep *model.CaseByIDsInput) string { return rep.ID })
	if err != nil {
		return nil, err
	}
	return r.Portal.Cases(ctx, ids)
}

func (r *entityResolver) FindManyMunicipalityByIDs(ctx context.Context, reps []*model.MunicipalityByIDsInput) ([]*catalogue.Town, error) {
	return entities(reps, func(rep *model.MunicipalityByIDsInput) (*catalogue.Town, error) {
		if ars, _, ok := located(rep.ID); ok {
			return r.Portal.Municipality(ctx, catalogue.MunicipalityKey{Ars: &ars})
		}
		return r.Portal.Municipality(ctx, catalogue.MunicipalityKey{ID: &rep.ID})
	})
}

func (r *entityResolver) FindManyMunicipalityByArss(ctx context.Context, reps []*model.MunicipalityByArssInput) ([]*catalogue.Town, error) {
	return entities(reps, func(rep *model.MunicipalityByArssInput) (*catalogue.Town, error) {
		return r.Portal.Municipality(ctx, catalogue.MunicipalityKey{Ars: &rep.Ars})
	})
}

func (r *entityResolver) FindManyOfficeByIDs(ctx context.Context, reps []*model.OfficeByIDsInput) ([]*catalogue.Office, error) {
	return entities(reps, func(rep *model.OfficeByIDsInput) (*catalogue.Office, error) {
		if ars, slug, ok := located(rep.ID); ok {
			return r.officeOf(ctx, ars, slug)
		}
		return r.Portal.Office(ctx, rep.ID)
	})
}

func (r *entityResolver) FindManyOfficeByMunicipalityArsAndSlugs(ctx context.Context, reps []*model.OfficeByMunicipalityArsAndSlugsInput) ([]*catalogue.Office, error) {
	return entities(reps, func(rep *model.OfficeByMunicipalityArsAndSlugsInput) (*catalogue.Office, error) {
		return r.officeOf(ctx, rep.MunicipalityArs, rep.Slug)
	})
}

func (r *entityResolver) FindManyPaymentByIDs(ctx context.Context, reps []*model.PaymentByIDsInput) ([]*ent.Payment, error) {
	ids, err := idsOf(reps, func(r *model.PaymentByIDsInput) string { return r.ID })
	if err != nil {
		return nil, err
	}
	return r.Portal.Payments(ctx, ids)
}

func (r *entityResolver) FindManyPublicServiceByIDs(ctx context.Context, reps []*model.PublicServiceByIDsInput) ([]*catalogue.Service, error) {
	return entities(reps, func(rep *model.PublicServiceByIDsInput) (*catalogue.Service, error) {
		if ars, slug, ok := located(rep.ID); ok {
			return r.serviceOf(ctx, ars, slug)
		}
		return r.Portal.PublicService(ctx, catalogue.PublicServiceKey{ID: &rep.ID})
	})
}

func (r *entityResolver) FindManyPublicServiceByMunicipalityArsAndSlugs(ctx context.Context, reps []*model.PublicServiceByMunicipalityArsAndSlugsInput) ([]*catalogue.Service, error) {
	return entities(reps, func(rep *model.PublicServiceByMunicipalityArsAndSlugsInput) (*catalogue.Service, error) {
		return r.serviceOf(ctx, rep.MunicipalityArs, rep.Slug)
	})
}

func (r *Resolver) Entity() EntityResolver { return &entityResolver{r} }

type entityResolver struct{ *Resolver }
