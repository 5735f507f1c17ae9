package webhook

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxURL is how long an address may be.
const maxURL = 1000

// Fault is what was wrong with an attempt, or with an address, as a word that is stored.
type Fault string

// The faults.
const (
	FaultURL         Fault = "URL"         // not an address of https, or one with a user, a fragment, or a host that isn't plain
	FaultName        Fault = "NAME"        // the host's name leads nowhere
	FaultTarget      Fault = "TARGET"      // it leads to an address that isn't public
	FaultConnection  Fault = "CONNECTION"  // nobody answered, or the connection was cut
	FaultCertificate Fault = "CERTIFICATE" // TLS failed
	FaultTimeout     Fault = "TIMEOUT"     // no answer in time
	FaultRedirect    Fault = "REDIRECT"    // it was sent elsewhere, which isn't followed
	FaultStatus      Fault = "STATUS"      // the answer was no success
	FaultSecret      Fault = "SECRET"      // the signing secret can't be read
)

// parse reads an address. Only https, but for this machine where that is allowed.
func (c *Client) parse(address string) (*url.URL, bool) {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxURL || u.Opaque != "" || u.User != nil || u.Fragment != "" || strings.Contains(address, "#") {
		return nil, false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !c.local) {
		return nil, false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, false
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return nil, false
	}
	return u, plainHost(u.Hostname())
}

// plainHost reports whether a host is a name of letters, digits, dots and hyphens, or an IP address without a zone.
func plainHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == ""
	}
	return host != "" && len(host) <= 253 && strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == "" &&
		strings.ContainsFunc(host, func(r rune) bool { return r > '9' }) // 0177.1 and 2130706433 are names to nobody but C
}

// allowed reports whether a call may go to an address.
func (c *Client) allowed(ip netip.Addr) bool {
	return Public(ip) || c.local && ip.IsLoopback() && !ip.Is4In6()
}

// Public reports whether an address is one of the public internet. What isn't: private, loopback, link-local, shared (carriers'),
// unspecified, multicast, reserved and documentation addresses, IPv4 addresses inside IPv6 ones, and translations of the
// two (NAT64, 6to4, Teredo), behind which any of the others may be. By the registries of IANA for special-purpose addresses.
func Public(ip netip.Addr) bool {
	if !ip.IsValid() || ip.Zone() != "" {
		return false
	}
	if ip.Is6() && !netip.PrefixFrom(netip.AddrFrom16([16]byte{0: 0x20}), 3).Contains(ip) { // 2000::/3 is all that is routed
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(ip) {
			return false
		}
	}
	return true
}

//nolint:gochecknoglobals // a list, never changed
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("10.0.0.0/8"),      // private
	netip.MustParsePrefix("100.64.0.0/10"),   // shared by a carrier's customers
	netip.MustParsePrefix("127.0.0.0/8"),     // loopback
	netip.MustParsePrefix("169.254.0.0/16"),  // link-local, and what clouds tell their machines
	netip.MustParsePrefix("172.16.0.0/12"),   // private
	netip.MustParsePrefix("192.0.0.0/24"),    // protocols
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),  // private
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("224.0.0.0/4"),     // multicast
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and broadcast
	netip.MustParsePrefix("2001::/23"),       // protocols: Teredo, ORCHID and others
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4
	netip.MustParsePrefix("3fff::/20"),       // documentation
}
