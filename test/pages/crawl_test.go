package pages_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"golang.org/x/net/html"

	"nelke/server"
	"nelke/test/suite"
)

// markup is what a careless or hostile author might write into any text.
const markup = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`

// TestEveryPageThatLinksLeadTo follows all links of a town's pages in both languages. There is no dead one, and each page has one heading, its own
// title, and labels for its fields.
func TestEveryPageThatLinksLeadTo(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := open(t, p, "/termin/zeiten?dienst=reisepass").press("Montag, 23. November, 8 Uhr 30").shows("Wer kommt zum Termin?")
	b.fill("Familienname", "Mustermann").press("Weiter").press("Termin verbindlich buchen").shows("Ihr Termin ist gebucht")
	b.visit("/dienste/meldebescheinigung/antrag").press("Gelesen, weiter").shows("Ihre Person")
	seen := b.crawl(func() { b.wellMade() })
	require.Greater(t, seen, 120)
}

// TestATownWhoseEveryTextIsMarkup imports a town whose every text holds markup, and types some besides. No page has an element that an author or a
// person wrote.
func TestATownWhoseEveryTextIsMarkup(t *testing.T) {
	t.Parallel()
	town := suite.NewTown(t).Renamed("markdorf", "057660099099", "05766099")
	defaced(t, town)
	p := suite.Serve(t, suite.SQLite())
	_, err := server.Import(t.Context(), p.Config, []string{town.File})
	require.NoError(t, err)
	p.Clock.Advance(11 * time.Second) // what a process may remember
	clean := func(b *reader) {
		for _, name := range []string{"script", "img"} {
			for _, n := range b.all(name) {
				require.True(t, strings.HasPrefix(attr(n, "src"), "/static/") || strings.HasPrefix(attr(n, "src"), "data:image/png;"), "%s: %s", b.url, attr(n, "src"))
				require.False(t, has(n, "onerror"))
			}
		}
	}
	b := open(t, p, "/markdorf/dienste/meldebescheinigung/antrag")
	clean(b)
	b.press("Gelesen, weiter").press("Zur Kenntnis genommen, weiter")
	for _, in := range b.all("input") {
		if attr(in, "type") != "hidden" {
			b.typed[in] = markup
		}
	}
	b.press("Weiter")
	clean(b)
	b.visit("/markdorf/dienste?suche=" + url.QueryEscape(markup))
	clean(b)
	require.Greater(t, b.visit("/markdorf").crawl(func() { clean(b) }), 100)
}

// defaced puts markup into every text of a town: names, sentences, notices and labels of forms.
func defaced(t *testing.T, town *suite.Town) {
	t.Helper()
	folder := filepath.Dir(town.File)
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !(path == town.File || strings.Contains(path, "/blomberg/") || strings.Contains(path, "/shared/")) {
			return err
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		switch filepath.Ext(path) {
		case ".md":
			raw = append(raw, []byte("\n\n"+markup+"\n")...)
		case ".yaml":
			var doc yaml.Node
			require.NoError(t, yaml.Unmarshal(raw, &doc))
			defaceYAML(&doc)
			raw, err = yaml.Marshal(&doc)
			require.NoError(t, err)
		case ".json":
			var doc any
			require.NoError(t, json.Unmarshal(raw, &doc))
			raw, err = json.Marshal(defaceJSON(doc))
			require.NoError(t, err)
		}
		return os.WriteFile(path, raw, 0o600)
	}))
}

func defaceYAML(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if name, v := n.Content[i].Value, n.Content[i+1]; (name == "de" || name == "en") && v.Kind == yaml.ScalarNode {
				v.SetString(v.Value + markup)
			}
		}
	}
	for _, c := range n.Content {
		defaceYAML(c)
	}
}

func defaceJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			if s, ok := item.(string); ok && (name == "de" || name == "en") {
				v[name] = s + markup
			} else {
				v[name] = defaceJSON(item)
			}
		}
	case []any:
		for i := range v {
			v[i] = defaceJSON(v[i])
		}
	}
	return v
}

// crawl follows every link to a page of the town from this one on, each once, and calls look on each. It returns how many there are.
func (b *reader) crawl(look func()) int {
	b.t.Helper()
	host := b.url.Host
	seen := map[string]bool{}
	next := []string{b.url.String()}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		b.get(at)
		require.Equal(b.t, http.StatusOK, b.status, at)
		if !strings.HasPrefix(b.header.Get("Content-Type"), "text/html") {
			continue
		}
		look()
		for _, a := range b.all("a") {
			to, err := b.url.Parse(attr(a, "href"))
			require.NoError(b.t, err)
			to.Fragment = ""
			if to.Host == host && !strings.HasPrefix(to.Path, "/sandbox") && to.Query().Get("ab") == "" {
				next = append(next, to.String())
			}
		}
	}
	return len(seen)
}

// wellMade requires what every page has to have.
func (b *reader) wellMade() {
	b.t.Helper()
	b.heading()
	require.NotEmpty(b.t, text(b.all("title")[0]), b.url)
	want := "de"
	if strings.HasPrefix(b.url.Path, "/en") {
		want = "en"
	}
	require.Equal(b.t, want, attr(b.all("html")[0], "lang"), b.url)
	ids := map[string]bool{}
	var each func(*html.Node)
	each = func(n *html.Node) {
		if id := attr(n, "id"); id != "" {
			require.False(b.t, ids[id], "%s: two elements %s", b.url, id)
			ids[id] = true
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			each(c)
		}
	}
	each(b.doc)
	for _, label := range b.all("label") {
		require.True(b.t, ids[attr(label, "for")], "%s: a label for %q", b.url, attr(label, "for"))
	}
	for _, kind := range []string{"input", "select", "textarea"} {
		for _, in := range b.all(kind) {
			for id := range strings.FieldsSeq(attr(in, "aria-describedby")) {
				require.True(b.t, ids[id], "%s: described by %q", b.url, id)
			}
		}
	}
}
