// Package web serves the pages of a town for its citizens: the service list, applications, appointments and what became of them, in
// German and English. It is a client of the graph like any other: it has the published schema and nothing else of the service,
// and reaches it in the process or over the network.
//
// Every page works without JavaScript. A write is a form that is sent by POST with the idempotency key that it was rendered with,
// and answered by a redirect, so that a double click, a reload and the back button change nothing twice.
package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"nelke/web/static"
	"nelke/web/view"
)

// Config is what a Site is made of.
type Config struct {
	// Graph carries requests to the graph: InProcess or OverNetwork.
	Graph http.RoundTripper
	// Endpoint is the graph's URL.
	Endpoint string
	// PublicURL is the URL under which people reach the pages, without a path. With https:// the cookie is Secure.
	PublicURL string
	// Town is the slug of the only town that is shown. Unless given, the host name decides, then whether the graph has one town
	// alone; with several, all paths begin with the slug of a town.
	Town string
	// Hosts are the slugs of towns that have a host name of their own.
	Hosts map[string]string
	// Framers are origins that may frame the list of services.
	Framers []string
	// Theme is a folder of a town whose files take the place of the pages' own: style.css, and beside.css, which is loaded after a style.css of
	// the town's and has what KERN's doesn't. theme.css is loaded after them, and logo.svg stands in the header. nil: none.
	Theme fs.FS
	// Demo says on every page that nothing here is real.
	Demo bool
	// Log gets failures. Nothing that a person typed is logged.
	Log *slog.Logger
	// Now is the clock; time.Now unless given.
	Now func() time.Time
}

// Site answers requests for pages. It is an http.Handler.
type Site struct {
	cfg    Config
	graph  *url.URL // its endpoint
	secure bool
	pages  *http.ServeMux // below a town and a language
	kept   *store[keptPage]
	static *static.Files
	beside string // address of what KERN's components lack, where a town's style.css takes the place of ours; "" otherwise
	forged *http.CrossOriginProtection
	ended  context.Context //nolint:containedctx // it ends with the site, and the live parts with it
	stop   context.CancelFunc

	forms   sync.Map // of applications, by id: as many as the graph has
	times   timesViews
	values  *store[keptValue]
	counts  chan counting
	counted chan struct{} // closed once nothing is counted any more
}

// New returns the pages of the towns of a graph. End them by Stop.
func New(cfg Config) (*Site, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("web: the graph's address %q is no URL", cfg.Endpoint)
	}
	files, beside := static.Default(), ""
	if cfg.Theme != nil {
		if files, err = static.New(cfg.Theme); err != nil {
			return nil, fmt.Errorf("web: the theme: %w", err)
		}
		if _, err := fs.Stat(cfg.Theme, "style.css"); err == nil {
			beside = files.Path("beside.css")
		}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Site{
		cfg: cfg, graph: u, secure: strings.HasPrefix(cfg.PublicURL, "https://"), kept: newStore[keptPage](mostKept, keptBytes), values: newStore[keptValue](mostValues, valueBytes), forged: http.NewCrossOriginProtection(),
		static: files, beside: beside,
	}
	scheme, _, _ := strings.Cut(cfg.PublicURL, "://")
	origins := []string{cfg.PublicURL}
	for host := range cfg.Hosts {
		origins = append(origins, scheme+"://"+host)
	}
	for _, origin := range origins {
		if err := s.forged.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("web: the public address %q is no origin: %w", origin, err)
		}
	}
	s.ended, s.stop = context.WithCancel(context.Background())
	s.counts, s.counted = make(chan counting, mostCounts), make(chan struct{})
	go s.countViews()
	s.routes()
	return s, nil
}

// Stop ends the live parts of all open pages, for which browsers come back, and the counting of views.
func (s *Site) Stop() {
	s.stop()
	<-s.counted
}

// ServeHTTP answers one request.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if name, ok := strings.CutPrefix(r.URL.Path, static.Prefix); ok {
		s.static.Serve(w, r, name)
		return
	}
	v := &visit{site: s, w: w, r: r, lang: languageAt(r.URL.Path)}
	v.secured()
	if err := v.place(); err != nil {
		v.fail(err)
		return
	}
	if err := s.fromHere(r); err != nil { // once the language of the refusal is known
		v.fail(err)
		return
	}
	s.serve(v)
}

// serve runs the page of the visit's path.
func (s *Site) serve(v *visit) {
	below, url := v.r.WithContext(withVisit(v.r.Context(), v)), *v.r.URL
	url.Path, url.RawPath = v.path, ""
	below.URL = &url
	s.pages.ServeHTTP(v.w, below)
}

// errForged refuses a form that another page has sent.
var errForged = errors.New("the form was sent by another page")

// fromHere refuses writes that another site's page asks for. A write that carries a case key and doesn't say where it comes from is
// refused, too: browsers say it.
func (s *Site) fromHere(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if err := s.forged.Check(r); err != nil {
		return errForged
	}
	if r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" && hasCaseCookie(r) {
		return errForged
	}
	return nil
}

// Route returns the page of a path for logs: its first known word, without towns, ids and whatever strangers ask for.
func Route(path string) string {
	for word := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		switch word {
		case "static", "dienste", "termin", "reservierung", "antrag", "vorgang", "datenschutz", "impressum", "barrierefreiheit", "leichte-sprache",
			"gebaerdensprache", "kontakt", "rueckmeldung":
			return "/" + word
		}
	}
	return "other"
}

// page is a handler with the visit at hand. What it returns is shown to the person as a page of its own.
type page func(v *visit) error

func (s *Site) handle(pattern string, p page) {
	s.pages.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		v.w, v.r = w, r
		if err := p(v); err != nil {
			v.fail(err)
			return
		}
		v.count()
	})
}

