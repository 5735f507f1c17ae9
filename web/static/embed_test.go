package static_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"nelke/web/static"
)

// get asks a handler for a path, with the headers given as name and value by turns.
func get(t *testing.T, h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNamesCarryAHashOfTheContent(t *testing.T) {
	t.Parallel()
	files := static.Default()
	require.Regexp(t, `^style\.[0-9a-f]{8}\.css$`, files.Name("style.css"))
	require.Regexp(t, `^page\.[0-9a-f]{8}\.js$`, files.Name("page.js"))
	require.Equal(t, "/static/"+files.Name("page.js"), files.Path("page.js"))
	require.Empty(t, files.Name("other.css"))
	require.Empty(t, files.Path("other.css"))
}

func TestFilesMayBeKeptForGood(t *testing.T) {
	t.Parallel()
	files := static.Default()
	for name, contentType := range map[string]string{"style.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"} {
		path := files.Path(name)
		w := get(t, files.Handler(), http.MethodGet, path)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, contentType, w.Header().Get("Content-Type"))
		require.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
		require.Equal(t, "Accept-Encoding", w.Header().Get("Vary"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Empty(t, w.Header().Get("Content-Encoding"))

		again := get(t, files.Handler(), http.MethodGet, path, "If-None-Match", w.Header().Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.Code)
		require.Empty(t, again.Body.Bytes())

		head := get(t, files.Handler(), http.MethodHead, path)
		require.Equal(t, http.StatusOK, head.Code)
		require.Equal(t, w.Header().Get("Content-Length"), head.Header().Get("Content-Length"))
		require.Empty(t, head.Body.Bytes())
	}
}

func TestOtherNamesAreNotFound(t *testing.T) {
	t.Parallel()
	files := static.Default()
	for _, path := range []string{"/static/", "/static/theme.css", "/static/style.00000000.css", "/static/../embed.go", "/static/embed.go", "/"} {
		require.Equal(t, http.StatusNotFound, get(t, files.Handler(), http.MethodGet, path).Code, path)
	}
}

func TestFilesAreGzippedForThoseWhoAcceptIt(t *testing.T) {
	t.Parallel()
	files := static.Default()
	path := files.Path("style.css")
	plain := get(t, files.Handler(), http.MethodGet, path)
	for accept, want := range map[string]bool{
		"gzip": true, "GZIP": true, "gzip, deflate, br": true, "br;q=1.0, gzip;q=0.5": true, "*": true, "identity, *;q=0.1": true,
		"": false, "br": false, "gzip;q=0": false, "gzip; q=0.0, *": false, "*;q=0": false, "identity": false, "gzip;q=x": false,
	} {
		w := get(t, files.Handler(), http.MethodGet, path, "Accept-Encoding", accept)
		require.Equal(t, want, w.Header().Get("Content-Encoding") == "gzip", accept)
		require.Equal(t, want, w.Header().Get("ETag") != plain.Header().Get("ETag"), accept)
		if !want {
			require.Equal(t, plain.Body.String(), w.Body.String())
			continue
		}
		require.Equal(t, w.Body.Len(), int(w.Result().ContentLength), accept)
		small, err := gzip.NewReader(w.Body)
		require.NoError(t, err)
		content, err := io.ReadAll(small)
		require.NoError(t, err)
		require.Equal(t, plain.Body.String(), string(content))
	}
}

func TestAFolderMayHaveLinks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "data", "logo.svg"), []byte("<svg/>"), 0o600))
	require.NoError(t, os.Symlink("data", filepath.Join(folder, "newest")))
	require.NoError(t, os.Symlink(filepath.Join("newest", "logo.svg"), filepath.Join(folder, "logo.svg")))
	files, err := static.New(os.DirFS(folder))
	require.NoError(t, err)
	w := get(t, files.Handler(), http.MethodGet, files.Path("logo.svg"))
	require.Equal(t, "<svg/>", w.Body.String())
	require.Equal(t, "image/svg+xml", w.Header().Get("Content-Type"))
}

func TestAFolderReplacesAndAddsFiles(t *testing.T) {
	t.Parallel()
	files, err := static.New(fstest.MapFS{
		"style.css":        {Data: []byte("body { color: green }")},
		"fonts/town.woff2": {Data: []byte("wOF2")},
	})
	require.NoError(t, err)
	w := get(t, files.Handler(), http.MethodGet, files.Path("style.css"))
	require.Equal(t, "body { color: green }", w.Body.String())
	require.Regexp(t, `^/static/fonts/town\.[0-9a-f]{8}\.woff2$`, files.Path("fonts/town.woff2"))
	font := get(t, files.Handler(), http.MethodGet, files.Path("fonts/town.woff2"))
	require.Equal(t, "font/woff2", font.Header().Get("Content-Type"))
	require.Equal(t, "public, max-age=31536000, immutable", font.Header().Get("Cache-Control"))
	beside := get(t, files.Handler(), http.MethodGet, "/static/fonts/town.woff2")
	require.Equal(t, "wOF2", beside.Body.String())
	require.Equal(t, "public, max-age=3600", beside.Header().Get("Cache-Control"))
	require.Equal(t, static.Default().Path("page.js"), files.Path("page.js"), "what isn't replaced stays")
	require.Equal(t, http.StatusNotFound, get(t, files.Handler(), http.MethodGet, static.Default().Path("style.css")).Code)
}

// size returns how many bytes a browser loads for a file.
func size(t *testing.T, name string) int {
	t.Helper()
	files := static.Default()
	return get(t, files.Handler(), http.MethodGet, files.Path(name), "Accept-Encoding", "gzip").Body.Len()
}

func TestFilesAreSmall(t *testing.T) {
	t.Parallel()
	require.Less(t, size(t, "style.css"), 10<<10, "25 kB are allowed")
	require.Less(t, size(t, "page.js"), 6<<10, "12 kB are allowed")
}

func stylesheet(t *testing.T) string {
	t.Helper()
	files := static.Default()
	return get(t, files.Handler(), http.MethodGet, files.Path("style.css")).Body.String()
}

func TestStylesheetLoadsNothing(t *testing.T) {
	t.Parallel()
	require.NotRegexp(t, `@import|url\(`, get(t, static.Default().Handler(), http.MethodGet, static.Default().Path("beside.css")).Body.String())
	style := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(stylesheet(t), "")
	require.NotContains(t, style, "@import")
	addresses := regexp.MustCompile(`url\(["']?([^"')]*)`).FindAllStringSubmatch(style, -1)
	require.NotEmpty(t, addresses)
	for _, a := range addresses {
		require.True(t, strings.HasPrefix(a[1], "data:image/svg+xml,"), a[1])
	}
}

// An outline that is taken away hides the focus; a transparent one still shows in forced colours, so that something else may show
// the focus beside it.
func TestStylesheetLeavesTheFocusVisible(t *testing.T) {
	t.Parallel()
	style := stylesheet(t)
	require.NotRegexp(t, `outline(-style|-width)?:\s*(none|0)\b`, style)
	require.Contains(t, style, ":focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; }")
	for _, rule := range regexp.MustCompile(`(?m)^(.*) \{[^}]*outline(?:-color)?:[^;]*transparent`).FindAllStringSubmatch(style, -1) {
		require.Regexp(t, `(?m)^`+regexp.QuoteMeta(rule[1])+`::after \{ outline: 3px solid var\(--focus\)`, style, "something else shows the focus")
	}
}
