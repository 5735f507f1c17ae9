package web

import (
	"cmp"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"nelke/web/api"
	"nelke/web/view"
)

// start is the town's start page; without a town, the choice of one.
func (v *visit) start() error {
	v.look = look{page: api.VisitPage_START}
	if v.slug == "" {
		return v.chooseTown()
	}
	return v.publish(func() (templ.Component, error) {
		read, err := api.Start(v.r.Context(), v.public(), v.slug)
		if err != nil {
			return nil, err
		}
		if read.Municipality == nil {
			return nil, errNotFound
		}
		p := v.frame(v.t("Startseite", "Start")).With(&read.Municipality.TownFrame)
		p.Summary = v.t("Online-Dienste und Termine der Verwaltung", "Online services and appointments of the administration")
		return view.Start(p, read.Municipality), nil
	})
}

// chooseTown asks which town, and shows where in the region a time for something is free soonest.
func (v *visit) chooseTown() error {
	return v.publish(func() (templ.Component, error) {
		towns, err := v.allTowns()
		if err != nil {
			return nil, err
		}
		c := view.Choice{Kind: v.r.URL.Query().Get("art")}
		region := ""
		for i, t := range towns {
			c.Towns = append(c.Towns, view.Town{Slug: t.Slug, Name: t.Name})
			if i == 0 {
				region = t.Ars
			}
			for !strings.HasPrefix(t.Ars, region) {
				region = region[:len(region)-1]
			}
		}
		slices.SortFunc(c.Towns, func(a, b view.Town) int { return strings.Compare(a.Name, b.Name) })
		kinds, err := api.RegionKinds(v.r.Context(), v.public())
		if err != nil {
			return nil, err
		}
		if kinds.PublicServices != nil {
			c.Kinds = kinds.PublicServices.Facets.Kinds
		}
		if c.Known() {
			times, err := api.RegionTimes(v.r.Context(), v.public(), region, c.Kind)
			if err != nil {
				return nil, err
			}
			c.Times = times.NextSlots
		}
		p := v.frame(v.t("Bürgerservice", "Citizen services"))
		p.Summary = v.t("Städte und Gemeinden", "Towns and municipalities")
		return view.ChooseTown(p, &c), nil
	})
}

// allTowns returns the towns of the graph.
func (v *visit) allTowns() ([]api.TownLine, error) {
	return list(func(after *string) ([]api.TownLine, api.PageEnd, error) {
		read, err := api.Towns(v.r.Context(), v.public(), after)
		if err != nil {
			return nil, api.PageEnd{}, err
		}
		if read.Municipalities == nil {
			return nil, api.PageEnd{}, nil
		}
		return read.Municipalities.Nodes, read.Municipalities.PageInfo, nil
	})
}

// services is the list of services: all, those that can be applied for online, or what a search finds.
func (v *visit) services() error {
	v.look = look{page: api.VisitPage_START}
	return v.publish(func() (templ.Component, error) {
		query := v.r.URL.Query()
		text, online := strings.TrimSpace(query.Get("suche")), query.Get("weg") == "online"
		frame, list, err := v.servicesFor(text)
		if err != nil {
			return nil, err
		}
		if online {
			list = slices.DeleteFunc(list, func(s api.ServiceLine) bool { return !slices.Contains(s.Channels, api.ServiceChannel_ONLINE) })
		}
		p := v.frame(cmp.Or(v.searched(text), v.titleOfList(online))).With(frame)
		p.Embedded = query.Has("einbetten")
		if text == "" && !p.Embedded {
			p.Summary = v.t("Alle Dienste der Verwaltung", "All services of the administration")
		}
		return view.Services(p, text, list, online), nil
	})
}

func (v *visit) searched(text string) string {
	if text == "" {
		return ""
	}
	return v.t("Suche: ", "Search: ") + text
}

func (v *visit) titleOfList(online bool) string {
	if online {
		return v.t("Online-Dienste", "Online services")
	}
	return v.t("Alle Dienste", "All services")
}

func (v *visit) servicesFor(text string) (*api.TownFrame, []api.ServiceLine, error) {
	if text == "" {
		return v.allServices()
	}
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "")
	}
	read, err := api.Search(v.r.Context(), v.public(), v.slug, text)
	if err != nil {
		return nil, nil, err
	}
	if read.Municipality == nil {
		return nil, nil, errNotFound
	}
	return &read.Municipality.TownFrame, read.Municipality.Services.Nodes, nil
}

// allServices returns the services of the town, and what its pages show.
func (v *visit) allServices() (frame *api.TownFrame, services []api.ServiceLine, err error) {
	services, err = list(func(after *string) ([]api.ServiceLine, api.PageEnd, error) {
		read, err := api.Services(v.r.Context(), v.public(), v.slug, after)
		if err != nil {
			return nil, api.PageEnd{}, err
		}
		if read.Municipality == nil {
			return nil, api.PageEnd{}, errNotFound
		}
		frame = &read.Municipality.TownFrame
		return read.Municipality.Services.Nodes, read.Municipality.Services.PageInfo, nil
	})
	return frame, services, err
}

// service is the page of one service.
func (v *visit) service() error {
	return v.publish(func() (templ.Component, error) {
		read, err := api.Service(v.r.Context(), v.public(), v.slug, v.r.PathValue("service"))
		if err != nil {
			return nil, err
		}
		if read.PublicService == nil || read.Municipality == nil {
			return nil, errNotFound
		}
		v.look = look{api.VisitPage_SERVICE, &read.PublicService.Id}
		p := v.frame(read.PublicService.Name).With(&read.Municipality.TownFrame)
		p.Summary = read.PublicService.Summary
		return view.Service(p, read.Municipality, read.PublicService), nil
	})
}

// privacy is the privacy notice in force.
func (v *visit) privacy() error {
	v.look = look{page: api.VisitPage_OTHER}
	return v.publish(func() (templ.Component, error) {
		read, err := api.Notice(v.r.Context(), v.public(), v.slug, v.language())
		if err != nil {
			return nil, err
		}
		if read.Municipality == nil {
			return nil, errNotFound
		}
		p := v.frame(v.t("Datenschutzerklärung", "Privacy notice")).With(&read.Municipality.TownFrame)
		p.Summary = p.Title
		return view.PrivacyNotice(p, read.Municipality.PrivacyNotice), nil
	})
}

// townPage is a page that the town writes itself.
func (v *visit) townPage(kind api.TownPageKind) error {
	v.look = look{page: api.VisitPage_OTHER}
	return v.publish(func() (templ.Component, error) {
		read, err := api.TownPageOf(v.r.Context(), v.public(), v.slug, kind)
		if err != nil {
			return nil, err
		}
		if read.Municipality == nil || read.Municipality.Page == nil {
			return nil, errNotFound
		}
		p := v.frame(read.Municipality.Page.Title).With(&read.Municipality.TownFrame)
		p.Summary = p.Title
		return view.TownPage(p, read.Municipality.Page), nil
	})
}

func (v *visit) language() api.Language {
	if v.lang == "en" {
		return api.Language_EN
	}
	return api.Language_DE
}
