package view

import (
	"slices"
	"strconv"
	"strings"

	"nelke/web/api"
)

// Town is a town to choose.
type Town struct{ Slug, Name string }

// Choice is what the start page of a region shows.
type Choice struct {
	Towns []Town
	Kinds []api.KindCount // what a visit can be booked for somewhere
	Kind  string          // slug of the one that was chosen
	Times []api.TownTimes
}

// Known reports whether the kind that was chosen is one.
func (c *Choice) Known() bool {
	return slices.ContainsFunc(c.Kinds, func(k api.KindCount) bool { return k.Kind.Slug == c.Kind })
}

// Free returns the offices that have a time, with the service that it is for.
func (c *Choice) Free() []api.TownTimes {
	return slices.DeleteFunc(slices.Clone(c.Times), func(t api.TownTimes) bool { return len(t.Starts) == 0 || t.Service == nil })
}

// way is one way to get a service, with a word for it.
type way struct{ Kind, Name string }

func ways(p *Page, channels []api.ServiceChannel) []way {
	var all []way
	for _, c := range channels {
		switch c {
		case api.ServiceChannel_ONLINE:
			all = append(all, way{"online", p.T("online", "online")})
		case api.ServiceChannel_APPOINTMENT:
			all = append(all, way{"appointment", p.T("mit Termin", "by appointment")})
		case api.ServiceChannel_POST:
			all = append(all, way{"post", p.T("per Post", "by post")})
		case api.ServiceChannel_LINK:
			all = append(all, way{"link", p.T("andere Website", "other website")})
		}
	}
	return all
}

// marks returns the ways to get a service of an occasion, and what it costs, on one line.
func marks(p *Page, s api.OccasionService) string {
	var all []string
	for _, w := range ways(p, s.Channels) {
		all = append(all, w.Name)
	}
	if s.Fee != nil && s.Fee.Amount.Cents > 0 {
		all = append(all, p.Money(s.Fee.Amount))
	}
	return strings.Join(all, ", ")
}

func has(channels []api.ServiceChannel, c api.ServiceChannel) bool {
	return slices.Contains(channels, c)
}

// closedText says why a service can't be applied for online, and when it can again, as far as that is known.
func closedText(p *Page, s *api.ServiceWhole) string {
	switch {
	case s.OpensAt != nil && s.OpensAt.After(p.Now):
		return p.T("Der Online-Antrag öffnet am ", "Online applications open on ") + p.At(*s.OpensAt) + "."
	case s.ClosesAt != nil && !s.ClosesAt.After(p.Now):
		return p.T("Die Frist für Online-Anträge ist am ", "The time for online applications ended on ") + p.At(*s.ClosesAt) + p.T(" abgelaufen.", ".")
	default:
		return p.T("Bitte wenden Sie sich an das Bürgerbüro.", "Please contact the office.")
	}
}

// coming returns the prices that are known for later, free ones included.
func coming(s *api.ServiceWhole) []api.ServiceWholeFeesFee {
	var all []api.ServiceWholeFeesFee
	for _, f := range s.Fees {
		if s.Fee == nil && f.Amount.Cents == 0 || s.Fee != nil && f.ValidFrom <= s.Fee.ValidFrom {
			continue
		}
		all = append(all, f)
	}
	return all
}

func delivery(p *Page, d api.DeliveryMethod) string {
	switch d {
	case api.DeliveryMethod_POST:
		return p.T("Per Post an Ihre Anschrift.", "By post to your address.")
	case api.DeliveryMethod_PICK_UP:
		return p.T("Sie holen es im Bürgerbüro ab.", "You collect it at the office.")
	case api.DeliveryMethod_ELECTRONIC:
		return p.T("Elektronisch, auf der Seite Ihres Vorgangs.", "Electronically, on the page of your case.")
	default:
		return p.T("Sie erhalten nichts weiter.", "You get nothing further.")
	}
}

// TownPages returns the pages that a town writes itself, by their path.
func TownPages() map[string]api.TownPageKind {
	return map[string]api.TownPageKind{
		"/impressum": api.TownPageKind_IMPRINT, "/barrierefreiheit": api.TownPageKind_ACCESSIBILITY, "/kontakt": api.TownPageKind_CONTACT,
		"/leichte-sprache": api.TownPageKind_EASY_LANGUAGE, "/gebaerdensprache": api.TownPageKind_SIGN_LANGUAGE,
	}
}

// pathOf returns the path of a page that a town writes itself.
func pathOf(kind api.TownPageKind) string {
	for path, k := range TownPages() {
		if k == kind {
			return path
		}
	}
	return "/"
}

// lasting returns how long the office takes, in words.
func lasting(p *Page, days int) string {
	if days == 1 {
		return p.T("Höchstens einen Tag, nachdem Ihr Antrag eingegangen ist.", "One day at most after your application came.")
	}
	return p.T("Höchstens ", "At most ") + number(days) + p.T(" Tage, nachdem Ihr Antrag eingegangen ist.", " days after your application came.")
}

// structured returns a service in the words of schema.org, for search engines.
func structured(p *Page, t *api.ServiceMunicipality, s *api.ServiceWhole) map[string]any {
	data := map[string]any{
		"@context": "https://schema.org", "@type": "GovernmentService", "name": s.Name, "description": s.Summary, "url": p.Public + p.URL(p.Path),
		"inLanguage": p.Lang, "areaServed": map[string]any{"@type": "City", "name": t.Name},
		"provider": map[string]any{"@type": "GovernmentOrganization", "name": t.Name},
	}
	if s.Fee != nil {
		data["offers"] = map[string]any{
			"@type": "Offer", "priceCurrency": s.Fee.Amount.Currency, "price": strconv.FormatFloat(float64(s.Fee.Amount.Cents)/100, 'f', 2, 64),
		}
	}
	var channels []map[string]any
	for _, way := range []struct {
		channel api.ServiceChannel
		path    string
	}{{api.ServiceChannel_ONLINE, "/dienste/" + s.Slug + "/antrag"}, {api.ServiceChannel_APPOINTMENT, "/termin/" + s.Slug}} {
		if has(s.Channels, way.channel) {
			channels = append(channels, map[string]any{"@type": "ServiceChannel", "serviceUrl": p.Public + p.URL(way.path)})
		}
	}
	if channels != nil {
		data["availableChannel"] = channels
	}
	return data
}

// pageLink returns the text of the link from a page of the town's to the one that stands elsewhere.
func pageLink(p *Page) string {
	if p.Path == pathOf(api.TownPageKind_SIGN_LANGUAGE) {
		return p.T("Zum Video", "To the video")
	}
	return p.T("Mehr auf der Website der Stadt", "More on the town's website")
}
