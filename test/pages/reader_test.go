package pages_test

import (
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

// reader is a browser without script: it follows links and fills in forms by what the HTML says, as a person sees it.
type reader struct {
	t       testing.TB
	process *suite.Process
	client  *http.Client
	url     *url.URL
	status  int
	header  http.Header
	doc     *html.Node
	typed   map[*html.Node]string // what was typed into inputs of this page
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

// open returns a browser that shows a page of a service.
func open(t testing.TB, p *suite.Process, path string) *reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := &reader{t: t, client: &http.Client{Jar: jar}}
	b.at(p)
	return b.get(p.Config.PublicURL + path)
}

// at sends the browser's requests to another process from now on.
func (b *reader) at(p *suite.Process) {
	to := proxied{strings.TrimPrefix(p.URL, "http://"), &http.Transport{}}
	b.t.Cleanup(to.transport.CloseIdleConnections)
	b.process, b.client.Transport = p, to
}

// visit goes to a page by its address.
func (b *reader) visit(path string) *reader {
	b.t.Helper()
	return b.get(b.process.Config.PublicURL + path)
}

// again sends a request once more, as a double click does.
func (b *reader) again(r *http.Request) *http.Request {
	b.t.Helper()
	clone := r.Clone(r.Context())
	if r.GetBody != nil {
		body, err := r.GetBody()
		require.NoError(b.t, err)
		clone.Body = body
	}
	return clone
}

func (b *reader) get(address string) *reader {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	require.NoError(b.t, err)
	b.do(r)
	return b
}

func (b *reader) do(r *http.Request) {
	b.t.Helper()
	answer, err := b.client.Do(r)
	require.NoError(b.t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	b.url, b.status, b.header, b.typed = answer.Request.URL, answer.StatusCode, answer.Header, map[*html.Node]string{}
	b.doc, err = html.Parse(strings.NewReader(string(body)))
	require.NoError(b.t, err)
}

// all returns the elements of a kind, in the order of the page.
func (b *reader) all(name string) []*html.Node { return within(b.doc, name) }

func within(n *html.Node, name string) (found []*html.Node) {
	if n.Type == html.ElementNode && n.Data == name {
		found = append(found, n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		found = append(found, within(c, name)...)
	}
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// text returns what an element says, with white space as a browser shows it.
func text(n *html.Node) string {
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

// heading returns the page's only heading of the first level.
func (b *reader) heading() string {
	b.t.Helper()
	headings := b.all("h1")
	require.Len(b.t, headings, 1, "a page has one heading: %s", b.url)
	return text(headings[0])
}

// shows requires the heading of the page.
func (b *reader) shows(heading string) *reader {
	b.t.Helper()
	require.Equal(b.t, heading, b.heading(), "%s (%d): %s", b.url, b.status, text(b.all("main")[0]))
	return b
}

// says requires a text on the page.
func (b *reader) says(part string) *reader {
	b.t.Helper()
	require.Contains(b.t, text(b.all("main")[0]), part)
	return b
}

// follow clicks the link with a text.
func (b *reader) follow(label string) *reader {
	b.t.Helper()
	b.do(b.linked(label))
	return b
}

// linked returns the request that a link leads to.
func (b *reader) linked(label string) *http.Request {
	b.t.Helper()
	for _, a := range b.all("a") {
		if text(a) == label || attr(a, "aria-label") == label {
			to, err := b.url.Parse(attr(a, "href"))
			require.NoError(b.t, err)
			r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, to.String(), nil)
			require.NoError(b.t, err)
			return r
		}
	}
	require.Fail(b.t, "no such link", "%q on %s: %s", label, b.url, text(b.doc))
	return nil
}

// labelled returns the input with a label, by what the label begins with; of several with that label the one at an index.
func (b *reader) labelled(label string) *html.Node {
	b.t.Helper()
	for _, l := range b.all("label") {
		if !strings.HasPrefix(text(l), label) {
			continue
		}
		for _, kind := range []string{"input", "textarea", "select"} {
			for _, in := range b.all(kind) {
				if attr(in, "id") == attr(l, "for") {
					return in
				}
			}
		}
	}
	require.Fail(b.t, "no such field", "%q on %s: %s", label, b.url, text(b.all("main")[0]))
	return nil
}

// fill types a text into the field with a label, or chooses the option with it.
func (b *reader) fill(label, value string) *reader {
	b.t.Helper()
	in := b.labelled(label)
	if in.Data == "select" {
		for _, o := range within(in, "option") {
			if text(o) == value {
				value = attr(o, "value")
			}
		}
	}
	b.typed[in] = value
	return b
}

// choose ticks the box, or the one of several, with a label.
func (b *reader) choose(label string) *reader {
	b.t.Helper()
	in := b.labelled(label)
	if attr(in, "type") == "radio" {
		for _, other := range b.all("input") {
			if attr(other, "name") == attr(in, "name") {
				b.typed[other] = ""
			}
		}
	}
	b.typed[in] = "on"
	return b
}

// press sends the form of the button with a text.
func (b *reader) press(label string) *reader {
	b.t.Helper()
	b.do(b.request(label))
	return b
}

// request returns what pressing a button sends.
func (b *reader) request(label string) *http.Request {
	b.t.Helper()
	for _, form := range b.all("form") {
		for _, button := range within(form, "button") {
			if name := attr(button, "aria-label"); name == label || text(button) == label {
				return b.submit(form, button)
			}
		}
	}
	require.Fail(b.t, "no such button", "%q on %s: %s", label, b.url, text(b.all("main")[0]))
	return nil
}

func (b *reader) submit(form, button *html.Node) *http.Request {
	b.t.Helper()
	values := b.values(form)
	if attr(button, "name") != "" {
		values.Add(attr(button, "name"), attr(button, "value"))
	}
	action := attr(form, "action")
	if has(button, "formaction") {
		action = attr(button, "formaction")
	}
	to, err := b.url.Parse(action)
	require.NoError(b.t, err)
	if attr(form, "method") != "post" {
		to.RawQuery = values.Encode()
		r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, to.String(), nil)
		require.NoError(b.t, err)
		return r
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, to.String(), strings.NewReader(values.Encode()))
	require.NoError(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.url.Scheme+"://"+b.url.Host)
	return r
}

// values are those of a form's fields, as a browser sends them: what was typed, else what the page holds.
func (b *reader) values(form *html.Node) url.Values {
	values := url.Values{}
	for _, in := range within(form, "input") {
		name, value := attr(in, "name"), attr(in, "value")
		if name == "" || has(in, "disabled") || concealed(in) && has(in, "disabled") {
			continue
		}
		typed, changed := b.typed[in]
		switch attr(in, "type") {
		case "checkbox", "radio":
			if changed && typed == "" || !changed && !has(in, "checked") {
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
	for _, area := range within(form, "textarea") {
		value, changed := b.typed[area]
		if !changed {
			value = text(area)
		}
		if !has(area, "disabled") {
			values.Add(attr(area, "name"), value)
		}
	}
	for _, choice := range within(form, "select") {
		value, changed := b.typed[choice]
		for i, o := range within(choice, "option") {
			if !changed && (i == 0 || has(o, "selected")) {
				value = attr(o, "value")
			}
		}
		if !has(choice, "disabled") {
			values.Add(attr(choice, "name"), value)
		}
	}
	return values
}

// concealed reports whether an element, or one around it, is hidden.
func concealed(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && has(n, "hidden") {
			return true
		}
	}
	return false
}

// errors returns the sentences beside the fields.
func (b *reader) errors() (all []string) {
	for _, p := range b.all("p") {
		if strings.Contains(attr(p, "class"), "kern-error") {
			all = append(all, text(p))
		}
	}
	return all
}
