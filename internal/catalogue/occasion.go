package catalogue

import (
	"context"
	"slices"

	"nelke/ent"
	"nelke/ent/schema"
	"nelke/internal/problem"
	"nelke/internal/town"
)

// Occasion is a group of a town's services by the event in life on which people ask for them.
type Occasion struct {
	Slug     string
	Name     schema.Text
	Services []*Service // in the town's order; at least one
}

// Occasions returns a town's services by occasion, in the order of the list of occasions. A service may stand under several; those of
// none stand under a last one, whose slug is town.OtherOccasion.
func (r *Reader) Occasions(ctx context.Context, t *Town) (_ []*Occasion, err error) {
	defer problem.Wrap(&err, "Occasions(%s)", t.Slug)

	d, err := r.directory(ctx)
	if err != nil {
		return nil, err
	}
	kinds := map[string]*ent.ServiceKind{}
	for _, k := range d.kinds {
		kinds[k.ID] = k
	}
	all := make([]*Occasion, len(d.occasions), len(d.occasions)+1)
	for i, o := range d.occasions {
		all[i] = &Occasion{Slug: o.ID, Name: o.Name}
	}
	other := &Occasion{Slug: town.OtherOccasion, Name: schema.Text{"de": "Weitere Dienste", "en": "Further services"}}
	for _, s := range t.Services {
		grouped := false
		for _, o := range all {
			if k := kinds[s.Kind]; k != nil && slices.Contains(k.Occasions, o.Slug) {
				o.Services = append(o.Services, s)
				grouped = true
			}
		}
		if !grouped {
			other.Services = append(other.Services, s)
		}
	}
	return slices.DeleteFunc(append(all, other), func(o *Occasion) bool { return len(o.Services) == 0 }), nil
}

// FrequentServices returns the services that the town says are asked for most often, in its order.
func (t *Town) FrequentServices() []*Service {
	services := []*Service{}
	for _, slug := range t.Frequent {
		if s := t.ServiceBySlug(slug); s != nil {
			services = append(services, s)
		}
	}
	return services
}
