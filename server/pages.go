package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	pages "nelke/web"
)

// addPages serves the pages for citizens, which ask the graph in the process: with its limits, its kept answers and its log.
func (w *web) addPages(mux *http.ServeMux, p *parts, addr string) error {
	if !p.cfg.Pages {
		mux.Handle("GET /{$}", startPage())
		return nil
	}
	config := p.cfg.pages(addr)
	config.Graph = pages.InProcess(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) }))
	config.Endpoint, config.Log, config.Now = "http://graph.internal/graphql", p.log, p.now
	site, err := pages.New(config)
	if err != nil {
		return err
	}
	w.site = site
	return nil
}

// withPages returns a handler that has the site answer for paths that mux has not, by whatever method.
func (w *web) withPages(mux *http.ServeMux) http.Handler {
	if w.site == nil {
		return mux
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if has(mux, r, r.Method) || r.Method != http.MethodGet && has(mux, r, http.MethodGet) || r.Method != http.MethodPost && has(mux, r, http.MethodPost) {
			mux.ServeHTTP(rw, r)
			return
		}
		w.site.ServeHTTP(rw, r)
	})
}

// has reports whether mux has the path of a request for a method.
func has(mux *http.ServeMux, r *http.Request, method string) bool {
	_, pattern := mux.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL})
	return pattern != ""
}

// townHosts returns the slugs of towns by their host names.
func (c Config) townHosts() map[string]string {
	hosts := map[string]string{}
	for _, pair := range c.TownHosts {
		if host, slug, ok := strings.Cut(pair, "="); ok { // checked by Check
			hosts[strings.ToLower(strings.TrimSpace(host))] = strings.TrimSpace(slug)
		}
	}
	return hosts
}

// checkPages looks for faults in what the pages are given.
func (c Config) checkPages(found *ConfigError) {
	for _, pair := range c.TownHosts {
		if host, slug, ok := strings.Cut(pair, "="); !ok || strings.TrimSpace(host) == "" || strings.TrimSpace(slug) == "" {
			found.add("NELKE_TOWN_HOSTS", "must be pairs of a host name and a town's slug, such as service.example.org=blomberg")
		}
	}
	if about, err := os.Stat(c.Theme); c.Theme != "" && (err != nil || !about.IsDir()) {
		found.add("NELKE_THEME", "must name a folder")
	}
	for _, origin := range c.Framers {
		checkURL(found, "NELKE_FRAMERS", origin)
	}
}

// pages returns what the pages need of the configuration.
func (c Config) pages(addr string) pages.Config {
	p := pages.Config{PublicURL: c.publicURL(addr), Town: c.Town, Hosts: c.townHosts(), Framers: c.Framers, Demo: c.Demo}
	if c.Theme != "" {
		p.Theme = os.DirFS(c.Theme)
	}
	return p
}

// graphPatience is how long a graph elsewhere may take to be reached; it has twice as long to begin with an answer.
const graphPatience = 5 * time.Second

// RunPages serves the pages alone, in front of a graph elsewhere: graph is its URL. It returns when ctx has ended and what was asked for
// is answered.
//
// Errors: *ConfigError.
func RunPages(ctx context.Context, cfg Config, graph string) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	log := cfg.logger()
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
		DialContext: (&net.Dialer{Timeout: graphPatience}).DialContext, TLSHandshakeTimeout: graphPatience, ResponseHeaderTimeout: 2 * graphPatience,
	}
	defer transport.CloseIdleConnections()
	config := cfg.pages(l.Addr().String())
	config.Graph, config.Endpoint, config.Log, config.Now = pages.OverNetwork(transport), graph, log, cfg.clock()
	site, err := pages.New(config)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	log.InfoContext(ctx, "ready", "addr", l.Addr().String(), "graph", graph)
	if cfg.Options.Ready != nil {
		cfg.Options.Ready(l.Addr().String())
	}
	return serveSite(ctx, cfg, l, site, log)
}

// serveSite answers requests for pages until ctx has ended.
func serveSite(ctx context.Context, cfg Config, l net.Listener, site *pages.Site, log *slog.Logger) error {
	var stopping atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", health{}.livez)
	mux.Handle("/", site)
	request, cut := context.WithCancel(context.WithoutCancel(ctx)) // a request outlives the signal to stop
	defer cut()
	https := strings.HasPrefix(cfg.publicURL(l.Addr().String()), "https://")
	server := &http.Server{
		Handler:           chain(mux, observe(log, newMetrics()), recovered(log), secured(&stopping, https)),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
		BaseContext:    func(net.Listener) context.Context { return request },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case <-ctx.Done():
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	stopping.Store(true)
	drain, cancel := context.WithTimeout(context.Background(), cfg.StopTimeout)
	defer cancel()
	context.AfterFunc(drain, cut)
	site.Stop() // ends the live parts, so that browsers go elsewhere
	err := server.Shutdown(drain)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// townOrigins returns the origins of towns that have a host name of their own.
func (c Config) townOrigins() []string {
	scheme := "http://"
	if strings.HasPrefix(c.PublicURL, "https://") {
		scheme = "https://"
	}
	var all []string
	for host := range c.townHosts() {
		all = append(all, scheme+host)
	}
	return all
}
