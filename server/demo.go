package server

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"nelke/internal/portal"
)

// What is said where a demo and a database don't belong together.
var (
	errNotOfDemo = errors.New("the database has towns or cases that no demo made, and a demo's tokens would open them: give NELKE_DEMO a database of its own (NELKE_DATA or DATABASE_URL)")
	errOfDemo    = errors.New("the database was made by a demo, and a demo's tokens open it: without NELKE_DEMO, begin with an empty database (NELKE_DATA or DATABASE_URL)")
)

// claimDemo marks an empty database as the demo's, and refuses any other that isn't marked.
func (p *parts) claimDemo(ctx context.Context) error {
	err := p.portal.BeginDemo(ctx)
	if errors.Is(err, portal.ErrNotOfDemo) {
		return errNotOfDemo
	}
	return err
}

// checkOrigin refuses to serve a town's database as a demo, and a demo's as a town's: what people would leave in it, the next demo
// would open.
func (p *parts) checkOrigin(ctx context.Context) error {
	if p.cfg.Demo {
		return p.claimDemo(ctx)
	}
	marked, err := p.portal.OfDemo(ctx)
	if err == nil && marked {
		err = errOfDemo
	}
	return err
}

// checkDemo keeps a demo, whose tokens anybody can mint who gets at its key, and which takes no real money, from being
// reached from elsewhere.
func (c Config) checkDemo(found *ConfigError) {
	if !c.Demo {
		return
	}
	if host, _, err := net.SplitHostPort(c.Addr); err == nil && !near(host) && !c.Anywhere {
		found.add("NELKE_ADDR", "must be a loopback or private address with NELKE_DEMO; NELKE_DEMO_ANYWHERE=true allows any, such as a container's own")
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && err == nil && u.Host != "" && !near(u.Hostname()) {
		found.add("NELKE_PUBLIC_URL", "must not be public with NELKE_DEMO: a loopback or private address, or a name that is no public one")
	}
}

// near reports whether a host can be reached from its own machine or private network only: by its address, or as a name that
// the public DNS doesn't have (RFC 6761, RFC 6762, RFC 8375, and single labels).
func near(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	last := name[strings.LastIndexByte(name, '.')+1:]
	switch last {
	case "localhost", "test", "example", "invalid", "local", "internal":
		return true
	}
	return name != "" && (last == name || strings.HasSuffix(name, ".home.arpa"))
}
