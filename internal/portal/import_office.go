package portal

import (
	"context"

	"nelke/ent"
	"nelke/ent/closure"
	"nelke/ent/counter"
	"nelke/ent/office"
	"nelke/ent/openingrule"
	"nelke/internal/town"
)

// offices writes the offices with their counters and rules, and raises each one's revision: a booking under way reads
// the rules again.
func (i *importer) offices(ctx context.Context) error {
	rows, err := i.Office.Query().Where(office.MunicipalityID(i.m.ID)).All(ctx)
	if err != nil {
		return err
	}
	known := map[string]*ent.Office{}
	for _, row := range rows {
		known[row.Slug] = row
	}
	for n, in := range i.town.Offices {
		row := known[in.Slug]
		delete(known, in.Slug)
		if row == nil {
			if row, err = i.Office.Create().SetMunicipalityID(i.m.ID).SetSlug(in.Slug).SetName(text2(in.Name)).
				SetStreet(in.Address.Street).SetHouseNumber(in.Address.HouseNumber).SetPostalCode(in.Address.PostalCode).SetCity(in.Address.City).
				SetTimeZone(i.town.Municipality.TimeZone).SetStepMinutes(in.StepMinutes).SetLeadMinutes(in.LeadMinutes).
				SetHorizonDays(in.HorizonDays).SetHoldMinutes(in.HoldMinutes).SetHoldsPerCase(in.HoldsPerCase).Save(ctx); err != nil {
				return err
			}
		}
		if err := i.Office.UpdateOneID(row.ID).SetName(text2(in.Name)).
			SetStreet(in.Address.Street).SetHouseNumber(in.Address.HouseNumber).SetPostalCode(in.Address.PostalCode).SetCity(in.Address.City).
			SetPhone(in.Phone).SetEmail(in.Email).SetTimeZone(i.town.Municipality.TimeZone).SetHolidays(i.town.Municipality.Holidays).
			SetStepMinutes(in.StepMinutes).SetLeadMinutes(in.LeadMinutes).SetHorizonDays(in.HorizonDays).
			SetHoldMinutes(in.HoldMinutes).SetHoldsPerCase(in.HoldsPerCase).SetActive(true).SetPosition(n).
			SetAssumed(in.Source.Assumed()).AddRevision(1).Exec(ctx); err != nil {
			return err
		}
		counters, err := i.counters(ctx, row, in)
		if err != nil {
			return err
		}
		if err := i.rules(ctx, row, in, counters); err != nil {
			return err
		}
	}
	for _, gone := range known {
		if err := i.Office.UpdateOneID(gone.ID).SetActive(false).AddRevision(1).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// counters writes an office's counters and gives their ids by slug. A counter that the file no longer names takes no
// more bookings; what it has stays in the book.
func (i *importer) counters(ctx context.Context, o *ent.Office, in town.Office) (map[string]string, error) {
	rows, err := i.Counter.Query().Where(counter.OfficeID(o.ID)).All(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]*ent.Counter{}
	for _, row := range rows {
		known[row.Slug] = row
	}
	ids := map[string]string{}
	for n, c := range in.Counters {
		services := []string{}
		for _, slug := range c.Services {
			services = append(services, i.serviced[slug])
		}
		row := known[c.Slug]
		delete(known, c.Slug)
		if row == nil {
			number, err := i.nextNumber(ctx)
			if err != nil {
				return nil, err
			}
			if row, err = i.Counter.Create().SetOfficeID(o.ID).SetSlug(c.Slug).SetLabel(text2(c.Label)).SetNumber(number).
				SetServices(services).SetPosition(n).Save(ctx); err != nil {
				return nil, err
			}
		} else if err := i.Counter.UpdateOneID(row.ID).SetLabel(text2(c.Label)).SetServices(services).SetPosition(n).SetActive(true).Exec(ctx); err != nil {
			return nil, err
		}
		ids[c.Slug] = row.ID
	}
	for _, gone := range known {
		if err := i.Counter.UpdateOneID(gone.ID).SetActive(false).Exec(ctx); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// nextNumber is the next free key of a counter's cells. Imports are alone, so counting up is safe; a number is never
// given again, since counters are never deleted.
func (i *importer) nextNumber(ctx context.Context) (int64, error) {
	last, err := i.Counter.Query().Order(ent.Desc(counter.FieldNumber)).First(ctx)
	if ent.IsNotFound(err) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	return last.Number + 1, nil
}

func (i *importer) rules(ctx context.Context, o *ent.Office, in town.Office, counters map[string]string) error {
	if _, err := i.OpeningRule.Delete().Where(openingrule.OfficeID(o.ID)).Exec(ctx); err != nil {
		return err
	}
	if _, err := i.Closure.Delete().Where(closure.OfficeID(o.ID)).Exec(ctx); err != nil {
		return err
	}
	hours := func(counter string, kind openingrule.Kind, rows []town.Hours) error {
		for _, h := range rows {
			rule := func(kind openingrule.Kind, from, to town.Clock) error {
				return i.OpeningRule.Create().SetOfficeID(o.ID).SetCounterID(counter).SetKind(kind).SetWeekday(int(h.Weekday.Day())).
					SetFromMinute(int(from)).SetToMinute(int(to)).Exec(ctx)
			}
			if h.Break == nil {
				if err := rule(kind, h.From, h.To); err != nil {
					return err
				}
				continue
			}
			// A break parts one row in two. It isn't a rule of its own kind: another counter may work through it.
			if err := rule(kind, h.From, h.Break.From); err != nil {
				return err
			}
			if err := rule(kind, h.Break.To, h.To); err != nil {
				return err
			}
		}
		return nil
	}
	if err := hours("", openingrule.KindOPEN, in.OpeningHours); err != nil {
		return err
	}
	for _, c := range in.Counters {
		if err := hours(counters[c.Slug], openingrule.KindOPEN, c.Hours); err != nil {
			return err
		}
		if err := hours(counters[c.Slug], openingrule.KindONLINE, c.PublicHours); err != nil {
			return err
		}
	}
	for _, c := range in.Closures {
		create := i.Closure.Create().SetOfficeID(o.ID).SetFromDate(string(c.From)).SetToDate(string(c.To)).SetReason(text2(c.Reason))
		if c.Hours != nil {
			create.SetFromMinute(int(c.Hours.From)).SetToMinute(int(c.Hours.To))
		}
		if err := create.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
