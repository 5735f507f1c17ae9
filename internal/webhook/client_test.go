package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// leadsTo is a resolver for which every name leads to the same addresses.
func leadsTo(all ...string) Lookup {
	return func(context.Context, string) (found []netip.Addr, err error) {
		for _, ip := range all {
			found = append(found, netip.MustParseAddr(ip))
		}
		return found, nil
	}
}

func TestAddressesInEveryDisguiseAreRefused(t *testing.T) {
	t.Parallel()
	inside := NewClient(Options{Lookup: leadsTo("127.0.0.1")})
	for address, want := range map[string]Fault{
		"https://[::ffff:10.0.0.1]/": FaultTarget, "https://[::ffff:a00:1]/": FaultTarget, "https://[::ffff:8.8.8.8]/": FaultTarget, "https://[64:ff9b::10.0.0.1]/": FaultTarget,
		"https://[64:ff9b:1::a00:1]/": FaultTarget, "https://[2002:a00:1::]/": FaultTarget, "https://[2001:0:a00:1::]/": FaultTarget, "https://[::]/": FaultTarget, "https://[::10.0.0.1]/": FaultTarget,
		"https://[fe80::1%25eth0]/": FaultURL, "https://[fe80::1%25lo]:443/": FaultURL, "https://2130706433/": FaultURL, "https://127.1/": FaultURL, "https://0177.0.0.1/": FaultURL,
		"https://127.0.0.1./": FaultURL, "https://010.8.8.8/": FaultURL, "https://8.8.8/": FaultURL,
		// What only some resolvers take for an address is a name: the check is of what it leads to.
		"https://0x7f000001/": FaultTarget, "https://0x7f.0.0.1/": FaultTarget, "https://localhost./": FaultTarget, "https://LOCALHOST/": FaultTarget, "https://a.example.org./": FaultTarget,
		"https://1.1.1.1@a.example.org/": FaultURL, "https://@a.example.org/": FaultURL, "https://a.example.org:pw@127.0.0.1/": FaultURL, "https://a.example.org#@b.example.org/": FaultURL,
		"https://a.example.org\\@127.0.0.1/": FaultURL, "https://%31%32%37.0.0.1/": FaultURL, "https://a.example.org%00.b/": FaultURL, "https://a_b.example.org/": FaultURL,
		"https://①②⑦.⓪.⓪.①/": FaultURL, "https://müller.example.org/": FaultURL, "https://a.example.org:0/": FaultURL, "https://a.example.org:65536/": FaultURL, "https://a.example.org:/": FaultURL,
		"https://a.example.org:+443/": FaultURL, "https://a.example.org:443a/": FaultURL, "HTTPS://a.example.org/": FaultTarget, "http://a.example.org/": FaultURL, "//a.example.org/": FaultURL,
		"https:a.example.org": FaultURL, "https://": FaultURL, "https:///path": FaultURL, "https://a.example.org/\r\nX: y": FaultURL, "https://a.example.org/\x00": FaultURL, "https://a b/": FaultURL,
		" https://a.example.org/": FaultURL, "file:///etc/passwd": FaultURL, "gopher://a.example.org/": FaultURL, "": FaultURL, "https://" + strings.Repeat("a", 1000): FaultURL,
	} {
		require.Equal(t, want, inside.Check(t.Context(), address), address)
	}
	require.Equal(t, FaultTarget, NewClient(Options{Lookup: leadsTo("93.184.215.14", "10.0.0.1")}).Check(t.Context(), "https://a.example.org/"), "one of them is enough")
	require.Equal(t, FaultName, NewClient(Options{Lookup: leadsTo()}).Check(t.Context(), "https://a.example.org/"))
	require.Equal(t, FaultTarget, NewClient(Options{Lookup: leadsTo("fe80::1%eth0")}).Check(t.Context(), "https://a.example.org/"))
	for _, address := range []string{"https://a.example.org/", "https://a.example.org.:8443/x?y=z", "https://8.8.8.8/", "https://[2a00:1450:4001:82a::200e]/"} {
		require.Empty(t, NewClient(Options{Lookup: leadsTo("93.184.215.14")}).Check(t.Context(), address), address)
	}
}

// raw is a receiver that speaks by hand, and what becomes of a call to it.
func raw(t *testing.T, answer func(conn net.Conn)) Outcome {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = conn.Read(make([]byte, 64<<10))
		answer(conn)
		_, _ = io.Copy(io.Discard, conn) // until it is closed
	}()
	outcome := make(chan Outcome, 1)
	go func() {
		outcome <- NewClient(Options{Local: true, Timeout: 300 * time.Millisecond}).Post(t.Context(), "http://"+listener.Addr().String()+"/", http.Header{}, []byte("{}"))
	}()
	select {
	case o := <-outcome:
		require.NoError(t, listener.Close())
		<-done
		return o
	case <-time.After(20 * time.Second):
		require.Fail(t, "the call doesn't end")
		return Outcome{}
	}
}

