package portal

import (
	"net/url"
	"slices"
	"strings"
)

// Origin is the origin of an http or https address as browsers write it (RFC 6454, section 6.2): scheme and host in small
// letters, without the port that is the scheme's own. It is empty where an address has none.
func Origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	own, ok := map[string]string{"http": ":80", "https": ":443"}[scheme]
	if !ok {
		return ""
	}
	return scheme + "://" + strings.TrimSuffix(strings.TrimSuffix(host, own), ":")
}

// mayReturn reports whether the payer's browser may be sent to an address: a page of those that may call this service.
func (p *Portal) mayReturn(address string) bool {
	origin := Origin(address)
	return origin != "" && len(address) <= 2000 && (slices.Contains(p.pages, "*") || slices.Contains(p.pages, origin))
}
