package portal

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"nelke/ent"
	"nelke/internal/town"
)

func words(w town.Words) map[string][]string { return map[string][]string{"de": w.DE, "en": w.EN} }

// synonyms are what people type who look for a kind, by language.
func synonyms(k town.Kind) map[string][]string {
	all := words(k.Words)
	maps.Copy(all, k.Newcomers.ByLanguage())
	return all
}

// importKinds writes kinds of services, by slug. Those that no file names any more stay, since services of towns that
// were not imported may be of them.
func (tx *Tx) importKinds(ctx context.Context, kinds map[string]town.Kind) error {
	rows, err := tx.ServiceKind.Query().All(ctx)
	if err != nil {
		return err
	}
	known := map[string]*ent.ServiceKind{}
	for _, row := range rows {
		known[row.ID] = row
	}
	for _, slug := range slices.Sorted(maps.Keys(kinds)) {
		k, row := kinds[slug], known[slug]
		var key *string
		if k.LeikaKey != "" {
			key = &k.LeikaKey
		}
		switch {
		case row == nil:
			err = tx.ServiceKind.Create().SetID(slug).SetNillableLeikaKey(key).SetName(text2(k.Name)).SetSynonyms(synonyms(k)).
				SetOccasions(k.Occasions).Exec(ctx)
		case !reflect.DeepEqual(row.LeikaKey, key) || !maps.Equal(row.Name, text2(k.Name)) || !reflect.DeepEqual(row.Synonyms, synonyms(k)) ||
			!slices.Equal(row.Occasions, k.Occasions):
			u := tx.ServiceKind.UpdateOneID(slug).SetName(text2(k.Name)).SetSynonyms(synonyms(k)).SetOccasions(k.Occasions).SetNillableLeikaKey(key)
			if key == nil {
				u.ClearLeikaKey()
			}
			err = u.Exec(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// importOccasions writes occasions in the order of their list. Those that it no longer names stay, since kinds may name them.
func (tx *Tx) importOccasions(ctx context.Context, occasions []town.Occasion) error {
	rows, err := tx.Occasion.Query().All(ctx)
	if err != nil {
		return err
	}
	known := map[string]*ent.Occasion{}
	for _, row := range rows {
		known[row.ID] = row
	}
	for n, o := range occasions {
		switch row := known[o.Slug]; {
		case row == nil:
			err = tx.Occasion.Create().SetID(o.Slug).SetName(text2(o.Name)).SetPosition(n).Exec(ctx)
		case !maps.Equal(row.Name, text2(o.Name)) || row.Position != n:
			err = tx.Occasion.UpdateOneID(o.Slug).SetName(text2(o.Name)).SetPosition(n).Exec(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