func (s *Site) routes() {
	s.pages = http.NewServeMux()
	s.handle("/", func(v *visit) error {
		v.path = "/" // the other language has no such page either
		return errNotFound
	})
	s.handle("GET /{$}", (*visit).start)
	s.handle("GET /dienste", (*visit).services)
	s.handle("GET /dienste/{service}", (*visit).service)
	s.handle("GET /datenschutz", (*visit).privacy)
	for path, kind := range view.TownPages() {
		s.handle("GET "+path, func(v *visit) error { return v.townPage(kind) })
	}

	s.handle("GET /rueckmeldung", (*visit).feedback)
	s.handle("POST /rueckmeldung", (*visit).giveFeedback)
	s.handle("GET /rueckmeldung/danke", (*visit).thanked)

	s.bookingRoutes()
	s.caseRoutes()
	s.applicationRoutes()
}

func (s *Site) bookingRoutes() {
	s.handle("GET /termin", (*visit).concerns)
	s.handle("GET /termin/anzahl", (*visit).quantities)
	s.handle("GET /termin/{service}", (*visit).concern)
	s.handle("GET /termin/zeiten", (*visit).times)
	s.handle("POST /termin/zeiten", (*visit).hold)
	s.handle("GET /termin/zeiten/live", (*visit).timesLive)

	s.handle("GET /reservierung/{id}", (*visit).held)
	s.handle("POST /reservierung/{id}", (*visit).takePerson)
	s.handle("POST /reservierung/{id}/buchen", (*visit).book)
	s.handle("GET /reservierung/{id}/aufgeben", (*visit).released)
	for _, of := range []string{"buchen", "verlaengern"} { // where an error page stands, its links lead back
		s.handle("GET /reservierung/{id}/"+of, func(v *visit) error { return v.see("/reservierung/" + v.r.PathValue("id")) })
	}
	s.handle("POST /reservierung/{id}/verlaengern", (*visit).extend)
	s.handle("POST /reservierung/{id}/aufgeben", (*visit).release)
}

func (s *Site) caseRoutes() {
	s.handle("GET /vorgang", (*visit).matter)
	s.handle("POST /vorgang", (*visit).signIn)
	s.handle("POST /vorgang/abmelden", (*visit).signOut)
	s.handle("GET /vorgang/abmelden", func(v *visit) error { return v.see("/vorgang") })
	s.handle("GET "+keyPath, (*visit).resumeLink)
	s.handle("GET /vorgang/daten", (*visit).myData)
	s.handle("GET /vorgang/daten.json", (*visit).downloadData)
	s.handle("GET /vorgang/termin/{id}", (*visit).appointment)
	s.handle("GET /vorgang/termin/{id}/live", (*visit).appointmentLive)
	s.handle("GET /vorgang/termin/{id}/verschieben", (*visit).moveTimes)
	s.handle("POST /vorgang/termin/{id}/verschieben", (*visit).move)
	s.handle("GET /vorgang/termin/{id}/aendern", (*visit).correctPerson)
	s.handle("POST /vorgang/termin/{id}/aendern", (*visit).correct)
	s.handle("GET /vorgang/termin/{id}/absagen", (*visit).confirmCancel)
	s.handle("POST /vorgang/termin/{id}/absagen", (*visit).cancel)
}

func (s *Site) applicationRoutes() {
	s.handle("GET /dienste/{service}/antrag", (*visit).information)
	s.handle("POST /dienste/{service}/antrag", (*visit).begin)
	s.handle("GET /antrag/{id}", (*visit).resumeDraft)
	s.handle("GET /antrag/{id}/warten", (*visit).waiting)
	s.handle("GET /antrag/{id}/informationen", (*visit).informationAgain)
	s.handle("POST /antrag/{id}/informationen", (*visit).confirmInformation)
	s.handle("GET /antrag/{id}/datenschutz", (*visit).notice)
	s.handle("POST /antrag/{id}/datenschutz", (*visit).acknowledge)
	s.handle("GET /antrag/{id}/angaben/{section}", (*visit).section)
	s.handle("POST /antrag/{id}/angaben/{section}", (*visit).saveSection)
	s.handle("GET /antrag/{id}/pruefen", (*visit).checkAnswers)
	s.handle("POST /antrag/{id}/pruefen", (*visit).reviewed)
	s.handle("GET /antrag/{id}/bezahlen", (*visit).pay)
	s.handle("POST /antrag/{id}/bezahlen", (*visit).startPayment)
	s.handle("GET /antrag/{id}/bezahlung", (*visit).paid)
	s.handle("GET /antrag/{id}/bezahlung/live", (*visit).paidLive)
	s.handle("POST /antrag/{id}/bezahlung", (*visit).cancelPayment)
	s.handle("GET /antrag/{id}/absenden", (*visit).confirmSubmit)
	s.handle("POST /antrag/{id}/absenden", (*visit).submit)
	s.handle("GET /vorgang/antrag/{id}", (*visit).application)
	s.handle("GET /vorgang/antrag/{id}/live", (*visit).applicationLive)
	s.handle("GET /vorgang/antrag/{id}/kopie", (*visit).copyOf)
	s.handle("POST /vorgang/antrag/{id}/antwort", (*visit).answerRequest)
	s.handle("GET /vorgang/antrag/{id}/antwort", func(v *visit) error { return v.see("/vorgang/antrag/" + v.r.PathValue("id")) })
	s.handle("GET /vorgang/antrag/{id}/zurueckziehen", (*visit).confirmWithdraw)
	s.handle("POST /vorgang/antrag/{id}/zurueckziehen", (*visit).withdraw)
}
