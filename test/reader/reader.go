// Package reader is a browser without script, for tests of the pages: it follows links and fills in forms by what the HTML says.
package reader

import (
	"cmp"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"nelke/test/suite"
)

// Reader shows one page at a time, as a person without script sees it.
type Reader struct {
	T       testing.TB
	Process *suite.Process
	Client  *http.Client
	URL     *url.URL // of the page
	Status  int
	Header  http.Header
	Doc     *html.Node
	Typed   map[*html.Node]string // what was typed into the page's fields
}

// proxied sends requests for any host to one process, as a proxy that ends TLS does.
type proxied struct {
	address   string
	transport *http.Transport
}

func (p proxied) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.Host = "http", p.address, r.URL.Host
	answer, err := p.transport.RoundTrip(out)
	if err == nil {
		answer.Request = r
	}
	return answer, err
}

// Open returns a browser that shows a page of a service.
func Open(t testing.TB, p *suite.Process, path string) *Reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := &Reader{T: t, Client: &http.Client{Jar: jar}}
	b.At(p)
	return b.Get(cmp.Or(p.Config.PublicURL, p.URL) + path)
}

// At sends the browser's requests to another process from now on.
func (b *Reader) At(p *suite.Process) {
	to := proxied{strings.TrimPrefix(p.URL, "http://"), &http.Transport{}}
	b.T.Cleanup(to.transport.CloseIdleConnections)
	b.Process, b.Client.Transport = p, to
}

// Visit goes to a page by its address.
func (b *Reader) Visit(path string) *Reader {
	b.T.Helper()
	return b.Get(cmp.Or(b.Process.Config.PublicURL, b.Process.URL) + path)
}

// Again sends a request once more, as a double click does.
func (b *Reader) Again(r *http.Request) *http.Request {
	b.T.Helper()
	clone := r.Clone(r.Context())
	if r.GetBody != nil {
		body, err := r.GetBody()
		require.NoError(b.T, err)
		clone.Body = body
	}
	return clone
}

func (b *Reader) Get(address string) *Reader {
	b.T.Helper()
	r, err := http.NewRequestWithContext(b.T.Context(), http.MethodGet, address, nil)
	require.NoError(b.T, err)
	b.Do(r)
	return b
}

