package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"nelke/ent"
	entchange "nelke/ent/change"
	"nelke/ent/fee"
	"nelke/ent/form"
	"nelke/ent/municipality"
	"nelke/ent/office"
	"nelke/ent/predicate"
	"nelke/ent/privacynotice"
	"nelke/ent/publicservice"
	"nelke/ent/schema"
	"nelke/internal/identity"
	"nelke/internal/live"
	"nelke/internal/store"
	"nelke/internal/town"
)

// Import writes towns as their files say: all of them in one transaction, or nothing, so that one whose file can't be taken
// leaves the others as they were. What hasn't changed isn't touched, so a repeat does nothing, and says so; changed has a
// place for each town. What a file no longer names is no longer offered, and stays readable. Versions of forms and notices
// are never changed: a changed text under an old version is a fault. What a town has set itself (states, prices, payment
// methods, hours, closures, openings) wins over the file until the town takes it back. Kinds belong to no town: they are as
// the file imported last says, and stay.
//
// Errors: *town.Faults, of all towns together.
func (p *Portal) Import(ctx context.Context, towns ...*town.Town) (changed []bool, err error) {
	defer wrap(&err, "Import")

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
		for n, t := range towns {
			i := &importer{Tx: tx, town: t}
			if err := i.run(ctx, digests[n]); err != nil {
				return fmt.Errorf("%s: %w", t.File(), err)
			}
			faults = append(faults, i.faults...)
			if changed[n] = !i.same; changed[n] {
				for _, k := range t.Kinds {
					kinds[k.Slug] = k
				}
			}
		}
		if len(faults) > 0 {
			return &town.Faults{List: faults}
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
	for _, step := range []func(context.Context) error{i.notices, i.payments, i.services, i.offices} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if len(i.faults) > 0 {
		return nil
	}
	i.nudge(directoryKey, live.Catalogue(i.m.ID))
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
	said := map[string]any{i.m.ID: []any{i.town.Municipality, i.town.PaymentMethods, i.town.Notices}}
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
	existing, err := i.Municipality.Query().Where(municipality.Slug(in.Slug)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		i.m, err = i.Municipality.Create().SetSlug(in.Slug).SetArs(in.ARS).SetAgs(in.AGS).SetName(in.Name).SetTimeZone(in.TimeZone).
			SetWebsite(in.Website).SetHolidays(in.Holidays).SetEnforceTrust(in.EnforceTrust).SetAssumed(in.Source.Assumed()).
			SetProcessingDays(in.ProcessingDays).SetPaymentMinutes(in.PaymentMinutes).SetGraceMinutes(in.GraceMinutes).Save(ctx)
		return err
	case err != nil:
		return err
	case existing.Ars != in.ARS:
		i.fault("municipality.ars", "%s is known with ARS %s, which never changes", in.Slug, existing.Ars)
		return nil
	}
	if i.m, err = i.lockTown(ctx, existing.ID); err != nil {
		return err
	}
	if i.m.ImportHash == digest {
		i.same = true
		return nil
	}
	return i.Municipality.UpdateOneID(i.m.ID).SetAgs(in.AGS).SetName(in.Name).SetTimeZone(in.TimeZone).SetWebsite(in.Website).
		SetHolidays(in.Holidays).SetEnforceTrust(in.EnforceTrust).SetAssumed(in.Source.Assumed()).
		SetProcessingDays(in.ProcessingDays).SetPaymentMinutes(in.PaymentMinutes).SetGraceMinutes(in.GraceMinutes).Exec(ctx)
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

func (i *importer) services(ctx context.Context) error {
	i.serviced = map[string]string{}
	rows, err := i.PublicService.Query().Where(publicservice.MunicipalityID(i.m.ID)).All(ctx)
	if err != nil {
		return err
	}
	known := map[string]*ent.PublicService{}
	for _, row := range rows {
		known[row.Slug] = row
	}
	for n, in := range i.town.Services {
		row := known[in.Slug]
		delete(known, in.Slug)
		if row == nil {
			if row, err = i.PublicService.Create().SetMunicipalityID(i.m.ID).SetSlug(in.Slug).SetKind(in.Kind).
				SetName(text2(in.Name)).SetSummary(text2(in.Summary)).SetChannels([]string{}).
				SetDelivery(publicservice.Delivery(in.Delivery)).SetTrust(publicservice.Trust(in.Trust)).Save(ctx); err != nil {
				return err
			}
		}
		i.serviced[in.Slug] = row.ID
		if err := i.service(ctx, n, row, in); err != nil {
			return err
		}
		if err := i.fees(ctx, row, in); err != nil {
			return err
		}
		if err := i.form(ctx, n, row, in); err != nil {
			return err
		}
	}
	for _, gone := range known {
		if err := i.PublicService.UpdateOneID(gone.ID).SetActive(false).AddRevision(1).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (i *importer) service(ctx context.Context, n int, row *ent.PublicService, in town.Service) error {
	u := i.PublicService.UpdateOneID(row.ID).SetKind(in.Kind).SetName(text2(in.Name)).SetSummary(text2(in.Summary)).
		SetMaxQuantity(in.MaxQuantity).SetCombinable(in.Combinable).SetDelivery(publicservice.Delivery(in.Delivery)).
		SetTrust(publicservice.Trust(in.Trust)).SetActive(true).SetPosition(n).SetAssumed(in.Source.Assumed()).
		SetSynonyms(words(in.Words)).AddRevision(1)
	if in.LeikaKey == "" {
		u.ClearLeikaKey()
	} else {
		u.SetLeikaKey(in.LeikaKey)
	}
	if in.AppointmentMinutes == 0 {
		u.ClearAppointmentMinutes()
	} else {
		u.SetAppointmentMinutes(in.AppointmentMinutes)
	}
	channels := []string{}
	for _, c := range in.Channels {
		channels = append(channels, string(c))
	}
	sections := []schema.Section{}
	for _, s := range in.Information {
		sections = append(sections, schema.Section{Title: text2(s.Title), Body: text2(s.Body)})
	}
	documents := []schema.Text{}
	for _, d := range in.Documents {
		documents = append(documents, text2(d))
	}
	links := []schema.Link{}
	for _, l := range in.Links {
		links = append(links, schema.Link{URL: l.URL, Label: text2(l.Label)})
	}
	u.SetNillableProcessingDays(in.ProcessingDays)
	if in.ProcessingDays == nil {
		u.ClearProcessingDays()
	}
	u.SetChannels(channels).SetInformation(sections).SetDocuments(documents).SetLinks(links)
	if !row.StateSet { // once the town has said when a service is open, the file no longer does
		u.SetNillableOpensAt(in.OpensAt).SetNillableClosesAt(in.ClosesAt)
		if in.OpensAt == nil {
			u.ClearOpensAt()
		}
		if in.ClosesAt == nil {
			u.ClearClosesAt()
		}
	}
	return u.Exec(ctx)
}

// fees writes the file's prices. From the first day of a price that the town has set itself, the file has no say.
func (i *importer) fees(ctx context.Context, row *ent.PublicService, in town.Service) error {
	rows, err := i.Fee.Query().Where(fee.ServiceID(row.ID)).Order(fee.ByValidFrom()).All(ctx)
	if err != nil {
		return err
	}
	own := "" // first day of the town's own prices
	for _, f := range rows {
		if f.Source != townsOwn {
			if err := i.Fee.DeleteOneID(f.ID).Exec(ctx); err != nil {
				return err
			}
		} else if own == "" {
			own = f.ValidFrom
		}
	}
	for _, f := range in.Fees {
		from, to := string(f.ValidFrom), string(f.ValidTo)
		if own != "" && from >= own {
			continue
		}
		if own != "" && (to == "" || to >= own) {
			to = date(own).AddDays(-1).String()
		}
		create := i.Fee.Create().SetServiceID(row.ID).SetCents(f.Cents).SetCurrency(f.Currency).SetLegalBasis(text2(f.LegalBasis)).
			SetValidFrom(from).SetValidTo(to).SetSource(string(f.Source))
		if f.FurtherCopyCents > 0 {
			create.SetFurtherCopyCents(f.FurtherCopyCents)
		}
		for _, old := range rows { // a price keeps its id for as long as it begins on the same day
			if old.Source != townsOwn && old.ValidFrom == from {
				create.SetID(old.ID)
			}
		}
		if err := create.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// form writes a new version of a form, and how its answers change the fee. Older versions keep their own rules, as the drafts
// that are bound to them do.
func (i *importer) form(ctx context.Context, n int, row *ent.PublicService, in town.Service) error {
	if in.Form == nil {
		return nil
	}
	field := fmt.Sprintf("services[%d].form.version", n)
	rules := schema.FeeRules{}
	if in.FeeRules != nil {
		rules = schema.FeeRules{Copies: in.FeeRules.Copies, FreeWhen: in.FeeRules.FreeWhen}
	}
	digest := formHash(in.Form)
	newest, err := i.Form.Query().Where(form.ServiceID(row.ID)).Order(ent.Desc(form.FieldVersion)).First(ctx)
	switch {
	case err != nil && !ent.IsNotFound(err):
		return err
	case err == nil && newest.Version > in.Form.Version:
		i.fault(field, "version %d is older than version %d, which is in use", in.Form.Version, newest.Version)
		return nil
	case err == nil && newest.Version == in.Form.Version:
		if newest.Sha256 != digest {
			i.fault(field, "version %d is in use with other content: a changed form needs a new version", in.Form.Version)
		}
		return i.Form.UpdateOneID(newest.ID).SetFeeRules(rules).Exec(ctx)
	}
	create := i.Form.Create().SetServiceID(row.ID).SetVersion(in.Form.Version).SetSchema(in.Form.Schema).SetSha256(digest).SetFeeRules(rules)
	if in.Form.Layout != nil {
		create.SetLayout(in.Form.Layout)
	}
	return create.Exec(ctx)
}

func formHash(f *town.Form) string {
	b, _ := json.Marshal([]json.RawMessage{f.Schema, f.Layout}) // both were JSON when they were loaded
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
