package catalogue

import (
	"context"
	"slices"
	"strings"
	"time"

	"nelke/ent"
	"nelke/internal/problem"
	"nelke/internal/schedule"
)

// MunicipalityKey names one town by exactly one of its keys: the graph refuses any other number.
type MunicipalityKey struct {
	ID   *string
	Slug *string
	Ars  *string
}

// PublicServiceKey names one public service by exactly one of its keys: the graph refuses any other number.
type PublicServiceKey struct {
	ID   *string
	Slug *MunicipalServiceSlug
}

// MunicipalServiceSlug names a service by the slugs of its town and of itself.
type MunicipalServiceSlug struct {
	Municipality string
	Service      string
}

// MunicipalityFilter says which towns.
type MunicipalityFilter struct {
	ArsPrefix *string
}

// The lists that have cursors. A cursor begins with its list's word, so that one of another list is refused.
const (
	listOfTowns    = "m\x00"
	listOfServices = "s\x00"
)

// Municipality returns one town; nil where there is none.
func (r *Reader) Municipality(ctx context.Context, by MunicipalityKey) (_ *Town, err error) {
	defer problem.Wrap(&err, "Municipality")

	m, err := r.Row(ctx, by)
	if err != nil || m == nil {
		return nil, err
	}
	return r.Town(ctx, m.ID)
}

// Municipalities returns the towns by slug.
func (r *Reader) Municipalities(ctx context.Context, page Page, filter *MunicipalityFilter) (_ *MunicipalityConnection, err error) {
	defer problem.Wrap(&err, "Municipalities")

	towns, err := r.towns(ctx, func(m *ent.Municipality) bool {
		return filter == nil || filter.ArsPrefix == nil || strings.HasPrefix(m.Ars, *filter.ArsPrefix)
	})
	if err != nil {
		return nil, err
	}
	return pageOf(page, towns, listOfTowns, func(t *Town) string { return t.Slug })
}

