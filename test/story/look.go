package main

import (
	"context"
	"fmt"
	"time"
)

// look: what the town offers, what is to be known about it, and when there is time.
func (s *visiting) look(ctx context.Context) {
	s.chapter("Erika looks")
	s.step("Erika Mustermann asks what Blomberg offers.")
	s.offers(ask[services](ctx, s.story, s.erika.speaking("de"), listServices, vars{"filter": vars{"ars": blomberg}}))

	s.step("She reads about the Personalausweis.")
	s.information(s.about(ctx, s.erika, "personalausweis"))

	s.step("She looks for a free day before Christmas.")
	until := time.Date(2026, time.December, 25, 0, 0, 0, 0, s.scene.zone)
	days := int(until.Sub(s.now())/(24*time.Hour)) + 2
	s.days(ask[freeDays](ctx, s.story, s.erika, readFreeDays, vars{"in": vars{"office": s.office.ID, "concerns": s.concern(), "days": days}}))
}

func (s *visiting) offers(found services) {
	all := found.PublicServices
	prices, free := map[string]string{}, 0
	for _, one := range all.Nodes {
		price := "free"
		if one.Fee != nil {
			price = euros(one.Fee.Amount.Cents)
		} else {
			free++
		}
		prices[one.Slug] = fmt.Sprintf("%6s  %s", price, one.Name)
		if one.Slug == "personalausweis" {
			s.service = one.ID
			s.check(one.AppointmentMinutes != nil, "the Personalausweis", "minutes at the counter", one)
		}
	}
	s.check(all.TotalCount == len(all.Nodes) && free > 0 && free < len(all.Nodes), "publicServices", "all services, some of them free", all)
	s.note("%d services, %d of them with a fee. Among them:", len(all.Nodes), len(all.Nodes)-free)
	for _, row := range [][2]string{
		{"personalausweis", "meldebescheinigung"}, {"reisepass", "abmeldung-ins-ausland"}, {"fuehrungszeugnis", "briefwahlantrag"},
	} {
		s.check(prices[row[0]] != "" && prices[row[1]] != "", "publicServices", row, prices)
		s.note("  %-40s %s", prices[row[0]], prices[row[1]])
	}
}

func (s *visiting) information(found service) {
	s.check(found.Fee != nil && len(found.Information) > 0, "publicService", "a fee and information", found)
	s.check(len(found.Municipality.Offices) > 0, "publicService", "an office", found)
	s.office = found.Municipality.Offices[0]
	s.note("“%s”", found.Summary)
	s.note("%s, by %s; %d minutes at the counter.", euros(found.Fee.Amount.Cents), found.Fee.LegalBasis, *found.AppointmentMinutes)
	for _, section := range found.Information {
		s.note("%s: %s", section.Title, brief(section.Body, 76))
	}
	s.note("To bring: %s. Where: %s, %s %s.", found.Documents[0], s.office.Name, s.office.Address.Street, s.office.Address.HouseNumber)
}

// days prints one week, and of the last days, which are those before Christmas: free days left, closed ones right.
func (s *visiting) days(found freeDays) {
	s.check(found.Availability != nil, "availability", "days", found)
	words := map[string]string{"CLOSED": "closed", "HOLIDAY": "a public holiday"}
	reasons := map[string]int{}
	var left, right []string
	for i, day := range found.Availability.Days {
		date, err := time.ParseInLocation(time.DateOnly, day.Date, s.scene.zone)
		s.must(err, "a date of the calendar")
		n := len(day.Slots)
		s.check((day.Reason == "") == (n > 0), "availability", "free times or a reason", day)
		reasons[day.Reason]++
		switch {
		case i >= 7 && i < len(found.Availability.Days)-2:
		case n > 0:
			from, to := day.Slots[0].Start.In(s.scene.zone), day.Slots[n-1].Start.In(s.scene.zone)
			left = append(left, fmt.Sprintf("%-11s  %s, %s to %s", date.Format("Mon, 2 Jan"), plural(n, "time"), hour(from), hour(to)))
		default:
			right = append(right, fmt.Sprintf("%-11s  %s (%s)", date.Format("Mon, 2 Jan"), words[day.Reason], day.Reason))
		}
	}
	for i := range max(len(left), len(right)) {
		s.note("  %-40s %s", nth(left, i), nth(right, i))
	}
	s.check(reasons["CLOSED"] > 0 && reasons["HOLIDAY"] > 0, "availability", "closed days and a holiday", reasons)

	// The times of the story: two that both counters can serve.
	s.first, s.then = s.scene.at(9, 30), s.scene.at(10, 0)
	s.check(found.counters(s.first) == 2 && found.counters(s.then) == 2, "availability",
		"two counters free at 09:30 and at 10:00", found.Availability.Days[0])
}

// nth is a cell of a column, empty below its end.
func nth(column []string, i int) string {
	if i >= len(column) {
		return ""
	}
	return column[i]
}
