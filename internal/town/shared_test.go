package town_test

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"nelke/internal/town"
)

const (
	neighbour  = "neighbour.yaml"
	catalogue  = "shared/catalogue.yaml"
	smallKinds = "small/kinds.yaml"
)

// region is the small town and its neighbour, which takes its services from a catalogue: one as it is, one in other
// words, one not at all; and has one of its own.
func region(t testing.TB) fstest.MapFS {
	t.Helper()
	files := small(t)
	files["shared/forms/bescheinigung.json"] = files[smallForm]
	files[catalogue] = &fstest.MapFile{Data: []byte(`services:
  - slug: bescheinigung
    kind: certificate
    name: {de: Bescheinigung, en: Certificate}
    summary: {de: Eine Bescheinigung., en: A certificate.}
    information:
      - title: {de: Eins, en: One}
        body: {de: Text., en: Text.}
      - title: {de: Zwei, en: Two}
        body: {de: Text., en: Text.}
    channels: [ONLINE]
    fees:
      - {cents: 900, currency: EUR, legalBasis: {de: Satzung, en: By-law}, validFrom: 2026-01-01}
    delivery: POST
    trust: NONE
    form: {version: 1, file: forms/bescheinigung.json}
    source: {delivery: assumed}
  - slug: pass
    kind: passport
    leikaKey: "99085001000000"
    name: {de: Pass, en: Passport}
    summary: {de: Ein Pass., en: A passport.}
    information: []
    channels: [APPOINTMENT]
    maxQuantity: 4
    processingDays: 3
    fees:
      - {cents: 7000, currency: EUR, legalBasis: {de: Satzung, en: By-law}, validFrom: 2026-01-01}
    delivery: PICK_UP
    trust: NONE
    words: {de: [Reise]}
  - slug: hundesteuer
    name: {de: Hundesteuer, en: Dog tax}
    summary: {de: Für Hunde., en: For dogs.}
    information: []
    channels: [POST]
    delivery: NONE
    trust: NONE
`)}
	files[neighbour] = &fstest.MapFile{Data: []byte(`municipality:
  {slug: nachbar, ars: "057660020020", ags: "05766020", name: Nachbar, timeZone: Europe/Berlin, holidays: DE-NW}
kinds: small/kinds.yaml
catalogue: {file: shared/catalogue.yaml, without: [hundesteuer]}
notices:
  - {version: 1, validFrom: 2026-01-01, de: {file: small/notices/1.de.md}, en: {file: small/notices/1.en.md}}
services:
  - slug: eigenes
    name: {de: Eigenes, en: Own}
    summary: {de: Etwas., en: Something.}
    information: []
    channels: [POST]
    delivery: NONE
    trust: NONE
  - slug: pass
    name: {de: Reisepass, en: Passport}
    fees:
      - {cents: 7100, currency: EUR, legalBasis: {de: Satzung, en: By-law}, validFrom: 2026-01-01, validTo: 2026-12-31}
      - {cents: 7200, currency: EUR, legalBasis: {de: Satzung, en: By-law}, validFrom: 2027-01-01}
    processingDays: null
    maxQuantity: null
`)}
	return files
}

func TestATownOffersTheCatalogueAsItWillsAndItsOwnBehind(t *testing.T) {
	t.Parallel()
	files := region(t)
	got, err := town.Load(files, neighbour)
	require.NoError(t, err)
	require.Equal(t, neighbour, got.File())

	var slugs, kinds []string
	for _, s := range got.Services {
		slugs = append(slugs, s.Slug)
	}
	for _, k := range got.Kinds {
		kinds = append(kinds, k.Slug)
	}
	require.Equal(t, []string{"bescheinigung", "pass", "eigenes"}, slugs)
	require.Equal(t, []string{"certificate", "passport"}, kinds, "of all kinds those of its services")

	as := got.Services[0]
	require.Equal(t, 900, as.Fees[0].Cents)
	require.Equal(t, town.Sources{"delivery": town.SourceAssumed}, as.Source)
	original, err := town.Load(files, smallTown)
	require.NoError(t, err)
	require.Equal(t, original.Services[0].Form.SHA256, as.Form.SHA256, "the form beside the catalogue")

	other := got.Services[1]
	require.Equal(t, town.Text{DE: "Reisepass", EN: "Passport"}, other.Name)
	require.Equal(t, town.Text{DE: "Ein Pass.", EN: "A passport."}, other.Summary, "what it doesn't name stays")
	require.Equal(t, []int{7100, 7200}, []int{other.Fees[0].Cents, other.Fees[1].Cents}, "a field is replaced whole")
	require.Nil(t, other.ProcessingDays, "null takes a field away")
	require.Equal(t, 1, other.MaxQuantity, "and gives back the standard")
	require.Equal(t, []string{"Reise"}, other.Words.DE)
	require.Zero(t, other.AppointmentMinutes, "a town without offices has visits that nobody can book here")

	again, err := town.Load(files, neighbour)
	require.NoError(t, err)
	require.Equal(t, got, again)
}

