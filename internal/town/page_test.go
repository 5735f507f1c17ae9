package town_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"nelke/internal/town"
)

// imprint is an entry of a town's pages.
const imprint = "pages:\n  - {kind: IMPRINT, updatedOn: 2026-01-01, de: {title: Impressum, file: small/imprint.md}}\n"

// withPages is the small town with lines at the end of its file, and a text for a page beside it.
func withPages(t *testing.T, lines string) fstest.MapFS {
	t.Helper()
	files := small(t)
	files[smallTown] = &fstest.MapFile{Data: append(files[smallTown].Data, lines...)}
	files["small/imprint.md"] = &fstest.MapFile{Data: []byte("# Stadt\r\n\r\nMarkt 1\r\n")}
	return files
}

func TestAPageHasATextOrAnAddressOrBoth(t *testing.T) {
	t.Parallel()
	got, err := town.Load(withPages(t, imprint+"  - {kind: CONTACT, updatedOn: 2026-01-02, de: {title: Kontakt, url: 'https://example.org'}, "+
		"en: {title: Contact, file: small/imprint.md, url: 'https://example.org/en'}, source: assumed}\n"), smallTown)
	require.NoError(t, err)
	require.Equal(t, []town.Page{
		{Kind: town.PageImprint, UpdatedOn: "2026-01-01", DE: town.PageText{Title: "Impressum", File: "small/imprint.md", Text: "# Stadt\n\nMarkt 1"}},
		{
			Kind: town.PageContact, UpdatedOn: "2026-01-02", DE: town.PageText{Title: "Kontakt", URL: "https://example.org"},
			EN:     &town.PageText{Title: "Contact", File: "small/imprint.md", URL: "https://example.org/en", Text: "# Stadt\n\nMarkt 1"},
			Source: town.SourceAssumed,
		},
	}, got.Pages)
}

