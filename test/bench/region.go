package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	townfile "nelke/internal/town"
)

// regionTowns is how many towns the largest region has, about as many as North Rhine-Westphalia.
const regionTowns = 400

const nextQuery = `query Next($in: NextSlotsInput!) { nextSlots(input: $in) { municipality { slug name } office { id name } starts reason } }`

// benchRegion asks for the next free times in regions of ten, a hundred and four hundred towns, each with an office and
// the catalogue that all towns have. Whole answers aren't kept, since whoever asks is somebody; what they are made of is
// remembered.
func benchRegion(ctx context.Context, s *stage, results *report) (err error) {
	folder := filepath.Join(s.folder, "towns")
	if err := writeTowns(folder); err != nil {
		return err
	}
	d, err := s.imported(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	l := &bySize{stage: s, database: d, sizes: []int{10, 100, regionTowns}, check: rowsOf, ages: true}
	if l.token, err = s.clerkOf(townARS(0)); err != nil {
		return err
	}
	for _, region := range []string{"99001", "9900", "99"} {
		body, err := json.Marshal(map[string]any{"query": nextQuery, "variables": map[string]any{"in": map[string]any{
			"where": map[string]any{"region": region}, "kind": map[string]any{"slug": "identity-card"}, "from": s.from().String(), "count": 5,
		}}})
		if err != nil {
			return err
		}
		l.bodies = append(l.bodies, body)
	}
	statements, err := l.count(ctx)
	if err != nil {
		return err
	}
	rounds, times, err := l.time(ctx, "region")
	if err != nil {
		return err
	}
	const part = "region"
	for i, n := range l.sizes {
		results.add(row{part: part, what: fmt.Sprintf("statements, %d towns", n), values: []float64{float64(statements[i])}, bar: exactly(0), note: "once remembered"})
	}
	results.add(row{part: part, what: "statements, after ten seconds", values: []float64{float64(l.aged)}, note: "400 towns: one for all of them, one for the times of each"})
	l.each(part, "towns", "town", rounds, times, results)
	results.add(row{part: part, what: "memory", values: []float64{l.memory}, unit: "MiB", note: "resident, with 400 towns in use"})
	results.add(row{part: part, what: "each town, 400 : 10", values: ratios(l.shares(rounds, 2), l.shares(rounds, 0)), bar: atMost(1.3, "")})
	return nil
}

// rowsOf checks that an answer has a row for each town.
func rowsOf(size int, answer []byte) error {
	var read struct {
		Errors []any
		Data   struct {
			NextSlots []struct {
				Starts []string
				Reason string
			}
		}
	}
	if err := json.Unmarshal(answer, &read); err != nil {
		return err
	}
	starts := 0
	for _, town := range read.Data.NextSlots {
		starts += len(town.Starts)
		if len(town.Starts) == 0 && town.Reason != "LATER" {
			return fmt.Errorf("a town has nothing free: %.500s", answer)
		}
	}
	if len(read.Errors) > 0 || len(read.Data.NextSlots) != size || starts != 5 {
		return fmt.Errorf("%d towns with %d starts, wanted %d with 5: %.500s", len(read.Data.NextSlots), starts, size, answer)
	}
	return nil
}

// townARS is the Regionalschlüssel of the i-th town: ten begin with 99001, a hundred with 9900, all with 99.
func townARS(i int) string {
	district := "99010"
	switch {
	case i < 10:
		district = "99001"
	case i < 100:
		district = "99002"
	}
	return fmt.Sprintf("%s%04d%03d", district, i, i)
}

// writeTowns writes the towns beside what they share with those that exist.
func writeTowns(folder string) error {
	lippe := filepath.Join("data", "lippe")
	if err := os.CopyFS(filepath.Join(folder, "shared"), os.DirFS(filepath.Join(lippe, "shared"))); err != nil {
		return err
	}
	common, err := townfile.LoadFile(filepath.Join(lippe, "lemgo.yaml"))
	if err != nil {
		return err
	}
	var services, served strings.Builder
	for _, service := range common.Services {
		if !slices.Contains(service.Channels, townfile.Appointment) {
			continue
		}
		fmt.Fprintf(&services, "  - {slug: %s, appointmentMinutes: 15}\n", service.Slug)
		fmt.Fprintf(&served, "%s, ", service.Slug)
	}
	for i := range regionTowns {
		ars := townARS(i)
		var b strings.Builder
		fmt.Fprintf(&b, `municipality:
  {slug: ort-%03d, ars: "%s", ags: "%s", name: Ort %[1]d, timeZone: %[4]s, holidays: DE-NW}
kinds: shared/kinds.yaml
catalogue: {file: shared/catalogue.yaml}
notices:
  - {version: 1, validFrom: 2024-01-01, de: {file: shared/notices/1.de.md}, en: {file: shared/notices/1.en.md}}
offices:
  - slug: buergerbuero
    name: {de: Bürgerbüro, en: Citizens' office}
    address: {street: Markt, houseNumber: "1", postalCode: "32825", city: Ort}
    stepMinutes: 15
    leadMinutes: 60
    horizonDays: 60
    holdMinutes: 10
    holdsPerCase: 2
    openingHours:
`, i, ars, ars[:5]+ars[9:], zoneName)
		for _, day := range []string{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"} {
			fmt.Fprintf(&b, "      - {weekday: %s, from: 08:00, to: 16:00, break: {from: 12:30, to: 13:30}}\n", day)
		}
		b.WriteString("    counters:\n")
		for n := range 3 {
			fmt.Fprintf(&b, "      - {slug: s-%d, label: {de: Schalter %[1]d, en: Counter %[1]d}, services: [%s]}\n", n+1, strings.TrimSuffix(served.String(), ", "))
		}
		b.WriteString("services:\n" + services.String())
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("ort-%03d.yaml", i)), []byte(b.String()), 0o600); err != nil {
			return err
		}
	}
	return nil
}