// What only the caller can see to be wrong is named in the file where it stands, the town's or the catalogue.
func TestATownNamesTheFileOfAFieldForItsCaller(t *testing.T) {
	t.Parallel()
	got, err := town.Load(region(t), neighbour)
	require.NoError(t, err)
	for field, want := range map[string]string{
		"services[0].form.version": "shared/catalogue.yaml:16: services[0].form.version: here",
		"services[1].fees[1]":      "neighbour.yaml:19: services[1].fees[1]: here",
		"services[1].channels":     "shared/catalogue.yaml:24: services[1].channels: here",
		"services[1].form.version": "neighbour.yaml:15: services[1].form.version: here",
		"services[2].slug":         "neighbour.yaml:8: services[0].slug: here",
		"services[7].slug":         "neighbour.yaml:7: services[7].slug: here",
		"municipality.ars":         "neighbour.yaml:2: municipality.ars: here",
	} {
		require.EqualError(t, got.Fault(field, "here"), want)
	}
}

// TestSharedFilesAreNamedInTheirFaults breaks the neighbour, or what it shares, in one place at a time.
func TestSharedFilesAreNamedInTheirFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, old, new, want string }{
		{"no catalogue", neighbour, "file: shared/catalogue.yaml", "file: shared/none.yaml", `neighbour.yaml:4: catalogue.file: shared/none.yaml: file does not exist`},
		{"a catalogue outside", neighbour, "file: shared/catalogue.yaml", "file: ../catalogue.yaml", `neighbour.yaml:4: catalogue.file: "../catalogue.yaml" is not inside the folder of the town's file`},
		{"a catalogue that is a list", catalogue, "", "- a", `shared/catalogue.yaml:1: must be a mapping`},
		{"a catalogue that is no YAML", catalogue, "", "a: [", `shared/catalogue.yaml:1: did not find`},
		{"an unknown field of the catalogue's name", neighbour, "without:", "except:", `neighbour.yaml:4: catalogue.except: unknown field`},
		{"an unknown field in the catalogue", catalogue, "  - slug: hundesteuer", "  - colour: red\n    slug: hundesteuer", `shared/catalogue.yaml:32: services[2].colour: unknown field`},
		{"a missing field in the catalogue", catalogue, "    summary: {de: Eine Bescheinigung., en: A certificate.}\n", "", `shared/catalogue.yaml:2: services[0].summary: missing`},
		{"a wrong value in the catalogue", catalogue, "cents: 900", "cents: 0", `shared/catalogue.yaml:13: services[0].fees[0].cents: 0 is not between 1 and 99999900`},
		{"a form that the catalogue lacks", catalogue, "forms/bescheinigung", "forms/zeugnis", `shared/catalogue.yaml:16: services[0].form.file: shared/forms/zeugnis.json: file does not exist`},
		{"a form out of the catalogue's folder", catalogue, "forms/bescheinigung", "../small/forms/bescheinigung", `shared/catalogue.yaml:16: services[0].form.file: "../small/forms/bescheinigung.json" is not inside`},
		{"a service twice in the catalogue", catalogue, "slug: hundesteuer", "slug: bescheinigung", `neighbour.yaml:4: catalogue.without[0]: shared/catalogue.yaml has no service "hundesteuer"`},
		{"a wrong value of the town's", neighbour, "cents: 7200", "cents: 0", `neighbour.yaml:19: services[1].fees[1].cents: 0 is not between 1 and 99999900`},
		{"an unknown field of the town's", neighbour, "    maxQuantity: null", "    maxQantity: 2", `neighbour.yaml:21: services[1].maxQantity: unknown field`},
		{"a field taken away that must be there", neighbour, "name: {de: Reisepass, en: Passport}", "name:", `neighbour.yaml:16: services[1].name: is empty`},
		{"a field that the town's words make necessary", neighbour, "    maxQuantity: null", "    channels: [LINK]", `neighbour.yaml:15: services[1].links: missing: channel LINK needs one`},
		{"a kind of the catalogue's used by the town's own", neighbour, "  - slug: eigenes\n", "  - slug: eigenes\n    kind: certificate\n", `neighbour.yaml:9: services[0].kind: "certificate" is used by shared/catalogue.yaml: services[0].kind already`},
		{"a service left out that there isn't", neighbour, "[hundesteuer]", "[hundesteuer, katzensteuer]", `neighbour.yaml:4: catalogue.without[1]: shared/catalogue.yaml has no service "katzensteuer"`},
		{"a service left out and changed", neighbour, "[hundesteuer]", "[hundesteuer, pass]", `neighbour.yaml:4: catalogue.without[1]: "pass" stands in services[1]`},
		{"a service twice in the town", neighbour, "slug: eigenes", "slug: pass", `neighbour.yaml:15: services[1].slug: "pass" is used by services[0].slug already`},
		{"minutes without an office", neighbour, "    maxQuantity: null", "    appointmentMinutes: 10", `neighbour.yaml:21: services[1].appointmentMinutes: no counter serves "pass"`},
		{"an office without minutes", smallTown, "    appointmentMinutes: 15\n", "", `small.yaml:33: offices[0].counters[0].services[0]: "pass" has no appointments`},

		{"a kind that is none", catalogue, "kind: passport", "kind: pasport", `shared/catalogue.yaml:19: services[1].kind: there is no kind "pasport" in small/kinds.yaml`},
		{"a kind of the town's that is none", smallTown, "kind: passport", "kind: pasport", `small.yaml:59: services[1].kind: there is no kind "pasport" in small/kinds.yaml`},
		{"a kind with another LeiKa key", catalogue, `"99085001000000"`, `"99008001012000"`, `shared/catalogue.yaml:20: services[1].leikaKey: 99008001012000 is another object than that of the kind "passport", 99085001000000`},
		{"kinds without a list", neighbour, "kinds: small/kinds.yaml\n", "", `neighbour.yaml:1: kinds: missing: a service has a kind`},
		{"a list that isn't there", neighbour, "kinds: small/kinds.yaml", "kinds: small/sorts.yaml", `neighbour.yaml:3: kinds: small/sorts.yaml: file does not exist`},
		{"a list that is none", smallKinds, "", "kinds: {}", `small/kinds.yaml:1: kinds: must be a list`},
		{"an unknown field of a kind", smallKinds, "slug: unused", "slug: unused\n    color: red", `small/kinds.yaml:10: kinds[2].color: unknown field`},
		{"a kind twice", smallKinds, "slug: unused", "slug: passport", `small/kinds.yaml:9: kinds[2].slug: "passport" is used by kinds[1].slug already`},
		{"a kind that is no slug", smallKinds, "slug: unused", "slug: Unused", `small/kinds.yaml:9: kinds[2].slug: "Unused" is no slug`},
		{"a LeiKa key too short", smallKinds, `"99085001000000"`, `"9908500100000"`, `small/kinds.yaml:6: kinds[1].leikaKey: "9908500100000" does not have 14 digits`},
		{"a LeiKa key twice", smallKinds, "slug: unused", "slug: unused\n    leikaKey: \"99085001000000\"", `small/kinds.yaml:10: kinds[2].leikaKey: "99085001000000" is used by kinds[1].leikaKey already`},
		{"a kind without English words", smallKinds, "en: [nothing]", "en: []", `small/kinds.yaml:11: kinds[2].words.en: there must be at least one`},
		{"a kind without words", smallKinds, "    words: {de: [nichts], en: [nothing]}\n", "", `small/kinds.yaml:9: kinds[2].words: missing`},
		{"a word twice", smallKinds, "de: [nichts]", "de: [nichts, Nichts]", `small/kinds.yaml:11: kinds[2].words.de[1]: "nichts" is used by kinds[2].words.de[0] already`},
		{"a word too long", smallKinds, "de: [nichts]", `de: [` + strings.Repeat("nichts", 14) + `]`, `small/kinds.yaml:11: kinds[2].words.de[0]: has more than 80 bytes`},
		{"a word twice, with blanks and in two parts", smallKinds, "de: [nichts]", `de: ["\u00fcbel", " u\u0308bel\u200b"]`, `small/kinds.yaml:11: kinds[2].words.de[1]: "übel" is used by kinds[2].words.de[0] already`},
		{"a word that turns the direction", smallKinds, "de: [nichts]", `de: ["nic\u202ehts"]`, `small/kinds.yaml:11: kinds[2].words.de[0]: has characters that can't be shown`},
		{"a name without German", smallKinds, "{de: Unbenutzt, en: Unused}", "{en: Unused}", `small/kinds.yaml:10: kinds[2].name.de: missing`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := region(t)
			text := c.new
			if c.old != "" {
				whole := string(files[c.file].Data)
				require.Equal(t, 1, strings.Count(whole, c.old), "the breakage is one place")
				text = strings.Replace(whole, c.old, c.new, 1)
			}
			files[c.file] = &fstest.MapFile{Data: []byte(text)}
			main := neighbour
			if c.file == smallTown {
				main = smallTown
			}
			_, err := town.Load(files, main)
			var faults *town.Faults
			require.ErrorAs(t, err, &faults)
			require.Contains(t, "\n"+err.Error(), "\n"+c.want)
			require.LessOrEqual(t, len(faults.List), 3, "what follows from it would only distract: %s", err)
		})
	}
}

// FuzzCatalogue holds Load to its word for any catalogue and any list of kinds: a town or faults, never both.
func FuzzCatalogue(f *testing.F) {
	files := region(f)
	f.Add(files[catalogue].Data, files[smallKinds].Data)
	f.Add([]byte("services: [{slug: pass}, {slug: pass}]"), []byte("kinds: [{slug: a}]"))
	f.Add([]byte("catalogue: {file: shared/catalogue.yaml}"), []byte("{}"))
	f.Fuzz(func(t *testing.T, common, kinds []byte) {
		files := maps.Clone(files)
		files[catalogue], files[smallKinds] = &fstest.MapFile{Data: common}, &fstest.MapFile{Data: kinds}
		got, err := town.Load(files, neighbour)
		if (got == nil) == (err == nil) {
			t.Fatalf("town %v and error %v", got, err)
		}
	})
}
