//go:build web

package static_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"nelke/web/static"
)

// policy is the content security policy of the pages.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; " +
	"require-trusted-types-for 'script'; trusted-types nelke"

// chromium is the browser of all tests of the package.
var chromium context.Context

func TestMain(m *testing.M) {
	// The sandbox doesn't start for root, as whom containers run tests; the only pages are those of the tests.
	var cancel context.CancelFunc
	chromium, cancel = chromedp.NewContext( //nolint:fatcontext // one browser for all tests
		context.Background(), chromedp.WithAllocatorOptions(chromedp.NoSandbox))
	if err := chromedp.Do(chromium); err != nil {
		fmt.Fprintln(os.Stderr, "Chromium doesn't start:", err)
		os.Exit(1)
	}
	code := m.Run()
	cancel()
	os.Exit(code)
}

// site serves pages of a test under the policy, server-sent events at /live and none at /refused, and takes what forms send.
type site struct {
	*httptest.Server
	pages   map[string]string // the content of main by path
	loads   chan string       // the path of each page that is loaded
	posts   chan url.Values   // what each form sends
	streams chan *stream      // each connection for events
	refused chan string       // each connection for events that was refused
}

// stream is a connection for server-sent events.
type stream struct {
	events chan string
	gone   <-chan struct{} // closed when the browser has left
	cut    context.CancelFunc
}

func newSite(t *testing.T, pages map[string]string) *site {
	t.Helper()
	s := &site{pages: pages, loads: make(chan string, 100), posts: make(chan url.Values, 100), streams: make(chan *stream, 100), refused: make(chan string, 100)}
	files := static.Default()
	mux := http.NewServeMux()
	mux.Handle("GET "+static.Prefix, files.Handler())
	mux.HandleFunc("GET /live", s.live)
	mux.HandleFunc("GET /refused", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		s.refused <- r.URL.Path
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_ = r.ParseForm() // what can't be read is missing in what the test expects
			s.posts <- r.PostForm
		} else {
			s.loads <- r.URL.Path
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		fmt.Fprintf(w, `<!DOCTYPE html><html lang="de"><head><title>Probe</title><link rel="stylesheet" href="%s"><script type="module" src="%s"></script></head>
<body><main>%s</main><div id="live" role="status"></div></body></html>`, files.Path("style.css"), files.Path("page.js"), s.pages[r.URL.Path])
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// live serves one connection for events until the browser leaves or the test cuts it.
func (s *site) live(w http.ResponseWriter, r *http.Request) {
	ctx, cut := context.WithCancel(r.Context())
	defer cut()
	w.Header().Set("Content-Type", "text/event-stream")
	_ = http.NewResponseController(w).Flush() // a browser that left is seen below
	connection := &stream{events: make(chan string, 100), gone: r.Context().Done(), cut: cut}
	s.streams <- connection
	for {
		select {
		case event := <-connection.events:
			fmt.Fprint(w, event)
			_ = http.NewResponseController(w).Flush()
		case <-ctx.Done():
			return
		}
	}
}

// send sends an event; "" is a plain message.
func (s *stream) send(event, data string) {
	data = "data: " + strings.ReplaceAll(data, "\n", "\ndata: ") + "\n\n"
	if event != "" {
		data = "event: " + event + "\n" + data
	}
	s.events <- data
}

// next returns the next value of a channel.
func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		require.FailNow(t, "nothing comes")
		panic("unreachable")
	}
}

// tab is a tab of the browser, in a profile of its own.
type tab struct {
	t       *testing.T
	ctx     context.Context
	console iter.Seq2[chromedp.ConsoleMessage, error]
}

// open opens a tab and loads an address. The scripts run before those of each page. When the test ends, nothing may have gone wrong
// in the tab: no exception, no breach of the policy, no request that failed.
func open(t *testing.T, address string, scripts ...string) *tab {
	t.Helper()
	timed, stop := context.WithTimeout(chromium, 2*time.Minute)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(timed, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	b := &tab{t: t, ctx: ctx, console: chromedp.Console(ctx)}
	for _, script := range scripts {
		call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	}
	t.Cleanup(b.quiet)
	b.load(address)
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
		if message.Type == chromedp.ConsoleError || message.IsException() {
			require.Fail(b.t, "the browser reports an error", message.String())
		}
	}
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

func (b *tab) load(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

func (b *tab) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// until waits until an expression of the page is true, also across a change of the page.
func (b *tab) until(condition string) {
	b.t.Helper()
	wait := fmt.Sprintf(`new Promise((resolve) => {
		const check = () => ((%s) ? resolve(true) : setTimeout(check, 10));
		check();
	})`, condition)
	for {
		_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](wait, chromedp.EvalAwaitPromise))
		if err == nil {
			return
		}
		if b.ctx.Err() != nil {
			require.NoError(b.t, err, condition)
		}
	}
}

// eval returns the value of an expression of the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return v
}

// call runs a command of the browser's protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
}
