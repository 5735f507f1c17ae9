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
	"nelke/test/reader"
	"nelke/test/suite"
)

// markup is what a careless or hostile author might write into any text.
const markup = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`

// TestEveryPageThatLinksLeadTo follows all links of a town's pages in both languages. There is no dead one, and each page has one heading, its own
// title, and labels for its fields.
func TestEveryPageThatLinksLeadTo(t *testing.T) {
	t.Parallel()
	p := suite.Serve(t, suite.SQLite())
	b := reader.Open(t, p, "/termin/zeiten?dienst=reisepass").Press("Montag, 23. November, 8:30 Uhr").Shows("Wer kommt zum Termin?")
	b.Fill("Familienname", "Mustermann").Press("Weiter").Press("Termin verbindlich buchen").Shows("Ihr Termin ist gebucht")
	b.Visit("/dienste/meldebescheinigung/antrag").Press("Gelesen, weiter").Shows("Ihre Person")
	seen := crawl(b, func() { wellMade(b) })
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
	clean := func(b *reader.Reader) {
		for _, name := range []string{"script", "img"} {
			for _, n := range b.All(name) {
				if reader.Attr(n, "type") == "application/ld+json" {
					require.True(t, json.Valid([]byte(n.FirstChild.Data)), n.FirstChild.Data)
					continue
				}
				require.True(t, strings.HasPrefix(reader.Attr(n, "src"), "/static/") || strings.HasPrefix(reader.Attr(n, "src"), "data:image/png;"), "%s: %s", b.URL, reader.Attr(n, "src"))
				require.False(t, reader.Has(n, "onerror"))
			}
		}
	}
	b := reader.Open(t, p, "/markdorf/dienste/meldebescheinigung/antrag")
	clean(b)
	b.Press("Gelesen, weiter").Press("Zur Kenntnis genommen, weiter")
	for _, in := range b.All("input") {
		if reader.Attr(in, "type") != "hidden" {
			b.Typed[in] = markup
		}
	}
	b.Press("Weiter")
	clean(b)
	b.Visit("/markdorf/dienste?suche=" + url.QueryEscape(markup))
	clean(b)
	require.Greater(t, crawl(b.Visit("/markdorf"), func() { clean(b) }), 100)
}

// defaced puts markup into every text of a town: names, sentences, notices and labels of forms.
func defaced(t *testing.T, town *suite.Town) {
	t.Helper()
	folder := filepath.Dir(town.File)
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path != town.File && !strings.Contains(path, "/blomberg/") && !strings.Contains(path, "/shared/") {
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
func crawl(b *reader.Reader, look func()) int {
	b.T.Helper()
	host := b.URL.Host
	seen := map[string]bool{}
	next := []string{b.URL.String()}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		b.Get(at)
		require.Equal(b.T, http.StatusOK, b.Status, at)
		if !strings.HasPrefix(b.Header.Get("Content-Type"), "text/html") {
			continue
		}
		look()
		for _, a := range b.All("a") {
			to, err := b.URL.Parse(reader.Attr(a, "href"))
			require.NoError(b.T, err)
			to.Fragment = ""
			if to.Host == host && !strings.HasPrefix(to.Path, "/sandbox") && to.Query().Get("ab") == "" {
				next = append(next, to.String())
			}
		}
	}
	return len(seen)
}

// wellMade requires what every page has to have.
func wellMade(b *reader.Reader) {
	b.T.Helper()
	b.Heading()
	require.NotEmpty(b.T, reader.Text(b.All("title")[0]), b.URL)
	want := "de"
	if strings.HasPrefix(b.URL.Path, "/en") {
		want = "en"
	}
	require.Equal(b.T, want, reader.Attr(b.All("html")[0], "lang"), b.URL)
	ids := map[string]bool{}
	var each func(*html.Node)
	each = func(n *html.Node) {
		if id := reader.Attr(n, "id"); id != "" {
			require.False(b.T, ids[id], "%s: two elements %s", b.URL, id)
			ids[id] = true
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			each(c)
		}
	}
	each(b.Doc)
	for _, label := range b.All("label") {
		require.True(b.T, ids[reader.Attr(label, "for")], "%s: a label for %q", b.URL, reader.Attr(label, "for"))
	}
	for _, kind := range []string{"input", "select", "textarea"} {
		for _, in := range b.All(kind) {
			for id := range strings.FieldsSeq(reader.Attr(in, "aria-describedby")) {
				require.True(b.T, ids[id], "%s: described by %q", b.URL, id)
			}
		}
	}
}