func TestNoAnswerHoldsACallUpOrFillsTheMemory(t *testing.T) {
	t.Parallel()
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
	}
	endless := func(begin, more string) func(net.Conn) {
		return func(conn net.Conn) {
			_, err := io.WriteString(conn, begin)
			for err == nil {
				_, err = io.WriteString(conn, more)
			}
		}
	}
	for name, c := range map[string]struct {
		answer func(net.Conn)
		want   Outcome
	}{
		"silence":                              {say(""), Outcome{Fault: FaultTimeout}},
		"half a status":                        {say("HTTP/1.1 2"), Outcome{Fault: FaultTimeout}},
		"a header without an end":              {endless("HTTP/1.1 200 OK\r\n", "A: "+strings.Repeat("b", 1000)+"\r\n"), Outcome{Fault: FaultConnection}},
		"interim answers without an end":       {endless("", "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"), Outcome{Fault: FaultConnection}},
		"a body without an end":                {endless("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 1000)), Outcome{Status: 200}},
		"a body that doesn't go on":            {say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"), Outcome{Status: 200}},
		"another protocol, and silence in it":  {say("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), Outcome{Status: 101, Fault: FaultStatus}},
		"no HTTP":                              {say("SSH-2.0-OpenSSH_9.2\r\n"), Outcome{Fault: FaultConnection}},
		"a redirect to nowhere":                {say("HTTP/1.1 302 Found\r\nLocation: http://%zz/\r\nContent-Length: 0\r\n\r\n"), Outcome{Status: 302, Fault: FaultRedirect}},
		"a redirect without a place":           {say("HTTP/1.1 308 Permanent Redirect\r\nContent-Length: 0\r\n\r\n"), Outcome{Status: 308, Fault: FaultRedirect}},
		"a refusal":                            {say("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), Outcome{Status: 503, Fault: FaultStatus}},
		"no wish for more":                     {say("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"), Outcome{Status: 410, Fault: FaultStatus, Gone: true}},
		"a status that isn't one":              {say("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"), Outcome{Status: 999, Fault: FaultStatus}},
		"nothing, and the end of a connection": {func(conn net.Conn) { _ = conn.Close() }, Outcome{Fault: FaultConnection}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, raw(t, c.answer))
		})
	}
}

func TestACallGoesWhereItsNameLeadsAtThatMomentIfThatIsPublic(t *testing.T) {
	t.Parallel()
	called := false
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer receiver.Close()
	port := netip.MustParseAddrPort(receiver.Listener.Addr().String()).Port()
	for _, ip := range []string{"127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "::1", "64:ff9b::7f00:1"} {
		o := NewClient(Options{Lookup: leadsTo(ip)}).Post(t.Context(), fmt.Sprintf("https://a.example.org:%d/", port), http.Header{}, nil)
		require.Equal(t, Outcome{Fault: FaultTarget}, o, ip)
	}
	fails := func(context.Context, string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	require.Equal(t, FaultName, NewClient(Options{Lookup: fails}).Post(t.Context(), "https://a.example.org/", http.Header{}, nil).Fault)
	hangs := func(ctx context.Context, _ string) ([]netip.Addr, error) { <-ctx.Done(); return nil, ctx.Err() }
	require.Equal(t, FaultTimeout, NewClient(Options{Lookup: hangs, Timeout: 50 * time.Millisecond}).Post(t.Context(), "https://a.example.org/", http.Header{}, nil).Fault)
	require.False(t, called)
}

func TestACertificateThatNobodyTrustsIsNotCalled(t *testing.T) {
	t.Parallel()
	called := false
	receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	receiver.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	receiver.StartTLS()
	defer receiver.Close()
	require.Equal(t, FaultCertificate, NewClient(Options{Local: true}).Post(t.Context(), receiver.URL, http.Header{}, nil).Fault)
	plain := httptest.NewServer(receiver.Config.Handler)
	defer plain.Close()
	require.Equal(t, FaultCertificate, NewClient(Options{Local: true}).Post(t.Context(), "https"+strings.TrimPrefix(plain.URL, "http"), http.Header{}, nil).Fault, "no TLS at all")
	require.False(t, called)
}

func TestWhatGoesAroundCallsSeesThem(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	c := NewClient(Options{Local: true, Around: func(http.RoundTripper) http.RoundTripper {
		return around(func(*http.Request) (*http.Response, error) { return nil, away })
	}})
	require.Equal(t, FaultConnection, c.Post(t.Context(), "http://127.0.0.1:1/", http.Header{}, nil).Fault)
}

type around func(*http.Request) (*http.Response, error)

func (a around) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func TestADigestIsOfSecretAndKey(t *testing.T) {
	t.Parallel()
	one, err := NewSeal(strings.Repeat("1", SealKeyLength))
	require.NoError(t, err)
	two, err := NewSeal(strings.Repeat("2", SealKeyLength))
	require.NoError(t, err)
	require.Equal(t, one.Digest(shared), one.Digest(shared))
	require.NotEqual(t, one.Digest(shared), one.Digest(shared+"x"))
	require.NotEqual(t, one.Digest(shared), two.Digest(shared))
}
