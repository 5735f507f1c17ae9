//go:build conformance

package conformance

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// front is what clients connect to. It passes everything on to a server, and can cut them off from it.
type front struct {
	addr    string
	running sync.WaitGroup

	mu     sync.Mutex
	target string // host:port; empty: whoever connects is turned away
	open   map[net.Conn]struct{}
	ended  bool
}

func newFront(t *testing.T, url string) *front {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &front{addr: l.Addr().String(), open: map[net.Conn]struct{}{}}
	f.lead(url)
	f.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			f.running.Go(func() { f.pass(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		f.mu.Lock()
		f.ended = true
		f.mu.Unlock()
		f.cut()
		f.running.Wait()
	})
	return f
}

// lead has connections go to a server from now on.
func (f *front) lead(url string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target = strings.TrimPrefix(url, "http://")
}

// cut ends all connections without a word, and turns new ones away until they are led somewhere.
func (f *front) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target = ""
	for conn := range f.open {
		_ = conn.Close()
	}
}

func (f *front) pass(client net.Conn) {
	server := f.dial(client)
	if server == nil {
		_ = client.Close()
		return
	}
	var back sync.WaitGroup
	back.Go(func() { f.copy(client, server) })
	f.copy(server, client)
	back.Wait()
}

func (f *front) dial(client net.Conn) net.Conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended || f.target == "" {
		return nil
	}
	server, err := net.Dial("tcp", f.target)
	if err != nil {
		return nil
	}
	f.open[client], f.open[server] = struct{}{}, struct{}{}
	return server
}

// copy passes on what comes from one side. When that is over, so is the other.
func (f *front) copy(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, to)
}
