package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"nelke/graph/scalar"
	"nelke/internal/portal"
)

// client puts what an answer may depend on into the context: the language of texts, and the network of the client, for
// limits.
func client(proxies []netip.Prefix, exempt exempt) func(http.Handler) http.Handler {
	match := newLanguages()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := scalar.WithLanguage(r.Context(), match.of(r.Header))
			network := networkOf(r, proxies, exempt)
			network.Agent = r.UserAgent()
			next.ServeHTTP(w, r.WithContext(portal.WithNetwork(ctx, network)))
		})
	}
}

// exempt are the networks that the limits of others don't count.
type exempt struct {
	networks []netip.Prefix
	times    int // how much more than others each of them may do, as a whole; 0: anything
}

// exemptOf reads them from a configuration.
func exemptOf(cfg Config) exempt { return exempt{prefixes(cfg.ExemptNetworks), cfg.ExemptTimes} }

// of returns what is counted for an address in one of them: the smallest of them that has it. ok is false for any other address.
func (e exempt) of(ip netip.Addr) (n portal.Network, ok bool) {
	var smallest netip.Prefix
	for _, network := range e.networks {
		if network.Contains(ip) && (!ok || network.Bits() > smallest.Bits()) {
			smallest, ok = network, true
		}
	}
	if !ok {
		return n, false
	}
	return portal.Network{Parts: []portal.NetworkPart{{Name: smallest.Masked().String(), Times: e.times}}, Exempt: e.times == 0}, true
}

// networkOf is where a request comes from.
func networkOf(r *http.Request, proxies []netip.Prefix, exempt exempt) portal.Network {
	ip, ok := addressOf(r, proxies)
	if !ok {
		return portal.Network{Parts: []portal.NetworkPart{{Name: "unknown", Times: 1}}}
	}
	if n, ok := exempt.of(ip); ok {
		return n
	}
	return portal.Network{Parts: partsOf(ip)}
}

// partsOf are the networks that are counted for an address, the narrowest first: an IPv4 address alone, and of IPv6 a /64,
// which is one network of a household, a /56, which is what a household gets, and a /48, which is 256 of those or one firm.
func partsOf(ip netip.Addr) []portal.NetworkPart {
	if ip.Is4() {
		return []portal.NetworkPart{{Name: ip.String(), Times: 1}}
	}
	parts := make([]portal.NetworkPart, 0, 3)
	for _, width := range []struct{ bits, times int }{{64, 1}, {56, 2}, {48, 8}} {
		prefix, err := ip.Prefix(width.bits)
		if err != nil {
			panic(err) // of an IPv6 address there are these
		}
		parts = append(parts, portal.NetworkPart{Name: prefix.String(), Times: width.times})
	}
	return parts
}

// addressOf is the client's address. X-Forwarded-For is read from its end, as far as those who wrote it are proxies of
// ours: anybody can write its beginning.
func addressOf(r *http.Request, proxies []netip.Prefix) (ip netip.Addr, ok bool) {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ip, false
	}
	ip = remote.Addr().Unmap()
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(forwarded) {
		if !within(proxies, ip) {
			break
		}
		before, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		ip = before
	}
	return ip.WithZone(""), true
}

func within(networks []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// parseHop reads an address, which some proxies write with a port.
func parseHop(hop string) (netip.Addr, error) {
	if with, err := netip.ParseAddrPort(hop); err == nil {
		return with.Addr().Unmap(), nil
	}
	ip, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return ip.Unmap(), err
}
