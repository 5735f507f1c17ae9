package faults

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between a process and PostgreSQL and reads along. When PostgreSQL says that it has committed the
// transaction that is waited for, the process doesn't hear of it any more: shot is called, and nothing is passed on. Or,
// where it is armed for the statement itself, PostgreSQL doesn't hear of that.
type proxy struct {
	addr    string
	target  string
	running sync.WaitGroup

	mu     sync.Mutex
	marker []byte // part of a statement of the transaction that is waited for; nil: none is
	early  bool   // the statement is waited for, not the commit
	shot   func()
	open   map[net.Conn]struct{}
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{addr: l.Addr().String(), target: target, open: map[net.Conn]struct{}{}}
	p.running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.pass(client) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for c := range p.open {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.running.Wait()
	})
	return p
}

// arm waits for the commit of the next transaction with a statement that holds the marker. A driver sends the text of
// a statement when it is used for the first time on a connection.
func (p *proxy) arm(marker string, shot func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marker, p.early, p.shot = []byte(marker), false, shot
}

// armEarly waits for the statement itself, in the middle of its transaction. The marker may be a value as well: texts are
// sent as they are.
func (p *proxy) armEarly(marker string, shot func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marker, p.early, p.shot = []byte(marker), true, shot
}

func (p *proxy) armed() (marker []byte, early bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.marker, p.early
}

func (p *proxy) fire() {
	p.mu.Lock()
	shot := p.shot
	p.marker, p.shot = nil, nil
	p.mu.Unlock()
	if shot != nil {
		shot()
	}
}

func (p *proxy) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = struct{}{}
}

// pass carries one connection both ways.
func (p *proxy) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	p.keep(client)
	p.keep(server)
	marked := &flag{}
	var both sync.WaitGroup
	both.Go(func() {
		defer server.Close()
		p.requests(client, server, marked)
	})
	both.Go(func() {
		defer client.Close()
		p.answers(server, client, marked)
	})
	both.Wait()
}

type flag struct {
	mu  sync.Mutex
	set bool
}

func (f *flag) put(set bool) { f.mu.Lock(); f.set = set; f.mu.Unlock() }
func (f *flag) get() bool    { f.mu.Lock(); defer f.mu.Unlock(); return f.set }

// requests passes on what the process says and notes when it says the marker.
func (p *proxy) requests(from io.Reader, to io.Writer, marked *flag) {
	var before []byte
	chunk := make([]byte, 64<<10)
	for {
		n, err := from.Read(chunk)
		if marker, early := p.armed(); marker != nil && n > 0 {
			text := slices.Concat(before, chunk[:n])
			if bytes.Contains(text, marker) {
				if early {
					p.fire()
					return
				}
				marked.put(true)
			}
			before = bytes.Clone(text[max(0, len(text)-len(marker)):])
		}
		if n > 0 {
			if _, err := to.Write(chunk[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// answers passes on what PostgreSQL says, message by message (its manual, section 55.7), up to the commit that is
// waited for.
func (p *proxy) answers(from io.Reader, to io.Writer, marked *flag) {
	for {
		head := make([]byte, 5)
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		message := make([]byte, 1+binary.BigEndian.Uint32(head[1:]))
		copy(message, head)
		if _, err := io.ReadFull(from, message[5:]); err != nil {
			return
		}
		if head[0] == 'C' && marked.get() { // CommandComplete
			switch string(message[5:]) {
			case "COMMIT\x00":
				p.fire()
				return
			case "ROLLBACK\x00":
				marked.put(false)
			}
		}
		if _, err := to.Write(message); err != nil {
			return
		}
	}
}

// muzzle stands between a client and a child, and shoots the child when it begins to answer: what it said is lost.
func muzzle(t *testing.T, c *child) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		c.shoot()
		running.Wait()
	})
	running.Go(func() {
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		server, err := net.Dial("tcp", c.addr)
		if err != nil {
			return
		}
		defer server.Close()
		running.Go(func() { _, _ = io.Copy(server, client) })
		_, _ = server.Read(make([]byte, 1))
		c.shoot()
	})
	return l.Addr().String()
}
