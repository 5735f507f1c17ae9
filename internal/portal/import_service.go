package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"nelke/ent"
	"nelke/ent/fee"
	"nelke/ent/form"
	"nelke/ent/publicservice"
	"nelke/ent/schema"
	"nelke/internal/catalogue"
	"nelke/internal/town"
)

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
	if in.Authority == (town.Text{}) {
		u.ClearAuthority()
	} else {
		u.SetAuthority(text2(in.Authority))
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
			to = catalogue.Date(own).AddDays(-1).String()
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

// form writes a new version of a form, and how its answers change the fee. Neither ever changes under a version: drafts are bound
// to it, and keep what their answers cost.
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
		} else if !sameRules(newest.FeeRules, rules) {
			i.fault(field, "version %d is in use with other feeRules: changed rules need a new version of the form", in.Form.Version)
		}
		return nil
	}
	create := i.Form.Create().SetServiceID(row.ID).SetVersion(in.Form.Version).SetSchema(in.Form.Schema).SetSha256(digest).SetFeeRules(rules)
	if in.Form.Layout != nil {
		create.SetLayout(in.Form.Layout)
	}
	return create.Exec(ctx)
}

func sameRules(a, b schema.FeeRules) bool {
	return a.Copies == b.Copies && maps.EqualFunc(a.FreeWhen, b.FreeWhen, slices.Equal[[]string])
}

func formHash(f *town.Form) string {
	b, _ := json.Marshal([]json.RawMessage{f.Schema, f.Layout}) // both were JSON when they were loaded
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