func TestFaultsOfPages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ lines, want string }{
		"nothing on it":        {"pages:\n  - {kind: IMPRINT, updatedOn: 2026-01-01, de: {title: Impressum}}\n", `small.yaml:72: pages[0].de: has neither file nor url`},
		"a kind that is none":  {strings.Replace(imprint, "IMPRINT", "BLOG", 1), `small.yaml:72: pages[0].kind: "BLOG" is none of IMPRINT, ACCESSIBILITY`},
		"a kind twice":         {imprint + strings.TrimPrefix(imprint, "pages:\n"), `small.yaml:73: pages[1].kind: "IMPRINT" is used by pages[0].kind already`},
		"English alone":        {strings.Replace(imprint, "de: {", "en: {", 1), `small.yaml:72: pages[0].de: missing`},
		"no day":               {strings.Replace(imprint, "updatedOn: 2026-01-01, ", "", 1), `small.yaml:72: pages[0].updatedOn: missing`},
		"an address of a file": {strings.Replace(imprint, "file: small/imprint.md", "url: 'file:///etc/passwd'", 1), `small.yaml:72: pages[0].de.url: "file:///etc/passwd" is no https address`},
		"a file that is away":  {strings.Replace(imprint, "imprint.md", "nowhere.md", 1), `small.yaml:72: pages[0].de.file: small/nowhere.md: file does not exist`},
		"a text that is empty": {strings.Replace(imprint, "imprint.md", "empty.md", 1), `small/empty.md:1: the text is empty`},
		"a text that turns":    {strings.Replace(imprint, "imprint.md", "turned.md", 1), `small/turned.md:1: has characters that can't be shown`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := withPages(t, c.lines)
			files["small/empty.md"] = &fstest.MapFile{Data: []byte(" \n")}
			files["small/turned.md"] = &fstest.MapFile{Data: []byte("Stadt \u202egrebmolB\n")}
			_, err := town.Load(files, smallTown)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestATownNamesWhatIsAskedForMostOften(t *testing.T) {
	t.Parallel()
	with := func(slugs string) fstest.MapFS {
		files := small(t)
		text := strings.Replace(string(files[smallTown].Data), "  name: Kleinstadt\n", "  name: Kleinstadt\n  frequent: ["+slugs+"]\n", 1)
		files[smallTown] = &fstest.MapFile{Data: []byte(text)}
		return files
	}
	got, err := town.Load(with("pass, bescheinigung"), smallTown)
	require.NoError(t, err)
	require.Equal(t, []string{"pass", "bescheinigung"}, got.Municipality.Frequent)
	for slugs, want := range map[string]string{
		"pass, perso":                        `small.yaml:6: municipality.frequent[1]: there is no service "perso"`,
		"pass, pass":                         `small.yaml:6: municipality.frequent[1]: "pass" is used by municipality.frequent[0] already`,
		strings.Repeat("pass, ", 8) + "pass": `small.yaml:6: municipality.frequent: there are more than 8`,
	} {
		_, err := town.Load(with(slugs), smallTown)
		require.ErrorContains(t, err, want)
	}
}

func TestKindsAreGroupedByOccasion(t *testing.T) {
	t.Parallel()
	with := func(list, of string) fstest.MapFS {
		files := small(t)
		text := strings.Replace(string(files[smallKinds].Data), "words: {de: [Nachweis]", "occasions: ["+of+"]\n    words: {de: [Nachweis]", 1)
		files[smallKinds] = &fstest.MapFile{Data: []byte("occasions: [" + list + "]\n" + text)}
		return files
	}
	const moving, travel = "{slug: moving, name: {de: Umzug, en: Moving}}", "{slug: travel, name: {de: Reise, en: Travel}}"
	got, err := town.Load(with(travel+", "+moving, "moving, travel"), smallTown)
	require.NoError(t, err)
	require.Equal(t, []town.Occasion{{Slug: "travel", Name: town.Text{DE: "Reise", EN: "Travel"}}, {Slug: "moving", Name: town.Text{DE: "Umzug", EN: "Moving"}}}, got.Occasions)
	require.Equal(t, []string{"moving", "travel"}, got.Kinds[0].Occasions)
	for _, c := range []struct{ list, of, want string }{
		{moving, "travel", `small/kinds.yaml:5: kinds[0].occasions[0]: there is no occasion "travel"`},
		{moving, "moving, moving", `small/kinds.yaml:5: kinds[0].occasions[1]: "moving" is used by kinds[0].occasions[0] already`},
		{moving + ", " + moving, "moving", `small/kinds.yaml:1: occasions[1].slug: "moving" is used by occasions[0].slug already`},
		{"{slug: other, name: {de: Rest, en: Rest}}", "other", `small/kinds.yaml:1: occasions[0].slug: "other" is the slug of services without an occasion`},
		{"{slug: Umzug, name: {de: Umzug, en: Moving}}", "", `small/kinds.yaml:1: occasions[0].slug: "Umzug" is no slug`},
	} {
		_, err := town.Load(with(c.list, c.of), smallTown)
		require.ErrorContains(t, err, c.want)
	}
}

// Of Blomberg nobody has confirmed what pages need, and the file says so.
func TestBlombergSaysWhatPagesShow(t *testing.T) {
	t.Parallel()
	b := blomberg(t)
	require.Len(t, b.Municipality.Frequent, 8)
	require.Contains(t, b.Municipality.Source.Assumed(), "frequent")
	require.NotEmpty(t, b.Offices[0].Directions.DE)
	require.NotEmpty(t, b.Offices[0].Directions.EN)
	require.Contains(t, b.Offices[0].Source.Assumed(), "directions")
	for _, s := range b.Services {
		justice := s.Slug == "fuehrungszeugnis" || s.Slug == "gewerbezentralregisterauskunft"
		require.Equal(t, justice, s.Authority.DE == "Bundesamt für Justiz", s.Slug)
		require.Equal(t, justice, s.Authority.EN == "Federal Office of Justice", s.Slug)
	}
	for _, k := range b.Kinds {
		require.NotEmpty(t, k.Occasions, k.Slug)
	}
	german := 0
	for _, p := range b.Pages {
		require.NotEmpty(t, p.DE.Text, p.Kind)
		require.Equal(t, town.SourceAssumed, p.Source, p.Kind)
		if p.EN == nil {
			german++
		}
	}
	require.Len(t, b.Pages, 5)
	require.Equal(t, 2, german, "easy German and sign language are German")
}
