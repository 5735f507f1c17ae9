package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/de"

	"nelke/internal/schedule"
)

const (
	calendarDays    = 28
	concernServices = 40 // ordered triples of them are 59,280 requests that nothing remembered fits
	serviceMinutes  = 10
	zoneName        = "Europe/Berlin"
	rushPlaces      = 40
	townSlug        = "messstadt"
)

// town is what is imported: offices as each part needs them, and services that every counter serves.
type town struct {
	offices []office
	zone    *time.Location
}

// office is open daily, holidays excepted, from and to the hour.
type office struct {
	slug         string
	from, to     schedule.LocalTime
	counters     int
	horizon      int
	holdMinutes  int
	holdsPerCase int
}

const (
	step = 15
	lead = 60
)

func newTown() town {
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		panic(err) // the program has time zones of its own
	}
	return town{zone: zone, offices: []office{
		{slug: "kalender", from: 8 * 60, to: 16 * 60, counters: 4, horizon: 62, holdMinutes: 10, holdsPerCase: 2},
		{slug: "buchung", from: 6 * 60, to: 22 * 60, counters: 4, horizon: 90, holdMinutes: 60, holdsPerCase: 10},
		// Ten starts at four counters: forty places a day.
		{slug: "ansturm", from: 8 * 60, to: 10*60 + 30, counters: 4, horizon: 14, holdMinutes: 10, holdsPerCase: 2},
		// Fifty starts a day for what takes half an hour.
		{slug: "liste", from: 8 * 60, to: 20*60 + 45, counters: 4, horizon: 14, holdMinutes: 10, holdsPerCase: 2},
		// One counter, so that each hold changes the free times.
		{slug: "live", from: 8 * 60, to: 16 * 60, counters: 1, horizon: 14, holdMinutes: 60, holdsPerCase: 10},
	}}
}

func (t town) calendar() office { return t.office("kalender") }

func (t town) office(slug string) office {
	return t.offices[slices.IndexFunc(t.offices, func(o office) bool { return o.slug == slug })]
}

// service is the slug of a service, each of ten minutes.
func (town) service(i int) string { return fmt.Sprintf("anliegen-%02d", i) }

func (t town) services() (slugs []string) {
	for i := range concernServices {
		slugs = append(slugs, t.service(i))
	}
	return slugs
}

// rules are an office's rules as the schedule reads them, with counters 1, 2, 3 … and services by their slugs.
func (t town) rules(o office) schedule.Rules {
	holidays := &cal.Calendar{}
	holidays.AddHoliday(de.HolidaysNW...)
	rules := schedule.Rules{
		Zone: t.zone, Step: step, Lead: lead * time.Minute, Horizon: o.horizon,
		Holidays: func(d schedule.Date) bool {
			actual, _, _ := holidays.IsHoliday(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, t.zone))
			return actual
		},
	}
	for weekday := range 7 {
		rules.Openings = append(rules.Openings, schedule.Rule{Weekday: time.Weekday(weekday), From: o.from, To: o.to})
	}
	for i := range o.counters {
		rules.Counters = append(rules.Counters, schedule.Counter{Number: int64(i + 1), Services: t.services()})
	}
	return rules
}

// takenCells are a third of the calendar's time: half hours here and there at each counter.
func takenCells(counters []int64, from schedule.Date) (busy []schedule.Allocation) {
	zone := newTown().zone
	for i, number := range counters {
		for day := range calendarDays {
			for k := range 4 {
				minute := 8*60 + 15*i + 90*k
				first := schedule.CellOf(from.AddDays(day).Midnight(zone).Add(time.Duration(minute) * time.Minute).Unix())
				for cell := range int64(6) {
					busy = append(busy, schedule.Allocation{Counter: number, Cell: first + cell})
				}
			}
		}
	}
	return busy
}

// someCells are a few half hours at each counter, so that on one day the number of free ones differs and no start is gone.
func someCells(counters []int64, day schedule.Date) (busy []schedule.Allocation) {
	midnight := day.Midnight(newTown().zone)
	for i, number := range counters {
		for k := range 2 {
			first := schedule.CellOf(midnight.Add(time.Duration(9*60+35*i+300*k) * time.Minute).Unix())
			for cell := range int64(6) {
				busy = append(busy, schedule.Allocation{Counter: number, Cell: first + cell})
			}
		}
	}
	return busy
}

// write puts the town's files into a folder and returns the path of the one to import.
func (t town) write(folder string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `municipality:
  {slug: %s, ars: "057660016016", ags: "05766016", name: Messstadt, timeZone: %s, holidays: DE-NW}
notices:
  - {version: 1, validFrom: 2024-01-01, de: {file: notice.md}, en: {file: notice.md}}
offices:
`, townSlug, zoneName)
	served := strings.Join(t.services(), ", ")
	for _, o := range t.offices {
		fmt.Fprintf(&b, `  - slug: %s
    name: {de: %[1]s, en: %[1]s}
    address: {street: Marktplatz, houseNumber: "1", postalCode: "32825", city: Messstadt}
    stepMinutes: %d
    leadMinutes: %d
    horizonDays: %d
    holdMinutes: %d
    holdsPerCase: %d
    openingHours:
`, o.slug, step, lead, o.horizon, o.holdMinutes, o.holdsPerCase)
		for weekday := range 7 {
			fmt.Fprintf(&b, "      - {weekday: %s, from: %q, to: %q}\n", strings.ToUpper(time.Weekday(weekday).String()), o.from, o.to)
		}
		b.WriteString("    counters:\n")
		for i := range o.counters {
			fmt.Fprintf(&b, "      - {slug: s-%d, label: {de: Schalter %[1]d, en: Counter %[1]d}, services: [%s]}\n", i+1, served)
		}
	}
	b.WriteString("services:\n")
	for _, slug := range t.services() {
		fmt.Fprintf(&b, `  - slug: %s
    name: {de: %[1]s, en: %[1]s}
    summary: {de: Ein Anliegen., en: A concern.}
    information: []
    channels: [APPOINTMENT]
    appointmentMinutes: %d
    delivery: PICK_UP
    trust: NONE
`, slug, serviceMinutes)
	}
	if err := os.WriteFile(filepath.Join(folder, "notice.md"), []byte("Hinweis zum Datenschutz, nur für Messungen.\n"), 0o600); err != nil {
		return "", err
	}
	file := filepath.Join(folder, "town.yaml")
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}