func (b *Reader) Do(r *http.Request) {
	b.T.Helper()
	answer, err := b.Client.Do(r)
	require.NoError(b.T, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(b.T, err)
	b.URL, b.Status, b.Header, b.Typed = answer.Request.URL, answer.StatusCode, answer.Header, map[*html.Node]string{}
	b.Doc, err = html.Parse(strings.NewReader(string(body)))
	require.NoError(b.T, err)
}

// All returns the elements of a kind, in the order of the page.
func (b *Reader) All(name string) []*html.Node { return Within(b.Doc, name) }

func Within(n *html.Node, name string) (found []*html.Node) {
	if n.Type == html.ElementNode && n.Data == name {
		found = append(found, n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		found = append(found, Within(c, name)...)
	}
	return found
}

func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func Has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// Text returns what an element says, with white space as a browser shows it.
func Text(n *html.Node) string {
	var all strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			all.WriteString(n.Data)
		}
		if n.Type == html.ElementNode && (n.Data == "br" || n.Data == "p" || n.Data == "li" || n.Data == "dt" || n.Data == "dd" || n.Data == "div") {
			all.WriteByte(' ')
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return strings.Join(strings.Fields(all.String()), " ")
}

// Heading returns the page's only heading of the first level.
func (b *Reader) Heading() string {
	b.T.Helper()
	headings := b.All("h1")
	require.Len(b.T, headings, 1, "a page has one heading: %s", b.URL)
	return Text(headings[0])
}

// Shows requires the heading of the page.
func (b *Reader) Shows(heading string) *Reader {
	b.T.Helper()
	require.Equal(b.T, heading, b.Heading(), "%s (%d): %s", b.URL, b.Status, Text(b.All("main")[0]))
	return b
}

// Says requires a text on the page.
func (b *Reader) Says(part string) *Reader {
	b.T.Helper()
	require.Contains(b.T, Text(b.All("main")[0]), part)
	return b
}

// Follow clicks the link with a text.
func (b *Reader) Follow(label string) *Reader {
	b.T.Helper()
	b.Do(b.Linked(label))
	return b
}

// Linked returns the request that a link leads to.
func (b *Reader) Linked(label string) *http.Request {
	b.T.Helper()
	for _, a := range b.All("a") {
		if Text(a) == label || Attr(a, "aria-label") == label {
			to, err := b.URL.Parse(Attr(a, "href"))
			require.NoError(b.T, err)
			r, err := http.NewRequestWithContext(b.T.Context(), http.MethodGet, to.String(), nil)
			require.NoError(b.T, err)
			return r
		}
	}
	require.Fail(b.T, "no such link", "%q on %s: %s", label, b.URL, Text(b.Doc))
	return nil
}

// Labelled returns the input with a label, by what the label begins with; of several with that label the one at an index.
func (b *Reader) Labelled(label string) *html.Node {
	b.T.Helper()
	for _, l := range b.All("label") {
		if !strings.HasPrefix(Text(l), label) {
			continue
		}
		for _, kind := range []string{"input", "textarea", "select"} {
			for _, in := range b.All(kind) {
				if Attr(in, "id") == Attr(l, "for") {
					return in
				}
			}
		}
	}
	require.Fail(b.T, "no such field", "%q on %s: %s", label, b.URL, Text(b.All("main")[0]))
	return nil
}

// Fill types a text into the field with a label, or chooses the option with it.
func (b *Reader) Fill(label, value string) *Reader {
	b.T.Helper()
	in := b.Labelled(label)
	if in.Data == "select" {
		for _, o := range Within(in, "option") {
			if Text(o) == value {
				value = Attr(o, "value")
			}
		}
	}
	b.Typed[in] = value
	return b
}

// Choose ticks the box, or the one of several, with a label.
func (b *Reader) Choose(label string) *Reader {
	b.T.Helper()
	in := b.Labelled(label)
	if Attr(in, "type") == "radio" {
		for _, other := range b.All("input") {
			if Attr(other, "name") == Attr(in, "name") {
				b.Typed[other] = ""
			}
		}
	}
	b.Typed[in] = "on"
	return b
}

// Press sends the form of the button with a text.
func (b *Reader) Press(label string) *Reader {
	b.T.Helper()
	b.Do(b.Request(label))
	return b
}

// Request returns what pressing a button sends.
func (b *Reader) Request(label string) *http.Request {
	b.T.Helper()
	for _, form := range b.All("form") {
		for _, button := range Within(form, "button") {
			if name := Attr(button, "aria-label"); name == label || Text(button) == label {
				return b.Submit(form, button)
			}
		}
	}
	for _, button := range b.All("button") { // one outside of its form
		if Text(button) != label || Attr(button, "form") == "" {
			continue
		}
		for _, form := range b.All("form") {
			if Attr(form, "id") == Attr(button, "form") {
				return b.Submit(form, button)
			}
		}
	}
	require.Fail(b.T, "no such button", "%q on %s: %s", label, b.URL, Text(b.All("main")[0]))
	return nil
}

func (b *Reader) Submit(form, button *html.Node) *http.Request {
	b.T.Helper()
	values := b.values(form)
	if Attr(button, "name") != "" {
		values.Add(Attr(button, "name"), Attr(button, "value"))
	}
	action := Attr(form, "action")
	if Has(button, "formaction") {
		action = Attr(button, "formaction")
	}
	to, err := b.URL.Parse(action)
	require.NoError(b.T, err)
	if Attr(form, "method") != "post" {
		to.RawQuery = values.Encode()
		r, err := http.NewRequestWithContext(b.T.Context(), http.MethodGet, to.String(), nil)
		require.NoError(b.T, err)
		return r
	}
	r, err := http.NewRequestWithContext(b.T.Context(), http.MethodPost, to.String(), strings.NewReader(values.Encode()))
	require.NoError(b.T, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.URL.Scheme+"://"+b.URL.Host)
	return r
}

// values are those of a form's fields, as a browser sends them: what was typed, else what the page holds.
func (b *Reader) values(form *html.Node) url.Values {
	values := url.Values{}
	for _, in := range Within(form, "input") {
		name, value := Attr(in, "name"), Attr(in, "value")
		if name == "" || Has(in, "disabled") || Concealed(in) && Has(in, "disabled") {
			continue
		}
		typed, changed := b.Typed[in]
		switch Attr(in, "type") {
		case "checkbox", "radio":
			if changed && typed == "" || !changed && !Has(in, "checked") {
				continue
			}
			if value == "" {
				value = "on"
			}
			values.Add(name, value)
		default:
			if changed {
				value = typed
			}
			values.Add(name, value)
		}
	}
	for _, area := range Within(form, "textarea") {
		value, changed := b.Typed[area]
		if !changed {
			value = Text(area)
		}
		if !Has(area, "disabled") {
			values.Add(Attr(area, "name"), value)
		}
	}
	for _, choice := range Within(form, "select") {
		value, changed := b.Typed[choice]
		for i, o := range Within(choice, "option") {
			if !changed && (i == 0 || Has(o, "selected")) {
				value = Attr(o, "value")
			}
		}
		if !Has(choice, "disabled") {
			values.Add(Attr(choice, "name"), value)
		}
	}
	return values
}

// Concealed reports whether an element, or one around it, is hidden.
func Concealed(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && Has(n, "hidden") {
			return true
		}
	}
	return false
}

// Errors returns the sentences beside the fields.
func (b *Reader) Errors() (all []string) {
	for _, p := range b.All("p") {
		if strings.Contains(Attr(p, "class"), "kern-error") {
			all = append(all, Text(p))
		}
	}
	return all
}
