package portal

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"nelke/ent"
	entchange "nelke/ent/change"
	"nelke/ent/municipality"
	"nelke/ent/office"
	"nelke/ent/predicate"
	"nelke/ent/privacynotice"
	"nelke/ent/schema"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/problem"
	"nelke/internal/store"
	"nelke/internal/town"
)

// Import writes towns as their files say: all of them in one transaction, or nothing, so that one whose file can't be taken
// leaves the others as they were. What hasn't changed isn't touched, so a repeat does nothing, and says so; changed has a
// place for each town. What a file no longer names is no longer offered, and stays readable. Versions of forms and notices
// are never changed: a changed text under an old version is a fault. What a town has set itself (states, prices, payment
// methods, hours, closures, openings) wins over the file until the town takes it back. Kinds and occasions belong to
// no town: they are as the file imported last says, and stay.
//
// Errors: *town.Faults, of all towns together.
func (p *Portal) Import(ctx context.Context, towns ...*town.Town) (changed []bool, err error) {
	defer problem.Wrap(&err, "Import")

	digests := make([]string, len(towns))
	for n, t := range towns {
		if digests[n], err = inputHash(t); err != nil {
			return nil, err
		}
	}
	err = p.write(identity.WithActor(ctx, identity.Actor{}), func(ctx context.Context, tx *Tx) error {
		changed = make([]bool, len(towns))
		if err := tx.lockImport(ctx, towns); err != nil {
			return err
		}
		var faults []town.Fault
		kinds := map[string]town.Kind{}
		var occasions []town.Occasion
		for n, t := range towns {
			i := &importer{Tx: tx, town: t}
			if err := i.run(ctx, digests[n]); err != nil {
				return fmt.Errorf("%s: %w", t.File(), err)
			}
			faults = append(faults, i.faults...)
			if changed[n] = !i.same; changed[n] {
				if len(t.Occasions) > 0 {
					occasions = t.Occasions
				}
				for _, k := range t.Kinds {
					kinds[k.Slug] = k
				}
			}
		}
		if len(faults) > 0 {
			return &town.Faults{List: faults}
		}
		if err := tx.importOccasions(ctx, occasions); err != nil {
			return err
		}
		return tx.importKinds(ctx, kinds)
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

type importer struct {
	*Tx
	town     *town.Town
	m        *ent.Municipality
	same     bool              // the file is the one imported last
	serviced map[string]string // slugs of services to their ids
	housed   map[string]string // slugs of offices to theirs
	faults   []town.Fault
}

func (i *importer) fault(field, format string, args ...any) {
	i.faults = append(i.faults, i.town.Fault(field, format, args...))
}

// The lock of all imports: two at once would both make the same town, or give one number to two counters.
const importLock = "import"

// lockImport takes the locks of the import and of all offices of the towns, in one order.
func (tx *Tx) lockImport(ctx context.Context, towns []*town.Town) error {
	slugs := make([]string, len(towns))
	for n, t := range towns {
		slugs[n] = t.Municipality.Slug
	}
	offices, err := tx.Office.Query().Where(office.HasMunicipalityWith(store.OneOf[predicate.Municipality](municipality.FieldSlug, slugs))).IDs(ctx)
	if err != nil {
		return err
	}
	return tx.lockOffices(ctx, true, append(offices, importLock)...)
}

// run writes one town, unless its file is the one imported last. With faults what it wrote is to be rolled back.
func (i *importer) run(ctx context.Context, digest string) error {
	if err := i.lock(ctx, digest); err != nil || i.same || len(i.faults) > 0 {
		return err
	}
	for _, step := range []func(context.Context) error{i.notices, i.payments, i.pages, i.services, i.offices} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if len(i.faults) > 0 {
		return nil
	}
	i.nudge(live.Directory, live.Catalogue(i.m.ID))
	if err := i.Municipality.UpdateOneID(i.m.ID).SetImportHash(digest).Exec(ctx); err != nil {
		return err
	}
	if err := i.compare(ctx); err != nil {
		return err
	}
	return i.recordTown(ctx, i.m, change{subject: i.m.ID, action: catalogueImported, before: i.m.ImportHash, after: digest})
}

const catalogueImported = "catalogue.imported"

// compare finds out which of the town, its offices and its services the file says something else of than the one before, or
// nothing any more.
func (i *importer) compare(ctx context.Context) error {
	rows, err := i.Change.Query().Where(entchange.MunicipalityID(i.m.ID)).All(ctx)
	if err != nil {
		return err
	}
	known := map[string]string{}
	for _, row := range rows {
		known[row.ID] = row.Digest
	}
	municipality := []any{i.town.Municipality, i.town.PaymentMethods, i.town.Notices}
	if len(i.town.Pages) > 0 || len(i.town.Occasions) > 0 { // without them the digest is that of builds that knew neither
		municipality = append(municipality, i.town.Pages, i.town.Occasions)
	}
	said := map[string]any{i.m.ID: municipality}
	for _, s := range i.town.Services {
		kind := slices.IndexFunc(i.town.Kinds, func(k town.Kind) bool { return k.Slug == s.Kind })
		said[i.serviced[s.Slug]] = []any{s, i.town.Kinds[max(kind, 0):max(kind+1, 0)]}
	}
	for _, o := range i.town.Offices {
		said[i.housed[o.Slug]] = o
	}
	for subject, what := range said {
		digest, err := inputHash(what)
		if err != nil {
			return err
		}
		if known[subject] != digest {
			i.moved = append(i.moved, moved{subject, i.m.ID, digest})
		}
		delete(known, subject)
	}
	for subject, digest := range known {
		if digest != gone {
			i.moved = append(i.moved, moved{subject, i.m.ID, gone})
		}
	}
	slices.SortFunc(i.moved, func(a, b moved) int { return strings.Compare(a.subject, b.subject) })
	return nil
}

// gone stands in the place of a digest of what no file names any more.
const gone = "gone"

// lock takes the town's lock and writes the municipality's row.
func (i *importer) lock(ctx context.Context, digest string) error {
	in := i.town.Municipality
	if err := i.apart(ctx); err != nil || len(i.faults) > 0 {
		return err
	}
	existing, err := i.Municipality.Query().Where(municipality.Slug(in.Slug)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		i.m, err = i.Municipality.Create().SetSlug(in.Slug).SetArs(in.ARS).SetAgs(in.AGS).SetName(in.Name).SetTimeZone(in.TimeZone).
			SetWebsite(in.Website).SetHolidays(in.Holidays).SetEnforceTrust(in.EnforceTrust).SetAssumed(in.Source.Assumed()).
			SetProcessingDays(in.ProcessingDays).SetPaymentMinutes(in.PaymentMinutes).SetGraceMinutes(in.GraceMinutes).
			SetFrequent(in.Frequent).Save(ctx)
		return err
	case err != nil:
		return err
	case existing.Ars == in.ARS:
	case !slices.Contains(existing.Assumed, assumedARS):
		i.fault("municipality.ars", "%s is known with ARS %s, which never changes", in.Slug, existing.Ars)
		return nil
	case slices.Contains(in.Source.Assumed(), assumedARS):
		i.fault("municipality.ars", "%s is known with the assumed ARS %s, which can be corrected once: take ars out of source, if this one is certain", in.Slug, existing.Ars)
		return nil
	}
	if i.m, err = i.lockTown(ctx, existing.ID); err != nil {
		return err
	}
	if i.m.ImportHash == digest {
		i.same = true
		return nil
	}
	return i.Municipality.UpdateOneID(i.m.ID).SetArs(in.ARS).SetAgs(in.AGS).SetName(in.Name).SetTimeZone(in.TimeZone).SetWebsite(in.Website).
		SetHolidays(in.Holidays).SetEnforceTrust(in.EnforceTrust).SetAssumed(in.Source.Assumed()).
		SetProcessingDays(in.ProcessingDays).SetPaymentMinutes(in.PaymentMinutes).SetGraceMinutes(in.GraceMinutes).
		SetFrequent(in.Frequent).Exec(ctx)
}

// assumedARS is the name of the fact that a file may mark as assumed.
const assumedARS = "ars"

// apart finds out whether another town has a key of this one: one whose slug was changed in its file, or a slip of the pen.
func (i *importer) apart(ctx context.Context) error {
	in := i.town.Municipality
	others, err := i.Municipality.Query().Where(municipality.SlugNEQ(in.Slug), municipality.Or(municipality.Ars(in.ARS), municipality.Ags(in.AGS))).
		Order(municipality.ByArs()).All(ctx)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.Ars == in.ARS {
			i.fault("municipality.slug", "the town with ARS %s is known as %s, and a slug never changes", in.ARS, other.Slug)
		} else {
			i.fault("municipality.ags", "%q is that of %s", in.AGS, other.Slug)
		}
	}
	return nil
}

func (i *importer) notices(ctx context.Context) error {
	for n, in := range i.town.Notices {
		for language, text := range map[string]town.NoticeText{"de": in.DE, "en": in.EN} {
			row, err := i.PrivacyNotice.Query().Where(privacynotice.MunicipalityID(i.m.ID),
				privacynotice.Version(in.Version), privacynotice.Language(language)).Only(ctx)
			switch {
			case ent.IsNotFound(err):
				err = i.PrivacyNotice.Create().SetMunicipalityID(i.m.ID).SetVersion(in.Version).SetLanguage(language).
					SetText(text.Text).SetSha256(text.SHA256).SetValidFrom(string(in.ValidFrom)).Exec(ctx)
			case err == nil && (row.Sha256 != text.SHA256 || row.ValidFrom != string(in.ValidFrom)):
				i.fault(fmt.Sprintf("notices[%d].version", n), "version %d is in use with another text or date: a changed notice needs a new version", in.Version)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (i *importer) payments(ctx context.Context) error {
	if i.m.MethodsSet { // once the town has said how it is paid, the file no longer does
		return nil
	}
	_, err := i.replaceMethods(ctx, i.m.ID, i.town.PaymentMethods)
	return err
}

func text2(t town.Text) schema.Text { return schema.Text{"de": t.DE, "en": t.EN} }
