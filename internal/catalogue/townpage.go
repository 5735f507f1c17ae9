package catalogue

import (
	"time"

	"nelke/ent"
	"nelke/ent/schema"
	"nelke/ent/townpage"
)

// PagesIn returns the town's pages in its order, each in a language ("de", "en"), or in German where there is no other.
func (t *Town) PagesIn(language string) []*ent.TownPage {
	pages := []*ent.TownPage{}
	for _, p := range t.Pages {
		last := len(pages) - 1
		switch {
		case p.Language != language && p.Language != "de":
		case last >= 0 && pages[last].Kind == p.Kind:
			pages[last] = p // German stands before it
		default:
			pages = append(pages, p)
		}
	}
	return pages
}

// PageOf returns the page of a kind in a language, or in German where there is no other; nil where the town has no such page.
func (t *Town) PageOf(kind townpage.Kind, language string) *ent.TownPage {
	for _, p := range t.PagesIn(language) {
		if p.Kind == kind {
			return p
		}
	}
	return nil
}

// Banner is what all of a town's pages say on top for a while, such as that the service is down on Sunday.
type Banner struct {
	Text schema.Text
	From *time.Time // nil: since it was set
	To   *time.Time // nil: until it is removed
}

// Banner returns the town's banner if it is in force now; nil otherwise.
func (r *Reader) Banner(t *Town) *Banner {
	now := r.clock()
	if len(t.BannerText) == 0 || t.BannerFrom != nil && now.Before(*t.BannerFrom) || t.BannerTo != nil && !now.Before(*t.BannerTo) {
		return nil
	}
	return &Banner{Text: t.BannerText, From: t.BannerFrom, To: t.BannerTo}
}
