package server

import (
	"net/http"
	"strings"

	pages "nelke/web"
)

// addPages serves the pages for citizens, which ask the graph in the process: with its limits, its kept answers and its log.
func (w *web) addPages(mux *http.ServeMux, p *parts, addr string) error {
	if !p.cfg.Pages {
		mux.Handle("GET /{$}", startPage())
		return nil
	}
	site, err := pages.New(pages.Config{
		Graph:    pages.InProcess(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) })),
		Endpoint: "http://graph.internal/graphql", PublicURL: p.cfg.publicURL(addr), Town: p.cfg.Town, Hosts: p.cfg.townHosts(),
		Framers: p.cfg.Framers, Demo: p.cfg.Demo, Log: p.log, Now: p.now,
	})
	if err != nil {
		return err
	}
	mux.Handle("/", site)
	return nil
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
	for _, origin := range c.Framers {
		checkURL(found, "NELKE_FRAMERS", origin)
	}
}
