package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	connectTimeout = 5 * time.Second
	callTimeout    = 10 * time.Second // for all of a call
	maxAnswer      = 16 << 10         // bytes that are read of one
	maxAddresses   = 4                // of a host that are tried
)

// Lookup finds the addresses of a host.
type Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

// Options of a Client.
type Options struct {
	// Seal protects the secrets that are stored.
	Seal *Seal
	// Local allows http and this machine's own addresses as well, for trying out and for tests.
	Local bool
	// Lookup asks for addresses. nil: the system's resolver.
	Lookup Lookup
	// Timeout bounds a call. 0: ten seconds.
	Timeout time.Duration
	// Around goes around what makes the calls, to trace them, say. nil: nothing does.
	Around func(http.RoundTripper) http.RoundTripper
	// Certificates are trusted in the place of the system's, for tests.
	Certificates *tls.Config
}

// Client makes calls. It keeps no connections: each call checks anew where it goes.
type Client struct {
	*Seal
	local   bool
	lookup  Lookup
	timeout time.Duration
	calls   http.RoundTripper // and no http.Client, which follows redirects or at least reads where they lead
}

// NewClient makes a Client.
func NewClient(o Options) *Client {
	c := &Client{Seal: o.Seal, local: o.Local, lookup: o.Lookup, timeout: o.Timeout}
	if c.lookup == nil {
		c.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if c.timeout == 0 {
		c.timeout = callTimeout
	}
	// A proxy would make the connection, and could be led anywhere: none, whatever the environment says.
	c.calls = &http.Transport{
		DialContext: c.dial, DisableKeepAlives: true, DisableCompression: true, TLSHandshakeTimeout: connectTimeout,
		MaxResponseHeaderBytes: maxAnswer, TLSClientConfig: o.Certificates, ForceAttemptHTTP2: true,
	}
	if o.Around != nil {
		c.calls = o.Around(c.calls)
	}
	return c
}

// Check returns what is wrong with an address, empty where nothing is: it must be one of https, and lead to public
// addresses alone. That it does so now proves nothing about later: see dial.
func (c *Client) Check(ctx context.Context, address string) Fault {
	u, ok := c.parse(address)
	if !ok {
		return FaultURL
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	found, err := c.addresses(ctx, u.Hostname())
	if err != nil || len(found) == 0 {
		return FaultName
	}
	for _, ip := range found {
		if !c.allowed(ip) {
			return FaultTarget
		}
	}
	return ""
}

// addresses are those of a host: itself, where it is one. A resolver writes IPv4 addresses either way, a person who writes
// one inside an IPv6 address means to be clever.
func (c *Client) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	found, err := c.lookup(ctx, host)
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found, err
}

var errTarget = errors.New("not a public address")

// dial connects to a host, if the address that it leads to now may be called. The check is made on the socket itself,
// after whatever a name was resolved to, so a name that has come to lead elsewhere since leads nowhere.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	end := time.Now().Add(c.timeout + time.Second)                          // later than the call's own, whose errors say what they are
	ctx, cancel := context.WithTimeout(ctx, min(connectTimeout, c.timeout)) // the transport hides the call's own deadline here
	defer cancel()
	found, err := c.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !c.allowed(to.Addr()) {
			return errTarget
		}
		return nil
	}}
	err = &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	for _, ip := range found[:min(len(found), maxAddresses)] {
		var conn net.Conn
		if conn, err = dialer.DialContext(ctx, network, net.JoinHostPort(ip.String(), port)); errors.Is(err, errTarget) {
			break
		}
		if err == nil {
			return conn, conn.SetDeadline(end) // an answer that switches protocols has left the request's own deadline behind
		}
	}
	return nil, err
}

// Outcome is how an attempt ended.
type Outcome struct {
	Status int   // of the answer; 0: there was none
	Fault  Fault // empty: it was delivered
	Gone   bool  // the receiver wants no more: 410
}

// Post makes one attempt. It takes ten seconds at most, and has no errors: what goes wrong is an outcome.
func (c *Client) Post(ctx context.Context, address string, header http.Header, body []byte) Outcome {
	u, ok := c.parse(address)
	if !ok {
		return Outcome{Fault: FaultURL}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return Outcome{Fault: FaultURL}
	}
	request.Header = header.Clone()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Nelke")
	answer, err := c.calls.RoundTrip(request)
	if err != nil {
		return Outcome{Fault: faultOf(ctx, err)}
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer) // the status is what counts; a receiver may want to be read
	outcome := Outcome{Status: answer.StatusCode}
	switch answer.StatusCode / 100 {
	case 2:
	case 3:
		outcome.Fault = FaultRedirect
	default:
		outcome.Fault, outcome.Gone = FaultStatus, answer.StatusCode == http.StatusGone
	}
	return outcome
}

func faultOf(ctx context.Context, err error) Fault {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var timeout net.Error
	switch {
	case errors.Is(err, errTarget):
		return FaultTarget
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return FaultTimeout
	case errors.As(err, &name):
		return FaultName
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert):
		return FaultCertificate
	default:
		return FaultConnection
	}
}
