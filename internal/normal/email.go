package normal

import (
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

// EmailFault is why an address can't be written to.
type EmailFault int

// The faults of addresses.
const (
	EmailFine  EmailFault = iota
	EmailForm             // not one address of the form local@domain
	EmailLocal            // letters beyond ASCII before the @, which need SMTPUTF8 on the whole way (RFC 6531)
)

// local is RFC 5322's dot-atom: quoted names are legal, and refused by too many servers to be relied on.
var local = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

// domains are judged as for a look-up (UTS 46), with the lengths of DNS.
//
//nolint:gochecknoglobals // never changed
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// Email judges an address as Line returns it, and returns it as a mailer sends to it: the domain in its ASCII form, with
// A-labels (RFC 5890). A domain has a dot and is neither an address literal nor localhost. Lengths are those of RFC 5321:
// 64 bytes before the @, 254 altogether, in the form that is sent.
func Email(s string) (sendable string, fault EmailFault) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > 1000 {
		return "", EmailForm
	}
	name, domain := s[:at], s[at+1:]
	domain, err := domains.ToASCII(domain)
	if err != nil || !reachable(domain) {
		return "", EmailForm
	}
	if !local.MatchString(name) {
		if local.MatchString(strings.Map(func(r rune) rune {
			if r > 0x7f {
				return 'x'
			}
			return r
		}, name)) {
			return "", EmailLocal
		}
		return "", EmailForm
	}
	if sendable = name + "@" + domain; len(name) > 64 || len(sendable) > 254 {
		return "", EmailForm
	}
	return sendable, EmailFine
}

// reachable reports whether a domain can be that of a mailbox on the internet: a dot, and a last label that isn't a
// number (RFC 3696, 2).
func reachable(domain string) bool {
	dot := strings.LastIndexByte(domain, '.')
	last := domain[dot+1:]
	return dot > 0 && !strings.Contains(domain, "..") && domain[0] != '.' && last != "" && last != "localhost" && strings.Trim(last, "0123456789") != ""
}
