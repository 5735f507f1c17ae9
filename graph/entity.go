package graph

import (
	"context"

	"nelke/internal/catalogue"
	"nelke/internal/portal"
)

// maxRepresentations bounds one call of _entities per type and key.
const maxRepresentations = 1000

// entities resolves representations one by one, in their order, null where there is nothing to see. What it calls reads
// from the remembered catalogue; entities of the database have batches of their own.
func entities[R, T any](reps []R, find func(R) (*T, error)) ([]*T, error) {
	if len(reps) > maxRepresentations {
		return nil, errTooMany
	}
	found := make([]*T, len(reps))
	for i, rep := range reps {
		var err error
		if found[i], err = find(rep); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// idsOf are the ids of representations.
func idsOf[R any](reps []R, id func(R) string) ([]string, error) {
	if len(reps) > maxRepresentations {
		return nil, errTooMany
	}
	ids := make([]string, len(reps))
	for i, rep := range reps {
		ids[i] = id(rep)
	}
	return ids, nil
}

// batch reads what belongs to many things at once, and once in a response. In the place of what isn't there, or isn't the caller's to see, _entities
// leaves nothing; it gets nothing.
func batch[T, R any](ctx context.Context, objs []*T, read func(context.Context, []*T) ([]R, error)) ([]R, error) {
	there := make([]*T, 0, len(objs))
	for _, obj := range objs {
		if obj != nil {
			there = append(there, obj)
		}
	}
	ctx = portal.WithCut(ctx, func(newest int) { truncation(ctx, newest) })
	found, err := readOnce(ctx, there, read)
	if err != nil || len(found) == len(objs) {
		return found, err
	}
	all, next := make([]R, len(objs)), 0
	for i, obj := range objs {
		if obj != nil {
			all[i] = found[next]
			next++
		}
	}
	return all, nil
}

// officeOf finds an office by its town's ARS and its slug.
func (r *Resolver) officeOf(ctx context.Context, ars, slug string) (*catalogue.Office, error) {
	t, err := r.Portal.Municipality(ctx, catalogue.MunicipalityKey{Ars: &ars})
	if err != nil || t == nil {
		return nil, err
	}
	return t.OfficeBySlug(slug), nil
}

// serviceOf finds a public service by its town's ARS and its slug.
func (r *Resolver) serviceOf(ctx context.Context, ars, slug string) (*catalogue.Service, error) {
	t, err := r.Portal.Municipality(ctx, catalogue.MunicipalityKey{Ars: &ars})
	if err != nil || t == nil {
		return nil, err
	}
	return t.ServiceBySlug(slug), nil
}
