//go:build web

package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/reader"
	"nelke/test/suite"
)

// chromium is the browser of all tests of the package.
var chromium context.Context

func TestMain(m *testing.M) {
	// The sandbox doesn't start for root, as whom containers run tests; the only pages are those of the tests.
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(chromedp.NoSandbox))
	if err := chromedp.Do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "Chromium doesn't start:", err)
		os.Exit(1)
	}
	chromium = ctx //nolint:fatcontext // chromedp keeps the browser in it
	code := m.Run()
	cancel()
	os.Exit(code)
}

// serve starts the service under the address that browsers use.
func serve(t *testing.T, b *suite.Backend) *suite.Process {
	t.Helper()
	p := suite.Serve(t, b, func(c *server.Config) { c.PublicURL = "" })
	p.Config.PublicURL = p.URL // which tokens of staff are issued under
	return p
}

// each runs a test on the embedded default and, in the long form of the proofs, on PostgreSQL with Redis: what the browser does is the same, and
// test/pages has both.
func each(t *testing.T, test func(t *testing.T, backend *suite.Backend)) {
	t.Helper()
	if long() {
		suite.Each(t, test)
		return
	}
	test(t, suite.SQLite())
}

// long reports whether the proofs run in their long form.
func long() bool { return os.Getenv("NELKE_PROOFS") == "long" }

// tab is a tab of the browser, in a profile of its own.
type tab struct {
	t       *testing.T
	ctx     context.Context
	console iter.Seq2[chromedp.ConsoleMessage, error]
	base    string
}

// open opens a tab. When the test ends, the browser may have reported no error: no exception, no breach of the policy.
func open(t *testing.T, p *suite.Process) *tab {
	t.Helper()
	timed, stop := context.WithTimeout(chromium, 8*time.Minute)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(timed, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	b := &tab{t: t, ctx: ctx, console: chromedp.Console(ctx), base: p.URL}
	b.window(1280, 900)
	b.do(chromedp.Navigate("about:blank"))
	t.Cleanup(b.quiet)
	return b
}

// quiet fails the test where the browser has reported an error.
func (b *tab) quiet() {
	b.t.Helper()
	const last = "the test has ended"
	eval[any](b, `console.log("`+last+`")`)
	for message, err := range b.console {
		require.NoError(b.t, err)
		if message.Text == last {
			return
		}
		if (message.Type == chromedp.ConsoleError || message.IsException()) && !strings.Contains(message.String(), "the server responded with a status of") {
			require.Fail(b.t, "the browser reports an error", message.String())
		}
	}
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

func (b *tab) visit(path string) *tab {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
	return b
}

// window sets the size of the window in CSS pixels.
func (b *tab) window(width, height int64) *tab {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height))
	return b
}

// media sets what style sheets ask for, such as prefers-color-scheme: dark.
func (b *tab) media(features ...string) *tab {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{}
	for _, f := range features {
		name, value, _ := strings.Cut(f, ": ")
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	call(b, emulation.SetEmulatedMedia, params)
	return b
}

// signIn gives the tab the case of a browser without script.
func (b *tab) signIn(r *reader.Reader) *tab {
	b.t.Helper()
	address, err := url.Parse(b.base)
	require.NoError(b.t, err)
	for _, c := range r.Client.Jar.Cookies(r.URL) {
		call(b, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: address.String()})
	}
	return b
}

// until waits until an expression of the page is true, also across a change of the page.
func (b *tab) until(condition string) *tab {
	b.t.Helper()
	wait := fmt.Sprintf(`new Promise((resolve) => {
		const check = () => ((%s) ? resolve(true) : setTimeout(check, 10));
		check();
	})`, condition)
	for {
		timed, stop := context.WithTimeout(b.ctx, 30*time.Second)
		_, err := chromedp.Run(timed, chromedp.Evaluate[bool](wait, chromedp.EvalAwaitPromise))
		late := timed.Err() != nil
		stop()
		if err == nil {
			return b
		}
		if late {
			require.NoError(b.t, err, "%s on %s", condition, eval[string](b, `location.href + " " + document.body.innerText.slice(0, 2000)`))
		}
	}
}

// shows waits for a page with a heading.
func (b *tab) shows(heading string) *tab {
	b.t.Helper()
	return b.until(fmt.Sprintf(`document.readyState === "complete" && document.querySelector("h1")?.innerText.trim() === %s`, quoted(heading)))
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(b)
}

// eval returns the value of an expression of the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return v
}

// call runs a command of the browser's protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
	return r
}

// press presses keys, as a keyboard sends them.
func (b *tab) press(keys string) *tab {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
	return b
}

// focused is what has the focus: its words, and whether a person sees that it has the focus.
type focused struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	Seen bool   `json:"seen"`
}

func (b *tab) focus() focused {
	b.t.Helper()
	return eval[focused](b, `(() => {
		const e = document.activeElement ?? document.body ?? document.documentElement, s = getComputedStyle(e);
		const label = e.id && document.querySelector("label[for='" + CSS.escape(e.id) + "']");
		const name = e.getAttribute("aria-label") || (label ? label.innerText : e.innerText) || "";
		const box = e.getBoundingClientRect();
		return {name: e === document.body ? "" : name.trim().replace(/\s+/g, " ").replace(" :", ":"), id: e.id, seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && box.width > 0 && box.height > 0};
	})()`)
}

// tabTo moves the focus by the Tab key to what has a name, or begins with it. Everything on the way has a focus that is seen.
func (b *tab) tabTo(name string) *tab {
	b.t.Helper()
	var way []string
	for range 250 {
		b.press("\t")
		f := b.focus()
		if f.Name != "" {
			require.True(b.t, f.Seen, "the focus on %q isn't seen: %s", f.Name, eval[string](b, "location.href"))
		}
		if strings.HasPrefix(f.Name, name) {
			return b
		}
		way = append(way, f.Name)
	}
	require.Fail(b.t, "the keyboard doesn't reach it", "%q on %s by way of %q", name, eval[string](b, "location.href"), way)
	return b
}

// enter goes to something by keyboard and presses Enter.
func (b *tab) enter(name string) *tab {
	b.t.Helper()
	return b.tabTo(name).press("\r")
}

// tick goes to a box by keyboard and ticks it.
func (b *tab) tick(name string) *tab {
	b.t.Helper()
	return b.tabTo(name).press(" ")
}

// type goes to a field by keyboard and types.
func (b *tab) write(name, text string) *tab {
	b.t.Helper()
	return b.tabTo(name).press(text)
}

// clear makes the tab forget its cookies.
func (b *tab) clear() {
	b.t.Helper()
	call(b, network.ClearBrowserCookies, cdp.Empty{})
}
