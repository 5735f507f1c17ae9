package server

import (
	"net/http"
	"slices"
	"strings"

	"nelke/internal/portal"
)

// origins are the pages that may call the service, by their origins as browsers write them.
type origins struct {
	all    bool
	named  []string
	own    string // of the public URL
	scheme string // of own, with "://"
}

func newOrigins(named []string, public string) origins {
	o := origins{own: portal.Origin(public)}
	o.scheme, _, _ = strings.Cut(o.own, "//")
	o.scheme += "//"
	for _, origin := range named {
		if origin == "*" {
			o.all = true
		} else if origin = portal.Origin(origin); origin != "" { // checked by Check
			o.named = append(o.named, origin)
		}
	}
	return o
}

// pages are those that payers may be sent back to.
func (o origins) pages() []string {
	pages := append(slices.Clone(o.named), o.own)
	if o.all {
		pages = append(pages, "*")
	}
	return pages
}

func (o origins) call(origin string) bool { return o.all || slices.Contains(o.named, origin) }

// connect reports whether the page that opens a WebSocket may do so: one of those, or one of this host by the scheme under
// which people reach it. Who names no origin is no browser.
func (o origins) connect(r *http.Request) bool {
	switch sent := r.Header.Values("Origin"); len(sent) {
	case 0:
		return true
	case 1:
		return o.call(sent[0]) || sent[0] != "" && (sent[0] == o.own || sent[0] == portal.Origin(o.scheme+r.Host))
	default:
		return false
	}
}

const (
	// exposed are the headers of answers that pages elsewhere may read beside those that any may.
	exposed = "Allow, Date, ETag, Retry-After, WWW-Authenticate, X-Request-Id"
	// usual are the headers that a page may send where its browser asks for none, or for what makes no sense.
	usual = "Accept, Accept-Language, Authorization, Content-Type, If-None-Match, X-Request-Id"
	// mostAsked is how many bytes a browser may ask for headers in.
	mostAsked = 1000
)

// cors lets pages of the origins call us. There are no cookies, so credentials never come along by themselves, and which
// headers a page sends is for its libraries to decide.
func cors(o origins) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if !o.all && len(o.named) == 0 {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header := w.Header()
			header.Add("Vary", "Origin")
			origin := r.Header.Get("Origin")
			if origin == "" || !o.call(origin) {
				next.ServeHTTP(w, r)
				return
			}
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Access-Control-Expose-Headers", exposed)
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				header.Add("Vary", "Access-Control-Request-Headers")
				header.Set("Access-Control-Allow-Methods", "GET, POST")
				header.Set("Access-Control-Allow-Headers", askedHeaders(r.Header))
				header.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// askedHeaders are the names that a preflight asks for, as far as they are names.
func askedHeaders(header http.Header) string {
	asked := strings.Join(header.Values("Access-Control-Request-Headers"), ",")
	if asked == "" || len(asked) > mostAsked {
		return usual
	}
	for name := range strings.SplitSeq(asked, ",") {
		if name = strings.Trim(name, " \t"); name == "" || strings.ContainsFunc(name, notInName) {
			return usual
		}
	}
	return asked
}

// notInName reports what no name of a header may hold (RFC 9110, section 5.6.2).
func notInName(c rune) bool {
	in := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	return !in
}
