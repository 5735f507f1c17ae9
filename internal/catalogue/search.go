package catalogue

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"nelke/ent"
	"nelke/internal/cache"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/schedule"
	"nelke/internal/search"
)

// finder finds services by what people type. Services of many towns that say the same of themselves are one thing to it.
type finder struct {
	index    *search.Index
	services [][]string // ids, by the number of the thing
	made     heads
}

// Pinned keeps the finder in memory.
func (*finder) Pinned() {}

// Lasting lets the finder outlive the database with the towns that it was made of.
func (*finder) Lasting() {}

// finder is made anew after each change of a catalogue.
func (r *Reader) finder(ctx context.Context) (*finder, error) {
	same := func(ctx context.Context, f *finder) (bool, error) { return r.upToDate(ctx, f.made) }
	return cache.Renew(ctx, r.cache, "finder", []live.Key{live.Directory}, same, func(ctx context.Context) (*finder, time.Time, error) {
		d, err := r.directory(ctx)
		if err != nil {
			return nil, time.Time{}, err
		}
		towns, err := r.towns(ctx, func(*ent.Municipality) bool { return true })
		if err != nil {
			return nil, time.Time{}, err
		}
		f := &finder{index: search.New(), made: d.heads(towns)}
		for _, t := range towns {
			f.index.Fill(t.Name)
		}
		known := map[string]int{}
		for _, t := range towns {
			for _, s := range t.Services {
				texts, err := r.texts(ctx, s)
				if err != nil {
					return nil, time.Time{}, err
				}
				said := fmt.Sprint(texts)
				n, ok := known[said]
				if !ok {
					n = f.index.Add(texts...)
					known[said], f.services = n, append(f.services, nil)
				}
				f.services[n] = append(f.services[n], s.ID)
			}
		}
		return f, time.Time{}, nil
	})
}

// texts are what is said of a service, in all languages: its name says most, then what else people call it, and least its summary.
func (r *Reader) texts(ctx context.Context, s *Service) ([]search.Text, error) {
	kind, err := r.KindOf(ctx, s)
	if err != nil {
		return nil, err
	}
	var texts []search.Text
	for _, language := range slices.Sorted(maps.Keys(s.Name)) {
		texts = append(texts, search.Text{Text: s.Name[language], Language: language, Weight: search.Name},
			search.Text{Text: s.Summary[language], Language: language, Weight: search.Summary})
	}
	also := func(words map[string][]string) {
		for _, language := range slices.Sorted(maps.Keys(words)) {
			for _, text := range words[language] {
				texts = append(texts, search.Text{Text: text, Language: language, Weight: search.Synonym})
			}
		}
	}
	also(s.Synonyms)
	if kind != nil {
		for _, language := range slices.Sorted(maps.Keys(kind.Name)) {
			texts = append(texts, search.Text{Text: kind.Name[language], Language: language, Weight: search.Name})
		}
		also(kind.Synonyms)
	}
	return texts, nil
}

// find returns the services that a text fits, by id, each with how well; nil where the text says nothing, so that all fit.
func (r *Reader) find(ctx context.Context, text *string, language string) (map[string]int, error) {
	if text == nil || strings.TrimSpace(*text) == "" {
		return nil, nil
	}
	f, err := r.finder(ctx)
	if err != nil {
		return nil, err
	}
	things, err := f.index.Find(ctx, *text, language)
	if err != nil {
		return nil, err
	}
	scores := map[string]int{}
	for n, score := range things {
		for _, id := range f.services[n] {
			scores[id] = score
		}
	}
	return scores, nil
}

// pageOfServices filters services and cuts a page out of them: in their order, or, where a text is looked for, the best
// first.
func (r *Reader) pageOfServices(ctx context.Context, page Page, all []*Service, filter *PublicServiceFilter, language string) (*ServiceConnection, error) {
	place := (*Service).place
	if filter != nil {
		scores, err := r.find(ctx, filter.Text, language)
		if err != nil {
			return nil, err
		}
		now, sorted := r.clock(), filter.sorted()
		all = slices.DeleteFunc(slices.Clone(all), func(s *Service) bool {
			_, found := scores[s.ID]
			return scores != nil && !found || !s.matches(sorted, now)
		})
		if scores != nil {
			place = func(s *Service) string { return fmt.Sprintf("%010d\x00%s", math.MaxInt32-scores[s.ID], s.place()) }
			slices.SortFunc(all, func(a, b *Service) int { return cmp.Compare(place(a), place(b)) })
		}
	}
	return pageOf(page, all, listOfServices, place)
}

// Facets are how many services of a list there are of each sort.
type Facets struct {
	Free           int
	WithFee        int
	Channels       []ChannelCount
	Kinds          []KindCount
	Municipalities []MunicipalityCount
}

// ChannelCount is how many can be asked for in one way.
type ChannelCount struct {
	Channel string
	Count   int
}

// KindCount is how many are of one kind.
type KindCount struct {
	Kind  *ent.ServiceKind
	Count int
}

// MunicipalityCount is how many one town offers.
type MunicipalityCount struct {
	Municipality *Town
	Count        int
}

// FacetsOf counts services: channels in their order, kinds by their slug, towns by theirs.
func (r *Reader) FacetsOf(ctx context.Context, all []*Service) (_ *Facets, err error) {
	defer problem.Wrap(&err, "FacetsOf(%d)", len(all))

	f := &Facets{Channels: []ChannelCount{}, Kinds: []KindCount{}, Municipalities: []MunicipalityCount{}}
	channels, kinds, towns := map[string]int{}, map[string]int{}, map[string]int{}
	days := map[*Town]schedule.Date{}
	for _, s := range all {
		day, ok := days[s.Town]
		if !ok {
			day = s.Town.Today(r.clock())
			days[s.Town] = day
			f.Municipalities = append(f.Municipalities, MunicipalityCount{Municipality: s.Town})
		}
		if s.FeeOn(day) == nil {
			f.Free++
		} else {
			f.WithFee++
		}
		for _, c := range s.Channels {
			channels[c]++
		}
		kinds[s.Kind]++
		towns[s.Town.ID]++
	}
	for _, c := range []string{"ONLINE", "APPOINTMENT", "LINK", "POST"} {
		if channels[c] > 0 {
			f.Channels = append(f.Channels, ChannelCount{c, channels[c]})
		}
	}
	known, err := r.Kinds(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range known {
		if kinds[k.ID] > 0 {
			f.Kinds = append(f.Kinds, KindCount{k, kinds[k.ID]})
		}
	}
	for i := range f.Municipalities {
		f.Municipalities[i].Count = towns[f.Municipalities[i].Municipality.ID]
	}
	slices.SortFunc(f.Municipalities, func(a, b MunicipalityCount) int { return cmp.Compare(a.Municipality.Slug, b.Municipality.Slug) })
	return f, nil
}
