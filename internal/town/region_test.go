package town_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nelke/data"
	"nelke/internal/town"
)

// lippe is every town of the Kreis, by slug.
func lippe(t *testing.T) map[string]*town.Town {
	t.Helper()
	files, err := fs.Glob(data.Towns, "lippe/*.yaml")
	require.NoError(t, err)
	towns := map[string]*town.Town{}
	for _, file := range files {
		got, err := town.Load(data.Towns, file)
		require.NoError(t, err)
		require.Equal(t, path.Base(file), got.Municipality.Slug+".yaml")
		towns[got.Municipality.Slug] = got
	}
	return towns
}

func TestLippeHasItsSixteenTownsWithTheirKeys(t *testing.T) {
	t.Parallel()
	towns := lippe(t)
	names := map[string]string{}
	seen := map[string]bool{}
	for _, got := range towns {
		m := got.Municipality
		names[m.AGS] = m.Name
		require.Equal(t, m.ARS[:5]+m.ARS[9:], m.AGS, m.Name)
		require.Equal(t, "0"+m.AGS[5:], m.ARS[5:9], "the town is an association of its own: %s", m.Name)
		require.True(t, strings.HasPrefix(m.ARS, "05766"), m.Name)
		require.Contains(t, m.Source.Assumed(), "ars", m.Name)
		require.NotContains(t, m.Source.Assumed(), "ags", m.Name)
		require.Equal(t, [2]string{"Europe/Berlin", "DE-NW"}, [2]string{m.TimeZone, m.Holidays}, m.Name)
		for _, key := range []string{m.ARS, m.AGS, m.Slug, m.Website} {
			require.False(t, seen[key], key)
			seen[key] = true
		}
	}
	require.Equal(t, map[string]string{
		"05766004": "Augustdorf", "05766008": "Bad Salzuflen", "05766012": "Barntrup", "05766016": "Blomberg",
		"05766020": "Detmold", "05766024": "Dörentrup", "05766028": "Extertal", "05766032": "Horn-Bad Meinberg",
		"05766036": "Kalletal", "05766040": "Lage", "05766044": "Lemgo", "05766048": "Leopoldshöhe",
		"05766052": "Lügde", "05766056": "Oerlinghausen", "05766060": "Schieder-Schwalenberg", "05766064": "Schlangen",
	}, names)
}

// Of fifteen towns nothing is known but the law: no office, no form, no method of payment, no time.
func TestLippeInventsNothing(t *testing.T) {
	t.Parallel()
	shared := 0
	for slug, got := range lippe(t) {
		if slug == "blomberg" {
			require.Nil(t, got.Catalogue)
			continue
		}
		require.Empty(t, got.Offices, slug)
		require.Empty(t, got.PaymentMethods, slug)
		require.Len(t, got.Services, 27, slug)
		for _, s := range got.Services {
			require.False(t, s.Online(), s.Slug)
			require.False(t, s.Bookable(), s.Slug)
			if slices.Contains(s.Channels, town.Appointment) {
				require.Contains(t, s.Source.Assumed(), "channels", s.Slug)
			}
			for _, f := range s.Fees {
				federal := strings.Contains(f.LegalBasis.DE, "gebührenverordnung §") || strings.Contains(f.LegalBasis.DE, "Passverordnung §") || strings.HasSuffix(f.LegalBasis.DE, "Nummer 1130")
				require.Equal(t, federal, f.Source == "", "%s: what is not federal law is assumed", s.Slug)
			}
			shared++
		}
	}
	require.Equal(t, 15*27, shared)
}

// What a service is called in one town, it is in the other: kind, key and fee of the same law.
func TestLippeAgreesWithBlomberg(t *testing.T) {
	t.Parallel()
	towns := lippe(t)
	for _, s := range towns["detmold"].Services {
		same := service(t, towns["blomberg"], s.Slug)
		require.Equal(t, same.Kind, s.Kind, s.Slug)
		require.Equal(t, same.LeikaKey, s.LeikaKey, s.Slug)
		require.Equal(t, same.Name, s.Name, s.Slug)
		require.Equal(t, same.Trust, s.Trust, s.Slug)
		require.Equal(t, same.Fees, s.Fees, s.Slug)
	}
}

