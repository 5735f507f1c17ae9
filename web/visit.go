package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	pathpkg "path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"nelke/web/api"
	"nelke/web/static"
	"nelke/web/view"
)

// visit is one request for a page: where it is, in which language, and whose.
type visit struct {
	site   *Site
	w      http.ResponseWriter
	r      *http.Request
	lang   string // "de" or "en"
	slug   string // of the town; "" where none is chosen
	base   string // path of the town: "" or "/blomberg"
	path   string // below town and language: "/dienste/reisepass"
	one    bool   // whether the pages show one town alone
	opened string // the case key that this request has put into the browser; "": none
	look   look   // what is counted of it, once it was sent
	sent   bool   // whether the page was sent, and nothing in its place
	made   *basis // what public answers the page is made of; nil: it isn't kept
}

type visitKey struct{}

func withVisit(ctx context.Context, v *visit) context.Context {
	return context.WithValue(ctx, visitKey{}, v)
}

func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// mostPart is how many bytes a part of a path may have: no name of a service and no id is longer.
const mostPart = 100

// place reads town, language and page from the path.
func (v *visit) place() error {
	path := v.r.URL.Path
	v.slug = v.site.cfg.Town
	if v.slug == "" {
		host, _, _ := strings.Cut(v.r.Host, ":")
		v.slug = v.site.cfg.Hosts[strings.ToLower(host)]
	}
	v.one = v.slug != ""
	if !v.one {
		only, err := forAWhile(v, "only town", v.onlyTown)
		if err != nil {
			return err
		}
		if only != "" {
			v.slug, v.one = only, true
		} else if path, err = v.chooseTownOf(path); err != nil {
			return err
		}
	}
	v.lang, v.path = languageOf(path)
	unclean := pathpkg.Clean(v.path) != v.path // a browser could take it for another host's
	if unclean || slices.ContainsFunc(strings.Split(v.path, "/"), func(part string) bool { return len(part) > mostPart }) {
		v.path = "/"
		return errNotFound
	}
	return nil
}

// onlyTown returns the slug of the graph's town, "" where it has several.
func (v *visit) onlyTown() (slug string, err error) {
	read, err := api.OneOfTowns(v.r.Context(), v.public())
	if err == nil && read.Municipalities != nil && len(read.Municipalities.Nodes) == 1 {
		slug = read.Municipalities.Nodes[0].Slug
	}
	return slug, err
}

// slugForm is what a town's name in a path looks like.
var slugForm = regexp.MustCompile(`^[a-z0-9-]{1,100}$`)

// chooseTownOf takes the town from the path's first part, and returns what follows. Without one the page is the choice of a town.
func (v *visit) chooseTownOf(path string) (string, error) {
	first, below, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if first == "" || first == "en" {
		return path, nil
	}
	if !slugForm.MatchString(first) {
		return "", errNotFound
	}
	if _, err := forAWhile(v, "town "+first, func() (*api.TownFrame, error) {
		read, err := api.Town(v.r.Context(), v.public(), first)
		if err == nil && read.Municipality == nil {
			err = errNotFound
		}
		if err != nil {
			return nil, err
		}
		return read.Municipality, nil
	}); err != nil {
		return "", err
	}
	v.slug, v.base = first, "/"+first
	return "/" + below, nil
}

// languageOf cuts the language off a path: English pages begin with /en, all others are German.
func languageOf(path string) (lang, rest string) {
	if path == "/en" || strings.HasPrefix(path, "/en/") {
		return "en", "/" + strings.TrimPrefix(strings.TrimPrefix(path, "/en"), "/")
	}
	if path == "" {
		path = "/"
	}
	return "de", path
}

// languageAt returns the language of a whole path, with or without a town in front.
func languageAt(path string) string {
	lang, _ := languageOf(path)
	if _, below, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/"); ok && lang != "en" {
		lang, _ = languageOf("/" + below)
	}
	return lang
}

// public returns the graph for what everybody may read.
func (v *visit) public() *client {
	return &client{
		carrier: v.site.cfg.Graph, endpoint: v.site.graph, from: v.r, language: v.lang, made: v.made,
		request: v.w.Header().Get("X-Request-Id"),
	}
}

// own returns the graph for what the holder of the case may read and write.
func (v *visit) own() *client {
	c := v.public()
	c.made, c.key = nil, v.caseKey()
	return c
}

// origin returns scheme and host under which the visitor has the pages: those of the town's own host name, if that has led here, else the public ones.
func (v *visit) origin() string {
	host, _, _ := strings.Cut(strings.ToLower(v.r.Host), ":")
	if v.site.cfg.Hosts[host] == "" {
		return v.site.cfg.PublicURL
	}
	scheme, _, _ := strings.Cut(v.site.cfg.PublicURL, "://")
	return scheme + "://" + strings.ToLower(v.r.Host)
}

// url returns the address of a page of the town in the visit's language: path is below the town, such as "/termin".
func (v *visit) url(path string) string { return (&view.Page{Lang: v.lang, Base: v.base}).URL(path) }

// frame returns what the frame of a page shows.
func (v *visit) frame(title string) *view.Page {
	return &view.Page{
		Lang: v.lang, Base: v.base, Path: v.path, Query: v.r.URL.RawQuery, Title: title, OneTown: v.one, Demo: v.site.cfg.Demo,
		Style: v.site.static.Path("style.css"), Beside: v.site.beside, Script: v.site.static.Path("page.js"),
		Theme: v.site.static.Path("theme.css"), Logo: v.site.static.Path("logo.svg"),
		Public: v.origin(), Key: newKey(), Now: v.site.cfg.Now(), CaseKey: v.offeredKey(),
	}
}

