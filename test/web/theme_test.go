//go:build web

package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"nelke/server"
)

const kern = "node_modules/@kern-ux/native/dist/"

// kernTheme is a folder with KERN's own stylesheet in the place of ours, its typeface, and a logo.
func kernTheme(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	put := func(name string, content []byte) {
		file := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, content, 0o600))
	}
	for name, from := range map[string]string{"style.css": "kern.min.css", "theme.css": "fonts/fira-sans.css"} {
		content, err := os.ReadFile(kern + from)
		require.NoError(t, err, "make test/web installs it")
		put(name, content)
	}
	require.NoError(t, os.CopyFS(filepath.Join(folder, "fira-sans"), os.DirFS(kern+"fonts/fira-sans")))
	put("logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="48" height="48"><path fill="#9c1750" d="M4 4h40v24L24 46 4 28z"/></svg>`))
	return folder
}

// TestEveryPageIsWholeWithKERNsStylesheet serves KERN's own stylesheet in the place of ours, as a town may: on a phone and on a desktop all that a page
// has can be seen and used.
func TestEveryPageIsWholeWithKERNsStylesheet(t *testing.T) { //nolint:paralleltest // one after the other, for a quiet machine
	s := serveAll(t, func(c *server.Config) { c.Theme = kernTheme(t) })
	b := open(t, s.town)
	folder := os.Getenv("NELKE_SCREENS")
	var found []string
	for i, page := range everyPage(t, s, "de") {
		if !long() && i%3 > 0 { // the long form has all, as people see them with our own stylesheet in either form
			continue
		}
		b.window(320, 900).look(page)
		for _, fault := range b.structure() {
			found = append(found, page.name+": "+fault)
		}
		for _, width := range []int64{320, 1280} {
			for _, fault := range eval[[]string](b.window(width, 900), whole) {
				found = append(found, fmt.Sprintf("%s, %d pixels wide: %s", page.name, width, fault))
			}
			if folder != "" {
				picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
				require.NoError(t, err)
				require.NoError(t, os.MkdirAll(folder, 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("kern-%s-%d.png", page.name, width)), picture, 0o600))
			}
		}
	}
	require.Empty(t, strings.Join(found, "\n"))
}

// structure returns what axe-core finds wrong with names, labels and structure: colours and sizes are KERN's own.
func (b *tab) structure() []string {
	b.t.Helper()
	return b.axeRun(`{runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], rules: {"color-contrast": {enabled: false}, "link-in-text-block": {enabled: false}}}`)
}

// whole returns what is missing on a page: what isn't seen, and what is wider than the window.
const whole = `(() => {
	const faults = [], say = (e, what) => faults.push(what + ": " + e.outerHTML.slice(0, 160));
	const page = document.scrollingElement, hidden = "details:not([open]) > :not(summary), [hidden]";
	if (page.scrollWidth > innerWidth) {
		const far = [...document.body.querySelectorAll("*")].sort((a, b) => b.getBoundingClientRect().right - a.getBoundingClientRect().right)[0];
		say(far, page.scrollWidth + " pixels wide");
	}
	for (const e of document.querySelectorAll("main, h1, a[href], button, input:not([type=hidden]), select, textarea, label, legend")) {
		if (e.closest(hidden) || e.matches(".skip")) continue;
		const box = e.getBoundingClientRect(), style = getComputedStyle(e);
		if (box.width < 1 || box.height < 1 || style.visibility !== "visible" || !e.checkVisibility({opacityProperty: true})) say(e, "not seen");
		else if (box.right <= 0 || box.left >= innerWidth || box.bottom + scrollY <= 0) say(e, "outside of the window");
	}
	for (const name of ["main", "h1"]) if (document.querySelectorAll(name).length !== 1) faults.push("not one " + name);
	for (const e of document.querySelectorAll(".skip, .kern-sr-only")) {
		if (e.closest(hidden)) continue;
		const box = e.getBoundingClientRect();
		if (!e.checkVisibility()) say(e, "not there for those who hear it");
		else if (box.width > 1 || box.height > 1) say(e, "seen");
	}
	const skip = document.querySelector(".skip");
	skip.focus();
	const box = skip.getBoundingClientRect();
	if (box.width < 20 || box.height < 20 || box.top < 0 || box.left < 0) say(skip, "not seen with the focus");
	skip.blur();
	return faults;
})()`