func TestKindsAreAllUsedAndHaveGenerousWords(t *testing.T) {
	t.Parallel()
	towns := lippe(t)
	kinds := map[string]town.Kind{}
	for _, got := range towns {
		for _, k := range got.Kinds {
			kinds[k.Slug] = k
		}
	}
	raw, err := fs.ReadFile(data.Towns, "lippe/shared/kinds.yaml")
	require.NoError(t, err)
	require.Len(t, kinds, strings.Count(string(raw), "\n  - slug: "))
	for _, s := range towns["blomberg"].Services {
		k := kinds[s.Kind]
		require.Equal(t, s.LeikaKey, k.LeikaKey, s.Slug)
		require.GreaterOrEqual(t, len(k.Words.DE), 6, s.Kind)
		require.GreaterOrEqual(t, len(k.Words.EN), 5, s.Kind)
		require.NotContains(t, k.Words.DE, k.Name.DE, s.Kind)
	}
	for _, c := range []struct {
		kind  string
		words []string
	}{
		{"identity-card", []string{"Perso", "Ausweis verlängern", "Personalausweiß"}},
		{"passport", []string{"Reisepaß", "Pass verlängern"}},
		{"certificate-of-conduct", []string{"Fürungszeugnis", "polizeiliches Führungszeugnis"}},
		{"registration-of-residence", []string{"ummelden", "Umzug"}},
		{"postal-vote", []string{"Briefwahl", "Wahlschein"}},
	} {
		require.Subset(t, kinds[c.kind].Words.DE, c.words)
	}
	require.Subset(t, kinds["identity-card"].Words.EN, []string{"ID card", "renew identity card"})
	require.Subset(t, kinds["certificate-of-conduct"].Words.EN, []string{"police clearance", "background check"})
}

func TestSharedGermanIsTypesetAsGerman(t *testing.T) {
	t.Parallel()
	got := lippe(t)["detmold"]
	check := func(where, text string) {
		for _, bad := range []string{`"`, " - ", "  ", "…", " du ", " dein", "Blomberg"} {
			require.NotContains(t, text, bad, where)
		}
	}
	for _, s := range got.Services {
		check(s.Slug, s.Name.DE+s.Summary.DE)
		for _, i := range s.Information {
			check(s.Slug, i.Title.DE+i.Body.DE)
		}
		for _, d := range s.Documents {
			check(s.Slug, d.DE)
		}
	}
	check("notice", got.Notices[0].DE.Text)
	require.NotContains(t, got.Notices[0].EN.Text, "Blomberg")
}

// folder is a copy of the Kreis in a folder of the test's own.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../data/lippe")))
	return dir
}

func change(t *testing.T, file, old, with string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(raw), old), old)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(raw), old, with, 1)), 0o600))
}

func TestLoadAllReadsAFolderInOrderAndEachFileOnce(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	towns, err := town.LoadAll([]string{filepath.Join(dir, "lemgo.yaml"), dir, dir + "/./lemgo.yaml"})
	require.NoError(t, err)
	var files []string
	for _, got := range towns {
		files = append(files, filepath.Base(got.File()))
	}
	require.Len(t, files, 16)
	require.Equal(t, "lemgo.yaml", files[0])
	require.True(t, slices.IsSorted(files[1:]))
	require.Equal(t, filepath.Join(dir, "augustdorf.yaml"), towns[1].File())
	require.EqualError(t, towns[1].Fault("services[0].kind", "here"), filepath.Join(dir, "shared", "catalogue.yaml")+":13: services[0].kind: here")
}

func TestLoadAllNamesEveryFaultOnce(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	change(t, filepath.Join(dir, "lemgo.yaml"), "Europe/Berlin", "Europe/Lemgo")
	change(t, filepath.Join(dir, "shared", "catalogue.yaml"), "cents: 900", "cents: 0")
	change(t, filepath.Join(dir, "shared", "kinds.yaml"), "slug: lost-property", "slug: lost-properties")
	_, err := town.LoadAll([]string{dir})
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 4, err.Error())
	for i, want := range []string{
		"shared/catalogue.yaml:", "shared/catalogue.yaml:", "blomberg.yaml:", "lemgo.yaml:10: municipality.timeZone: \"Europe/Lemgo\" is no IANA time zone",
	} {
		require.True(t, strings.HasPrefix(lines[i], filepath.Join(dir, want)), lines[i])
	}
	require.Contains(t, lines[0], `.cents: 0 is not between`)
	require.Contains(t, lines[1], `.kind: there is no kind "lost-property" in shared/kinds.yaml`)
}

func TestLoadAllTellsTownsApart(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	raw, err := os.ReadFile(filepath.Join(dir, "lemgo.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lemgo2.yaml"), raw, 0o600))
	change(t, filepath.Join(dir, "lemgo2.yaml"), `slug: lemgo`, "slug: zweitlemgo")
	_, err = town.LoadAll([]string{dir})
	first, second := filepath.Join(dir, "lemgo.yaml"), filepath.Join(dir, "lemgo2.yaml")
	require.EqualError(t, err, second+`:6: municipality.ars: "057660044044" is that of `+first+" too\n"+
		second+`:7: municipality.ags: "05766044" is that of `+first+" too")
}

func TestLoadAllRefusesAFolderWithoutTowns(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(empty, "folder.yaml"), 0o700))
	_, err := town.LoadAll([]string{empty})
	require.EqualError(t, err, empty+": holds no town: none of its files ends in .yaml")
	_, err = town.LoadAll([]string{filepath.Join(empty, "none")})
	require.EqualError(t, err, filepath.Join(empty, "none")+": no such file or directory")
}