// t returns the text in the visit's language.
func (v *visit) t(de, en string) string {
	if v.lang == "en" {
		return en
	}
	return de
}

// show answers with a page that is nobody else's business and is kept nowhere.
func (v *visit) show(status int, content templ.Component) error {
	var body bytes.Buffer
	if err := content.Render(v.r.Context(), &body); err != nil {
		return err
	}
	header := v.w.Header()
	header.Set("Cache-Control", "no-store")
	v.write(status, body.Bytes())
	return nil
}

// leastGzip is from how many bytes on a page is worth packing: shorter ones fit into the first packets anyway.
const leastGzip = 1400

// write sends a page, gzipped for browsers that take that. What is secret in pages is new in each, but for the page of the case key,
// which is sent as it is: the length of what is packed could tell of it.
func (v *visit) write(status int, body []byte) {
	if len(body) < leastGzip || v.path == keyPath || !static.AcceptsGzip(v.r.Header) {
		v.writeAs(status, "", body)
		return
	}
	v.writeAs(status, "gzip", zipped(body))
}

func (v *visit) writeAs(status int, coding string, body []byte) {
	header := v.w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", v.lang)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Add("Vary", "Accept-Encoding")
	if coding != "" {
		header.Set("Content-Encoding", coding)
	}
	v.sent = status == http.StatusOK
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(body) // a client that went away is no concern of ours
	}
}

// zipped returns a page gzipped.
func zipped(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// see sends the browser to another page of the town, to be read by GET.
func (v *visit) see(path string) error {
	return v.redirect(v.url(path))
}

// redirect sends the browser to an address by GET, without keeping that.
func (v *visit) redirect(url string) error {
	v.w.Header().Set("Cache-Control", "no-store")
	http.Redirect(v.w, v.r, url, http.StatusSeeOther)
	return nil
}

// secured sets the headers of every page.
func (v *visit) secured() {
	header := v.w.Header()
	framers := "'none'"
	if len(v.site.cfg.Framers) > 0 && v.r.URL.Query().Has("einbetten") && strings.HasSuffix(v.r.URL.Path, "/dienste") {
		framers = strings.Join(v.site.cfg.Framers, " ")
	}
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "+
		"connect-src 'self'; form-action 'self'"+v.formTargets()+"; base-uri 'none'; frame-ancestors "+framers+
		"; require-trusted-types-for 'script'; trusted-types nelke")
	header.Set("X-Content-Type-Options", "nosniff")
	// Under no-referrer browsers send "Origin: null" with forms, which look like those of other pages.
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// formTargets are further places that a form may lead to: browsers hold the redirect that answers a form against this, too, and
// paying leads to the provider's page.
func (v *visit) formTargets() string {
	if strings.HasSuffix(v.r.URL.Path, "/bezahlen") {
		return " https: http:"
	}
	return ""
}

// What a page can't be made for.
var (
	errNotFound = errors.New("there is no such page")
	errNoCase   = errors.New("a case key is needed")
)

// fail answers with a page that says what went wrong and what to do.
func (v *visit) fail(err error) {
	var graph *GraphError
	f := view.Failure{Status: http.StatusInternalServerError, Kind: view.Broken}
	switch {
	case errors.Is(err, errNotFound):
		f = view.Failure{Status: http.StatusNotFound, Kind: view.NotFound}
	case errors.Is(err, errNoCase):
		f = view.Failure{Status: http.StatusForbidden, Kind: view.SignedOut}
	case errors.Is(err, errForged):
		f = view.Failure{Status: http.StatusForbidden, Kind: view.Forged}
	case errors.As(err, &graph):
		f = v.graphFailure(graph)
	case v.r.Context().Err() != nil:
		return // nobody reads it
	default:
		v.site.cfg.Log.ErrorContext(v.r.Context(), "a page can't be made", "path", v.pattern(), "err", err)
	}
	f.Sent = v.r.Method == http.MethodPost
	if f.RetryAfter > 0 {
		v.w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	p := v.frame("")
	if f.Kind == view.NotFound || f.Kind == view.SignedOut || f.Kind == view.Forged { // the graph answers: the way on is at hand
		if framed, err := v.framed(""); err == nil {
			p = framed
		}
	}
	_ = v.show(f.Status, view.Failed(p, f)) // there is nothing better to answer with
}

// graphFailure is the page for an answer of the graph that has no data.
func (v *visit) graphFailure(err *GraphError) view.Failure {
	away := view.Failure{Status: http.StatusServiceUnavailable, Kind: view.Unavailable, RetryAfter: max(err.RetryAfter, 5)}
	switch err.Code {
	case "RATE_LIMITED":
		return view.Failure{Status: http.StatusTooManyRequests, Kind: view.TooMany, RetryAfter: max(err.RetryAfter, 1)}
	case "UNAUTHENTICATED":
		v.forget()
		return view.Failure{Status: http.StatusForbidden, Kind: view.SignedOut}
	case "UNAVAILABLE", "TIMEOUT":
		return away
	}
	if err.unreached() {
		v.site.cfg.Log.WarnContext(v.r.Context(), "the gateway doesn't reach the graph", "path", v.pattern(), "code", err.Code, "status", err.Status)
		return away
	}
	v.site.cfg.Log.ErrorContext(v.r.Context(), "the graph refuses a page's operation", "path", v.pattern(), "code", err.Code, "status", err.Status)
	return view.Failure{Status: http.StatusInternalServerError, Kind: view.Broken}
}

// pattern names the page for the log, without ids.
func (v *visit) pattern() string {
	if v.r.Pattern != "" {
		return v.r.Pattern
	}
	return "other"
}
