package server

import (
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"

	"nelke/graph"
	"nelke/internal/cache"
	"nelke/internal/identity"
	"nelke/internal/wire"
	pages "nelke/web"
)

// demoPath is where the demo's issuer is.
const demoPath = "/demo/oidc"

// web is everything that answers requests.
type web struct {
	handler  http.Handler
	metrics  *metrics
	graph    *graph.Graph
	streams  *wire.Streams
	stopping *atomic.Bool
	verifier *identity.Verifier
	issuers  *http.Transport // connections to the issuer of tokens
	site     *pages.Site     // nil: no pages are served
}

// newWeb wires what answers, for a service that listens on addr.
func newWeb(p *parts, addr string) (*web, error) {
	verifier, demo, issuers, err := newIdentity(p, addr)
	if err != nil {
		return nil, err
	}
	w := &web{metrics: newMetrics(), streams: wire.NewStreams(), stopping: &atomic.Bool{}, verifier: verifier, issuers: issuers}
	answers := cache.NewAnswers(p.hub, uint64(p.cfg.CacheBytes/2), p.now)
	w.streams.Limit(wire.Room{
		Streams: 10 * p.cfg.Streams, Bytes: 4 * p.cfg.StreamBytes, PlaceStreams: p.cfg.Streams, PlaceBytes: p.cfg.StreamBytes,
	})
	transit := transitOf(p.cfg)
	w.metrics.watch(p, answers, w.streams, transit, verifier)
	options := graph.Options{
		Portal: p.portal, Hub: p.hub, Cache: p.cache, Log: p.log, Clock: p.now,
		Documents: newPersisted(p.redis, p.cfg.RedisPrefix, p.log), Introspection: p.cfg.Introspection, MaxAnswer: p.cfg.AnswerBytes,
		Tracer: p.tracer,
	}
	if p.cfg.Options.Schema == nil {
		w.graph = graph.New(options)
	} else {
		w.graph = graph.Around(p.cfg.Options.Schema, options)
	}

	health := health{parts: p, stopping: w.stopping, issuer: "off"}
	mux := http.NewServeMux()
	switch {
	case demo != nil:
		health.issuer = "demo"
		mux.Handle("GET "+demoPath+"/", http.StripPrefix(demoPath, demo.Handler()))
	case p.cfg.Issuer != "":
		health.issuer = "on"
	}
	p.payments.handle(mux, p.portal, p.now, p.log)
	p.handleOpenData(mux, addr)
	health.handle(mux)
	if p.cfg.MetricsAddr == "" && p.cfg.Demo {
		mux.Handle("GET /metrics", localOnly(w.metrics.handler()))
	}
	gate := &gate{verifier: verifier, partners: p.portal, hub: p.hub, now: p.now}
	allowed := newOrigins(p.cfg.Origins, p.cfg.publicURL(addr))
	mux.Handle("/graphql", chain(
		transports(observed{w.graph, w.metrics, w.graph.Names()}, w.streams, transit, placesOf(p.cfg), allowed, gate),
		cors(allowed),
		tracesFor(p.cfg),
		cacheAnswers(answers, p.now, w.metrics),
		gate.requests,
		client(proxies(p.cfg), exemptOf(p.cfg)),
	))
	if err := w.addPages(mux, p, addr); err != nil {
		return nil, err
	}
	w.handler = chain(w.withPages(mux),
		observe(p.log, w.metrics),
		traced(p.tracer, proxies(p.cfg)),
		recovered(p.log),
		secured(w.stopping, strings.HasPrefix(p.cfg.publicURL(addr), "https://")),
		weighed(transit),
	)
	return w, nil
}

// handleOpenData serves the files that are everybody's: the catalogue and the quality figures.
func (p *parts) handleOpenData(mux *http.ServeMux, addr string) {
	mux.Handle("GET "+exportPath, handleExport(p.portal, p.cfg.publicURL(addr), p.now, p.log))
	mux.Handle("GET "+qualityPath+"/{file}", handleQuality(p.portal, p.now, p.log))
}

// newIdentity is who checks tokens. The demo's issuer is asked by HTTP like any other.
func newIdentity(p *parts, addr string) (*identity.Verifier, *identity.DemoIssuer, *http.Transport, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	config := identity.Config{
		Issuer: p.cfg.Issuer, Audience: p.cfg.Audience, RolesClaim: p.cfg.RolesClaim,
		Now: p.cfg.clock(), Client: &http.Client{Transport: p.tracer.Transport(transport)},
	}
	if !p.cfg.Demo {
		return identity.NewVerifier(config), nil, transport, nil
	}
	demo, err := openDemo(p.cfg, addr)
	if err != nil {
		return nil, nil, nil, err
	}
	config.Issuer = demo.URL()
	config.KeysURL = "http://" + loopback(addr) + demoPath + "/jwks"
	config.RolesClaim = identity.DefaultRolesClaim
	return identity.NewVerifier(config), demo, transport, nil
}

func proxies(cfg Config) []netip.Prefix { return prefixes(cfg.Proxies) }

func prefixes(texts []string) (networks []netip.Prefix) {
	for _, text := range texts {
		if prefix, err := netip.ParsePrefix(text); err == nil { // checked by Check
			networks = append(networks, prefix)
		}
	}
	return networks
}

// placesOf says which networks a stream takes room of: none of those that aren't limited.
func placesOf(cfg Config) wire.Places {
	proxies, exempt := proxies(cfg), exemptOf(cfg)
	return func(r *http.Request) []wire.Place {
		n := networkOf(r, proxies, exempt)
		if n.Exempt {
			return nil
		}
		places := make([]wire.Place, len(n.Parts))
		for i, part := range n.Parts {
			places[i] = wire.Place(part)
		}
		return places
	}
}

// transports answers GraphQL, in the order that package wire asks for.
func transports(
	exec graphql.GraphExecutor, streams *wire.Streams, transit *wire.Transit, places wire.Places, allowed origins, gate *gate,
) http.Handler {
	single := wire.HTTP{Status: status}
	all := []graphql.Transport{
		wire.WebSocket{Streams: streams, Transit: transit, Places: places, Welcome: allowed.connect, Init: gate.sockets, Check: gate.again, Lapse: gate.lapse},
		wire.SSE{Streams: streams, Places: places, HTTP: single, Lapse: gate.lapse},
		single,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := graphql.StartOperationTrace(r.Context())
		if e := exchangeOf(ctx); e != nil {
			ctx = wire.WithLoad(ctx, &e.load)
		}
		for _, transport := range all {
			if transport.Supports(r) {
				transport.Do(w, r.WithContext(ctx), exec)
				return
			}
		}
	})
}
