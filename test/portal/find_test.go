package portal_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"nelke/server"
	"nelke/test/suite"
)

// lippe is the region with its sixteen towns, imported beside a running service.
func lippe(t *testing.T, b *suite.Backend) *suite.Process {
	t.Helper()
	p := suite.Serve(t, b)
	_, err := server.Import(t.Context(), p.Config, []string{filepath.Dir(suite.NewTown(t).File)})
	require.NoError(t, err)
	p.Clock.Advance(11 * time.Second) // what a process may remember
	return p
}

const search = `query($f: PublicServiceFilter, $first: Int, $after: String) { publicServices(filter: $f, first: $first, after: $after) {
	totalCount pageInfo { hasNextPage endCursor } nodes { id name kind { slug name leikaKey } municipality { slug } leikaKey channels fee { amount { cents } } }
	facets { free withFee channels { channel count } kinds { kind { slug } count } municipalities { municipality { slug } count } } } }`

func TestServicesAreFoundByWhatPeopleType(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := lippe(t, b)
		find := func(accept string, filter suite.Vars, page ...any) gjson.Result {
			c := p.Anonymous().For(t)
			c.Accept = accept
			return c.Do(search, with(suite.Vars{"f": filter, "first": 100}, page...)).OK("publicServices")
		}
		first := func(accept, text string) string {
			return find(accept, suite.Vars{"text": text}).Get("nodes.0.kind.slug").String()
		}
		for text, kind := range map[string]string{
			"Perso": "identity-card", "Ausweis verlängern": "identity-card", "ausweis verlaengern": "identity-card", "Personalauswies": "identity-card",
			"Reisepaß": "passport", "polizeiliches Führungszeugnis": "certificate-of-conduct", "Briefwahl beantragen": "postal-vote",
		} {
			require.Equal(t, kind, first("de", text), text)
		}
		require.Equal(t, "passport", first("en", "passport"))
		require.Equal(t, "passport", first("de", "passport"), "in the other language, where one's own has nothing")
		require.Equal(t, "postal-vote", first("en", "absentee ballot"))

		all := find("de", suite.Vars{})
		found := find("de", suite.Vars{"text": "Perso"})
		require.Less(t, found.Get("totalCount").Int(), all.Get("totalCount").Int())
		require.GreaterOrEqual(t, found.Get("totalCount").Int(), int64(16), "each town has one")
		require.Equal(t, all.Get("totalCount").Int(), find("de", suite.Vars{"text": "  "}).Get("totalCount").Int())
		for _, nothing := range []string{"xyzzy", "der die das", "\u0000", strings.Repeat("x", 500)} {
			require.Zero(t, find("de", suite.Vars{"text": nothing}).Get("totalCount").Int(), nothing)
		}

		// The best stay the best from page to page, and each comes once.
		var ids []string
		for after := any(nil); ; {
			page := find("de", suite.Vars{"text": "Perso"}, "first", 7, "after", after)
			for _, n := range page.Get("nodes.#.id").Array() {
				ids = append(ids, n.String())
			}
			if !page.Get("pageInfo.hasNextPage").Bool() {
				break
			}
			after = page.Get("pageInfo.endCursor").String()
		}
		require.Equal(t, slugs(found.Get("nodes.#.id")), ids)
	})
}

func TestServicesAreFilteredAndCounted(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		p := lippe(t, b)
		find := func(filter suite.Vars) gjson.Result {
			return p.Anonymous().For(t).Do(search, suite.Vars{"f": filter, "first": 100}).OK("publicServices")
		}
		all := find(suite.Vars{})
		total := all.Get("totalCount").Int()
		require.Len(t, all.Get("facets.municipalities").Array(), 16)
		for prefix, towns := range map[string]int{"05": 16, "05766": 16, suite.ARS: 1, "05767": 0, "9": 0, "": 16} {
			found := find(suite.Vars{"ars": prefix})
			require.Len(t, found.Get("facets.municipalities").Array(), towns, prefix)
			if towns == 16 {
				require.Equal(t, total, found.Get("totalCount").Int(), prefix)
			}
		}

		sum := int64(0)
		for _, m := range all.Get("facets.municipalities").Array() {
			sum += m.Get("count").Int()
		}
		require.Equal(t, total, sum)
		require.Equal(t, total, all.Get("facets.free").Int()+all.Get("facets.withFee").Int())
		require.Equal(t, all.Get("facets.free").Int(), find(suite.Vars{"free": true}).Get("totalCount").Int())
		require.Equal(t, all.Get("facets.withFee").Int(), find(suite.Vars{"free": false}).Get("totalCount").Int())
		for _, c := range all.Get("facets.channels").Array() {
			require.Equal(t, c.Get("count").Int(), find(suite.Vars{"channel": c.Get("channel").String()}).Get("totalCount").Int(), c.Raw)
		}
		require.NotEmpty(t, all.Get("facets.kinds").Array())
		for _, k := range all.Get("facets.kinds").Array() {
			found := find(suite.Vars{"kinds": []string{k.Get("kind.slug").String()}})
			require.Equal(t, k.Get("count").Int(), found.Get("totalCount").Int(), k.Raw)
			require.Len(t, found.Get("facets.kinds").Array(), 1)
		}

		card := find(suite.Vars{"kinds": []string{"identity-card"}})
		require.Len(t, card.Get("facets.municipalities").Array(), 16, "one kind joins the towns")
		key := card.Get("nodes.0.kind.leikaKey").String()
		if own := card.Get(`nodes.#(leikaKey!="").leikaKey`).String(); own != "" {
			key = own
		}
		require.Len(t, key, 14)
		require.Positive(t, find(suite.Vars{"leikaKeys": []string{key}}).Get("totalCount").Int())
		require.Equal(t, int64(1), find(suite.Vars{"ars": suite.ARS, "kinds": []string{"identity-card"}}).Get("totalCount").Int())
	})
}
