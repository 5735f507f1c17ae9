package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"nelke/graph"
	"nelke/graph/scalar"
	"nelke/internal/wire"
)

// chain puts the first middleware outermost.
func chain(h http.Handler, middleware ...func(http.Handler) http.Handler) http.Handler {
	for _, m := range slices.Backward(middleware) {
		h = m(h)
	}
	return h
}

// secured sets what browsers should know of every answer, and asks clients to leave while the service is stopping:
// a connection that ends with an answer can't be cut with a request on its way.
func secured(stopping *atomic.Bool, https bool) func(http.Handler) http.Handler {
	var (
		nosniff = []string{"nosniff"}
		policy  = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}
		quiet   = []string{"no-referrer"}
		strict  = []string{"max-age=31536000"}
		leave   = []string{"close"}
	)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header := w.Header()
			header["X-Content-Type-Options"] = nosniff
			header["Content-Security-Policy"] = policy
			header["Referrer-Policy"] = quiet
			if https {
				header["Strict-Transport-Security"] = strict
			}
			if stopping.Load() {
				header["Connection"] = leave
			}
			next.ServeHTTP(w, r)
		})
	}
}

// cors lets pages of the origins call us. There are no cookies, so credentials never come along by themselves.
func cors(origins []string) func(http.Handler) http.Handler {
	all := slices.Contains(origins, "*")
	return func(next http.Handler) http.Handler {
		if len(origins) == 0 {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header := w.Header()
			header.Add("Vary", "Origin")
			origin := r.Header.Get("Origin")
			if origin == "" || !all && !slices.Contains(origins, origin) {
				next.ServeHTTP(w, r)
				return
			}
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Access-Control-Expose-Headers", "ETag, Retry-After, X-Request-Id")
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				header.Set("Access-Control-Allow-Methods", "GET, POST")
				header.Set("Access-Control-Allow-Headers", "Accept, Accept-Language, Authorization, Content-Type, If-None-Match, X-Request-Id")
				header.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// retryAfter is when to come back to what isn't available, in seconds.
const retryAfter = "2"

// client puts what an answer may depend on into the context: the language of texts, and the network of the client, for
// limits.
func client(proxies []netip.Prefix) func(http.Handler) http.Handler {
	match := newLanguages()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := scalar.WithLanguage(r.Context(), match.of(r.Header))
			next.ServeHTTP(w, r.WithContext(graph.WithNetwork(ctx, networkOf(r, proxies))))
		})
	}
}

// networkOf is an IPv4 address, or the /64 of an IPv6 address, which is what one household has. X-Forwarded-For is
// read from its end, as far as those who wrote it are proxies of ours: anybody can write its beginning.
func networkOf(r *http.Request, proxies []netip.Prefix) string {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	ip := remote.Addr().Unmap()
	ours := func(ip netip.Addr) bool {
		return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(forwarded) {
		if !ours(ip) {
			break
		}
		before, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		ip = before
	}
	ip = ip.WithZone("")
	if ip.Is6() {
		prefix, err := ip.Prefix(64)
		if err != nil {
			return "unknown"
		}
		return prefix.String()
	}
	return ip.String()
}

// parseHop reads an address, which some proxies write with a port.
func parseHop(hop string) (netip.Addr, error) {
	if with, err := netip.ParseAddrPort(hop); err == nil {
		return with.Addr().Unmap(), nil
	}
	ip, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return ip.Unmap(), err
}

// refuse answers a request that doesn't reach the graph, in the shape that a client of the graph reads.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	exchangeOf(r.Context()).refused(code)
	type problem struct {
		Message    string            `json:"message"`
		Extensions map[string]string `json:"extensions"`
	}
	body, err := json.Marshal(map[string][]problem{"errors": {{message, map[string]string{"code": code}}}})
	if err != nil {
		panic(err) // strings always encode
	}
	header := w.Header()
	header.Set("Content-Type", wire.Media(r.Header)+"; charset=utf-8")
	header.Set("Cache-Control", "private, no-store")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Del("ETag")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no concern of ours
}

// Middleware is what every request passes before it is answered, with a count and a log of its own: for whoever
// measures an answer against one that costs nothing to make.
func Middleware(log *slog.Logger) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		log := slog.New(withRequest{log.Handler()})
		return chain(h, observe(log, newMetrics()), recovered(log), secured(&atomic.Bool{}, false))
	}
}