func (r *Reader) towns(ctx context.Context, wanted func(*ent.Municipality) bool) ([]*Town, error) {
	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	var towns []*Town
	for _, m := range d.towns {
		if !wanted(m) {
			continue
		}
		t, err := r.Town(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		if t != nil {
			towns = append(towns, t)
		}
	}
	return towns, nil
}

// PublicService returns one public service; nil where there is none, or where the town no longer offers it.
func (r *Reader) PublicService(ctx context.Context, by PublicServiceKey) (_ *Service, err error) {
	defer problem.Wrap(&err, "PublicService")

	if by.ID != nil {
		return r.service(ctx, *by.ID)
	}
	t, err := r.Municipality(ctx, MunicipalityKey{Slug: &by.Slug.Municipality})
	if err != nil || t == nil {
		return nil, err
	}
	return t.ServiceBySlug(by.Slug.Service), nil
}

// ServiceBySlug returns a service of the town; nil where it offers none of that name.
func (t *Town) ServiceBySlug(slug string) *Service {
	i := slices.IndexFunc(t.Services, func(s *Service) bool { return s.Slug == slug })
	if i < 0 {
		return nil
	}
	return t.Services[i]
}

// service returns a service that is offered, by id; nil where there is none.
func (r *Reader) service(ctx context.Context, id string) (*Service, error) {
	s, err := r.AnyService(ctx, id)
	if err != nil || s == nil || !s.Active {
		return nil, err
	}
	return s, nil
}

// AnyService returns a service by id, also one that is no longer offered, since appointments of the past name them; nil where there
// is none.
func (r *Reader) AnyService(ctx context.Context, id string) (*Service, error) {
	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	t, err := r.Town(ctx, d.services[id])
	if err != nil || t == nil {
		return nil, err
	}
	return t.services[id], nil
}

// Kinds returns the kinds of services that towns have in common, by slug: all that were ever imported, with their names
// and the words by which people look for them. They change with imports alone.
func (r *Reader) Kinds(ctx context.Context) (_ []*ent.ServiceKind, err error) {
	defer problem.Wrap(&err, "Kinds")

	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	return d.kinds, nil
}

// KindOf returns what a service has in common with those of other towns; nil where it is of no known kind.
func (r *Reader) KindOf(ctx context.Context, s *Service) (_ *ent.ServiceKind, err error) {
	defer problem.Wrap(&err, "KindOf(%s)", s.ID)

	kinds, err := r.Kinds(ctx)
	if err != nil {
		return nil, err
	}
	i, ok := slices.BinarySearchFunc(kinds, s.Kind, func(k *ent.ServiceKind, slug string) int { return strings.Compare(k.ID, slug) })
	if !ok {
		return nil, nil
	}
	return kinds[i], nil
}

// PublicServices returns services by town and the town's order, or, where a text is looked for, the best first. Language is
// that of the request.
func (r *Reader) PublicServices(ctx context.Context, page Page, filter *PublicServiceFilter, language string) (_ *ServiceConnection, err error) {
	defer problem.Wrap(&err, "PublicServices")

	towns, err := r.towns(ctx, func(m *ent.Municipality) bool {
		return filter == nil || filter.Ars == nil || strings.HasPrefix(m.Ars, *filter.Ars)
	})
	if err != nil {
		return nil, err
	}
	var all []*Service
	for _, t := range towns {
		all = append(all, t.Services...)
	}
	return r.pageOfServices(ctx, page, all, filter, language)
}

// ServicesOf returns the services of one town.
func (r *Reader) ServicesOf(ctx context.Context, t *Town, page Page, filter *PublicServiceFilter, language string) (_ *ServiceConnection, err error) {
	defer problem.Wrap(&err, "ServicesOf(%s)", t.Slug)

	all := t.Services
	if filter != nil && filter.Ars != nil && !strings.HasPrefix(t.Ars, *filter.Ars) {
		all = nil
	}
	return r.pageOfServices(ctx, page, all, filter, language)
}

// PaymentMethods returns the methods that can be paid with today.
func (r *Reader) PaymentMethods(t *Town) []string { return t.MethodsOn(t.Today(r.clock())) }

// MethodsOn returns the payment methods that the town takes on a day ("GIROPAY"), in the town's order; empty, never nil, for none.
func (t *Town) MethodsOn(day schedule.Date) []string {
	methods := []string{}
	for _, o := range t.Payments {
		if o.Enabled && (o.ValidFrom == "" || Date(o.ValidFrom).Compare(day) <= 0) && (o.ValidTo == "" || day.Compare(Date(o.ValidTo)) <= 0) {
			methods = append(methods, o.Method.String())
		}
	}
	return methods
}

// Notice returns the privacy notice in force today in a language ("de", "en"), German where there is no other; nil where
// none is in force.
func (r *Reader) Notice(t *Town, language string) *ent.PrivacyNotice {
	return t.noticeOn(t.Today(r.clock()), language)
}

// NoticeInForce returns the notice of that id, if it is of the version in force at an instant, in whatever language; nil otherwise.
func (t *Town) NoticeInForce(id, language string, now time.Time) *ent.PrivacyNotice {
	current := t.noticeOn(t.Today(now), language)
	for _, n := range t.Notices {
		if current != nil && n.ID == id && n.Version == current.Version {
			return n
		}
	}
	return nil
}

func (t *Town) noticeOn(day schedule.Date, language string) *ent.PrivacyNotice {
	var found *ent.PrivacyNotice
	for _, n := range t.Notices {
		if Date(n.ValidFrom).Compare(day) > 0 || n.Language != language && n.Language != "de" {
			continue
		}
		if found == nil || n.Version > found.Version || n.Version == found.Version && n.Language == language {
			found = n
		}
	}
	return found
}

// OfficeBySlug returns an office of a town; nil where there is none.
func (t *Town) OfficeBySlug(slug string) *Office {
	i := slices.IndexFunc(t.Offices, func(o *Office) bool { return o.Slug == slug })
	if i < 0 {
		return nil
	}
	return t.Offices[i]
}

// ActiveCounters are the counters in use, in the office's order.
func (o *Office) ActiveCounters() []*ent.Counter {
	return slices.DeleteFunc(slices.Clone(o.Counters), func(c *ent.Counter) bool { return !c.Active })
}

// Counter returns a counter; nil where there is none.
func (r *Reader) Counter(ctx context.Context, id string) (_ *ent.Counter, err error) {
	defer problem.Wrap(&err, "Counter(%s)", id)

	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	t, err := r.Town(ctx, d.counters[id])
	if err != nil || t == nil {
		return nil, err
	}
	for _, o := range t.Offices {
		for _, c := range o.Counters {
			if c.ID == id {
				return c, nil
			}
		}
	}
	return nil, nil
}

// ServicesAt returns the services that a counter serves, in the town's order.
func (r *Reader) ServicesAt(ctx context.Context, c *ent.Counter) (_ []*Service, err error) {
	defer problem.Wrap(&err, "ServicesAt(%s)", c.ID)

	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	t, err := r.Town(ctx, d.counters[c.ID])
	if err != nil || t == nil {
		return []*Service{}, err
	}
	services := []*Service{}
	for _, s := range t.Services {
		if slices.Contains(c.Services, s.ID) {
			services = append(services, s)
		}
	}
	return services, nil
}

// Form returns one version of a form; nil where there is none.
func (r *Reader) Form(ctx context.Context, id string) (_ *ent.Form, err error) {
	defer problem.Wrap(&err, "Form(%s)", id)

	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	t, err := r.Town(ctx, d.forms[id])
	if err != nil || t == nil {
		return nil, err
	}
	for _, s := range t.services {
		if f := s.FormByID(id); f != nil {
			return f, nil
		}
	}
	return nil, nil
}

// PrivacyNotice returns one version of a notice; nil where there is none.
func (r *Reader) PrivacyNotice(ctx context.Context, id string) (_ *ent.PrivacyNotice, err error) {
	defer problem.Wrap(&err, "PrivacyNotice(%s)", id)

	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	t, err := r.Town(ctx, d.notices[id])
	if err != nil || t == nil {
		return nil, err
	}
	i := slices.IndexFunc(t.Notices, func(n *ent.PrivacyNotice) bool { return n.ID == id })
	if i < 0 {
		return nil, nil
	}
	return t.Notices[i], nil
}
