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
	"nelke/ent/opening"
	"nelke/ent/openingrule"
	"nelke/ent/schema"
	"nelke/internal/catalogue"
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
		u := i.Office.UpdateOneID(row.ID)
		if in.Directions == (town.Text{}) {
			u.ClearDirections()
		} else {
			u.SetDirections(text2(in.Directions))
		}
		if err := u.SetName(text2(in.Name)).
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
	own, err := i.OpeningRule.Query().Where(openingrule.OfficeID(o.ID), openingrule.Source(townsOwn)).All(ctx)
	if err != nil {
		return err
	}
	if _, err := i.OpeningRule.Delete().Where(openingrule.OfficeID(o.ID), openingrule.SourceNEQ(townsOwn)).Exec(ctx); err != nil {
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
	if err := i.closures(ctx, o, in.Closures); err != nil {
		return err
	}
	if err := i.openings(ctx, o, in.Openings); err != nil {
		return err
	}
	if len(own) == 0 {
		return nil // the file has been held against itself
	}
	return i.beyond(ctx, n, o.ID, in)
}

// closures writes the file's closures. One that the file had before keeps its id; one that the town has changed or taken back
// stays as the town left it.
func (i *importer) closures(ctx context.Context, o *ent.Office, closures []town.Closure) error {
	rows, err := i.Closure.Query().Where(closure.OfficeID(o.ID)).All(ctx)
	if err != nil {
		return err
	}
	known := map[string]*ent.Closure{}
	for _, row := range rows {
		key := row.FileKey
		if row.Source != townsOwn {
			key = dayKey(town.Date(row.FromDate), town.Date(row.ToDate), spansOf(catalogue.ClosedHours(row))...)
		}
		if key != "" {
			known[key] = row
		}
	}
	for _, c := range closures {
		var hours []town.Span
		if c.Hours != nil {
			hours = append(hours, *c.Hours)
		}
		key := dayKey(c.From, c.To, hours...)
		row := known[key]
		delete(known, key)
		switch {
		case row == nil:
			create := i.Closure.Create().SetOfficeID(o.ID).SetFromDate(string(c.From)).SetToDate(string(c.To)).SetReason(text2(c.Reason)).SetFileKey(key)
			if c.Hours != nil {
				create.SetFromMinute(int(c.Hours.From)).SetToMinute(int(c.Hours.To))
			}
			err = create.Exec(ctx)
		case row.Source != townsOwn:
			err = i.Closure.UpdateOneID(row.ID).SetReason(text2(c.Reason)).SetFileKey(key).Exec(ctx)
		}
		if err != nil {
			return err
		}
	}
	for _, gone := range known { // what the file no longer says; the town's own stays
		if gone.Source == townsOwn {
			err = i.Closure.UpdateOneID(gone.ID).SetFileKey("").Exec(ctx)
		} else {
			err = i.Closure.DeleteOneID(gone.ID).Exec(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openings does the same for openings of single days. On a day for which the town has one itself, the file has no say.
func (i *importer) openings(ctx context.Context, o *ent.Office, openings []town.Opening) error {
	rows, err := i.Opening.Query().Where(opening.OfficeID(o.ID), opening.CounterID("")).All(ctx)
	if err != nil {
		return err
	}
	known := map[string]*ent.Opening{}
	for _, row := range rows {
		if row.FileKey != "" {
			known[row.FileKey] = row
		}
	}
	for _, in := range openings {
		if slices.ContainsFunc(rows, func(row *ent.Opening) bool {
			return row.Source == townsOwn && row.RemovedAt == nil && row.FromDate <= string(in.To) && string(in.From) <= row.ToDate
		}) {
			continue
		}
		key := dayKey(in.From, in.To, in.Hours...)
		row := known[key]
		delete(known, key)
		switch {
		case row == nil:
			hours := make([]schema.Span, len(in.Hours))
			for n, span := range in.Hours {
				hours[n] = schema.Span{From: int(span.From), To: int(span.To)}
			}
			err = i.Opening.Create().SetOfficeID(o.ID).SetFromDate(string(in.From)).SetToDate(string(in.To)).SetHours(hours).
				SetOnline(in.Online).SetReason(text2(in.Reason)).SetFileKey(key).Exec(ctx)
		case row.Source != townsOwn:
			err = i.Opening.UpdateOneID(row.ID).SetOnline(in.Online).SetReason(text2(in.Reason)).Exec(ctx)
		}
		if err != nil {
			return err
		}
	}
	for _, gone := range known {
		if gone.Source == townsOwn {
			err = i.Opening.UpdateOneID(gone.ID).SetFileKey("").Exec(ctx)
		} else {
			err = i.Opening.DeleteOneID(gone.ID).Exec(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// spansOf is a span as a town's file has it; none for nil.
func spansOf(span *catalogue.OpeningSpan) []town.Span {
	if span == nil {
		return nil
	}
	return []town.Span{{From: town.Clock(span.From), To: town.Clock(span.To)}}
}

// hours writes the file's weekly hours of an office or a counter, for the days on which the town has none of its own.
func (i *importer) hours(ctx context.Context, o *ent.Office, counter string, kind openingrule.Kind, hours []town.Hours, own []*ent.OpeningRule) error {
	var mine []schedule.Rule
	for _, r := range own {
		if r.CounterID == counter && r.Kind == kind {
			mine = append(mine, schedule.Rule{ValidFrom: catalogue.Date(r.ValidFrom), ValidTo: catalogue.Date(r.ValidTo)})
		}
	}
	for _, gap := range schedule.Gaps(mine) {
		for _, h := range hours {
			for _, piece := range pieces(h) {
				if err := i.OpeningRule.Create().SetOfficeID(o.ID).SetCounterID(counter).SetKind(kind).SetWeekday(int(h.Weekday.Day())).
					SetFromMinute(int(piece.From)).SetToMinute(int(piece.To)).SetValidFrom(dateText(gap.From)).SetValidTo(dateText(gap.To)).Exec(ctx); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// dateText is a date as the database holds it; empty for none.
func dateText(d schedule.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
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
	written := &catalogue.Office{Counters: counters}
	if c := openBeyond(written, rows, schedule.DateOf(i.now, zone).String()); c != nil {
		at := slices.IndexFunc(in.Counters, func(one town.Counter) bool { return one.Slug == c.Slug })
		i.fault(fmt.Sprintf("offices[%d].counters[%d].hours", n, at),
			"%s would be open outside the office's hours, now that the town has set hours itself", c.Slug)
	}
	return nil
}
