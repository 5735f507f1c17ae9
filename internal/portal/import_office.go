package portal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nelke/ent"
	"nelke/ent/closure"
	"nelke/ent/counter"
	"nelke/ent/office"
	"nelke/ent/openingrule"
	"nelke/internal/schedule"
	"nelke/internal/town"
)

// offices writes the offices with their counters and rules, and raises each one's revision: a booking under way reads
// the rules again.
func (i *importer) offices(ctx context.Context) error {
	rows, err := i.Office.Query().Where(office.MunicipalityID(i.m.ID)).All(ctx)
	if err != nil {
		return err
	}
	i.housed = map[string]string{}
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
		i.housed[in.Slug] = row.ID
		counters, err := i.counters(ctx, row, in)
		if err != nil {
			return err
		}
		if err := i.rules(ctx, n, row, in, counters); err != nil {
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

// rules writes an office's hours and closures. From the first day of hours that the town has set itself, for the office or
// for one counter, the file has no say.
func (i *importer) rules(ctx context.Context, n int, o *ent.Office, in town.Office, counters map[string]string) error {
	own, err := i.OpeningRule.Query().Where(openingrule.OfficeID(o.ID), openingrule.Source("town")).All(ctx)
	if err != nil {
		return err
	}
	if _, err := i.OpeningRule.Delete().Where(openingrule.OfficeID(o.ID), openingrule.SourceNEQ("town")).Exec(ctx); err != nil {
		return err
	}
	if _, err := i.Closure.Delete().Where(closure.OfficeID(o.ID), closure.SourceNEQ("town")).Exec(ctx); err != nil {
		return err
	}
	if err := i.hours(ctx, o, "", openingrule.KindOPEN, in.OpeningHours, own); err != nil {
		return err
	}
	for _, c := range in.Counters {
		if err := i.hours(ctx, o, counters[c.Slug], openingrule.KindOPEN, c.Hours, own); err != nil {
			return err
		}
		if err := i.hours(ctx, o, counters[c.Slug], openingrule.KindONLINE, c.PublicHours, own); err != nil {
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
	if len(own) == 0 {
		return nil // the file has been held against itself
	}
	return i.beyond(ctx, n, o.ID, in)
}

// hours writes the file's weekly hours of an office or a counter, up to the day before the town's own.
func (i *importer) hours(ctx context.Context, o *ent.Office, counter string, kind openingrule.Kind, hours []town.Hours, own []*ent.OpeningRule) error {
	from := "" // first day of the town's own hours
	for _, r := range own {
		if r.CounterID == counter && r.Kind == kind && (from == "" || r.ValidFrom < from) {
			from = r.ValidFrom
		}
	}
	to := ""
	if from != "" {
		to = date(from).AddDays(-1).String()
	}
	for _, h := range hours {
		for _, piece := range pieces(h) {
			if err := i.OpeningRule.Create().SetOfficeID(o.ID).SetCounterID(counter).SetKind(kind).SetWeekday(int(h.Weekday.Day())).
				SetFromMinute(int(piece.From)).SetToMinute(int(piece.To)).SetValidTo(to).Exec(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// beyond refuses a file that, together with the hours that the town has set itself, leaves a counter open outside the
// office's hours.
func (i *importer) beyond(ctx context.Context, n int, office string, in town.Office) error {
	counters, err := i.Counter.Query().Where(counter.OfficeID(office)).All(ctx)
	if err != nil {
		return err
	}
	rows, err := i.OpeningRule.Query().Where(openingrule.OfficeID(office)).All(ctx)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(i.town.Municipality.TimeZone)
	if err != nil {
		return err
	}
	written := &Office{Counters: counters}
	if c := written.beyond(rows, schedule.DateOf(i.now, zone).String()); c != nil {
		at := slices.IndexFunc(in.Counters, func(one town.Counter) bool { return one.Slug == c.Slug })
		i.fault(fmt.Sprintf("offices[%d].counters[%d].hours", n, at),
			"%s would be open outside the office's hours, now that the town has set hours itself", c.Slug)
	}
	return nil
}
