package portal

import (
	"context"

	"nelke/ent/townpage"
	"nelke/internal/town"
)

// pages writes the town's pages in place of those that are there, each language a row. Nothing refers to a row.
func (i *importer) pages(ctx context.Context) error {
	if _, err := i.TownPage.Delete().Where(townpage.MunicipalityID(i.m.ID)).Exec(ctx); err != nil {
		return err
	}
	for n, p := range i.town.Pages {
		if err := i.page(ctx, n, p, "de", p.DE); err != nil {
			return err
		}
		if p.EN == nil {
			continue
		}
		if err := i.page(ctx, n, p, "en", *p.EN); err != nil {
			return err
		}
	}
	return nil
}

func (i *importer) page(ctx context.Context, n int, p town.Page, language string, text town.PageText) error {
	create := i.TownPage.Create().SetMunicipalityID(i.m.ID).SetKind(townpage.Kind(p.Kind)).SetLanguage(language).SetPosition(n).
		SetTitle(text.Title).SetUpdatedOn(string(p.UpdatedOn))
	if text.Text != "" {
		create.SetText(text.Text)
	}
	if text.URL != "" {
		create.SetURL(text.URL)
	}
	if p.Source != "" {
		create.SetSource(string(p.Source))
	}
	return create.Exec(ctx)
}
